"""What the rules listen for in French."""

from __future__ import annotations

import re
from typing import Final

from transcripts.minutes import french_dates as dates
from transcripts.minutes.cues import Cues, anywhere, begins, opening, pattern
from transcripts.minutes.stopwords import FRENCH_STOPWORDS, FRENCH_STUTTERS, FRENCH_UNFINISHED

_PRONOUNS: Final = (
    r"(?:(?:me|te|se|le|la|les|lui|leur|nous|vous|en|y|ça) |[mtsl]'(?:en |y )?|(?:essayer|tâcher) (?:de |d'))*"
)
_SOON: Final = r"(?:donc |aussi |juste |quand même |d'abord |maintenant |peut-être |alors |bien |tout de suite )?"
_INFINITIVE: Final = r"(\w+(?:er|ir|oir|re))"
_I: Final = r"(?:moi,? )?(?:je |j')"
_WE: Final = r"(?:nous,? )?(?:on |nous |l'on )"
_YOU: Final = r"(?:tu |vous )"
FRENCH: Final = Cues(
    yes=begins(
        r"oui",
        r"ouais",
        r"d'accord",
        r"ok(?:ay|é)?",
        r"entendu",
        r"ça marche",
        r"ça me va",
        r"ça nous va",
        r"parfait",
        r"très bien",
        r"volontiers",
        r"bien sûr",
        r"pas de (?:problème|souci)s?",
        r"sans (?:problème|souci)",
        r"c'est noté",
        r"avec plaisir",
        r"je (?:le|la|les) fais",
        r"je m'en (?:occupe|charge)",
        r"bonne idée",
        r"excellente idée",
        r"je suis d'accord",
        r"tout à fait",
        r"absolument",
        r"exactement",
        r"carrément",
        r"va pour",
        r"vendu",
        r"adjugé",
        r"c'est bon pour (?:moi|nous)",
        r"pourquoi pas",
        r"noté",
        r"je vais (?:le|la|les) faire",
        r"super",
        r"génial",
        r"(?:(?:ah|oh|euh|ben|bah|mais|bon|alors|eh bien)\W+)+(?:oui|ouais|d'accord|ok(?:ay|é)?|bien sûr|parfait|super|"
        r"génial|très bien|volontiers|bonne idée)",
    ),
    agreed=anywhere(
        r"\bje suis (?:tout à fait |plutôt |totalement |entièrement )?(?:d'accord|pour|partant)\b",
        r"bonne idée",
        r"excellente idée",
        r"\bça (?:me|nous) (?:va|convient)\b",
        r"\bpas d'(?:objection|opposition)",
        r"\btout à fait d'accord\b",
        r"\bok pour (?:moi|nous|ça|cela)\b",
        r"c'est bon pour (?:moi|nous)",
        r"\bça marche\b",
        r"^\W*entendu\b",
        r"\bd'accord (?:avec|pour) (?:toi|vous|ça|cela|moi|nous)\b",
        r"^\W*volontiers",
    ),
    settled=anywhere(
        r"\b(?:on|nous) (?:va )?(?:fait|faisons|faire|fera|ferons) (?:comme )?(?:ça|cela)\b",
        r"\bfaisons (?:comme )?(?:ça|cela)\b",
        r"\b(?:on|nous) part(?:ons)? (?:là-dessus|là dessus|comme ça)\b",
        r"^\W*(?:(?:ok|oui|bon|bien|d'accord|très bien|et)\W+)*"
        r"(?:c'est|c'était)? ?(?:donc )?(?:décidé|validé|acté|adopté|adjugé|vendu|entériné|entendu|"
        r"approuvé)(?: comme ça| donc)?"
        r"(?: à l'unanimité)?\W*$",
        r"\bva pour (?:ça|cela|\w+)",
        r"\b(?:on|nous) (?:le|la|l')\s?(?:valide|acte|retient|adopte|fait|prend)\W*$",
        r"\b(?:on|nous) valid(?:e|ons)\W*$",
        r"\b(?:on|nous) retien(?:t|ons) (?:ça|cela|cette \w+)\b",
        r"\ballons-y\W*$",
        r"^\W*(?:donc |alors )?c'est (?:donc )?(?:décidé|validé|acté|réglé|arrêté|entendu|convenu)\b",
        r"\bc'est d'accord\b",
        r"\bon est (?:tous )?d'accord\W*$",
    ),
    no=anywhere(
        r"^\W*(?:\w+\W+){0,2}(?:non|pas vraiment|pas sûre?|pas d'accord)\b",
        r"\b(?:oui|d'accord|ok)\b\W+mais\b",
        r"\bpar contre\b",
        r"\bje (?:ne )?(?:suis|peux|pense|crois|préfère) pas\b",
        r"\bje préfère(?:rais)?\b",
        r"\bplutôt\b",
        r"\bça (?:ne )?va pas\b",
        r"\bimpossible\b",
        r"\bpas possible\b",
        r"\bon verra\b",
        r"\bà voir\b",
        r"\bje ne sais pas\b",
        r"\bje sais pas\b",
        r"\b(?:réfléchi|attend)\w*\b",
    ),
    takes=pattern(
        r"je (?:vais )?m'en (?:occupe(?:rai|r)?|charge(?:rai|r)?)",
        r"je peux m'en (?:occuper|charger)",
        r"je (?:le|la|les) fais",
        r"je vais (?:le|la|les) faire",
        r"je (?:le|la|les) ferai",
        r"je prends(?: ça| le point| l'action| en charge)?",
        r"c'est pour moi",
        r"je m'y colle",
        r"comptez sur moi",
        r"compte sur moi",
        r"je peux (?:le|la|les) faire",
        r"je veux bien (?:le|la|les) faire",
        r"je veux bien m'en (?:occuper|charger)",
        r"je m'en (?:suis )?occupe",
        r"c'est moi qui (?:le|la|les|m'en) \w+",
        r"je (?:vois|regarde) ça avec (?!vous|toi)",
    ),
    unknown=anywhere(
        r"\bje (?:ne )?(?:le )?sais (?:pas|plus|vraiment pas)\b",
        r"\bj'en sais rien\b",
        r"\bje n'en sais rien\b",
        r"\baucune idée\b",
        r"\bon (?:ne )?(?:le )?sai[ts] (?:pas|pas encore)\b",
        r"\bnous ne (?:le )?savons pas\b",
        r"\bbonne question\b",
        r"\bon verra\b",
        r"\bnous verrons\b",
        r"\bà voir\b",
        r"\bà vérifier\b",
        r"\bà confirmer\b",
        r"\bje n'ai pas (?:la réponse|l'information|l'info)\b",
        r"\bj'ai pas (?:la réponse|l'info)\b",
        r"\bil faudra(?:it)? (?:voir|vérifier|demander)\b",
        r"\bil faut (?:voir|vérifier|demander)\b",
        r"\bpas encore (?:décidé|tranché|défini|fixé)\b",
        r"\bon en reparle(?:ra)?\b",
        r"\bje dois vérifier\b",
    ),
    decided=pattern(
        r"(?:on|nous|l'on) (?:a |avons |a donc |a tous |avons tous )?(?:décidons|décide|décidé|convenons|"
        r"convient|convenu|retenons|retient|"
        r"retenu(?! (?:la leçon|que))|validons|valide|validé|actons|acte|acté|adoptons|adopte|adopté|"
        r"choisissons|choisit|choisi|"
        r"optons|opte|opté|tranché|"
        r"approuvons|approuve|approuvé)",
        r"(?:c'est|est|sont|ce sera|sera) (?:donc |bien |désormais )?(?:décidée?s?|validée?s?|actée?s?|"
        r"adoptée?s?|entérinée?s?|approuvée?s?)",
        r"(?:est|sont|a été|ont été) (?:donc |bien )?(?:retenue?s?)",
        r"(?:a|ont) été (?:décidée?s?|validée?s?|actée?s?|adoptée?s?|approuvée?s?)",
        r"il (?:a été|est|fut) (?:donc |bien )?(?:décidé|convenu|acté|entendu|arrêté)(?: (?:que|de|d'))?",
        r"(?:la |une |notre )?décision (?:est|a été) (?:donc )?prise",
        r"(?:la |notre )?décision (?:est|c'est) (?:de|d'|que)",
        r"décision(?= ?:)",
        r"(?:on|nous) (?:va |allons )?(?:part|partons|partir|reste|restons|rester|table|tablons|mise) (?:donc |"
        r"plutôt |tous )?sur(?! (?:ce|le|un autre) (?:sujet|point)| du positif| place)",
        r"(?:on|nous) (?:est|sommes|tombe|tombons|s'est mis|se met|nous mettons) (?:donc |tous |"
        r"bien )?d'accord (?:pour|sur|que|qu'on)",
        r"(?:on|nous) garde(?:ons|ra|rons)? (?:donc )?(?!le contact|le cap|le moral|en tête)(?:la|le|les|l'|"
        r"cette|ce|cet|ces)",
        r"(?:on|nous) abandonn(?:e|ons)",
        r"va pour (?!ça|moi)",
        r"(?:on|nous) prend(?:ons)? la décision (?:de|d')",
        r"(?:on|nous) arrêt(?:e|ons) (?:la date|le choix|notre choix)",
        r"(?:on|nous) (?:se |nous )?fix(?:e|ons) (?:la|une|le|un)",
        r"(?:on|nous) renonc(?:e|ons)",
    ),
    announced=anywhere(
        r"\bdécision (?:est |a été )?(?:donc )?prise\b(?:\s(?:lundi|mardi|mercredi|jeudi|vendredi|hier|"
        r"ce matin))?\W*$",
        r"^\W*décision\W*$",
        r"^\W*(?:(?:ok|bon|bien|alors|donc|très bien|d'accord|et)\W+)*(?:c'est|on a|nous avons|"
        r"on est) (?:donc )?(?:décidé|validé|acté|d'accord)\W*$",
        r"\bvoilà (?:donc )?(?:la décision|ce qu'on a décidé|ce qui est décidé)\W*$",
    ),
    concluded=begins(
        r"(?:(?:oui|ok|okay|d'accord|bon|bien|très bien|parfait|entendu)\W+)*(?:alors|donc|du coup|dans ce cas|"
        r"dans ces conditions|eh bien)",
        r"(?:d'accord|ok|okay|entendu|bon|très bien)",
    ),
    proposed=pattern(
        r"(?:ok|d'accord|bon|ça va|ça marche) pour (?:tout le monde|vous|toi|tous)",
        r"ça (?:vous|te) (?:va|convient) \?",
        r"(?:vous êtes|tu es)(?: tous)? d'accord \?",
        r"je (?:vous |te )?(?:propose|suggère)(?:rais)?",
        r"(?:et )?si (?:on|nous) \w+(?:ait|ions)",
        r"pourquoi (?:ne|on ne|on) (?:pas|\w+ pas)",
        r"pourquoi pas",
        r"ma proposition(?: est|,| :)",
        r"nous proposons",
        r"on propose",
        r"est-ce qu'on peut",
        r"ça vous va si",
        r"ça te va si",
        r"tout le monde est d'accord (?:pour|si)",
        r"êtes-vous d'accord (?:pour|si)",
        r"on est d'accord (?:pour|que)",
    ),
    wished=pattern(
        r"(?:on|nous) (?:pourrait|pourrions|devrait|devrions)",
        r"il faudrait",
        r"ce serait (?:bien|mieux|utile|bon) (?:de|d'|que|qu'|si)",
        r"(?:on|nous) peut(?: aussi)? (?!être)\w+(?:er|ir|oir|re)",
        r"il vaudrait mieux",
        r"je (?:préfère|préférerais|pense) qu'on",
    ),
    tag=re.compile(
        r",? (?:c'est )?(?:ok|d'accord|bon|ça va|ça marche) pour (?:tout le monde|vous|toi|tous)\s*$|"
        r",? ça (?:vous|te) (?:va|convient)\s*$|"
        r",? (?:tout le monde est|vous êtes|tu es|on est)(?: tous)? d'accord\s*$|,? (?:d'accord|ok|okay|non|"
        r"hein)\s*$"
    ),
    next_meeting=anywhere(
        r"\b(?:prochaine|nouvelle) (?:réunion|séance|rencontre|visio) (?:aura|est|se tiendra|sera|au\b|le\b|:)",
        rf"\b(?:on|nous) (?:se |nous )?(?:revoit|revoyons|retrouve|retrouvons|reverra|reverrons|refait un \w+|"
        rf"refaisons un \w+)\b.*(?:{dates.DAY}|(?:dans|le) {dates.NUMBER}"
        rf"|{dates.MONTH}|demain|prochaine?)",
        rf"\b(?:rendez-vous|réunion) (?:le |est fixée? |fixée? )+.*(?:{dates.DAY}|{dates.MONTH})",
    ),
    i_will=pattern(
        rf"{_I}{_PRONOUNS}(\w+rai)",
        rf"je vais {_SOON}{_PRONOUNS}{_INFINITIVE}",
        r"je m'engage à",
        r"je demande(?:rai)? à (?!quoi|tous|tout|ce|vous|voir)\w+ (?:de|d')",
        r"je m'occupe (?:de|du|des|d')",
        r"je me charge (?:de|du|des|d')",
        r"je reviens vers (?:vous|toi)",
        r"je (?:te|vous|le|la|les) tiens? (?:au courant|informée?s?)",
        r"je prends (?:le point|l'action|contact|en charge)",
    ),
    i_do=pattern(rf"{_I}{_PRONOUNS}(\w+)"),
    i_give=pattern(
        rf"{_I}(?:te|vous|lui|leur|t'|l')\s?(?:le |la |les |en )?(envoie|renvoie|transmets|transfère|partage|"
        rf"prépare|prépares|rédige|"
        r"fais passer|fais suivre|fais parvenir|relance|contacte|remets|mets en copie)",
        rf"{_I}(?:le|la|les|l') (?:lui |leur )?(envoie|transmets|prépare|rédige|relance|contacte|corrige|"
        rf"vérifie|réserve)",
    ),
    i_can=pattern(
        rf"je (?:peux|pourrais|veux bien|voudrais bien) {_SOON}{_PRONOUNS}{_INFINITIVE}",
        r"je me propose "
        r"(?:de|pour)",
    ),
    we_will=pattern(
        rf"{_WE}{_PRONOUNS}(\w+(?:ra|rons))",
        rf"(?:on va|nous allons|va falloir) {_SOON}{_PRONOUNS}{_INFINITIVE}",
    ),
    we_do=pattern(rf"{_WE}{_PRONOUNS}(\w+)"),
    must=pattern(
        rf"il (?:te |nous |vous |lui |leur )?(?:faut|faudra|va falloir)(?: absolument| encore| aussi| donc|"
        rf" bien| vraiment| \w+)? {_PRONOUNS}{_INFINITIVE}",
        r"il (?:faut|faudra|va falloir)(?: absolument| aussi| donc| bien)? "
        r"(?:que (?!je (?:vous|te|m'|file|parte|sorte|coupe|quitte|raccroche))|qu')",
        rf"(?:nous devons|on doit|nous devrons|on devra|il (?:nous )?reste à)(?: absolument| aussi| donc|"
        rf" encore)? "
        rf"{_PRONOUNS}{_INFINITIVE}",
        rf"(?:doit|doivent|devra|devront)(?: absolument| aussi| donc| encore| nous)? {_PRONOUNS}(\w+(?:er|ir|"
        rf"oir|re))",
        rf"{_I}(?:dois|devrai)(?: absolument| aussi| donc| encore)? {_PRONOUNS}(\w+(?:er|ir|oir|re))",
    ),
    you_must=pattern(
        r"il (?:faut|faudra|faudrait) (?:absolument |aussi )?que (?:tu|vous)",
        r"(?:tu dois|vous devez|tu devras|vous devrez)",
        r"il (?:te|vous) (?:faut|faudra) \w+(?:er|ir|oir|re)",
    ),
    due=anywhere(
        r"\b(?:à (?:rendre|remettre|renvoyer|livrer|finir|terminer|boucler|transmettre)) (?:avant|pour|d'ici|"
        r"au plus tard|le)\b",
        r"\b(?:date|délai) limite\b",
        r"\béchéance (?:est|au|le)\b",
    ),
    request=pattern(
        rf"(?:peux-tu|pouvez-vous|pourrais-tu|pourriez-vous|veux-tu|"
        rf"voulez-vous)(?: bien)? {_PRONOUNS}{_INFINITIVE}",
        rf"{_YOU}(?:peux|pouvez|pourrais|pourriez|veux bien|voulez bien) {_SOON}{_PRONOUNS}(\w+(?:er|ir|oir|"
        rf"re))",
        rf"est-ce que (?:tu|vous) (?:peux|pouvez|pourrais|pourriez) {_PRONOUNS}(\w+(?:er|ir|oir|re))",
        r"(?:tu t'en|vous vous en) (?:occupes|occupez|charges|chargez)",
        r"(?:tu peux t'en|vous pouvez vous en) (?:occuper|charger)",
    ),
    order=pattern(
        r"(?:t'|tu |vous )oubli(?:es|ez) pas",
        rf"merci de {_PRONOUNS}{_INFINITIVE}",
        r"(?:n'oublie|n'oubliez|oublie|oubliez) pas (?:de |d')",
        r"(?:pense|pensez) (?:bien )?à",
        r"je (?:te|vous) laisse (?!parler|la parole|continuer|présenter|commencer|faire\W*$)\w+(?:er|ir|oir|re)",
        r"je compte sur (?:toi|vous) pour",
        r"(?:envoie|envoyez|transmets|transmettez|fais|faites|prépare|préparez|mets|mettez|tiens|tenez|"
        r"préviens|prévenez)-(?:moi|nous|lui|leur|le|la|les)",
        rf"je (?:te|vous) demande (?:de|d') {_PRONOUNS}(\w+(?:er|ir|oir|re))",
    ),
    you_will=pattern(
        rf"{_YOU}{_PRONOUNS}(\w+(?:ras|rez))",
        rf"(?:tu vas|vous allez) {_PRONOUNS}(\w+(?:er|ir|oir|re))",
    ),
    he_will=begins(
        r"(?:,? (?:qui|il|elle),? ?|,? donc,? )?(?:se charge|s'occupe|s'en occupe|s'en charge|se chargera|"
        r"s'occupera|s'en occupera|s'en chargera)(?: (?:de|du|des|d'))?",
        rf"(?:,? (?:qui|il|elle),? ?)?(?:va|doit|devra) {_PRONOUNS}(\w+(?:er|ir|oir|re))",
        rf"(?:,? (?:qui|il|elle),? ?)?{_PRONOUNS}(\w+ra)",
        rf"(?:,? (?:qui|il|elle),? ?)?{_PRONOUNS}(prépare|envoie|rédige|contacte|relance|organise|transmet|"
        rf"vérifie|prévient|réserve|rappelle|met à jour|prend contact)",
    ),
    he_does=begins(rf"(?:,? (?:qui|il|elle),? ?)?{_PRONOUNS}(\w+)"),
    for_name=re.compile(r"(?:\baction (?:pour|de|à)|\bc'est (?:à)|\bà la charge de|\bconfiée? à|\bil faut que)\W*$"),
    not_an_action=re.compile(
        r"(?:dire|dirai|dira|dirons|expliqu|montr|présent|commenc|début|parl|reven|reviend|laiss|coup|lire|"
        r"lirai|"
        r"répét|précis|pos|verr|attend|arrêt|conclu|résum|cit|continu|rest|essay|abord|discut|évoqu|redir|"
        r"entend|"
        r"écout|compren|regard|détaill|introdui|rejoin|quitt|excus|raccroch|retrouv|saur|croi|pens|souhait|"
        r"remerci|cliqu|appuy|"
        r"appréci|aimer|not|avou|suppos|imagin|faire (?:vite|court)|"
        r"voir\b(?! avec)|"
        r"pass\w+\b(?! (?:une commande|un appel|un coup de fil|commande|voir))|"
        r"ajout\w+ (?:que|qu'|une chose|quelque chose|un mot|juste)|"
        r"(?:finir|termin\w+|repren\w+)\b(?! (?:le|la|les|l'|ce|cette|mon|ma|mes)\b)|"
        r"partag\w+ (?:mon|l'|ton|votre)|rappel\w+ (?:que|qu'|à tou)|répond\w*\b(?! (?:au|à la|aux|à l')\b)|"
        r"propos\w+ (?:de|d'|que|qu')|donn\w+ (?:la parole|un exemple|mon avis|quelques|des nouvelles))"
    ),
    never_an_action=re.compile(
        r"(?:suis|serai?|serons|sera|seras|serez|être|aurai?|aurons|aura|avoir|ai|as|a|avons|est|étais?|était|"
        r"peux|pourrai?|pourra|pourrons|pourras|pourrez|"
        r"pouvoir|veux|voudrai|vouloir|dois|doit|devrai|devra|devrons|sais|savoir|crois|pense|espère|vais|va|"
        r"allons|pars|partirai|partir|rentre|rentrerai|arrive|"
        r"arriverai|reviens|reviendrai|resterai|faut|faudra|parle|dis|rappelle|note|vois bien|avais|avait|"
        r"avions|ne|n|sommes|étions|ils|elles|il|elle|\w+(?<!f)(?<!v)ais|\w+ait|\w+ions)$"
    ),
    refers=pattern(
        r"(?:tu|vous) (?:peux|pouvez|pourrais|pourriez) (?:bien )?(?:le|la|les|l'|lui|leur)\b ?\w+(?:er|ir|re|"
        r"oir)",
        r"qui (?:va |peut |veut )?(?:le|la|les|l'|s'en)\b ?\w+",
        rf"{_I}(?:vais |peux |dois |veux bien )?(?:te |vous )?(?:lui|leur|le|la|les|l'|en|y)\b\s?(?!semaine|"
        rf"mois|lundi|mardi|mercredi|jeudi|vendredi)\w+",
        r"il (?:faut|faudra) (?:le|la|les|l'|lui|leur|en)\b ?\w+(?:er|ir|re|oir)",
        r"(?:on va|nous allons) (?:le |la |les |l'|lui |leur |en )\w+(?:er|ir|re|oir)",
    ),
    deadline=dates.DEADLINE,
    question=anywhere(
        r"^\W*(?:et )?(?:est-ce que|est-ce qu'|qu'est-ce|pourquoi|comment|combien|où en|quel(?:le)?s? (?:est|"
        r"sont|serai\w+|date)|qui (?:s'occupe|se charge|peut|prend|fait|veut))\b",
        r"\w+-(?:tu|vous|nous|on|t-on|t-il|t-elle)\b(?<!rendez-vous)(?<!asseyez-vous)(?<!excusez-vous)",
        r"\b(?:et|mais|alors)\b.*\boù en (?:sommes|est)\b",
        r"\best-ce (?:que|qu')",
    ),
    left_open=pattern(
        r"(?:il )?reste(?:ra)? (?:encore )?à (?:savoir|définir|déterminer|trancher|clarifier|décider|préciser|"
        r"confirmer|vérifier si)",
        r"(?:on|nous) ne (?:le )?(?:sait|savons) (?:pas|toujours pas)(?: encore)?",
        r"(?:on|nous) sait (?:pas|toujours pas)(?: encore)?",
        r"la question (?:reste|demeure|est) (?:ouverte|posée|entière|de savoir)",
        r"(?:c'est|ça reste|cela reste|reste) (?:encore )?à (?:définir|trancher|clarifier|"
        r"confirmer|préciser|voir|déterminer)",
        r"(?:n'est|ne sont|est|sont) pas encore (?:décidée?s?|tranchée?s?|définie?s?|fixée?s?|arrêtée?s?|"
        r"claire?s?|réglée?s?)",
        r"(?:on|nous) (?:n'a|n'avons|a) (?:toujours )?pas encore (?:décidé|tranché|choisi|fixé)",
        r"question ouverte",
        r"point ouvert",
        r"en suspens",
        r"(?:on|nous) n'(?:a|avons) (?:toujours )?(?:rien|pas) (?:encore )?(?:décidé|tranché|arrêté|choisi)",
        r"je me demande (?:si|comment|quand|qui|pourquoi)",
        r"rien n'est (?:encore )?(?:décidé|tranché|arrêté|acté)",
        r"à (?:clarifier|trancher|arbitrer)",
    ),
    denied=pattern(
        r"ne",
        r"(?:\w+-)?n'\w+",
        r"pas",
        r"jamais",
        r"rien",
        r"aucune?",
        r"pas encore",
        r"personne",
        r"sans",
        r"ni",
    ),
    denied_after=begins(r"pas(?! (?:seulement|que|plus tard))", r"rien", r"jamais", r"plus(?= (?:rien|jamais))"),
    hypothetical=pattern(
        r"si",
        r"s'ils?",
        r"quand",
        r"lorsque?",
        r"lorsqu'\w+",
        r"avant (?:que|qu'\w+|de|d'\w+)",
        r"tant (?:que|qu'\w+)",
        r"pour (?:que|qu'\w+)",
        r"est-ce (?:que|qu'\w+)",
        r"faut",
        r"faudrait",
        r"faudra",
        r"doit",
        r"doivent",
        r"devrait",
        r"devrions",
        r"devons",
        r"pourrait",
        r"pourrions",
        r"peut",
        r"peut-être",
        r"pouvons",
        r"imaginons",
        r"supposons",
        r"admettons",
        r"au cas où",
        r"à moins (?:que|qu'\w+|de)",
        r"(?:il|elle|ils|elles|\w+) (?:dit|disent|disait|pense|pensent|croit|croyait|prétend|demande|voudrait|"
        r"veut|veulent) (?:que|qu'\w+)",
        r"aurai[st]",
        r"aurions",
        r"serait",
        r"je croyais (?:que|qu'\w+)",
        r"je pensais (?:que|qu'\w+)",
        r"j'(?:aimerais|espère) (?:que|qu'\w+)",
        r"avait",
        r"avions",
        r"comme quoi",
        r"dès (?:que|qu'\w+)",
        r"une fois (?:que|qu'\w+)",
        r"on m'a dit (?:que|qu'\w+)",
        r"pas sûre? (?:que|qu'\w+)",
        r"à condition (?:que|qu'\w+|de)",
        r"en attendant (?:que|qu'\w+|de)",
    ),
    condition=begins(r"(?:(?:et|mais|oui|non|alors|donc)\W+)?(?:si|s'ils?|quand|lorsque?|à moins|au cas où|sauf si)"),
    past=pattern(
        r"l'an(?:née)? (?:dernière?|passée?)",
        r"à l'époque",
        r"autrefois",
        r"(?:la semaine|le mois) (?:dernière?|passée?)",
        r"la dernière fois",
        r"jadis",
        r"dans le temps",
        r"il y a \w+ (?:ans?|mois)",
    ),
    small_talk=anywhere(
        r"^\W*(?:re)?bonjour\b(?!.*\d)",
        r"^\W*(?:bonsoir|salut|coucou|allô|bienvenue)\b",
        r"\b(?:bonne|belle) (?:journée|soirée|fin de journée|semaine|continuation|nuit)\b",
        r"\bbon (?:après-midi|week-end|appétit)\b",
        r"\bau revoir\b",
        r"\bà (?:bientôt|demain|plus tard|la prochaine)\W*$",
        r"^\W*merci\b(?! de )(?!.{60})",
        r"\bmerci (?:à tou\w*|beaucoup|d'être|de votre|pour votre|de m'avoir)\b",
        r"\b(?:vous|tu) (?:m'|nous )(?:entend|voi)\w*",
        r"\bon (?:t'|vous )(?:entend|voit)\b",
        r"\b(?:micro|caméra|écran)\b.*\b(?:coupé|activé|allumé|partag\w*|éteint)",
        r"\bpartage(?:r)? (?:mon|ton|votre|l')\s?écran\b",
        r"\bje propose de commencer\b",
        r"\bon (?:peut|va) (?:y aller|commencer|démarrer)\b",
        r"\bordre du jour\b",
        r"\b(?:allons|nous allons|on va) (?:parler|commencer|aborder|passer|voir)\b",
        r"\best-ce que tout le monde\b",
        r"\bje (?:voulais|voudrais) (?:faire le point|vous parler|commencer)\b",
        r"^\W*(?:dernier|autre|premier|deuxième|troisième|second|prochain) (?:point|sujet)\b.{0,40}$",
        r"\basseyez-vous\b",
        r"\btout le monde est là\b",
        r"\b(?:je suis|on est) (?:là|au complet|prêts?)\b",
        r"\bavant de commencer\W*$",
        r"\bpasse(?:ons|r)? (?:la parole|au point)\b",
        r"\bprend(?:s|re)? la parole\b",
        r"\b(?:point|sujet) suivant\b",
        r"\b(?:on|nous) pass(?:e|ons) (?:au|à la|à l'|aux)\b",
        r"\bla séance est (?:ouverte|levée)\b",
        r"\bc'est une (?:très )?bonne nouvelle\b",
        r"^\W*je (?:ne )?sais(?: pas)?\W*$",
        r"\best-ce (?:qu'on|que je) (?:peut|peux) (?:dire|(?:en )?parler|revenir|commencer|passer|avancer|"
        r"reprendre)\b",
        r"\bje (?:vais|dois|peux) (?:devoir |vous |te )*(?:montrer|quitter|laisser\b(?! (?:le|la|les|l'|un|une)\b))",
        r"\bje (?:vais|dois|vais devoir) (?:y aller|filer|raccrocher|me déconnecter)\b",
        r"\bil (?:faut|va falloir) que (?:j'y aille|je (?:file|parte|raccroche|vous laisse|te laisse)\b)",
    ),
    telling=pattern(
        r"important\w*",
        r"problèmes?",
        r"risques?",
        r"urgente?s?",
        r"principal\w*",
        r"prioritaires?",
        r"priorités?",
        r"essentiel\w*",
        r"retards?",
        r"panne",
        r"bloqu\w+",
        r"signaler",
        r"budget",
        r"coûts?",
        r"manque\w*",
        r"manqu\w+",
        r"augment\w+",
        r"baiss\w+",
        r"objectifs?",
        r"résultats?",
        r"propose",
        r"proposons",
        r"terminé\w*",
        r"livr\w+",
        r"signée?s?",
        r"oblige\w*",
        r"obligatoires?",
        r"conclusion",
        r"en résumé",
        r"au total",
        r"en moyenne",
        r"passé de",
        r"commence",
        r"reçu",
        r"attention",
        r"malheureusement",
        r"surtout",
        r"auront lieu",
        r"aura lieu",
        r"supplémentaires?",
        r"sans remplaçant\w*",
        r"accord",
    ),
    figures=anywhere(
        r"\d",
        rf"\b(?:{dates.MONTH}|{dates.DAY})\b",
        r"\b(?:pour cent|euros?|milliers?|millions?|cents?|mille|vingt|trente|quarante|cinquante|soixante)\b",
        r"\bun \w+ sur (?:deux|trois|quatre|cinq|dix)\b",
        r"\b(?:deux|trois|quatre|cinq|six|dix) (?:jours|semaines|mois|ans|fois)\b",
    ),
    leaning=begins(
        r"je(?! (?:vous |te )?(?:propose|suggère|voudrais signaler|signale))",
        r"j'(?=\w)\w+",
        r"(?:mais |et |car |parce )?(?:elles?|ils?(?! (?:y a|faut|faudra|reste|manque|est|s'agit))|ça|cela|"
        r"ceci|celui|celle|ceux|lui|eux|les autres|leur|y en|il y en|dont|qui|que|sinon|pareil|c'est|ce serait|"
        r"ce n'est)",
        r"(?:et|mais|ou|car|parce que|puisque|puis|ensuite|sauf|dis)",
    ),
    stopwords=FRENCH_STOPWORDS,
    fillers=anywhere(
        r"(?:^|(?<=[\s,]))(?:euh+|heu+|hum+|hmm+|mmh+|hein|bah|ben)\b[,.…]*\s*",
        r",? (?:tu vois|vous voyez|tu sais|vous savez|si tu veux|si vous voulez|comment dire|disons|"
        r"je veux dire|on va dire)(?=,),",
        r",? quoi(?=[.!…]?$)",
        r",? hein(?=[.!?…]?$)",
        r",? voilà(?=[.!…]?$)",
    ),
    openers=opening(
        r"(?:alors|au fait|donc|et donc|du coup|bon|ben|bah|bref|voilà|eh bien|ok|okay|oui|ouais|d'accord|très bien|"
        r"parfait|entendu|bien|volontiers|super|génial|merci|attends|attendez|en fait|et puis|et|ah|oh|enfin|"
        r"écoute|écoutez|tiens|mince|ça marche|allez|dans ce cas|absolument|exactement|tout à fait|"
        r"bonjour(?: \w+)?|je m'en (?:occupe|charge)|non|(?:premier|deuxième|troisième|second|autre|prochain|"
        r"dernier) (?:point|sujet))(?:\s*[,.!:…]+\s*)",
        r"(?:alors|donc|et donc|du coup|bon|ben|et|voilà|attends)\s+",
    ),
    stutters=FRENCH_STUTTERS,
    unfinished=FRENCH_UNFINISHED,
)
