"""Transcripts on the real homeserver: complete, in order and once, whatever it refuses and however often it is away."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bot.room.delivery import Delivered, Delivery, Undeliverable
from bot.room.posting import Posting, Rooms
from bot.room.wording import FRENCH
from bot.store.register import Meeting
from bridge.matrix.backoff import Backoff
from bridge.matrix.errors import Forbidden, HomeserverUnreachable, TooLarge
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import EventId, RoomId
from bridge.matrix.intake import Wanted
from bridge.matrix.outbound import notice
from config.models import Matrix
from tests.fakes.jobs import transcript, turn
from tests.fakes.listening import intake_of, listener_of
from tests.fakes.matrix import Heard
from tests.fakes.meetings import FakeMeetings
from tests.stack.bots import bot
from tests.stack.people import MatrixPerson
from tests.stack.registration import AppserviceRegistration
from tests.stack.synapse import SynapseServer, running_synapse
from tests.unit.bot.samples import a_meeting
from transcripts.storage.archive import Archive

T = TypeVar("T")
PARIS = ZoneInfo("Europe/Paris")
SERVER_NAME = "tchap.test"


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are done and not written down: what is durable is tested elsewhere. A homeserver is soon found again."""

    async def at_once(_name: str, action: Callable[[], Awaitable[T]]) -> T:
        return await action()

    monkeypatch.setattr("bot.room.delivery.step", at_once)
    monkeypatch.setattr("bot.room.posting.BACKOFF", Backoff(first_s=0.2, most_s=1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[SynapseServer, AppserviceRegistration]]:
    """A homeserver that limits the bot as it limits anybody, and takes no file worth its name."""
    folder = tmp_path_factory.mktemp("strict")
    appservice = AppserviceRegistration(SERVER_NAME, user_regex="greffier(_[a-z0-9]+)?", rate_limited=True)
    registration = appservice.write(folder / "registration.yaml")
    settings = {"rc_message": {"per_second": 2, "burst_count": 3}, "max_upload_size": "1K"}
    async with running_synapse(
        folder, server_name=SERVER_NAME, registrations=[registration], settings=settings
    ) as server:
        yield server, appservice


@pytest_asyncio.fixture
async def limited(
    strict: tuple[SynapseServer, AppserviceRegistration], engine: AsyncEngine, tmp_path: Path
) -> AsyncIterator[Homeserver]:
    """That homeserver, as a bot of its own."""
    server, appservice = strict
    settings = Matrix.model_validate(
        {
            "homeserver_url": server.url,
            "server_name": SERVER_NAME,
            "as_token": appservice.as_token,
            "bot_localpart": f"greffier_{secrets.token_hex(4)}",
        }
    )
    async with bot(settings, engine, tmp_path) as (homeserver, _):
        yield homeserver


@pytest_asyncio.fixture
async def sofia(strict: tuple[SynapseServer, AppserviceRegistration]) -> AsyncIterator[MatrixPerson]:
    """Somebody on that homeserver."""
    server, _ = strict
    async with aiohttp.ClientSession() as session:
        secret, localpart = server.registration_shared_secret, f"sofia_{secrets.token_hex(4)}"
        yield await MatrixPerson.register(session, server.url, secret, localpart)


async def meeting_of(person: MatrixPerson, homeserver: Homeserver) -> Meeting:
    """A meeting in a room of hers, with a card."""
    room_id = RoomId(await person.create_room("Budget"))
    await person.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    meeting = a_meeting(id=f"m-{secrets.token_hex(8)}", room_id=room_id, opened_at=datetime.now(UTC))
    card_id = await Posting(homeserver, FakeMeetings()).post(meeting, "card", notice("carte"))
    return replace(meeting, card_id=card_id)


def delivery_of(
    meeting: Meeting, rooms: Rooms, folder: Path, *, turns: int, later: timedelta = timedelta()
) -> Delivery:
    """What delivers a talk of so many turns, a handful of which fit into a message."""
    archive = Archive(folder)
    said = tuple(turn("Claire", f"phrase-{n}- " + "é" * 400, n * 10.0) for n in range(turns))
    archive.write(transcript(said, meeting=meeting.id))
    return Delivery(rooms, FakeMeetings(), archive, PARIS, lambda: datetime.now(UTC) + later)


async def said_in(person: MatrixPerson, room_id: RoomId) -> list[dict[str, Any]]:
    """The messages of the room, oldest first, as the homeserver holds them."""
    path = f"/_matrix/client/v3/rooms/{room_id}/messages"
    events: list[dict[str, Any]] = []
    query = {"dir": "f", "limit": "100"}
    while True:
        page = await person.request("GET", path, query=query)
        events += [event for event in page["chunk"] if event["type"] == "m.room.message"]
        if "end" not in page:
            return events
        query["from"] = page["end"]


def phrases(events: list[dict[str, Any]]) -> list[str]:
    """The sentences of the talk that stand in the room, by their first word."""
    words = " ".join(event["content"].get("body", "") for event in events).split()
    return [word for word in words if word.startswith("phrase-")]


def files(events: list[dict[str, Any]]) -> list[str]:
    """The kinds of files that were posted."""
    return [event["content"]["body"].rsplit(".")[-1] for event in events if event["content"].get("msgtype") == "m.file"]


async def test_a_homeserver_that_limits_the_bot_gets_everything_in_order_and_once(
    limited: Homeserver, sofia: MatrixPerson, tmp_path: Path
) -> None:
    """It says M_LIMIT_EXCEEDED in the middle of the thread; what it asks for is waited."""
    meeting = await meeting_of(sofia, limited)
    delivery = delivery_of(meeting, limited, tmp_path, turns=40)
    with capture_logs() as logs:
        assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    assert "RateLimited" in [entry["kind"] for entry in logs if entry["event"] == "trying again"]
    assert phrases(await said_in(sofia, meeting.room_id)) == [f"phrase-{n}-" for n in range(40)]


async def test_files_that_the_homeserver_finds_too_large_are_named(
    limited: Homeserver, sofia: MatrixPerson, tmp_path: Path
) -> None:
    """It takes none over a kilobyte; the text stands."""
    meeting = await meeting_of(sofia, limited)
    with pytest.raises(TooLarge) as refused:
        await limited.upload(meeting.room_id, b"x" * 2000, "text/plain", "x.txt")
    assert refused.value.errcode == "M_TOO_LARGE"
    delivery = delivery_of(meeting, limited, tmp_path, turns=2)
    assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    _, text, markdown, vtt = await said_in(sofia, meeting.room_id)
    assert len(phrases([text])) == 2
    for event, ending in ((markdown, ".md"), (vtt, ".vtt")):
        assert ending in event["content"]["body"]
        assert "n’a pas pu être joint" in event["content"]["body"]
        assert event["content"]["m.relates_to"]["event_id"] == meeting.card_id


async def test_a_message_that_the_homeserver_finds_too_large_is_named_and_the_rest_stands(
    homeserver: Homeserver, claire: MatrixPerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Greffier's own limit is lifted, so that the homeserver's is met."""
    monkeypatch.setattr("bot.room.delivery.MAX_CONTENT_BYTES", 80_000)
    monkeypatch.setattr("bridge.matrix.outbound.MAX_CONTENT_BYTES", 80_000)
    meeting = await meeting_of(claire, homeserver)
    with pytest.raises(TooLarge) as refused:
        await homeserver.send(meeting.room_id, "m.room.message", notice("x" * 70_000), "too-large")
    assert refused.value.errcode == "M_TOO_LARGE"
    said = tuple(turn("Claire", f"phrase-{n}- " + "x" * 3000, n * 10.0) for n in range(16))
    delivery = delivery_of(meeting, homeserver, tmp_path, turns=1)
    Archive(tmp_path).write(transcript(said, meeting=meeting.id))
    assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    _, refusal, rest, *attached = await said_in(claire, meeting.room_id)
    assert refusal["content"]["body"] == FRENCH.part_refused
    assert phrases([rest])[-1] == "phrase-15-"
    assert files(attached) == ["md", "vtt"]


async def test_a_bot_that_was_kicked_delivers_once_when_it_is_invited_again(
    homeserver: Homeserver, claire: MatrixPerson, engine: AsyncEngine, tmp_path: Path
) -> None:
    """By the room's admin, before the transcript was ready. What keeps it is the same that delivers it."""
    meeting = await meeting_of(claire, homeserver)
    assert await homeserver.is_member(meeting.room_id)
    await claire.kick(meeting.room_id, homeserver.user_id)
    assert not await homeserver.is_member(meeting.room_id)
    delivery = delivery_of(meeting, homeserver, tmp_path, turns=20)
    assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Undeliverable("kicked")
    assert phrases(await said_in(claire, meeting.room_id)) == []

    outcomes: asyncio.Queue[object] = asyncio.Queue()

    async def deliver_again(room_id: RoomId) -> None:
        assert room_id == meeting.room_id
        await outcomes.put(await delivery.deliver(meeting, meeting.card_id, FRENCH))

    wanted = Wanted(invitation_from=lambda _: True, message=lambda _: False)
    intake = intake_of(homeserver, engine, wanted)
    listener = asyncio.create_task(listener_of(homeserver, intake, Heard(), joined=deliver_again).run())
    try:
        await claire.invite(meeting.room_id, homeserver.user_id)
        async with asyncio.timeout(40):
            assert await outcomes.get() == Delivered()
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
    assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Delivered()  # as if nobody had noted it
    said = await said_in(claire, meeting.room_id)
    assert phrases(said) == [f"phrase-{n}-" for n in range(20)]
    assert files(said) == ["md", "vtt"]


async def test_a_bot_that_may_not_speak_says_so_and_stays(
    homeserver: Homeserver, claire: MatrixPerson, tmp_path: Path
) -> None:
    """It is muted: it is not taken for one that was put out; allowed to speak again, it delivers."""
    meeting = await meeting_of(claire, homeserver)
    levels = await claire.state(meeting.room_id, "m.room.power_levels")
    await claire.set_state(meeting.room_id, "m.room.power_levels", levels | {"events_default": 50})
    delivery = delivery_of(meeting, homeserver, tmp_path, turns=3)
    assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Undeliverable("forbidden")
    await claire.set_state(meeting.room_id, "m.room.power_levels", levels)
    assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    assert phrases(await said_in(claire, meeting.room_id)) == ["phrase-0-", "phrase-1-", "phrase-2-"]


class Restarting:
    """A homeserver that stops after it has taken so many messages, before it can say so, and starts again."""

    def __init__(self, homeserver: Homeserver, synapse: SynapseServer, after: int) -> None:
        self.restart: asyncio.Task[None] | None = None
        self._homeserver = homeserver
        self._synapse = synapse
        self._left = after

    async def send(self, room_id: RoomId, event_type: str, content: dict[str, Any], txn_id: str) -> EventId:
        """Send, or lose the answer."""
        event_id = await self._homeserver.send(room_id, event_type, content, txn_id)
        self._left -= 1
        if self._left == 0:
            await self._synapse.stop()
            self.restart = asyncio.create_task(self._synapse.start())
            raise HomeserverUnreachable("the answer was lost")
        return event_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._homeserver, name)


async def test_a_homeserver_that_restarts_in_the_middle_of_a_thread_has_it_whole_in_order_and_once(
    homeserver: Homeserver, claire: MatrixPerson, synapse: SynapseServer, tmp_path: Path
) -> None:
    """Also the message that it had taken and could not confirm."""
    meeting = await meeting_of(claire, homeserver)
    restarting = Restarting(homeserver, synapse, after=3)
    delivery = delivery_of(meeting, restarting, tmp_path, turns=60)
    try:
        assert await delivery.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    finally:
        if restarting.restart is not None:
            await restarting.restart
    assert restarting.restart is not None
    said = await said_in(claire, meeting.room_id)
    assert phrases(said) == [f"phrase-{n}-" for n in range(60)]
    assert files(said) == ["md", "vtt"]


async def test_a_thread_whose_transactions_are_forgotten_is_completed_and_nothing_doubled(
    homeserver: Homeserver, claire: MatrixPerson, synapse: SynapseServer, tmp_path: Path
) -> None:
    """The homeserver keeps them in its database and its memory for a day: they are taken from both."""
    meeting = await meeting_of(claire, homeserver)
    first = delivery_of(meeting, homeserver, tmp_path, turns=20)
    assert await first.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    await synapse.stop()
    with closing(sqlite3.connect(synapse.database)) as database, database:
        database.execute("DELETE FROM event_txn_id_device_id")
    await synapse.start()
    later = delivery_of(meeting, homeserver, tmp_path, turns=20, later=timedelta(days=2))
    assert await later.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    said = await said_in(claire, meeting.room_id)
    assert phrases(said) == [f"phrase-{n}-" for n in range(20)]
    assert files(said) == ["md", "vtt"]

    assert await first.deliver(meeting, meeting.card_id, FRENCH) == Delivered()
    assert len(phrases(await said_in(claire, meeting.room_id))) == 40, "the transactions had not been forgotten"


@pytest.mark.parametrize("card", ["redacted", "never posted"])
async def test_a_transcript_does_not_depend_on_its_card(
    homeserver: Homeserver, claire: MatrixPerson, tmp_path: Path, card: str
) -> None:
    """In the thread under what was the card, or in the room itself."""
    meeting = await meeting_of(claire, homeserver)
    assert meeting.card_id is not None
    await claire.redact(meeting.room_id, meeting.card_id)
    card_id = meeting.card_id if card == "redacted" else None
    delivery = delivery_of(meeting, homeserver, tmp_path, turns=3)
    assert await delivery.deliver(meeting, card_id, FRENCH) == Delivered()
    _, *thread = await said_in(claire, meeting.room_id)
    assert phrases(thread) == ["phrase-0-", "phrase-1-", "phrase-2-"]
    roots = {event["content"].get("m.relates_to", {}).get("event_id") for event in thread}
    assert roots == {card_id}


@pytest.mark.parametrize("visibility", ["shared", "invited", "joined"])
async def test_what_was_sent_before_a_kick_is_found_after_it(
    homeserver: Homeserver, claire: MatrixPerson, visibility: str
) -> None:
    """Also in a room that shows newcomers nothing of its past."""
    meeting = await meeting_of(claire, homeserver)
    await claire.set_state(meeting.room_id, "m.room.history_visibility", {"history_visibility": visibility})
    sent = await homeserver.send(meeting.room_id, "m.room.message", notice("avant"), "before")
    await claire.kick(meeting.room_id, homeserver.user_id)
    await claire.send_text(meeting.room_id, "entre-temps")
    await claire.invite(meeting.room_id, homeserver.user_id)
    await homeserver.join(meeting.room_id)
    assert await homeserver.find_sent(meeting.room_id, "before", since=meeting.opened_at) == sent
    assert await homeserver.find_sent(meeting.room_id, "never", since=meeting.opened_at) is None


async def test_a_room_that_the_bot_was_put_out_of_forbids_and_does_not_fail(
    homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """Sending and looking for what was sent: refusals, which no patience mends."""
    meeting = await meeting_of(claire, homeserver)
    await claire.kick(meeting.room_id, homeserver.user_id)
    with pytest.raises(Forbidden):
        await homeserver.send(meeting.room_id, "m.room.message", notice("x"), "t")
    unknown = RoomId(f"!unknown:{SERVER_NAME}")
    assert not await homeserver.is_member(unknown)
    with pytest.raises(Forbidden):
        await homeserver.find_sent(unknown, "t", since=datetime.now(UTC))
