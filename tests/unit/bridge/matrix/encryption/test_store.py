"""The rows of the encryption: together with what they came with, or not at all; and nothing lost when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs
from vodozemac import GroupSession

from bridge.matrix.encryption import store as store_module
from bridge.matrix.encryption.devices import Device
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.megolm_sessions import InboundSession
from bridge.matrix.encryption.store import (
    OLM_SESSIONS_KEPT,
    OWN_ROOM_KEYS_KEPT_S,
    ROOM_KEYS_KEPT_S,
    STRANGERS_KEPT,
    STRANGERS_KEPT_S,
    CryptoStore,
    FollowedUser,
    StoreUnreadable,
)
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.tables import DEVICE, MEGOLM_SESSIONS, OLM_SESSIONS, SYNC, USER_DEVICES
from tests.fakes.clocks import Clock
from tests.unit.bridge.matrix.encryption.peers import (
    BOT,
    CLAIRE,
    DEVICE_ID,
    MALLORY,
    PICKLE_KEY,
    ROOM,
    Peer,
    open_store,
)

KEY = "A" * 43


async def rows(engine: AsyncEngine, table: sa.Table) -> int:
    """How many rows a table has."""
    async with engine.connect() as connection:
        return (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


def inbound(*, at_s: float = 1.0, is_own: bool = False, room_id: RoomId = ROOM) -> InboundSession:
    """A room key."""
    key = GroupSession().session_key.to_base64()
    return InboundSession.from_key(key, room_id=room_id, sender_key=KEY, ed25519=KEY, at_s=at_s, is_own=is_own)


def a_device(device_id: str, user_id: UserId = CLAIRE) -> Device:
    """A device as `/keys/query` shows it."""
    return Device(user_id, device_id, curve25519=f"curve {device_id}", ed25519=f"ed {device_id}", is_signed=False)


async def test_nothing_is_stored_of_a_device_that_has_done_nothing(store: CryptoStore, engine: AsyncEngine) -> None:
    """Whoever finds out that this is the wrong database leaves no keys in it."""
    assert store.is_new
    await store.save()
    assert await rows(engine, DEVICE) == 0


async def test_the_account_survives_the_process_and_leaves_the_rest_of_its_row_alone(
    store: CryptoStore, engine: AsyncEngine
) -> None:
    """The access token of an ordinary account is in the same row, and is not ours."""
    async with engine.begin() as connection:
        row = {"user_id": BOT, "device_id": DEVICE_ID, "access_token": b"sealed", "is_published": False}
        await connection.execute(sa.insert(DEVICE).values(row))
    store.is_published = True
    store.save_account()
    await store.save()
    again = await open_store(engine)
    assert (again.is_new, again.is_published) == (False, True)
    assert again.account.ed25519_key.to_base64() == store.account.ed25519_key.to_base64()
    async with engine.connect() as connection:
        assert (await connection.execute(sa.select(DEVICE.c.access_token))).scalar_one() == b"sealed"


async def test_no_secret_is_stored_in_the_open(store: CryptoStore, engine: AsyncEngine) -> None:
    """Another pickle key opens nothing, and says so without a word of what it tried."""
    store.save_account()
    await store.save()
    with pytest.raises(StoreUnreadable, match="secret") as raised:
        await open_store(engine, pickle_key=b"another key of thirty-two bytes!")
    assert raised.value.__cause__ is None


async def test_the_account_of_another_device_is_not_used(store: CryptoStore, engine: AsyncEngine) -> None:
    """Two devices with the same keys would make every session useless."""
    store.save_account()
    await store.save()
    with pytest.raises(StoreUnreadable, match=r"GREFFIER.*OTHER"):
        await CryptoStore.open(engine, BOT, "OTHER", PICKLE_KEY)


async def test_what_is_stored_of_one_account_is_not_used_by_the_next(
    machine: Machine, phone: Peer, store: CryptoStore, engine: AsyncEngine
) -> None:
    """The operator has given the lost device up: its sessions go with it, the room keys open what they opened."""
    machine.receive([phone.room_key(machine)])
    await store.save()
    async with engine.begin() as connection:
        await connection.execute(sa.update(DEVICE).values(account=None))
    again = await open_store(engine)
    assert not Machine(again).has_session_with(phone.device)
    assert await again.megolm_sessions(CLAIRE, ROOM, phone.megolm.session_id)
    await again.save()
    assert await rows(engine, OLM_SESSIONS) == 0


async def test_changes_are_stored_with_what_they_came_with(store: CryptoStore, engine: AsyncEngine) -> None:
    """The position in `/sync`, for one."""
    store.save_megolm_session(inbound())
    assert store.has_pending
    async with store.transaction() as connection:
        await connection.execute(sa.insert(SYNC).values(user_id=BOT, next_batch="s1"))
        assert await rows(engine, MEGOLM_SESSIONS) == 0
    assert (await rows(engine, SYNC), await rows(engine, MEGOLM_SESSIONS)) == (1, 1)
    assert not store.has_pending


async def test_when_the_caller_fails_nothing_is_stored_and_nothing_is_lost(
    store: CryptoStore, engine: AsyncEngine
) -> None:
    """The ratchets have moved on in memory: their state must reach the disk with the next transaction."""
    store.save_megolm_session(inbound())
    store.save_account()
    with pytest.raises(ZeroDivisionError):
        async with store.transaction():
            raise ZeroDivisionError
    assert (await rows(engine, MEGOLM_SESSIONS), await rows(engine, DEVICE)) == (0, 0)
    store.save_megolm_session(inbound())
    await store.save()
    assert (await rows(engine, MEGOLM_SESSIONS), await rows(engine, DEVICE)) == (2, 1)


async def test_when_the_database_fails_nothing_is_stored_and_the_newest_is_kept(
    store: CryptoStore, engine: AsyncEngine
) -> None:
    """What changed before the failure and what changed after it, each once."""
    store.set_user(FollowedUser(CLAIRE, is_outdated=True))
    store.set_user(FollowedUser(MALLORY, is_outdated=True))
    async with engine.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE matrix_user RENAME TO away"))
    with pytest.raises(SQLAlchemyError):
        await store.save()
    assert store.has_pending
    store.set_user(FollowedUser(CLAIRE, is_outdated=False, master_key=KEY))
    async with engine.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE away RENAME TO matrix_user"))
    await store.save()
    again = await open_store(engine)
    assert again.user(CLAIRE) == FollowedUser(CLAIRE, is_outdated=False, master_key=KEY)
    assert again.user(MALLORY) == FollowedUser(MALLORY, is_outdated=True)


async def test_what_changes_while_it_is_written_is_written_next_time(store: CryptoStore, engine: AsyncEngine) -> None:
    """The loop goes on while the database works."""
    store.set_user(FollowedUser(CLAIRE, is_outdated=True))
    saving = asyncio.create_task(store.save())
    while not saving.done():
        known = store.user(CLAIRE)
        assert known is not None
        store.set_user(replace(known, master_key=(known.master_key or "") + "x"))
        await asyncio.sleep(0)
    await store.save()
    assert (await open_store(engine)).user(CLAIRE) == store.user(CLAIRE)
    assert not store.has_pending


async def test_transactions_take_turns(store: CryptoStore) -> None:
    """A later state of a ratchet is never overwritten by an earlier one that was slower."""
    store.set_user(FollowedUser(CLAIRE, is_outdated=True))
    async with store.transaction():
        saving = asyncio.create_task(store.save())
        await asyncio.wait({saving}, timeout=0.3)
        assert not saving.done()
    await saving
    assert not store.has_pending


@pytest.mark.parametrize("hostile", ["NUL\0", "half a character \ud800"])
async def test_text_that_no_database_takes_does_not_block_everything_after_it(
    store: CryptoStore, engine: AsyncEngine, hostile: str
) -> None:
    """It is refused where it is handed in, not at the next commit, and every one after."""
    store.set_devices(CLAIRE, [a_device("A")])
    await store.save()
    with pytest.raises(ValueError, match="cannot be stored"):
        store.set_devices(CLAIRE, [a_device("B"), a_device(hostile)])
    assert store.devices(CLAIRE) == (a_device("A"),)
    with pytest.raises(ValueError, match="cannot be stored"):
        store.set_user(FollowedUser(UserId(f"@{hostile}"), is_outdated=True))
    assert not store.has_pending
    assert store.users() == ()
    store.set_devices(CLAIRE, [a_device("B")])
    await store.save()
    assert (await open_store(engine)).devices(CLAIRE) == (a_device("B"),)


async def test_users_and_devices_survive_the_process(store: CryptoStore, engine: AsyncEngine) -> None:
    """With all that was learnt of them."""
    store.set_user(FollowedUser(CLAIRE, is_outdated=False, master_key=KEY, self_signing_key=KEY))
    store.set_devices(CLAIRE, [a_device("A"), a_device("B")])
    store.set_user(FollowedUser(MALLORY, is_outdated=True))
    await store.save()
    again = await open_store(engine)
    assert set(again.users()) == {CLAIRE, MALLORY}
    assert again.user(CLAIRE) == store.user(CLAIRE)
    assert again.devices(CLAIRE) == store.devices(CLAIRE) == (a_device("A"), a_device("B"))
    assert again.device_with_key(CLAIRE, "curve B") == a_device("B") == again.device(CLAIRE, "B")
    assert again.device_with_key(MALLORY, "curve B") is None


async def test_devices_that_are_gone_are_forgotten(store: CryptoStore, engine: AsyncEngine) -> None:
    """And nothing else is."""
    store.set_user(FollowedUser(CLAIRE, is_outdated=False))
    store.set_devices(CLAIRE, [a_device("A"), a_device("B")])
    store.set_user(FollowedUser(MALLORY, is_outdated=False))
    store.set_devices(MALLORY, [a_device("C", MALLORY)])
    await store.save()
    store.set_devices(CLAIRE, [a_device("B")])
    await store.save()
    again = await open_store(engine)
    assert again.devices(CLAIRE) == (a_device("B"),)
    assert again.devices(MALLORY) == (a_device("C", MALLORY),)
    assert await rows(engine, USER_DEVICES) == 2


async def test_what_has_not_changed_is_not_written(store: CryptoStore) -> None:
    """A `/keys/query` answer for a thousand users mostly repeats what is known."""
    store.set_user(FollowedUser(CLAIRE, is_outdated=False))
    store.set_devices(CLAIRE, [a_device("A")])
    await store.save()
    store.set_user(FollowedUser(CLAIRE, is_outdated=False))
    store.set_devices(CLAIRE, [a_device("A")])
    assert not store.has_pending


async def test_a_room_key_is_found_wherever_it_is(
    store: CryptoStore, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not yet stored, at hand, and stored long ago, when others have taken its place at hand."""
    monkeypatch.setattr(store_module, "SESSIONS_AT_HAND", 2)
    store = await open_store(engine)
    sessions = [inbound() for _ in range(5)]
    for session in sessions:
        assert store.save_megolm_session(session)
    for _ in range(2):
        for session in sessions:
            (found,) = await store.megolm_sessions(CLAIRE, ROOM, session.session_id)
            assert (found.session_id, found.sender_key) == (session.session_id, KEY)
        assert len(store._at_hand) == 2
        await store.save()
    assert await store.megolm_sessions(CLAIRE, RoomId("!other:tchap.test"), sessions[0].session_id) == []


async def test_a_room_key_that_cannot_be_opened_is_one_that_is_missing(store: CryptoStore, engine: AsyncEngine) -> None:
    """It may be sent again; the others are not lost by it."""
    session = inbound()
    store.save_megolm_session(session)
    await store.save()
    async with engine.begin() as connection:
        await connection.execute(sa.update(MEGOLM_SESSIONS).values(pickle=b"damaged"))
    with capture_logs() as logs:
        assert await (await open_store(engine)).megolm_sessions(CLAIRE, ROOM, session.session_id) == []
    assert logs == [{"event": "stored room key cannot be opened", "room_id": ROOM, "log_level": "warning"}]


async def test_a_damaged_olm_session_does_not_keep_the_bot_from_starting(
    machine: Machine, phone: Peer, store: CryptoStore, engine: AsyncEngine
) -> None:
    """The other side is given a new one when it next uses it."""
    machine.receive([phone.room_key(machine)])
    await store.save()
    async with engine.begin() as connection:
        await connection.execute(sa.update(OLM_SESSIONS).values(pickle=b"damaged"))
    assert not Machine(await open_store(engine)).has_session_with(phone.device)


async def remaining(store: CryptoStore, sessions: Collection[InboundSession]) -> list[bool]:
    """Which of these room keys are still there."""
    return [await store.megolm_sessions(CLAIRE, ROOM, session.session_id) != [] for session in sessions]


async def test_old_room_keys_are_forgotten_and_our_own_kept_for_longer(engine: AsyncEngine) -> None:
    """In the database, and in memory as soon as the process is another."""
    clock = Clock(1_800_000_000.0)
    store = await CryptoStore.open(engine, BOT, DEVICE_ID, PICKLE_KEY, clock=clock)
    sessions = [inbound(at_s=clock.now_s), inbound(at_s=clock.now_s, is_own=True)]
    for session in sessions:
        store.save_megolm_session(session)
    left: list[list[bool]] = []
    for later_s in (ROOM_KEYS_KEPT_S - 1, 2.0, OWN_ROOM_KEYS_KEPT_S - ROOM_KEYS_KEPT_S - 2, 2.0):
        clock.now_s += later_s
        await store.prune()
        left.append(await remaining(await open_store(engine), sessions))
    assert left == [[True, True], [False, True], [False, True], [False, False]]


async def meet_again(machine: Machine, phone: Peer, times: int) -> None:
    """Somebody begins one session after the other."""
    for number in range(times):
        phone.meet(machine, key_number=number)
        assert machine.receive([phone.seal(machine, phone.payload(machine, "m.dummy", {}))]).new_keys == frozenset()


async def test_of_many_sessions_with_a_device_the_last_used_are_kept(store: CryptoStore, engine: AsyncEngine) -> None:
    """Anybody can begin as many as they like, and each would be tried for every message."""
    machine, phone = Machine(store), Peer()
    await meet_again(machine, phone, OLM_SESSIONS_KEPT + 3)
    assert len(store.olm_sessions[CLAIRE, phone.curve25519]) == OLM_SESSIONS_KEPT
    await store.save()
    assert await rows(engine, OLM_SESSIONS) == OLM_SESSIONS_KEPT
    for this in (machine, Machine(await open_store(engine))):
        assert this.receive([phone.room_key(this, RoomId(f"!{id(this)}"))]).new_keys


async def test_nobody_makes_us_keep_sessions_with_devices_that_they_make_up(
    store: CryptoStore, engine: AsyncEngine
) -> None:
    """Those with the user's known devices stay, however long they are not used, and so do those with other users."""
    machine, phone, tablet = Machine(store), Peer(MALLORY, "PHONE"), Peer(CLAIRE, "TABLET")
    store.set_devices(MALLORY, [phone.device])
    made_up = [Peer(MALLORY, "EVIL") for _ in range(STRANGERS_KEPT + 3)]
    for number, peer in enumerate((phone, tablet, *made_up)):
        peer.meet(machine, key_number=number)
        machine.receive([peer.seal(machine, peer.payload(machine, "m.dummy", {}))])
    await store.save()
    for this in (store, await open_store(engine)):
        has = [this.olm_sessions.get((peer.user_id, peer.curve25519)) is not None for peer in made_up]
        assert has == [False] * 3 + [True] * STRANGERS_KEPT
        assert this.olm_sessions.get((MALLORY, phone.curve25519))
        assert this.olm_sessions.get((CLAIRE, tablet.curve25519))


async def test_sessions_with_devices_that_nobody_has_are_forgotten(engine: AsyncEngine) -> None:
    """Keys are free: somebody may use a new one for every message. Those of known devices stay."""
    clock = Clock(1_800_000_000.0)
    store = await CryptoStore.open(engine, BOT, DEVICE_ID, PICKLE_KEY, clock=clock)
    machine, known, stranger = Machine(store, clock=clock), Peer(), Peer(MALLORY)
    store.set_devices(CLAIRE, [known.device])
    await meet_again(machine, known, 1)
    await meet_again(machine, stranger, 1)
    clock.now_s += STRANGERS_KEPT_S
    await store.prune()
    assert await rows(engine, OLM_SESSIONS) == 2
    clock.now_s += 1
    await store.prune()
    assert await rows(engine, OLM_SESSIONS) == 1
    assert (machine.has_session_with(known.device), machine.has_session_with(stranger.device)) == (True, False)


async def test_many_users_together_do_not_make_us_keep_sessions_without_end(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the devices that nobody is known to have, those that were not used for longest go first."""
    monkeypatch.setattr(store_module, "STRANGERS_SESSIONS_KEPT", 1)
    clock = Clock(1_800_000_000.0)
    store = await CryptoStore.open(engine, BOT, DEVICE_ID, PICKLE_KEY, clock=clock)
    machine = Machine(store, clock=clock)
    peers = [Peer(UserId(f"@{name}:far.test"), "PHONE") for name in ("known", "first", "last")]
    store.set_devices(peers[0].user_id, [peers[0].device])
    for peer in peers:
        await meet_again(machine, peer, 1)
        clock.now_s += 1
    await store.prune()
    for this in (machine, Machine(await open_store(engine))):
        assert [this.has_session_with(peer.device) for peer in peers] == [True, False, True]
