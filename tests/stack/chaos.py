"""`make demo CHAOS=1`: `kill -9` of the recorder while somebody talks, of the speech process while it transcribes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from tests.evaluation.meetings import unheard
from tests.stack.meeting_in_room import CARD_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.evaluation.meetings import Meeting, Segment
    from tests.stack.people import MatrixPerson
    from tests.stack.room_view import RoomView
    from tests.stack.stack import Stack
    from tests.stack.terminal import Terminal

_INTO_A_TURN_S = 1.5
_INTO_THE_WORK_S = 1.0
_BACK_WITHIN_S = 90.0
_AT_WORK_AGAIN = {"recorder": "recorder in the call", "speech": "speech ready"}
"""What the log says then."""
_MARGIN_S = 1.0
"""Words so close to the gap that is marked may be cut."""


class Chaos:
    """Watches a meeting for the terminal, and kills what works for it.

    Attributes:
        away_s: how long each process that was killed was away from its work.
    """

    def __init__(self, stack: Stack, meeting: Meeting, terminal: Terminal) -> None:
        self.away_s: dict[str, float] = {}
        self._stack = stack
        self._terminal = terminal
        self._spoke_at = 0.0
        turns = sorted(meeting.reference.segments, key=lambda turn: turn.start)
        self._cut = max((turn for turn in turns[: len(turns) // 2 + 1]), key=lambda turn: turn.end - turn.start)
        self._kills: set[asyncio.Task[None]] = set()

    def happened(self, what: str) -> None:
        """Something took place."""
        self._terminal.happened(what)

    def speaks(self, segment: Segment) -> None:
        """Somebody begins to speak; in the middle of the longest turn of the first half, the recorder dies."""
        self._spoke_at = self._spoke_at or time.time() - segment.start
        self._terminal.speaks(segment)
        if segment == self._cut:
            self._kills.add(
                asyncio.create_task(self._kill("recorder", _INTO_A_TURN_S, f"while {segment.speaker} talks"))
            )

    @asynccontextmanager
    async def killing_speech(self, reader: MatrixPerson, room_id: str, card_id: str) -> AsyncIterator[None]:
        """Meanwhile, kill the speech process once the card says that the meeting is being transcribed."""
        task = asyncio.create_task(self._kill_speech(reader, room_id, card_id))
        self._kills.add(task)
        try:
            yield
            async with asyncio.timeout(_BACK_WITHIN_S):
                await asyncio.gather(*self._kills)
        finally:
            for kill in self._kills:
                kill.cancel()

    async def _kill_speech(self, reader: MatrixPerson, room_id: str, card_id: str) -> None:
        def over(room: RoomView) -> str | None:
            state: str = room.event(card_id).content[CARD_KEY]["state"] if card_id in room else "open"
            return state if state != "open" else None

        await reader.wait_for(room_id, over, within_s=24 * 3600, what="the end of the call")
        await self._kill("speech", _INTO_THE_WORK_S, "while it transcribes")

    async def _kill(self, role: Literal["recorder", "speech"], in_s: float, when: str) -> None:
        await asyncio.sleep(in_s)
        greffier, terminal = self._stack.greffier, self._terminal
        pid, log_size = greffier.pids()[role], greffier.process.log_size()
        os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        terminal.happened(terminal.bold(f"kill -9 {pid}: the {role} process, {when}"))
        while _AT_WORK_AGAIN[role] not in greffier.process.log_since(log_size):  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(0.1)
        self.away_s[role] = time.monotonic() - killed_at
        back = f"The {role} process is back as {greffier.pids()[role]}, {self.away_s[role]:.1f} s later"
        terminal.happened(terminal.bold(back))

    def heard(self, meeting: Meeting, meeting_id: str) -> Meeting:
        """The meeting without the words that fell into the gaps that its transcript marks."""
        for start_s, end_s in self._gaps(meeting_id):
            meeting = unheard(meeting, start_s - _MARGIN_S, end_s + _MARGIN_S)
        return meeting

    def failures(self, meeting_id: str) -> list[str]:
        """Why it is not shown that both deaths were survived, in sentences."""
        failures = [f"The {role} process was not killed." for role in _AT_WORK_AGAIN if role not in self.away_s]
        marked_s = sum(end_s - start_s for start_s, end_s in self._gaps(meeting_id))
        if marked_s == 0:
            failures.append("The transcript does not mark the time when nothing was recorded.")
        elif marked_s > self.away_s.get("recorder", 0.0) + 2 * _MARGIN_S:
            failures.append(f"The transcript marks {marked_s:.1f} s as not recorded.")
        return failures

    def _gaps(self, meeting_id: str) -> list[tuple[float, float]]:
        """What the transcript says was not recorded, on the clock of the reference."""
        stored = self._stack.greffier.transcript(meeting_id)
        behind_s = datetime.fromisoformat(stored["started_at"]).timestamp() - self._spoke_at
        return [(behind_s + gap["start_s"], behind_s + gap["end_s"]) for gap in stored.get("gaps", ())]
