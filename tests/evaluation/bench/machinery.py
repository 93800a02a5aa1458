"""What every part measures with: the model, loaded once for Greffier and once for the baseline, and a place on disk."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.models import Diarization, Speech
from tests.evaluation.meetings import MEETINGS, load
from tests.evaluation.replay import Replay
from tests.evaluation.whole_files import Baseline
from tests.stack.speech_model import recognised, speech_model
from transcripts.diarization.voices import Diarizer
from transcripts.recognition import whisper
from transcripts.recognition.recogniser import Recogniser
from transcripts.sound import SAMPLE_RATE_HZ, StoredSamples, as_float

DIARIZATION_MODEL: Final = MEETINGS.parent / "diarization-tiny"
"""The small pipeline of the tests: what is measured with it is how Greffier uses one, not how good one can be."""
_PROBE_S: Final = 28


@dataclass(frozen=True)
class Machinery:
    """All of it."""

    folder: Path
    settings: Speech
    recogniser: Recogniser
    baseline: Baseline
    quick: bool
    tell: Callable[[str], None]

    @classmethod
    def prepare(cls, folder: Path, tell: Callable[[str], None], *, quick: bool) -> Machinery:
        """Load the models, and use them once: the first time is slower. To be quick, there is no beam search."""
        settings = Speech(model=str(speech_model()), device="cpu", beam_size=1 if quick else Speech().beam_size)
        recogniser = whisper.load(settings)
        recognised(recogniser, [as_float(_known_speech())], "en")
        return cls(folder, settings, recogniser, Baseline(settings.model, settings.beam_size), quick, tell)

    def replay(self, diarizer: Diarizer | None = None) -> Replay:
        """Greffier's own code."""
        return Replay(self.folder, self.recogniser, diarizer, self.settings.languages)

    def diarizer(self) -> Diarizer | None:
        """The model that tells voices apart; loaded when it is asked for."""
        from transcripts.diarization.pyannote import load as load_voices  # noqa: PLC0415 - torch takes seconds

        if str(DIARIZATION_MODEL) not in sys.path:
            sys.path.append(str(DIARIZATION_MODEL))  # its checkpoints name a module that is there
        return load_voices(Diarization(model=str(DIARIZATION_MODEL)))

    def probe_s(self) -> float:
        """How long one and the same half minute of speech takes now: the median of three."""
        took_s: list[float] = []
        for _ in range(1 if self.quick else 3):
            began_s = time.perf_counter()
            recognised(self.recogniser, [as_float(_known_speech())], "en")
            took_s.append(time.perf_counter() - began_s)
        return round(statistics.median(took_s), 2)


def circumstances(settings: Speech) -> str:
    """What a reader must know of the machine, and of how the model was used."""
    load_1, _, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, beam {settings.beam_size}, and a load of {load_1:.1f} from elsewhere when it began"


def _known_speech() -> StoredSamples:
    return load(MEETINGS / "dev3").sound[0][: _PROBE_S * SAMPLE_RATE_HZ]
