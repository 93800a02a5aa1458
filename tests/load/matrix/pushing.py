"""Pushes transactions as a homeserver does: one after the other over one connection, the next when one is taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.load.matrix.streams import Transaction


class Refused(Exception):
    """A receiver answered a transaction with something else than 200."""


@dataclass(frozen=True)
class Appservice:
    """Where an appservice is reached, how it knows the homeserver, and which process it is."""

    url: str
    hs_token: str
    pid: int


async def push(appservice: Appservice, transactions: Sequence[Transaction]) -> float:
    """Push them all, from a thread of its own; gives how long it took, in seconds.

    Raises:
        Refused: one was not taken.
    """
    return await asyncio.to_thread(_push, appservice, transactions)


def _push(appservice: Appservice, transactions: Sequence[Transaction]) -> float:
    where = urlsplit(appservice.url)
    assert where.hostname is not None
    connection = HTTPConnection(where.hostname, where.port, timeout=60)
    connection.connect()
    headers = {"Authorization": f"Bearer {appservice.hs_token}", "Content-Type": "application/json"}
    began_s = time.perf_counter()
    for transaction in transactions:
        path = f"{where.path}/_matrix/app/v1/transactions/{transaction.id}"
        connection.request("PUT", path, body=transaction.body, headers=headers)
        response = connection.getresponse()
        said = response.read()
        if response.status != 200:
            raise Refused(f"{appservice.url} answered {response.status}: {said[:200]!r}")
    took_s = time.perf_counter() - began_s
    connection.close()
    return took_s
