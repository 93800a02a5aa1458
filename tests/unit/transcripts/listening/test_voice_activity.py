"""Voice activity hears speech, and neither silence nor noise, however the sound comes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.meetings import MEETINGS, decode
from tests.evaluation.wordless_sound import room_tone
from tests.unit.transcripts.sounds import activity_of, given_to_model, noise, speech
from transcripts.listening.voice_activity import LEAD_FRAMES, VoiceActivity
from transcripts.sound import SAMPLE_RATE_HZ, StoredSamples, as_float


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames the model is given each time."""
    return given_to_model(monkeypatch, "_hear")


def test_speech_is_found_where_it_is() -> None:
    """Nadia speaks from 2.99 s to 10.8 s."""
    frames = activity_of(speech(0, 14)) > 0.5
    times_s = np.flatnonzero(frames) * 512 / SAMPLE_RATE_HZ

    assert times_s[0] == pytest.approx(2.99, abs=0.2)
    assert times_s[-1] == pytest.approx(10.8, abs=0.3)
    assert frames[94:337].mean() > 0.7


@pytest.mark.parametrize(
    "sound", [np.zeros(160_000, np.int16), noise(10), noise(10, level=3000), np.ones(160_000, np.int16)]
)
def test_silence_and_noise_are_not_speech(sound: StoredSamples) -> None:
    """Zeros, hiss, loud hiss, a constant."""
    assert activity_of(sound).max() < 0.5


def test_it_does_not_matter_how_the_sound_comes() -> None:
    """In frames of 100 ms, in odd pieces, or as a whole: the state is carried."""
    sound = as_float(speech(0, 8))
    whole = VoiceActivity().push(sound)

    for piece in (1600, 777, 16_000):
        activity = VoiceActivity()
        parts = [activity.push(sound[first : first + piece]) for first in range(0, len(sound), piece)]

        assert np.concatenate(parts) == pytest.approx(whole, abs=0.02)


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 513, 320_000, 320_001])
def test_every_frame_of_a_track_has_a_probability(samples: int) -> None:
    """The last one too, when it is not whole."""
    assert len(activity_of(np.ones(samples, np.int16))) == -(-samples // 512)


@pytest.mark.parametrize("piece", [512, 777, 16_000])
def test_zeros_are_free_however_they_come(piece: int, judged: list[int]) -> None:
    """Whoever mutes themselves for a minute between two words, in pieces or as a whole."""
    sound = as_float(np.concatenate([speech(3, 6), np.zeros(60 * SAMPLE_RATE_HZ, np.int16), speech(6, 9)]))
    whole = VoiceActivity().push(sound)
    judged.clear()
    activity = VoiceActivity()
    parts = [activity.push(sound[first : first + piece]) for first in range(0, len(sound), piece)]

    assert np.concatenate(parts) == pytest.approx(whole, abs=0.02)
    assert 4 * SAMPLE_RATE_HZ / 512 < sum(judged) - 2 * LEAD_FRAMES < 6.4 * SAMPLE_RATE_HZ / 512
    assert whole[-60:].max() > 0.9


def test_a_quiet_room_is_free(judged: list[int]) -> None:
    """Its tone too; what is soft and yet no stillness is listened to, and so is speech, however soft."""
    activity = VoiceActivity()
    room = as_float(room_tone(120 * SAMPLE_RATE_HZ))
    assert (
        max(activity.push(room[first : first + 14_400]).max(initial=0.0) for first in range(0, len(room), 14_400)) < 0.5
    )
    assert sum(judged) * 512 < 2 * SAMPLE_RATE_HZ

    found = activity.push(as_float(speech(0, 14) // 10))
    assert (found > 0.5).mean() > 0.4


def test_short_answers_after_a_long_stillness_are_found() -> None:
    """« Ah oui. » after half a minute in which somebody else spoke: a model that carries on its state misses it."""
    sound = as_float(decode(MEETINGS / "dev2" / "Nadia.flac"))
    found = VoiceActivity().push(sound)
    answer = found[round(17.2 * SAMPLE_RATE_HZ / 512) : round(18.0 * SAMPLE_RATE_HZ / 512)]
    assert answer.max() > 0.5
