"""A recorded meeting, replayed into the spool as a recorder writes it, and followed with the real model meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from config.models import Speech
from tests.evaluation.cpwer import cpwer
from tests.evaluation.meetings import MEETINGS, load, words_by_speaker
from tests.fakes.following import transcript_of
from tests.stack.speech_model import speech_model
from tests.unit.transcripts.sounds import FRAME_SAMPLES, Recorded
from transcripts.following import Follower
from transcripts.recognition import whisper
from transcripts.recognition.heard_words import FILE
from transcripts.recognition.hearing import Hearing
from transcripts.storage.spool import MeetingId, Spool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.evaluation.meetings import Meeting
    from transcripts.assembling.transcript import Transcript
    from transcripts.recognition.recogniser import DecodingOptions, Recogniser, Spoken
    from transcripts.sound import Samples

MEETING = MeetingId("m-1")


class CountingRecogniser:
    """The real one, which notes how often it has heard which sound."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self.heard: Counter[bytes] = Counter()
        self.at_once, self.batch = recogniser.at_once, recogniser.batch

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """See `Recogniser`."""
        self.heard.update(window.tobytes() for window in windows)
        return self._recogniser.recognise(windows, options)


class Replay:
    """A recorded meeting that comes into the spool bit by bit, listened to by its recorder."""

    def __init__(self, spool: Spool, meeting: Meeting) -> None:
        self._writer = spool.writer(MEETING)
        named = [track.speaker or track.file for track in meeting.reference.tracks]
        tracks = [self._writer.open_track(Recorded(name, f"p-{name}", f"TR_{name}")) for name in named]
        self._tracks = list(zip(tracks, meeting.sound, strict=True))
        self._at = 0

    def until(self, at_s: float) -> None:
        """So far it has come; a frame a track in turns, as they arrive."""
        end = round(at_s * 16_000)
        for first in range(self._at, end, FRAME_SAMPLES):
            for sink, sound in self._tracks:
                if first < len(sound):
                    frame = sound[first : min(end, first + FRAME_SAMPLES)]
                    sink.write(frame.astype("<i2").tobytes(), first / 16_000)
        self._at = end
        self._writer.sync()
        self._writer.listen()

    def over(self) -> None:
        """Everyone has hung up."""
        self._writer.close()


@pytest.fixture(scope="module")
def recogniser() -> CountingRecogniser:
    """The tests' model on the CPU."""
    settings = Speech(model=str(speech_model()), device="cpu")
    return CountingRecogniser(whisper.load(settings))


async def test_a_follower_that_is_killed_in_the_middle_of_recognition_costs_no_word(
    tmp_path: Path, recogniser: CountingRecogniser
) -> None:
    """Another one goes on: the same transcript as after the call, and no window is heard twice."""
    meeting, spool = load(MEETINGS / "dev2"), Spool(tmp_path)
    replay = Replay(spool, meeting)
    followed: Transcript | None = None
    times_s = iter(range(5, round(meeting.reference.duration) + 6, 5))
    for killed_at_s in (45, 75, None):
        async with Hearing(recogniser) as hearing:
            follower = Follower(MEETING, meeting.reference.title, spool, hearing, languages=("fr", "en"))
            for at_s in times_s:
                await asyncio.to_thread(replay.until, at_s)
                await follower.look()
                if at_s == killed_at_s:
                    break
            if killed_at_s is None:
                replay.over()
                followed = await follower.finish(None)
            elif killed_at_s > 60:  # the other time it is killed before its words are known
                await follower._words.until_done()
            await follower.leave_off()
    assert followed is not None
    assert followed.stats.heard_after_the_call < followed.stats.windows == followed.stats.times_heard
    twice = [times for times in recogniser.heard.values() if times > 1]
    assert len(twice) <= 1, "only what was being heard as it was killed is heard again"
    _assert_is_good(followed, meeting)

    (spool.folder(MEETING) / FILE).unlink()
    after_the_call = await transcript_of(spool, MEETING, recogniser, meeting.reference.title)
    said, said_after = ([(turn.speaker, turn.text) for turn in made.turns] for made in (followed, after_the_call))
    assert said == said_after  # times may differ by a hair: windows are heard in other batches


async def test_somebody_who_leaves_and_comes_back_while_others_go_on(
    tmp_path: Path, recogniser: CountingRecogniser
) -> None:
    """Two tracks, one name; both meetings at once with the same ears, and neither gets the other's words."""
    meeting = load(MEETINGS / "dev3")
    spools = [Spool(tmp_path / "one"), Spool(tmp_path / "other")]
    replays = [Replay(spool, meeting) for spool in spools]
    async with Hearing(recogniser) as hearing:
        followers = [
            Follower(MEETING, "", spool, hearing, languages=languages)
            for spool, languages in zip(spools, (("en", "fr"), ("en",)), strict=True)
        ]
        for at_s in (20, 40):
            for replay, follower in zip(replays, followers, strict=True):
                await asyncio.to_thread(replay.until, at_s)
                await follower.look()
        replays[1].over()
        again = Replay(spools[1], meeting)  # they come back, and their clock goes on
        again._at = 40 * 16_000
        for replay, follower in zip((replays[0], again), followers, strict=True):
            await asyncio.to_thread(replay.until, meeting.reference.duration)
            await follower.look()
            replay.over()
        whole, interrupted = await asyncio.gather(*(follower.finish(None) for follower in followers))
    _assert_is_good(whole, meeting)
    _assert_is_good(interrupted, meeting)
    assert set(interrupted.speakers) == set(whole.speakers) == set(meeting.speakers)
    assert interrupted.stats.tracks == 2 * whole.stats.tracks


def _assert_is_good(transcript: Transcript, meeting: Meeting) -> None:
    """The words stand under the names of those who said them, all but a quarter of them."""
    said: dict[str, list[str]] = {}
    for turn in transcript.turns:
        said.setdefault(turn.speaker, []).append(turn.text)
    heard = {name: " ".join(texts) for name, texts in said.items()}
    result = cpwer(words_by_speaker(meeting.reference.segments), heard, meeting.reference.language)
    assert result.rate <= 0.25
    assert result.assignment == {name: name for name in meeting.speakers}
