"""The steps of a meeting, process by process, and the two moments of each at which the process is killed.

`tests/faults/test_steps.py` holds this list against the code: a new step cannot be forgotten here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["front", "recorder", "speech"]
Side = Literal["before", "done"]
Since = Literal["the command", "mid-speech"]

SIDES: Final[tuple[Side, ...]] = ("before", "done")


@dataclass(frozen=True)
class Moment:
    """`before`: the step is begun and nothing of it done; `done`: its act is done and nobody has noted it yet."""

    role: Role
    step: str
    side: Side

    def __str__(self) -> str:
        return f"{self.role}: {self.step}: {self.side}"


@dataclass(frozen=True)
class Row:
    """One row of the table: the process dies when it first comes to this moment after `since`."""

    moment: Moment
    since: Since = "the command"

    def __str__(self) -> str:
        return str(self.moment) if self.since == "the command" else f"{self.moment}, in mid-speech"


DURABLE: Final[dict[Role, tuple[str, ...]]] = {
    "front": (
        "read the register",
        "open the call",
        "post the card",
        "look at the call",
        "edit the card",
        "close the call",
        "look for the transcription",
        "note that it is recorded",
        "look for sound",
        "see what is unheard",
        "show what is being done",
        "note the time",
        "look after the job",
        "look for the transcript",
        "post minutes 0",
        "post message 0",
        "post message 1",
        "post .md",
        "post .vtt",
        "settle the card",
        "erase the sound",
        "leave the register",
    ),
    "recorder": ("work",),
    "speech": ("work",),
}
"""The steps that the workflows take in a meeting in which nothing goes wrong."""

WATCHED: Final[dict[Role, tuple[str, ...]]] = {
    "front": (
        "store what was heard",
        "register the meeting",
        "note that the command is answered",
        "enqueue the recording",
        "enqueue the transcription",
    ),
    "recorder": ("join the call", "write sound", "sync the sound", "close the sound", "tell the meeting"),
    "speech": ("recognise", "keep what was heard", "keep the transcript", "tell the meeting"),
}
"""What else they do on the way, under names given in `tests/faults/greffier.py`."""

ELSEWHERE: Final[dict[str, str]] = {
    "say that it cannot be opened": "LiveKit is away when the call is to be opened",
    "open the call again": "LiveKit has been restarted",
    "stop the recording": "somebody stops the transcription",
    "say how the recording goes": "the disk is full",
    "close the call again": "the recorder is slow to leave",
    "count the transcriptions": "a transcription failed, and is tried again later",
    "say that message 0 was refused": "the homeserver does not take a message",
    "say that minutes 0 was refused": "the homeserver does not take the minutes",
    "keep what is undelivered": "the bot was put out of the room",
    "note that it is delivered": "it was invited again",
    "give up": "a fault of Greffier's own",
}
"""Steps of other meetings than this one, and what it takes to come to them."""


def rows() -> list[Row]:
    """The whole table, in the order in which a meeting comes to its steps, as far as it has one."""
    order: dict[Role, tuple[str, ...]] = {
        "front": (
            *WATCHED["front"][:3],
            *DURABLE["front"][:4],
            "enqueue the transcription",
            "enqueue the recording",
            *DURABLE["front"][4:],
        ),
        "recorder": ("work", *WATCHED["recorder"]),
        "speech": ("work", *WATCHED["speech"]),
    }
    table = [Row(Moment(role, step, side)) for role, steps in order.items() for step in steps for side in SIDES]
    return [*table, Row(Moment("recorder", "write sound", "before"), since="mid-speech"), *_while_people_talk()]


def _while_people_talk() -> list[Row]:
    return [Row(Moment("front", "look at the call", side), since="mid-speech") for side in SIDES]
