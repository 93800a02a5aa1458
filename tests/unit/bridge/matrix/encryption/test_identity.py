"""The identity against a homeserver that answers strangely: it is not taken for one that has nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.cross_signing import CrossSigning, new_root
from bridge.matrix.encryption.errors import DeviceLost, IdentityForeign
from bridge.matrix.encryption.identity import Identity
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.encryption.sealing import Sealing
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Acting, Wire
from tests.fakes.device_owners import OwnedDevice
from tests.fakes.matrix import BOT, Answer, FakeHomeserver

USER = UserId(BOT)
DEVICE = OwnedDevice(BOT, "GREFFIER")
SIGNING_UPLOAD, SIGNATURES_UPLOAD = "/keys/device_signing/upload", "/keys/signatures/upload"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver that behaves until told otherwise."""
    async with FakeHomeserver() as server:
        yield server


@pytest.fixture
def root(engine: AsyncEngine, tmp_path: Path) -> SealedRoot:
    """The identity's place in the database, empty."""
    return SealedRoot(engine, Sealing(None, tmp_path), USER)


@pytest_asyncio.fixture
async def identity(server: FakeHomeserver, root: SealedRoot) -> AsyncIterator[Identity]:
    """The bot's, which has none yet."""
    async with Wire(server.settings(), Acting(USER, "token")) as wire:
        yield Identity(wire, root, USER)


def has(server: FakeHomeserver, **changed: Any) -> None:
    """Let the homeserver have this of the bot's keys."""
    server.answers("POST", "/keys/query", Answer(body={"device_keys": {BOT: {}}, "failures": {}, **changed}))


def identity_of(signing: CrossSigning) -> dict[str, Any]:
    """What `/keys/query` says of an identity."""
    keys = signing.public_keys()
    return {f"{usage}_keys": {BOT: keys[f"{usage}_key"]} for usage in ("master", "self_signing")}


@pytest.mark.parametrize(
    "changed",
    [
        {"device_keys": None},
        {"device_keys": []},
        {"master_keys": []},
        {"failures": {"tchap.test": {}}},
    ],
)
async def test_an_answer_that_is_incomplete_is_no_answer(
    server: FakeHomeserver, identity: Identity, root: SealedRoot, changed: Mapping[str, Any]
) -> None:
    """An appservice's upload would overwrite the identity that the answer has left out."""
    has(server, **changed)
    with pytest.raises(HomeserverFault, match="incomplete"):
        await identity.prepare(DEVICE.keys())
    assert not server.asked("POST", SIGNING_UPLOAD)
    assert await root.load() is None


@pytest.mark.parametrize("master_key", [None, {}, {"user_id": BOT, "usage": ["master"], "keys": {"ed25519:x": "x"}}])
async def test_an_identity_that_cannot_be_read_is_somebody_elses(
    server: FakeHomeserver, identity: Identity, root: SealedRoot, master_key: object
) -> None:
    """It is there, and nothing is put over it."""
    has(server, master_keys={BOT: master_key})
    with pytest.raises(IdentityForeign):
        await identity.prepare(DEVICE.keys())
    assert not server.asked("POST", SIGNING_UPLOAD)
    assert await root.load() is None


async def test_the_root_is_sealed_before_anything_of_it_is_uploaded(
    server: FakeHomeserver, identity: Identity, root: SealedRoot
) -> None:
    """The upload fails: the next start uploads the same, to the byte."""
    has(server)
    server.fails(SIGNING_UPLOAD, Answer(500, {"errcode": "M_UNKNOWN"}))
    with pytest.raises(HomeserverFault):
        await identity.prepare(DEVICE.keys())
    sealed = await root.load()
    assert sealed is not None
    await identity.prepare(DEVICE.keys())
    first, second = server.asked("POST", SIGNING_UPLOAD)
    assert json.loads(first.body) == json.loads(second.body) == CrossSigning(USER, sealed).public_keys()


async def test_an_identity_that_is_whole_is_not_uploaded_again(
    server: FakeHomeserver, identity: Identity, root: SealedRoot
) -> None:
    """Homeservers fail on a known key that comes with news."""
    has(server, **identity_of(CrossSigning(USER, await root.keep(new_root()))))
    await identity.prepare(DEVICE.keys())
    assert not server.asked("POST", SIGNING_UPLOAD)


async def test_what_is_missing_of_an_identity_is_uploaded(
    server: FakeHomeserver, identity: Identity, root: SealedRoot
) -> None:
    """The master key is there, the self-signing key is not."""
    there = identity_of(CrossSigning(USER, await root.keep(new_root())))
    has(server, master_keys=there["master_keys"])
    await identity.prepare(DEVICE.keys())
    assert len(server.asked("POST", SIGNING_UPLOAD)) == 1


@pytest.mark.parametrize("device", [{}, {"keys": {}}, OwnedDevice(BOT, "GREFFIER").keys()])
async def test_a_device_with_other_keys_is_lost_whatever_they_are(
    server: FakeHomeserver, identity: Identity, root: SealedRoot, device: Mapping[str, Any]
) -> None:
    """Nothing is made or uploaded."""
    has(server, device_keys={BOT: {"GREFFIER": device}})
    with pytest.raises(DeviceLost):
        await identity.prepare(DEVICE.keys())
    assert not server.asked("POST", SIGNING_UPLOAD)
    assert await root.load() is None


async def test_a_signature_that_is_not_taken_is_an_error(
    server: FakeHomeserver, identity: Identity, root: SealedRoot
) -> None:
    """The homeserver says so in the answer of a success."""
    signing = CrossSigning(USER, await root.keep(new_root()))
    has(server, **identity_of(signing), device_keys={BOT: {"GREFFIER": DEVICE.keys()}})
    failure = {BOT: {"GREFFIER": {"errcode": "M_INVALID_SIGNATURE", "error": "…"}}}
    server.answers("POST", SIGNATURES_UPLOAD, Answer(body={"failures": failure}))
    with pytest.raises(HomeserverFault, match="does not take the signature"):
        await identity.sign(DEVICE.keys())


async def test_a_signature_that_is_there_is_not_uploaded_again(
    server: FakeHomeserver, identity: Identity, root: SealedRoot
) -> None:
    """One that is not valid is no signature."""
    signing = CrossSigning(USER, await root.keep(new_root()))
    ours = signing.signed_device(DEVICE.keys())["signatures"][BOT]
    keys = DEVICE.keys()
    for signatures, uploads in ((ours, 0), (dict.fromkeys(ours, "A" * 86), 1)):
        signed = keys | {"signatures": {BOT: keys["signatures"][BOT] | signatures}}
        has(server, **identity_of(signing), device_keys={BOT: {"GREFFIER": signed}})
        await identity.sign(keys)
        assert len(server.asked("POST", SIGNATURES_UPLOAD)) == uploads


async def test_two_first_starts_at_once_make_one_identity(root: SealedRoot) -> None:
    """The root that was stored first is both's."""
    first, second = new_root(), new_root()
    assert await root.keep(first) == first
    assert await root.keep(second) == first
