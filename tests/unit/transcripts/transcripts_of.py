"""A transcript for the tests of what is made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.fakes.speech import spread
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack, Stats, Transcript
from transcripts.assembling.turns import Turn
from transcripts.storage.spool import MeetingId

HOSTILE = "<script>*a*_b_`c`[d](http://e)</script> & --> \\ #|~"


def turn(speaker: str, start_s: float, end_s: float, text: str, language: str = "fr") -> Turn:
    """A turn whose words are evenly spread."""
    return Turn(speaker, language, spread(text, start_s, end_s))


def listening(speaker: str, start_s: float, end_s: float, text: str, language: str = "fr") -> Turn:
    """The same of somebody who listens to another."""
    return replace(turn(speaker, start_s, end_s, text, language), listening=True)


def transcript(
    *turns: Turn, title: str = "Point budget", failed: tuple[FailedTrack, ...] = (), gaps: tuple[Gap, ...] = ()
) -> Transcript:
    """A transcript of a meeting on the first of December, at 14:05 in Paris."""
    return Transcript(
        meeting_id=MeetingId("m-1"),
        title=title,
        language="fr",
        started_at=datetime(2026, 12, 1, 13, 5, tzinfo=UTC),
        duration_s=119.02,
        speakers=tuple(dict.fromkeys(turn.speaker for turn in turns)),
        turns=turns,
        failed_tracks=failed,
        stats=Stats(tracks=len(turns), windows=1, audio_s=10.0, speech_s=5.0, cpu_s=1.0),
        gaps=gaps,
    )


def with_speakers(value: Transcript, *speakers: str) -> Transcript:
    """The same with other people there."""
    return replace(value, speakers=speakers)
