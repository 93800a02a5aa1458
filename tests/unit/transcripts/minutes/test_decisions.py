"""Decisions are what was decided here, and nothing that was denied, supposed, asked or told of others."""

from __future__ import annotations

import pytest

from tests.unit.transcripts.minutes.dialogues import claims, texts

FRENCH = [
    ("Claire: On se revoit le douze à dix-huit heures.", "On se revoit le douze à dix-huit heures."),
    ("Claire: On décide de reporter le lancement au mois de mai.",
     "On décide de reporter le lancement au mois de mai."),
    ("Claire: Bon, donc, c'est décidé, on garde le prestataire actuel.",
     "C'est décidé, on garde le prestataire actuel."),
    ("Claire: Alors euh on part sur la version deux du formulaire.", "On part sur la version deux du formulaire."),
    ("Claire: Nous retenons l'offre de la société Dupuis.", "Nous retenons l'offre de la société Dupuis."),
    ("Claire: Le budget de quarante mille euros est validé.", "Le budget de quarante mille euros est validé."),
    ("Claire: Il est acté que la direction finance la moitié.", "Il est acté que la direction finance la moitié."),
    ("Claire: Le règlement a été adopté à l'unanimité.", "Le règlement a été adopté à l'unanimité."),
    ("Claire: On a décidé de ne pas renouveler le contrat.", "On a décidé de ne pas renouveler le contrat."),
    ("Claire: La décision est prise. Nous quittons le bâtiment en juillet.",
     "La décision est prise. Nous quittons le bâtiment en juillet."),
    ("Claire: Nous fermerons l'accueil l'après-midi. C'est décidé.", "Nous fermerons l'accueil l'après-midi."),
    ("Claire: Je propose de décaler la réunion à mardi.\nMarc: Oui, très bien.",
     "Je propose de décaler la réunion à mardi."),
    ("Claire: Et si on ouvrait un deuxième guichet le lundi ?\nMarc: D'accord, on fait ça.",
     "Si on ouvrait un deuxième guichet le lundi."),
    ("Claire: On pourrait inviter la préfecture au comité.\nMarc: Excellente idée.",
     "On pourrait inviter la préfecture au comité."),
    ("Claire: Le rapport partirait chez l'imprimeur lundi matin.\nMarc: D'accord, on fait comme ça.",
     "Le rapport partirait chez l'imprimeur lundi matin."),
    ("Claire: On part sur le quinze mars pour la livraison ?\nMarc: Oui, ça marche.",
     "On part sur le quinze mars pour la livraison."),
    ("Marc: Je serai absent le quatre.\nClaire: D'accord, alors nous ferons tous les entretiens le cinq.",
     "Nous ferons tous les entretiens le cinq."),
    ("Claire: La prochaine réunion aura lieu le mardi six juin.", "La prochaine réunion aura lieu le mardi six juin."),
]  # fmt: skip
ENGLISH = [
    ("Anna: We decided to postpone the launch until May.", "We decided to postpone the launch until May."),
    ("Anna: So, um, we have agreed on the second option.", "We have agreed on the second option."),
    ("Anna: Okay, let's go with the cheaper supplier.", "Let's go with the cheaper supplier."),
    ("Anna: The budget for next year is approved.", "The budget for next year is approved."),
    ("Anna: We agreed not to renew the contract.", "We agreed not to renew the contract."),
    ("Anna: Yes, the decision was made on Monday. The conference will take place in Lisbon.",
     "The decision was made on Monday. The conference will take place in Lisbon."),
    ("Anna: We close the front desk in the afternoon. That's decided.", "We close the front desk in the afternoon."),
    ("Anna: I suggest that we move the review to Tuesday.\nPeter: Sure, fine with me.",
     "I suggest that we move the review to Tuesday."),
    ("Anna: We should invite the ministry as well.\nPeter: Good idea.", "We should invite the ministry as well."),
    ("Anna: What if we opened a second desk on Mondays?\nPeter: Okay, let's do that.",
     "What if we opened a second desk on Mondays."),
    ("Anna: Let us meet again in two weeks, on Thursday.", "Let us meet again in two weeks, on Thursday."),
    ("Anna: We're going with the version from March.", "We're going with the version from March."),
]  # fmt: skip
NOT_FRENCH = [
    "Claire: Est-ce qu'on peut dire un mot de l'alarme ?\nMarc: Oui, à la fin.",
    "Claire: On n'a rien décidé pour le lancement.",
    "Claire: On a pas encore décidé la date du lancement.",
    "Claire: Rien n'est décidé pour la date du lancement.",
    "Claire: Si on décidait de reporter le lancement, ce serait plus simple.",
    "Claire: Si on part sur la version deux, il faut former tout le monde.",
    "Claire: Il faudrait décider de la date du lancement.",
    "Claire: Est-ce qu'on a décidé de la date ?\nMarc: Oui, hier.",
    "Claire: On a décidé de la date, ou pas encore ?\nMarc: Non.",
    "Claire: On attend qu'ils décident de la suite du projet.",
    "Claire: Quand on aura validé le budget, on pourra avancer.",
    "Claire: Le ministre dit qu'on a décidé trop vite.",
    "Claire: On avait décidé autre chose avant les vacances.",
    "Claire: L'année dernière, on a décidé de tout garder en interne.",
    "Claire: Je propose de décaler la réunion à mardi.\nMarc: Non, mardi je ne peux pas.",
    "Claire: Je propose de décaler la réunion à mardi.\nMarc: Oui, mais mardi c'est férié.",
    "Claire: On pourrait inviter la préfecture au comité.\nMarc: On verra.",
    "Claire: Je propose de commencer.\nMarc: D'accord.",
    "Claire: Bon, alors nous allons parler du budget.",
    "Claire: D'accord.\nMarc: Très bien, merci beaucoup.",
    "Claire: On ne décide pas de ça aujourd'hui.",
    "Claire: On garde le contact en tout cas.",
    "Claire: On reste sur ce sujet encore un peu.",
    "Claire: Si on passe à trois jours, on décide aussi du matériel.",
]
NOT_ENGLISH = [
    "Anna: We haven't decided anything about the launch.",
    "Anna: We have not agreed on the date yet.",
    "Anna: If we decided to postpone the launch, it would be easier.",
    "Anna: When we have agreed on the budget, we can go on.",
    "Anna: We need to decide on the date of the launch.",
    "Anna: Have we decided on the city for the conference?\nPeter: Yes, we have.",
    "Anna: They said we decided too quickly last time.",
    "Anna: Last year we decided to keep everything in house.",
    "Anna: I suggest that we move the review to Tuesday.\nPeter: No, I can't on Tuesday.",
    "Anna: We should invite the ministry as well.\nPeter: I'm not sure about that.",
    "Anna: Okay, so today we will review the schedule of the project.",
    "Anna: Let's get started with the first item.",
    "Anna: Let's see what happens next.\nPeter: Yes, okay.",
    "Anna: We're moving to the next item now.",
    "Anna: It was decided before I arrived.",
    "Anna: Nothing has been decided so far about the budget.",
]


@pytest.mark.parametrize(("lines", "text"), FRENCH)
def test_what_is_decided_in_french_is_a_decision(lines: str, text: str) -> None:
    """Said outright, announced, confirmed, or proposed and accepted."""
    assert texts(lines, "fr", "decision") == [text]


@pytest.mark.parametrize(("lines", "text"), ENGLISH)
def test_what_is_decided_in_english_is_a_decision(lines: str, text: str) -> None:
    """The same in English."""
    assert texts(lines, "en", "decision") == [text]


@pytest.mark.parametrize("lines", NOT_FRENCH)
def test_what_only_sounds_like_it_in_french_is_none(lines: str) -> None:
    """Denied, supposed, asked, reported, long ago, refused, or about the course of the meeting."""
    assert texts(lines, "fr", "decision") == []


@pytest.mark.parametrize("lines", NOT_ENGLISH)
def test_what_only_sounds_like_it_in_english_is_none(lines: str) -> None:
    """The same in English."""
    assert texts(lines, "en", "decision") == []


def test_the_words_quoted_are_the_proposal_s() -> None:
    """Not those of whoever agreed; the speaker and the time are those of the proposal too."""
    (claim,) = claims("Claire: Bon. Je propose de décaler à mardi.\nMarc: D'accord, on fait ça.", "fr", "decision")

    assert (claim.speaker, claim.turn, claim.quote) == ("Claire", 0, "Je propose de décaler à mardi.")
    assert claim.start_s == pytest.approx(1.4)


def test_a_confirmation_of_one_s_own_words_is_quoted_with_them() -> None:
    """The text says what was decided, the quote that it was."""
    (claim,) = claims("Claire: Nous fermerons l'accueil l'après-midi. C'est décidé.", "fr", "decision")

    assert claim.quote == "Nous fermerons l'accueil l'après-midi. C'est décidé."
