"""Noticing that several people speak into one microphone although nobody said so, from few of a track's utterances.

Two voiceprints are compared by their log-likelihood ratio, one voice against two, under the model's own PLDA
(Ioffe 2006, Probabilistic Linear Discriminant Analysis), in units of what that PLDA expects of two different voices:
0 is undecided, −1 is as different as two people usually are. So the rule knows no figure of any one model. It is kept
far from 0: who is taken for several people gets a transcript with voices that do not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from transcripts.sound import SAMPLE_RATE_HZ, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from transcripts.diarization.voices import Vector, Voiceprints
    from transcripts.sound import Samples

PLAINLY_DIFFERENT: Final = -0.5
"""Half of what two different voices are expected to give."""
PIECES_OF_A_VOICE: Final = 3
"""A voice is believed in when so many pieces of speech sound alike."""
SHORTEST_PIECE_S: Final = 2.0
PIECE_S: Final = 4.0
SPACING_S: Final = 4.0
"""Speech from one piece that is looked at to the next, at first."""
SPACING_GROWTH: Final = 0.05
"""The spacing afterwards, as a share of the speech so far: a long call costs hardly more than a short one."""
NEARBY_DB: Final = 10.0
"""Pieces that are further below the loudest one may be other people's loudspeakers."""
FAINTEST_DBFS: Final = -40.0


class Noticing:
    """Listens to the utterances of one track. It blocks and is busy: call it from a thread."""

    def __init__(self, voiceprints: Voiceprints) -> None:
        self._voiceprints = voiceprints
        self._prints: list[Vector] = []
        self._levels_db: list[float] = []
        self._speech_s = 0.0
        self._looked_at_s = -np.inf
        self.several = False
        """Whether several voices are plain. Once they are, nothing more is worked out."""

    def push(self, utterance: Samples) -> None:
        """Take the next utterance of the track; few are looked at.

        Raises:
            DiarizationFailed: the model gave up.
        """
        for piece in _pieces(utterance):
            if self.several:
                return
            if self._is_due():
                self._look_at(piece)
            self._speech_s += seconds(len(piece))

    def _is_due(self) -> bool:
        return self._speech_s - self._looked_at_s >= max(SPACING_S, SPACING_GROWTH * self._speech_s)

    def _look_at(self, piece: Samples) -> None:
        level_db = _level_db(piece)
        if level_db < max([FAINTEST_DBFS, *(other - NEARBY_DB for other in self._levels_db)]):
            return
        found = self._voiceprints.of(piece)
        if found is None:
            return
        self._looked_at_s = self._speech_s
        self._prints.append(found)
        self._levels_db.append(level_db)
        near = np.array(self._levels_db) >= max(self._levels_db) - NEARBY_DB
        self.several = several_voices(np.array(self._prints)[near], self._voiceprints.between_voices)


def several_voices(voiceprints: Vector, between_voices: Vector) -> bool:
    """Whether two groups of voiceprints (pieces × dimensions) are each alike and plainly different from each other."""
    scores = likeness(voiceprints, between_voices)
    alike = (scores >= 0).astype(np.float64)  # each piece with the pieces that sound like it
    sizes = alike.sum(axis=1)
    believed = sizes >= PIECES_OF_A_VOICE
    apart = (alike @ alike.T == 0) & np.outer(believed, believed)
    between_groups = alike @ scores @ alike.T / np.outer(sizes, sizes)
    return bool((apart & (between_groups <= PLAINLY_DIFFERENT)).any())


def likeness(voiceprints: Vector, between_voices: Vector) -> NDArray[np.float64]:
    """The log-likelihood ratio of one voice against two for each pair, −1 being what two voices are expected to give.

    Of a pair with the covariance (b + 1, b; b, b + 1) in each dimension, against (b + 1, 0; 0, b + 1), where b is the
    variance between voices and 1 that within one.
    """
    total = between_voices + 1
    determinant = total**2 - between_voices**2
    constant = np.log(total) - np.log(determinant) / 2
    alone = voiceprints**2 @ (1 / total - total / determinant) / 2
    together = voiceprints * (between_voices / determinant) @ voiceprints.T
    expected = np.sum(total**2 / determinant - 1 - constant)
    return np.asarray((constant.sum() + alone[:, None] + alone[None] + together) / expected)


def _pieces(utterance: Samples) -> Iterator[Samples]:
    count = max(1, round(seconds(len(utterance)) / PIECE_S))
    return (piece for piece in np.array_split(utterance, count) if len(piece) >= SHORTEST_PIECE_S * SAMPLE_RATE_HZ)


def _level_db(piece: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(piece, dtype=np.float64)) + 1e-12))
