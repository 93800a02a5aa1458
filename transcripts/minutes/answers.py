"""What a language model answered, read as hostile input: claims that may be wrong, never text that may do harm."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from transcripts.minutes.claims import Claim, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TEXT: Final = 200
LONGEST_QUOTE: Final = 600
LONGEST_DETAIL: Final = 80
MOST_CLAIMS: Final = 200
LONGEST_CONTENT: Final = 1_000_000
LARGEST_TURN: Final = 1_000_000

_THOUGHTS: Final = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_ADDRESS: Final = re.compile(
    r"\w+://\S*|\bwww\.\S+|\S*matrix\.to\S*|(?:mailto|data|javascript):\S+|[@#!+$][^\s:@]+:\S+"
)
_MARKUP: Final = re.compile(r"[<>`*_\[\]{}|\\~^#@]+")
_UNSEEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn"}


class NoAnswer(Exception):
    """What the model answered is not what it was asked for; the message says why and holds none of it."""


class _Claim(BaseModel):
    kind: Kind
    text: Annotated[str, StringConstraints(max_length=10 * LONGEST_TEXT)]
    turn: Annotated[int, Field(ge=0, le=LARGEST_TURN)]
    quote: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUOTE)]
    who: str | None = None
    due: str | None = None


class _Claims(BaseModel):
    claims: Annotated[list[Any], Field(max_length=MOST_CLAIMS)]


class _Choice(BaseModel):
    keep: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MOST_CLAIMS)]


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Said(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: Annotated[list[_Said], Field(min_length=1, max_length=100)]


class Refused(Exception):
    """The model will not."""


_Form = TypeVar("_Form", _Claims, _Choice)


def content(body: bytes) -> str:
    """What the model wrote, from a response's body.

    Raises:
        Refused: it, or the server's filter, said no.
        NoAnswer: the body is no completion, or an empty one.
    """
    try:
        said = _Completion.model_validate_json(body).choices[0]
    except ValidationError:
        raise NoAnswer("the server's answer is no completion") from None
    if said.message.refusal or said.finish_reason == "content_filter":
        raise Refused
    if not said.message.content:
        raise NoAnswer("the model wrote nothing")
    return said.message.content


def claims(written: str) -> list[Claim]:
    """What the model claims, not verified, `start_s` and `speaker` unknown; a claim that is ill formed is left out.

    Raises:
        NoAnswer: it is no list of claims.
    """
    return list(_well_formed(_parsed(written, _Claims).claims))


def kept(written: str) -> list[int]:
    """The numbers of what the model chose, each once.

    Raises:
        NoAnswer: it is no choice.
    """
    return list(dict.fromkeys(_parsed(written, _Choice).keep))


def clean(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text on one line that does nothing but say its words: no markup, address, mention or control character."""
    line = "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFC", text))
    line = "".join(character for character in line if unicodedata.category(character) not in _UNSEEN)
    line = " ".join(_MARKUP.sub(" ", _ADDRESS.sub(" ", line)).split())
    if len(line) <= longest:
        return line
    return line[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _well_formed(parts: list[Any]) -> Iterator[Claim]:
    for part in parts:
        try:
            claim = _Claim.model_validate(part)
        except ValidationError:
            continue
        text = clean(claim.quote if _ADDRESS.search(claim.text) else claim.text)  # what is quoted was at least said
        who, due = _detail(claim.who), _detail(claim.due)
        yield Claim(claim.kind, text, claim.turn, claim.quote, 0.0, "", who, due)


def _detail(said: str | None) -> str | None:
    cleaned = clean(said[: 10 * LONGEST_DETAIL], LONGEST_DETAIL) if said else ""
    return cleaned or None


def _parsed(written: str, form: type[_Form]) -> _Form:
    """The JSON object in what a model wrote, which may have thought aloud before and put a fence around it."""
    text = _THOUGHTS.sub("", written[:LONGEST_CONTENT])
    first, last = text.find("{"), text.rfind("}")
    if first < 0 or last < first:
        raise NoAnswer("the model wrote no JSON object")
    try:
        return form.model_validate(json.loads(text[first : last + 1]))
    except (ValueError, RecursionError):  # a ValidationError is a ValueError; neither's text may go on
        raise NoAnswer("the model wrote JSON of another form") from None
