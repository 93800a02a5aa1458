"""`greffier check`: asks everything that the configuration names whether it answers, and says what to mend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.running.checking_endpoints import speech_server, summary_server
from bot.running.device import device_at_hand, device_report
from bot.store import migrations
from bot.store.database import Database, DatabaseAway, DatabaseUnusable, StorageUnusable, prepare_folder
from bridge.livekit.calls import CallError, Calls
from bridge.matrix.account import made_user
from bridge.matrix.encryption.errors import EncryptionUnusable
from bridge.matrix.encryption.own_device import admitted
from bridge.matrix.errors import HomeserverError, HomeserverFault
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.pinging import PingUnknown, ping
from bridge.matrix.wire import Acting, Wire
from bridge.web.join_page import BUILT_PAGE
from config.models import Settings
from transcripts.diarization import pyannote
from transcripts.diarization.voices import DiarizationUnavailable
from transcripts.recognition import whisper
from transcripts.recognition.recogniser import ModelUnavailable
from transcripts.storage.bucket import Bucket

_FRONT_TIMEOUT = aiohttp.ClientTimeout(total=5)
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (where to ask, of a front that listens on all)
_MENDABLE = (
    HomeserverError,
    EncryptionUnusable,
    CallError,
    StorageUnusable,
    DatabaseUnusable,
    DatabaseAway,
    ModelUnavailable,
    DiarizationUnavailable,
    OSError,
    LookupError,
)


async def check(settings: Settings) -> int:
    """Print one line for each dependency; returns the exit status: 0 when all is well, 1 when not."""
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "storage": _storage,
        "database": _database,
        **({"bucket": _bucket} if settings.storage.s3_bucket is not None else {}),
        "homeserver": _homeserver,
        "device": _device,
        "livekit": _livekit,
        "join page": _join_page,
        **({"speech model": _model} if settings.speech.endpoint is None else {"speech server": speech_server}),
        **({"minutes' server": summary_server} if settings.summary.endpoint is not None else {}),
        **({"voices": _voices} if settings.diarization.model is not None else {}),
        **({"pushed events": _pushed} if settings.matrix.appservice_url is not None else {}),
    }
    failures = 0
    for name, ask in checks.items():
        try:
            print(f"ok      {name}: {await ask(settings)}", flush=True)  # noqa: T201
        except _MENDABLE as error:
            failures += 1
            print(f"FAILED  {name}: {error}", flush=True)  # noqa: T201
    return 1 if failures else 0


async def _storage(settings: Settings) -> str:
    prepare_folder(settings.storage.folder)
    return f"{settings.storage.folder} can be written"


async def _database(settings: Settings) -> str:
    async with Database.opened(settings) as database:
        revision = await database.revision()
    if revision is None:
        return f"{database.name} is to be given its tables at the first start"
    later = "" if revision == migrations.newest() else f", to be brought to {migrations.newest()} at the next start"
    return f"{database.name} is at revision {revision}{later}"


async def _bucket(settings: Settings) -> str:
    bucket = Bucket.open(settings.storage)
    await asyncio.to_thread(bucket.prove)
    return f"{bucket} can be written, read and erased"


async def _homeserver(settings: Settings) -> str:
    matrix = settings.matrix
    async with Homeserver(matrix) as homeserver:
        if matrix.identity == "appservice":
            homeserver.wire.acting = (await made_user(homeserver.wire, matrix)).acting
        else:
            nobody = homeserver.wire.acting_as(Acting(homeserver.user_id, ""))
            acting = await admitted(nobody, matrix, await device_at_hand(settings))
            if acting is None:
                await _versions(nobody)
                return f"{matrix.homeserver_url} answers, and {matrix.bot_user_id} logs in at the first start"
            homeserver.wire.acting = acting
        await homeserver.ping()
    return f"{matrix.homeserver_url} knows {matrix.bot_user_id}"


async def _versions(nobody: Wire) -> None:
    """What a homeserver tells everybody."""
    doing = "asking the homeserver for its versions"
    answer = await nobody.exchange("GET", doing, ("_matrix", "client", "versions"), None)
    if not isinstance(answer.get("versions"), list):
        raise HomeserverFault(f"{doing}: what answers is no homeserver; check matrix.homeserver_url")


async def _device(settings: Settings) -> str:
    async with Database.opened(settings) as database:
        report = await device_report(settings, database)
    if not report.is_well:
        raise LookupError(str(report))
    return str(report)


async def _livekit(settings: Settings) -> str:
    async with aiohttp.ClientSession() as session:
        await Calls(settings.livekit, session).ping()
    return f"{settings.livekit.api_url} answers and accepts the key"


async def _join_page(settings: Settings) -> str:
    if not (BUILT_PAGE / "index.html").is_file():
        raise LookupError("it is not built; from a source checkout, run: make page")
    return f"built, to be served at {settings.web.public_url}"


async def _model(settings: Settings) -> str:
    await asyncio.to_thread(whisper.load, settings.speech)
    return f"{settings.speech.model} loads"


async def _voices(settings: Settings) -> str:
    await asyncio.to_thread(pyannote.load, settings.diarization)
    return f"{settings.diarization.model} loads"


async def _pushed(settings: Settings) -> str:
    """The homeserver reaches a front that runs; before one does, there is nothing to reach."""
    if not await _front_answers(settings.web.host, settings.web.port):
        return f"not asked for: no front answers at {settings.web.host}:{settings.web.port}"
    try:
        await ping(settings.matrix)
    except PingUnknown as error:
        return str(error)
    return f"the homeserver reaches Greffier at {settings.matrix.appservice_url}"


async def _front_answers(host: str, port: int) -> bool:
    url = URL.build(scheme="http", host=_EVERY_ADDRESS.get(host, host), port=port, path="/health/live")
    try:
        async with aiohttp.ClientSession() as session, session.get(url, timeout=_FRONT_TIMEOUT) as response:
            return response.status == HTTPStatus.OK
    except (aiohttp.ClientError, OSError):
        return False
