"""Owns remembering what rooms answered, until something is heard that makes it doubtful; within bounds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from bridge.matrix.ids import RoomId

Answer = TypeVar("Answer")

MOST_PARTS = 50_000
"""How large all answers may be together, in what they have most of: members. Some 15 MB."""
_TRIES = 3


@dataclass(frozen=True)
class _Kept:
    answer: Any
    until_s: float
    parts: int


class _Question:
    """Somebody waits for the homeserver to answer."""

    is_doubtful = False
    """Whether something was heard since it was asked, so that its answer may be of before."""


class Remembered:
    """Answers by room and subject. The oldest in use go first when there are too many."""

    def __init__(self, most_parts: int = MOST_PARTS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_parts = most_parts
        self._clock = clock
        self._kept: OrderedDict[tuple[RoomId, str], _Kept] = OrderedDict()
        self._parts = 0
        # Weakly: a question is there for as long as somebody waits for its answer.
        self._asked: WeakValueDictionary[tuple[RoomId, str], _Question] = WeakValueDictionary()

    async def get(
        self,
        room_id: RoomId,
        subject: str,
        ask: Callable[[], Awaitable[Answer]],
        *,
        valid_s: float,
        parts: Callable[[Answer], int],
    ) -> Answer:
        """What is remembered, or what `ask` answers, which is then remembered for at most `valid_s` seconds.

        `parts` says how large an answer is.
        """
        key = (room_id, subject)
        kept = self._kept.get(key)
        if kept is not None and kept.until_s > self._clock():
            self._kept.move_to_end(key)
            remembered: Answer = kept.answer
            return remembered
        for _ in range(_TRIES):
            question = self._asked.setdefault(key, _Question())
            asked_at_s = self._clock()
            answer = await ask()
            if not question.is_doubtful:
                self._keep(key, _Kept(answer, asked_at_s + valid_s, 1 + parts(answer)))
                break
        return answer  # of a room in which something happens all the time, this one is as good as any

    def doubt(self, room_id: RoomId, *subjects: str) -> None:
        """What is known of these subjects may not hold any more."""
        for subject in subjects:
            self._drop((room_id, subject))

    def doubt_all(self, room_id: RoomId | None = None) -> None:
        """Nothing that is known of this room, or of any, may hold any more."""
        for key in [*self._kept, *self._asked]:
            if room_id in (None, key[0]):
                self._drop(key)

    def _drop(self, key: tuple[RoomId, str]) -> None:
        if (question := self._asked.pop(key, None)) is not None:
            question.is_doubtful = True
        if (kept := self._kept.pop(key, None)) is not None:
            self._parts -= kept.parts

    def _keep(self, key: tuple[RoomId, str], kept: _Kept) -> None:
        if (before := self._kept.pop(key, None)) is not None:
            self._parts -= before.parts
        self._kept[key] = kept
        self._parts += kept.parts
        while self._parts > self._most_parts and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._parts -= oldest.parts
