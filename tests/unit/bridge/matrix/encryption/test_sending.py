"""What the device seals for others: room keys by Olm, events by Megolm, and the mending of sessions that broke."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from unpaddedbase64 import decode_base64
from vodozemac import Account, AnyOlmMessage, Ed25519PublicKey, Ed25519Signature

from bridge.matrix.encryption.devices import Decrypted, Device, EncryptedEvent
from bridge.matrix.encryption.machine import BROKEN_REMEMBERED, UNWEDGED_EVERY_S, Machine
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.ids import EventId
from bridge.matrix.tables import SCHEMA
from tests.fakes.clocks import Clock
from tests.unit.bridge.matrix.encryption.peers import BOT, CLAIRE, MALLORY, ROOM, Peer, open_store


@pytest.fixture
def machine(store: CryptoStore, clock: Clock) -> Machine:
    """The bot's device."""
    return Machine(store, clock=clock)


@pytest_asyncio.fixture
async def reader(tmp_path: Path) -> Any:
    """Claire's device, which is a machine like ours."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'claire.sqlite'}")
    async with engine.begin() as connection:
        await connection.run_sync(SCHEMA.create_all)
    yield Machine(await open_store(engine, CLAIRE))
    await engine.dispose()


def device_of(machine: Machine) -> Device:
    """As `/keys/query` shows it."""
    return Device(machine.user_id, machine.device_id, machine.curve25519, machine.ed25519, is_signed=True)


def claim_answer(machine: Machine, *, number: int = 0) -> dict[str, Any]:
    """What the homeserver answers who claims one of a machine's one-time keys."""
    body = machine.upkeep.due_keys()
    assert body is not None
    name, key = sorted(body["one_time_keys"].items())[number]
    return {"one_time_keys": {machine.user_id: {machine.device_id: {name: key}}}}


def to_device(sender: Machine, content: dict[str, Any]) -> dict[str, Any]:
    """What `/sync` brings to the other side."""
    return {"type": "m.room.encrypted", "sender": sender.user_id, "content": content}


def by_id(*devices: Device) -> dict[Any, Device]:
    """As keys were claimed for them."""
    return {(device.user_id, device.device_id): device for device in devices}


def room_key(machine: Machine, session: Any) -> dict[str, Any]:
    """What `m.room_key` says of a session."""
    return {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": ROOM,
        "session_id": session.id,
        "session_key": session.session_key,
    }


def event_of(machine: Machine, session: Any, body: str, event_id: str = "$1") -> EncryptedEvent:
    """Something that a machine writes."""
    payload = {"type": "m.room.message", "content": {"body": body}, "room_id": ROOM}
    return EncryptedEvent(ROOM, EventId(event_id), machine.user_id, 1, session.id, None, session.encrypt(payload))


async def read(reader: Machine, writer: Machine, event: EncryptedEvent) -> object:
    """What the reader makes of it, who knows the writer's device."""
    return await reader.decrypt(event, lambda *_: device_of(writer), lambda _: True)


async def test_another_device_reads_what_was_shared_with_it(machine: Machine, reader: Machine) -> None:
    """Claim, session, room key, event: the whole way."""
    device = device_of(reader)
    assert not machine.has_session_with(device)
    assert machine.take_claimed(claim_answer(reader), by_id(device)) == [device]
    assert machine.has_session_with(device)
    session = machine.new_outbound(ROOM)
    reader.receive([to_device(machine, machine.encrypt_for(device, "m.room_key", room_key(machine, session)))])
    assert await read(reader, machine, event_of(machine, session, "Visio ouverte")) == Decrypted(
        "m.room.message", {"body": "Visio ouverte"}
    )


async def test_who_is_given_the_key_later_does_not_read_what_was_before(machine: Machine, reader: Machine) -> None:
    """The key that is shared is the present one."""
    device = device_of(reader)
    machine.take_claimed(claim_answer(reader), by_id(device))
    session = machine.new_outbound(ROOM)
    before = event_of(machine, session, "before", "$1")
    assert session.message_index == 1
    reader.receive([to_device(machine, machine.encrypt_for(device, "m.room_key", room_key(machine, session)))])
    assert isinstance(await read(reader, machine, event_of(machine, session, "after", "$2")), Decrypted)
    assert not isinstance(await read(reader, machine, before), Decrypted)


async def test_nothing_is_sealed_without_a_session(machine: Machine, reader: Machine) -> None:
    """Whoever shares a key has to claim one first."""
    with pytest.raises(LookupError):
        machine.encrypt_for(device_of(reader), "m.room_key", {})


async def test_a_session_goes_on_after_a_restart_where_it_was(
    machine: Machine, store: CryptoStore, engine: AsyncEngine, reader: Machine
) -> None:
    """A ratchet that is turned back seals two messages with one key: the second cannot be opened."""
    device = device_of(reader)
    machine.take_claimed(claim_answer(reader), by_id(device))
    opened = []
    for _ in range(3):
        session = machine.new_outbound(ROOM)
        event = to_device(machine, machine.encrypt_for(device, "m.room_key", room_key(machine, session)))
        await store.save()
        opened.append((ROOM, session.id) in reader.receive([event]).new_keys)
        store = await open_store(engine)
        machine = Machine(store)
    assert opened == [True, True, True]


def _signed_by(account: Account, device: Device, key: str) -> dict[str, Any]:
    signature = account.sign(b'{"key":"%s"}' % key.encode()).to_base64()
    return {"key": key, "signatures": {device.user_id: {f"ed25519:{device.device_id}": signature}}}


async def test_a_claimed_key_counts_if_its_device_has_signed_it(machine: Machine) -> None:
    """The homeserver hands the keys out, and could put its own in their place."""
    peer = Peer()
    key = Account().curve25519_key.to_base64()
    name = "signed_curve25519:AAAA"
    good = _signed_by(peer.account, peer.device, key)
    signature = good["signatures"][CLAIRE][f"ed25519:{peer.device_id}"]
    named = f"ed25519:{peer.device_id}"
    refused: list[Any] = [
        None,
        [],
        {name: None},
        {name: key},
        {name: {}},
        {name: {"key": key}},
        {name: {**good, "key": Account().curve25519_key.to_base64()}},
        {name: {**good, "fallback": True}},
        {name: {**good, "signatures": None}},
        {name: {**good, "signatures": []}},
        {name: {**good, "signatures": {CLAIRE: signature}}},
        {name: {**good, "signatures": {CLAIRE: {named: 5}}}},
        {name: {**good, "signatures": {CLAIRE: {named: "junk"}}}},
        {name: {**good, "signatures": {MALLORY: {named: signature}}}},
        {name: _signed_by(Account(), peer.device, key)},
        {name: _signed_by(peer.account, peer.device, "A" * 43)},
        {name: _signed_by(peer.account, peer.device, "junk")},
        {"curve25519:AAAA": good},
    ]
    answers: list[object] = [{"one_time_keys": {CLAIRE: {peer.device_id: keys}}} for keys in refused]
    answers += [None, [], {}, {"one_time_keys": None}, {"one_time_keys": {CLAIRE: []}}, {"one_time_keys": [CLAIRE]}]
    for answer in answers:
        assert machine.take_claimed(answer, by_id(peer.device)) == []
    assert not machine.has_session_with(peer.device)
    good_answer = {"one_time_keys": {CLAIRE: {peer.device_id: {name: good}}}}
    assert machine.take_claimed(good_answer, by_id(peer.device)) == [peer.device]


async def test_one_bad_key_does_not_cost_the_others(machine: Machine, reader: Machine) -> None:
    """They come in one answer."""
    peer = Peer(MALLORY)
    answer = claim_answer(reader)
    answer["one_time_keys"][MALLORY] = {peer.device_id: {"signed_curve25519:AAAA": {"key": 5, "signatures": 7}}}
    devices = by_id(peer.device, device_of(reader))
    assert machine.take_claimed(answer, devices) == [device_of(reader)]


async def test_the_device_signs_its_keys(machine: Machine) -> None:
    """As the specification has it: canonical JSON, without signatures and unsigned parts."""
    keys = machine.device_keys()
    signature = Ed25519Signature.from_base64(keys["signatures"][BOT][f"ed25519:{machine.device_id}"])
    signed = (
        '{"algorithms":["m.olm.v1.curve25519-aes-sha2","m.megolm.v1.aes-sha2"],'
        f'"device_id":"GREFFIER","keys":{{"curve25519:GREFFIER":"{machine.curve25519}",'
        f'"ed25519:GREFFIER":"{machine.ed25519}"}},"user_id":"{BOT}"}}'
    )
    Ed25519PublicKey.from_base64(machine.ed25519).verify_signature(signed.encode(), signature)
    assert machine.sign_json({**keys, "unsigned": {"a": 1}}) == signature.to_base64()


def never_begun(machine: Machine) -> str:
    """A later message of a session of which we never saw the first."""
    peer, other = Peer(), Account()
    other.generate_one_time_keys(1)
    [key] = other.one_time_keys.values()
    peer.olm = peer.account.create_outbound_session(other.curve25519_key, key)
    first = peer.olm.encrypt(b"1").to_pre_key()
    assert first is not None
    theirs, _ = other.create_inbound_session(peer.account.curve25519_key, first)
    peer.olm.decrypt(theirs.encrypt(b"2"))
    sealed = peer.seal(machine, b"3")["content"]["ciphertext"][machine.curve25519]
    assert sealed["type"] == 1
    return str(sealed["body"])


async def test_a_broken_session_is_mended_by_a_new_one(machine: Machine, store: CryptoStore, reader: Machine) -> None:
    """Claire's device was set back to a backup; what it seals then, we cannot open until it has a new session."""
    device = device_of(reader)
    store.set_devices(CLAIRE, [device])
    reader.take_claimed(claim_answer(machine), by_id(device_of(machine)))
    content = reader.encrypt_for(device_of(machine), "m.dummy", {})
    content["ciphertext"] = {machine.curve25519: {"type": 1, "body": never_begun(machine)}}
    machine.receive([to_device(reader, content)])
    assert machine.wedged() == (device,)
    machine.take_claimed(claim_answer(reader), by_id(*machine.wedged()))
    reader.receive([to_device(machine, machine.dummy_for(device))])
    assert machine.wedged() == ()
    session = reader.new_outbound(ROOM)
    key = reader.encrypt_for(device_of(machine), "m.room_key", room_key(reader, session))
    assert key["ciphertext"][machine.curve25519]["type"] == 1  # it goes on in our session, which it has seen answered
    assert machine.receive([to_device(reader, key)]).new_keys == {(ROOM, session.id)}


def broken_message(machine: Machine, peer: Peer) -> dict[str, Any]:
    """Something from a device, sealed with a one-time key that we never had."""
    peer.meet_by(machine, Account().curve25519_key.to_base64())
    return peer.seal(machine, {})


async def test_a_device_is_given_a_new_session_once_an_hour_at_most(
    machine: Machine, store: CryptoStore, phone: Peer, clock: Clock
) -> None:
    """Somebody who sends junk all day does not keep us busy."""
    store.set_devices(CLAIRE, [phone.device])
    machine.receive([phone.room_key(machine)])
    for wedged in ((phone.device,), ()):
        machine.receive([broken_message(machine, phone)])
        assert machine.wedged() == wedged
        machine.dummy_for(phone.device)
    clock.now_s += UNWEDGED_EVERY_S - 1
    machine.receive([broken_message(machine, phone)])
    assert machine.wedged() == ()
    clock.now_s += 1
    machine.receive([broken_message(machine, phone)])
    assert machine.wedged() == (phone.device,)


async def test_a_device_that_is_not_known_yet_is_mended_when_it_is(
    machine: Machine, store: CryptoStore, phone: Peer
) -> None:
    """And nobody breaks another's session by naming their key."""
    mallory = Peer(MALLORY)
    message = broken_message(machine, phone)
    machine.receive([{**message, "sender": MALLORY}, message])
    assert machine.wedged() == ()
    store.set_devices(MALLORY, [mallory.device])
    assert machine.wedged() == ()
    store.set_devices(CLAIRE, [phone.device])
    assert machine.wedged() == (phone.device,)


async def test_a_session_that_works_again_is_left_alone(machine: Machine, store: CryptoStore, phone: Peer) -> None:
    """The other side has begun a new one by itself."""
    store.set_devices(CLAIRE, [phone.device])
    machine.receive([broken_message(machine, phone)])
    phone.meet(machine)
    machine.receive([phone.room_key(machine)])
    assert machine.wedged() == ()


async def test_a_device_that_finds_no_key_of_ours_is_given_a_session(
    machine: Machine, store: CryptoStore, phone: Peer
) -> None:
    """It says so by `m.no_olm`, which names no room."""
    store.set_devices(CLAIRE, [phone.device])
    notice = {"algorithm": "m.megolm.v1.aes-sha2", "code": "m.no_olm", "sender_key": phone.curve25519}
    machine.receive([{"type": "m.room_key.withheld", "sender": CLAIRE, "content": notice}])
    assert machine.wedged() == (phone.device,)


async def test_who_makes_up_broken_devices_keeps_nobody_elses_from_being_mended(
    machine: Machine, store: CryptoStore, phone: Peer
) -> None:
    """Of one user a few are remembered: they would be looked for each time among all the devices of that user."""
    store.set_devices(CLAIRE, [phone.device])
    made_up = [Peer(MALLORY, f"EVIL{number}") for number in range(BROKEN_REMEMBERED + 3)]
    store.set_devices(MALLORY, [peer.device for peer in made_up])
    machine.receive([broken_message(machine, peer) for peer in (phone, *made_up)])
    assert machine.wedged() == (phone.device, *(peer.device for peer in made_up[3:]))


async def test_who_lists_the_identity_key_of_another_does_not_get_into_their_sessions(
    machine: Machine, store: CryptoStore, phone: Peer
) -> None:
    """The key is public: a session that is made by a copy of it is no session with its owner, nor mends one."""
    machine.receive([phone.room_key(machine)])
    mallory = Peer(MALLORY, "EVIL")
    copy = replace(mallory.device, curve25519=phone.curve25519)
    store.set_devices(MALLORY, [copy])
    store.set_devices(CLAIRE, [phone.device])
    answer = _signed_by(mallory.account, copy, Account().curve25519_key.to_base64())
    keys = {"one_time_keys": {MALLORY: {copy.device_id: {"signed_curve25519:AAAA": answer}}}}
    assert machine.take_claimed(keys, by_id(copy)) == [copy]
    sealed = machine.encrypt_for(phone.device, "m.dummy", {})["ciphertext"][phone.curve25519]
    assert phone.olm is not None
    assert phone.olm.decrypt(AnyOlmMessage.normal(decode_base64(sealed["body"])))
    machine.dummy_for(copy)
    machine.receive([broken_message(machine, phone)])
    assert machine.wedged() == (phone.device,)


async def test_a_copied_identity_key_is_no_session_with_its_owner(
    machine: Machine, store: CryptoStore, engine: AsyncEngine
) -> None:
    """Nor does it outlive the process as one."""
    phone, mallory = Peer(), Peer(MALLORY, "EVIL")
    copy = replace(mallory.device, curve25519=phone.curve25519)
    answer = _signed_by(mallory.account, copy, Account().curve25519_key.to_base64())
    keys = {"one_time_keys": {MALLORY: {copy.device_id: {"signed_curve25519:AAAA": answer}}}}
    assert machine.take_claimed(keys, by_id(copy)) == [copy]
    await store.save()
    for this in (machine, Machine(await open_store(engine))):
        assert (this.has_session_with(copy), this.has_session_with(phone.device)) == (True, False)
