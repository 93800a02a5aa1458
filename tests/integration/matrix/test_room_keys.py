"""The bot's room keys through a real homeserver, to a person whose devices are none of our code's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.device_lists import DeviceLists
from bridge.matrix.encryption.device_messages import DeviceMessages
from bridge.matrix.encryption.devices import EncryptedRoom
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.room_keys import RoomKeys
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix
from tests.fakes.clocks import Clock
from tests.fakes.device_owners import OwnedDevice, Owner
from tests.stack.people import MatrixPerson

_CLIENT = "/_matrix/client/v3"


class Member:
    """Somebody with real devices on a real homeserver."""

    def __init__(self, person: MatrixPerson) -> None:
        self.person = person
        self.owner = Owner(person.user_id)
        self._tokens: dict[str, str] = {}
        self._since: dict[str, str] = {}

    async def prepare(self) -> OwnedDevice:
        """Publish an identity, and the device that the person is logged in with."""
        keys = {"master_key": self.owner.master_object(), "self_signing_key": self.owner.self_signing_object()}
        await self.person.request("POST", f"{_CLIENT}/keys/device_signing/upload", keys)
        return await self.publish(signed=True)

    async def log_in(self, *, signed: bool) -> OwnedDevice:
        """Log in with one more device."""
        await self.person.login()
        return await self.publish(signed=signed)

    async def publish(self, *, signed: bool) -> OwnedDevice:
        """Upload the keys of the device that the person is logged in with, and perhaps the identity's signature."""
        device_id = (await self.person.request("GET", f"{_CLIENT}/account/whoami"))["device_id"]
        device = self.owner.devices[device_id] = OwnedDevice(self.owner.user_id, device_id)
        self._tokens[device_id] = self.person.access_token
        one_time_keys: dict[str, Any] = {}
        for _ in range(5):
            one_time_keys |= device.one_time_key()
        body = {"device_keys": device.keys(), "one_time_keys": one_time_keys}
        await self.person.request("POST", f"{_CLIENT}/keys/upload", body)
        if signed:
            keys = device.keys()
            self.owner.sign_device(keys)
            signatures: dict[str, Any] = {self.owner.user_id: {device_id: keys}}
            answer = await self.person.request("POST", f"{_CLIENT}/keys/signatures/upload", signatures)
            assert answer["failures"] == {}
        return device

    async def log_out(self, device: OwnedDevice) -> None:
        """Log a device out, and be none of one's devices afterwards."""
        self.person.access_token = self._tokens.pop(device.device_id)
        await self.person.request("POST", f"{_CLIENT}/logout", {})
        self.person.access_token = next(iter(self._tokens.values()))

    async def receives(self, device: OwnedDevice) -> list[dict[str, Any]]:
        """Take in what was sent to a device; gives what was not encrypted."""
        self.person.access_token = self._tokens[device.device_id]
        since = {"since": self._since[device.device_id]} if device.device_id in self._since else {}
        answer = await self.person.request("GET", f"{_CLIENT}/sync", query={"timeout": "0", **since})
        self._since[device.device_id] = answer["next_batch"]
        events = answer.get("to_device", {}).get("events", [])
        for event in events:
            if event["type"] == "m.room.encrypted":
                device.receive(event["content"])
        return [event for event in events if event["type"] != "m.room.encrypted"]


class Bot:
    """As much of the bot as sends into a room."""

    def __init__(self, wire: Wire, store: CryptoStore, clock: Clock) -> None:
        self.wire = wire
        machine = Machine(store)
        self.user_id = machine.user_id
        self.lists = DeviceLists(wire, store, clock=clock)
        self._keys = RoomKeys(
            machine, store, self.lists, DeviceMessages(wire, machine, store, clock=clock), "identity", clock=clock
        )
        self._since: dict[str, str] = {}
        self._said = 0

    async def listens(self, timeout_ms: int = 0) -> list[UserId]:
        """Whose devices have changed since it was last asked for."""
        query = {"timeout": str(timeout_ms), **self._since}
        answer = await self.wire.request("GET", "listening", ("sync",), query=query, timeout_s=60)
        self._since = {"since": answer["next_batch"]}
        changed: list[UserId] = answer.get("device_lists", {}).get("changed", [])
        self.lists.changed(changed)
        return changed

    async def hears_of(self, user_id: UserId) -> None:
        """Listen until the homeserver says that the user's devices have changed."""
        while user_id not in await self.listens(20_000):
            pass

    async def says(self, room_id: RoomId, reader: UserId, body: str) -> dict[str, Any]:
        """Send an encrypted message, and read it as the homeserver holds it."""
        room = EncryptedRoom(room_id, frozenset({reader, self.user_id}))
        encrypted = await self._keys.encrypt(room, "m.room.message", {"msgtype": "m.notice", "body": body})
        self._said += 1
        path = ("rooms", room_id, "send", "m.room.encrypted", f"txn-{self._said}")
        event_id = (await self.wire.request("PUT", "sending", path, encrypted.content))["event_id"]
        event = await self.wire.request("GET", "reading", ("rooms", room_id, "event", event_id))
        content: dict[str, Any] = event["content"]
        return content


@pytest_asyncio.fixture
async def marc_with_devices(marc: MatrixPerson) -> Member:
    """Marc, with an identity that has signed the device he is logged in with."""
    member = Member(marc)
    await member.prepare()
    return member


@pytest_asyncio.fixture
async def bot(homeserver: Homeserver, settings: Matrix, engine: AsyncEngine) -> AsyncIterator[Bot]:
    """The bot, on the homeserver."""
    assert settings.as_token is not None
    user_id, token = UserId(settings.bot_user_id), settings.as_token.get_secret_value()
    store = await CryptoStore.open(engine, user_id, settings.device_id, bytes(32))
    async with Wire(settings, Acting(user_id, token, settings.device_id, is_masquerading=True)) as wire:
        yield Bot(wire, store, Clock())


async def encrypted_room(marc: MatrixPerson, homeserver: Homeserver) -> RoomId:
    """A room of Marc's that the bot is in."""
    room_id = RoomId(await marc.create_room("Budget", encrypted=True))
    await marc.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    return room_id


def body_of(device: OwnedDevice, content: dict[str, Any]) -> str | None:
    """What a device reads."""
    payload = device.read(content)
    return payload["content"]["body"] if payload else None


async def test_a_signed_device_reads_and_an_unsigned_one_is_told_why_not(
    bot: Bot, homeserver: Homeserver, marc_with_devices: Member
) -> None:
    """The homeserver shows the bot what is signed, hands it one-time keys, and carries its messages."""
    marc = marc_with_devices
    room_id = await encrypted_room(marc.person, homeserver)
    (phone,) = marc.owner.devices.values()
    stray = await marc.log_in(signed=False)
    said = await bot.says(room_id, marc.owner.user_id, "une")
    await marc.receives(phone)
    assert body_of(phone, said) == "une"
    (withheld,) = await marc.receives(stray)
    assert withheld["type"] == "m.room_key.withheld"
    assert withheld["content"]["code"] == "m.unverified"
    assert body_of(stray, said) is None


async def test_a_new_device_reads_what_follows_and_one_that_is_logged_out_does_not(
    bot: Bot, homeserver: Homeserver, marc_with_devices: Member
) -> None:
    """The homeserver tells the bot of both."""
    marc = marc_with_devices
    room_id = await encrypted_room(marc.person, homeserver)
    (phone,) = marc.owner.devices.values()
    await bot.listens()
    first = await bot.says(room_id, marc.owner.user_id, "une")
    web = await marc.log_in(signed=True)
    await bot.hears_of(marc.owner.user_id)
    second = await bot.says(room_id, marc.owner.user_id, "deux")
    await marc.receives(phone)
    await marc.receives(web)
    assert second["session_id"] == first["session_id"]
    assert (body_of(phone, second), body_of(web, first), body_of(web, second)) == ("deux", None, "deux")
    await marc.log_out(phone)
    await bot.hears_of(marc.owner.user_id)
    third = await bot.says(room_id, marc.owner.user_id, "trois")
    await marc.receives(web)
    assert third["session_id"] != first["session_id"]
    assert (body_of(phone, third), body_of(web, third)) == (None, "trois")


async def test_users_of_a_server_that_is_not_there_hold_nobody_up(
    bot: Bot, homeserver: Homeserver, marc_with_devices: Member
) -> None:
    """Synapse says so itself; who is here is known nevertheless."""
    here, afar = marc_with_devices.owner.user_id, UserId("@ana:nowhere.invalid")
    devices = await bot.lists.devices_of({here, afar})
    assert {user_id: len(theirs) for user_id, theirs in devices.items()} == {here: 1, afar: 0}
    assert "nowhere.invalid" in bot.lists._pauses
