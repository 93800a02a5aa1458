"""How Greffier is doing as a whole: read from the database, shown to the operator, and as figures for monitoring."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dbos import DBOS

from bot.durable.enqueueing import enqueue_transcription
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS
from bot.process.presence import Process
from bot.room.wording import FRENCH
from bot.running import figures, status
from bot.running.overview import Overview, Waiting, overview
from tests.unit.bot.hall import Hall
from tests.unit.bot.samples import a_meeting, settings
from transcripts.storage.spool import MeetingId

STARTED = datetime(2026, 11, 12, 13, 5, tzinfo=UTC)
FRONT = Process("front", "front", "vm-1", 10, STARTED, 2.0)
RECORDER = Process("recorder@vm-1", "recorder", "vm-1", 11, STARTED, 600.0)
NOW = Overview(
    processes=[FRONT, RECORDER],
    in_call=[a_meeting(), a_meeting(id=MeetingId("m-other"), unheard_s=90.0)],
    after_call=[a_meeting(id=MeetingId("m-over"), unheard_s=200.0, transcribing_s=3.5)],
    waiting=(Waiting(RECORDINGS, 0, 0.0), Waiting(TRANSCRIPTIONS, 3, 400.0)),
    undelivered=[],
)


async def test_what_is_under_way_and_waits_is_counted(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """By phase and by queue, with how long the oldest has waited."""
    meeting = await hall.begins("!visio Point budget")
    now = await overview(hall.database.engine, DBOS.list_workflows_async)
    assert ([m.id for m in now.in_call], now.after_call) == ([meeting.id], [])
    assert [process.executor_id for process in now.processes] == ["front"]
    hall.speech.may_finish = False
    await hall.leaves(meeting)
    await hall.until(lambda: hall.said(FRENCH.transcribing))
    monkeypatch.setattr("bot.durable.enqueueing.version_of", lambda _role: "that nobody runs yet")
    await enqueue_transcription(MeetingId("m-later"))
    now = await overview(hall.database.engine, DBOS.list_workflows_async)
    assert (now.in_call, [m.id for m in now.after_call]) == ([], [meeting.id])
    assert [(waiting.queue.name, waiting.jobs) for waiting in now.waiting] == [("recordings", 0), ("transcriptions", 1)]
    assert 0 <= now.waiting[1].oldest_s < 60
    hall.speech.may_finish = True
    await hall.finishes(meeting)


def test_the_operator_is_shown_who_is_there_and_who_is_missing() -> None:
    """Each on a line."""
    lines = list(status.lines(NOW))
    assert lines == [
        "processes",
        "  front     front                    vm-1, process 10, seen 2 s ago",
        "  recorder  recorder@vm-1            vm-1, process 11, GONE, seen 10 min ago",
        "  recorder  NONE IS RUNNING",
        "  speech    NONE IS RUNNING",
        "meetings",
        "  in their call: 2 (m-0123456789abcdef, m-other)",
        "  after their call: 1 (m-over)",
        "waiting",
        "  recordings: none",
        "  transcriptions: 3, the oldest for 7 min",
        "  speech to be recognised: 90 s",
        "transcripts that could not be posted",
        "  none",
    ]


def test_more_waiting_work_than_is_counted_is_said_as_such() -> None:
    """The answer is the same: too much."""
    lines = status.lines(replace(NOW, waiting=(Waiting(RECORDINGS, 1000, 90000.0),)))
    assert "  recordings: 1000 or more, the oldest for 25 h" in lines


def test_where_all_is_heard_no_length_is_said() -> None:
    """A meeting of which nothing was said yet, and one whose transcript waits for its room, have nothing to hear."""
    heard = replace(NOW, in_call=[a_meeting()])
    assert "  speech to be recognised: none" in status.lines(heard)


def test_transcripts_that_could_not_be_posted_are_listed_with_the_reason() -> None:
    """For the operator to mend."""
    *_, title, line = status.lines(replace(NOW, undelivered=[a_meeting(undelivered="kicked")]))
    assert (title, line) == (
        "transcripts that could not be posted",
        "  m-0123456789abcdef: kicked (!room:tchap.test)",
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172800, "2 days")],
)
def test_a_length_of_time_is_said_roughly(seconds: float, said: str) -> None:
    """In the unit that a person would take."""
    assert status.ago(seconds) == said


def test_the_figures_have_no_label_for_a_meeting() -> None:
    """A role without a process is 0, not missing."""
    shown = {(figure.name, *figure.labels.values()): figure.value for figure in figures.of(NOW)}
    assert shown == {
        ("greffier_processes", "front"): 1,
        ("greffier_processes", "recorder"): 0,
        ("greffier_processes", "speech"): 0,
        ("greffier_queue_jobs", "recordings"): 0,
        ("greffier_queue_oldest_seconds", "recordings"): 0,
        ("greffier_queue_jobs", "transcriptions"): 3,
        ("greffier_queue_oldest_seconds", "transcriptions"): 400,
        ("greffier_meetings_open", "in_call"): 2,
        ("greffier_speech_unheard_seconds", "in_call"): 90,
        ("greffier_meetings_open", "after_call"): 1,
        ("greffier_speech_unheard_seconds", "after_call"): 0,
        ("greffier_transcripts_undelivered",): 0,
    }


async def test_the_status_of_a_database_that_was_never_used_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, and changes nothing."""
    assert await status.status(settings(tmp_path)) == 1
    assert capsys.readouterr().out == "nothing is known: has Greffier run on this database?\n"


async def test_the_status_of_a_running_greffier(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    """Read by another process, which says with its exit status whether a role has nobody."""
    assert await status.status(hall.settings) == 1
    said = capsys.readouterr().out
    assert "  front     front " in said
    assert "  speech    NONE IS RUNNING" in said
