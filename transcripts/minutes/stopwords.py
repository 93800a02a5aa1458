"""Words that carry no meaning of their own, and those that are said twice only by stammering."""

from __future__ import annotations

from typing import Final

_FRENCH_STOPWORDS: Final = """
    a ai aie aient ait alors as au aucun aura aurait aussi autre autres aux avaient avais avait avant avec avez
    avoir avons bah bien bon ça car ce ceci cela celle celui ces cet cette ceux chaque ci comme comment d dans
    de des dessus deux devrait doit donc dont du elle elles en encore entre es est et étaient étais était été
    être eu eux fait faire fais faut font hors il ils j je juste l la là le les leur leurs lui m ma mais me même
    mes moi moins mon n ne ni non nos notre nous on ont ou où oui par parce pas peu peut peux plus plutôt pour
    pourquoi pu puis qu quand que quel quelle quelles quels qui quoi s sa sans se sera serait ses si sien soit
    son sont sous sur t ta te tes toi ton tous tout toute toutes très trop tu un une va vais vas vers veut veux
    voilà vont vos votre vous vu y accord merci bonjour chose choses dire dit ok ouais euh voir vraiment aller
    fois après depuis
"""

_FRENCH_STUTTERS: Final = """
    je j' tu il elle on le la les l' de du des d' un une et que qu' à au en pour dans ce c'est c' ne n' se s' y
    mais donc si sur avec qui par ça
"""

_ENGLISH_STOPWORDS: Final = """
    a about after all also am an and any are as at be because been before being but by can could did do does
    doing don't down each even few for from further get go going good got had has have having he her here hers
    him his how i if in into is it its just know let like me more most much my no nor not now of off ok okay on
    once one only or other our out over own please really right same say see she should so some such than thank
    thanks that the their them then there these they thing things think this those through to too under until up
    us very want was we well were what when where which while who whom why will with would yeah yes you your
    yours i'll we'll i'm it's that's we're don't let's again back
"""

_ENGLISH_STUTTERS: Final = """
    i we he she it the a an to of in on at and is are was for with this my our but so if you they i'm i'll we'll
    it's
"""

_FRENCH_UNFINISHED: Final = "le la les de du des et que à au aux sur mais ce ces cette mon ma mes nos vos leurs"
_ENGLISH_UNFINISHED: Final = "the a an of and but my our your their"

FRENCH_STOPWORDS: Final = frozenset(_FRENCH_STOPWORDS.split())
FRENCH_STUTTERS: Final = frozenset(_FRENCH_STUTTERS.split())
ENGLISH_STOPWORDS: Final = frozenset(_ENGLISH_STOPWORDS.split())
ENGLISH_STUTTERS: Final = frozenset(_ENGLISH_STUTTERS.split())
FRENCH_UNFINISHED: Final = frozenset(_FRENCH_UNFINISHED.split())
ENGLISH_UNFINISHED: Final = frozenset(_ENGLISH_UNFINISHED.split())
