"""A database that does not answer for once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError


def away_once(patch: pytest.MonkeyPatch, owner: object, method: str) -> None:
    """The first time that `method` of `owner` is called, the database is away."""
    answers = getattr(owner, method)
    first = iter([True])

    async def asked(*args: Any, **options: Any) -> Any:
        if next(first, False):
            raise OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))
        return await answers(*args, **options)

    patch.setattr(owner, method, asked)
