"""What to-device messages bring, and that no message can take anything from the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs
from unpaddedbase64 import encode_base64

from bridge.matrix.encryption.devices import Decrypted, Undecryptable
from bridge.matrix.encryption.machine import Machine, Received
from bridge.matrix.encryption.store import SAME_NAME_AT_HAND, CryptoStore
from bridge.matrix.ids import EventId
from tests.unit.bridge.matrix.encryption.peers import CLAIRE, MALLORY, OTHER_ROOM, ROOM, Peer, open_store

Event = dict[str, Any]
NOTHING = Received(frozenset(), frozenset())


def anyone(_device: object) -> bool:
    """A trust policy that allows every device."""
    return True


async def opens(machine: Machine, peer: Peer, body: str = "!visio") -> bool:
    """Whether the machine can read what the peer writes."""
    return isinstance(await machine.decrypt(peer.says(body), peer.known, anyone), Decrypted)


async def test_a_room_key_opens_the_messages_of_its_sender(machine: Machine, phone: Peer) -> None:
    """The way of every command."""
    received = machine.receive([phone.room_key(machine)])
    assert received == Received(frozenset({(ROOM, phone.megolm.session_id)}), frozenset())
    heard = await machine.decrypt(phone.says("!visio é"), phone.known, anyone)
    assert heard == Decrypted("m.room.message", {"msgtype": "m.text", "body": "!visio é"})


def _with_content(**changes: object) -> Callable[[Event], Event]:
    return lambda event: {**event, "content": {**event["content"], **changes}}


def _with_ciphertext(**changes: object) -> Callable[[Event], Event]:
    def change(event: Event) -> Event:
        (key, sealed), *_ = event["content"]["ciphertext"].items()
        return _with_content(ciphertext={key: {**sealed, **changes}})(event)

    return change


async def test_a_sender_key_is_the_same_with_padding(machine: Machine, phone: Peer) -> None:
    """Both are the device's key; only one of them is how `/keys/query` spells it."""
    assert machine.receive([_with_content(sender_key=f"{phone.curve25519}=")(phone.room_key(machine))]).new_keys
    assert await opens(machine, phone)


MALFORMED_EVENTS: dict[str, Callable[[Event], Any]] = {
    "not an object": lambda _: "m.room.encrypted",
    "nothing": lambda _: None,
    "an empty object": lambda _: {},
    "a list as its type": lambda event: {**event, "type": []},
    "no sender": lambda event: {key: value for key, value in event.items() if key != "sender"},
    "a number as sender": lambda event: {**event, "sender": 5},
    "half a character in the sender": lambda event: {**event, "sender": "@\ud800:tchap.test"},
    "no content": lambda event: {**event, "content": None},
    "an empty content": lambda event: {**event, "content": {}},
    "a list as algorithm": _with_content(algorithm=["m.olm.v1.curve25519-aes-sha2"]),
    "a text as ciphertexts": _with_content(ciphertext="AwgA"),
    "a text as ciphertext": lambda event: _with_content(ciphertext=dict.fromkeys(event["content"]["ciphertext"], "A"))(
        event
    ),
    "a number as sender key": _with_content(sender_key=5),
    "junk as sender key": _with_content(sender_key="junk"),
    "a sender key too short by a byte": _with_content(sender_key="A" * 42),
    "a sender key of zeros": _with_content(sender_key="A" * 43),
    "half a character in the sender key": _with_content(sender_key="\ud800" * 43),
    "an unknown kind": _with_ciphertext(type=2),
    "true as kind": _with_ciphertext(type=True),
    "a list as kind": _with_ciphertext(type=[]),
    "a number as body": _with_ciphertext(body=7),
    "no body": _with_ciphertext(body=None),
    "an empty body": _with_ciphertext(body=""),
    "junk as body": _with_ciphertext(body="é\0!"),
    "junk as a later message": _with_ciphertext(type=1, body="é\0!"),
    "half a byte as a later message": _with_ciphertext(type=1, body="A"),
    "half a character as a later message": _with_ciphertext(type=1, body="\ud800"),
    "a first message that is cut off": _with_ciphertext(body="AwogAAAA"),
    "a first message as a later one": _with_ciphertext(type=1),
    "far too much": _with_ciphertext(body="A" * 5_000_000),
}


@pytest.mark.parametrize("spoilt", MALFORMED_EVENTS.values(), ids=MALFORMED_EVENTS)
async def test_a_malformed_message_does_not_cost_the_batch(
    machine: Machine, phone: Peer, spoilt: Callable[[Event], Any]
) -> None:
    """Nio raises on most of these, and drops with them whatever came in the same answer."""
    mallory = Peer(MALLORY)
    mallory.meet(machine, key_number=1)
    phone_again = Peer()
    phone_again.meet(machine, key_number=2)
    batch = [phone.room_key(machine), spoilt(mallory.room_key(machine)), phone_again.room_key(machine)]
    received = machine.receive(batch)
    assert received.new_keys == {(ROOM, phone.megolm.session_id), (ROOM, phone_again.megolm.session_id)}
    assert await opens(machine, phone)
    assert await opens(machine, phone_again)


DAMAGES = range(0, 200, 7)


@pytest.mark.parametrize("at", DAMAGES)
async def test_a_damaged_olm_message_does_not_cost_the_batch(machine: Machine, phone: Peer, at: int) -> None:
    """Wherever the damage is: in the version, a key, the ratchet, the text or the authentication code."""
    mallory = Peer(MALLORY)
    mallory.meet(machine, key_number=1)
    assert mallory.olm is not None
    _, ciphertext = mallory.olm.encrypt(b"{}").to_parts()
    damaged = bytearray(ciphertext)
    damaged[at % len(damaged)] ^= 0x55
    event = _with_ciphertext(body=encode_base64(bytes(damaged)))(mallory.room_key(machine))
    assert machine.receive([event, phone.room_key(machine)]).new_keys == {(ROOM, phone.megolm.session_id)}


MALFORMED_PAYLOADS: dict[str, Callable[[Event], Any]] = {
    "not JSON": lambda _: b"{",
    "not UTF-8": lambda _: b'{"type": "\xff\xfe"}',
    "a list": lambda _: [],
    "a number": lambda _: 5,
    "nothing": lambda _: None,
    "deep nesting": lambda _: b"[" * 100_000,
    "a huge number": lambda _: b"9" * 10_000,
    "an empty object": lambda _: {},
    "no keys": lambda payload: {**payload, "keys": {}},
    "a text as keys": lambda payload: {**payload, "keys": "ed25519"},
    "a number as key": lambda payload: {**payload, "keys": {"ed25519": 5}},
    "junk as key": lambda payload: {**payload, "keys": {"ed25519": "\0" * 43}},
    "no recipient's keys": lambda payload: {**payload, "recipient_keys": {}},
    "another recipient's keys": lambda payload: {**payload, "recipient_keys": {"ed25519": "A" * 43}},
    "another recipient": lambda payload: {**payload, "recipient": "@other:tchap.test"},
    "another sender": lambda payload: {**payload, "sender": "@claire:tchap.test"},
    "a list as type": lambda payload: {**payload, "type": []},
    "a list as content": lambda payload: {**payload, "content": []},
    "a forwarded room key": lambda payload: {**payload, "type": "m.forwarded_room_key"},
}
MALFORMED_KEYS: dict[str, Event] = {
    "no room": {"room_id": None},
    "a number as room": {"room_id": 5},
    "a room that is none": {"room_id": "budget"},
    "half a character in the room": {"room_id": "!\ud800"},
    "NUL in the room": {"room_id": "!a\0b"},
    "a very long room": {"room_id": "!" + "a" * 10_000},
    "another algorithm": {"algorithm": "m.megolm.v2"},
    "a list as algorithm": {"algorithm": []},
    "no key": {"session_key": None},
    "junk as key": {"session_key": "junk"},
    "half a character as key": {"session_key": "\ud800"},
    "another session's id": {"session_id": "A" * 43},
    "a number as id": {"session_id": 5},
}


@pytest.mark.parametrize("spoilt", MALFORMED_PAYLOADS.values(), ids=MALFORMED_PAYLOADS)
async def test_a_malformed_payload_brings_nothing_and_costs_nothing(
    machine: Machine, phone: Peer, spoilt: Callable[[Event], Any]
) -> None:
    """It is well sealed: anybody can do that."""
    mallory = Peer(MALLORY)
    mallory.meet(machine, key_number=1)
    payload = mallory.payload(machine, "m.room_key", mallory.room_key_content())
    received = machine.receive([mallory.seal(machine, spoilt(payload)), phone.room_key(machine)])
    assert received.new_keys == {(ROOM, phone.megolm.session_id)}


@pytest.mark.parametrize("changes", MALFORMED_KEYS.values(), ids=MALFORMED_KEYS)
async def test_a_malformed_room_key_is_not_taken(
    machine: Machine, store: CryptoStore, phone: Peer, changes: Event
) -> None:
    """And the database goes on taking what comes after it."""
    content = {**phone.room_key_content(), **changes}
    events = [
        phone.seal(machine, phone.payload(machine, "m.room_key", content)),
        phone.room_key(machine, OTHER_ROOM),
    ]
    assert machine.receive(events).new_keys == {(OTHER_ROOM, phone.megolm.session_id)}
    await store.save()
    assert not store.has_pending


async def test_a_room_key_in_the_open_is_not_taken(machine: Machine, phone: Peer) -> None:
    """Only Olm proves whose it is."""
    event = {"type": "m.room_key", "sender": phone.user_id, "content": phone.room_key_content()}
    assert machine.receive([event]) == NOTHING


class Listening(logging.Handler):
    """Hears what reaches the process's log."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep who said it."""
        self.heard.append(record.name)


async def test_the_log_says_who_sent_what_was_dropped_and_nothing_of_it(machine: Machine, phone: Peer) -> None:
    """Nio writes keys, ids and parts of messages into its own log, which must not be heard whatever its level."""
    listening = Listening()
    logging.getLogger().addHandler(listening)
    logging.getLogger("nio").setLevel(logging.DEBUG)
    try:
        with capture_logs() as logs:
            machine.receive([phone.seal(machine, b"[" * 100_000), _with_ciphertext(body=7)(phone.room_key(machine))])
    finally:
        logging.getLogger("nio").setLevel(logging.NOTSET)
        logging.getLogger().removeHandler(listening)
    assert logs == [
        {"event": "to-device message dropped", "kind": kind, "sender": phone.user_id, "log_level": "warning"}
        for kind in ("RecursionError", "TypeError")
    ]
    assert listening.heard == []


async def test_a_message_that_comes_twice_is_taken_once_and_is_no_sign_of_a_broken_session(
    machine: Machine, store: CryptoStore, phone: Peer
) -> None:
    """Homeservers repeat themselves when an answer got lost on its way."""
    store.set_devices(phone.user_id, [phone.device])
    event = phone.room_key(machine)
    machine.receive([event])
    assert machine.receive([event]) == NOTHING
    assert machine.wedged() == ()


async def test_a_message_that_comes_again_after_a_restart_harms_nothing(
    machine: Machine, store: CryptoStore, engine: AsyncEngine, phone: Peer
) -> None:
    """The room key that it brought the first time is still there, and the session goes on."""
    event = phone.room_key(machine)
    machine.receive([event])
    await store.save()
    again = Machine(await open_store(engine))
    assert again.receive([event, phone.room_key(again, OTHER_ROOM)]).new_keys == {(OTHER_ROOM, phone.megolm.session_id)}
    assert await opens(again, phone)


async def test_a_one_time_key_serves_once_even_after_a_restart(
    machine: Machine, store: CryptoStore, engine: AsyncEngine, phone: Peer
) -> None:
    """Nio saves the account just before the key is used up; what is stored must be the account just after."""
    second = Peer(MALLORY)
    second.meet(machine)
    machine.receive([phone.room_key(machine)])
    await store.save()
    again = Machine(await open_store(engine))
    assert again.receive([second.room_key(again)]) == NOTHING
    assert again.receive([phone.room_key(again, OTHER_ROOM)]).new_keys


Kept = Callable[[Machine, CryptoStore, AsyncEngine], Any]


async def _at_hand(machine: Machine, store: CryptoStore, _engine: AsyncEngine) -> Machine:
    [(room_id, session_id)] = {(ROOM, key[1]) for (_, key) in store._changes._rows if key[0] == ROOM}
    assert await store.megolm_sessions(CLAIRE, room_id, session_id)
    return machine


async def _not_yet_stored(machine: Machine, _store: CryptoStore, _engine: AsyncEngine) -> Machine:
    return machine


async def _stored(_machine: Machine, store: CryptoStore, engine: AsyncEngine) -> Machine:
    await store.save()
    return Machine(await open_store(engine))


WHEREVER = pytest.mark.parametrize("kept", [_at_hand, _not_yet_stored, _stored])


@WHEREVER
async def test_nobody_overwrites_the_key_of_another(
    machine: Machine, store: CryptoStore, engine: AsyncEngine, phone: Peer, kept: Kept
) -> None:
    """Everybody in a room has everybody's keys, and could send them around, from the start and in any name."""
    mallory = Peer(MALLORY)
    mallory.meet(machine, key_number=1)
    payload = mallory.payload(machine, "m.room_key", phone.room_key_content())
    stolen = mallory.seal(machine, {**payload, "keys": {"ed25519": phone.ed25519}})
    phone.says("before the bot was there")
    machine.receive([phone.room_key(machine)])
    machine = await kept(machine, store, engine)
    machine.receive([stolen])
    assert await opens(machine, phone)
    assert await opens(Machine(await _saved_and_opened(machine, engine)), phone)


@WHEREVER
async def test_a_key_that_another_sent_first_does_not_keep_its_owners_out(
    machine: Machine, store: CryptoStore, engine: AsyncEngine, phone: Peer, kept: Kept
) -> None:
    """Who was in the room before the bot has the key already; so have all the devices that they make up."""
    copies = [Peer(MALLORY, f"EVIL{number}") for number in range(SAME_NAME_AT_HAND + 1)]
    for number, mallory in enumerate(copies):
        mallory.meet(machine, key_number=1 + number)
        mallory.megolm = phone.megolm
    assert machine.receive([mallory.room_key(machine) for mallory in copies]).new_keys
    phone.says("before the bot was there")
    machine = await kept(machine, store, engine)
    assert machine.receive([phone.room_key(machine)]).new_keys
    again = await _saved_and_opened(machine, engine)
    for this in (machine, Machine(again)):
        this._store.set_devices(phone.user_id, [phone.device])
        assert await opens(this, phone)


async def test_what_somebody_repeats_as_theirs_does_not_take_it_from_its_author(machine: Machine, phone: Peer) -> None:
    """The words are then theirs as well; the author's own, which come later, are no repetition."""
    mallory = Peer(MALLORY)
    mallory.meet(machine, key_number=1)
    mallory.megolm = phone.megolm
    machine.receive([mallory.room_key(machine), phone.room_key(machine)])
    command = phone.says("!visio")
    repeated = replace(command, sender=MALLORY, event_id=EventId("$repeated"))
    assert isinstance(await machine.decrypt(repeated, mallory.known, anyone), Decrypted)
    assert isinstance(await machine.decrypt(command, phone.known, anyone), Decrypted)


@WHEREVER
async def test_of_two_keys_of_a_session_the_one_that_opens_more_is_kept(
    machine: Machine, store: CryptoStore, engine: AsyncEngine, phone: Peer, kept: Kept
) -> None:
    """In whichever order they come: a device may get a key again, later in the conversation."""
    early, first_words = phone.room_key(machine), phone.says("!visio")
    late, last_words = phone.room_key(machine), phone.says("!visio fin")
    assert machine.receive([late]).new_keys
    assert await machine.decrypt(first_words, phone.known, anyone) == Undecryptable("no_key")
    machine = await kept(machine, store, engine)
    assert machine.receive([early]).new_keys
    assert isinstance(await machine.decrypt(first_words, phone.known, anyone), Decrypted)
    machine.receive([phone.room_key(machine)])
    reopened = Machine(await _saved_and_opened(machine, engine))
    reopened.receive([phone.room_key(reopened)])  # one that opens less, and is compared with what is stored
    again = Machine(await _saved_and_opened(reopened, engine))
    for this in (machine, reopened, again):
        assert isinstance(await this.decrypt(first_words, phone.known, anyone), Decrypted)
        assert isinstance(await this.decrypt(last_words, phone.known, anyone), Decrypted)


async def _saved_and_opened(machine: Machine, engine: AsyncEngine) -> CryptoStore:
    await machine._store.save()
    return await open_store(engine)


async def test_a_session_id_means_another_session_in_another_room(machine: Machine, phone: Peer) -> None:
    """A key that was sent for one room opens nothing in the other."""
    machine.receive([phone.room_key(machine)])
    heard = await machine.decrypt(phone.says("!visio", OTHER_ROOM), phone.known, anyone)
    assert heard == Undecryptable("no_key")


def _withheld(phone: Peer, **changes: object) -> Event:
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": ROOM,
        "session_id": phone.megolm.session_id,
        "sender_key": phone.curve25519,
        "code": "m.unverified",
    }
    return {"type": "m.room_key.withheld", "sender": phone.user_id, "content": {**content, **changes}}


async def test_a_key_that_is_withheld_is_known_to_be_until_it_comes(machine: Machine, phone: Peer) -> None:
    """Its owner may change their mind."""
    received = machine.receive([_withheld(phone)])
    assert received.withheld == {(ROOM, phone.megolm.session_id)}
    assert await machine.decrypt(phone.says("!visio"), phone.known, anyone) == Undecryptable("withheld")
    machine.receive([phone.room_key(machine)])
    assert await opens(machine, phone)


async def test_nobody_withholds_the_key_of_another(machine: Machine, phone: Peer) -> None:
    """The notice is not encrypted: anybody can send one about any key."""
    machine.receive([{**_withheld(phone), "sender": MALLORY}])
    assert await machine.decrypt(phone.says("!visio"), phone.known, anyone) == Undecryptable("no_key")


@pytest.mark.parametrize("changes", [{"room_id": 5}, {"session_id": []}, {"algorithm": None}, {"session_id": "\0"}])
async def test_a_malformed_notice_says_nothing(machine: Machine, phone: Peer, changes: Event) -> None:
    """Nor does it cost what comes with it."""
    nobodys = {**_withheld(phone), "sender": ["@claire:tchap.test"]}
    received = machine.receive([nobodys, _withheld(phone, **changes), phone.room_key(machine)])
    assert received == Received(frozenset({(ROOM, phone.megolm.session_id)}), frozenset())


@pytest.mark.parametrize("event_type", ["m.dummy", "m.secret.send", "m.forwarded_room_key"])
async def test_no_other_kind_of_message_brings_a_room_key(machine: Machine, phone: Peer, event_type: str) -> None:
    """Forwarded keys prove nothing about who made them; we ask nobody for any."""
    event = phone.seal(machine, phone.payload(machine, event_type, phone.room_key_content()))
    assert machine.receive([event]) == NOTHING
