"""People whose client is matrix-js-sdk: they read and write in encrypted rooms, as strictly as the newest clients.

The library is not Greffier's and has its own cryptography, so it proves what Greffier's cannot: that others read it.
"""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from tests.stack.people import MatrixPerson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stack.room_view import SeenEvent
    from tests.stack.sdk_process import SdkProcess


@dataclass(frozen=True)
class SeenDevice:
    """Somebody's device as another user's client judges it."""

    device_id: str
    display_name: str
    signed_by_owner: bool
    """Whether the owner's identity has signed it; clients are about to leave out those that it has not."""


@dataclass(frozen=True)
class Shield:
    """What clients show beside a message that was encrypted: `NONE` where there is nothing to warn of."""

    colour: Literal["NONE", "GREY", "RED"]
    reason: str | None


NO_SHIELD = Shield("NONE", None)
"""Nothing to warn of: from a device that its owner has signed, unchanged."""


class EncryptedPerson(MatrixPerson):
    """One user with one device, signed by their identity. After `register`, `open_client`.

    It exchanges keys with devices that their owners have signed, and with no others. Its client listens for as long as
    its process runs; `listening()` is for the likeness with who has to.
    """

    _sdk: SdkProcess

    async def open_client(self, sdk: SdkProcess, *, signed: bool = True) -> None:
        """Open the client: make the device's keys, and the identity that signs them; publish both; begin to listen.

        Args:
            sdk: Where it runs.
            signed: Whether there is to be an identity. A device without one is as lax as old clients are.

        Raises:
            SdkMissing: matrix-js-sdk is not installed.
            SdkRefusal: it did not work.
        """
        self._sdk = sdk
        sdk.tell(self._client_name, self._told)
        await self._ask(
            "enter",
            homeserver_url=self._homeserver_url,
            user_id=self.user_id,
            device_id=self.device_id,
            access_token=self.access_token,
            signed=signed,
        )

    async def on_unsigned_device(self) -> EncryptedPerson:
        """The same person, logged in anew on a device that their identity has not signed."""
        elsewhere = EncryptedPerson(self._session, self._homeserver_url, self.user_id, self.password)
        await elsewhere.login()
        await elsewhere.open_client(self._sdk, signed=False)
        return elsewhere

    async def create_room(
        self, name: str, *, kind: Literal["private", "forum"] = "private", encrypted: bool = True
    ) -> str:
        """Make a room as Tchap's clients do; like theirs it is encrypted, unless it is to be otherwise."""
        return await super().create_room(name, kind=kind, encrypted=encrypted)

    async def send(self, room_id: str, kind: str, content: dict[str, Any]) -> str:
        """Send any event, encrypted where the room is; gives its event id.

        Raises:
            SdkRefusal: the homeserver did not take it.
        """
        event_id: str = await self._ask("send", room_id=room_id, type=kind, content=content)
        return event_id

    async def send_file(self, room_id: str, name: str, data: bytes) -> str:
        """Post a file into an encrypted room; gives the event id of the message that carries it."""
        encrypted = await self._ask("encrypt_file", data=base64.b64encode(data).decode())
        uri = await self.upload(base64.b64decode(encrypted["data"]))
        content = {"msgtype": "m.file", "body": name, "file": {**encrypted["file"], "url": uri}}
        return await self.send(room_id, "m.room.message", content)

    async def read_file(self, message: SeenEvent) -> bytes:
        """The file that a message carries, decrypted if it was encrypted.

        Raises:
            SdkRefusal: it is not the file whose hash the message has.
        """
        if "file" not in message.content:
            return await super().read_file(message)
        file = message.content["file"]
        data = base64.b64encode(await self.download(file["url"])).decode()
        return base64.b64decode(await self._ask("decrypt_file", data=data, file=file))

    async def devices_of(self, user_id: str) -> list[SeenDevice]:
        """A user's devices that publish keys.

        Raises:
            SdkRefusal: nothing has been written or read yet in an encrypted room with this user.
        """
        return [SeenDevice(**device) for device in await self._ask("devices", user_id=user_id)]

    async def shield(self, message: SeenEvent, room_id: str) -> Shield | None:
        """What this person's client shows beside a message; None if it was not encrypted, or cannot be read."""
        shown = await self._ask("shield", room_id=room_id, event_id=message.event_id)
        return None if shown is None else Shield(**shown)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        """See what happens in one's rooms, as before and after."""
        yield self

    @property
    def _client_name(self) -> str:
        return f"{self.user_id} on {self.device_id}"

    async def _ask(self, act: str, **details: Any) -> Any:
        return await self._sdk.ask(self._client_name, act, **details)

    async def _told(self, news: dict[str, Any]) -> None:
        if "invited" in news:
            self.invited_to.add(news["invited"])
        else:
            self.room(news["room_id"]).add(news["event"])
        async with self._changed:
            self._changed.notify_all()
