"""Who gets our keys to rooms, who does not, and when there is a new one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption import device_messages
from bridge.matrix.encryption.device_lists import DeviceLists
from bridge.matrix.encryption.device_messages import DeviceMessages
from bridge.matrix.encryption.devices import Decrypted, Encrypted, EncryptedEvent, EncryptedRoom
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.room_keys import RoomKeys
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.encryption.trust import Policy
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.ids import EventId, RoomId, UserId
from tests.fakes.clocks import Clock
from tests.fakes.device_owners import OwnedDevice, Owner
from tests.fakes.key_server import KeyServer
from tests.fakes.matrix import BOT, PROXY_PAGE, ROOM, Answer
from tests.fakes.matrix import CLAIRE as CLAIRE_ID
from tests.unit.bridge.matrix.encryption.low_order import LowOrderDevice
from tests.unit.bridge.matrix.encryption.peers import DEVICE_ID, PICKLE_KEY, open_store

CLAIRE, MARC, ANA = UserId(CLAIRE_ID), UserId("@marc:tchap.test"), UserId("@ana:far.test")
MALLORY = UserId("@mallory:tchap.test")
SECRET = {"msgtype": "m.text", "body": "Le budget, à 18 h"}


class Room:
    """A room that the bot writes to, and the devices of those in it."""

    def __init__(self, server: KeyServer, keys: RoomKeys) -> None:
        self.server = server
        self.keys = keys
        self.as_it_is = EncryptedRoom(RoomId(ROOM), frozenset({CLAIRE, UserId(BOT)}))
        self._received = 0

    async def say(self, content: Mapping[str, Any] = SECRET) -> Encrypted:
        """Encrypt a message; what was sent to devices is received by them."""
        encrypted = await self.keys.encrypt(self.as_it_is, "m.room.message", content)
        self.deliver()
        return encrypted

    def deliver(self) -> None:
        """Let the devices receive what was sent to them."""
        for kind, user_id, device_id, content in self.server.sent[self._received :]:
            if kind == "m.room.encrypted":
                self.server.device(user_id, device_id).receive(content)
        self._received = len(self.server.sent)

    def readers_of(self, encrypted: Encrypted) -> set[str]:
        """The devices that can read a message."""
        devices = [each for owner in self.server.owners.values() for each in owner.devices.values()]
        return {device.device_id for device in devices if device.read(encrypted.content)}

    def is_of_now(self, *members: UserId) -> None:
        """Let these, and the bot, be the readers."""
        self.as_it_is = replace(self.as_it_is, readers=frozenset({*members, UserId(BOT)}))


@pytest.fixture
def keys(machine: Machine, store: CryptoStore, lists: DeviceLists, messages: DeviceMessages, clock: Clock) -> RoomKeys:
    """The bot's keys to rooms, for devices that the usual policy allows."""
    return RoomKeys(machine, store, lists, messages, "identity", clock=clock)


@pytest.fixture
def room(server: KeyServer, keys: RoomKeys) -> Room:
    """A room with Claire and the bot."""
    return Room(server, keys)


@pytest.fixture
def marc(server: KeyServer) -> Owner:
    """Marc, without identity."""
    marc = Owner(MARC, "LAPTOP")
    marc.has_identity = False
    server.owners[marc.user_id] = marc
    return marc


async def test_a_message_is_read_by_who_may_and_by_nobody_else(room: Room, claire: Owner, machine: Machine) -> None:
    """Claire's signed phone can, her unsigned one cannot; nothing of it is outside the ciphertext."""
    encrypted = await room.say()
    assert room.readers_of(encrypted) == {"PHONE"}
    assert claire.devices["PHONE"].read(encrypted.content) == {
        "type": "m.room.message",
        "content": SECRET,
        "room_id": ROOM,
    }
    assert {**encrypted.content, "ciphertext": "", "session_id": ""} == {
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "",
        "session_id": "",
        "sender_key": machine.curve25519,
        "device_id": DEVICE_ID,
    }
    assert "budget" not in repr(encrypted)
    assert encrypted.unable == frozenset()


async def test_what_a_message_relates_to_is_outside_and_only_there(room: Room, claire: Owner) -> None:
    """Servers make threads and edits of it; the new text of an edit stays inside."""
    relation = {"rel_type": "m.replace", "event_id": "$card"}
    encrypted = await room.say({"body": "* b", "m.new_content": SECRET, "m.relates_to": relation})
    assert encrypted.content["m.relates_to"] == relation
    read = claire.devices["PHONE"].read(encrypted.content)
    assert read is not None
    assert read["content"] == {"body": "* b", "m.new_content": SECRET}


async def test_the_key_is_sent_once(room: Room, server: KeyServer) -> None:
    """Further messages need nothing but the key that is there."""
    said = [await room.say() for _ in range(3)]
    assert len({each.content["session_id"] for each in said}) == 1
    assert len({each.content["ciphertext"] for each in said}) == 3
    assert all(room.readers_of(each) == {"PHONE"} for each in said)
    assert [kind for kind, *_ in server.sent].count("m.room.encrypted") == 1
    assert server.claimed() == {"PHONE": 1}


async def test_a_device_that_comes_later_reads_from_then_on(room: Room, claire: Owner, lists: DeviceLists) -> None:
    """It gets the present key, as it is by now; the others get nothing anew."""
    before = await room.say()
    claire.devices["WEB"] = OwnedDevice(CLAIRE, "WEB")
    claire.signed.add("WEB")
    lists.changed({CLAIRE})
    after = await room.say()
    assert after.content["session_id"] == before.content["session_id"]
    assert room.readers_of(before) == {"PHONE"}
    assert room.readers_of(after) == {"PHONE", "WEB"}
    assert len(room.server.sent_of("m.room.encrypted")) == 2


async def test_after_somebody_has_left_there_is_a_new_key(room: Room, marc: Owner) -> None:
    """They had the old one, which opens nothing more."""
    room.is_of_now(CLAIRE, MARC)
    before = await room.say()
    room.is_of_now(CLAIRE)
    after = await room.say()
    assert room.readers_of(before) == {"PHONE", "LAPTOP"}
    assert room.readers_of(after) == {"PHONE"}


async def test_after_a_device_is_gone_there_is_a_new_key(room: Room, claire: Owner, lists: DeviceLists) -> None:
    """It was logged out, lost or stolen."""
    claire.signed.add("OLD")
    before = await room.say()
    stolen = claire.devices.pop("OLD")
    lists.changed({CLAIRE})
    after = await room.say()
    assert stolen.read(before.content)
    assert stolen.read(after.content) is None
    assert room.readers_of(after) == {"PHONE"}


async def test_after_a_device_has_lost_its_signature_there_is_a_new_key(
    room: Room, claire: Owner, lists: DeviceLists
) -> None:
    """What may not read any more counts like what is gone."""
    claire.signed.add("OLD")
    await room.say()
    claire.signed.remove("OLD")
    lists.changed({CLAIRE})
    assert room.readers_of(await room.say()) == {"PHONE"}


async def test_a_device_that_gets_signed_without_need_is_no_reason_for_a_new_key(
    room: Room, marc: Owner, lists: DeviceLists
) -> None:
    """It could read before, and can now."""
    room.is_of_now(MARC)
    before = await room.say()
    marc.has_identity = True
    lists.changed({MARC})
    after = await room.say()
    assert after.content["session_id"] == before.content["session_id"]
    assert room.readers_of(after) == {"LAPTOP"}


async def test_a_key_is_used_for_as_many_messages_as_the_room_says(room: Room) -> None:
    """Then there is a new one."""
    room.as_it_is = replace(room.as_it_is, rotation_messages=2)
    said = [(await room.say()).content["session_id"] for _ in range(5)]
    assert said[0] == said[1] != said[2] == said[3] != said[4]


async def test_a_key_is_used_for_as_long_as_the_room_says(room: Room, clock: Clock) -> None:
    """Then there is a new one."""
    room.as_it_is = replace(room.as_it_is, rotation_period_s=100)
    first = await room.say()
    clock.passes(99)
    assert (await room.say()).content["session_id"] == first.content["session_id"]
    clock.passes(1)
    assert (await room.say()).content["session_id"] != first.content["session_id"]


async def test_every_room_has_a_key_of_its_own(room: Room) -> None:
    """With Olm sessions in common."""
    first = await room.say()
    room.as_it_is = replace(room.as_it_is, room_id=RoomId("!other:tchap.test"))
    second = await room.say()
    assert first.content["session_id"] != second.content["session_id"]
    assert room.server.claimed() == {"PHONE": 1}


async def test_messages_at_the_same_time_share_one_key(room: Room) -> None:
    """The second waits until the first has shared it."""
    said = await asyncio.gather(*(room.keys.encrypt(room.as_it_is, "m.room.message", SECRET) for _ in range(5)))
    room.deliver()
    assert len({each.content["session_id"] for each in said}) == 1
    assert all(room.readers_of(each) == {"PHONE"} for each in said)
    assert room.server.claimed() == {"PHONE": 1}


@pytest.mark.parametrize(
    ("policy", "readers", "unable"),
    [
        ("identity", {"PHONE", "LAPTOP"}, set()),
        ("signed", {"PHONE"}, {MARC}),
        ("all", {"PHONE", "OLD", "LAPTOP"}, set()),
    ],
)
async def test_the_policy_decides_who_reads(
    room: Room, marc: Owner, policy: Policy, readers: set[str], unable: set[UserId]
) -> None:
    """And names those who cannot because of it."""
    room.keys._policy = policy
    room.is_of_now(CLAIRE, MARC)
    encrypted = await room.say()
    assert room.readers_of(encrypted) == readers
    assert encrypted.unable == unable


async def test_a_device_that_may_not_read_is_told_why_once_for_each_key(
    room: Room, claire: Owner, machine: Machine
) -> None:
    """Its owner then sees more than "cannot be decrypted"."""
    for _ in range(3):
        encrypted = await room.say()
    assert room.server.sent_of("m.room_key.withheld") == {
        (CLAIRE, "OLD"): {
            "algorithm": "m.megolm.v1.aes-sha2",
            "code": "m.unverified",
            "reason": "The device has not been verified by its owner.",
            "room_id": ROOM,
            "session_id": encrypted.content["session_id"],
            "sender_key": machine.curve25519,
        }
    }
    assert [kind for kind, *_ in room.server.sent].count("m.room_key.withheld") == 1


async def test_who_has_no_device_that_may_read_is_named(room: Room, claire: Owner, lists: DeviceLists) -> None:
    """Not who has none at all, and not the bot itself."""
    room.server.owners[ANA] = Owner(ANA)
    room.server.owners[UserId(BOT)] = Owner(BOT, "UNSIGNED", signed=[])
    room.is_of_now(CLAIRE, ANA)
    assert (await room.say()).unable == frozenset()
    claire.signed.clear()
    lists.changed({CLAIRE})
    assert (await room.say()).unable == {CLAIRE}


@pytest.mark.parametrize("has_identity", [True, False])
async def test_no_device_of_the_bots_user_gets_a_key(room: Room, *, has_identity: bool) -> None:
    """Its own needs none from itself, and another may be of the homeserver's making: no member would see it."""
    room.server.owners[UserId(BOT)] = Owner(BOT, DEVICE_ID, "GHOST", signed=["GHOST"])
    room.server.owners[UserId(BOT)].has_identity = has_identity
    assert room.readers_of(await room.say()) == {"PHONE"}
    assert not {DEVICE_ID, "GHOST"} & room.server.claimed().keys()


async def test_a_device_without_one_time_keys_is_told_and_asked_again_later(
    room: Room, claire: Owner, clock: Clock
) -> None:
    """The message does not wait for it; from when it has some, it reads."""
    claire.signed.add("OLD")
    claire.devices["OLD"].one_time_keys_left = 0
    for _ in range(3):
        encrypted = await room.say()
    assert room.readers_of(encrypted) == {"PHONE"}
    assert encrypted.unable == frozenset()
    withheld = room.server.sent_of("m.room_key.withheld")[CLAIRE, "OLD"]
    assert withheld["code"] == "m.no_olm"
    assert "session_id" not in withheld
    assert room.server.claimed() == {"PHONE": 1, "OLD": 1}
    claire.devices["OLD"].one_time_keys_left = 5
    clock.passes(3_600)
    assert room.readers_of(await room.say()) == {"PHONE", "OLD"}


async def test_a_server_that_cannot_be_reached_holds_nobody_up(room: Room, clock: Clock) -> None:
    """Whoever is there reads the message, those afar read from when they are reached."""
    room.server.owners[ANA] = Owner(ANA, "AFAR")
    room.server.down = {"far.test"}
    room.is_of_now(CLAIRE, ANA)
    assert room.readers_of(await room.say()) == {"PHONE"}
    room.server.down = set()
    clock.passes(3_600)
    assert room.readers_of(await room.say()) == {"PHONE", "AFAR"}


@pytest.mark.parametrize(
    "junk", [{}, {"one_time_keys": []}, {"one_time_keys": {CLAIRE: {"PHONE": {"signed_curve25519:A": {"key": "x"}}}}}]
)
async def test_an_answer_without_a_key_that_its_device_has_signed_makes_no_session(
    room: Room, claire: Owner, junk: dict[str, Any], clock: Clock
) -> None:
    """Nothing is encrypted for whoever made it up."""
    room.server.answers("POST", "/keys/claim", Answer(body=junk))
    assert room.readers_of(await room.say()) == set()
    forged = OwnedDevice(CLAIRE, "PHONE").one_time_key()
    room.server.answers("POST", "/keys/claim", Answer(body={"one_time_keys": {CLAIRE: {"PHONE": forged}}}))
    clock.passes(3_600)
    await room.say()
    assert room.server.sent_of("m.room.encrypted") == {}


@pytest.mark.parametrize("path_end", ["/keys/query", "/keys/claim"])
async def test_while_the_homeserver_fails_nothing_may_be_sent(room: Room, path_end: str) -> None:
    """The next try does what was left."""
    room.server.fails(path_end, PROXY_PAGE)
    with pytest.raises(HomeserverFault):
        await room.say()
    assert room.readers_of(await room.say()) == {"PHONE"}


async def test_when_sharing_fails_nothing_may_be_sent_until_all_have_the_key(
    room: Room, claire: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try goes on where the last one failed."""
    monkeypatch.setattr(device_messages, "DEVICES_A_REQUEST", 1)
    claire.signed.add("OLD")
    room.server.fates = ["taken", "refused"]
    with pytest.raises(HomeserverFault):
        await room.say()
    assert len(room.server.sent) == 1
    assert room.readers_of(await room.say()) == {"PHONE", "OLD"}
    assert len(room.server.sent) == 2


async def test_who_may_have_got_a_key_counts_as_having_it(room: Room, marc: Owner) -> None:
    """The answer was lost, not the key; when Marc leaves, that key is not used."""
    room.is_of_now(CLAIRE, MARC)
    room.server.fates = ["lost"]
    with pytest.raises(HomeserverFault):
        await room.say()
    room.deliver()
    (leaked,) = marc.devices["LAPTOP"].room_keys
    room.is_of_now(CLAIRE)
    assert (await room.say()).content["session_id"] != leaked


async def test_telling_who_does_not_get_a_key_may_fail(room: Room) -> None:
    """Those who may read do not wait for it; it is told with the next message."""
    room.server.fates = ["taken", "refused"]
    assert room.readers_of(await room.say()) == {"PHONE"}
    assert room.server.sent_of("m.room_key.withheld") == {}
    await room.say()
    assert room.server.sent_of("m.room_key.withheld").keys() == {(CLAIRE, "OLD")}


async def test_what_was_encrypted_for_a_device_is_stored_before_it_is_sent(room: Room, store: CryptoStore) -> None:
    """Or a restart would turn the ratchet back."""
    pending: list[bool] = []
    room.server.before_sending = lambda: pending.append(store.has_pending)
    await room.say()
    assert pending == [False, False]  # the key, and its being withheld


async def test_the_bot_reads_its_own_messages_after_a_restart(
    room: Room, machine: Machine, engine: AsyncEngine
) -> None:
    """To find, among what was sent, what it would send again; also when nobody else can read them."""
    room.is_of_now()
    encrypted = await room.say()
    again = Machine(await CryptoStore.open(engine, machine.user_id, DEVICE_ID, PICKLE_KEY))
    event = EncryptedEvent(
        RoomId(ROOM),
        EventId("$card"),
        UserId(BOT),
        0,
        encrypted.content["session_id"],
        None,
        encrypted.content["ciphertext"],
    )
    said = await again.decrypt(event, lambda *_: None, lambda _: False)
    assert said == Decrypted("m.room.message", SECRET)


async def test_after_a_restart_the_room_has_a_new_key(
    room: Room, server: KeyServer, engine: AsyncEngine, machine: Machine
) -> None:
    """Sent through the Olm sessions that there are."""
    before = await room.say()
    wire = room.keys._messages._wire
    store = await CryptoStore.open(engine, machine.user_id, DEVICE_ID, PICKLE_KEY)
    again = Machine(store)
    lists = DeviceLists(wire, store)
    room.keys = RoomKeys(again, store, lists, DeviceMessages(wire, again, store), "identity")
    after = await room.say()
    assert after.content["session_id"] != before.content["session_id"]
    assert room.readers_of(after) == {"PHONE"}
    assert server.claimed() == {"PHONE": 1}
    assert server.queried()[CLAIRE] == 1


async def test_a_thousand_devices_get_the_key(room: Room) -> None:
    """In batches, each device a message that it alone can open."""
    crowd = Owner(ANA, *(f"D{number}" for number in range(1_000)))
    room.server.owners[ANA] = crowd
    room.is_of_now(CLAIRE, ANA)
    encrypted = await room.say()
    assert room.readers_of(encrypted) == {"PHONE", *crowd.devices}
    requests = [each for each in room.server.requests if "/sendToDevice/m.room.encrypted/" in each.path]
    assert len({each.path for each in requests}) == len(requests) == 11
    assert max(len(json.loads(each.body)["messages"].get(ANA, ())) for each in requests) <= 100


async def test_a_device_that_has_lost_its_olm_session_gets_the_key_again(
    room: Room, claire: Owner, machine: Machine
) -> None:
    """It begins a new one, as clients do with what they cannot open; it had perhaps not got the key by the old one."""
    phone = claire.devices["PHONE"]
    await room.say()
    phone.forget()
    assert room.readers_of(await room.say()) == set()
    keys = machine.upkeep.due_keys()
    assert keys is not None
    one_time_key = next(iter(keys["one_time_keys"].values()))["key"]
    content = phone.dummy(machine.user_id, machine.curve25519, machine.ed25519, one_time_key)
    machine.receive([{"type": "m.room.encrypted", "sender": CLAIRE, "content": content}])
    for _ in range(2):
        assert room.readers_of(await room.say()) == {"PHONE"}
    assert [kind for kind, *_ in room.server.sent].count("m.room.encrypted") == 2


async def test_a_key_that_could_not_be_stored_is_not_used(
    room: Room, store: CryptoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try makes another, and stores it, also when there is nobody to share it with."""
    room.is_of_now()

    async def fails() -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store, "save", fails)
    with pytest.raises(OSError, match="disk full"):
        await room.say()
    monkeypatch.undo()
    assert store.has_pending
    await room.say()
    assert not store.has_pending


async def test_nobody_silences_the_bot_by_a_session_that_seals_nothing(
    room: Room, server: KeyServer, machine: Machine, store: CryptoStore, engine: AsyncEngine, clock: Clock
) -> None:
    """Any member can begin one, and it would fail each time: the others read all the same, and it is forgotten."""
    evil = LowOrderDevice(MALLORY, "EVIL")
    evil.one_time_keys_left = 0
    server.owners[MALLORY] = Owner(MALLORY, "EVIL")
    server.owners[MALLORY].devices["EVIL"] = evil
    room.is_of_now(CLAIRE, MALLORY)
    keys = machine.upkeep.due_keys()
    assert keys is not None
    one_time_key = next(iter(keys["one_time_keys"].values()))["key"]
    content = evil.low_order_content(machine.curve25519, one_time_key)
    machine.receive([{"type": "m.room.encrypted", "sender": MALLORY, "content": content}])
    assert await store_has(engine, store, evil.curve25519)
    for _ in range(2):
        assert room.readers_of(await room.say()) == {"PHONE"}
    assert not await store_has(engine, store, evil.curve25519)
    assert server.sent_of("m.room_key.withheld")[MALLORY, "EVIL"]["code"] == "m.no_olm"
    assert server.claimed() == {"PHONE": 1}  # its keys are asked for after a pause
    evil.one_time_keys_left = 1
    clock.passes(3_600)
    await room.keys.encrypt(room.as_it_is, "m.room.message", SECRET)
    assert (MALLORY, "EVIL") in server.sent_of("m.room.encrypted")


async def store_has(engine: AsyncEngine, store: CryptoStore, curve25519: str) -> bool:
    """Whether a device has an Olm session with us, by now and for the next process."""
    await store.save()
    again = await open_store(engine)
    has, will_have = (each.olm_sessions.get((MALLORY, curve25519)) is not None for each in (store, again))
    assert has == will_have
    return has
