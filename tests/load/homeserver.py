"""A homeserver in a process of its own that only hands out `/sync` answers made beforehand: `… PORT EVENTS COMMANDS`.

It costs as little as it can, so that what is measured is who listens. It minds no filter: what a real homeserver would
leave out of its answers, the bot has to pass over.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, Final

from aiohttp import web

EVENTS_A_SYNC: Final = 100
ROOMS: Final = 200
ROOMS_A_SYNC: Final = 20
COMMAND: Final = "!visio état"
_CHAT: Final = (
    "Bonjour, je regarde le dossier et je reviens vers vous dans la matinée, avant la réunion de onze heures."
)


def prepared(events: int, commands: float) -> list[bytes]:
    """The answers that hold so many events, 100 in each, spread over 20 of 200 rooms; every event is another one.

    Args:
        events: how many.
        commands: the share of them that are commands.
    """
    answers: list[bytes] = []
    every = round(1 / commands) if commands else 0
    for first in range(0, events, EVENTS_A_SYNC):
        rooms: dict[str, Any] = {}
        for number in range(first, min(first + EVENTS_A_SYNC, events)):
            content = _text(is_command=every > 0 and number % every == 0)
            room = (first // EVENTS_A_SYNC * ROOMS_A_SYNC + number % ROOMS_A_SYNC) % ROOMS
            timeline = rooms.setdefault(f"!{room:018}:tchap.test", _room(number))["timeline"]
            timeline["events"].append(_event(number, content))
        answers.append(json.dumps({"next_batch": f"s{len(answers) + 1}", "rooms": {"join": rooms}}).encode())
    return answers


def _room(number: int) -> dict[str, Any]:
    return {
        "timeline": {"events": [], "prev_batch": f"t{number}-s1_2_3_4_5_6_7_8_9", "limited": False},
        "state": {"events": []},
        "account_data": {"events": []},
        "ephemeral": {"events": []},
        "unread_notifications": {"notification_count": 0, "highlight_count": 0},
        "summary": {},
    }


def _event(number: int, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "sender": f"@prenom.nom-agent{number % 50}.gouv:tchap.test",
        "content": content,
        "origin_server_ts": int(time.time() * 1000),
        "unsigned": {"age": 120, "membership": "join"},
        "event_id": f"${number:043}",
    }


def _text(*, is_command: bool) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": COMMAND if is_command else _CHAT, "m.mentions": {}}


async def serve(port: int, answers: list[bytes]) -> None:
    """Answer until the process is ended; whoever has had everything waits."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if "/state/" in request.path:  # no room is encrypted
            return web.Response(status=404, body=b'{"errcode": "M_NOT_FOUND"}', content_type="application/json")
        if not request.path.endswith("/sync"):
            return web.Response(body=b"{}", content_type="application/json")
        since = request.query.get("since")
        if since is None:
            return web.Response(body=b'{"next_batch": "s0"}', content_type="application/json")
        if since == f"s{len(answers)}":
            await asyncio.Event().wait()
        return web.Response(body=answers[int(since[1:])], content_type="application/json")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), prepared(int(sys.argv[2]), float(sys.argv[3]))))
