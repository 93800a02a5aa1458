"""Owns the rows of the encryption: the account, Olm and Megolm sessions, the users and devices that we follow.

They are worked with in memory. What changes is collected and written in the transaction of whoever stores what the
change came with: the position in `/sync` and the room keys before it are on the disk together, or neither is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from nio.crypto import Session
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from vodozemac import Account

from bridge.matrix.encryption.bounded import Bounded
from bridge.matrix.encryption.changes import Changes
from bridge.matrix.encryption.devices import Device
from bridge.matrix.encryption.megolm_sessions import InboundSession
from bridge.matrix.encryption.olm_sessions import OlmSessions, Party
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.tables import DEVICE, MEGOLM_SESSIONS, OLM_SESSIONS, USER_DEVICES, USERS

log = structlog.get_logger()

ROOM_KEYS_KEPT_S = 30 * 86_400.0
OWN_ROOM_KEYS_KEPT_S = 400 * 86_400.0
"""Our own are needed to find, among what was sent, an answer that is to be sent again or redacted."""
OLM_SESSIONS_KEPT = 5
"""With one device; it has more only where sessions broke."""
STRANGERS_KEPT_S = 7 * 86_400.0
"""An Olm session with a device that no `/keys/query` ever showed."""
STRANGERS_KEPT = 20
"""Such devices of one user."""
STRANGERS_SESSIONS_KEPT = 5_000
"""With such devices of everybody; seen to now and then only, as many users have to come together for so many."""
SESSIONS_AT_HAND = 2_000
"""Megolm sessions in memory."""
DEVICES_A_QUERY = 1_000
"""Of one user: databases take some 30,000 parameters. Whoever has more devices loses by it alone."""
SAME_NAME_AT_HAND = 10
"""Of the same name, from different devices: all but one are somebody's copies."""


class StoreUnreadable(Exception):
    """The stored account cannot be opened: another secret, another device, or damage."""


@dataclass(frozen=True)
class FollowedUser:
    """Somebody whose devices are known, or about to be asked for."""

    user_id: UserId
    is_outdated: bool
    master_key: str | None = None
    """Unpadded base64; None: the user has no cross-signing identity."""
    self_signing_key: str | None = None


class CryptoStore:
    """The rows of one bot. There is one such object on a database."""

    def __init__(
        self, engine: AsyncEngine, user_id: UserId, device_id: str, pickle_key: bytes, clock: Callable[[], float]
    ) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.account = Account()
        self.is_new = True
        """Whether the account was made just now, because none was stored."""
        self.is_published = False
        """Whether the homeserver has the device's keys."""
        self.olm_sessions = OlmSessions()
        self._engine = engine
        self._pickle_key = pickle_key
        self._clock = clock
        self._changes = Changes(engine)
        self._account_has_changed = False
        self._one_at_a_time = asyncio.Lock()
        self._at_hand: Bounded[tuple[RoomId, str], Mapping[str, InboundSession]] = Bounded(SESSIONS_AT_HAND)
        self._olm_times: dict[tuple[Party, str], tuple[float, float]] = {}
        self._users: dict[UserId, FollowedUser] = {}
        self._devices: dict[UserId, dict[str, Device]] = {}

    @classmethod
    async def open(
        cls,
        engine: AsyncEngine,
        user_id: UserId,
        device_id: str,
        pickle_key: bytes,
        *,
        clock: Callable[[], float] = time.time,
    ) -> CryptoStore:
        """Load everything but the Megolm sessions, or begin with a new account, which is stored when it is first used.

        Args:
            engine: a database with our tables.
            user_id: the bot.
            device_id: its device.
            pickle_key: 32 bytes, under which the secrets are encrypted.
            clock: seconds since 1970.

        Raises:
            StoreUnreadable: There is an account, and it is of another device or another pickle key.
            sqlalchemy.exc.SQLAlchemyError: The database does not answer.
        """
        store = cls(engine, user_id, device_id, pickle_key, clock)
        async with engine.connect() as connection:
            await store._load_account(connection)
            await store._load_olm_sessions(connection)
            await store._load_users(connection)
        return store

    # What is collected is written

    @property
    def has_pending(self) -> bool:
        """Whether something has changed that is not in the database."""
        return self._account_has_changed or bool(self._changes)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for the caller's own writes, at the end of which all that has changed is written as well.

        When it fails, the changes are kept for the next one. They do not nest: `save` inside would wait for ever.
        """
        async with self._one_at_a_time:
            async with self._engine.begin() as connection:
                yield connection
                self._collect_account()
                written = await self._changes.write(connection)
            self._changes.settle(written)

    async def save(self) -> None:
        """Write all that has changed; what is to be sent after it may then be sent."""
        if self.has_pending:
            async with self.transaction():
                pass

    # The account and the Olm sessions

    def save_account(self) -> None:
        """The account has changed; what is written is how it is by then."""
        self._account_has_changed = True

    def save_session(self, party: Party, session: Session) -> None:
        """The Olm session is new, or has encrypted or decrypted something."""
        user_id, sender_key = party
        is_new_party = self.olm_sessions.get(party) is None
        created_at_s, _ = self._olm_times.get((party, session.id), (self._clock(), 0.0))
        self._olm_times[party, session.id] = created_at_s, self._clock()
        self.olm_sessions.used(party, session)
        row = {
            "user_id": user_id,
            "sender_key": sender_key,
            "session_id": session.id,
            "pickle": session.pickle(self._passphrase),
            "created_at_s": created_at_s,
            "used_at_s": self._clock(),
        }
        self._changes.put(OLM_SESSIONS, row)
        self._forget_surplus(party)
        if is_new_party:
            self._forget_strangers_of(user_id)

    def forget_session(self, party: Party, session: Session) -> None:
        """The Olm session is no longer needed, or of no use."""
        self.olm_sessions.remove(party, session)
        del self._olm_times[party, session.id]
        self._changes.remove(OLM_SESSIONS, *party, session.id)

    # Megolm sessions

    def save_megolm_session(self, session: InboundSession) -> bool:
        """Keep a room key, unless one is known that it may not replace; whether it was kept, as far as we see now."""
        name = session.room_id, session.session_id
        known = self._at_hand.get(name, {}).get(session.sender_key) or self._unsaved(*name).get(session.sender_key)
        if known is not None and not session.may_replace(known):
            return False
        self._changes.put(MEGOLM_SESSIONS, session.row(self._pickle_key))
        self._at_hand.pop(name, None)
        if session.is_own:
            self._at_hand[name] = {session.sender_key: session}
        return True

    async def megolm_sessions(self, sender: UserId, room_id: RoomId, session_id: str) -> Sequence[InboundSession]:
        """The room keys with this name in this room, wherever they are; those that the sender's devices sent first.

        Anybody who has a room key can send it to us as theirs. Of those that came from others there are a few, so that
        nobody can hide one among them.
        """
        name = room_id, session_id
        theirs = {device.curve25519 for device in self.devices(sender)}
        if sender == self.user_id:
            theirs.add(self.account.curve25519_key.to_base64())
        known = self._at_hand.get(name, {})
        if theirs.isdisjoint(known):
            known = await self._load_megolm_sessions(name, theirs)
        if known:
            self._at_hand[name] = known
        return sorted(known.values(), key=lambda session: session.sender_key not in theirs)

    async def _load_megolm_sessions(
        self, name: tuple[RoomId, str], theirs: Collection[str]
    ) -> Mapping[str, InboundSession]:
        """By the key of the device that sent them."""
        table, unsaved = MEGOLM_SESSIONS.c, self._unsaved(*name)
        query = (
            sa.select(MEGOLM_SESSIONS)
            .where(table.room_id == name[0], table.session_id == name[1])
            .order_by(table.sender_key.in_(list(theirs)[:DEVICES_A_QUERY]).desc(), table.is_own.desc())
            .limit(SAME_NAME_AT_HAND)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        known = {row["sender_key"]: session for row in rows if (session := self._readable(row)) is not None}
        # Some may have come, or have been stored, while the database was asked. Which hold is decided as there.
        for key, session in {**unsaved, **self._unsaved(*name)}.items():
            if key not in known or session.may_replace(known[key]):
                known[key] = session
        return known

    # Whose devices we follow

    def user(self, user_id: UserId) -> FollowedUser | None:
        """What is known of a user; None: not followed."""
        return self._users.get(user_id)

    def users(self) -> tuple[UserId, ...]:
        """Everybody who is followed."""
        return tuple(self._users)

    def devices(self, user_id: UserId) -> tuple[Device, ...]:
        """The devices of a user who is followed."""
        return tuple(self._devices.get(user_id, {}).values())

    def device(self, user_id: UserId, device_id: str) -> Device | None:
        """One device."""
        return self._devices.get(user_id, {}).get(device_id)

    def device_with_key(self, user_id: UserId, curve25519: str) -> Device | None:
        """The user's device with this identity key."""
        devices = self._devices.get(user_id, {}).values()
        return next((device for device in devices if device.curve25519 == curve25519), None)

    def set_user(self, user: FollowedUser) -> None:
        """Follow a user, or keep what has been learnt.

        Raises:
            ValueError: It holds text that no database takes.
        """
        if self._users.get(user.user_id) == user:
            return
        self._changes.put(
            USERS,
            {
                "user_id": user.user_id,
                "is_outdated": user.is_outdated,
                "master_key": user.master_key,
                "self_signing_key": user.self_signing_key,
            },
        )
        self._users[user.user_id] = user

    def set_devices(self, user_id: UserId, devices: Iterable[Device]) -> None:
        """These are all the devices of a user.

        Raises:
            ValueError: One holds text that no database takes.
        """
        known, now = self._devices.get(user_id, {}), {device.device_id: device for device in devices}
        changed = (device for device in now.values() if known.get(device.device_id) != device)
        self._changes.put(USER_DEVICES, *(_device_row(device) for device in changed))
        for device_id in known.keys() - now.keys():
            self._changes.remove(USER_DEVICES, user_id, device_id)
        self._devices[user_id] = now

    # What is no longer needed

    async def prune(self) -> None:
        """Drop old room keys, and Olm sessions with devices that nobody whom we know has."""
        now_s = self._clock()
        known = {(user_id, each.curve25519) for user_id, its in self._devices.items() for each in its.values()}
        strangers = sorted(
            (self._olm_times[party, session.id][1], number, party, session)
            for number, (party, session) in enumerate(self.olm_sessions)
            if party not in known
        )
        surplus = len(strangers) - STRANGERS_SESSIONS_KEPT
        for place, (used_at_s, _, party, session) in enumerate(strangers):
            if place < surplus or used_at_s < now_s - STRANGERS_KEPT_S:
                self.forget_session(party, session)
        is_own, received_at_s = MEGOLM_SESSIONS.c.is_own, MEGOLM_SESSIONS.c.received_at_s
        async with self.transaction() as connection:
            for whose, kept_s in ((~is_own, ROOM_KEYS_KEPT_S), (is_own, OWN_ROOM_KEYS_KEPT_S)):
                await connection.execute(sa.delete(MEGOLM_SESSIONS).where(whose, received_at_s < now_s - kept_s))

    def _forget_surplus(self, party: Party) -> None:
        for session in self.olm_sessions[party][OLM_SESSIONS_KEPT:]:
            self.forget_session(party, session)

    def _forget_strangers_of(self, user_id: UserId) -> None:
        """Forget the sessions with all but the last keys of a user that no device of theirs is known to have."""
        keys = self.olm_sessions.keys_of(user_id)
        if len(keys) <= STRANGERS_KEPT:
            return
        known = {device.curve25519 for device in self.devices(user_id)}
        strangers = [key for key in keys if key not in known]
        for key in strangers[:-STRANGERS_KEPT]:
            for session in self.olm_sessions[user_id, key]:
                self.forget_session((user_id, key), session)

    @property
    def _passphrase(self) -> str:
        """The pickle key as nio takes it."""
        return self._pickle_key.hex()

    def _collect_account(self) -> None:
        if self._account_has_changed:
            row = {
                "user_id": self.user_id,
                "device_id": self.device_id,
                "account": self.account.pickle(self._pickle_key).encode(),
                "is_published": self.is_published,
            }
            self._changes.put(DEVICE, row)
            self._account_has_changed = False

    def _unsaved(self, room_id: RoomId, session_id: str) -> Mapping[str, InboundSession]:
        rows = self._changes.beginning_with(MEGOLM_SESSIONS, room_id, session_id)
        return {row["sender_key"]: session for row in rows if (session := self._readable(row)) is not None}

    def _readable(self, row: Any) -> InboundSession | None:
        try:
            return InboundSession.from_row(row, self._pickle_key)
        except ValueError:
            log.warning("stored room key cannot be opened", room_id=row["room_id"])
            return None

    async def _load_account(self, connection: AsyncConnection) -> None:
        query = sa.select(DEVICE.c.device_id, DEVICE.c.account, DEVICE.c.is_published)
        row = (await connection.execute(query.where(DEVICE.c.user_id == self.user_id))).one_or_none()
        if row is None or row.account is None:
            return
        if row.device_id != self.device_id:
            raise StoreUnreadable(f"the stored keys are of the device {row.device_id}, not of {self.device_id}")
        try:
            self.account = Account.from_pickle(row.account.decode(), self._pickle_key)
        except ValueError:
            raise StoreUnreadable("the stored keys cannot be opened with this secret") from None
        self.is_new = False
        self.is_published = row.is_published

    async def _load_olm_sessions(self, connection: AsyncConnection) -> None:
        rows = await connection.execute(sa.select(OLM_SESSIONS).order_by(OLM_SESSIONS.c.used_at_s))
        for row in rows:
            if self.is_new:  # theirs was an account that is no more
                self._changes.remove(OLM_SESSIONS, row.user_id, row.sender_key, row.session_id)
                continue
            created_at = datetime.fromtimestamp(row.created_at_s, UTC)
            try:
                session = Session.from_pickle(row.pickle, created_at, self._passphrase)
            except ValueError:
                log.warning("stored Olm session cannot be opened")
                continue
            party = UserId(row.user_id), row.sender_key
            self.olm_sessions.used(party, session)
            self._olm_times[party, row.session_id] = row.created_at_s, row.used_at_s

    async def _load_users(self, connection: AsyncConnection) -> None:
        for row in await connection.execute(sa.select(USERS)):
            self._users[row.user_id] = FollowedUser(row.user_id, row.is_outdated, row.master_key, row.self_signing_key)
        for row in await connection.execute(sa.select(USER_DEVICES)):
            device = Device(row.user_id, row.device_id, row.curve25519, row.ed25519, row.is_signed)
            self._devices.setdefault(row.user_id, {})[row.device_id] = device


def _device_row(device: Device) -> dict[str, Any]:
    return {
        "user_id": device.user_id,
        "device_id": device.device_id,
        "curve25519": device.curve25519,
        "ed25519": device.ed25519,
        "is_signed": device.is_signed,
    }
