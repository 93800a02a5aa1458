"""Shared microphones are noticed by themselves, and no participant's own is taken for one, with a real pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.evaluation.meetings import MEETINGS, load
from tests.integration.transcripts.diarizing import loaded, tiny_on_path
from tests.unit.transcripts.sounds import activity_of
from transcripts.diarization.noticing import Noticing
from transcripts.listening.utterances import UtteranceCutter
from transcripts.sound import StoredSamples, as_float

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcripts.diarization.pyannote import PyannoteDiarizer

pytestmark = pytest.mark.timeout(300)  # importing torch takes a while on a busy machine

_tiny_on_path = pytest.fixture(scope="module", autouse=True, name="tiny_on_path")(tiny_on_path)


@pytest.fixture(scope="module")
def diarizer(tiny_on_path: None) -> PyannoteDiarizer:
    """The pipeline, loaded once."""
    return loaded()


def noticed(diarizer: PyannoteDiarizer, sound: StoredSamples) -> bool:
    """Whether several voices are plain in a track, by its utterances."""
    cutter = UtteranceCutter()
    noticing = Noticing(diarizer.voiceprints)
    for utterance in [*cutter.push(activity_of(sound)), *cutter.close()]:
        noticing.push(as_float(sound[utterance.start_sample : utterance.end_sample]))
    return noticing.several


def clean(sounds: list[StoredSamples], mine: int) -> StoredSamples:
    """The track as it is."""
    return sounds[mine]


def bleeding(sounds: list[StoredSamples], mine: int) -> StoredSamples:
    """Everybody else is heard through the loudspeaker, at −20 dB."""
    longest = max(map(len, sounds))
    padded = [np.pad(sound, (0, longest - len(sound))).astype(np.float64) for sound in sounds]
    return _stored(sum(sound * (1.0 if n == mine else 0.1) for n, sound in enumerate(padded)))


def noisy(sounds: list[StoredSamples], mine: int) -> StoredSamples:
    """A fan, about 10 dB below the speech."""
    return _stored(sounds[mine] + np.random.default_rng(1).normal(0, 500, len(sounds[mine])))


def uneven(sounds: list[StoredSamples], mine: int) -> StoredSamples:
    """Somebody who moves about: another level every seven seconds, down to −24 dB."""
    gains = 10 ** (np.random.default_rng(1).uniform(-24, 0, 100) / 20)
    return _stored(sounds[mine] * gains[np.arange(len(sounds[mine])) // (7 * 16_000)])


@pytest.mark.parametrize("change", [clean, bleeding, noisy, uneven])
@pytest.mark.parametrize("meeting", ["dev1", "dev2", "dev3"])
def test_a_participant_s_own_microphone_is_one_voice(
    diarizer: PyannoteDiarizer, meeting: str, change: Callable[[list[StoredSamples], int], StoredSamples]
) -> None:
    """Of all nine tracks, whatever happens to them."""
    sounds = list(load(MEETINGS / meeting).sound)

    assert not [mine for mine in range(len(sounds)) if noticed(diarizer, change(sounds, mine))]


@pytest.mark.parametrize("change", [clean, noisy])
@pytest.mark.parametrize("meeting", ["devroom", "dev3room"])
def test_a_room_s_microphone_is_noticed(
    diarizer: PyannoteDiarizer, meeting: str, change: Callable[[list[StoredSamples], int], StoredSamples]
) -> None:
    """Although nobody said so."""
    assert noticed(diarizer, change(list(load(MEETINGS / meeting).sound), 0))


def _stored(sound: np.ndarray | float) -> StoredSamples:
    return np.clip(sound, -32768, 32767).astype(np.int16)
