"""Finds the LiveKit server, or builds it from the pinned Go module beside this file.

It is published only as a Go module: `livekit-server/go.mod` pins it as a Go tool and the built program is kept in
`.cache/livekit/<hash of go.sum>/`. A user's own `livekit-server` (LIVEKIT_SERVER, or on the PATH) comes first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_MODULE = Path(__file__).with_name("livekit-server")
_PACKAGE = "github.com/livekit/livekit-server/cmd/server"
_BUILD_TIMEOUT_S = 1800


class LiveKitServerMissing(Exception):
    """There is no LiveKit server and none can be built; the message says what to do."""


def livekit_server_binary() -> Path:
    """The path of a `livekit-server`, built first if need be (minutes, once).

    Raises:
        LiveKitServerMissing: neither the server nor a Go that can build it was found, or the build failed.
    """
    own = os.environ.get("LIVEKIT_SERVER")
    if own:
        if not Path(own).is_file():
            raise LiveKitServerMissing(f"LIVEKIT_SERVER names {own}, which is not a file")
        return Path(own).absolute()
    on_path = shutil.which("livekit-server")
    return Path(on_path) if on_path else _cached_build()


def _cached_build() -> Path:
    digest = hashlib.sha256((_MODULE / "go.sum").read_bytes()).hexdigest()[:16]
    folder = REPOSITORY / ".cache" / "livekit" / digest
    binary = folder / "livekit-server"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs on a fresh clone build it once
        if not binary.is_file():
            _build(binary)
    return binary


def _build(binary: Path) -> None:
    go = _go()
    print("Building livekit-server from its Go module (a few minutes, this once)…", file=sys.stderr, flush=True)
    unfinished = binary.with_name("livekit-server.unfinished")
    command = [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(unfinished), _PACKAGE]
    try:
        result = subprocess.run(
            command,
            cwd=_MODULE,
            env={**os.environ, "CGO_ENABLED": "0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_BUILD_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise LiveKitServerMissing(f"building livekit-server took more than {_BUILD_TIMEOUT_S} s") from error
    if result.returncode != 0:
        raise LiveKitServerMissing(f"building livekit-server failed:\n{result.stderr[-4000:]}")
    unfinished.replace(binary)


def _go() -> str:
    """The Go command: the machine's own, or the one that `make` puts into `.tools/`."""
    candidates = [shutil.which("go"), *(str(path) for path in sorted((REPOSITORY / ".tools").glob("**/bin/go")))]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise LiveKitServerMissing(
        "no livekit-server on the PATH and no Go to build it with: "
        "run this through `make`, which installs Go, or set LIVEKIT_SERVER"
    )
