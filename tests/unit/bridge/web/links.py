"""Links that the tests knock with."""

from __future__ import annotations

from typing import TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestClient

Client: TypeAlias = TestClient[web.Request, web.Application]

OPEN = "AbCdEfGhIjKlMnOpQrSt-_"
UNKNOWN = "x" * 22
WRONG_SHAPES = ("x", "x" * 21, "x" * 23, "x" * 5000, "é" * 22, "x" * 21 + ".", "x" * 21 + "%0A", "%2e%2e%2f" + "x" * 19)
