"""Owns the wire to the homeserver: every request as the bot's device, every answer judged. Nothing is retried here."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from bridge.matrix.answers import answer_in, no_answer
from bridge.matrix.errors import HomeserverUnreachable
from bridge.matrix.ids import UserId
from config.models import Matrix

_CLIENT = ("_matrix", "client", "v3")


@dataclass(frozen=True)
class Acting:
    """Who asks: a user, with a token, through a device where there is one already."""

    user_id: UserId
    token: str = field(repr=False)
    device_id: str | None = None
    is_masquerading: bool = False
    """Whether the token is an appservice's, which must say with each request whom it acts for (AS API, "Identity
    assertion"; the device by MSC4326)."""


class Wire:
    """The homeserver's client-server API, as one user's device; an async context manager that holds the connections.

    `acting` may be replaced at any time; requests that begin afterwards are made by the new one. As long as there is
    none, they wait until somebody has entered the homeserver.
    """

    def __init__(self, settings: Matrix, acting: Acting | None = None) -> None:
        self._settings = settings
        self._acting = acting
        self._entered = asyncio.Event()
        if acting is not None:
            self._entered.set()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def acting(self) -> Acting:
        """Who asks."""
        if self._acting is None:
            raise RuntimeError("nobody has entered the homeserver yet")
        return self._acting

    @acting.setter
    def acting(self, acting: Acting) -> None:
        self._acting = acting
        self._entered.set()

    def acting_as(self, acting: Acting) -> Wire:
        """The same connections, for requests by somebody else."""
        other = copy.copy(self)
        other._entered = asyncio.Event()  # noqa: SLF001 (a copy of ourselves: that it may ask says nothing of us)
        other.acting = acting
        return other

    async def request(
        self,
        method: str,
        doing: str,
        path: tuple[str, ...],
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """One request of the client-server API, JSON both ways.

        Args:
            method: HTTP method.
            doing: what is asked for, to begin an error's sentence with (`sending a message`).
            path: the parts after `/_matrix/client/v3`, not yet quoted.
            body: a JSON object.
            query: parameters, not yet quoted.
            timeout_s: where it is not `matrix.request_timeout_s`.

        Raises:
            HomeserverError: no answer came, or it is no success.
        """
        data = None if body is None else json.dumps(body).encode()
        return await self.exchange(method, doing, (*_CLIENT, *path), data, query=query, timeout_s=timeout_s)

    async def exchange(
        self,
        method: str,
        doing: str,
        path: tuple[str, ...],
        data: bytes | None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """One request of any of the homeserver's APIs, with bytes of any type; the answer is JSON. Raises as above."""
        if self._session is None:
            raise RuntimeError("the wire is used outside its `async with`")
        timeout_s = timeout_s or self._settings.request_timeout_s
        await self._until_entered(doing, timeout_s)
        acting = self.acting
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        headers = {"Content-Type": content_type}
        if acting.token:  # there is none before an account has logged in
            headers["Authorization"] = f"Bearer {acting.token}"
        url = self._settings.homeserver_url + url_path(path, {**(query or {}), **_masquerade(acting)})
        try:
            async with self._session.request(
                method, URL(url, encoded=True), data=data, headers=headers, timeout=timeout
            ) as response:
                return await answer_in(response, doing, is_appservice=self._settings.identity == "appservice")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise no_answer(error, doing, self._settings.homeserver_url) from error

    async def _until_entered(self, doing: str, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                await self._entered.wait()
        except TimeoutError as error:
            raise HomeserverUnreachable(f"{doing}: the bot has not been let into the homeserver yet") from error


def url_path(path: tuple[str, ...], query: Mapping[str, str] | None = None) -> str:
    """The path and query of an address, its parts quoted."""
    return "/" + "/".join(quote(part, safe="") for part in path) + (f"?{urlencode(query)}" if query else "")


def _masquerade(acting: Acting) -> dict[str, str]:
    if not acting.is_masquerading:
        return {}
    return {"user_id": acting.user_id, **({"device_id": acting.device_id} if acting.device_id else {})}
