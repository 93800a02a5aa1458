"""Everything at once: a homeserver that knows Greffier, a LiveKit server that tells it what happens, and Greffier."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.stack.greffier import COMMAND, Greffier
from tests.stack.livekit import LiveKitServer
from tests.stack.people import MatrixPerson
from tests.stack.ports import free_tcp_port
from tests.stack.synapse import SynapseServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from tests.stack.server_process import ServerProcess

SERVER_NAME = "tchap.test"
_BOT_JOINS_WITHIN_S = 20


@dataclass(frozen=True)
class Stack:
    """The running servers, and a session to talk to them with."""

    synapse: SynapseServer
    livekit: LiveKitServer
    greffier: Greffier
    session: aiohttp.ClientSession
    bot_user_id: str

    @property
    def public_url(self) -> str:
        """Where Greffier's join pages are."""
        return self.greffier.public_url

    def pids(self) -> dict[str, int]:
        """The process ids of the five servers as of now."""
        return {"synapse": self.synapse.process.pid, "livekit": self.livekit.process.pid, **self.greffier.pids()}

    def ended_processes(self) -> list[ServerProcess]:
        """The servers that have ended by themselves."""
        processes = (self.synapse.process, self.livekit.process, self.greffier.process)
        return [process for process in processes if not process.running]

    async def register(self, localpart: str, display_name: str | None = None) -> MatrixPerson:
        """Make somebody an account."""
        secret = self.synapse.registration_shared_secret
        return await MatrixPerson.register(self.session, self.synapse.url, secret, localpart, display_name=display_name)

    async def shared_room(self, name: str, people: Sequence[MatrixPerson]) -> str:
        """A private room of the first of `people`, who invites the others and the bot; everyone has joined."""
        host, *others = people
        room_id = await host.create_room(name)
        for person in others:
            await host.invite(room_id, person.user_id)
            await person.join(room_id)
        await host.invite(room_id, self.bot_user_id)
        async with host.listening():
            await host.wait_for(
                room_id,
                lambda room: room.membership(self.bot_user_id) == "join",
                within_s=_BOT_JOINS_WITHIN_S,
                what="the bot joining",
            )
        return room_id


@asynccontextmanager
async def running_stack(
    folder: Path,
    *,
    model_folder: Path,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    program: Sequence[str | Path] = (COMMAND,),
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Stack]:
    """All servers, answering; they are stopped in reverse order at the end.

    Args:
        folder: Where each keeps its configuration, data and log.
        model_folder: The speech model.
        settings: Sections of Greffier's configuration with keys to set otherwise than here.
        tell: Is told in one sentence what is being started.
        program: What is started as Greffier.
        variables: What is added to its environment.
    """
    synapse_folder, livekit_folder, greffier_folder = (folder / name for name in ("synapse", "livekit", "greffier"))
    port = free_tcp_port()
    livekit = LiveKitServer(livekit_folder, webhook_urls=[f"http://127.0.0.1:{port}/livekit/webhook"])
    registration = greffier_folder / "registration.yaml"
    synapse = SynapseServer(synapse_folder, server_name=SERVER_NAME, registrations=[registration])
    config = _config(synapse, livekit, port, greffier_folder / "storage", model_folder)
    for section, keys in (settings or {}).items():
        config[section] = {**config.get(section, {}), **keys}
    greffier = Greffier(greffier_folder, config, program=program, variables=variables)
    bot_user_id = f"@greffier:{SERVER_NAME}"

    async with AsyncExitStack() as stop:
        session = await stop.enter_async_context(aiohttp.ClientSession())
        tell("Writing Greffier’s configuration and its registration")
        await greffier.register()
        for server, sentence in (
            (synapse, "Starting Synapse, with Tchap’s room rules and Greffier’s registration"),
            (livekit, "Starting LiveKit"),
            (greffier, "Starting Greffier: front, recorder and speech"),
        ):
            tell(sentence)
            stop.push_async_callback(server.stop)
            await server.start()
        yield Stack(synapse, livekit, greffier, session, bot_user_id)
        tell("Stopping the servers")


def _config(
    synapse: SynapseServer, livekit: LiveKitServer, port: int, storage: Path, model_folder: Path
) -> dict[str, dict[str, Any]]:
    return {
        "matrix": {"homeserver_url": synapse.url, "server_name": SERVER_NAME},
        "livekit": {"url": livekit.url, "api_key": livekit.api_key, "api_secret": livekit.api_secret},
        "web": {"public_url": f"http://127.0.0.1:{port}", "host": "127.0.0.1", "port": port},
        "speech": {"model": str(model_folder)},
        "storage": {"folder": str(storage)},
        "log": {"format": "console"},
    }
