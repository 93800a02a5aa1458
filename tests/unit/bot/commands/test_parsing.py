"""What somebody typed, and the command that it is."""

from __future__ import annotations

import pytest

from bot.commands.parsing import (
    MAX_TITLE_CHARS,
    Command,
    End,
    Help,
    Misuse,
    SetLanguage,
    ShareMicrophone,
    Start,
    Status,
    StopTranscription,
    is_addressed,
    parse,
)


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("!visio", Start(None)),
        ("!visio ", Start(None)),
        ("!VISIO", Start(None)),
        ("!Visio Point budget", Start("Point budget")),
        ("!visio start", Start(None)),
        ("!visio démarrer", Start(None)),
        ("!visio start fin", Start("fin")),
        ("!visio start Point budget", Start("Point budget")),
        ("!visio   Point \t budget  ", Start("Point budget")),
        ("!visio\tPoint", Start("Point")),
        ("!visio\u00a0Point", Start("Point")),
        ("!visio Point\nle reste du message", Start("Point")),
        ("!visio\nfin", Start(None)),
        ("!visio Point\r\nsuite", Start("Point")),
        ("!visio fin", End()),
        ("!visio FIN", End()),
        ("!visio end", End()),
        ("!visio stop", End()),
        ("!visio fin\n", End()),
        ("!visio fin de projet", Start("fin de projet")),
        ("!visio état", Status()),
        ("!visio E\u0301tat", Status()),
        ("!visio etat", Status()),
        ("!visio ÉTAT", Status()),
        ("!visio status", Status()),
        ("!visio état des lieux", Start("état des lieux")),
        ("!visio aide", Help()),
        ("!visio help", Help()),
        ("!visio aide aux victimes", Start("aide aux victimes")),
        ("!visio sans transcription", StopTranscription()),
        ("!visio Sans Transcription", StopTranscription()),
        ("!visio no transcript", StopTranscription()),
        ("!visio sans transcription demain", Start("sans transcription demain")),
        ("!visio transcription sans", Start("transcription sans")),
        ("!visio sans sans transcription", Start("sans sans transcription")),
        ("!visio micro partagé", ShareMicrophone(None)),
        ("!visio Micro Partage", ShareMicrophone(None)),
        ("!visio micro partage\u0301  Salle 3 ", ShareMicrophone("Salle 3")),
        ("!visio shared microphone Meeting \t room", ShareMicrophone("Meeting room")),
        ("!visio micro partagé Zoe\u0301", ShareMicrophone("Zoé")),
        ("!visio micro partagé ب\u200cا", ShareMicrophone("ب\u200cا")),
        ("!visio micro partagé " + "x" * 64, ShareMicrophone("x" * 64)),
        ("!visio micro partagé " + "x" * 65, Misuse("bad_name")),
        ("!visio micro partagé " + "x" * 1_000_000, Misuse("bad_name")),
        ("!visio micro partagé a\u202eb", Misuse("bad_name")),
        ("!visio micro partagé a\x07b", Misuse("bad_name")),
        ("!visio micro partagé \u200d", Misuse("bad_name")),
        ("!visio micro partagé\nSalle 3", ShareMicrophone(None)),
        ("!visio micro", Start("micro")),
        ("!visio partagé micro", Start("partagé micro")),
        ("!visio microphone shared", Start("microphone shared")),
        ("!visio langue fr", SetLanguage("fr")),
        ("!visio language EN", SetLanguage("en")),
        ("!visio langue", Misuse("which_language")),
        ("!visio langue de", Misuse("which_language")),
        ("!visio langue des signes", Start("langue des signes")),
        ("!visio @everyone <b>", Start("@everyone <b>")),
    ],
)
def test_a_message_is_the_command_that_it_reads_as(typed: str, command: Command) -> None:
    """In both languages, in any case, with any space; a keyword with more after it begins a title."""
    assert is_addressed(typed)
    assert parse(typed) == command


@pytest.mark.parametrize(
    "said",
    ["", "visio", "! visio", "!visiophone", "!visio!", "!visio,", "!visi", " !visio", "bonjour !visio", "!visio\u0301"],
)
def test_anything_else_is_no_command(said: str) -> None:
    """People may speak of the command without giving it."""
    assert not is_addressed(said)
    assert parse(said) is None


def test_a_title_is_as_long_as_it_may_be_and_no_longer() -> None:
    """Counted in characters, as a person would."""
    assert parse("!visio " + "é" * MAX_TITLE_CHARS) == Start("é" * MAX_TITLE_CHARS)
    assert parse("!visio " + "é" * (MAX_TITLE_CHARS + 1)) == Misuse("title_too_long")
    assert parse("!visio start " + "é" * (MAX_TITLE_CHARS + 1)) == Misuse("title_too_long")
    assert parse("!visio " + "e\u0301" * MAX_TITLE_CHARS) == Start("é" * MAX_TITLE_CHARS)


def test_a_title_holds_nothing_that_cannot_be_seen() -> None:
    """Direction overrides, zero-width characters and control characters could make the card lie."""
    assert parse("!visio a\u202eb\u200bc\x07d\u2028e\x00f") == Start("a b c d e f")
    assert parse("!visio \u200b\u202e") == Start(None)


def test_a_huge_message_is_read_in_no_time() -> None:
    """Whoever types it must not stop the others."""
    assert parse("!visio " + "a " * 1_000_000) == Misuse("title_too_long")
