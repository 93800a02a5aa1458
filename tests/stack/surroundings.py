"""What Greffier lives among: a homeserver that knows it, a LiveKit server that tells it what happens, and people."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tests.stack.encrypted_person import EncryptedPerson
from tests.stack.livekit import LiveKitServer
from tests.stack.people import MatrixPerson
from tests.stack.ports import free_tcp_port
from tests.stack.sdk_process import SdkProcess
from tests.stack.synapse import SynapseServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    import aiohttp

SERVER_NAME = "tchap.test"
BOT_USER_ID = f"@greffier:{SERVER_NAME}"
_BOT_JOINS_WITHIN_S = 20

Way = Literal["sync", "push", "account"]
"""How the homeserver knows Greffier: `sync`, as an appservice that asks it for news; `push`, as one that it pushes to;
`account`, as an ordinary account with a password."""


@dataclass(frozen=True)
class Surroundings:
    """The servers, and a session to talk to them with."""

    synapse: SynapseServer
    livekit: LiveKitServer
    session: aiohttp.ClientSession
    bot_user_id: str
    port: int
    """Where Greffier's own HTTP side is to be."""
    sdk: SdkProcess
    """Where people's clients run."""

    @classmethod
    def prepare(cls, folder: Path, registration: Path | None, session: aiohttp.ClientSession) -> Surroundings:
        """Choose ports and folders; `registration`, if any, must be there when the servers are started."""
        port = free_tcp_port()
        return cls(
            SynapseServer(
                folder / "synapse", server_name=SERVER_NAME, registrations=[registration] if registration else []
            ),
            LiveKitServer(folder / "livekit", webhook_urls=[f"http://127.0.0.1:{port}/livekit/webhook"]),
            session,
            BOT_USER_ID,
            port,
            SdkProcess(folder / "people" / "sdk.log"),
        )

    @property
    def public_url(self) -> str:
        """Where Greffier's join pages are."""
        return f"http://127.0.0.1:{self.port}"

    def config(self, storage: Path, model_folder: Path) -> dict[str, dict[str, Any]]:
        """The configuration of a Greffier that lives here."""
        livekit = self.livekit
        return {
            "matrix": {"homeserver_url": self.synapse.url, "server_name": SERVER_NAME},
            "livekit": {"url": livekit.url, "api_key": livekit.api_key, "api_secret": livekit.api_secret},
            "web": {"public_url": self.public_url, "host": "127.0.0.1", "port": self.port},
            "speech": {"model": str(model_folder)},
            "storage": {"folder": str(storage)},
            "log": {"format": "console"},
        }

    async def make_bot_account(self) -> dict[str, Any]:
        """Make the bot an ordinary account, with no device yet; gives the keys of `matrix:` that go with it."""
        secret, localpart = self.synapse.registration_shared_secret, self.bot_user_id.split(":")[0].removeprefix("@")
        bot = await MatrixPerson.register(self.session, self.synapse.url, secret, localpart)
        await bot.request("POST", "/_matrix/client/v3/logout", {})
        return {"identity": "account", "password": bot.password}

    @asynccontextmanager
    async def running(self, tell: Callable[[str], None]) -> AsyncIterator[None]:
        """The servers, answering; `tell` is told in one sentence what is being started."""
        try:
            tell("Starting Synapse, with Tchap’s room rules and Greffier’s registration")
            await self.synapse.start()
            tell("Starting LiveKit")
            await self.livekit.start()
            yield
        finally:
            await self.sdk.stop()
            await self.livekit.stop()
            await self.synapse.stop()

    async def register(self, localpart: str, display_name: str | None = None) -> EncryptedPerson:
        """Make somebody an account, and open a client on it that is at home in encrypted rooms."""
        secret, url = self.synapse.registration_shared_secret, self.synapse.url
        person = await EncryptedPerson.register(self.session, url, secret, localpart, display_name=display_name)
        await person.open_client(self.sdk)
        return person

    async def register_account(self, localpart: str, display_name: str | None = None) -> MatrixPerson:
        """Make somebody an account for a client of their own: no keys, no identity."""
        secret, url = self.synapse.registration_shared_secret, self.synapse.url
        return await MatrixPerson.register(self.session, url, secret, localpart, display_name=display_name)

    async def shared_room(self, name: str, people: Sequence[MatrixPerson], *, encrypted: bool = True) -> str:
        """A private room of the first of `people`, who invites the others and the bot; everyone has joined."""
        host, *others = people
        room_id = await host.create_room(name, encrypted=encrypted)
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
