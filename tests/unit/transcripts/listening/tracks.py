"""Tracks in memory to listen to, and meetings in which everybody bleeds into everybody's microphone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tests.evaluation.meetings import MEETINGS, load
from transcripts.listening.call import CallListening
from transcripts.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.listening.track_listening import TrackListening
    from transcripts.sound import StoredSamples
    from transcripts.storage.sidecar import SpeechSidecar


@dataclass
class Track:
    """A `HeardSound` whose sound a test adds to."""

    sound: StoredSamples
    participant: str = "p-1"
    started_s: float = 0.0
    is_a_microphone: bool = True
    is_over: bool = True
    come_samples: int | None = None
    """How much has come; None: all of it."""
    reads: list[tuple[int, int]] = field(default_factory=list)
    broken: bool = False

    @property
    def samples(self) -> int:
        """How much there is."""
        return len(self.sound) if self.come_samples is None else self.come_samples

    def read(self, first: int, end: int) -> StoredSamples:
        """Some of it."""
        if self.broken:
            raise OSError("the disk is gone")
        self.reads.append((first, end))
        return self.sound[first:end]


def meeting(name: str) -> list[StoredSamples]:
    """The sound of each participant of a recorded meeting."""
    return list(load(MEETINGS / name).sound)


def with_bleed(sounds: Sequence[StoredSamples], level_db: float, *, late_s: float = 0.0) -> list[StoredSamples]:
    """Everybody's sound, with the others' in it at so many dB, a little later."""
    length = max(map(len, sounds))
    whole = [np.pad(sound.astype(np.float64), (0, length - len(sound))) for sound in sounds]
    late = round(late_s * SAMPLE_RATE_HZ)
    played = [np.pad(sound, (late, 0))[:length] * 10 ** (level_db / 20) for sound in whole]
    everybody = np.sum(played, axis=0)
    mixed = [own + everybody - own_played for own, own_played in zip(whole, played, strict=True)]
    return [np.clip(sound, -32768, 32767).astype(np.int16) for sound in mixed]


def people(sounds: Sequence[StoredSamples]) -> list[Track]:
    """A microphone for each."""
    return [Track(sound, f"p-{n}") for n, sound in enumerate(sounds)]


def listen(tracks: Sequence[Track]) -> list[SpeechSidecar]:
    """What is found in whole tracks, heard in one call."""
    call = CallListening()
    followed = [call.follow(track) for track in tracks]
    call.listen()
    return [found(listening) for listening in followed]


def alone(tracks: Sequence[Track]) -> list[SpeechSidecar]:
    """What is found in each as if there were no other."""
    return [listen([track])[0] for track in tracks]


def found(listening: TrackListening) -> SpeechSidecar:
    """All of a track that was heard to its end."""
    assert listening.failure is None
    assert listening.is_complete
    return listening.found


def speech_s(speech: SpeechSidecar) -> float:
    """How long somebody speaks, margins and all."""
    return sum(end - first for first, end in speech.utterances) / SAMPLE_RATE_HZ


def spoken(speech: SpeechSidecar, samples: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which samples are heard: in an utterance, and not muted."""
    heard = np.zeros(samples, bool)
    for first, end in speech.utterances:
        heard[first:end] = True
    for first, end in speech.muted:
        heard[first:end] = False
    return heard
