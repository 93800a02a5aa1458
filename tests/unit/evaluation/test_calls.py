"""Calls made from recorded meetings hold what was said, when it was said."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.evaluation.calls import held, mixed, monologue, repeated, spread, wordless
from tests.evaluation.meetings import SAMPLE_RATE_HZ, Meeting, Reference, Segment, Track
from tests.evaluation.wordless_sound import NOISES, ROOM_TONE_RMS, SILENCES, room_tone

LOUD = 9000


def _meeting() -> Meeting:
    """Four seconds: Claire is loud in the second one, Marc in the third."""
    sound = np.zeros((2, 4 * SAMPLE_RATE_HZ), np.int16)
    for track in (0, 1):
        sound[track, (track + 1) * SAMPLE_RATE_HZ : (track + 2) * SAMPLE_RATE_HZ] = LOUD
    said = (Segment("Claire", 1.0, 2.0, "bonjour"), Segment("Marc", 2.0, 3.0, "bonsoir"))
    tracks = (Track("a.flac", "Claire", 0.0), Track("b.flac", "Marc", 0.0))
    return Meeting(Reference("m", "Point", "fr", "tracks", 4.0, tracks, said), (sound[0], sound[1]))


@pytest.mark.parametrize("duration_s", [3.0, 5.0, 25.0, 60.0])
def test_a_repeated_meeting_sounds_when_its_reference_says_so(duration_s: float) -> None:
    """However long the call is, it ends as the meeting ends."""
    call = repeated(_meeting(), duration_s, 5.0)
    assert call.said[-1].end == duration_s - 1
    for microphone in call.microphones:
        loud_s = np.flatnonzero(np.abs(microphone.sound(0, call.samples).astype(int)) == LOUD) / SAMPLE_RATE_HZ
        mine = [segment for segment in call.said if segment.speaker == microphone.name]
        assert len(loud_s) == sum(round((one.end - one.start) * SAMPLE_RATE_HZ) for one in mine)
        assert all(any(one.start <= at < one.end for one in mine) for at in loud_s[::1600])


def test_the_share_that_is_spoken_is_known() -> None:
    """Two of five seconds, each once."""
    call = repeated(_meeting(), 60.0, 5.0)
    assert call.speech_s == 24.0
    assert call.spoken_share == pytest.approx(0.4)


def test_sound_may_be_taken_in_pieces() -> None:
    """As a recorder takes it."""
    microphone = repeated(_meeting(), 25.0, 5.0).microphones[0]
    whole = microphone.sound(0, 25 * SAMPLE_RATE_HZ)
    pieces = [microphone.sound(first, end) for first, end in pairwise(range(0, len(whole) + 1, 10_000))]
    assert np.array_equal(np.concatenate(pieces), whole[: sum(map(len, pieces))])


def test_equal_speech_is_spread_over_more_tracks() -> None:
    """Nobody speaks twice until everyone has."""
    two, eight = spread(_meeting(), 4, 2), spread(_meeting(), 4, 8)
    assert (len(two.microphones), len(eight.microphones)) == (2, 8)
    assert two.speech_s == eight.speech_s == 8.0
    assert [segment.speaker for segment in eight.said] == [
        f"{name} {n}" for n in range(1, 5) for name in ("Claire", "Marc")
    ]
    for microphone in eight.microphones:
        (mine,) = [segment for segment in eight.said if segment.speaker == microphone.name]
        loud_s = np.flatnonzero(microphone.sound(0, eight.samples) == LOUD) / SAMPLE_RATE_HZ
        assert (loud_s[0], len(loud_s)) == (mine.start, SAMPLE_RATE_HZ)


def test_a_monologue_is_one_person_s_words() -> None:
    """With short pauses."""
    call = monologue(_meeting(), "Marc", times=3)
    assert [segment.text for segment in call.said] == ["bonsoir"] * 3
    assert call.duration_s == pytest.approx(3 * 1.8)
    heard = call.microphones[0].sound(0, call.samples)
    assert all(heard[round(one.start * SAMPLE_RATE_HZ) + 5] == LOUD for one in call.said)


def test_a_mixed_call_has_everybody_on_one_track() -> None:
    """Added up, at the same times."""
    call = held(_meeting())
    together = mixed(call).sound(0, call.samples)
    assert together[round(1.5 * SAMPLE_RATE_HZ)] == together[round(2.5 * SAMPLE_RATE_HZ)] == LOUD


@pytest.mark.parametrize("kind", [*SILENCES, *NOISES])
def test_wordless_sound_is_the_same_each_time(kind: str) -> None:
    """As long as asked for, and not clipped all the time."""
    make = {**SILENCES, **NOISES}[kind]
    sound = make(2 * SAMPLE_RATE_HZ)
    assert np.array_equal(sound, make(2 * SAMPLE_RATE_HZ))
    assert len(sound) == 2 * SAMPLE_RATE_HZ
    assert np.mean(np.abs(sound.astype(int)) > 32_000) < 0.05


def test_room_tone_is_as_quiet_as_the_meetings_are() -> None:
    """So that a pause that is added is no louder than those that were there."""
    level = np.sqrt(np.mean(room_tone(SAMPLE_RATE_HZ).astype(float) ** 2))
    assert level == pytest.approx(ROOM_TONE_RMS, rel=0.05)
    assert wordless("silence", room_tone(SAMPLE_RATE_HZ), 3600.0).speech_s == 0
