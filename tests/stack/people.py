"""People with a Matrix account, over the plain client-server API: they make rooms, type, and read what is posted.

Deliberately not the library that Greffier uses: what a test reads of a room is read by other code than what wrote it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote

import aiohttp
from yarl import URL

from tests.stack.room_view import RoomView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Seen = TypeVar("Seen")

_REQUEST_S = aiohttp.ClientTimeout(total=60)
_LONG_POLL_MS = 20_000
_SYNC_FILTER = '{"room":{"timeline":{"limit":100}},"presence":{"types":[]}}'


class MatrixRefusal(Exception):
    """The homeserver answered a person's request with an error."""

    def __init__(self, method: str, path: str, status: int, answer: object) -> None:
        self.status = status
        super().__init__(f"{method} {path}: {status} {answer}")


class DidNotHappen(Exception):
    """What a person was waiting to see in a room was not seen in time."""


class MatrixPerson:
    """One user with one device. Use `register`; to see what others write, be inside `listening()`."""

    def __init__(self, session: aiohttp.ClientSession, homeserver_url: str, user_id: str, password: str) -> None:
        self.user_id = user_id
        self.password = password
        self.access_token = ""
        self.invited_to: set[str] = set()
        self._session = session
        self._homeserver_url = homeserver_url
        self._rooms: dict[str, RoomView] = {}
        self._changed = asyncio.Condition()

    @classmethod
    async def register(
        cls,
        session: aiohttp.ClientSession,
        homeserver_url: str,
        shared_secret: str,
        localpart: str,
        *,
        display_name: str | None = None,
    ) -> MatrixPerson:
        """Make an account on Synapse by its shared secret, and log in with it."""
        path, password = "/_synapse/admin/v1/register", secrets.token_urlsafe(16)
        person = cls(session, homeserver_url, "", password)
        nonce = (await person.request("GET", path))["nonce"]
        signed = f"{nonce}\0{localpart}\0{password}\0notadmin".encode()
        account = {
            "nonce": nonce,
            "username": localpart,
            "password": password,
            "admin": False,
            "mac": hmac.new(shared_secret.encode(), signed, hashlib.sha1).hexdigest(),
        }
        answer = await person.request("POST", path, account)
        person.user_id, person.access_token = answer["user_id"], answer["access_token"]
        if display_name:
            await person._client("PUT", f"profile/{quote(person.user_id)}/displayname", {"displayname": display_name})
        return person

    async def login(self) -> None:
        """Log in with the password, as a new device."""
        identifier = {"type": "m.id.user", "user": self.user_id}
        body = {"type": "m.login.password", "identifier": identifier, "password": self.password}
        self.access_token = (await self._client("POST", "login", body))["access_token"]

    async def create_room(
        self,
        name: str,
        *,
        kind: Literal["private", "forum"] = "private",
        encrypted: bool = False,
        version: str | None = None,
    ) -> str:
        """Make a room as Tchap's clients do.

        Args:
            name: The room's name.
            kind: `private` is by invitation, for everyone but guests from outside; `forum` is open to all.
            encrypted: Turn encryption on, which nobody here can take part in.
            version: The room's version; the homeserver's choice unless given.
        """
        state: list[dict[str, Any]] = [
            {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "restricted"}},
        ]
        if encrypted:
            algorithm = {"algorithm": "m.megolm.v1.aes-sha2"}
            state.append({"type": "m.room.encryption", "state_key": "", "content": algorithm})
        body = {
            "name": name,
            "preset": "private_chat" if kind == "private" else "public_chat",
            "visibility": "private" if kind == "private" else "public",
            "initial_state": state,
            **({"room_version": version} if version else {}),
        }
        room_id: str = (await self._client("POST", "createRoom", body))["room_id"]
        return room_id

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite a user into a room."""
        await self._client("POST", f"rooms/{quote(room_id)}/invite", {"user_id": user_id})

    async def kick(self, room_id: str, user_id: str) -> None:
        """Put a user out of a room, who may be invited again."""
        await self._client("POST", f"rooms/{quote(room_id)}/kick", {"user_id": user_id})

    async def redact(self, room_id: str, event_id: str) -> None:
        """Take back what a message says."""
        path = f"rooms/{quote(room_id)}/redact/{quote(event_id)}/{secrets.token_hex(8)}"
        await self._client("PUT", path, {})

    async def join(self, room_id: str) -> None:
        """Join a room, by an invitation or because it is open."""
        await self._client("POST", f"join/{quote(room_id)}", {})

    async def leave(self, room_id: str) -> None:
        """Leave a room."""
        await self._client("POST", f"rooms/{quote(room_id)}/leave", {})

    async def send_text(self, room_id: str, body: str) -> str:
        """Type a message; gives its event id."""
        return await self.send(room_id, "m.room.message", {"msgtype": "m.text", "body": body})

    async def send(self, room_id: str, kind: str, content: dict[str, Any]) -> str:
        """Send any event; gives its event id."""
        path = f"rooms/{quote(room_id)}/send/{quote(kind)}/{secrets.token_hex(8)}"
        event_id: str = (await self._client("PUT", path, content))["event_id"]
        return event_id

    async def set_state(self, room_id: str, kind: str, content: dict[str, Any], key: str = "") -> None:
        """Set a state event of a room."""
        await self._client("PUT", f"rooms/{quote(room_id)}/state/{quote(kind)}/{quote(key)}", content)

    async def state(self, room_id: str, kind: str, key: str = "") -> dict[str, Any]:
        """A state event's content."""
        return await self._client("GET", f"rooms/{quote(room_id)}/state/{quote(kind)}/{quote(key)}")

    async def download(self, mxc: str) -> bytes:
        """The bytes of an attachment (`mxc://server/id`)."""
        url = f"{self._homeserver_url}/_matrix/client/v1/media/download/{mxc.removeprefix('mxc://')}"
        async with self._session.get(url, headers=self._authorization(), timeout=_REQUEST_S) as response:
            if response.status != 200:
                raise MatrixRefusal("GET", mxc, response.status, await response.text())
            return await response.read()

    def room(self, room_id: str) -> RoomView:
        """The room as far as it has been seen; it goes on changing while listening."""
        if room_id not in self._rooms:
            self._rooms[room_id] = RoomView(room_id)
        return self._rooms[room_id]

    async def wait_for(
        self, room_id: str, look: Callable[[RoomView], Seen | None], *, within_s: float, what: str
    ) -> Seen:
        """Wait until `look` finds in the room what it is looking for, and give that.

        Args:
            room_id: The room to look at.
            look: Called at every change; a result that is false (None, False, empty) means "not yet".
            within_s: How long to wait.
            what: What is awaited, for the error.

        Raises:
            DidNotHappen: it was not seen in time.
        """
        deadline = time.monotonic() + within_s
        async with self._changed:
            while not (found := look(self.room(room_id))):
                try:
                    async with asyncio.timeout(deadline - time.monotonic()):
                        await self._changed.wait()
                except TimeoutError:
                    raise DidNotHappen(f"{self.user_id} did not see {what} within {within_s:.0f} s") from None
        return found

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[MatrixPerson]:
        """See what happens in one's rooms for as long as this lasts, across restarts of the homeserver."""
        since = self._take_in(await self._sync(None, 0))
        task = asyncio.create_task(self._listen(since))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self, since: str) -> None:
        while True:
            try:
                answer = await self._sync(since, _LONG_POLL_MS)
            except (aiohttp.ClientError, TimeoutError, MatrixRefusal):
                await asyncio.sleep(0.5)
                continue
            since = self._take_in(answer)
            async with self._changed:
                self._changed.notify_all()

    async def _sync(self, since: str | None, timeout_ms: int) -> dict[str, Any]:
        query = {"timeout": str(timeout_ms), "filter": _SYNC_FILTER, **({"since": since} if since else {})}
        return await self._client("GET", "sync", query=query)

    def _take_in(self, answer: dict[str, Any]) -> str:
        rooms = answer.get("rooms", {})
        self.invited_to.update(rooms.get("invite", {}))
        for room_id, joined in rooms.get("join", {}).items():
            for part in ("state", "timeline"):
                for event in joined.get(part, {}).get("events", ()):
                    self.room(room_id).add(event)
        next_batch: str = answer["next_batch"]
        return next_batch

    async def _client(
        self, method: str, path: str, body: dict[str, Any] | None = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        return await self.request(method, f"/_matrix/client/v3/{path}", body, query)

    async def request(
        self, method: str, path: str, body: dict[str, Any] | None = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Any request of the client-server or admin API.

        Raises:
            MatrixRefusal: the answer is not a 200.
        """
        url = URL(f"{self._homeserver_url}{path}", encoded=True).update_query(query or {})
        async with self._session.request(
            method, url, json=body, headers=self._authorization(), timeout=_REQUEST_S
        ) as response:
            answer = await response.json(content_type=None)
            if response.status != 200:
                raise MatrixRefusal(method, path, response.status, answer)
            return dict(answer)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
