"""The demo's judgement: what was in the room, against the reference of the recorded meeting."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.evaluation.cpwer import cpwer
from tests.evaluation.meetings import words_by_speaker
from tests.stack.webvtt import read_cues, words_by_voice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.evaluation.meetings import Meeting
    from tests.stack.meeting_in_room import HeldMeeting

HIGHEST_CPWER = 0.20


@dataclass(frozen=True)
class Report:
    """What `--report` writes, key by key; null for what could not be measured."""

    cpwer: float | None
    speakers_expected: int
    speakers_labelled: int
    """Speakers of the reference whose words stand under a label of their own: their name, where they have one."""
    minutes: tuple[str, ...] = ()
    """The messages that hold the minutes, as a member's client shows them without formatting."""
    minutes_come_first: bool = False
    """Whether they stand before the transcript."""
    claims: int = 0
    claims_without_their_words: int = 0
    """Claims that are not in these messages, or whose quote is not among what their speaker says in the transcript."""
    hangup_to_first_post_s: float | None = None
    hangup_to_complete_s: float | None = None
    posted_messages: int = 0
    """Messages that the bot posted in the room, files included, edits not."""
    windows: int | None = None
    audio_s: float | None = None
    speech_s: float | None = None
    cpu_s: float | None = None

    def failures(self) -> list[str]:
        """Why the demo has not succeeded, in sentences; empty if it has."""
        failures: list[str] = []
        if self.cpwer is None:
            failures.append("There is no transcript in the room.")
        elif not self.cpwer <= HIGHEST_CPWER:
            failures.append(f"The cpWER is {self.cpwer:.3f}, above {HIGHEST_CPWER:.2f}.")
        if self.speakers_labelled < self.speakers_expected:
            failures.append(f"{self.speakers_labelled} of {self.speakers_expected} speakers are named.")
        if not self.minutes:
            failures.append("There are no minutes in the room.")
        elif not self.minutes_come_first:
            failures.append("The minutes do not come before the transcript.")
        if self.claims_without_their_words:
            failures.append(
                f"{self.claims_without_their_words} of {self.claims} claims rest on no words of the transcript."
            )
        return failures

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def without_transcript(meeting: Meeting) -> Report:
    """The report of a meeting of which nothing came into the room."""
    return Report(cpwer=None, speakers_expected=len(meeting.speakers), speakers_labelled=0)


def judge(meeting: Meeting, held: HeldMeeting, vtt: str, transcript: Mapping[str, Any]) -> Report:
    """Compare the attached `vtt` with the reference.

    Args:
        meeting: What was said.
        held: The room after it.
        vtt: The attachment, as a member downloaded it.
        transcript: What is stored of it: `stats` with `windows`, `audio_s`, `speech_s` and `cpu_s`, and `minutes`.
    """
    stats, minutes = transcript["stats"], tuple(message.body for message in held.minutes)
    reference = words_by_speaker(meeting.reference.segments)
    said = words_by_voice(read_cues(vtt))
    score = cpwer(reference, said, meeting.reference.language)
    claims = (transcript.get("minutes") or {}).get("claims", [])
    return Report(
        cpwer=round(score.rate, 4),
        speakers_expected=len(reference),
        speakers_labelled=sum(
            label is not None and (label == speaker or meeting.reference.kind == "room")
            for speaker, label in score.assignment.items()
        ),
        minutes=minutes,
        minutes_come_first=held.minutes_come_first,
        claims=len(claims),
        claims_without_their_words=sum(not _rests_on_words(claim, "\n".join(minutes), said) for claim in claims),
        hangup_to_first_post_s=round(held.hangup_to_first_post_s, 2),
        hangup_to_complete_s=round(held.hangup_to_complete_s, 2),
        posted_messages=len(held.messages),
        windows=stats["windows"],
        audio_s=round(stats["audio_s"], 1),
        speech_s=round(stats["speech_s"], 1),
        cpu_s=round(stats["cpu_s"], 1),
    )


def _rests_on_words(claim: Mapping[str, Any], minutes: str, said: Mapping[str, str]) -> bool:
    """Whether the minutes show a claim, and its speaker says what it quotes in the subtitles."""
    return _words(claim["text"]) in _words(minutes) and _words(claim["quote"]) in _words(said.get(claim["speaker"], ""))


def _words(text: str) -> str:
    return " ".join(["", *re.findall(r"[^\W_]+", text.lower()), ""])
