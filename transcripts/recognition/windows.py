"""Windows: utterances of one track packed into what Whisper takes at once, with the way back to the track's time.

Whisper works through 30 s whatever it is given, and a mean utterance lasts 2.4 s: packed windows cost a third and
give better words. Nothing is inserted between the pieces (measured: silence there makes the words worse).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from transcripts.sound import SAMPLE_RATE_HZ, as_float, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcripts.listening.utterances import Utterance
    from transcripts.sound import Samples, StoredSamples

MAX_WINDOW_S: Final = 28.0
"""Below Whisper's 30 s: a window filled to the brim loses its last words."""
SPILL_S: Final = 0.05
"""How far a word's end may spill over a seam. Of pieces cut without margins, all of 1,217 words came to the piece that
they were said in, where taking two thirds of the span set one before the gap; with margins, all of 1,939 (measured)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Utterances of one track, in order, to be heard end to end."""

    pieces: tuple[Utterance, ...]

    @property
    def samples(self) -> int:
        """How long it is."""
        return sum(piece.samples for piece in self.pieces)

    def sound(self, track: StoredSamples) -> Samples:
        """The window's sound, cut from its track."""
        return as_float(np.concatenate([track[piece.start_sample : piece.end_sample] for piece in self.pieces]))

    def track_span(self, start_s: float, end_s: float) -> tuple[float, float]:
        """From seconds of the window to seconds of the track.

        A span that runs over a seam is kept within one piece, as there may be minutes between the two. Whisper counts
        the pause before a word as part of it, so the word is where it ends.
        """
        spoken = (end_s - min(SPILL_S, (end_s - start_s) / 2)) * SAMPLE_RATE_HZ
        piece_start = 0
        for piece in self.pieces:
            piece_end = piece_start + piece.samples
            if spoken < piece_end or piece is self.pieces[-1]:
                break
            piece_start = piece_end
        shift_s = seconds(piece.start_sample - piece_start)
        first_s, last_s = seconds(piece.start_sample), seconds(piece.end_sample)
        return _within(start_s + shift_s, first_s, last_s), _within(end_s + shift_s, first_s, last_s)


class WindowPacker:
    """Packs one track's utterances as they come; a window is given when the next utterance does not fit any more."""

    def __init__(self, max_window_s: float = MAX_WINDOW_S) -> None:
        self._max_samples = round(max_window_s * SAMPLE_RATE_HZ)
        self._pieces: list[Utterance] = []
        self._samples = 0

    def push(self, utterance: Utterance) -> list[Window]:
        """The window that this utterance closes, if any."""
        full = self.close() if self._samples + utterance.samples > self._max_samples else []
        self._pieces.append(utterance)
        self._samples += utterance.samples
        return full

    def close(self) -> list[Window]:
        """The window that is still open, if any."""
        pieces, self._pieces, self._samples = tuple(self._pieces), [], 0
        return [Window(pieces)] if pieces else []


def pack(utterances: Iterable[Utterance], max_window_s: float = MAX_WINDOW_S) -> list[Window]:
    """Pack all of a track's utterances."""
    packer = WindowPacker(max_window_s)
    full = [window for utterance in utterances for window in packer.push(utterance)]
    return full + packer.close()


def _within(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)
