"""The model that tells voices apart in tests and demo: small, and made for that alone (see its README)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "diarization-tiny"
ROOT = Path(__file__).parents[2]


def settings() -> dict[str, dict[str, str]]:
    """The section of Greffier's configuration that names it."""
    return {"diarization": {"model": str(FOLDER)}}


def variables() -> dict[str, str]:
    """What a process that loads it needs in its environment: its checkpoints name a module that lies beside them."""
    paths = [str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


def install_what_it_needs() -> None:
    """Install pyannote.audio and torch, where they are not: minutes, and several gigabytes.

    Raises:
        CalledProcessError: they cannot be had; what the program said is on the terminal.
    """
    if importlib.util.find_spec("torch") is None:
        subprocess.run([ROOT / "scripts" / "bootstrap", "diarization"], check=True)
