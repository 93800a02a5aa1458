"""The keys that the homeserver hands to those who want to reach the bot: never none, and never one that is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from vodozemac import Ed25519PublicKey, Ed25519Signature

from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.encryption.upkeep import FALLBACK_KEPT_S, MAX_PASSED_OVER
from bridge.matrix.errors import RequestRefused
from tests.fakes.clocks import Clock
from tests.unit.bridge.matrix.encryption.peers import BOT, CLAIRE, MALLORY, Peer, open_store

UNUSED = ("signed_curve25519",)
Body = dict[str, Any]


@pytest.fixture
def machine(store: CryptoStore, clock: Clock) -> Machine:
    """The bot's device, on its first day."""
    return Machine(store, clock=clock)


@pytest.fixture
def published(machine: Machine) -> Body:
    """What it has uploaded on its first day."""
    body = machine.upkeep.due_keys()
    assert body is not None
    machine.upkeep.uploaded()
    return body


def due(machine: Machine) -> Body:
    """What is to be uploaded."""
    return machine.upkeep.due_keys() or {}


def test_on_its_first_day_the_device_uploads_all_of_its_keys(machine: Machine) -> None:
    """Each of them signed, the fallback key as what it is."""
    body = due(machine)
    assert body.keys() == {"device_keys", "one_time_keys", "fallback_keys"}
    assert (len(body["one_time_keys"]), len(body["fallback_keys"])) == (50, 1)
    named = {**body["one_time_keys"], **body["fallback_keys"]}
    assert all(name.startswith("signed_curve25519:") for name in named)
    assert [key.get("fallback") for key in body["fallback_keys"].values()] == [True]
    for key in (*named.values(), body["device_keys"]):
        unsigned = {name: value for name, value in key.items() if name != "signatures"}
        signature = Ed25519Signature.from_base64(key["signatures"][BOT]["ed25519:GREFFIER"])
        message = json.dumps(unsigned, sort_keys=True, separators=(",", ":")).encode()
        Ed25519PublicKey.from_base64(machine.ed25519).verify_signature(message, signature)


@pytest.mark.usefixtures("published")
async def test_what_is_uploaded_is_uploaded_once(machine: Machine, store: CryptoStore, engine: AsyncEngine) -> None:
    """Also after a restart."""
    assert due(machine) == {}
    await store.save()
    assert due(Machine(await open_store(engine))) == {}


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(("left", "made"), [(0, 50), (1, 49), (49, 1), (50, 0), (100, 0), (10**30, 0), (None, 0)])
def test_used_one_time_keys_are_replaced(machine: Machine, left: int | None, made: int) -> None:
    """None left is a number too: nio takes a count of 0 for no count, and never makes another key."""
    machine.upkeep.counted(left, UNUSED)
    assert len(due(machine).get("one_time_keys", {})) == made


@pytest.mark.usefixtures("published")
def test_keys_are_not_made_twice_for_one_count(machine: Machine) -> None:
    """Between an upload and the next `/sync`, the old count says nothing."""
    machine.upkeep.counted(0, ())
    first = due(machine)
    assert due(machine) == first
    machine.upkeep.uploaded()
    assert due(machine) == {}
    machine.upkeep.counted(None, None)
    assert due(machine) == {}


async def test_keys_are_on_the_disk_before_they_are_uploaded(machine: Machine, engine: AsyncEngine) -> None:
    """The homeserver hands them out at once: whoever is killed then must still open what comes."""
    opened = []

    async def upload(body: Body) -> None:
        again = Machine(await open_store(engine))
        peer = Peer()
        peer.meet_by(again, next(iter(body["one_time_keys"].values()))["key"])
        opened.append(bool(again.receive([peer.room_key(again)]).new_keys))

    assert await machine.upkeep.upload_due(upload)
    assert opened == [True]
    assert not await machine.upkeep.upload_due(upload)


async def test_an_upload_that_failed_is_tried_again_with_the_same_keys(machine: Machine, engine: AsyncEngine) -> None:
    """By this process or the next: nobody knows whether it had arrived, and the same key twice does no harm."""
    bodies: list[Body] = []

    async def upload(body: Body) -> None:
        bodies.append(body)
        raise ConnectionError

    for _ in range(2):
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await machine.upkeep.upload_due(upload)
        machine = Machine(await open_store(engine))
    assert all(body == bodies[0] for body in bodies)
    assert len(bodies) == 4


def refusal(errcode: str) -> RequestRefused:
    """What a homeserver says that does not take keys."""
    error = RequestRefused("uploading keys: refused")
    error.errcode = errcode
    return error


class TestNumbersThatAreTaken:
    """A database from an older backup makes one-time keys under numbers that the homeserver has others of."""

    @pytest.fixture
    def offered(self) -> list[Body]:
        """What was offered to the homeserver."""
        return []

    @pytest.fixture
    def machine(self, machine: Machine, clock: Clock) -> Machine:
        """It has published keys before, and is to make one-time keys and a fallback key."""
        machine.upkeep.due_keys()
        machine.upkeep.uploaded()
        clock.now_s += FALLBACK_KEPT_S
        machine.upkeep.counted(47, ())
        return machine

    async def test_are_passed_over(self, machine: Machine, offered: list[Body], engine: AsyncEngine) -> None:
        """Nothing else of the upload is lost by it, and a restart does not begin again with them."""
        taken: set[str] = set()

        async def upload(body: Body) -> None:
            offered.append(body)
            if not taken:
                taken.update(body["one_time_keys"])
            if taken & body.get("one_time_keys", {}).keys():
                raise refusal("M_UNKNOWN")

        assert await machine.upkeep.upload_due(upload)
        assert [set(body) for body in offered] == [
            {"one_time_keys", "fallback_keys"},
            {"fallback_keys"},
            {"one_time_keys"},
        ]
        assert [len(body.get("one_time_keys", {})) for body in offered] == [3, 0, 50]
        again = Machine(await open_store(engine))
        assert due(again) == {}
        again.upkeep.counted(0, UNUSED)
        assert not taken & due(again)["one_time_keys"].keys()

    async def test_are_not_looked_for_without_end(self, machine: Machine, offered: list[Body]) -> None:
        """It is not that, then, and the private halves of good keys would be forgotten for so many."""

        async def upload(body: Body) -> None:
            offered.append(body)
            if "one_time_keys" in body:
                raise refusal("M_UNKNOWN")

        for _ in range(3):
            with pytest.raises(RequestRefused):
                await machine.upkeep.upload_due(upload)
        tried = {min(body["one_time_keys"]) for body in offered if "one_time_keys" in body}
        assert len(tried) == MAX_PASSED_OVER + 1

    async def test_are_not_what_other_refusals_mean(self, machine: Machine, offered: list[Body]) -> None:
        """The same keys are offered again."""

        async def upload(body: Body) -> None:
            offered.append(body)
            raise refusal("M_FORBIDDEN")

        for _ in range(2):
            with pytest.raises(RequestRefused):
                await machine.upkeep.upload_due(upload)
        assert offered[0] == offered[1]
        assert len(offered) == 2


def _fallback(body: Body) -> str:
    [key] = body["fallback_keys"].values()
    return str(key["key"])


def test_a_fallback_key_serves_everybody_who_finds_no_other(machine: Machine, published: Body) -> None:
    """That is what it is for."""
    for user_id in (CLAIRE, MALLORY):
        peer = Peer(user_id)
        peer.meet_by(machine, _fallback(published))
        assert machine.receive([peer.room_key(machine)]).new_keys


def test_a_fallback_key_that_was_used_is_replaced_and_still_opens_what_is_on_its_way(
    machine: Machine, published: Body, clock: Clock
) -> None:
    """A message may be days old when it comes."""
    on_its_way = Peer()
    on_its_way.meet_by(machine, _fallback(published))
    machine.upkeep.counted(50, UNUSED)
    clock.now_s += FALLBACK_KEPT_S
    assert due(machine) == {}
    machine.upkeep.counted(50, ())
    body = due(machine)
    assert body.keys() == {"fallback_keys"}
    assert _fallback(body) != _fallback(published)
    machine.upkeep.uploaded()
    assert machine.receive([on_its_way.room_key(machine)]).new_keys


def test_fallback_keys_do_not_follow_each_other_faster_than_messages_travel(
    machine: Machine, published: Body, clock: Clock
) -> None:
    """Only the last two are kept: somebody who claims all day must not use up those of others."""
    assert published["fallback_keys"]
    machine.upkeep.counted(50, ())
    assert due(machine) == {}
    clock.now_s += FALLBACK_KEPT_S
    assert due(machine).keys() == {"fallback_keys"}


@pytest.mark.usefixtures("published")
def test_a_homeserver_that_does_not_speak_of_fallback_keys_gets_no_more(machine: Machine, clock: Clock) -> None:
    """What is not said is not known."""
    clock.now_s += FALLBACK_KEPT_S
    machine.upkeep.counted(50, None)
    assert due(machine) == {}
