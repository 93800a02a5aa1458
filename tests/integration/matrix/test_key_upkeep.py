"""What a real homeserver makes of the keys that are uploaded, again where the first answer was lost, and handed out."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.devices import Device
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.encryption.upkeep import FALLBACK_KEPT_S
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix
from tests.stack.people import MatrixPerson
from tests.unit.bridge.matrix.encryption.peers import PICKLE_KEY, Peer

_DIFFERENT_MS = itertools.count()
Upload = Callable[[dict[str, Any]], Awaitable[object]]


@pytest_asyncio.fixture
async def wire(settings: Matrix, claire: MatrixPerson) -> AsyncIterator[Wire]:
    """The homeserver, as a device of Claire's."""
    async with Wire(settings, Acting(UserId(claire.user_id), claire.access_token)) as wire:
        yield wire


@pytest_asyncio.fixture
async def store(wire: Wire, engine: AsyncEngine) -> CryptoStore:
    """The device's store."""
    device_id = (await wire.request("GET", "asking who we are", ("account", "whoami")))["device_id"]
    return await CryptoStore.open(engine, wire.acting.user_id, device_id, PICKLE_KEY)


@pytest.fixture
def upload(wire: Wire) -> Upload:
    """How keys are uploaded."""
    return lambda body: wire.request("POST", "uploading keys", ("keys", "upload"), body)


async def counts(wire: Wire) -> tuple[int, tuple[str, ...]]:
    """What `/sync` says that the homeserver still has."""
    # Synapse answers the same question for two minutes with the same answer.
    query = {"timeout": str(next(_DIFFERENT_MS))}
    answer = await wire.request("GET", "listening", ("sync",), query=query)
    return answer["device_one_time_keys_count"]["signed_curve25519"], tuple(answer["device_unused_fallback_key_types"])


async def claim(wire: Wire, machine: Machine) -> dict[str, Any]:
    """What somebody gets who wants to reach the device."""
    wanted = {"one_time_keys": {machine.user_id: {machine.device_id: "signed_curve25519"}}}
    return await wire.request("POST", "claiming a key", ("keys", "claim"), wanted)


async def test_keys_whose_upload_was_never_answered_are_taken_again(
    wire: Wire, store: CryptoStore, upload: Upload, engine: AsyncEngine
) -> None:
    """The next process offers the same; there are not twice as many then, and every one of them opens."""

    async def cut_off(body: dict[str, Any]) -> None:
        await upload(body)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await Machine(store).upkeep.upload_due(cut_off)
    store = await CryptoStore.open(engine, store.user_id, store.device_id, PICKLE_KEY)
    machine = Machine(store)
    assert await machine.upkeep.upload_due(upload)
    assert await counts(wire) == (50, ("signed_curve25519",))
    [name] = (await claim(wire, machine))["one_time_keys"][machine.user_id][machine.device_id]
    assert name.startswith("signed_curve25519:")


async def test_keys_that_were_used_up_are_made_anew_and_the_fallback_key_helps_until_then(
    wire: Wire, store: CryptoStore, upload: Upload
) -> None:
    """Sixty others write to the bot while it is away: each of them is read."""
    now_s = 1_800_000_000.0
    machine = Machine(store, clock=lambda: now_s)
    await machine.upkeep.upload_due(upload)
    device = Device(machine.user_id, machine.device_id, machine.curve25519, machine.ed25519, is_signed=False)
    messages = []
    for number in range(60):
        peer = Peer(UserId(f"@user{number}:tchap.test"))
        [key] = (await claim(wire, machine))["one_time_keys"][device.user_id][device.device_id].values()
        peer.meet_by(machine, key["key"])
        messages.append(peer.room_key(machine, RoomId(f"!room{number}:tchap.test")))
    assert await counts(wire) == (0, ())
    now_s += FALLBACK_KEPT_S
    machine.upkeep.counted(*await counts(wire))
    assert await machine.upkeep.upload_due(upload)
    assert await counts(wire) == (50, ("signed_curve25519",))
    assert len(machine.receive(messages).new_keys) == len(messages)
