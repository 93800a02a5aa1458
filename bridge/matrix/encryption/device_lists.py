"""Owns knowing other users' devices: asked for once, then again whenever `/sync` says that they have changed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from bridge.matrix.encryption.cross_signatures import OwnerKeys, read_devices, read_owner_keys
from bridge.matrix.encryption.devices import Device
from bridge.matrix.encryption.pauses import Pauses
from bridge.matrix.encryption.slices import in_slices
from bridge.matrix.encryption.store import CryptoStore, FollowedUser
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Wire

log = structlog.get_logger()

USERS_A_QUERY = 200
_QUERIES_AT_ONCE = 4
_ROUNDS = 4
"""How often one caller asks for a user whose devices change all the time."""
_OTHER_SERVERS_MS = 10_000
_ANSWER_S = 40.0
_USER_ID = re.compile(r"@[^\0\ud800-\udfff]{1,254}")  # nobody else can be asked for, or stored


@dataclass(eq=False)
class _Question:
    """What one caller is asking the homeserver."""

    is_answered: asyncio.Event = field(default_factory=asyncio.Event)
    overtaken: set[UserId] = field(default_factory=set)
    """Whose devices have changed since it was asked: the answer may be too old."""


class DeviceLists:
    """The devices of those whom the bot writes to or hears; all methods are for one event loop.

    A user is followed from the first time somebody asks for their devices. The homeserver tells of changes only to who
    listens, so after a `/sync` without a position `all_changed` is due.
    """

    def __init__(self, wire: Wire, store: CryptoStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._store = store
        self._asked: dict[UserId, _Question] = {}
        self._pauses = Pauses[str](clock)  # of servers that cannot be reached, and of users they do not speak of
        self._free_queries = asyncio.Semaphore(_QUERIES_AT_ONCE)
        self._reading = asyncio.Lock()  # one answer at a time: their slices add up

    def changed(self, users: Iterable[UserId]) -> None:
        """`/sync` says that these users' devices have changed; to be stored with its position."""
        for user_id in users:
            self._outdate(user_id)
            self._pauses.over(user_id)
            self._pauses.over(_server(user_id))  # it is there again

    def left(self, users: Iterable[UserId]) -> None:
        """No room is shared with these users any more: nobody will tell of their changes. What is known is kept."""
        for user_id in users:
            self._outdate(user_id)

    def all_changed(self) -> None:
        """`/sync` starts anew: of changes in between nobody will tell."""
        self.changed(self._store.users())

    def known(self, user_id: UserId) -> tuple[Device, ...]:
        """The user's devices, as last heard."""
        return self._store.devices(user_id)

    def has_identity(self, user_id: UserId) -> bool:
        """Whether the user has ever shown a cross-signing identity; the homeserver cannot take it away again."""
        user = self._store.user(user_id)
        return user is not None and user.master_key is not None

    def device_with_key(self, user_id: UserId, curve25519: str) -> Device | None:
        """The user's device with this identity key."""
        return self._store.device_with_key(user_id, curve25519)

    def is_due(self, user_id: UserId) -> bool:
        """Whether the user's devices are not known as they are now, and there is hope to know them by asking."""
        known = self._store.user(user_id)
        if (known is not None and not known.is_outdated) or not _USER_ID.fullmatch(user_id):
            return False
        return user_id not in self._pauses and _server(user_id) not in self._pauses

    async def devices_of(self, users: Collection[UserId]) -> Mapping[UserId, tuple[Device, ...]]:
        """The devices of these users, asked for where they are not known or outdated.

        Of users on servers that cannot be reached it is what was known before, perhaps nothing; they are asked for
        again later.

        Raises:
            HomeserverError: our own homeserver does not answer.
        """
        for _ in range(_ROUNDS):
            due = [user_id for user_id in users if self.is_due(user_id)]
            if mine := [user_id for user_id in due if user_id not in self._asked]:
                await self._ask(mine)
            elif due:
                # Others have asked; what they did not get, the next round asks for.
                await asyncio.gather(*(question.is_answered.wait() for question in {self._asked[each] for each in due}))
            else:
                break
        return {user_id: self.known(user_id) for user_id in users}

    def _outdate(self, user_id: UserId) -> None:
        if question := self._asked.get(user_id):
            question.overtaken.add(user_id)
        known = self._store.user(user_id)
        if known is not None and not known.is_outdated:
            self._store.set_user(replace(known, is_outdated=True))

    async def _ask(self, users: list[UserId]) -> None:
        users.sort(key=_server)  # a server that cannot be reached then delays few but its own
        question = _Question()
        self._asked.update(dict.fromkeys(users, question))
        batches = (users[start : start + USERS_A_QUERY] for start in range(0, len(users), USERS_A_QUERY))
        try:
            asking = (self._query(batch, question) for batch in batches)
            failures = [each for each in await asyncio.gather(*asking, return_exceptions=True) if each is not None]
        finally:
            for user_id in users:
                del self._asked[user_id]
            question.is_answered.set()
        if failures:
            raise failures[0]

    async def _query(self, batch: list[UserId], question: _Question) -> None:
        async with self._free_queries:
            answer = await self._answer(batch)
        failures = answer.get("failures")
        unreachable = set(failures) if isinstance(failures, dict) else set()
        for server in {_server(user_id) for user_id in batch}:
            if server not in unreachable:
                self._pauses.over(server)
            elif self._pauses.failed(server):
                log.warning("devices are not known: their server does not answer", server=server)
        async with self._reading:
            async for user_id in in_slices(batch):
                await self._take(answer, user_id, question)

    async def _answer(self, batch: list[UserId]) -> dict[str, Any]:
        doing = "asking for people's devices"
        body = {"device_keys": {user_id: [] for user_id in batch}, "timeout": _OTHER_SERVERS_MS}
        answer = await self._wire.request("POST", doing, ("keys", "query"), body, timeout_s=_ANSWER_S)
        if not isinstance(answer.get("device_keys"), dict):
            raise HomeserverFault(f"{doing}: the homeserver's answer holds no device_keys")
        return answer

    async def _take(self, answer: Mapping[str, Any], user_id: UserId, question: _Question) -> None:
        before = self._store.user(user_id)
        owner = read_owner_keys(answer, user_id)
        if owner.master_key is None and before is not None:
            owner = OwnerKeys(before.master_key, before.self_signing_key)
        read = read_devices(answer, user_id, owner.self_signing_key)
        if read is None:  # which does not mean that there are no devices
            if _server(user_id) not in self._pauses:
                self._pauses.failed(user_id)
            return
        if before is not None and before.master_key not in (None, owner.master_key):
            log.warning("a user has another cross-signing identity than before", user_id=user_id)
        devices = [device async for device in in_slices(read)]
        user = FollowedUser(user_id, user_id in question.overtaken, owner.master_key, owner.self_signing_key)
        self._store.set_user(user)
        self._store.set_devices(user_id, self._without_replaced(user_id, devices))
        self._pauses.over(user_id)

    def _without_replaced(self, user_id: UserId, devices: list[Device]) -> tuple[Device, ...]:
        """The devices, those with another fingerprint than before as they were: a device never changes its own."""
        before = {device.device_id: device for device in self.known(user_id)}
        kept = []
        for device in devices:
            known = before.get(device.device_id, device)
            if known.ed25519 != device.ed25519:
                log.warning("a device with new keys under its old id is refused", user_id=user_id)
            kept.append(device if known.ed25519 == device.ed25519 else known)
        return tuple(kept)


def _server(user_id: UserId) -> str:
    return user_id.partition(":")[2]
