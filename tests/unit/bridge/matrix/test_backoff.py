"""Waiting before trying again, and saying so once."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bridge.matrix.backoff import Backoff, Outage, patiently, sentence
from bridge.matrix.errors import HomeserverFault, HomeserverUnreachable, RateLimited
from tests.fakes.skipping_loop import without_waiting


@pytest.mark.parametrize(
    ("failures", "least_s", "most_s"), [(1, 0.5, 1), (2, 1, 2), (5, 8, 16), (6, 15, 30), (9999, 15, 30)]
)
def test_waits_double_up_to_a_bound_with_jitter(failures: int, least_s: float, most_s: float) -> None:
    """So that a homeserver that comes back is not met by everyone at once."""
    waits = {Backoff(first_s=1, most_s=30).wait_s(failures) for _ in range(50)}
    assert least_s <= min(waits)
    assert max(waits) <= most_s
    assert len(waits) > 1


def test_a_rate_limit_is_waited_out() -> None:
    """Not shorter than the homeserver asks."""
    assert Backoff().wait_s(1, RateLimited("slow down", retry_after_s=99)) == 99


def test_an_outage_is_told_once_and_its_end_once() -> None:
    """Not at every try; the end says how long it was."""
    now = [100.0]
    with capture_logs() as logs:
        outage = Outage(Backoff(), clock=lambda: now[0])
        outage.over()
        for _ in range(20):
            outage.failed(HomeserverUnreachable("does not answer"), where="listening")
            now[0] += 2
        outage.over(where="listening")
        outage.over(where="listening")
    assert [entry["log_level"] for entry in logs] == ["error", "info"]
    assert logs[0]["problem"] == "does not answer"
    assert logs[1]["after_s"] == 40
    assert logs[1]["tries"] == 20


def test_each_kind_of_failure_in_an_outage_is_told_once() -> None:
    """A restart goes through several; going back and forth between them is not news."""
    with capture_logs() as logs:
        outage = Outage(Backoff())
        for error in (HomeserverUnreachable("gone"), HomeserverFault("502"), HomeserverUnreachable("gone")):
            outage.failed(error)
    assert [entry["problem"] for entry in logs] == ["gone", "502"]


def test_a_new_outage_is_told_anew() -> None:
    """And waits from the beginning."""
    with capture_logs() as logs:
        outage = Outage(Backoff(first_s=1))
        for _ in range(2):
            for _ in range(5):
                outage.failed(HomeserverUnreachable("gone"))
            outage.over()
        assert outage.failed(HomeserverUnreachable("gone")) <= 1
    assert [entry["log_level"] for entry in logs] == ["error", "info", "error", "info", "error"]


def test_a_database_error_is_told_without_the_values_of_its_statement() -> None:
    """SQLAlchemy quotes them, and they are people's words."""
    error = OperationalError("INSERT …", {"body": "secret words"}, Exception("database or disk is full"))
    assert "secret words" in str(error)
    assert sentence(error) == "OperationalError: database or disk is full"
    assert sentence(ValueError("secret words")) == "ValueError"


@without_waiting
async def test_an_error_of_our_own_is_not_taken_for_an_outage() -> None:
    """It is raised as it is."""

    async def broken() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await patiently(broken, patience_s=60, backoff=Backoff())


def test_being_slowed_down_is_no_fault() -> None:
    """The operator is not called for it."""
    with capture_logs() as logs:
        Outage(Backoff()).failed(RateLimited("slow down", retry_after_s=2))
    assert [entry["log_level"] for entry in logs] == ["warning"]
