"""Voices at a shared microphone with a real pyannote pipeline: as the sound comes in, as good as with the whole file.

The pipeline is a small one (tests/data/diarization-tiny): it shows that the way is right, not how good a model is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from config.models import Diarization
from tests.evaluation.diarization_error import compare
from tests.evaluation.meetings import MEETINGS, Segment, spoken
from tests.integration.transcripts.diarizing import SETTINGS, TINY, listened, loaded, room, tiny_on_path, with_silence
from tests.unit.transcripts.sounds import noise, speech
from transcripts.diarization import pipeline as pipelines
from transcripts.diarization import pyannote
from transcripts.diarization.pipeline import PipelineModels
from transcripts.diarization.pyannote import PyannoteDiarizer
from transcripts.diarization.voices import DiarizationFailed, DiarizationUnavailable, VoiceSpan
from transcripts.sound import Samples, as_float

if TYPE_CHECKING:
    from collections.abc import Callable

ROOMS = ("devroom", "dev3room")
PEOPLE = {"devroom": 3, "dev3room": 4}
CHUNK_S, STEP_S = 8.0, 0.8
"""Of the small pipeline; community-1 has 10 s and 1 s."""

pytestmark = pytest.mark.timeout(300)  # importing torch takes a while on a busy machine

_tiny_on_path = pytest.fixture(scope="module", autouse=True, name="tiny_on_path")(tiny_on_path)


@pytest.fixture(scope="module")
def diarizer(tiny_on_path: None) -> PyannoteDiarizer:
    """The pipeline, loaded once."""
    return loaded()


@dataclass(frozen=True)
class Room:
    """A shared microphone, who speaks there by the reference and by both ways."""

    name: str
    sound: Samples
    said: list[Segment]
    spans: tuple[VoiceSpan, ...]
    whole: list[Segment]


@pytest.fixture(scope="module", params=ROOMS)
def told_apart(request: pytest.FixtureRequest, diarizer: PyannoteDiarizer) -> Room:
    """A room, pushed second by second, and given to pyannote as a whole file."""
    sound = room(request.param)
    said = spoken(MEETINGS / request.param)
    return Room(request.param, sound, said, listened(diarizer, sound), whole_file(diarizer, sound))


def segments(spans: tuple[VoiceSpan, ...]) -> list[Segment]:
    """What a diarizer found, as the evaluation takes it."""
    return [Segment(str(span.voice), span.start_s, span.end_s, "") for span in spans]


def whole_file(diarizer: PyannoteDiarizer, sound: Samples) -> list[Segment]:
    """What pyannote's own pipeline finds when it has the whole file."""
    models = diarizer._models._models
    output = models._pipeline({"waveform": models._torch.from_numpy(sound)[None], "sample_rate": 16_000})
    tracks = output.speaker_diarization.itertracks(yield_label=True)
    return [Segment(str(voice), span.start, span.end, "") for span, _, voice in tracks]


def between(whole: list[Segment], spans: tuple[VoiceSpan, ...]) -> float:
    """How much of the speech the two ways disagree on, in percent."""
    return compare(whole, segments(spans)).der


def test_as_the_sound_comes_in_the_voices_are_those_of_the_whole_file(told_apart: Room) -> None:
    """The same segments and embeddings are clustered; nothing but the order of the work differs."""
    assert between(told_apart.whole, told_apart.spans) < 0.5


def test_people_in_a_room_are_told_apart(told_apart: Room) -> None:
    """As many as there are, and by the figures that the pipeline's README gives, within a point."""
    found = compare(told_apart.said, segments(told_apart.spans))

    assert found.voices_found == PEOPLE[told_apart.name]
    assert found.der < 11
    assert compare(told_apart.said, segments(told_apart.spans), collar_s=0.25).der < 5


def test_voices_are_in_order(told_apart: Room) -> None:
    """By start, numbered by first appearance, within the track."""
    starts = [span.start_s for span in told_apart.spans]

    assert starts == sorted(starts)
    assert list(dict.fromkeys(span.voice for span in told_apart.spans)) == list(range(PEOPLE[told_apart.name]))
    assert all(0 <= span.start_s < span.end_s <= len(told_apart.sound) / 16_000 for span in told_apart.spans)


@pytest.mark.parametrize("later_s", [0.2, 0.4, 0.6])
def test_voices_do_not_depend_on_where_in_the_track_somebody_speaks(diarizer: PyannoteDiarizer, later_s: float) -> None:
    """Chunks begin every 0.8 s of the track, whatever is being said then."""
    begins_s, ends_s = 30.7, 82.5  # nobody speaks at either, and each of the four says 9 s and more between
    part = room("dev3room")[round(begins_s * 16_000) : round(ends_s * 16_000)]
    said = [
        Segment(segment.speaker, segment.start - begins_s + later_s, segment.end - begins_s + later_s, "")
        for segment in spoken(MEETINGS / "dev3room")
        if begins_s <= segment.start and segment.end <= ends_s
    ]

    found = compare(said, segments(listened(diarizer, with_silence(part, 0.0, later_s))))

    assert found.voices_found == found.voices == 4
    assert found.der < 12


def test_long_tracks_are_put_together_in_blocks(
    told_apart: Room, diarizer: PyannoteDiarizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block's border within a sentence changes nothing; blocks of 16 s here, of minutes in use."""
    monkeypatch.setattr(pipelines, "BLOCK_CHUNKS", 20)

    assert between(told_apart.whole, listened(diarizer, told_apart.sound)) < 0.5


def test_where_there_is_too_much_to_cluster_the_rest_is_assigned(
    diarizer: PyannoteDiarizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third of a room's embeddings still give its voices."""
    sound = room("devroom")[: 60 * 16_000]
    all_clustered = segments(listened(diarizer, sound))
    monkeypatch.setattr(pipelines, "MAX_CLUSTERED", 40)

    assert between(all_clustered, listened(diarizer, sound)) < 2


def test_silence_within_a_track_is_not_worked_on_and_not_spoken_in(diarizer: PyannoteDiarizer) -> None:
    """Two minutes in which the microphone is muted: the same voices before and after."""
    sound = with_silence(room("devroom")[: 60 * 16_000], 30.0, 120.0)
    voices = diarizer.begin()
    voices.push(sound)
    spans = voices.finish()

    heard_s = [chunk.index * STEP_S for chunk in voices._heard]  # type: ignore[attr-defined]
    assert not [start_s for start_s in heard_s if 30.1 < start_s < 149.9 - CHUNK_S]
    assert not [span for span in spans if span.start_s < 149.5 and span.end_s > 30.5]
    assert between(whole_file(diarizer, sound), spans) < 2


@pytest.mark.parametrize(
    ("sound", "voices"),
    [
        pytest.param(np.zeros(0, np.float32), 0, id="empty"),
        pytest.param(np.zeros(30 * 16_000, np.float32), 0, id="all zero"),
        pytest.param(as_float(noise(20)), 0, id="noise"),
        pytest.param(as_float(speech(4, 5)), 1, id="one second"),
        pytest.param(as_float(speech(2.5, 29)), 1, id="one voice"),
        pytest.param(np.clip(as_float(speech(2.5, 29)) * 30, -1, 1), 1, id="one voice, clipped"),
    ],
)
def test_bad_sound_has_no_voices_too_many(diarizer: PyannoteDiarizer, sound: Samples, voices: int) -> None:
    """Nothing, nobody, and one person whatever they sound like."""
    assert len({span.voice for span in listened(diarizer, sound)}) == voices


def test_sound_of_a_telephone_is_told_apart(diarizer: PyannoteDiarizer) -> None:
    """Without anything above 4 kHz, three people in a room are at least two."""
    spectrum = np.fft.rfft(room("devroom")[: 60 * 16_000])
    spectrum[len(spectrum) // 2 :] = 0
    sound = np.fft.irfft(spectrum).astype(np.float32)

    assert 2 <= len({span.voice for span in listened(diarizer, sound)}) <= 4


def test_many_tracks_may_be_listened_to_at_once(diarizer: PyannoteDiarizer) -> None:
    """From a thread each; each gets its own voices."""
    sounds = [room(name)[: 25 * 16_000] for name in ROOMS]
    alone = [listened(diarizer, sound) for sound in sounds]
    together: dict[int, tuple[VoiceSpan, ...]] = {}

    def listen(number: int) -> None:
        together[number] = listened(diarizer, sounds[number], piece=4_000)

    threads = [threading.Thread(target=listen, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number in range(2):
        assert between(segments(alone[number]), together[number]) < 0.5


def test_a_chunk_is_heard_once_for_all_who_speak_in_it() -> None:
    """With the embedding model of community-1 (untrained here): the same embeddings, for a pass less per speaker."""
    from pyannote.audio.models.embedding import WeSpeakerResNet34  # noqa: PLC0415 - the extra may be missing

    models = _with_embedder(WeSpeakerResNet34())
    sounds = [room("devroom")[first * 16_000 : (first + 10) * 16_000] for first in (20, 21)]
    assert models._has_frames

    heard = models.hear(sounds)
    models._has_frames = False

    for (activity, once), (_, again) in zip(heard, models.hear(sounds), strict=True):
        assert activity.any(axis=0).sum() == 2
        assert np.isnan(once).all(axis=1).tolist() == (~activity.any(axis=0)).tolist()
        np.testing.assert_allclose(once, again, atol=1e-5)


def test_a_model_that_gives_up_is_told_as_such(diarizer: PyannoteDiarizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of memory, for one: the track's words can still be had."""

    def give_up(*_: object) -> None:
        raise RuntimeError("not enough memory")

    monkeypatch.setattr(diarizer._models._models, "hear", give_up)

    with pytest.raises(DiarizationFailed, match="not enough memory"):
        listened(diarizer, room("devroom")[: 20 * 16_000])


def test_loading_and_listening_say_nothing_to_anybody(tmp_path: Path) -> None:
    """No connection, no telemetry though the environment asks for it, no warning about FFmpeg.

    And no file at home but the list of fonts of a library that draws.
    """
    code = """
import socket, sys
asked = []
def refuse(*address, **_): asked.append(address); raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import numpy as np
from config.models import Diarization
from transcripts.diarization import pyannote
voices = pyannote.load(Diarization(model=sys.argv[1])).begin()
voices.push(np.load(sys.argv[2]))
assert voices.finish()
from pyannote.audio.telemetry.metrics import is_metrics_enabled, provider
assert not is_metrics_enabled()
assert provider.force_flush()
assert asked == [], asked
"""
    np.save(tmp_path / "sound.npy", room("devroom")[: 12 * 16_000])
    home = tmp_path / "home"
    home.mkdir()
    environment = os.environ | {
        "PYANNOTE_METRICS_ENABLED": "1",
        "HOME": str(home),
        "PYTHONPATH": f"{TINY}:{Path.cwd()}",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(TINY), str(tmp_path / "sound.npy")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert "diarization model loaded" in done.stdout
    assert [path for path in home.rglob("*") if path.is_file() and "matplotlib" not in path.parts] == []


def _cut_off(folder: Path) -> None:
    model = folder / "embedding" / "pytorch_model.bin"
    model.write_bytes(model.read_bytes()[:100_000])


def _without_a_part(folder: Path) -> None:
    shutil.rmtree(folder / "plda")


def _of_another_kind(folder: Path) -> None:
    config = folder / "config.yaml"
    config.write_text(
        config.read_text().replace("VBxClustering", "KMeansClustering").split("  clustering:\n    threshold")[0]
    )


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (_cut_off, "check that the folder was copied whole"),
        (_without_a_part, "check that the folder was copied whole"),
        (_of_another_kind, "take one that finds the number of voices by itself"),
    ],
)
def test_a_broken_folder_is_told_at_start(tmp_path: Path, broken: Callable[[Path], None], sentence: str) -> None:
    """With the remedy, and not in a meeting."""
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    broken(folder)

    with pytest.raises(DiarizationUnavailable, match=sentence):
        pyannote.load(SETTINGS.model_copy(update={"model": str(folder)}))


def test_a_model_whose_conditions_were_not_accepted_is_told_with_the_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub says no: accept, token, or a folder."""
    from pyannote.audio import Pipeline  # noqa: PLC0415 - the extra may be missing

    def gated(*_: object, **__: object) -> None:
        print("a page of advice for programmers")
        raise OSError("403 Client Error: Cannot access gated repo")

    monkeypatch.setattr(Pipeline, "from_pretrained", gated)

    with pytest.raises(DiarizationUnavailable) as told:
        pyannote.load(Diarization(model="pyannote/speaker-diarization-community-1"))
    for remedy in ("speaker-diarization-community-1 and set diarization.hub_token", "greffier models fetch", "null"):
        assert remedy in str(told.value)


def _with_embedder(embedder: Any) -> PipelineModels:
    """The small pipeline with another model for embeddings."""
    libraries = pyannote._imported()
    pipeline = libraries.audio.Pipeline.from_pretrained(str(TINY))
    embedder.build()
    embedder.eval()
    pipeline._embedding.model_ = embedder
    return PipelineModels(pipeline, libraries)
