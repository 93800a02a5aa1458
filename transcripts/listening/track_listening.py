"""Listening to one track: its sound through the gate and voice activity into utterances, each found once and final."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from transcripts.listening.levels import LEVEL_FRAME_SAMPLES, levels_of
from transcripts.listening.utterances import Utterance, UtteranceCutter
from transcripts.listening.voice_activity import VoiceActivity
from transcripts.sound import ACTIVITY_FRAME_SAMPLES, SAMPLE_RATE_HZ, as_float
from transcripts.storage.sidecar import SpeechSidecar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcripts.listening.bleed import Decided, GatedTrack
    from transcripts.sound import Probabilities, Samples, StoredSamples

STEP_SAMPLES: Final = 2560
"""Listening begins at a multiple of this: there, frames of levels and frames of voice activity begin together."""
WARM_UP_SAMPLES: Final = 3 * SAMPLE_RATE_HZ
"""Voice activity that begins in the middle of a track hears so much before what it is to judge."""
PAUSES_BELOW_DB: Final = 20.0
"""What is softer than the loudest of an utterance by this is taken to be no speech."""
OWN_SPEECH: Final = 0.5
"""From this probability on, a frame tells how loud its speaker speaks."""


class TrackListening:
    """Takes one track's sound as it comes, from its beginning or from where somebody left off.

    Attributes:
        failure: why it was given up; what had been settled stands.
    """

    def __init__(self, gated: GatedTrack, settled: SpeechSidecar, from_sample: int = 0) -> None:
        """Begin at `from_sample`, of those that `first_sample` gives: what was settled before is not judged again."""
        self.failure: Exception | None = None
        self._gated = gated
        self._activity = VoiceActivity()
        self._cutter = UtteranceCutter(from_sample=settled.settled_samples)
        self._before = settled
        self._utterances: list[tuple[int, int]] = []
        self._muted: list[tuple[int, int]] = []  # within utterances
        self._gate_muted: list[tuple[int, int]] = []  # wherever, for as long as an utterance may still reach there
        self._undecided = np.zeros(0, np.int16)
        self._heard_samples = from_sample  # how far the sound has come
        self._first_undecided = from_sample
        self._judged_samples = from_sample
        self._own = np.zeros(0, bool)  # of frames of levels, from `_own_first` on
        self._own_first = from_sample // LEVEL_FRAME_SAMPLES
        self._activity_from = first_sample(settled)
        self._activity_frame = from_sample // ACTIVITY_FRAME_SAMPLES
        self._first_cut_frame = -(-settled.settled_samples // ACTIVITY_FRAME_SAMPLES)
        self._ended = False
        self._is_complete = False

    @property
    def heard_samples(self) -> int:
        """The first sample that is still to be pushed."""
        return self._heard_samples

    @property
    def is_complete(self) -> bool:
        """Whether the track has ended and all of it is settled."""
        return self._is_complete

    @property
    def settled_samples(self) -> int:
        """Whatever begins before this is final."""
        return self._heard_samples if self._is_complete else self._cutter.settled_samples

    @property
    def utterances_found(self) -> int:
        """How many utterances there are by now, those that were settled before not counted."""
        return len(self._utterances)

    @property
    def found(self) -> SpeechSidecar:
        """All that is final."""
        return SpeechSidecar(
            settled_samples=self.settled_samples,
            utterances=(*self._before.utterances, *self._utterances),
            muted=(*self._before.muted, *self._muted),
            is_complete=self._is_complete,
        )

    def push(self, sound: StoredSamples, started_s: float) -> None:
        """Take the sound that follows, of a track that began then, as is known by now."""
        known = (self._heard_samples - self._first_undecided) // LEVEL_FRAME_SAMPLES * LEVEL_FRAME_SAMPLES
        self._undecided = np.concatenate([self._undecided, sound])
        self._heard_samples += len(sound)
        self._gated.levels.push(levels_of(self._undecided[known:]), started_s)

    def end(self) -> None:
        """No more sound comes; what there is is settled by the next `advance`."""
        if not self._ended:
            self._ended = True
            self._gated.end()

    def advance(self) -> None:
        """Hear what is decided by now of who speaks in it."""
        decided = self._gated.decide()
        if decided.end > decided.first:
            self._hear(decided)
        if self._ended and not self._is_complete:
            self._hear_the_rest()

    def give_up(self, failure: Exception) -> None:
        """Listen no further; no other track waits for it."""
        self.failure = failure
        self._gated.end()

    def learn_level(self, sound: StoredSamples) -> None:
        """Learn how loud its speaker speaks from an utterance of theirs, its pauses and margins left out."""
        levels = levels_of(sound)
        if len(levels):
            self._gated.speech_level.learn(levels[levels > np.quantile(levels, 0.95) - PAUSES_BELOW_DB])

    def _hear(self, decided: Decided) -> None:
        samples = (decided.end - decided.first) * LEVEL_FRAME_SAMPLES
        sound, self._undecided = self._undecided[:samples], self._undecided[samples:]
        self._first_undecided += samples
        if decided.muted.any():
            sound = np.where(np.repeat(decided.muted, LEVEL_FRAME_SAMPLES), np.int16(0), sound)
            self._note_muted(decided)
        self._own = np.concatenate([self._own, decided.own & ~decided.muted])
        self._judge(as_float(sound))

    def _hear_the_rest(self) -> None:
        """What is less than a frame at the end of a track."""
        rest = as_float(self._undecided)
        padding = -(self._first_undecided + len(rest)) % ACTIVITY_FRAME_SAMPLES
        self._judge(np.concatenate([rest, np.zeros(padding, np.float32)]))
        self._keep(self._cutter.close())
        self._is_complete = True
        self._undecided = self._undecided[:0]
        self._gate_muted.clear()

    def _judge(self, sound: Samples) -> None:
        """Find the speech in the sound that follows; what was settled long before is passed over."""
        passed_over = min(max(0, self._activity_from - self._judged_samples), len(sound))
        self._judged_samples += len(sound)
        self._activity_frame += passed_over // ACTIVITY_FRAME_SAMPLES
        probabilities = self._activity.push(sound[passed_over:])
        if len(probabilities):
            self._cut(probabilities)

    def _cut(self, probabilities: Probabilities) -> None:
        self._learn_level(probabilities)
        first = self._activity_frame
        self._activity_frame += len(probabilities)
        self._keep(self._cutter.push(probabilities[max(0, self._first_cut_frame - first) :]))

    def _learn_level(self, probabilities: Probabilities) -> None:
        spoken = self._activity_frame + np.flatnonzero(probabilities >= OWN_SPEECH)
        frames = (spoken * ACTIVITY_FRAME_SAMPLES + ACTIVITY_FRAME_SAMPLES // 2) // LEVEL_FRAME_SAMPLES
        frames = frames[frames < self._own_first + len(self._own)]
        frames = frames[self._own[frames - self._own_first]]
        self._gated.speech_level.learn(self._gated.levels.of(frames))
        heard = (self._activity_frame + len(probabilities)) * ACTIVITY_FRAME_SAMPLES // LEVEL_FRAME_SAMPLES
        self._own = self._own[heard - self._own_first :]
        self._own_first = heard

    def _note_muted(self, decided: Decided) -> None:
        for first, end in _spans(decided.muted):
            begin = (decided.first + first) * LEVEL_FRAME_SAMPLES
            if self._gate_muted and self._gate_muted[-1][1] == begin:
                begin, _ = self._gate_muted.pop()
            self._gate_muted.append((begin, (decided.first + end) * LEVEL_FRAME_SAMPLES))

    def _keep(self, utterances: list[Utterance]) -> None:
        for utterance in utterances:
            first, end = utterance.start_sample, min(utterance.end_sample, self._heard_samples)
            if first < end:
                self._utterances.append((first, end))
                within = ((max(first, begin), min(end, over)) for begin, over in self._gate_muted)
                self._muted.extend((begin, over) for begin, over in within if begin < over)
        settled = self._cutter.settled_samples
        while self._gate_muted and self._gate_muted[0][1] <= settled:
            self._gate_muted.pop(0)


def first_sample(settled: SpeechSidecar) -> int:
    """Where listening to a track begins anew at the latest, so that it is warm where nothing is settled yet."""
    return max(0, (settled.settled_samples - WARM_UP_SAMPLES) // STEP_SAMPLES * STEP_SAMPLES)


def _spans(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where flags are set: the first, and the first one after the last."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
