"""Owns turning the bytes of an answer into JSON values, whatever somebody managed to put into an event.

One hostile event must not make a whole `/sync` answer unreadable: Python's own parser gives up on deep nesting
(`RecursionError`) and on integers of more than 4,300 digits (`ValueError`).
"""

from __future__ import annotations

import json
import re

MAX_DEPTH = 100
"""What lies deeper is read as null: Matrix itself needs about ten levels."""
MAX_DIGITS = 300

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


def read_json(data: bytes) -> object:
    """Parse an answer; what is too deep or too large a number becomes `None`.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return _parse(data)
    except RecursionError:
        return _parse(_shallow(data))


def _parse(data: bytes) -> object:
    # Not UTF-8: the damaged characters are lost, not the answer.
    return json.loads(data.decode("utf-8", errors="replace"), parse_int=_integer)


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _shallow(data: bytes) -> bytes:
    """The same JSON with everything below `MAX_DEPTH` replaced by null, found without recursion."""
    kept: list[bytes] = []
    depth = 0
    copied_to = 0
    for token in _TOKEN.finditer(data):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept += (data[copied_to : token.start()], b"null")
        elif token[0] in (b"]", b"}"):
            if depth == MAX_DEPTH + 1:
                copied_to = token.end()
            depth -= 1
    if depth <= MAX_DEPTH:
        kept.append(data[copied_to:])
    return b"".join(kept)
