"""Owns what the homeserver asks of an appservice: to take the events that it pushes, to answer pings and queries.

Application Service API, "Pushing events", "Pinging", "Querying" (spec v1.15).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

import structlog
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from bridge.matrix.backoff import sentence
from bridge.matrix.errors import HomeserverError
from bridge.matrix.ids import UserId
from bridge.matrix.json_reading import read_json

log = structlog.get_logger()

MAX_BODY_BYTES = 64 * 1024 * 1024
"""A hundred events of 64 KiB, each with what it replaces and was redacted by, are far less."""
READ_TIMEOUT_S = 60.0
LEAVE_OFF_WITHIN_S = 5.0
_LARGE_BYTES = 1024 * 1024
_API = "/_matrix/app/v1"

Take = Callable[[str, Sequence[object]], Awaitable[None]]
"""Stores a transaction's events, which are anything, under what it is known by; raises where they are not stored."""
_Answering: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]


class _Refused(Exception):
    def __init__(self, status: int, errcode: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.errcode = errcode


class Transactions:
    """The appservice's side of the homeserver's pushes, for whoever shows the homeserver's token.

    A transaction is answered with success once it is stored, and not before; the same one while the first is still
    being stored waits for that. `failed` is set when one could not be stored: the homeserver then sends it again, after
    ever longer waits, or at once when it is pinged.
    """

    def __init__(self, hs_token: SecretStr, user_id: UserId, take: Take) -> None:
        self.failed = asyncio.Event()
        self._hs_token = hs_token.get_secret_value().encode()
        self._user_id = user_id
        self._take = take
        self._running: dict[str, asyncio.Task[bool]] = {}
        self._is_leaving = False

    def routes(self) -> Iterable[web.RouteDef]:
        """Those of the API, those that it had before it had versions, and an answer to what we do not know."""
        for prefix in (_API, ""):
            yield web.put(prefix + "/transactions/{txn_id}", self._guarded(self._transaction))
            yield web.get(prefix + "/users/{user_id}", self._guarded(self._user))
            yield web.get(prefix + "/rooms/{alias}", self._guarded(self._room))
        yield web.post(f"{_API}/ping", self._guarded(self._ping))
        yield web.route("*", "/_matrix/app/{anything:.*}", _unrecognized)

    async def leave_off(self) -> None:
        """Take nothing more, and wait a while for what is being stored; the rest comes again to the next process."""
        self._is_leaving = True
        storing = set(self._running.values())
        if storing:
            _, late = await asyncio.wait(storing, timeout=LEAVE_OFF_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _guarded(self, answering: _Answering) -> _Answering:
        async def answered(request: web.Request) -> web.Response:
            try:
                self._refuse_strangers(request)  # before anything is read
                return await answering(request)
            except _Refused as refused:
                return _error(refused.status, refused.errcode, str(refused))

        return answered

    def _refuse_strangers(self, request: web.Request) -> None:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        token = shown.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
        if not token:
            raise _Refused(401, "M_MISSING_TOKEN", "expected the homeserver's token")
        if not hmac.compare_digest(token.encode(errors="surrogateescape"), self._hs_token):
            log.warning("a push is refused: it does not show the hs_token of the registration file")
            raise _Refused(403, "M_FORBIDDEN", "this is not hs_token of the registration file")

    async def _transaction(self, request: web.Request) -> web.Response:
        body = await _json_object(request)
        events = body.get("events")
        if not isinstance(events, list):
            raise _Refused(400, "M_BAD_JSON", "expected a list of events")
        if not await self._stored_once(_known_as(request.match_info["txn_id"], events), events):
            raise _Refused(503, "M_UNKNOWN", "not stored; Greffier's log says why")
        return web.json_response({})

    async def _stored_once(self, txn_id: str, events: Sequence[object]) -> bool:
        storing = self._running.get(txn_id)
        if storing is None:
            if self._is_leaving:
                raise _Refused(503, "M_UNKNOWN", "stopping; the next start takes it")
            storing = self._running[txn_id] = asyncio.create_task(self._stored(txn_id, events), name=f"push {txn_id}")
        return await asyncio.shield(storing)  # a homeserver that hangs up undoes nothing

    async def _stored(self, txn_id: str, events: Sequence[object]) -> bool:
        try:
            await self._take(txn_id, events)
        except (HomeserverError, SQLAlchemyError, TimeoutError) as error:
            log.warning("transaction not stored", txn_id=txn_id, problem=sentence(error))
        except Exception:
            log.exception("transaction not stored: a fault of Greffier's own", txn_id=txn_id)
        else:
            return True
        finally:
            del self._running[txn_id]
        self.failed.set()
        return False

    async def _ping(self, request: web.Request) -> web.Response:
        await _json_object(request)
        return web.json_response({})

    async def _user(self, request: web.Request) -> web.Response:
        if request.match_info["user_id"] != self._user_id:
            raise _Refused(404, "M_NOT_FOUND", "the bot is the one user here")
        return web.json_response({})

    async def _room(self, _request: web.Request) -> web.Response:
        raise _Refused(404, "M_NOT_FOUND", "there are no room aliases here")


def _known_as(txn_id: str, events: Sequence[object]) -> str:
    """What a transaction is known by: its id is not enough, a homeserver that is made anew counts from 1 again."""
    ids = "\n".join(str(event.get("event_id")) for event in events if isinstance(event, dict))
    return f"{txn_id}/{hashlib.sha256(ids.encode(errors='surrogatepass')).hexdigest()[:16]}"


async def _json_object(request: web.Request) -> dict[str, object]:
    raw = await _read(request)
    try:
        value = await asyncio.to_thread(read_json, raw) if len(raw) > _LARGE_BYTES else read_json(raw)
    except ValueError:
        raise _Refused(400, "M_NOT_JSON", "expected JSON") from None
    if not isinstance(value, dict):
        raise _Refused(400, "M_BAD_JSON", "expected a JSON object")
    return value


async def _read(request: web.Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            async for part in request.content.iter_any():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise _Refused(413, "M_TOO_LARGE", f"expected at most {MAX_BODY_BYTES} bytes")
    except TimeoutError:
        raise _Refused(408, "M_UNKNOWN", "the body did not arrive in time") from None
    except web.RequestPayloadError:
        raise _Refused(400, "M_NOT_JSON", "the body cannot be decoded") from None
    return bytes(body)


async def _unrecognized(_request: web.Request) -> web.Response:
    return _error(404, "M_UNRECOGNIZED", "no such request")


def _error(status: int, errcode: str, why: str) -> web.Response:
    return web.json_response({"errcode": errcode, "error": why}, status=status)
