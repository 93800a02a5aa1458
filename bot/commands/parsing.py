"""What somebody typed, read as a command: text to value, nothing else."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

from bridge.web.names import BadName, clean_name
from config.models import Language

PREFIX = "!visio"
MAX_TITLE_CHARS = 120


@dataclass(frozen=True)
class Start:
    """Open a call, or show the link of the one that is open."""

    title: str | None


@dataclass(frozen=True)
class End:
    """End the call for everyone."""


@dataclass(frozen=True)
class StopTranscription:
    """Stop recording the open call and erase what has been recorded; the call goes on."""


@dataclass(frozen=True)
class ShareMicrophone:
    """Several people speak into the microphone of the participant of this name; None: into the sender's own."""

    name: str | None


@dataclass(frozen=True)
class Status:
    """Say what goes on."""


@dataclass(frozen=True)
class Help:
    """Say what can be typed."""


@dataclass(frozen=True)
class SetLanguage:
    """Speak another language in this room."""

    language: Language


Mistake = Literal["title_too_long", "which_language", "bad_name"]


@dataclass(frozen=True)
class Misuse:
    """A command that cannot be carried out as it was typed."""

    why: Mistake


Command = Start | End | StopTranscription | ShareMicrophone | Status | Help | SetLanguage | Misuse

_KEYWORDS = {
    "start": "start",
    "démarrer": "start",
    "demarrer": "start",
    "fin": "end",
    "end": "end",
    "stop": "end",
    "état": "status",
    "etat": "status",
    "status": "status",
    "aide": "help",
    "help": "help",
    "langue": "language",
    "language": "language",
}


_ALONE: dict[str, Command] = {"end": End(), "status": Status(), "help": Help()}
_STOP_TRANSCRIPTION = (["sans", "transcription"], ["no", "transcript"])
_SHARED_MICROPHONE = (["micro", "partagé"], ["micro", "partage"], ["shared", "microphone"])


def is_addressed(body: str) -> bool:
    """Whether a message speaks to the bot: cheap, as it is asked about every message of every room."""
    word = body[: len(PREFIX) + 1].casefold()
    return word.startswith(PREFIX) and not word[len(PREFIX) :].strip()


def parse(body: str) -> Command | None:
    """Read one message; None if it is no command.

    A keyword counts where it stands alone (`!visio fin`); with more after it, it is the beginning of a title
    (`!visio fin de projet`), but for `start`, `langue` and `micro partagé`, which take something, and for the two words
    that stop the transcription.
    """
    if not is_addressed(body):
        return None
    first_line = unicodedata.normalize("NFC", body[len(PREFIX) :].lstrip(" \t").split("\n", 1)[0])
    words = "".join(c if c.isprintable() else " " for c in first_line).split()
    if [word.casefold() for word in words] in _STOP_TRANSCRIPTION:
        return StopTranscription()
    if [word.casefold() for word in words[:2]] in _SHARED_MICROPHONE:
        return _share_microphone(first_line.split(maxsplit=2)[2:])
    keyword = _KEYWORDS.get(words[0].casefold()) if words else None
    if keyword == "start":
        return _start(words[1:])
    if keyword == "language" and len(words) <= 2:  # noqa: PLR2004 (the keyword and its argument)
        return _language(words[1:])
    if keyword in _ALONE and len(words) == 1:
        return _ALONE[keyword]
    return _start(words)


def _start(words: list[str]) -> Start | Misuse:
    title = " ".join(words)
    if len(title) > MAX_TITLE_CHARS:
        return Misuse("title_too_long")
    return Start(title or None)


def _share_microphone(name: list[str]) -> ShareMicrophone | Misuse:
    try:
        return ShareMicrophone(clean_name(" ".join(name[0].split())) if name else None)
    except BadName:
        return Misuse("bad_name")


def _language(words: list[str]) -> SetLanguage | Misuse:
    for language in get_args(Language):
        if words and words[0].casefold() == language:
            return SetLanguage(language)
    return Misuse("which_language")
