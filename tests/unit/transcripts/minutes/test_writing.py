"""Who writes the minutes: the model where there is one and it does, the rules otherwise, and the minutes say why."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from config.models import Summary
from tests.fakes.matrix import HANG, PROXY_PAGE, Answer
from tests.fakes.openai_server import MODEL, UNAUTHORISED, FakeOpenAIServer, claiming, completion
from tests.unit.transcripts.minutes.said import MEETING, transcript
from transcripts.assembling.transcript import Transcript
from transcripts.minutes.claims import Minutes
from transcripts.minutes.extractive import extract
from transcripts.minutes.writing import write

DECISION = {
    "kind": "decision",
    "text": "Les deux sessions de juin sont gardées.",
    "turn": 2,
    "quote": "on décide de garder les deux sessions de juin",
}


def settings(server: FakeOpenAIServer, timeout_s: float = 5) -> Summary:
    """The configuration of a bot with this server."""
    return Summary(endpoint=server.url, model=MODEL, timeout_s=timeout_s)


async def written(value: Transcript, how: Summary) -> Minutes:
    """The minutes, which there are."""
    minutes = await write(value, how)
    assert minutes is not None
    return minutes


async def test_without_an_endpoint_the_rules_write() -> None:
    """And that is no failure."""
    minutes = await written(MEETING, Summary())

    assert minutes == extract(MEETING)
    assert (minutes.writer, minutes.fallback) == ("rules", None)


async def test_with_an_endpoint_the_model_writes() -> None:
    """As it claimed."""
    async with FakeOpenAIServer() as server:
        server.writes = lambda _: claiming(DECISION)
        minutes = await written(MEETING, settings(server))

    assert [claim.text for claim in minutes.claims] == [DECISION["text"]]
    assert (minutes.writer, minutes.fallback) == ("model", None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(HANG, "timeout"), (UNAUTHORISED, "refused"), (PROXY_PAGE, "away"), (completion("Voilà."), "nonsense")],
)
async def test_when_the_model_fails_the_rules_write_and_say_so(answer: Answer, reason: str) -> None:
    """In the minutes and, without a word of the meeting, in the log."""
    async with FakeOpenAIServer() as server:
        server.writes = lambda _: answer
        with capture_logs() as logs:
            minutes = await written(MEETING, settings(server, timeout_s=2))

    assert (minutes.writer, minutes.fallback) == ("rules", reason)
    assert minutes.claims == extract(MEETING).claims
    (told,) = (entry for entry in logs if entry["log_level"] == "warning")
    assert told["reason"] == reason
    assert not any(turn.text in str(logs) for turn in MEETING.turns)


async def test_nobody_is_asked_about_a_meeting_without_words() -> None:
    """There is nothing to send."""
    async with FakeOpenAIServer() as server:
        assert (await written(transcript(), settings(server))).claims == ()
        assert server.asked == []


async def test_a_fault_in_the_rules_costs_the_minutes_and_not_the_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told in the log with its place, and without the error's text: there may be words in it."""

    def broken(_: Transcript) -> Minutes:
        raise ValueError(MEETING.turns[0].text)

    monkeypatch.setattr("transcripts.minutes.writing.extract", broken)
    with capture_logs() as logs:
        minutes = await write(MEETING, Summary())

    assert minutes is None
    assert logs[0]["log_level"] == "error"
    assert logs[0]["cause"].startswith("ValueError < test_writing.py:")
    assert "budget" not in str(logs)


async def test_a_fault_on_the_way_to_the_model_leaves_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """As certificates that cannot be read."""
    monkeypatch.setattr("ssl.create_default_context", _no_certificates)
    with capture_logs() as logs:
        minutes = await write(MEETING, Summary(endpoint="https://models.example.org/v1", model=MODEL))

    assert minutes is not None
    assert (minutes.writer, minutes.fallback) == ("rules", "away")
    assert "FileNotFoundError" in logs[0]["cause"]


def _no_certificates() -> None:
    raise FileNotFoundError("/nowhere/certificates.pem")
