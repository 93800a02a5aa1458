"""Stays in fake rooms take no real time."""

from __future__ import annotations

import pytest

from bridge.livekit import capture
from tests.unit.bridge.livekit.rooms import LOOK_EVERY_S


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other closely; what is waited for is on the test's clock."""
    monkeypatch.setattr(capture, "LOOK_EVERY_S", LOOK_EVERY_S)
