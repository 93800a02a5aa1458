"""Finds a server that is published only as a Go module, or builds it from the module pinned beside this file.

`<module>/go.mod` pins it as a Go tool and the built program is kept in `.cache/<name>/<hash of go.sum>/`. A user's own
program (named by a variable of the environment, or on the PATH) comes first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_BUILD_TIMEOUT_S = 1800


class GoToolMissing(Exception):
    """A server is not there and cannot be built; the message says what to do."""


@dataclass(frozen=True)
class GoTool:
    """A server's program: how it is called, and where its source is pinned."""

    name: str
    """What `scripts/bootstrap` calls it."""
    program: str
    """The file, on the PATH or in the cache."""
    module: str
    """The folder beside this file with `go.mod` and `go.sum`."""
    package: str
    variable: str
    """Of the environment: the path of a user's own program."""

    def binary(self) -> Path:
        """The path of the program, built first if need be (minutes, once).

        Raises:
            GoToolMissing: neither the program nor a Go that can build it was found, or the build failed.
        """
        own = os.environ.get(self.variable)
        if own:
            if not Path(own).is_file():
                raise GoToolMissing(f"{self.variable} names {own}, which is not a file")
            return Path(own).absolute()
        on_path = shutil.which(self.program)
        return Path(on_path) if on_path else self._cached_build()

    def _cached_build(self) -> Path:
        module = Path(__file__).with_name(self.module)
        digest = hashlib.sha256((module / "go.sum").read_bytes()).hexdigest()[:16]
        folder = REPOSITORY / ".cache" / self.name / digest
        binary = folder / self.program
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs on a fresh clone build it once
            if not binary.is_file():
                self._build(module, binary)
        return binary

    def _build(self, module: Path, binary: Path) -> None:
        go = self._go()
        print(f"Building {self.program} from its Go module (a few minutes, this once)…", file=sys.stderr, flush=True)
        unfinished = binary.with_name(f"{self.program}.unfinished")
        command = [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(unfinished), self.package]
        try:
            result = subprocess.run(
                command,
                cwd=module,
                env={**os.environ, "CGO_ENABLED": "0"},
                capture_output=True,
                text=True,
                check=False,
                timeout=_BUILD_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired as error:
            raise GoToolMissing(f"building {self.program} took more than {_BUILD_TIMEOUT_S} s") from error
        if result.returncode != 0:
            raise GoToolMissing(f"building {self.program} failed:\n{result.stderr[-4000:]}")
        unfinished.replace(binary)

    def _go(self) -> str:
        """The Go command: the machine's own, or the one that `make` puts into `.tools/`."""
        candidates = [shutil.which("go"), *(str(path) for path in sorted((REPOSITORY / ".tools").glob("**/bin/go")))]
        for candidate in candidates:
            if candidate and os.access(candidate, os.X_OK):
                return candidate
        raise GoToolMissing(
            f"no {self.program} on the PATH and no Go to build it with: "
            f"run this through `make`, which installs Go, or set {self.variable}"
        )


LIVEKIT = GoTool(
    name="livekit",
    program="livekit-server",
    module="livekit-server",
    package="github.com/livekit/livekit-server/cmd/server",
    variable="LIVEKIT_SERVER",
)
S3 = GoTool(
    name="s3",
    program="versitygw",
    module="versitygw",
    package="github.com/versity/versitygw/cmd/versitygw",
    variable="VERSITYGW",
)
