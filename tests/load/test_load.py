"""The load programs work, and nothing is lost under load: counts only, for a busy machine's times say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load import events, meetings, sound
from tests.load.report import Table, markdown, written

PARTS = ("events", "sound", "meetings")
DOCUMENT = "# Reliability\n\n## Load\n\n<!-- load -->\n<!-- /load -->\n\n## Faults\n"


async def test_every_command_in_a_flood_of_events_is_acted_upon_once(tmp_path: Path) -> None:
    """However few or many of the events are commands, and whether or not the database is durable."""
    done = await events.measured(tmp_path, quick=True)
    heard = [digestion for digestion in done if digestion.how != events.RAW]
    assert [digestion.stream for digestion in heard] == [stream for stream in events.QUICK for _ in range(2)]
    assert [digestion.handled for digestion in heard] == [0, 0, 4, 4, 400, 400]
    assert markdown([events.table(done, 0.001)]).count("\n| ") == len(done) + 2


async def test_all_sound_that_is_fed_is_in_the_spool(tmp_path: Path) -> None:
    """Every byte of every track of several meetings at once."""
    fed = await sound.written(tmp_path, 4, sound.recorded(), 1.0)
    assert fed.bytes_stored == fed.bytes_fed
    assert fed.bytes_fed >= 4 * 2 * 10 * sound.FRAME_BYTES


async def test_every_meeting_s_transcript_is_posted_once_when_all_hang_up_together(tmp_path: Path) -> None:
    """With the three processes of a real Greffier on one database."""
    held = await meetings.hold(tmp_path, 3, meetings.QUICK_RATE)
    assert held.lost == []
    assert held.recorded == len(held.transcripts_s) == len(held.cards_s) == 3


def test_the_figures_of_one_program_replace_its_own_and_leave_the_others() -> None:
    """In the order of the programs, whichever was run first."""
    document = DOCUMENT
    for part in reversed(PARTS):
        document = written(document, part, f"the {part} of before", parts=PARTS)
    document = written(document, "sound", "the sound of now", parts=PARTS)
    at = [document.index(text) for text in ("the events of before", "the sound of now", "the meetings of before")]
    assert at == sorted(at)
    assert "the sound of before" not in document
    assert document.startswith("# Reliability\n\n## Load\n")
    assert document.endswith("<!-- /load -->\n\n## Faults\n")


def test_a_document_without_a_load_section_is_refused() -> None:
    """Rather than written over."""
    with pytest.raises(ValueError, match="no line <!-- load -->"):
        written("# Reliability\n", "sound", "figures", parts=PARTS)


def test_a_table_is_markdown() -> None:
    """Its title, a note, a head and rows; figures stand to the right."""
    table = Table("Meetings", ("meetings", "cores"), (("1", "0.1"), ("2", "0.2")), note="On a quiet machine.")
    assert str(table) == (
        "**Meetings**\n\nOn a quiet machine.\n\n| meetings | cores |\n| --- | ---: |\n| 1 | 0.1 |\n| 2 | 0.2 |"
    )
