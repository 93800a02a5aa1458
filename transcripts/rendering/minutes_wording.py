"""What minutes say besides their claims, in French and in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from transcripts.minutes.claims import Kind


@dataclass(frozen=True, slots=True)
class MinutesWording:
    """The sentences and words of one language."""

    minutes: str
    sections: Mapping[Kind, str]
    nothing: str
    unknown_language: str
    fallback: str
    who: str
    due: str


FRENCH: Final = MinutesWording(
    minutes="Compte rendu",
    sections={
        "key_point": "Points clés",
        "decision": "Décisions",
        "action": "Actions",
        "question": "Questions ouvertes",
    },
    nothing="Rien n’a été relevé pour le compte rendu\u00a0: ce qui s’est dit est dans la transcription.",
    unknown_language="Sans modèle de langue, un compte rendu ne peut être établi qu’en français ou en anglais\u00a0: "
    "ce qui s’est dit est dans la transcription.",
    fallback="Le modèle de langue n’a pas pu être utilisé\u00a0: ce compte rendu a été établi par des règles.",
    who="Qui",
    due="Échéance",
)
ENGLISH: Final = MinutesWording(
    minutes="Minutes",
    sections={"key_point": "Key points", "decision": "Decisions", "action": "Actions", "question": "Open questions"},
    nothing="Nothing was found for the minutes: what was said is in the transcript.",
    unknown_language="Without a language model, minutes can be made in French and in English only: "
    "what was said is in the transcript.",
    fallback="The language model could not be used: these minutes were made by rules.",
    who="Who",
    due="Due",
)


def minutes_wording(language: str) -> MinutesWording:
    """The wording for a reader's language; English where there is none."""
    return FRENCH if language == "fr" else ENGLISH
