"""What nobody said is told from what somebody did."""

from __future__ import annotations

import pytest

from tests.fakes.speech import spread
from transcripts.recognition.inventions import is_invented, went_wrong
from transcripts.recognition.recogniser import Recognition


def heard(
    text: str, *, no_speech: float = 0.05, log_probability: float = -0.3, compression_ratio: float = 1.3
) -> Recognition:
    """A window's recognition."""
    return Recognition(spread(text, 0, 5), no_speech, log_probability, compression_ratio)


@pytest.mark.parametrize(
    "recognition",
    [
        heard("Bonjour", no_speech=0.7),
        heard("oui oui oui oui oui oui oui oui", compression_ratio=6.0),
        heard("Sous-titrage ST' 501"),
        heard("Sous-titrage Société Radio-Canada"),
        heard("Sous-titres réalisés par la communauté d'Amara.org"),
        heard("Merci d'avoir regardé cette vidéo !"),
        heard("Thank you for watching."),
        heard("Subtitles by the Amara.org community"),
    ],
)
def test_inventions_are_found(recognition: Recognition) -> None:
    """No speech, loops, credits."""
    assert is_invented(recognition)


@pytest.mark.parametrize(
    "recognition",
    [
        heard("Merci d'avoir regardé le tableau."),
        heard("Il faut prévoir le sous-titrage par un prestataire."),
        heard("Thank you for watching the demonstration."),
        heard("Bonjour à tous."),
        heard("Merci.", no_speech=0.5),
        heard("Thank you for coming."),
        heard("Je ne suis pas sûr", log_probability=-1.4),
    ],
)
def test_what_people_say_is_kept(recognition: Recognition) -> None:
    """Also where the engine is unsure, or where it resembles credits."""
    assert not is_invented(recognition)


def test_loops_and_disbelief_are_tried_again() -> None:
    """And nothing else is."""
    assert went_wrong(heard("la la la", compression_ratio=3.0))
    assert went_wrong(heard("peut-être", log_probability=-1.2))
    assert not went_wrong(heard("Bonjour"))
    assert not went_wrong(heard("la la la", compression_ratio=3.0, no_speech=0.9))
