"""What encrypted events of rooms say, and whose word it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from vodozemac import GroupSession

from bridge.matrix.encryption.devices import Decrypted, Device, Undecryptable
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.ids import EventId, UserId
from tests.unit.bridge.matrix.encryption.peers import BOT, MALLORY, OTHER_ROOM, ROOM, Peer, open_store

BROKEN = Undecryptable("broken")


def anyone(_device: Device) -> bool:
    """A trust policy that allows every device."""
    return True


def nobody_known(_user_id: UserId, _curve25519: str) -> None:
    """Device lists in which nobody is."""


@pytest.fixture(autouse=True)
def has_the_key(machine: Machine, phone: Peer) -> None:
    """The bot has been sent the room key."""
    machine.receive([phone.room_key(machine)])


async def test_the_sender_must_have_the_device_that_the_key_came_from(machine: Machine, phone: Peer) -> None:
    """It may be one that is not known yet."""
    event = phone.says("!visio")
    assert await machine.decrypt(event, nobody_known, anyone) == Undecryptable("unknown_device")
    assert isinstance(await machine.decrypt(event, phone.known, anyone), Decrypted)


async def test_a_device_that_is_not_allowed_is_not_heard(machine: Machine, phone: Peer) -> None:
    """The policy is asked about the device that the key came from."""
    asked = []

    def nobody(device: Device) -> bool:
        asked.append(device)
        return False

    assert await machine.decrypt(phone.says("!visio"), phone.known, nobody) == Undecryptable("untrusted")
    assert asked == [phone.device]


async def test_what_somebody_said_is_not_said_by_another(machine: Machine, phone: Peer) -> None:
    """Whoever is in the room, or its homeserver, could send it again in another's name."""
    stolen = replace(phone.says("!visio"), sender=MALLORY)
    assert await machine.decrypt(stolen, phone.known, anyone) == Undecryptable("unknown_device")


async def test_an_identity_key_that_somebody_copied_does_not_make_them_its_owner(machine: Machine, phone: Peer) -> None:
    """A device of theirs may list it, and be signed; the fingerprint that came with the room key is another."""
    mallory = Peer(MALLORY)
    pretended = replace(mallory.device, curve25519=phone.curve25519)
    stolen = replace(phone.says("!visio"), sender=MALLORY)
    assert await machine.decrypt(stolen, lambda *_: pretended, anyone) == BROKEN


async def test_a_message_counts_once(machine: Machine, phone: Peer) -> None:
    """A homeserver that repeats it as another event does not open a second call."""
    event = phone.says("!visio")
    assert isinstance(await machine.decrypt(event, phone.known, anyone), Decrypted)
    assert await machine.decrypt(replace(event, event_id=EventId("$again")), phone.known, anyone) == BROKEN
    assert isinstance(await machine.decrypt(event, phone.known, anyone), Decrypted)


async def test_each_message_is_known_again_in_another_process(
    machine: Machine, phone: Peer, store: CryptoStore, engine: AsyncEngine
) -> None:
    """Where nothing is remembered of what was opened, whoever stores it can tell."""
    first, second = phone.says("!visio"), phone.says("!visio")
    again = replace(first, event_id=EventId("$again"))
    await store.save()
    other = Machine(await open_store(engine))
    read = [
        await this.decrypt(event, phone.known, anyone)
        for this, event in ((machine, first), (machine, second), (other, again))
    ]
    messages = [one.megolm_message for one in read if isinstance(one, Decrypted)]
    assert messages[0] == messages[2] != messages[1]
    assert None not in messages


async def test_a_message_of_another_room_is_not_heard_in_this_one(machine: Machine, phone: Peer) -> None:
    """The key may have been sent for both."""
    machine.receive([phone.room_key(machine, OTHER_ROOM)])
    moved = replace(phone.says("!visio", OTHER_ROOM), room_id=ROOM)
    assert await machine.decrypt(moved, phone.known, anyone) == BROKEN


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "not UTF-8": b'{"type": "m.room.message", "content": {"body": "\xff"}, "room_id": "%s"}' % ROOM.encode(),
    "not JSON": b"{",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "deep nesting": b"[" * 20_000,
    "no room": json.dumps({"type": "m.room.message", "content": {}}).encode(),
    "a list as room": json.dumps({"type": "m.room.message", "content": {}, "room_id": [ROOM]}).encode(),
    "no type": json.dumps({"content": {}, "room_id": ROOM}).encode(),
    "a number as type": json.dumps({"type": 5, "content": {}, "room_id": ROOM}).encode(),
    "a very long type": json.dumps({"type": "m" * 10_000, "content": {}, "room_id": ROOM}).encode(),
    "no content": json.dumps({"type": "m.room.message", "room_id": ROOM}).encode(),
    "a text as content": json.dumps({"type": "m.room.message", "content": "!visio", "room_id": ROOM}).encode(),
}


@pytest.mark.parametrize("plaintext", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_plaintext_is_broken(machine: Machine, phone: Peer, plaintext: bytes) -> None:
    """Nio raises on some of them, out of the middle of an answer with everybody else's messages."""
    assert await machine.decrypt(phone.event(plaintext), phone.known, anyone) == BROKEN
    assert isinstance(await machine.decrypt(phone.says("!visio"), phone.known, anyone), Decrypted)


async def test_what_is_nested_without_end_does_not_cost_the_event(machine: Machine, phone: Peer) -> None:
    """As in events that are not encrypted, what lies too deep is null."""
    plaintext = b'{"type": "m.room.message", "room_id": "%s", "content": {"body": "a", "x": ' % ROOM.encode()
    heard = await machine.decrypt(phone.event(plaintext + b"[" * 20_000 + b"]" * 20_000 + b"}}"), phone.known, anyone)
    assert isinstance(heard, Decrypted)
    assert heard.content["body"] == "a"


async def test_a_malformed_ciphertext_is_broken(machine: Machine, phone: Peer) -> None:
    """Junk, parts of a message, another session's, and far too much."""
    event = phone.says("!visio")
    whole = event.ciphertext
    others = GroupSession().encrypt(b"{}").to_base64()
    damaged = whole[:40] + ("A" if whole[40] != "A" else "B") + whole[41:]
    too_much = "A" * 5_000_000
    for ciphertext in ("", "é\0!", "\ud800", "AAAA", whole[:-20], whole[:10], damaged, others, too_much):
        spoilt = replace(event, ciphertext=ciphertext)
        assert await machine.decrypt(spoilt, phone.known, anyone) == BROKEN
    assert isinstance(await machine.decrypt(event, phone.known, anyone), Decrypted)


async def test_what_was_written_before_the_key_may_still_be_opened_by_another(machine: Machine, phone: Peer) -> None:
    """It is no reason to give the event up."""
    other = Peer()
    other.meet(machine, key_number=1)
    earlier = other.says("!visio")
    machine.receive([other.room_key(machine)])
    assert await machine.decrypt(earlier, other.known, anyone) == Undecryptable("no_key")


def own_event(machine: Machine, **payload: Any) -> Any:
    """Something that the bot wrote, as the homeserver gives it back."""
    session = machine.new_outbound(ROOM)
    ciphertext = session.encrypt({"type": "m.room.message", "content": {"body": "é"}, "room_id": ROOM, **payload})
    event = Peer(BOT).says("")
    return replace(event, session_id=session.id, ciphertext=ciphertext)


async def test_the_bot_reads_what_it_wrote_itself_also_after_a_restart(
    machine: Machine, store: CryptoStore, engine: AsyncEngine
) -> None:
    """What was sent is looked for before it is sent again."""
    event = own_event(machine)
    await store.save()
    for this in (machine, Machine(await open_store(engine))):
        heard = await this.decrypt(event, nobody_known, anyone)
        assert heard == Decrypted("m.room.message", {"body": "é"})


async def test_what_the_bot_wrote_is_said_by_nobody_else(machine: Machine) -> None:
    """Everybody in the room has its key."""
    event = replace(own_event(machine), sender=MALLORY)
    assert await machine.decrypt(event, nobody_known, anyone) == BROKEN
