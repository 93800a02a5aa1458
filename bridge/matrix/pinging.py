"""Owns finding out whether the homeserver reaches us to push events, and getting it to push at once.

Application Service API, "Pinging" (spec v1.7). Synapse sends what it could not deliver after ever longer waits, of up
to 512 s; a ping that succeeds makes it send at once.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import replace

import structlog

from bridge.matrix.account import as_appservice
from bridge.matrix.backoff import Backoff, Outage
from bridge.matrix.errors import HomeserverError, RequestRefused
from bridge.matrix.wire import Wire
from config.models import Matrix
from config.ways_in import appservice_id

log = structlog.get_logger()

AGAIN_AFTER_S = 10.0
"""How long after a transaction that could not be stored we ask for it: sooner the homeserver comes by itself."""
QUIET_TRIES = 3
"""How often it may fail before that is said: Synapse reports a failure, too, when it was just trying by itself."""
_DOING = "asking the homeserver to ping us"


class NotReached(HomeserverError):
    """The homeserver answers us, but does not reach us: no event would come."""

    can_be_retried = True


class PingUnknown(HomeserverError):
    """The homeserver is of a version that cannot be asked."""


async def ping(settings: Matrix) -> None:
    """Ask the homeserver to send us a ping, now.

    Raises:
        NotReached: it did not get through; the message says what to check.
        PingUnknown: it cannot be asked.
        HomeserverError: it did not answer us.
    """
    path = ("_matrix", "client", "v1", "appservice", appservice_id(settings), "ping")
    body = json.dumps({"transaction_id": secrets.token_urlsafe(12)}).encode()
    # As the appservice itself, who is there before the bot has been made.
    async with Wire(settings, replace(as_appservice(settings), is_masquerading=False)) as wire:
        try:
            await wire.exchange("POST", _DOING, path, body)
        except HomeserverError as error:
            raise _explained(error, settings) from error


async def keep_reached(
    settings: Matrix,
    failed: asyncio.Event,
    *,
    backoff: Backoff | None = None,
    again_after_s: float = AGAIN_AFTER_S,
) -> None:
    """Ping until the homeserver reaches us, and again whenever a transaction could not be stored (`failed`)."""
    backoff = backoff or Backoff()
    outage = Outage(backoff)
    failures = 0
    while True:
        try:
            await ping(settings)
        except PingUnknown as error:
            log.warning("it is not known whether the homeserver reaches us", problem=str(error))
            return
        except HomeserverError as error:
            failures += 1
            if failures <= QUIET_TRIES:
                await asyncio.sleep(backoff.wait_s(failures, error))
            else:
                await asyncio.sleep(outage.failed(error, where="being reached by the homeserver"))
            continue
        failures = 0
        outage.over(where="being reached by the homeserver")
        log.info("the homeserver reaches us", url=settings.appservice_url)
        await failed.wait()
        failed.clear()
        await asyncio.sleep(again_after_s)


def _explained(error: HomeserverError, settings: Matrix) -> HomeserverError:
    """The same with what to check, where the homeserver says what kind of failure it is."""
    where = f"{settings.appservice_url} (matrix.appservice_url, and url in the registration file)"
    if error.errcode == "M_URL_NOT_SET":
        return NotReached(
            "The homeserver pushes nothing: the registration that it has loaded has no url. Put the value of "
            f"matrix.appservice_url there ({settings.appservice_url}), and restart the homeserver."
        )
    if error.errcode in ("M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT"):
        return NotReached(
            f"The homeserver cannot reach Greffier at {where} ({error}). Check from the homeserver's machine that this "
            "address leads to web.host and web.port here."
        )
    if error.errcode == "M_BAD_STATUS":
        return NotReached(
            f"What answers the homeserver at {where} is not this Greffier ({error}). Check that the address leads "
            "here, and that matrix.hs_token equals hs_token in the registration file that the homeserver has loaded."
        )
    if error.errcode == "M_UNRECOGNIZED":
        return PingUnknown(f"The homeserver knows no pings ({error}). Watch its log for failed pushes.")
    if isinstance(error, RequestRefused):
        return NotReached(
            f"The homeserver does not ping us ({error}). Check that it has loaded this registration file, of which it "
            f"should know the id {appservice_id(settings)}."
        )
    return error
