"""Listening to a call: all of its tracks in step, so that each is heard beside what the others sound like then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcripts.listening.bleed import BleedGate
from transcripts.listening.levels import LEVEL_FRAME_SAMPLES
from transcripts.listening.track_listening import STEP_SAMPLES, TrackListening, first_sample
from transcripts.sound import SAMPLE_RATE_HZ, seconds
from transcripts.storage.sidecar import NOTHING_SETTLED, SpeechSidecar

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcripts.listening.heard_sound import HeardSound

SLICE_S: Final = 1.0
"""Tracks go forward in step by so much: the voice activity model is called seldom enough, and memory stays flat."""
LEARNED_FROM_SAMPLES: Final = 20 * SAMPLE_RATE_HZ
"""How much of what was settled tells how loud its speaker speaks."""


class CallListening:
    """Listens to the tracks of one call, each from when it is followed; it belongs to one thread at a time."""

    def __init__(self) -> None:
        self._gate = BleedGate()
        self._followed: list[tuple[HeardSound, TrackListening]] = []

    def follow(
        self, sound: HeardSound, settled: SpeechSidecar = NOTHING_SETTLED, *, from_s: float = 0.0
    ) -> TrackListening:
        """Listen to a track, too; what is settled of it is not judged again.

        Args:
            sound: the track.
            settled: what was found in it before.
            from_s: since when, on the meeting's clock, its levels are wanted for the sake of others.

        Raises:
            OSError: it cannot be read.
        """
        before = round((from_s - sound.started_s) * SAMPLE_RATE_HZ) // STEP_SAMPLES * STEP_SAMPLES
        begin = max(0, min(first_sample(settled), before))
        microphone_of = sound.participant if sound.is_a_microphone else None
        listening = TrackListening(self._gate.open_track(microphone_of, begin // LEVEL_FRAME_SAMPLES), settled, begin)
        wanted = LEARNED_FROM_SAMPLES
        for first, end in reversed(settled.utterances):
            listening.learn_level(sound.read(first, min(end, first + wanted)))
            wanted -= end - first
            if wanted <= 0:
                break
        self._followed.append((sound, listening))
        return listening

    def listen(self, may_go_on: Callable[[], bool] = lambda: True) -> bool:
        """Listen to all that has come, the earliest first, for as long as it may.

        Returns:
            Whether it stopped before it had heard all: the rest waits for the next time.
        """
        while self._followed:
            if not may_go_on():
                return True
            behind = [_position_s(sound, track) for sound, track in self._followed if _has_more(sound, track)]
            self._listen_up_to(min(behind, default=0.0) + SLICE_S)
            if not behind:
                break
        return False

    def _listen_up_to(self, end_s: float) -> None:
        for sound, track in self._followed:
            try:
                is_over = sound.is_over  # before its length, which is final then
                _push(sound, track, end_s)
                if is_over and track.heard_samples >= sound.samples:
                    track.end()
            except Exception as error:  # noqa: BLE001 - one track's trouble is not the others'
                track.give_up(error)
        for _, track in self._followed:
            try:
                if track.failure is None:
                    track.advance()
            except Exception as error:  # noqa: BLE001
                track.give_up(error)
        self._gate.forget_ended()
        self._followed = [
            (sound, track) for sound, track in self._followed if track.failure is None and not track.is_complete
        ]


def _has_more(sound: HeardSound, track: TrackListening) -> bool:
    return sound.samples > track.heard_samples


def _position_s(sound: HeardSound, track: TrackListening) -> float:
    return sound.started_s + seconds(track.heard_samples)


def _push(sound: HeardSound, track: TrackListening, end_s: float) -> None:
    first = track.heard_samples
    end = min(sound.samples, round((end_s - sound.started_s) * SAMPLE_RATE_HZ))
    if end > first:
        track.push(sound.read(first, end), sound.started_s)
