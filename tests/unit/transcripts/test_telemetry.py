"""Nothing about meetings leaves the machine: the libraries' telemetry is off before they are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_importing_the_speech_stack_leaves_no_telemetry_behind(tmp_path: Path) -> None:
    """With telemetry on, onnxruntime keeps an event database in the home folder as soon as it is imported."""
    environment = {key: value for key, value in os.environ.items() if "TELEMETRY" not in key}
    subprocess.run(
        [sys.executable, "-c", "from transcripts.listening import voice_activity; voice_activity.VoiceActivity()"],
        env=environment | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        check=True,
        timeout=60,
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
