"""By when something is to be done, as it is said in French."""

from __future__ import annotations

from typing import Final

from transcripts.minutes.cues import pattern

NUMBER: Final = (
    r"(?:\d+|un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|"
    r"dix-sept|"
    r"dix-huit|dix-neuf|vingt|vingt et un|vingt-\w+|trente|trente et un|quarante\S*|cinquante\S*|soixante\S*)"
)
DAY: Final = r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
MONTH: Final = (
    r"(?:janvier|février|fevrier|mars|avril|mai|juin|juillet|août|aout|septembre|octobre|novembre|décembre|"
    r"decembre)"
)
_HOUR: Final = rf"(?:{NUMBER} ?(?:heures?|h)(?: (?:\d+|trente|quinze|et demie|et quart))?|midi|minuit)"
_PART: Final = r"(?:matin|après-midi|midi|soir)"
_DATE: Final = (
    rf"(?:(?:le )?{DAY} (?:1er|premier|{NUMBER})(?: {MONTH})?(?: \d{{4}})?|"
    rf"(?:le )?(?:1er|premier|{NUMBER}) {MONTH}(?: \d{{4}})?|le (?:1er|\d{{1,2}})(?! ?(?:%|euros|h\b|"
    rf"\w*ème))(?!\d)|"
    rf"{DAY}(?: prochain| en huit)?(?: {_PART})?)"
)
_PERIOD: Final = (
    r"(?:la |en )?fin (?:de (?:la |l'|cette )?(?:semaine|journée|année|matinée|après-midi)|du (?:mois|"
    r"trimestre|semestre)"
    rf"|de mois|d'année|(?:de |d')?{MONTH})|fin de semaine|(?:le )?(?:début|mi|courant)[ -]{MONTH}|"
    rf"(?:la )?mi-{MONTH}|"
    r"la semaine prochaine|le mois prochain|l'an prochain|l'année prochaine|l'été prochain|cette semaine|"
    r"ce mois-ci|"
    rf"cette année|(?:la semaine|le mois) d'après|(?:la )?prochaine (?:réunion|fois|séance)|la rentrée|noël|"
    rf"en {MONTH}"
)
_WHEN: Final = (
    rf"aujourd'hui|demain(?: {_PART})?|après-demain(?: {_PART})?|ce soir|cet après-midi|"
    rf"{_DATE}(?: à {_HOUR})?|{_PERIOD}"
)
_SPAN: Final = rf"{NUMBER} (?:jours?|semaines?|mois|heures?|ans?)"

DEADLINE: Final = pattern(
    rf"(?:dès|avant|d'ici(?: à)?|pour|jusqu'à|jusqu'au|au plus tard|courant|sans faute) (?:le |la |l'|ce |"
    rf"cette )?(?:{_WHEN})(?: au plus tard| dernier délai| à {_HOUR})?",
    rf"(?:avant|pour|d'ici|dès) {_HOUR}",
    rf"(?:avant|pour|d'ici|dès) le {NUMBER}(?=\s*(?:[,.;!?]|$))",
    r"(?:avant|d'ici) (?:la |le |l'|les |notre |votre )(?!moment|là)\w+(?: (?:prochaine?|du|de|des|d'|"
    r"de la) ?\w+)?",
    rf"(?:d'ici|dans|sous) {_SPAN}(?! de)",
    rf"(?:au moins |au plus tard )?{_SPAN} (?:à l'avance|avant)",
    rf"(?:{_WHEN})(?! derni)(?: au plus tard)?",
    r"dès que possible",
    r"au plus vite",
    r"le plus vite possible",
    r"dans la (?:journée|semaine|foulée)",
    r"tout de suite après",
    r"en urgence",
)
