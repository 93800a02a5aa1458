"""What nobody said is told from what somebody did."""

from __future__ import annotations

import pytest

from tests.fakes.speech import spread
from transcripts.recognition.inventions import is_doubtful, is_invented, went_wrong
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
        heard("Sous-titres par la communauté d’Amara.org"),
        heard("Sous-titrage FR ?"),
        heard("Sous-titres réalisés par Jean"),
        heard("Transcription réalisée par un internaute"),
        heard("Abonnez-vous !"),
        heard("N’oubliez pas de vous abonner à la chaîne."),
        heard("Merci à tous et à toutes d’avoir regardé cette vidéo !"),
        heard("On se retrouve bientôt, à bientôt pour une nouvelle vidéo !"),
        heard("Merci de votre visionnage."),
        heard("Thanks for watching!"),
        heard("Thank you so much for watching this video."),
        heard("Please like and subscribe."),
        heard("I'll see you in the next video."),
        heard("Captioning made by volunteers"),
        heard("Translated by volunteers"),
        heard("© BF-WATCH TV 2021"),
        heard("... ... ..."),
        heard("♪"),
        heard(""),
        heard("C'est la première fois que j'ai vu", no_speech=0.5, log_probability=-1.4),
        heard("Merci.", no_speech=0.4, log_probability=-1.2),
        heard("Merci. Merci beaucoup.", no_speech=0.4, log_probability=-1.2),
        heard("you", no_speech=0.35, log_probability=-1.1),
        heard("Thank you.", no_speech=0.35, log_probability=-1.1),
        heard("Musique douce", no_speech=0.4, log_probability=-1.2),
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
        heard("Thank you."),
        heard("Thank you.", no_speech=0.4),
        heard("Merci.", log_probability=-1.2),
        heard("Merci, au revoir.", log_probability=-1.3),
        heard("Musique."),
        heard("Il a fait la transcription."),
        heard("Nous avons regardé cette vidéo hier."),
        heard("Merci d'avoir suivi ce dossier."),
        heard("Il faut s'abonner à la revue."),
        heard("See you next week."),
        heard("On peut traduire les sous-titres."),
        heard("La semaine dernière", no_speech=0.4, log_probability=-1.3),
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
    assert not went_wrong(heard("C'est un truc", log_probability=-1.5, no_speech=0.5))


@pytest.mark.parametrize(
    ("recognition", "doubtful"),
    [
        (heard("Bonjour"), False),
        (heard("Bonjour", no_speech=0.35), True),
        (heard("Bonjour", log_probability=-1.1), True),
    ],
)
def test_words_are_doubted_where_speech_or_they_are_not_certain(recognition: Recognition, doubtful: bool) -> None:
    """Hints do not count there."""
    assert is_doubtful(recognition) is doubtful
