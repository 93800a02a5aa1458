"""The pool of recognition: windows of all the meetings of a process, heard by as many workers as the engine bears.

What waits here is small: a window's sound is cut when its turn comes, so at most `at_once` batches of sound are in
memory, however far recognition is behind. The most urgent come first, and among equally urgent ones the meetings take
turns, so that a long meeting that is behind is in nobody's way. While the engine is away, what waits goes on waiting.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Self

import structlog

from transcripts.recognition.absence import MOST_OF_ONE_WINDOW, Absence
from transcripts.recognition.asked import Asked, Urgency, next_together
from transcripts.recognition.cpu_time import CpuTime
from transcripts.recognition.recogniser import RecogniserAway, RecognitionFailed, Spoken
from transcripts.storage.spool import TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from transcripts.recognition.recogniser import DecodingOptions, Recogniser
    from transcripts.sound import Samples
    from transcripts.storage.spool import MeetingId

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Heard(Spoken):
    """What was said in a window, how it was listened to, and the CPU time that it took."""

    several_voices: bool = False
    cpu_s: float = 0.0


class Hearing:
    """Hears windows with one recogniser while its block runs; what still waits at its end is cancelled."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._unanswered: set[Asked] = set()
        self._waiting: list[Asked] = []
        """Those of them that are not being heard."""
        self._some_wait = asyncio.Event()
        self._cpu_time = CpuTime()
        self._absence = Absence()
        self._turns: dict[MeetingId, int] = defaultdict(int)
        self._turn = 0
        self._workers: list[asyncio.Task[None]] = []
        self._threads: ThreadPoolExecutor

    async def __aenter__(self) -> Self:
        at_once = self._recogniser.at_once
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="recognition")
        self._workers = [asyncio.create_task(self._work(), name=f"recognition {n}") for n in range(at_once)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for asked in self._waiting:
            asked.answer.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)  # native code at work is not to be interrupted

    @property
    def at_once(self) -> int:
        """How many windows are heard at the same time."""
        return len(self._workers)

    @property
    def is_idle(self) -> bool:
        """Whether a worker has nothing to do."""
        return not self._waiting and self._free > 0

    async def hear(
        self,
        meeting: MeetingId,
        cut: Callable[[], Samples],
        options: DecodingOptions,
        urgency: Urgency = Urgency.CLOSED,
    ) -> Heard:
        """What is said in one window; cancelled, it does not wait its turn any longer.

        Args:
            meeting: whose window it is.
            cut: gives its sound, in a worker's thread, when its turn has come.
            options: what is known of it.
            urgency: what it may wait for.

        Raises:
            RecognitionFailed: the engine gave up twice, the second time on this window alone, or was away for too long.
            TrackUnreadable: `cut` raised it.
            Exception: whatever the engine raised that it should not, the second time on this window alone.
        """
        answer: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        asked = Asked(meeting, cut, options, urgency, answer)
        self._unanswered.add(asked)
        self._wait(asked)
        try:
            return await answer
        finally:
            self._unanswered.discard(asked)
            if asked in self._waiting:
                self._waiting.remove(asked)

    def hurry(self, meeting: MeetingId) -> None:
        """The call is over: what waits of it is urgent now, and what is being heard if it has to wait again."""
        for asked in self._unanswered:
            if asked.meeting == meeting:
                asked.urgency = Urgency.OVER

    def _wait(self, asked: Asked) -> None:
        self._waiting.append(asked)
        self._some_wait.set()

    @property
    def _free(self) -> int:
        return len(self._workers) - len(self._cpu_time.running)

    async def _work(self) -> None:
        while True:
            await self._until_some_can_be_heard()
            await self._hear(self._next())

    async def _until_some_can_be_heard(self) -> None:
        while True:
            while not self._waiting:
                self._some_wait.clear()
                await self._some_wait.wait()
            if not (pause_s := self._absence.pause_s):
                return
            await asyncio.sleep(pause_s)

    def _next(self) -> list[Asked]:
        """What is heard next of what waits; one worker leaves some of it to the others."""
        alike = next_together(self._waiting, self._turns)
        batch = alike[: min(self._recogniser.batch, ceil(len(alike) / max(1, self._free)))]
        self._turn += 1
        for asked in batch:
            self._waiting.remove(asked)
            self._turns[asked.meeting] = self._turn
        return batch

    async def _hear(self, batch: Sequence[Asked]) -> None:
        running = self._cpu_time.begin()
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._threads, _heard, self._recogniser, batch)
        except asyncio.CancelledError:
            for asked in batch:
                asked.answer.cancel()
            raise
        finally:
            cpu_s = self._cpu_time.end(running)
        for asked, answer in zip(batch, answers, strict=True):
            if isinstance(answer, RecogniserAway):
                self._wait_for_engine(asked, answer)
                continue
            if not isinstance(answer, TrackUnreadable):
                self._absence.over()
            if isinstance(answer, Exception) and _is_the_engine_s(answer) and not asked.is_second_try:
                log.warning("recognition failed and is tried once more", cause=_cause(answer), meeting_id=asked.meeting)
                asked.is_second_try = True
                if not asked.answer.done():
                    self._wait(asked)
            elif isinstance(answer, Spoken):
                asked.settle(_heard_as(answer, asked.options, round(cpu_s / len(batch), 3)))
            else:
                asked.settle(answer)

    def _wait_for_engine(self, asked: Asked, away: RecogniserAway) -> None:
        asked.absences.add(self._absence.met(str(away)))
        if len(asked.absences) > MOST_OF_ONE_WINDOW:
            asked.settle(away)
        elif not asked.answer.done():
            self._wait(asked)
        if self._absence.is_too_long:
            for waiting in self._waiting:
                waiting.settle(away)
            self._waiting.clear()


def _heard_as(said: Spoken, options: DecodingOptions, cpu_s: float) -> Heard:
    return Heard(said.recognition, said.language, said.scores, options.several_voices, cpu_s)


def _is_the_engine_s(error: Exception) -> bool:
    return not isinstance(error, TrackUnreadable)


def _cause(error: Exception) -> str:
    """What may be logged: the text of an error that is not ours may hold words that were said."""
    return str(error) if isinstance(error, RecognitionFailed) else type(error).__name__


def _heard(recogniser: Recogniser, batch: Sequence[Asked]) -> list[object]:
    """In a worker's thread: an answer to each of the batch, which may be an exception."""
    cuts = [_tried(asked.cut) for asked in batch]
    sounds = {n: cut for n, cut in enumerate(cuts) if not isinstance(cut, Exception)}
    found = _tried(lambda: recogniser.recognise(list(sounds.values()), batch[0].options)) if sounds else []
    for place, n in enumerate(sounds):
        cuts[n] = found if isinstance(found, Exception) else found[place]
    return cuts


def _tried(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Exception as error:  # noqa: BLE001 (whoever asked is told)
        return error
