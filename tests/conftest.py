"""What every test run may rely on: that it ends with the status which its tests have earned."""

from __future__ import annotations

import atexit
import os
import sys

import pytest

_SESSION = pytest.StashKey[pytest.Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Be the last to act at the end of the process; what is registered first runs last."""
    atexit.register(_leave, config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember whose status counts."""
    session.config.stash[_SESSION] = session


def _leave(config: pytest.Config) -> None:
    """End the process here if LiveKit's client was in it.

    Its native threads still call back for a moment. A call back into an interpreter that is being taken down ends the
    thread in the middle of native code, which aborts the process: one run in six ended with status 134 that way,
    after all its tests had passed.
    """
    session = config.stash.get(_SESSION, None)
    if session is not None and "livekit.rtc" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(session.exitstatus)
