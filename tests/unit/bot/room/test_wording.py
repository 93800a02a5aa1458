"""Every sentence the bot says: complete in both languages, and set as each language is set."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

import pytest

from bot.commands.parsing import (
    Command,
    End,
    Help,
    SetLanguage,
    ShareMicrophone,
    Start,
    Status,
    StopTranscription,
    parse,
)
from bot.room.wording import ENGLISH, FRENCH, Usable, Usage, Wording, duration, in_language
from config.models import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
BOTH = pytest.mark.parametrize("wording", [FRENCH, ENGLISH], ids=["fr", "en"])


def sentences(wording: Wording) -> Iterator[tuple[str, str]]:
    """Everything that may be read in a room, by the name of its field."""
    for field in fields(wording):
        value = getattr(wording, field.name)
        if field.name == "language":
            continue
        if isinstance(value, str):
            yield field.name, value
        elif callable(value):
            yield from ((f"{field.name}({count})", value(count)) for count in (0, 1, 2, 12))
        else:
            for command, usage in value.items():
                yield f"{field.name}.{command}", usage.what


def placeholders(sentence: str) -> set[str | None]:
    """What is filled into a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_of_the_settings_has_its_wording(language: Language) -> None:
    """Under its own name."""
    assert in_language(language).language == language


@BOTH
def test_no_sentence_is_empty_or_loosely_spaced(wording: Wording) -> None:
    """No blank at an end, and none doubled."""
    for name, sentence in sentences(wording):
        assert sentence.strip() == sentence != "", name
        assert "  " not in sentence, name


def test_both_languages_fill_in_the_same_things() -> None:
    """A placeholder that one language lacks would raise, or hide something, in that language alone."""
    english = dict(sentences(ENGLISH))
    for name, sentence in sentences(FRENCH):
        assert placeholders(sentence) == placeholders(english[name]), name


def test_the_languages_are_not_left_untranslated() -> None:
    """Whatever is the same in both languages is so on purpose."""
    english = dict(sentences(ENGLISH))
    same = {name for name, sentence in sentences(FRENCH) if sentence == english[name]}
    assert same <= {"participants(1)", "participants(2)", "participants(12)"}


def test_french_has_no_ordinary_space_before_high_punctuation() -> None:
    """U+00A0 before a colon and inside « », U+202F before ; ! and ?."""
    for name, sentence in sentences(FRENCH):
        assert not re.search(r" [:;!?»%]|« ", sentence), name
        assert not re.search(r"\w[:;!?](?!/)", re.sub(r"!visio|\{\w+\}", "", sentence)), name
        assert not re.search("\u202f:|\u00a0[;!?]|«(?!\u00a0)|(?<!\u00a0)»", sentence), name


@BOTH
def test_apostrophes_and_quotes_are_typographic(wording: Wording) -> None:
    """’ in both languages, and the quotes of the language."""
    for name, sentence in sentences(wording):
        assert not re.search(r"['\"`]|\.\.\.", sentence), name
        assert not re.search("«|»" if wording.language == "en" else "[“”]", sentence), name


@BOTH
def test_a_sentence_ends_like_one(wording: Wording) -> None:
    """Answers, refusals and faults are whole sentences, or end in what is filled in."""
    names = [field.name for field in fields(wording)]
    whole = names[names.index("transcribed") : names.index("transcript_title")]
    for name, sentence in sentences(wording):
        if name in whole:
            assert sentence.endswith((".", "}", "…")), name


COMMANDS: dict[Usable, set[Command]] = {
    "start": {Start("Point budget"), Start(None)},
    "end": {End()},
    "stop_transcription": {StopTranscription()},
    "shared_microphone": {ShareMicrophone("Point budget"), ShareMicrophone(None)},
    "status": {Status()},
    "language": {SetLanguage("fr"), SetLanguage("en")},
    "help": {Help()},
}


def variants(usage: Usage) -> set[str]:
    """What one may type for `!visio [titre]` or `!visio langue fr|en`."""
    if "[" in usage.typed:
        return {re.sub(r"\[.*\]", "Point budget", usage.typed), re.sub(r" \[.*\]", "", usage.typed)}
    *before, last = usage.typed.split(" ")
    return {" ".join([*before, choice]) for choice in last.split("|")}


@BOTH
def test_what_the_help_shows_can_be_typed(wording: Wording) -> None:
    """Each command is the one that it is said to be, in either language's help."""
    assert set(wording.help) == set(get_args(Usable))
    for name, usage in wording.help.items():
        assert {parse(typed) for typed in variants(usage)} == COMMANDS[name]


def test_the_help_has_a_line_for_every_command() -> None:
    """A command that nobody is told of is not there."""
    told = {type(command) for commands in COMMANDS.values() for command in commands}
    assert told == {kind for kind in get_args(Command) if kind.__name__ != "Misuse"}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0\u00a0s"),
        (0, "0\u00a0s"),
        (45.4, "45\u00a0s"),
        (59.4, "59\u00a0s"),
        (59.6, "1\u00a0min"),
        (60, "1\u00a0min"),
        (12 * 60 + 10, "12\u00a0min"),
        (3599, "1\u00a0h\u00a000"),
        (3600 + 5 * 60, "1\u00a0h\u00a005"),
        (240 * 60, "4\u00a0h\u00a000"),
    ],
)
def test_a_duration_is_written_as_people_write_it(seconds: float, shown: str) -> None:
    """Seconds, minutes, hours; nothing breaks over a line."""
    assert duration(seconds) == shown
