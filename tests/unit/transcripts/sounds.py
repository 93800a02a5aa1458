"""Sound and tracks for the tests of `transcripts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tests.evaluation.meetings import MEETINGS, decode
from transcripts.listening.voice_activity import VoiceActivity
from transcripts.sound import ACTIVITY_FRAME_SAMPLES, as_float
from transcripts.storage import sound_file

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from numpy.typing import NDArray

    from transcripts.sound import Probabilities, Samples, StoredSamples
    from transcripts.storage.spool import MeetingId, Spool, StoredTrack

FRAME_SAMPLES = 1600
"""100 ms, as the recorder writes."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A track as a recorder describes it."""

    name: str
    participant: str = "p-1"
    track: str = "TR_1"
    source: str = "microphone"
    shared_microphone: bool = False


def speech(start_s: float, end_s: float) -> NDArray[np.int16]:
    """Nadia's voice, from the recorded meetings: she speaks from 2.9 s to 10.8 s and from 24.2 s to 28.3 s."""
    return decode(MEETINGS / "dev2" / "Nadia.flac")[round(start_s * 16_000) : round(end_s * 16_000)]


def noise(lasting_s: float, level: int = 500) -> NDArray[np.int16]:
    """White noise."""
    return np.random.default_rng(7).normal(0, level, round(lasting_s * 16_000)).astype(np.int16)


def record(
    spool: Spool, meeting: MeetingId, track: Recorded, sound: NDArray[np.int16], *, started_s: float = 0.0
) -> None:
    """Write a track as the recorder does, each frame arriving when it is due."""
    writer = spool.writer(meeting)
    sink = writer.open_track(track)
    for first in range(0, len(sound), FRAME_SAMPLES):
        sink.write(sound[first : first + FRAME_SAMPLES].astype("<i2").tobytes(), started_s + first / 16_000)
    writer.close()


def samples_of(track: StoredTrack) -> StoredSamples:
    """All of a stored track's sound."""
    return sound_file.read(track.path, 0, track.samples)


def given_to_model(monkeypatch: pytest.MonkeyPatch, method: Literal["push", "_hear"]) -> list[int]:
    """How much voice activity's `push` (samples), or its model (`_hear`: frames), is given each time from now on."""
    given: list[int] = []
    original: Callable[[VoiceActivity, Samples], Probabilities] = getattr(VoiceActivity, method)

    def counted(activity: VoiceActivity, sound: Samples) -> Probabilities:
        given.append(len(sound))
        return original(activity, sound)

    monkeypatch.setattr(VoiceActivity, method, counted)
    return given


def activity_of(sound: StoredSamples) -> Probabilities:
    """The voice activity of a whole track; its last, unfinished frame is filled up with zeros."""
    filled = np.concatenate([sound, np.zeros(-len(sound) % ACTIVITY_FRAME_SAMPLES, np.int16)])
    return VoiceActivity().push(as_float(filled))
