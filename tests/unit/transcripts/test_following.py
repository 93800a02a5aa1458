"""A meeting from its sound to its transcript, with real voice activity and a recogniser that says what it is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes import following
from tests.fakes.speech import ScriptedRecogniser
from tests.unit.transcripts.sounds import Recorded, noise, record, speech
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import Transcript
from transcripts.recognition.recogniser import RecognitionFailed
from transcripts.storage.spool import MeetingId, Spool

MEETING = MeetingId("m-1")
CLAIRE, MARC = Recorded("Claire", "p-1", "TR_1"), Recorded("Marc", "p-2", "TR_2")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool on a clock that stands still."""
    return Spool(tmp_path, lambda: 1_780_000_000.0)


async def transcript_of(
    spool: Spool, recogniser: ScriptedRecogniser | None = None, ended_s: float | None = None
) -> Transcript:
    """What a follower makes of the meeting once it is over."""
    return await following.transcript_of(spool, MEETING, recogniser or ScriptedRecogniser(), "Point", ended_s=ended_s)


async def test_words_stand_where_they_were_said(spool: Spool) -> None:
    """On the meeting's clock: Nadia's voice, from 2.99 s to 10.8 s of a track that begins at 5 s."""
    record(spool, MEETING, CLAIRE, speech(0, 14), started_s=5.0)

    transcript = await transcript_of(spool)

    (turn,) = transcript.turns
    assert (turn.speaker, turn.language, turn.text) == ("Claire", "fr", "bonjour à tous")
    assert turn.start_s == pytest.approx(7.6, abs=0.2)
    assert turn.end_s == pytest.approx(16.2, abs=0.3)
    assert transcript.started_at.timestamp() == 1_780_000_000.0
    assert transcript.duration_s == pytest.approx(19.0)
    assert transcript.stats.audio_s == pytest.approx(14.0)
    assert transcript.stats.speech_s == pytest.approx(8.6, abs=0.4)
    assert (transcript.stats.tracks, transcript.stats.windows) == (1, 1)


@pytest.mark.parametrize("sound", [np.zeros(160_000, np.int16), noise(10), np.zeros(0, np.int16)])
async def test_silence_and_noise_never_reach_the_recogniser(spool: Spool, sound: np.ndarray) -> None:
    """Whisper would invent words; and whoever was silent was there all the same."""
    record(spool, MEETING, CLAIRE, sound)
    recogniser = ScriptedRecogniser()

    transcript = await transcript_of(spool, recogniser)

    assert recogniser.asked == []
    assert transcript.turns == ()
    assert transcript.speakers == ("Claire",)


async def test_a_window_that_holds_no_speech_after_all_is_left_out(spool: Spool) -> None:
    """The recogniser's own doubt counts."""
    record(spool, MEETING, CLAIRE, speech(0, 14))

    assert (await transcript_of(spool, ScriptedRecogniser(no_speech_probability=0.9))).turns == ()


async def test_a_meeting_without_sound_is_an_empty_transcript(spool: Spool) -> None:
    """Nobody came, or nobody had a microphone."""
    transcript = await transcript_of(spool)

    assert (transcript.turns, transcript.speakers, transcript.failed_tracks) == ((), (), ())


async def test_a_broken_track_leaves_the_others_standing_and_is_told(spool: Spool) -> None:
    """Whose it was, where that can still be known."""
    record(spool, MEETING, CLAIRE, speech(0, 14))
    record(spool, MEETING, MARC, speech(0, 14))
    record(spool, MEETING, Recorded("Sophie", "p-3", "TR_3"), speech(0, 14))
    claire, marc, _ = spool.tracks(MEETING)
    claire.path.with_suffix(".json").write_bytes(b"{")
    marc.path.unlink()

    transcript = await transcript_of(spool)

    assert [turn.speaker for turn in transcript.turns] == ["Sophie"]
    assert [track.speaker for track in transcript.failed_tracks] == [None, "Marc"]
    assert all(track.reason for track in transcript.failed_tracks)


async def test_a_track_on_which_recognition_gives_up_leaves_the_others_standing(spool: Spool) -> None:
    """It is told like a broken one."""
    record(spool, MEETING, CLAIRE, speech(0, 14))
    record(spool, MEETING, MARC, speech(24, 29))

    transcript = await transcript_of(
        spool, ScriptedRecogniser(gives_up_on=lambda windows: len(windows[0]) > 6 * 16_000)
    )

    assert [turn.speaker for turn in transcript.turns] == ["Marc"]
    assert [track.speaker for track in transcript.failed_tracks] == ["Claire"]


async def test_recognition_that_gives_up_on_everything_is_an_error(spool: Spool) -> None:
    """So that the job is tried again, instead of an empty transcript being posted."""
    record(spool, MEETING, CLAIRE, speech(0, 14))

    with pytest.raises(RecognitionFailed):
        await transcript_of(spool, ScriptedRecogniser(gives_up_on=lambda _: True))


async def test_a_quiet_track_is_heard_in_the_meeting_s_language(spool: Spool) -> None:
    """Four seconds of speech do not settle a language."""
    record(spool, MEETING, CLAIRE, np.concatenate([speech(0, 14), speech(0, 14)]))
    record(spool, MEETING, MARC, speech(24, 29))
    recogniser = ScriptedRecogniser(scores={"en": 0.8, "fr": 0.2})

    transcript = await transcript_of(spool, recogniser)

    assert [language for language, _ in recogniser.asked] == ["en", "en"]
    assert transcript.language == "en"


async def test_a_long_track_is_heard_a_batch_at_a_time(spool: Spool) -> None:
    """Memory does not grow with the meeting, and no window is left out."""
    record(spool, MEETING, CLAIRE, np.tile(speech(2.5, 11), 30))
    recogniser = ScriptedRecogniser()

    transcript = await transcript_of(spool, recogniser)

    assert [len(windows) for _, windows in recogniser.asked] == [8, transcript.stats.windows - 8]
    assert sum(len(turn.words) for turn in transcript.turns) == 3 * transcript.stats.windows


async def test_what_no_recorder_heard_is_a_gap(spool: Spool) -> None:
    """Between two stays, and from the last one to the end of the call, where that is known."""
    for joined_s, left_s in ((0.0, 12.0), (15.0, 30.0)):
        writer = spool.writer(MEETING)
        writer.joined(joined_s)
        writer.left(left_s, over=False)
        writer.close()
    record(spool, MEETING, CLAIRE, speech(0, 12))

    ended = await transcript_of(spool, ended_s=42.0)

    assert ended.gaps == (Gap(12.0, 15.0), Gap(30.0, 42.0))
    assert ended.duration_s == 42.0
    assert (await transcript_of(spool)).gaps == (Gap(12.0, 15.0),)
    assert (await transcript_of(spool)).duration_s == 15.0


async def test_someone_who_came_back_is_one_person(spool: Spool) -> None:
    """Two tracks of one participant, one label."""
    record(spool, MEETING, CLAIRE, speech(0, 12))
    record(spool, MEETING, Recorded("Claire", "p-1", "TR_9"), speech(24, 29), started_s=30.0)

    transcript = await transcript_of(spool)

    assert transcript.speakers == ("Claire",)
    assert [turn.speaker for turn in transcript.turns] == ["Claire", "Claire"]
