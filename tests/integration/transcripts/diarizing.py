"""The small diarization pipeline of the tests, and meetings as it takes them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.models import Diarization
from tests.evaluation.meetings import MEETINGS, load
from transcripts.diarization import pyannote
from transcripts.sound import as_float

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcripts.diarization.pyannote import PyannoteDiarizer
    from transcripts.diarization.voices import VoiceSpan
    from transcripts.sound import Samples

TINY = Path(__file__).parents[2] / "data" / "diarization-tiny"
"""Its checkpoints name the module `tiny_diarization`, so the folder has to be on the path of modules."""
SETTINGS = Diarization(model=str(TINY))


def tiny_on_path() -> Iterator[None]:
    """While a test runs; without the extra there is nothing to test, and that is no success."""
    if importlib.util.find_spec("torch") is None:
        pytest.fail("The extra `diarization` is missing; `make test` installs it (scripts/bootstrap diarization).")
    sys.path.insert(0, str(TINY))
    yield
    sys.path.remove(str(TINY))


def loaded() -> PyannoteDiarizer:
    """The pipeline as Greffier loads it."""
    diarizer = pyannote.load(SETTINGS)
    assert diarizer is not None
    return diarizer


def room(name: str) -> Samples:
    """The sound of a meeting's shared microphone."""
    return as_float(load(MEETINGS / name).sound[0])


def listened(diarizer: PyannoteDiarizer, sound: Samples, piece: int = 16_000) -> tuple[VoiceSpan, ...]:
    """The voices of a track that comes in pieces of so many samples."""
    voices = diarizer.begin()
    for first in range(0, len(sound), piece):
        voices.push(sound[first : first + piece])
    return voices.finish()


def with_silence(sound: Samples, at_s: float, lasting_s: float) -> Samples:
    """The sound with a pause in it."""
    at = round(at_s * 16_000)
    return np.concatenate([sound[:at], np.zeros(round(lasting_s * 16_000), np.float32), sound[at:]])
