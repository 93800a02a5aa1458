"""Broken sessions with single devices; what is sent to many is in `test_room_keys`."""

from __future__ import annotations

from typing import Any

import pytest
from vodozemac import Account, Curve25519PublicKey

from bridge.matrix.encryption.device_lists import DeviceLists
from bridge.matrix.encryption.device_messages import DeviceMessages
from bridge.matrix.encryption.devices import Device
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.ids import UserId
from tests.fakes.clocks import Clock
from tests.fakes.device_owners import OwnedDevice, Owner
from tests.fakes.key_server import KeyServer
from tests.fakes.matrix import CLAIRE as CLAIRE_ID
from tests.fakes.matrix import PROXY_PAGE

CLAIRE, MALLORY = UserId(CLAIRE_ID), UserId("@mallory:tchap.test")


@pytest.fixture
async def phone(lists: DeviceLists, machine: Machine, claire: Owner) -> OwnedDevice:
    """Claire's phone, known to the bot, which has just sent what no session opens."""
    await lists.devices_of({CLAIRE})
    phone = claire.devices["PHONE"]
    stranger = Account()
    (one_time_key,) = phone.one_time_key().values()
    theirs = stranger.create_outbound_session(
        phone.account.curve25519_key, Curve25519PublicKey.from_base64(one_time_key["key"])
    )
    hello = theirs.encrypt(b"").to_pre_key()
    assert hello is not None
    session, _ = phone.account.create_inbound_session(stranger.curve25519_key, hello)
    content = phone.olm_content(session, machine.curve25519, b"{}")
    machine.receive([{"type": "m.room.encrypted", "sender": CLAIRE, "content": content}])
    return phone


async def test_a_device_whose_session_broke_gets_a_new_one(
    phone: OwnedDevice, messages: DeviceMessages, machine: Machine, server: KeyServer
) -> None:
    """Once: it is told by an empty message, and uses the new session from then on."""
    for _ in range(2):
        await messages.unwedge()
    (sent,) = server.sent_of("m.room.encrypted").values()
    assert phone.receive(sent)["type"] == "m.dummy"
    assert machine.wedged() == ()
    assert server.claimed() == {"PHONE": 1}


async def test_a_device_without_one_time_keys_gets_it_later(
    phone: OwnedDevice, messages: DeviceMessages, server: KeyServer, clock: Clock
) -> None:
    """It is not asked for one all the time."""
    phone.one_time_keys_left = 0
    for _ in range(3):
        await messages.unwedge()
    assert server.claimed() == {"PHONE": 1}
    phone.one_time_keys_left = 1
    clock.passes(3_600)
    await messages.unwedge()
    assert server.sent_of("m.room.encrypted").keys() == {(CLAIRE, "PHONE")}


async def test_an_unanswered_claim_is_an_error_and_done_later(
    phone: OwnedDevice, messages: DeviceMessages, machine: Machine, server: KeyServer
) -> None:
    """Nothing is forgotten because the homeserver was away."""
    server.fails("/keys/claim", PROXY_PAGE)
    with pytest.raises(HomeserverFault):
        await messages.unwedge()
    assert len(machine.wedged()) == 1
    await messages.unwedge()
    assert server.sent_of("m.room.encrypted").keys() == {(CLAIRE, "PHONE")}


async def test_a_device_that_nothing_can_be_sealed_for_does_not_keep_the_others_broken(
    phone: OwnedDevice,
    messages: DeviceMessages,
    machine: Machine,
    server: KeyServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever its keys are: the others' sessions are mended, and it is tried again after a pause only."""
    server.owners[MALLORY] = Owner(MALLORY, "EVIL")
    evil = server.device(MALLORY, "EVIL")
    seal, refused = machine.dummy_for, Device(MALLORY, "EVIL", evil.curve25519, evil.ed25519, is_signed=True)

    def dummy_for(device: Device) -> dict[str, Any]:
        if device == refused:
            raise ValueError
        return seal(device)

    monkeypatch.setattr(machine, "dummy_for", dummy_for)
    monkeypatch.setattr(machine, "wedged", lambda wedged=machine.wedged: (refused, *wedged()))
    for _ in range(2):
        await messages.unwedge()
    assert phone.receive(server.sent_of("m.room.encrypted")[CLAIRE, "PHONE"])["type"] == "m.dummy"
    assert server.claimed() == {"PHONE": 1, "EVIL": 1}
