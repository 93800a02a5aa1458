"""Orders to a language model among what people say: words that only make sense to whoever writes the minutes.

Not "write in the minutes that …": people do ask each other that, and what comes of it is their claim, with their name
and their words.
"""

from __future__ import annotations

import re
from typing import Final

_ORDERS: Final = re.compile(
    r"(?<![nj]['’])(?<!n['’]t )\b(ignor\w*|oubli(e|es|ez|er|ons)|disregard|forget)\b"
    r".{0,40}\b(consignes?|instructions?|prompts?)\b"
    r"|\b(system|système) (prompt|message)\b|\bprompt (system|système)\b"
    r"|\b(tu es|vous êtes|you are)\b.{0,30}\b(modèle de langage|language model|IA|AI)\b"
    r"|<\|?\s*/?\s*(im_start|im_end|system|assistant|user|transcript\w*)\b|\"?claims\"?\s*:\s*\[",
    re.IGNORECASE | re.DOTALL,
)


def gives_orders(text: str) -> bool:
    """Whether a text tells a language model what to do."""
    return _ORDERS.search(text) is not None
