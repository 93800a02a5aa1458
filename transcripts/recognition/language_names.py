"""Languages by the names that Whisper's servers report them by (`french`), as the codes that everybody else uses."""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = """
af afrikaans am amharic ar arabic as assamese az azerbaijani ba bashkir be belarusian bg bulgarian bn bengali bo tibetan
br breton bs bosnian ca catalan cs czech cy welsh da danish de german el greek en english es spanish et estonian
eu basque fa persian fi finnish fo faroese fr french gl galician gu gujarati ha hausa haw hawaiian he hebrew hi hindi
hr croatian ht haitian hu hungarian hy armenian id indonesian is icelandic it italian ja japanese jw javanese
ka georgian kk kazakh km khmer kn kannada ko korean la latin lb luxembourgish ln lingala lo lao lt lithuanian lv latvian
mg malagasy mi maori mk macedonian ml malayalam mn mongolian mr marathi ms malay mt maltese my myanmar ne nepali
nl dutch nn nynorsk no norwegian oc occitan pa punjabi pl polish ps pashto pt portuguese ro romanian ru russian
sa sanskrit sd sindhi si sinhala sk slovak sl slovenian sn shona so somali sq albanian sr serbian su sundanese
sv swedish sw swahili ta tamil te telugu tg tajik th thai tk turkmen tl tagalog tr turkish tt tatar uk ukrainian
ur urdu uz uzbek vi vietnamese yi yiddish yo yoruba yue cantonese zh chinese
"""
"""The languages of Whisper's tokenizer (openai/whisper, `tokenizer.py`), each after its code."""
_CODES: Final = dict(zip(_NAMES.split()[1::2], _NAMES.split()[::2], strict=True))


def language_code(reported: str) -> str | None:
    """The code of a language given by its name or its code (`French`, `fr`, `fr-FR`); None where it is neither."""
    name = reported.strip().casefold()
    if name in _CODES:
        return _CODES[name]
    code = re.match(r"([a-z]{2,3})(?![a-z])", name)
    return code[1] if code else None
