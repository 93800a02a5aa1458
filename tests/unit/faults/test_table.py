"""The results are written into the document where it has a place for them."""

from __future__ import annotations

from datetime import date

import pytest

from tests.faults.judging import Verdict
from tests.faults.steps import Moment, Row, rows
from tests.faults.table import MarksMissing, with_results

TODAY = date(2026, 11, 23)
RESULTS = {
    Row(Moment("front", "post the card", "done")): Verdict((), later_s=4.4, sound_lost_s=0.04, away_s=0.0),
    Row(Moment("recorder", "write sound", "before"), since="mid-speech"): Verdict((), 1.0, 0.26, 5.71),
    Row(Moment("speech", "work", "before")): Verdict(("posted: card",), 0.2, 0.0, 0.0),
}


def test_the_table_stands_between_its_marks_and_nothing_else_changes() -> None:
    """One line for each kill, with what it cost; what goes wrong is said."""
    document = with_results("before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n", RESULTS, TODAY)
    assert document.startswith("before\n<!-- faults -->\n2 of 3 kills were survived.")
    assert document.endswith("|\n<!-- /faults -->\nafter\n")
    assert "| front | post the card | done, not noted | whole, once | 4 s | 0.0 s | — | 2026-11-23 |" in document
    assert (
        "| recorder | write sound, in mid-speech | begun | whole, once | 1 s | 0.3 s | 5.7 s | 2026-11-23 |" in document
    )
    assert "| speech | work | begun | posted: card | 0 s | 0.0 s | — | 2026-11-23 |" in document
    assert "old" not in document


def test_rows_that_were_not_tried_again_stay_and_those_of_steps_that_are_gone_go() -> None:
    """So that the table can be taken in parts; each row says when it was tried."""
    earlier = with_results("<!-- faults --><!-- /faults -->", RESULTS, date(2026, 10, 1))
    gone = "| front | dream | begun | whole, once | 0 s | 0.0 s | — | 2026-10-01 |"
    again = Row(Moment("speech", "work", "before"))

    document = with_results(earlier.replace("<!-- /", f"{gone}\n<!-- /"), {again: Verdict((), 2.0, 0.0, 0.0)}, TODAY)

    assert document.startswith("<!-- faults -->\n3 of 3 kills were survived.")
    assert f"{len(rows()) - 3} more were not tried yet." in document
    assert "| speech | work | begun | whole, once | 2 s | 0.0 s | — | 2026-11-23 |" in document
    assert (
        "| recorder | write sound, in mid-speech | begun | whole, once | 1 s | 0.3 s | 5.7 s | 2026-10-01 |" in document
    )
    assert "dream" not in document


def test_a_document_without_marks_is_not_touched() -> None:
    """Rather than the table being put anywhere."""
    with pytest.raises(MarksMissing):
        with_results("<!-- /faults --> <!-- faults -->", RESULTS, TODAY)
