"""The words of one meeting, as they become known: what was heard, what is being heard, and what could not be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from transcripts.recognition.heard_words import Remembered
from transcripts.recognition.recogniser import RecognitionFailed
from transcripts.storage.spool import TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from transcripts.recognition.asked import Urgency
    from transcripts.recognition.heard_words import HeardWords, WindowKey
    from transcripts.recognition.hearing import Heard, Hearing
    from transcripts.recognition.recogniser import DecodingOptions
    from transcripts.sound import Samples
    from transcripts.storage.spool import MeetingId

log = structlog.get_logger()

AGAIN_AFTER_S: Final = 30.0
"""When what the engine gave up on is tried once more while the call goes on."""


class MeetingWords:
    """Has windows heard beside its owner's other work, and keeps at once what was heard in them."""

    def __init__(self, meeting: MeetingId, hearing: Hearing, journal: HeardWords) -> None:
        self._meeting = meeting
        self._hearing = hearing
        self._journal = journal
        self._known = Remembered()
        self._has_recalled = False
        self._in_hand: dict[WindowKey, asyncio.Task[None]] = {}
        self._gave_up_at_s: dict[WindowKey, float] = {}
        self.failures: dict[WindowKey, str] = {}
        """Why a window was not heard, as of the latest try."""

    async def recall(self) -> None:
        """Learn what was heard before, by whomever, unless that is done already."""
        if not self._has_recalled:
            self._known = await asyncio.to_thread(self._journal.read)
            self._has_recalled = True

    @property
    def heard(self) -> Mapping[WindowKey, Heard]:
        """The windows that were heard."""
        return self._known.windows

    def is_in_hand(self, key: WindowKey) -> bool:
        """Whether a window waits for being heard, or is being heard."""
        return key in self._in_hand

    @property
    def languages(self) -> Mapping[str, Mapping[str, float]]:
        """How likely each track is in which language, of those of which a window has told."""
        return self._known.languages

    @property
    def times_heard(self) -> int:
        """How many windows were heard, those that have grown since, and those heard again, included."""
        return self._known.times

    def hear(
        self,
        key: WindowKey,
        cut: Callable[[], Samples],
        options: DecodingOptions,
        urgency: Urgency,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Have a window heard, and call `then`; nothing happens where that goes on already, or failed a moment ago."""
        now_s = asyncio.get_running_loop().time()
        gave_up_at_s = self._gave_up_at_s.get(key)
        if key in self._in_hand or (gave_up_at_s is not None and now_s < gave_up_at_s + AGAIN_AFTER_S):
            return
        task = self._in_hand[key] = asyncio.create_task(self._hear(key, cut, options, urgency, then))
        task.add_done_callback(lambda _: self._in_hand.pop(key, None))

    def try_again(self) -> None:
        """What failed may be tried again from now on."""
        self._gave_up_at_s.clear()
        self.failures.clear()

    def drop_all_but(self, keys: Collection[WindowKey]) -> None:
        """Windows that there are no more need not be heard."""
        for key, task in self._in_hand.items():
            if key not in keys:
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

    async def _hear(
        self,
        key: WindowKey,
        cut: Callable[[], Samples],
        options: DecodingOptions,
        urgency: Urgency,
        then: Callable[[], None],
    ) -> None:
        try:
            heard = await self._hearing.hear(self._meeting, cut, options, urgency)
            self._known.add(key, heard)
            await asyncio.to_thread(self._journal.add, key, heard)
            then()
        except (RecognitionFailed, TrackUnreadable) as error:
            self._give_up(key, str(error))
        except Exception as error:  # whatever it is, it costs this window and no other
            log.exception("speech cannot be heard: a fault of the engine, or of Greffier's own")
            self._give_up(key, f"a fault while it was heard ({type(error).__name__})")
        else:
            self.failures.pop(key, None)

    def _give_up(self, key: WindowKey, why: str) -> None:
        self._gave_up_at_s[key] = asyncio.get_running_loop().time()
        self.failures[key] = why
