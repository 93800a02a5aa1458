"""The journal of what was heard: read back as it was written, whatever became of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.speech import spread
from transcripts.recognition.heard_words import FILE, HeardWords, WindowKey
from transcripts.recognition.hearing import Heard
from transcripts.recognition.recogniser import Recognition

KEY = WindowKey("00000-TR_1", 1600, 320_000, 280_000)
SAID = Recognition(spread("ça va « bien »", 0.5, 3.0), 0.1, -0.2, 1.2)
HEARD = Heard(SAID, "fr", {"fr": 0.9, "en": 0.1}, several_voices=True, cpu_s=3.4)


@pytest.fixture
def journal(tmp_path: Path) -> HeardWords:
    """A journal that nothing stands in."""
    return HeardWords(tmp_path / FILE)


def test_what_was_heard_is_remembered(journal: HeardWords, tmp_path: Path) -> None:
    """Words to the letter, and languages; only Greffier's user may read them."""
    journal.add(KEY, HEARD)
    remembered = HeardWords(tmp_path / FILE).read()
    assert remembered.windows == {KEY: HEARD}
    assert remembered.languages == {"00000-TR_1": {"fr": 0.9, "en": 0.1}}
    assert remembered.times == 1
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_the_latest_of_a_window_counts_and_each_time_is_counted(journal: HeardWords) -> None:
    """It was heard again in another language."""
    english = Heard(SAID, "en")
    for heard in (HEARD, english):
        journal.add(KEY, heard)
    remembered = journal.read()
    assert (remembered.windows, remembered.times) == ({KEY: english}, 2)
    assert remembered.languages == {KEY.track: HEARD.scores}


def test_what_was_erased_stays_erased(journal: HeardWords, tmp_path: Path) -> None:
    """Whatever a thread was about to add: it may come to that only now."""
    journal.add(KEY, HEARD)
    journal.erase()
    journal.add(KEY, HEARD)
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_was_cut_short_costs_only_itself(journal: HeardWords, tmp_path: Path) -> None:
    """The process was killed while it wrote, and another went on."""
    journal.add(KEY, HEARD)
    whole = (tmp_path / FILE).read_bytes()
    later = WindowKey("00000-TR_1", 400_000, 500_000, 90_000)
    for end in range(1, len(whole), 7):
        (tmp_path / FILE).write_bytes(whole + whole[:end])
        journal.add(later, HEARD)
        assert journal.read().windows.keys() == {KEY, later}


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"v":2,"track":"00000-TR_1"}',
        b'{"v":2,"track":"00000-TR_1","samples":[1,2],"language":"fr","words":[]}',
        b'{"v":1,"of":"window","track":"00000-TR_1","samples":[1,2,1],"language":"fr","words":[]}',
    ],
)
def test_a_line_of_another_kind_counts_as_none(journal: HeardWords, tmp_path: Path, line: bytes) -> None:
    """Of another version, or of nobody."""
    (tmp_path / FILE).write_bytes(line)
    journal.add(KEY, HEARD)
    assert journal.read().windows == {KEY: HEARD}


def test_a_journal_that_is_not_there_is_empty(journal: HeardWords) -> None:
    """Nothing was heard yet."""
    assert journal.read().windows == {}


def test_sound_that_was_erased_takes_its_journal_along(tmp_path: Path) -> None:
    """What is heard a moment later is written nowhere, and stops nobody."""
    journal = HeardWords(tmp_path / "gone" / FILE)
    journal.add(KEY, HEARD)
    journal.erase()
    assert not (tmp_path / "gone").exists()
