"""The pool of recognition: what is heard first, what together, and what becomes of what cannot be heard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.fakes.speech import ScriptedRecogniser
from tests.fakes.waiting import until
from transcripts.recognition.absence import MOST_OF_ONE_WINDOW
from transcripts.recognition.asked import FEW_WINDOWS, Urgency
from transcripts.recognition.hearing import Heard, Hearing
from transcripts.recognition.recogniser import DecodingOptions, RecogniserAway, RecognitionFailed, Spoken
from transcripts.sound import SAMPLE_RATE_HZ, Samples
from transcripts.storage.spool import MeetingId, TrackUnreadable

FRENCH = DecodingOptions(("fr",))
ONE, OTHER, FRESH = MeetingId("m-1"), MeetingId("m-2"), MeetingId("m-3")


class HeldRecogniser(ScriptedRecogniser):
    """Hears nothing before it may; windows are known by their length in seconds."""

    def __init__(self, *, at_once: int = 1, batch: int = 1) -> None:
        super().__init__(at_once=at_once, batch=batch)
        self.may_hear = threading.Semaphore(0)

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """See `Recogniser`."""
        self.may_hear.acquire()
        return super().recognise(windows, options)

    @property
    def heard_s(self) -> list[tuple[float, ...]]:
        """The lengths of the windows of each call."""
        return [lengths_s for _, lengths_s in self.asked]


def window(lasting_s: float) -> Callable[[], Samples]:
    """A window of this length."""
    return lambda: np.ones(round(lasting_s * SAMPLE_RATE_HZ), np.float32)


@asynccontextmanager
async def asked(
    hearing: Hearing, *windows: tuple[MeetingId, float, Urgency], language: str = "fr"
) -> AsyncIterator[list[asyncio.Task[Heard]]]:
    """These windows wait, in this order."""
    tasks = []
    for meeting, lasting_s, urgency in windows:
        tasks.append(
            asyncio.create_task(hearing.hear(meeting, window(lasting_s), DecodingOptions((language,)), urgency))
        )
        await asyncio.sleep(0)
    yield tasks
    await asyncio.gather(*tasks)


async def test_the_most_urgent_is_heard_first() -> None:
    """What somebody waits for; then what will not change; then what may."""
    recogniser = HeldRecogniser()
    async with Hearing(recogniser) as hearing:
        windows = [(ONE, 1.0, Urgency.CLOSED), (ONE, 2.0, Urgency.OPEN), (ONE, 3.0, Urgency.CLOSED)]
        async with asked(hearing, *windows, (OTHER, 4.0, Urgency.OVER)):
            recogniser.may_hear.release(4)
    assert recogniser.heard_s == [(1.0,), (4.0,), (3.0,), (2.0,)]


async def test_a_meeting_whose_call_is_over_overtakes() -> None:
    """With all that waits of it."""
    recogniser = HeldRecogniser()
    async with Hearing(recogniser) as hearing:
        windows = [(ONE, float(n), Urgency.CLOSED) for n in (1, 2, 3)] + [(OTHER, 4.0, Urgency.CLOSED)]
        async with asked(hearing, *windows):
            hearing.hurry(OTHER)
            recogniser.may_hear.release(4)
    assert recogniser.heard_s == [(1.0,), (4.0,), (2.0,), (3.0,)]


async def test_what_has_to_be_heard_again_is_as_urgent_as_its_call_is_by_then() -> None:
    """It failed just when people hung up."""
    recogniser = HeldRecogniser()
    failing = [True]
    recogniser.gives_up_on = lambda windows: len(windows[0]) == SAMPLE_RATE_HZ and bool(failing and failing.pop())
    async with Hearing(recogniser) as hearing:
        windows = [(ONE, 1.0, Urgency.CLOSED), (OTHER, 2.0, Urgency.CLOSED), (OTHER, 3.0, Urgency.CLOSED)]
        async with asked(hearing, *windows):
            hearing.hurry(ONE)
            recogniser.may_hear.release(4)
    assert recogniser.heard_s == [(1.0,), (1.0,), (2.0,), (3.0,)]


async def test_meetings_take_turns() -> None:
    """One that is far behind is in nobody's way."""
    recogniser = HeldRecogniser()
    async with Hearing(recogniser) as hearing:
        windows = [(ONE, float(n), Urgency.CLOSED) for n in (1, 2, 3)] + [(OTHER, 4.0, Urgency.CLOSED)]
        async with asked(hearing, *windows):
            recogniser.may_hear.release(4)
    assert recogniser.heard_s == [(1.0,), (4.0,), (2.0,), (3.0,)]


async def test_a_call_that_nobody_followed_makes_no_other_late() -> None:
    """It takes turns with those that go on, until little of it is left; whoever hangs up meanwhile is heard first."""
    recogniser = HeldRecogniser()
    behind = [(ONE, 100.0 + n, Urgency.OVER) for n in range(FEW_WINDOWS + 2)]
    goes_on = [(OTHER, float(n), Urgency.CLOSED) for n in (1, 2, 3)]
    async with Hearing(recogniser) as hearing, asked(hearing, *behind, *goes_on, (FRESH, 9.0, Urgency.OVER)):
        recogniser.may_hear.release(len(behind) + 4)
    heard_s = [length_s for (length_s,) in recogniser.heard_s]
    assert heard_s[:4] == [100.0, 9.0, 1.0, 101.0]
    assert heard_s[-2:] == [2.0, 3.0]


async def test_a_batch_is_not_filled_by_one_that_is_behind() -> None:
    """Whose turn it is has all that waits of it in it."""
    recogniser = HeldRecogniser(batch=4)
    windows = [(ONE, 1.0, Urgency.OVER)] * 12 + [(OTHER, 2.0, Urgency.OVER)] * 3
    async with Hearing(recogniser) as hearing, asked(hearing, *windows):
        recogniser.may_hear.release(len(windows))
    assert (2.0, 2.0, 2.0, 1.0) in recogniser.heard_s


async def test_windows_of_one_language_are_heard_together_and_shared_among_the_workers() -> None:
    """As many as the engine likes, and no worker takes all while another has none."""
    recogniser = ScriptedRecogniser(at_once=2, batch=4)
    async with Hearing(recogniser) as hearing:
        await asyncio.gather(*(hearing.hear(ONE, window(2.0), FRENCH, urgency=Urgency.OVER) for _ in range(4)))
    assert [lengths_s for _, lengths_s in recogniser.asked] == [(2.0, 2.0)] * 2


async def test_windows_of_several_languages_are_not_heard_together() -> None:
    """A call has one."""
    recogniser = HeldRecogniser(batch=8)
    languages = ("fr", "en", "fr", "en")
    async with Hearing(recogniser) as hearing:
        recogniser.may_hear.release(2)
        await asyncio.gather(
            *(
                hearing.hear(ONE, window(n), DecodingOptions((language,)))
                for n, language in enumerate(languages, start=1)
            )
        )
    assert recogniser.asked == [("fr", (1.0, 3.0)), ("en", (2.0, 4.0))]


async def test_a_window_that_spoils_its_batch_fails_alone() -> None:
    """The others are heard; it has had its second try."""
    recogniser = ScriptedRecogniser(gives_up_on=lambda windows: any(len(one) == SAMPLE_RATE_HZ for one in windows))
    async with Hearing(recogniser) as hearing:
        tasks = [asyncio.create_task(hearing.hear(ONE, window(n), FRENCH)) for n in (2.0, 1.0, 3.0)]
        done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in done] == [Heard, RecognitionFailed, Heard]
    assert recogniser.asked[0] == ("fr", (2.0, 1.0, 3.0))
    assert ("fr", (1.0,)) in recogniser.asked


async def test_a_window_whose_sound_is_gone_is_no_trouble_to_the_others() -> None:
    """It is cut when its turn has come."""

    def gone() -> Samples:
        raise TrackUnreadable("gone")

    async with Hearing(ScriptedRecogniser()) as hearing:
        done = await asyncio.gather(
            hearing.hear(ONE, gone, FRENCH), hearing.hear(ONE, window(1.0), FRENCH), return_exceptions=True
        )
    assert [type(one) for one in done] == [TrackUnreadable, Heard]


async def test_sound_is_cut_when_its_turn_comes() -> None:
    """However much waits, no more than a batch is in memory."""
    cut: list[float] = []

    def counted(lasting_s: float) -> Callable[[], Samples]:
        def cutting() -> Samples:
            cut.append(lasting_s)
            return window(lasting_s)()

        return cutting

    recogniser = HeldRecogniser(batch=2)
    async with Hearing(recogniser) as hearing:
        tasks = [asyncio.create_task(hearing.hear(ONE, counted(1.0), FRENCH)) for _ in range(10)]
        await until(lambda: len(cut) == 2)
        await asyncio.sleep(0.05)
        assert len(cut) == 2
        recogniser.may_hear.release(10)
        await asyncio.gather(*tasks)
    assert len(cut) == 10


async def test_nobody_hears_what_is_no_longer_wanted() -> None:
    """Cancelled while it waits."""
    recogniser = HeldRecogniser()
    async with Hearing(recogniser) as hearing:
        async with asked(hearing, (ONE, 1.0, Urgency.CLOSED)):
            unwanted = asyncio.create_task(hearing.hear(ONE, window(2.0), FRENCH))
            await asyncio.sleep(0.02)
            unwanted.cancel()
            await asyncio.gather(unwanted, return_exceptions=True)
            recogniser.may_hear.release(2)
        assert hearing.is_idle
    assert recogniser.heard_s == [(1.0,)]


async def test_what_waits_at_the_end_is_let_go_of() -> None:
    """Nobody waits for ever for a pool that is gone."""
    recogniser = HeldRecogniser()
    async with Hearing(recogniser) as hearing:
        tasks = [asyncio.create_task(hearing.hear(ONE, window(1.0), FRENCH)) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert not hearing.is_idle
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert [type(one) for one in done] == [asyncio.CancelledError] * 3
    recogniser.may_hear.release(3)


class AbsentRecogniser(ScriptedRecogniser):
    """Is away for so many calls; and whenever it is given a window of one second."""

    def __init__(self, away_for: int = 0) -> None:
        super().__init__(at_once=2, batch=1)
        self.away_for = away_for
        self.times_away = 0

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """See `Recogniser`."""
        if self.times_away < self.away_for or len(windows[0]) == SAMPLE_RATE_HZ:
            self.times_away += 1
            raise RecogniserAway("it cannot be reached")
        return super().recognise(windows, options)


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is away is tried again soon."""
    monkeypatch.setattr("transcripts.recognition.absence.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("transcripts.recognition.absence.LONGEST_PAUSE_S", 0.02)


@pytest.mark.usefixtures("short_pauses")
async def test_an_engine_that_is_away_is_waited_for() -> None:
    """However often it is asked meanwhile, no window has failed for that: its words are only late."""
    recogniser = AbsentRecogniser(away_for=20)
    async with Hearing(recogniser) as hearing, asyncio.timeout(10):
        with capture_logs() as logs:
            heard = await asyncio.gather(*(hearing.hear(ONE, window(n), FRENCH) for n in (2.0, 3.0, 4.0)))
    assert [type(one) for one in heard] == [Heard] * 3
    assert recogniser.times_away >= 20
    assert [entry["event"] for entry in logs] == [
        "the speech engine is away and waited for",
        "the speech engine is back",
    ]


@pytest.mark.usefixtures("short_pauses")
async def test_a_window_at_which_the_engine_falls_over_again_and_again_fails_alone() -> None:
    """It was back for others each time, so it is that window's fault."""
    recogniser = AbsentRecogniser()
    async with Hearing(recogniser) as hearing, asyncio.timeout(10):
        bad = asyncio.create_task(hearing.hear(ONE, window(1.0), FRENCH))
        while not bad.done():
            assert await hearing.hear(OTHER, window(2.0), FRENCH)
        with pytest.raises(RecogniserAway):
            await bad
    assert MOST_OF_ONE_WINDOW <= recogniser.times_away < 100


@pytest.mark.usefixtures("short_pauses")
async def test_an_engine_that_stays_away_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that waits for it fails at once then, and not one after the other."""
    monkeypatch.setattr("transcripts.recognition.absence.PATIENCE_S", 0.1)
    recogniser = AbsentRecogniser(away_for=10_000)
    async with Hearing(recogniser) as hearing, asyncio.timeout(10):
        done = await asyncio.gather(
            *(hearing.hear(ONE, window(2.0), FRENCH) for _ in range(500)), return_exceptions=True
        )
        assert hearing.is_idle
    assert {type(one) for one in done} == {RecogniserAway}
    assert recogniser.times_away < 100


async def test_a_fault_of_the_engine_is_the_asker_s() -> None:
    """The worker goes on."""
    recogniser = ScriptedRecogniser()
    recogniser.gives_up_on = lambda windows: bool(1 // (len(windows[0]) - SAMPLE_RATE_HZ))
    async with Hearing(recogniser) as hearing:
        with pytest.raises(ZeroDivisionError):
            await hearing.hear(ONE, window(1.0), FRENCH)
        assert (await hearing.hear(ONE, window(3.0), FRENCH)).language == "fr"


async def test_a_window_that_tells_the_language_goes_alone() -> None:
    """The others of its batch may be in another one."""
    recogniser = HeldRecogniser(batch=3)
    open_to_both = DecodingOptions(("fr", "en"))
    async with Hearing(recogniser) as hearing:
        tasks = [asyncio.create_task(hearing.hear(ONE, window(n), open_to_both)) for n in (1.0, 2.0)]
        await asyncio.sleep(0)
        recogniser.may_hear.release(2)
        heard = await asyncio.gather(*tasks)
    assert recogniser.heard_s == [(1.0,), (2.0,)]
    assert [(one.language, one.scores) for one in heard] == [("fr", {"fr": 0.9, "en": 0.1})] * 2
