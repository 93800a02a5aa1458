"""The other receivers, each a process of its own: `… PORT HS_TOKEN KEYS mautrix|least [decrypting]`.

`least` reads and parses each transaction with aiohttp and answers: no listener in Python costs less. `mautrix` is
mautrix-python's `AppService` with its state in memory and one handler, which looks whether a message is a command.
Both decrypt on demand, with vodozemac and the sessions whose keys are in the JSON file KEYS, and with nothing around
it: no look at who sent it, no memory, no durability. GET /seen says how many events were handled.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import vodozemac
from aiohttp import web
from mautrix.appservice import AppService, ASStateStore
from mautrix.client.state_store import MemoryStateStore
from mautrix.types import EncryptedEvent, Event, EventType, MessageEvent, TextMessageEventContent

BOT: Final = "greffier"
Decrypt = Callable[[str, str], dict[str, Any]]


class Sessions:
    """Megolm sessions by their ids."""

    def __init__(self, keys: dict[str, str]) -> None:
        self._sessions = {
            session_id: vodozemac.InboundGroupSession(vodozemac.SessionKey(key)) for session_id, key in keys.items()
        }

    def decrypted(self, session_id: str, ciphertext: str) -> dict[str, Any]:
        """The payload of an encrypted event."""
        message = vodozemac.MegolmMessage.from_base64(ciphertext)
        payload: dict[str, Any] = json.loads(self._sessions[session_id].decrypt(message).plaintext)
        return payload


class Least:
    """As little as there can be."""

    def __init__(self, sessions: Sessions | None) -> None:
        self._sessions = sessions
        self._seen = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Parse what is pushed, or say how much it was."""
        if request.method == "GET":
            return web.json_response(self._seen)
        events = json.loads(await request.read())["events"]
        if self._sessions is not None:
            for event in events:
                if event["type"] == "m.room.encrypted":
                    self._sessions.decrypted(event["content"]["session_id"], event["content"]["ciphertext"])
        self._seen += len(events)
        return web.Response(body=b"{}", content_type="application/json")

    async def serve(self, port: int) -> None:
        """Answer until the process is ended."""
        runner = web.ServerRunner(web.Server(self.answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()


class Memory(MemoryStateStore, ASStateStore):
    """What mautrix keeps of rooms and users, in memory: a real bridge has it in a database."""

    def __init__(self) -> None:
        MemoryStateStore.__init__(self)
        ASStateStore.__init__(self)


class Bot:
    """A bot on mautrix-python that looks at every event and does nothing."""

    def __init__(self, hs_token: str, sessions: Sessions | None) -> None:
        self._service = AppService(
            server="http://127.0.0.1:1",
            domain="tchap.test",
            as_token="unused",
            hs_token=hs_token,
            bot_localpart=BOT,
            id=BOT,
            state_store=Memory(),
        )
        self._sessions = sessions
        self._seen = 0
        self.commands = 0

    async def serve(self, port: int) -> None:
        """Answer until the process is ended."""
        self._service.matrix_event_handler(self._handle)
        self._service.app.router.add_get("/seen", self._say)
        await self._service.start("127.0.0.1", port)

    async def _handle(self, event: Event) -> None:
        self._seen += 1
        if self._sessions is not None and isinstance(event, EncryptedEvent):
            payload = self._sessions.decrypted(event.content.session_id, event.content.ciphertext.decode())
            event = Event.deserialize(
                {
                    **payload,
                    "room_id": event.room_id,
                    "event_id": event.event_id,
                    "sender": event.sender,
                    "origin_server_ts": event.timestamp,
                }
            )
        if (
            event.type == EventType.ROOM_MESSAGE
            and isinstance(event, MessageEvent)
            and isinstance(event.content, TextMessageEventContent)
            and event.content.body.startswith("!visio")
        ):
            self.commands += 1

    async def _say(self, _request: web.Request) -> web.Response:
        return web.json_response(self._seen)


async def main(port: int, hs_token: str, keys: Path, kind: str, *, decrypting: bool) -> None:
    """Serve for ever."""
    sessions = Sessions(json.loads(keys.read_text())) if decrypting else None
    await (Bot(hs_token, sessions) if kind == "mautrix" else Least(sessions)).serve(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(
        main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4], decrypting="decrypting" in sys.argv)
    )
