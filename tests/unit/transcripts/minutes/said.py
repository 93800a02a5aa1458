"""Transcripts of a few turns, for the tests of minutes that a model writes."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.fakes.speech import spread
from transcripts.assembling.transcript import Stats, Transcript
from transcripts.assembling.turns import Turn
from transcripts.storage.spool import MeetingId

TURN_S = 10.0


def transcript(*turns: tuple[str, str], language: str = "fr") -> Transcript:
    """A meeting in which each of these speakers says this, one after the other, ten seconds each."""
    return Transcript(
        meeting_id=MeetingId("m-1"),
        title="Budget",
        language=language,
        started_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        duration_s=TURN_S * len(turns),
        speakers=tuple(dict.fromkeys(speaker for speaker, _ in turns)),
        turns=tuple(
            Turn(speaker, language, spread(text, n * TURN_S, (n + 1) * TURN_S))
            for n, (speaker, text) in enumerate(turns)
        ),
        failed_tracks=(),
        stats=Stats(1, 1, 1.0, 1.0, 1.0),
    )


MEETING = transcript(
    ("Camille", "Bonjour, on parle du budget de la formation."),
    ("Marc", "On a dépensé vingt-trois mille euros sur quarante mille."),
    ("Camille", "Alors on décide de garder les deux sessions de juin."),
    ("Hélène", "Je vous envoie le devis avant vendredi."),
    ("Marc", "Et qui prévient la mairie ?"),
)
