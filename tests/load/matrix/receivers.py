"""The receivers that are measured, each a process of its own: Greffier's front, mautrix-python, the least."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from tests.load.matrix.homeserver import KeysHomeserver
from tests.load.matrix.pushing import Appservice
from tests.load.matrix.streams import Stream
from tests.load.measure import FROM_HERE
from tests.stack.greffier import COMMAND, GreffierProcess
from tests.stack.ports import free_tcp_port
from tests.stack.server_process import ServerProcess

STARTS_WITHIN_S: Final = 60.0
GREFFIER: Final = "Greffier"
MAUTRIX: Final = "mautrix-python"
MAUTRIX_DECRYPTING: Final = "mautrix-python + vodozemac"
LEAST: Final = "the least"


@dataclass(frozen=True)
class Receiver:
    """One that takes what is pushed."""

    name: str
    appservice: Appservice
    done: Callable[[], Awaitable[None]]
    """Returns when all that was pushed so far has been dealt with."""


@asynccontextmanager
async def greffier(stream: Stream, folder: Path) -> AsyncIterator[Receiver]:
    """The real front on SQLite, with a homeserver in memory; it has all keys that the stream is encrypted with."""
    async with KeysHomeserver() as homeserver, front(homeserver, folder) as appservice:
        homeserver.keys.add(stream.people)
        homeserver.members |= stream.members
        if stream.is_encrypted:
            homeserver.encrypted |= set(stream.members)
            await homeserver.hand_over(stream.keys)
        expected = 0

        async def done() -> None:
            nonlocal expected
            expected += stream.commands
            await homeserver.until(
                lambda: homeserver.sent.total() >= expected,
                f"answers to {expected} commands (seen: {homeserver.sent.total()})",
            )
            if homeserver.sent.total() != expected:
                raise AssertionError(f"{homeserver.sent.total()} answers to {expected} commands")

        yield Receiver(GREFFIER, appservice, done)


@asynccontextmanager
async def front(
    homeserver: KeysHomeserver,
    folder: Path,
    *,
    program: Sequence[str | Path] = (COMMAND,),
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Appservice]:
    """`greffier front`, started as an operator starts it, with what it hears pushed to it, and nobody's calls.

    `program` stands for the command `greffier`, `variables` are added to its environment.
    """
    port = free_tcp_port()
    url = f"http://127.0.0.1:{port}"
    config: dict[str, dict[str, Any]] = {
        "matrix": {"homeserver_url": homeserver.url, "server_name": "tchap.test", "appservice_url": url},
        "livekit": {"url": "ws://127.0.0.1:1", "api_key": "devkey", "api_secret": secrets.token_hex(32)},
        "web": {"public_url": url, "host": "127.0.0.1", "port": port},
        "storage": {"folder": str(folder / "storage")},
        "log": {"level": "warning", "format": "console"},
    }
    process = GreffierProcess("front", "front", folder, config, program=program, variables=variables)
    homeserver.registration = yaml.safe_load((await process.register()).read_text())
    server = process.process
    server.start()
    try:
        await server.until_it_answers(f"{url}/health/live", within_s=STARTS_WITHIN_S)
        yield Appservice(url, homeserver.registration["hs_token"], server.pid)
    finally:
        await server.stop()


@asynccontextmanager
async def other(name: str, kind: str, stream: Stream, folder: Path) -> AsyncIterator[Receiver]:
    """One of those in `receiver_process`, which decrypts an encrypted stream unless it is to parse only."""
    port, hs_token = free_tcp_port(), secrets.token_hex(16)
    keys = folder / "keys.json"
    keys.parent.mkdir(parents=True, exist_ok=True)
    keys.write_text(json.dumps({key.session_id: key.session_key for key in stream.keys}))
    program = "tests.load.matrix.receiver_process"
    command = [sys.executable, "-m", program, str(port), hs_token, str(keys), *kind.split()]
    server = ServerProcess("receiver", command, folder, environment=FROM_HERE)
    server.start()
    url, expected = f"http://127.0.0.1:{port}", 0
    try:
        await server.until_it_answers(f"{url}/seen", within_s=STARTS_WITHIN_S)
        async with aiohttp.ClientSession() as session:

            async def done() -> None:
                nonlocal expected
                expected += stream.events
                async with session.get(f"{url}/seen") as response:
                    seen = await response.json()
                if seen != expected:
                    raise AssertionError(f"{name} has seen {seen} of {expected} events")

            yield Receiver(name, Appservice(url, hs_token, server.pid), done)
    finally:
        await server.stop()


Start = Callable[[Stream, Path], AbstractAsyncContextManager[Receiver]]


def receivers(stream: Stream) -> dict[str, Start]:
    """How each that can be measured on this stream is started, by name."""
    starts: dict[str, Start] = {GREFFIER: greffier, MAUTRIX: partial(other, MAUTRIX, "mautrix")}
    if stream.is_encrypted:
        starts[MAUTRIX_DECRYPTING] = partial(other, MAUTRIX_DECRYPTING, "mautrix decrypting")
    starts[LEAST] = partial(other, LEAST, "least decrypting" if stream.is_encrypted else "least")
    return starts
