"""Who a process is."""

from __future__ import annotations

import pytest

from bot.process.identity import NAME, Identity, name_of_this_machine


def test_the_front_is_the_same_on_every_machine() -> None:
    """Started elsewhere, it takes up its meetings."""
    assert Identity.of("front").executor_id == Identity.of("front", "other").executor_id == "front"


def test_recorders_are_told_apart_by_their_names() -> None:
    """Each takes up its own recordings after a restart."""
    assert Identity.of("recorder", "a").executor_id == "recorder@a"
    assert Identity.of("speech", "a").executor_id == "speech@a"


@pytest.mark.parametrize(
    ("host", "name"), [("vm-1.example.org", "vm-1.example.org"), ("été", "-t-"), ("x" * 80, "x" * 64), ("", "here")]
)
def test_the_name_of_a_machine_is_one_that_may_be_given(host: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine is called."""
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert name_of_this_machine() == name
    assert NAME.fullmatch(name)
    assert Identity.of("speech").executor_id == f"speech@{name}"
