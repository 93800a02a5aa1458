"""What recognition costs: CPU time and encoded windows, for more tracks, and for tracks on which nobody speaks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from tests.evaluation.bench.findings import Bound, Chart, Findings, Series
from tests.evaluation.bench.machinery import Machinery
from tests.evaluation.calls import Call, monologue, repeated, spread, wordless
from tests.evaluation.meetings import MEETINGS, SAMPLE_RATE_HZ, load
from tests.evaluation.wordless_sound import SILENCES
from tests.load.report import Table

CALL_S: Final = 600.0
EVERY_S: Final = 120.0
TIMES: Final = 8
MONOLOGUES: Final = 4
MORE: Final = 8
"""So many more silent tracks show what one takes."""
SILENCE_S: Final = 1800.0
QUICK: Final = 20
"""Quick calls are shorter by so much."""
WINDOW_S: Final = 30
WINDOWS_BOUND: Final = 1.4
TRACKS_BOUND: Final = 1.15
SILENT_BOUND: Final = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way of transcribing a call took."""

    how: str
    speech_s: float
    cpu_s: float
    windows: int

    @property
    def cpu_s_an_hour(self) -> float:
        """CPU seconds for an hour of speech."""
        return self.cpu_s / self.speech_s * 3600

    @property
    def windows_ratio(self) -> float:
        """Windows encoded for each 30 s of speech."""
        return self.windows / (self.speech_s / WINDOW_S)


@dataclass(frozen=True, slots=True)
class Tracks:
    """What tracks take, by seconds of call in the place of speech, without what the call takes whoever is in it."""

    call_s: float
    """CPU seconds for a second of a call."""
    talking: Cost
    silent: tuple[Cost, ...]

    def percent(self, one: Cost) -> float:
        """What a track takes, of what a talking one does."""
        return 100 * one.cpu_s_an_hour / self.talking.cpu_s_an_hour


async def measure(machinery: Machinery) -> Findings:
    """The same call three ways; the same speech on two tracks and on eight; somebody who talks, and who does not."""
    ways = await _ways(machinery)
    tracks = await _tracks(machinery)
    one_track = await _silent(machinery)
    return Findings(
        (_ways_table(ways), _tracks_table(tracks), _silent_table(one_track)),
        (
            Bound("windows encoded ÷ (speech ÷ 30 s)", WINDOWS_BOUND, ways[0].windows_ratio),
            Bound("CPU time, 8 tracks ÷ 2 tracks at equal speech", TRACKS_BOUND, tracks[1].cpu_s / tracks[0].cpu_s),
            *(
                Bound(
                    f"CPU time of a silent track ({one.how}), % of a talking one", SILENT_BOUND, one_track.percent(one)
                )
                for one in one_track.silent
            ),
        ),
        (_chart(ways),),
    )


async def _ways(machinery: Machinery) -> list[Cost]:
    call = repeated(load(MEETINGS / "dev3"), CALL_S / QUICK if machinery.quick else CALL_S, EVERY_S)
    ours = await machinery.replay().of(call)
    machinery.tell(f"{call.duration_s / 60:g} min by Greffier: {ours.cpu_s:.0f} CPU s, {ours.windows} windows")
    tracks, mixed = machinery.baseline.tracks(call), machinery.baseline.mixed(call)
    machinery.tell(f"whole tracks: {tracks.cpu_s:.0f} CPU s; mixed: {mixed.cpu_s:.0f} CPU s")
    return [
        Cost("Greffier, during the call", call.speech_s, ours.cpu_s, ours.windows),
        Cost("whole tracks, with VAD", call.speech_s, tracks.cpu_s, tracks.windows),
        Cost("mixed into one file, with VAD", call.speech_s, mixed.cpu_s, mixed.windows),
    ]


async def _tracks(machinery: Machinery) -> list[Cost]:
    meeting = load(MEETINGS / "dev2")
    costs: list[Cost] = []
    for tracks in (2, 8):
        call = spread(meeting, 4 if machinery.quick else TIMES, tracks)
        ours = await machinery.replay().of(_begin_only(call) if machinery.quick else call)
        machinery.tell(f"{tracks} tracks: {ours.cpu_s:.1f} CPU s, {ours.windows} windows")
        costs.append(Cost(f"{tracks} tracks", call.speech_s, ours.cpu_s, ours.windows))
    return costs


async def _silent(machinery: Machinery) -> Tracks:
    """CPU time for a minute of call: the call itself, somebody who talks all the time, and silence."""
    duration_s = SILENCE_S / QUICK if machinery.quick else SILENCE_S
    alone: dict[str, float] = {}
    silent: list[Cost] = []
    for name, make in SILENCES.items():
        call = wordless(name, make(60 * SAMPLE_RATE_HZ), duration_s)
        one = await machinery.replay().of(call)
        many = await machinery.replay().of(replace(call, microphones=call.microphones * (MORE + 1)))
        each_s = (many.cpu_s - one.cpu_s) / MORE
        alone[name] = one.cpu_s - each_s
        silent.append(Cost(name, duration_s, each_s, one.windows + many.windows))
        machinery.tell(f"{name}: {each_s / duration_s * 60:.3f} CPU s a minute, {many.windows} windows")
    call_s = median(alone.values()) / duration_s
    call = monologue(load(MEETINGS / "dev3"), "Peter", 1 if machinery.quick else MONOLOGUES)
    ours = await machinery.replay().of(call)
    talking = Cost("talking", call.duration_s, ours.cpu_s - call_s * call.duration_s, ours.windows)
    return Tracks(call_s, talking, tuple(silent))


def _begin_only(call: Call) -> Call:
    return Call(call.title, call.language, min(call.duration_s, 20.0), call.microphones, call.said)


def _ways_table(ways: list[Cost]) -> Table:
    ours = ways[0]
    rows = tuple(
        (
            one.how,
            f"{one.cpu_s_an_hour:.0f}",
            f"{one.cpu_s / ours.cpu_s:.2f}",
            str(one.windows),
            f"{one.windows_ratio:.2f}",
        )
        for one in ways
    )
    return Table(
        "CPU time and windows",
        ("how", "CPU s for an hour of speech", "÷ Greffier’s", "windows encoded", "÷ (speech ÷ 30 s)"),
        rows,
        note=(
            f"A call of four people with {ours.speech_s / 60:.1f} minutes of speech: the length of what they say in "
            "the reference, without margins. All CPU time of the process counts: writing the sound, voice activity, "
            "the search for the language, recognition, minutes; of the baseline, voice activity and recognition. "
            "Windows are runs of Whisper’s encoder, wherever they come from: also those that were heard too early, and "
            "those that were encoded anew to be decoded again."
        ),
    )


def _tracks_table(tracks: list[Cost]) -> Table:
    rows = tuple(
        (one.how, f"{one.cpu_s:.1f}", f"{one.cpu_s / tracks[0].cpu_s:.2f}", str(one.windows)) for one in tracks
    )
    return Table(
        "More tracks, the same speech",
        ("tracks", "CPU s", "÷ 2 tracks", "windows encoded"),
        rows,
        note=(
            f"{tracks[0].speech_s / 60:.1f} minutes of speech: a meeting of two people again and again, said by the "
            "same two, or in turns by four pairs; whoever does not speak is in a quiet room with an open microphone."
        ),
    )


def _silent_table(tracks: Tracks) -> Table:
    rows = [
        (one.how, f"{one.cpu_s_an_hour / 60:.3f}", f"{tracks.percent(one):.1f}", str(one.windows))
        for one in (tracks.talking, *tracks.silent)
    ]
    call = ("the call itself, whoever is in it", f"{tracks.call_s * 60:.3f}", "", "")
    return Table(
        "A silent track",
        ("what", "CPU s for a minute of call", "% of a talking one", "windows encoded"),
        (*rows, call),
        note=(
            f"What {MORE} silent tracks add to a call of {tracks.silent[0].speech_s / 60:.0f} minutes with one, a "
            f"track; and somebody who talks for {tracks.talking.speech_s / 60:.1f} minutes with short pauses. The call "
            "itself (looking after the spool, syncing the disk) is in neither."
        ),
    )


def _chart(ways: list[Cost]) -> Chart:
    told = "; ".join(f"{one.how}: {one.cpu_s_an_hour:.0f} s and {one.windows_ratio:.2f} windows" for one in ways)
    return Chart(
        "cost",
        "CPU seconds for an hour of speech",
        f"CPU seconds for an hour of speech, and windows encoded for each 30 s of speech. {told}.",
        tuple(one.how for one in ways),
        "",
        "CPU seconds",
        (Series("CPU seconds", tuple(round(one.cpu_s_an_hour) for one in ways)),),
        kind="rows",
    )
