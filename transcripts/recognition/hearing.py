"""The pool of recognition: windows of all the meetings of a process, heard by as many workers as the engine bears.

What waits here is small: a window's sound is cut when its turn comes, so at most `at_once` batches of sound are in
memory, however far recognition is behind. The most urgent come first, and among equally urgent ones the meetings take
turns, so that a long meeting that is behind is in nobody's way. While the engine is away, what waits goes on waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from math import ceil
from typing import TYPE_CHECKING, Any, Final, Self

import structlog

from transcripts.recognition.absence import MOST_OF_ONE_WINDOW, Absence
from transcripts.recognition.recogniser import NO_HINTS, Hints, RecogniserAway, Recognition, RecognitionFailed
from transcripts.storage.spool import TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from transcripts.recognition.recogniser import Recogniser
    from transcripts.sound import Samples
    from transcripts.storage.spool import MeetingId

log = structlog.get_logger()


FEW_WINDOWS: Final = 10
"""A call that was followed has no more left to be heard when it is over. One that was not would keep the workers from
all others for as long as it takes, which would then be late too: it takes turns with those that go on."""


class Urgency(IntEnum):
    """What is heard before what."""

    OVER = 0
    """Its call is over, and somebody waits for its transcript."""
    CLOSED = 1
    """A window that will not change any more, of a call that goes on."""
    OPEN = 2
    """A window that may still grow: heard only where a worker would do nothing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a window, in which language it was taken to be, and the CPU time that it took."""

    language: str
    recognition: Recognition
    cpu_s: float


@dataclass(eq=False, slots=True)
class _Asked:
    """A window that waits, or, where no language is given, speech whose language is asked for."""

    meeting: MeetingId
    cut: Callable[[], Samples]
    language: str | None
    hints: Hints
    urgency: Urgency
    answer: asyncio.Future[Any]
    is_second_try: bool = False
    absences: set[int] = field(default_factory=set)
    """Those of the engine that it met."""

    @property
    def goes_alone(self) -> bool:
        """Whether it is in no batch: it might spoil it, or keep a worker from something urgent for longer."""
        return self.is_second_try or self.language is None or self.urgency is Urgency.OPEN

    def settle(self, answer: object) -> None:
        if self.answer.done():
            return  # nobody waits for it any more
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


@dataclass(eq=False, slots=True)
class _Running:
    cpu_s: float = 0.0


@dataclass(slots=True)
class _CpuTime:
    """Shares out the CPU time of the process, of all its threads, among the batches that are being heard."""

    running: set[_Running] = field(default_factory=set)
    _shared_until_s: float = 0.0

    def begin(self) -> _Running:
        self._share()
        running = _Running()
        self.running.add(running)
        return running

    def end(self, running: _Running) -> float:
        self._share()
        self.running.discard(running)
        return running.cpu_s

    def _share(self) -> None:
        now_s = time.process_time()
        for running in self.running:
            running.cpu_s += (now_s - self._shared_until_s) / len(self.running)
        self._shared_until_s = now_s


class Hearing:
    """Hears windows with one recogniser while its block runs; what still waits at its end is cancelled."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._unanswered: set[_Asked] = set()
        self._waiting: list[_Asked] = []
        """Those of them that are not being heard."""
        self._some_wait = asyncio.Event()
        self._cpu_time = _CpuTime()
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
    def is_idle(self) -> bool:
        """Whether a worker has nothing to do."""
        return not self._waiting and self._free > 0

    async def hear(
        self,
        meeting: MeetingId,
        cut: Callable[[], Samples],
        language: str,
        hints: Hints = NO_HINTS,
        urgency: Urgency = Urgency.CLOSED,
    ) -> Heard:
        """What is said in one window; cancelled, it does not wait its turn any longer.

        Args:
            meeting: whose window it is.
            cut: gives its sound, in a worker's thread, when its turn has come.
            language: which one is spoken, as ISO 639-1.
            hints: words that are likely.
            urgency: what it may wait for.

        Raises:
            RecognitionFailed: the engine gave up twice, the second time on this window alone, or was away for too long.
            TrackUnreadable: `cut` raised it.
            Exception: whatever the engine raised that it should not, the second time on this window alone.
        """
        heard: Heard = await self._answer(meeting, cut, language, hints, urgency)
        return heard

    async def language_scores(
        self, meeting: MeetingId, cut: Callable[[], Samples], urgency: Urgency = Urgency.CLOSED
    ) -> Mapping[str, float]:
        """How likely some speech is to be in each language; raises as `hear` does."""
        scores: Mapping[str, float] = await self._answer(meeting, cut, None, NO_HINTS, urgency)
        return scores

    def hurry(self, meeting: MeetingId) -> None:
        """The call is over: what waits of it is urgent now, and what is being heard if it has to wait again."""
        for asked in self._unanswered:
            if asked.meeting == meeting:
                asked.urgency = Urgency.OVER

    async def _answer(
        self, meeting: MeetingId, cut: Callable[[], Samples], language: str | None, hints: Hints, urgency: Urgency
    ) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        asked = _Asked(meeting, cut, language, hints, urgency, answer)
        self._unanswered.add(asked)
        self._wait(asked)
        try:
            return await answer
        finally:
            self._unanswered.discard(asked)
            if asked in self._waiting:
                self._waiting.remove(asked)

    def _wait(self, asked: _Asked) -> None:
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

    def _next(self) -> list[_Asked]:
        """The batch that is heard next, taken from those that wait; one worker leaves some of it to the others."""
        waiting = Counter(asked.meeting for asked in self._waiting)

        def turn(asked: _Asked) -> tuple[int, int]:
            is_behind = waiting[asked.meeting] > FEW_WINDOWS
            return max(asked.urgency, Urgency.CLOSED) if is_behind else asked.urgency, self._turns[asked.meeting]

        first = min(self._waiting, key=turn)
        alike = [first]
        if not first.goes_alone:
            others = [asked for asked in self._waiting if asked is not first and _go_together(first, asked)]
            alike += sorted(others, key=turn)
        batch = alike[: min(self._recogniser.batch, ceil(len(alike) / max(1, self._free)))]
        self._turn += 1
        for asked in batch:
            self._waiting.remove(asked)
            self._turns[asked.meeting] = self._turn
        return batch

    async def _hear(self, batch: Sequence[_Asked]) -> None:
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
            elif isinstance(answer, Recognition):
                asked.settle(Heard(asked.language or "", answer, round(cpu_s / len(batch), 3)))
            else:
                asked.settle(answer)

    def _wait_for_engine(self, asked: _Asked, away: RecogniserAway) -> None:
        asked.absences.add(self._absence.met(str(away)))
        if len(asked.absences) > MOST_OF_ONE_WINDOW:
            asked.settle(away)
        elif not asked.answer.done():
            self._wait(asked)
        if self._absence.is_too_long:
            for waiting in self._waiting:
                waiting.settle(away)
            self._waiting.clear()


def _is_the_engine_s(error: Exception) -> bool:
    return not isinstance(error, TrackUnreadable)


def _cause(error: Exception) -> str:
    """What may be logged: the text of an error that is not ours may hold words that were said."""
    return str(error) if isinstance(error, RecognitionFailed) else type(error).__name__


def _go_together(one: _Asked, other: _Asked) -> bool:
    alike = (one.urgency, one.language, one.hints) == (other.urgency, other.language, other.hints)
    return alike and not other.goes_alone


def _heard(recogniser: Recogniser, batch: Sequence[_Asked]) -> list[object]:
    """In a worker's thread: an answer to each of the batch, which may be an exception."""
    cuts = [_tried(asked.cut) for asked in batch]
    sounds = {n: cut for n, cut in enumerate(cuts) if not isinstance(cut, Exception)}
    first = batch[0]

    def hear() -> Sequence[object]:
        if first.language is None:
            return [recogniser.language_scores(sounds[0])]
        return recogniser.recognise(list(sounds.values()), first.language, first.hints)

    found = _tried(hear) if sounds else []
    for place, n in enumerate(sounds):
        cuts[n] = found if isinstance(found, Exception) else found[place]
    return cuts


def _tried(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Exception as error:  # noqa: BLE001 (whoever asked is told)
        return error
