"""The words of one meeting, as they become known: what was heard, what is being heard, and what could not be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from transcripts.recognition.recogniser import RecognitionFailed
from transcripts.storage.spool import TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from transcripts.recognition.asked import Urgency
    from transcripts.recognition.heard_words import HeardWords, Remembered, WindowKey
    from transcripts.recognition.hearing import Heard, Hearing
    from transcripts.recognition.recogniser import Hints
    from transcripts.sound import Samples
    from transcripts.storage.spool import MeetingId

log = structlog.get_logger()

AGAIN_AFTER_S: Final = 30.0
"""When what the engine gave up on is tried once more while the call goes on."""


class MeetingWords:
    """Has windows heard beside its owner's other work, and keeps at once what was heard in them."""

    def __init__(self, meeting: MeetingId, hearing: Hearing, journal: HeardWords, known: Remembered) -> None:
        self._meeting = meeting
        self._hearing = hearing
        self._journal = journal
        self._known = known
        self._in_hand: dict[WindowKey | str, asyncio.Task[None]] = {}
        self._gave_up_at_s: dict[WindowKey | str, float] = {}
        self.failures: dict[WindowKey | str, str] = {}
        """Why a window, or the language of a track, was not heard, as of the latest try."""

    @property
    def heard(self) -> Mapping[WindowKey, Heard]:
        """The windows that were heard."""
        return self._known.windows

    def language_of(self, key: WindowKey) -> str | None:
        """The language that a window was heard in, if it was heard."""
        heard = self._known.windows.get(key)
        return heard.language if heard is not None else None

    def is_wanted(self, key: WindowKey) -> bool:
        """Whether a window was neither heard nor waits for being heard."""
        return key not in self._known.windows and key not in self._in_hand

    @property
    def languages(self) -> Mapping[str, Mapping[str, float]]:
        """How likely each track that was listened to for it is in which language."""
        return self._known.languages

    @property
    def times_heard(self) -> int:
        """How many windows were heard, those that have grown since, and those heard again, included."""
        return self._known.times

    def hear(self, key: WindowKey, cut: Callable[[], Samples], language: str, hints: Hints, urgency: Urgency) -> None:
        """Have a window heard; nothing happens where that goes on already, or failed a moment ago."""

        async def hear() -> None:
            heard = await self._hearing.hear(self._meeting, cut, language, hints, urgency)
            self._known.windows[key] = heard
            self._known.times += 1
            await asyncio.to_thread(self._journal.add, key, heard)

        self._begin(key, hear)

    def listen(
        self,
        track: str,
        cut: Callable[[], Samples],
        allowed: Sequence[str],
        urgency: Urgency,
        then: Callable[[], None],
    ) -> None:
        """Find out in which of the allowed languages a track is; `then` is called once that is known."""

        async def listen() -> None:
            scores = await self._hearing.language_scores(self._meeting, cut, urgency)
            self._known.languages[track] = {name: scores.get(name, 0.0) for name in allowed}
            await asyncio.to_thread(self._journal.add_language, track, self._known.languages[track])
            then()

        self._begin(track, listen)

    def try_again(self) -> None:
        """What failed may be tried again from now on."""
        self._gave_up_at_s.clear()
        self.failures.clear()

    def drop_all_but(self, keys: Collection[WindowKey]) -> None:
        """Windows that there are no more need not be heard."""
        for key, task in self._in_hand.items():
            if not isinstance(key, str) and key not in keys:
                task.cancel()

    async def until_done(self) -> None:
        """Wait until nothing is in hand any more."""
        while self._in_hand:
            await asyncio.gather(*self._in_hand.values(), return_exceptions=True)

    async def leave_off(self) -> None:
        """Nothing more is wanted."""
        tasks = list(self._in_hand.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, key: WindowKey | str, act: Callable[[], Awaitable[None]]) -> None:
        now_s = asyncio.get_running_loop().time()
        gave_up_at_s = self._gave_up_at_s.get(key)
        if key in self._in_hand or (gave_up_at_s is not None and now_s < gave_up_at_s + AGAIN_AFTER_S):
            return
        task = self._in_hand[key] = asyncio.create_task(self._try(key, act))
        task.add_done_callback(lambda _: self._in_hand.pop(key, None))

    async def _try(self, key: WindowKey | str, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except (RecognitionFailed, TrackUnreadable) as error:
            self._give_up(key, str(error))
        except Exception as error:  # whatever it is, it costs this window and no other
            log.exception("speech cannot be heard: a fault of the engine, or of Greffier's own")
            self._give_up(key, f"a fault while it was heard ({type(error).__name__})")
        else:
            self.failures.pop(key, None)

    def _give_up(self, key: WindowKey | str, why: str) -> None:
        self._gave_up_at_s[key] = asyncio.get_running_loop().time()
        self.failures[key] = why
