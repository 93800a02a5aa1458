"""Logs: one event a line, on standard error, of ours and of libraries alike."""

from __future__ import annotations

import json
import logging
from typing import Any, Literal

import pytest
import structlog

from bot.process.logs import set_up
from config.models import Log

pytestmark = pytest.mark.usefixtures("logging_as_before")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged."""
    said = capsys.readouterr()
    assert said.out == ""
    return [json.loads(line) for line in said.err.splitlines()]


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With its level, its time, the process that it is from, and what is bound."""
    set_up(Log(), "front")
    with structlog.contextvars.bound_contextvars(meeting_id="m-1"):
        structlog.get_logger().info("card posted", room="été\nhiver")
    (event,) = lines(capsys)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "card posted",
        "level": "info",
        "role": "front",
        "meeting_id": "m-1",
        "room": "été\nhiver",
    }


def test_a_library_logs_in_the_same_form_and_only_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Its everyday words are not for the operator."""
    set_up(Log(), "front")
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("nio.client").warning("trouble %s", 5)
    (event,) = lines(capsys)
    assert (event["event"], event["level"], event["role"]) == ("trouble 5", "warning", "front")


def test_whoever_asks_for_more_hears_more_of_us_and_not_of_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    """A database's driver, for one, tells each statement with what people have said."""
    set_up(Log(level="debug"), "front")
    for library in ("aiosqlite", "of.a.library.that.nobody.knows"):
        logging.getLogger(library).debug("executing INSERT … '!visio Point budget'")
    structlog.get_logger().debug("heard")
    assert [event["event"] for event in lines(capsys)] == ["heard"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_variable(form: Literal["json", "console"], capsys: pytest.CaptureFixture[str]) -> None:
    """They hold tokens, and what people said."""
    secret = "hush-" + "7f3a"

    def fail(said: str) -> None:
        raise KeyError(len(said))

    set_up(Log(format=form), "front")
    try:
        fail(secret)
    except KeyError:
        structlog.get_logger().exception("broken")
    shown = capsys.readouterr().err
    assert "KeyError" in shown
    assert secret not in shown


def test_what_is_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """As configured."""
    set_up(Log(level="warning"), "front")
    structlog.get_logger().info("unheard")
    structlog.get_logger().warning("heard")
    assert [event["event"] for event in lines(capsys)] == ["heard"]
