"""Actions are what somebody is to do after the call, with who and by when as far as that was said."""

from __future__ import annotations

import pytest

from tests.unit.transcripts.minutes.dialogues import claims

Expected = tuple[str, str | None, str | None]

FRENCH: list[tuple[str, list[Expected]]] = [
    ("Claire: Je vous envoie le tableau avant vendredi.",
     [("Je vous envoie le tableau avant vendredi.", "Claire", "avant vendredi")]),
    ("Claire: Donc je vais appeler la région dès demain.",
     [("Je vais appeler la région dès demain.", "Claire", "dès demain")]),
    ("Claire: Je mettrai le tableau à jour la semaine prochaine.",
     [("Je mettrai le tableau à jour la semaine prochaine.", "Claire", "la semaine prochaine")]),
    ("Claire: J'enverrai la convention signée d'ici le 15.",
     [("J'enverrai la convention signée d'ici le 15.", "Claire", "d'ici le 15")]),
    ("Claire: Je leur écris cette semaine.", [("Je leur écris cette semaine.", "Claire", "cette semaine")]),
    ("Claire: Il faut prévenir les agents avant la fin du mois.\nMarc: Je m'en occupe.",
     [("Il faut prévenir les agents avant la fin du mois.", "Marc", "avant la fin du mois")]),
    ("Claire: Qui peut réserver la salle ?\nMarc: Je m'en charge.\nSophie: Merci.",
     [("Qui peut réserver la salle?", "Marc", None)]),
    ("Claire: Marc, tu peux relancer le prestataire ?\nMarc: Oui, bien sûr.\nSophie: Merci.",
     [("Marc, tu peux relancer le prestataire?", "Marc", None)]),
    ("Claire: Peux-tu relancer le prestataire pour lundi ?\nMarc: Oui.\nSophie: Bien.",
     [("Peux-tu relancer le prestataire pour lundi?", "Marc", "pour lundi")]),
    ("Claire: Marc prépare la note pour jeudi.\nSophie: Très bien.\nMarc: Bien.",
     [("Marc prépare la note pour jeudi.", "Marc", "pour jeudi")]),
    ("Claire: Je note que Sophie contacte la région avant le vendredi quinze mars.\nSophie: Oui.\nMarc: Bien.",
     [("Je note que Sophie contacte la région avant le vendredi quinze mars.", "Sophie",
       "avant le vendredi quinze mars")]),
    ("Claire: Action pour Marc : vérifier les factures.\nMarc: Bien.\nSophie: Bien.",
     [("Action pour Marc : vérifier les factures.", "Marc", None)]),
    ("Claire: Le prestataire doit corriger ce défaut avant la fin du mois.",
     [("Le prestataire doit corriger ce défaut avant la fin du mois.", None, "avant la fin du mois")]),
    ("Claire: Je peux rédiger une note d'information.\nMarc: Oui, excellente idée.",
     [("Je peux rédiger une note d'information.", "Claire", None)]),
    ("Claire: C'est Julien, au service technique. Je lui demanderai un devis pour le dix avril au plus tard.",
     [("C'est Julien, au service technique. Je lui demanderai un devis pour le dix avril au plus tard.", "Claire",
       "pour le dix avril au plus tard")]),
    ("Claire: N'oublie pas de prévenir la sécurité.\nMarc: Noté.",
     [("N'oublie pas de prévenir la sécurité.", "Marc", None)]),
    ("Claire: Nous devons vider le sous-sol avant le trente septembre.",
     [("Nous devons vider le sous-sol avant le trente septembre.", None, "avant le trente septembre")]),
    ("Claire: Je peux appeler la mairie.\nMarc: Ah oui, merci.", [("Je peux appeler la mairie.", "Claire", None)]),
    ("Claire: Le marché se termine en juin, il faut relancer l'appel d'offres.",
     [("Le marché se termine en juin, il faut relancer l'appel d'offres.", None, None)]),
    ("Claire: Donc, d'ici lundi, il faut relancer l'appel d'offres.",
     [("D'ici lundi, il faut relancer l'appel d'offres.", None, "d'ici lundi")]),
    ("Claire: Il faut qu'on appelle la société. Tu t'en occupes ?\nMarc: Je m'en charge demain.",
     [("Il faut qu'on appelle la société.", "Marc", "demain")]),
    ("Claire: Il faut qu'on appelle la société. Tu t'en occupes ?\nMarc: Oui.",
     [("Il faut qu'on appelle la société.", "Marc", None)]),
    ("Claire: Il faudrait corriger la page.\nMarc: Je vois ça avec Paul.",
     [("Il faudrait corriger la page.", "Marc", None)]),
    ("Claire: La base est à Dublin depuis mai. On va la déplacer la semaine prochaine.",
     [("La base est à Dublin depuis mai. On va la déplacer la semaine prochaine.", None, "la semaine prochaine")]),
]  # fmt: skip
ENGLISH: list[tuple[str, list[Expected]]] = [
    ("Anna: I'll send you the slides by Friday.", [("I'll send you the slides by Friday.", "Anna", "by Friday")]),
    ("Anna: So I will write to all the partners before the end of April.",
     [("I will write to all the partners before the end of April.", "Anna", "before the end of April")]),
    ("Anna: Can you call the supplier by Monday?\nPeter: Sure.\nLaura: Good.",
     [("Can you call the supplier by Monday?", "Peter", "by Monday")]),
    ("Anna: Peter, could you book the room?\nLaura: It is free.\nPeter: Okay.",
     [("Peter, could you book the room?", "Peter", None)]),
    ("Anna: Peter will prepare the report for the board.\nLaura: Good.\nPeter: Okay.",
     [("Peter will prepare the report for the board.", "Peter", None)]),
    ("Anna: Action for Laura: check the invoices.\nLaura: Okay.\nPeter: Good.",
     [("Action for Laura: check the invoices.", "Laura", None)]),
    ("Anna: We need to warn the users before Thursday.\nPeter: I'll take care of it.",
     [("We need to warn the users before Thursday.", "Peter", "before Thursday")]),
    ("Anna: We will fix it before the end of April.",
     [("We will fix it before the end of April.", None, "before the end of April")]),
    ("Anna: The financial report is due on the thirtieth of June.",
     [("The financial report is due on the thirtieth of June.", None, "on the thirtieth of June")]),
    ("Anna: Please copy me on that message.\nPeter: Okay.", [("Please copy me on that message.", "Peter", None)]),
    ("Anna: I can draft the letter.\nPeter: Great, thanks.", [("I can draft the letter.", "Anna", None)]),
    ("Anna: Omar, would you draft the rules?\nOmar: Yes, I can do that by the fifteenth.\nJill: Good.",
     [("Omar, would you draft the rules?", "Omar", "by the fifteenth")]),
    ("Anna: I can draft the letter.\nPeter: Oh great, thanks.", [("I can draft the letter.", "Anna", None)]),
    ("Anna: I'm going to contact the ministry tomorrow.",
     [("I'm going to contact the ministry tomorrow.", "Anna", "tomorrow")]),
]  # fmt: skip
NOT_FRENCH = [
    "Claire: Je vais devoir vous laisser, j'ai un train.",
    "Claire: Il faut que j'y aille dans dix minutes.",
    "Claire: Je te laisse faire.\nMarc: Oui.",
    "Claire: Je vais vous montrer la page d'accueil.",
    "Claire: Ensuite je vais cliquer sur enregistrer.",
    "Claire: Marc, tu peux nous présenter les chiffres ?\nMarc: Volontiers.",
    "Claire: Je vais vous présenter les chiffres du trimestre.",
    "Claire: Je vais partager mon écran.",
    "Claire: Je serai en congé le quatre avril.",
    "Claire: Je ne vais pas envoyer le tableau.",
    "Claire: J'ai envoyé le tableau mardi soir.",
    "Claire: Si j'envoie le tableau avant vendredi, ils seront contents.",
    "Claire: Il faut dire que le temps était mauvais.",
    "Claire: Il ne faut pas prévenir les agents.",
    "Claire: J'enverrais bien le tableau, mais je ne l'ai pas.",
    "Claire: Est-ce que tu peux nous entendre ?\nMarc: Oui.",
    "Claire: Marc a envoyé le tableau hier.\nMarc: Oui.",
    "Claire: On va parler du budget maintenant.",
    "Claire: Je regardais les statistiques ce matin.",
    "Claire: Je vous rejoins dans cinq minutes.",
    "Claire: Il faut que je vous laisse maintenant.",
    "Claire: On se connaît depuis lundi.",
    "Claire: Si on passe à trois jours, il faut revoir les équipements.",
    "Claire: Le technicien est passé mercredi matin.",
]
NOT_ENGLISH = [
    "Anna: I have to drop off in two minutes.",
    "Anna: Then I will click on the button.",
    "Anna: Peter, could you start with the technical report?\nPeter: Of course.",
    "Anna: I will share my screen.",
    "Anna: I will be on holiday next week.",
    "Anna: I won't send the slides.",
    "Anna: I sent the slides on Friday.",
    "Anna: If I send the slides by Friday, they will be happy.",
    "Anna: Can you hear me now?\nPeter: Yes.",
    "Anna: We have spent forty percent of the grant.",
    "Anna: Today we will review the schedule.",
    "Anna: I think the report is fine.",
    "Anna: Peter sent the report yesterday.\nPeter: Yes.",
    "Anna: You can find it on the website.\nPeter: Yes, okay.",
    "Anna: I need to leave in five minutes.",
    "Anna: I'm going to be late tomorrow.",
    "Anna: Please go ahead.\nPeter: Thanks.",
]


@pytest.mark.parametrize(("lines", "expected"), FRENCH)
def test_what_is_to_be_done_in_french_is_an_action(lines: str, expected: list[Expected]) -> None:
    """Promised, asked for and accepted, assigned by name, offered, or needed."""
    assert [(claim.text, claim.who, claim.due) for claim in claims(lines, "fr", "action")] == expected


@pytest.mark.parametrize(("lines", "expected"), ENGLISH)
def test_what_is_to_be_done_in_english_is_an_action(lines: str, expected: list[Expected]) -> None:
    """The same in English."""
    assert [(claim.text, claim.who, claim.due) for claim in claims(lines, "en", "action")] == expected


@pytest.mark.parametrize("lines", NOT_FRENCH)
def test_what_only_sounds_like_it_in_french_is_none(lines: str) -> None:
    """Done now, done already, denied, supposed, or a state."""
    assert claims(lines, "fr", "action") == ()


@pytest.mark.parametrize("lines", NOT_ENGLISH)
def test_what_only_sounds_like_it_in_english_is_none(lines: str) -> None:
    """The same in English."""
    assert claims(lines, "en", "action") == ()


@pytest.mark.parametrize(
    ("due", "language"),
    [
        *((due, "fr") for due in (
            "avant vendredi", "d'ici le 15", "pour lundi prochain", "demain matin", "avant le 3 mars", "lundi 11 mai",
            "dans quinze jours", "d'ici la fin de la semaine", "fin juin", "avant midi", "dès que possible",
            "sous huit jours", "avant la prochaine réunion", "pour le dix avril au plus tard",
        )),
        *((due, "en") for due in (
            "by Friday", "by the end of the month", "tomorrow morning", "before the next meeting",
            "on the 9th of October", "next week", "by 30 June", "in two weeks", "by Monday at noon",
            "as soon as possible", "by March 3",
        )),
    ],
)  # fmt: skip
def test_a_deadline_is_told_in_the_words_that_were_used(due: str, language: str) -> None:
    """Whatever form it has."""
    said = {"fr": f"Claire: Je vous envoie le nouveau tableau {due}.", "en": f"Claire: I'll send you the table {due}."}

    (claim,) = claims(said[language], language, "action")

    assert claim.due == due
