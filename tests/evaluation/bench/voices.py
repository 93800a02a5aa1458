"""Shared microphones: who spoke when, how many, and who said what, beside the same pipeline given the whole file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tests.evaluation.bench.findings import Findings
from tests.evaluation.bench.machinery import DIARIZATION_MODEL, Machinery
from tests.evaluation.calls import Call, held
from tests.evaluation.diarization_error import Diarization, compare
from tests.evaluation.fidelity import Errors, errors, heard_in
from tests.evaluation.meetings import MEETINGS, SAMPLE_RATE_HZ, Segment, first, load, spoken
from tests.load.report import Table
from transcripts.diarization.voices import Diarizer
from transcripts.sound import Samples, as_float

FOLDERS: Final = ("devroom", "dev3room")
QUICK_S: Final = 20.0
PUSHED_S: Final = 1.0
_NOBODY: Final = "all voices under one name"


@dataclass(frozen=True, slots=True)
class Told:
    """How one way of telling voices apart did."""

    how: str
    diarization: Diarization
    cpu_s: float
    at_the_end_s: float
    """How long it took after the last sound."""


async def measure(machinery: Machinery) -> Findings:
    """Each meeting room, each way."""
    diarizer = machinery.diarizer()
    if diarizer is None:
        raise RuntimeError("pyannote.audio is not installed: the extra `diarization` is missing")
    whole = _WholePipeline()
    voices: list[tuple[str, Told]] = []
    words: list[tuple[str, str, Errors]] = []
    for name in FOLDERS[-1:] if machinery.quick else FOLDERS:
        meeting, speaking = load(MEETINGS / name), spoken(MEETINGS / name)
        if machinery.quick:
            speaking = [segment for segment in speaking if segment.end <= QUICK_S]
        call = held(first(meeting, QUICK_S) if machinery.quick else meeting)
        told = [_incremental(diarizer, call, speaking), whole.told(call, speaking)]
        voices += [(name, one) for one in told]
        ours = heard_in((await machinery.replay(diarizer).of(call)).transcript.turns)
        theirs = machinery.baseline.tracks(call).heard
        words += [
            (name, "Greffier", errors(call.said, ours, call.language)),
            (name, f"whole file, {_NOBODY}", errors(call.said, theirs, call.language)),
        ]
        machinery.tell(f"{name}: DER {', '.join(f'{one.how} {one.diarization.der:.1f} %' for one in told)}")
    return Findings((_voices_table(voices), _words_table(words)))


def _incremental(diarizer: Diarizer, call: Call, speaking: Sequence[Segment]) -> Told:
    """As Greffier does it: sound is pushed as it comes, voices are told apart at the end."""
    sound = _sound(call)
    step = round(PUSHED_S * SAMPLE_RATE_HZ)
    cpu_began_s = time.process_time()
    track = diarizer.begin()
    for start in range(0, len(sound), step):
        track.push(sound[start : start + step])
    ended_s = time.perf_counter()
    spans = track.finish()
    at_the_end_s = time.perf_counter() - ended_s
    found = [Segment(str(span.voice), span.start_s, span.end_s, "") for span in spans]
    return Told(
        "Greffier, as the sound comes", compare(speaking, found), time.process_time() - cpu_began_s, at_the_end_s
    )


class _WholePipeline:
    """The baseline: the same pipeline, as pyannote runs it on a file."""

    def __init__(self) -> None:
        import torch  # noqa: PLC0415 - seconds
        from pyannote.audio import Pipeline  # noqa: PLC0415

        self._torch = torch
        self._pipeline: Any = Pipeline.from_pretrained(str(DIARIZATION_MODEL))

    def told(self, call: Call, speaking: Sequence[Segment]) -> Told:
        """Who speaks when in a call's one microphone."""
        sound = self._torch.from_numpy(np.array(_sound(call)))[None]
        cpu_began_s, began_s = time.process_time(), time.perf_counter()
        answer = self._pipeline({"waveform": sound, "sample_rate": SAMPLE_RATE_HZ})
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
        tracks = getattr(answer, "speaker_diarization", answer).itertracks(yield_label=True)
        found = [Segment(str(voice), span.start, span.end, "") for span, _, voice in tracks]
        return Told("pyannote’s pipeline on the whole file", compare(speaking, found), cpu_s, took_s)


def _sound(call: Call) -> Samples:
    return as_float(call.microphones[0].sound(0, call.samples))


def _voices_table(voices: list[tuple[str, Told]]) -> Table:
    rows = tuple(
        (
            name,
            told.how,
            f"{told.diarization.der:.1f}",
            f"{100 * told.diarization.confused_s / told.diarization.spoken_s:.1f}",
            f"{told.diarization.voices_found} of {told.diarization.voices}",
            f"{told.cpu_s:.1f}",
            f"{told.at_the_end_s:.2f}",
        )
        for name, told in voices
    )
    return Table(
        "Voices told apart",
        ("meeting", "how", "DER, %", "of it confusion", "voices found", "CPU s", "s after the last sound"),
        rows,
        note=(
            "Without a collar, overlaps counted, by pyannote.metrics. The models are the tests’ own small ones, which "
            "know little of voices: the figures show what following the sound changes, not how good pyannote’s "
            "published pipelines are."
        ),
    )


def _words_table(words: list[tuple[str, str, Errors]]) -> Table:
    rows = tuple((name, how, f"{e.cpwer:.1f}", f"{e.tcpwer:.1f}", f"{e.tcorcwer:.1f}") for name, how, e in words)
    return Table(
        "Word errors on shared microphones, in %",
        ("meeting", "how", "cpWER", "tcpWER", "tcORC-WER"),
        rows,
    )
