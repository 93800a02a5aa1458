"""Windows and their track: the sound that is cut for one, and where its words stand in the meeting."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from transcripts.recognition import inventions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcripts.recognition.recogniser import Recognition, Word
    from transcripts.recognition.windows import Window
    from transcripts.sound import Samples
    from transcripts.storage.spool import StoredTrack


def cut(window: Window, track: StoredTrack) -> Samples:
    """A window's sound, silent where only somebody else was to be heard in this microphone.

    Raises:
        TrackUnreadable: the track's file cannot be opened.
    """
    return np.concatenate([track.own_sound(piece.start_sample, piece.end_sample) for piece in window.pieces])


def placed(recognition: Recognition, window: Window, track_started_s: float) -> Iterator[Word]:
    """The words that somebody said in a window, in seconds of the meeting."""
    if inventions.is_invented(recognition):
        return
    for word in recognition.words:
        start_s, end_s = window.track_span(word.start_s, word.end_s)
        yield replace(word, start_s=round(track_started_s + start_s, 2), end_s=round(track_started_s + end_s, 2))
