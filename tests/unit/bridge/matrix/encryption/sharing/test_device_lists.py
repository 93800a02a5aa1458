"""Following other users' devices, through whatever the homeserver answers."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption import device_lists
from bridge.matrix.encryption.device_lists import DeviceLists
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Wire
from tests.fakes.clocks import Clock
from tests.fakes.device_owners import OwnedDevice, Owner
from tests.fakes.key_server import KeyServer
from tests.fakes.matrix import CLAIRE as CLAIRE_ID
from tests.fakes.matrix import JUNK, PROXY_PAGE, Answer
from tests.unit.bridge.matrix.encryption.sharing.conftest import DEVICE_ID, PICKLE_KEY

CLAIRE = UserId(CLAIRE_ID)
AFAR = UserId("@ana:far.test")
BEN = UserId("@ben:far.test")


def ids(lists: DeviceLists, user_id: UserId = CLAIRE) -> set[str]:
    """The ids of the devices that are known."""
    return {device.device_id for device in lists.known(user_id)}


async def test_devices_are_asked_for_once(lists: DeviceLists, server: KeyServer, claire: Owner) -> None:
    """And known from then on, with the identity that signs them."""
    assert not lists.has_identity(CLAIRE)
    for _ in range(2):
        devices = await lists.devices_of({CLAIRE})
    assert {device.device_id: device.is_signed for device in devices[CLAIRE]} == {"PHONE": True, "OLD": False}
    assert lists.has_identity(CLAIRE)
    phone = lists.device_with_key(CLAIRE, claire.devices["PHONE"].curve25519)
    assert phone is not None
    assert phone.device_id == "PHONE"
    assert lists.device_with_key(CLAIRE, "unknown") is None
    assert server.queried() == {CLAIRE: 1}


async def test_changed_devices_are_asked_for_again(lists: DeviceLists, server: KeyServer, claire: Owner) -> None:
    """A new device appears, one that was logged out is gone."""
    await lists.devices_of({CLAIRE})
    claire.devices["WEB"] = OwnedDevice(CLAIRE, "WEB")
    del claire.devices["OLD"]
    lists.changed({CLAIRE})
    await lists.devices_of({CLAIRE})
    assert ids(lists) == {"PHONE", "WEB"}
    assert server.queried() == {CLAIRE: 2}


async def test_nobody_is_followed_because_their_devices_change(
    lists: DeviceLists, server: KeyServer, store: CryptoStore
) -> None:
    """`/sync` speaks of everybody in all rooms."""
    lists.changed({CLAIRE})
    lists.left({CLAIRE})
    assert store.users() == ()


async def test_who_has_left_is_asked_for_again_when_they_matter_again(lists: DeviceLists, server: KeyServer) -> None:
    """Until then their devices are known as they were."""
    await lists.devices_of({CLAIRE})
    lists.left({CLAIRE})
    assert ids(lists) == {"PHONE", "OLD"}
    await lists.devices_of({CLAIRE})
    assert server.queried() == {CLAIRE: 2}


async def test_after_a_sync_without_position_everybody_is_asked_for_again(
    lists: DeviceLists, server: KeyServer
) -> None:
    """Nobody tells what changed before it."""
    await lists.devices_of({CLAIRE})
    lists.all_changed()
    await lists.devices_of({CLAIRE})
    assert server.queried() == {CLAIRE: 2}


async def test_what_is_known_and_what_is_outdated_survive_a_restart(
    lists: DeviceLists, server: KeyServer, store: CryptoStore, wire: Wire, engine: AsyncEngine
) -> None:
    """Each as it was."""
    marc = Owner("@marc:tchap.test", "PHONE")
    server.owners[marc.user_id] = marc
    before = await lists.devices_of({CLAIRE, marc.user_id})
    lists.changed({marc.user_id})
    await store.save()
    again = DeviceLists(wire, await CryptoStore.open(engine, store.user_id, DEVICE_ID, PICKLE_KEY))
    assert {user_id: set(theirs) for user_id, theirs in (await again.devices_of(before)).items()} == {
        user_id: set(theirs) for user_id, theirs in before.items()
    }
    assert again.has_identity(CLAIRE)
    assert server.queried() == {CLAIRE: 1, marc.user_id: 2}


async def test_an_answer_that_a_change_has_overtaken_is_used_and_asked_for_again(
    lists: DeviceLists, server: KeyServer, claire: Owner
) -> None:
    """The homeserver answered with what it knew before."""
    server.held = asyncio.Event()
    asking = asyncio.create_task(lists.devices_of({CLAIRE}))
    await server.until_asked("POST", "/keys/query")
    claire.devices["WEB"] = OwnedDevice(CLAIRE, "WEB")
    lists.changed({CLAIRE})
    server.held.set()
    assert {device.device_id for device in (await asking)[CLAIRE]} == {"PHONE", "OLD", "WEB"}
    assert server.queried() == {CLAIRE: 2}


async def test_somebody_whose_devices_change_all_the_time_holds_nobody_up(
    lists: DeviceLists, server: KeyServer, store: CryptoStore
) -> None:
    """They are asked for a few times and remain outdated."""
    server.while_queried = lambda: lists.changed({CLAIRE})
    await lists.devices_of({CLAIRE})
    assert ids(lists) == {"PHONE", "OLD"}
    assert store.user(CLAIRE) is not None
    assert store.user(CLAIRE).is_outdated  # type: ignore[union-attr]
    assert 1 < server.queried()[CLAIRE] < 10


async def test_two_who_need_the_same_devices_ask_once(lists: DeviceLists, server: KeyServer) -> None:
    """The second one waits for the answer to the first."""
    both = await asyncio.gather(lists.devices_of({CLAIRE}), lists.devices_of({CLAIRE}))
    assert [len(devices[CLAIRE]) for devices in both] == [2, 2]
    assert server.queried() == {CLAIRE: 1}


async def test_when_the_one_who_asked_goes_away_the_other_asks(lists: DeviceLists, server: KeyServer) -> None:
    """Nothing waits for an answer that nobody asks for any more."""
    server.held = asyncio.Event()
    first = asyncio.create_task(lists.devices_of({CLAIRE}))
    await server.until_asked("POST", "/keys/query")
    second = asyncio.create_task(lists.devices_of({CLAIRE}))
    await asyncio.sleep(0)
    first.cancel()
    server.held.set()
    assert len((await second)[CLAIRE]) == 2
    assert first.cancelled()


async def test_many_users_are_asked_for_in_batches(
    lists: DeviceLists, server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of one server beside each other, so that one that is away delays few others."""
    monkeypatch.setattr(device_lists, "USERS_A_QUERY", 2)
    owners = [Owner(f"@u{number}:{'ab'[number % 2]}.test", "PHONE") for number in range(7)]
    server.owners = {owner.user_id: owner for owner in owners}
    devices = await lists.devices_of(server.owners)
    assert [len(theirs) for theirs in devices.values()] == [1] * 7
    batches = [json.loads(each.body)["device_keys"] for each in server.asked("POST", "/keys/query")]
    assert sorted(len(batch) for batch in batches) == [1, 2, 2, 2]
    assert sum(len({user_id[-6] for user_id in batch}) > 1 for batch in batches) <= 1


async def test_a_server_that_cannot_be_reached_is_left_alone_for_a_while(
    lists: DeviceLists, server: KeyServer, clock: Clock
) -> None:
    """Its users' devices are what was known; others are not held up by it."""
    server.owners[AFAR] = Owner(AFAR, "PHONE")
    await lists.devices_of({AFAR})
    server.owners[BEN] = Owner(BEN, "PHONE")
    server.down = {"far.test"}
    lists.changed({AFAR})
    for _ in range(2):
        devices = await lists.devices_of({CLAIRE, AFAR, BEN})
        assert {user_id: len(theirs) for user_id, theirs in devices.items()} == {CLAIRE: 2, AFAR: 1, BEN: 0}
    assert server.queried() == {CLAIRE: 1, AFAR: 2, BEN: 1}
    server.down = set()
    clock.passes(3_600)
    assert len((await lists.devices_of({AFAR, BEN}))[BEN]) == 1
    assert server.queried() == {CLAIRE: 1, AFAR: 3, BEN: 2}


async def test_news_from_a_server_end_its_pause(lists: DeviceLists, server: KeyServer) -> None:
    """It is there again."""
    server.owners[AFAR] = Owner(AFAR, "PHONE")
    server.down = {"far.test"}
    await lists.devices_of({AFAR})
    server.down = set()
    lists.changed({AFAR})
    assert len((await lists.devices_of({AFAR}))[AFAR]) == 1


async def test_silence_about_somebody_does_not_mean_that_they_have_no_devices(
    lists: DeviceLists, server: KeyServer, clock: Clock
) -> None:
    """What was known stays, and is asked for again later."""
    await lists.devices_of({CLAIRE})
    server.silent_about = {CLAIRE}
    lists.changed({CLAIRE})
    for _ in range(2):
        assert len((await lists.devices_of({CLAIRE}))[CLAIRE]) == 2
    assert server.queried() == {CLAIRE: 2}
    clock.passes(3_600)
    await lists.devices_of({CLAIRE})
    assert server.queried() == {CLAIRE: 3}


async def test_silence_that_has_ended_is_forgotten(lists: DeviceLists, server: KeyServer, clock: Clock) -> None:
    """The next one begins with a short pause again."""
    for _ in range(10):
        server.silent_about = {CLAIRE}
        await lists.devices_of({CLAIRE})
        clock.passes(61)
        server.silent_about = set()
        await lists.devices_of({CLAIRE})
        lists.left({CLAIRE})
    assert server.queried() == {CLAIRE: 20}


@pytest.mark.parametrize("answer", [PROXY_PAGE, JUNK, Answer(body={}), Answer(body={"device_keys": []})])
async def test_an_answer_that_is_none_is_an_error_and_changes_nothing(
    lists: DeviceLists, server: KeyServer, answer: Answer
) -> None:
    """Whoever wanted to send does not send, and asks again."""
    await lists.devices_of({CLAIRE})
    lists.changed({CLAIRE})
    server.fails("/keys/query", answer)
    with pytest.raises(HomeserverFault):
        await lists.devices_of({CLAIRE})
    assert ids(lists) == {"PHONE", "OLD"}
    await lists.devices_of({CLAIRE})
    assert server.queried() == {CLAIRE: 3}


async def test_a_device_with_new_keys_under_its_old_id_is_refused(
    lists: DeviceLists, server: KeyServer, claire: Owner, store: CryptoStore
) -> None:
    """However it is signed: a homeserver that wants to read along would do just that."""
    await lists.devices_of({CLAIRE})
    before = store.device(CLAIRE, "PHONE")
    claire.devices["PHONE"] = OwnedDevice(CLAIRE, "PHONE")
    lists.changed({CLAIRE})
    await lists.devices_of({CLAIRE})
    assert store.device(CLAIRE, "PHONE") == before
    assert ids(lists) == {"PHONE", "OLD"}


async def test_an_identity_does_not_disappear(lists: DeviceLists, server: KeyServer, claire: Owner) -> None:
    """Without it the homeserver's own devices would be as good as hers; her signatures stay good."""
    await lists.devices_of({CLAIRE})
    answer = claire.answer()
    server.fails("/keys/query", Answer(body={"device_keys": answer["device_keys"]}))
    lists.changed({CLAIRE})
    devices = await lists.devices_of({CLAIRE})
    assert lists.has_identity(CLAIRE)
    assert {device.device_id: device.is_signed for device in devices[CLAIRE]} == {"PHONE": True, "OLD": False}


async def test_a_new_identity_takes_the_place_of_the_old_one(
    lists: DeviceLists, server: KeyServer, claire: Owner
) -> None:
    """Whoever lost theirs makes a new one; what only the old one signed is unsigned then."""
    await lists.devices_of({CLAIRE})
    renewed = Owner(CLAIRE)
    claire.master, claire.self_signing = renewed.master, renewed.self_signing
    claire.signed = {"OLD"}
    lists.changed({CLAIRE})
    devices = await lists.devices_of({CLAIRE})
    assert {device.device_id: device.is_signed for device in devices[CLAIRE]} == {"PHONE": False, "OLD": True}


async def test_one_users_nonsense_does_not_hide_anothers_devices(
    lists: DeviceLists, server: KeyServer, claire: Owner
) -> None:
    """Every user is read on their own."""
    answer = claire.answer()
    answer["device_keys"] |= {AFAR: {"X": [[[]]]}, BEN: 5}
    answer["master_keys"] |= {AFAR: "x", BEN: {}}
    server.fails("/keys/query", Answer(body=answer))
    devices = await lists.devices_of({CLAIRE, AFAR, BEN})
    assert {user_id: len(theirs) for user_id, theirs in devices.items()} == {CLAIRE: 2, AFAR: 0, BEN: 0}


@pytest.mark.parametrize("user_id", ["", "claire", "@\0:x.test", "@\ud800:x.test", "@" + "x" * 300])
async def test_whom_nobody_can_store_is_not_asked_for(lists: DeviceLists, server: KeyServer, user_id: str) -> None:
    """A room's members are what some server says they are."""
    assert await lists.devices_of({UserId(user_id)}) == {user_id: ()}
    assert server.requests == []
