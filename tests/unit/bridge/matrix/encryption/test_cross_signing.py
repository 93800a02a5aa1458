"""The identity's keys and signatures, verified by other code than what made them."""

from __future__ import annotations

import pytest

from bridge.matrix.encryption.cross_signatures import OwnerKeys, read_devices, read_owner_keys
from bridge.matrix.encryption.cross_signing import CrossSigning, new_root
from bridge.matrix.ids import UserId
from tests.fakes.device_owners import OwnedDevice
from tests.fakes.matrix import BOT

USER = UserId(BOT)
MASTER_KEY = "JTGdrrZbjrAO4qUw34ai4FvAp7oF0vCS1vVCy2T1KHk"
SELF_SIGNING_KEY = "5bDDVSubh/O0TC9jCFIAaxeWP+z4BzILRyW3ySLzuqo"
"""Of the root of the bytes 0 to 31."""


@pytest.fixture
def signing() -> CrossSigning:
    """An identity."""
    return CrossSigning(USER, new_root())


def test_the_public_keys_prove_themselves_to_whoever_reads_them(signing: CrossSigning) -> None:
    """The master key has signed the other two."""
    keys = signing.public_keys()
    answer = {f"{usage}_keys": {USER: keys[f"{usage}_key"]} for usage in ("master", "self_signing", "user_signing")}
    assert read_owner_keys(answer, USER) == OwnerKeys(signing.master_key, signing.self_signing_key)
    posing = {"master_keys": answer["master_keys"], "self_signing_keys": {USER: keys["user_signing_key"]}}
    assert read_owner_keys(posing, USER) == OwnerKeys(signing.master_key)
    master_key = f"ed25519:{signing.master_key}"
    assert [*keys["user_signing_key"]["signatures"][USER]] == [master_key]


def test_the_same_root_makes_the_same_identity() -> None:
    """To the byte: a homeserver does not take a known key with other signatures."""
    root = new_root()
    assert CrossSigning(USER, root).public_keys() == CrossSigning(USER, root).public_keys()
    assert CrossSigning(USER, new_root()).master_key != CrossSigning(USER, root).master_key


def test_the_three_keys_are_three() -> None:
    """Of one root."""
    keys = CrossSigning(USER, new_root()).public_keys().values()
    assert len({public_key for key in keys for public_key in key["keys"].values()}) == 3


def test_a_root_makes_the_same_keys_in_every_version() -> None:
    """A recovery key that an operator keeps must go on bringing the same identity back."""
    signing = CrossSigning(USER, bytes(range(32)))
    assert signing.master_key == MASTER_KEY
    assert signing.self_signing_key == SELF_SIGNING_KEY


def test_a_device_that_was_signed_is_the_owners(signing: CrossSigning) -> None:
    """Its own signature is not among what is uploaded; together they make it a device of the owner's."""
    device = OwnedDevice(USER, "GREFFIER")
    keys = device.keys() | {"unsigned": {"device_display_name": "Greffier"}}
    signed = signing.signed_device(keys)
    assert [*signed["signatures"][USER]] == [f"ed25519:{signing.self_signing_key}"]
    assert "unsigned" not in signed
    both = {USER: keys["signatures"][USER] | signed["signatures"][USER]}
    answer = {"device_keys": {USER: {"GREFFIER": keys | {"signatures": both}}}}
    devices = read_devices(answer, USER, signing.self_signing_key)
    assert devices is not None
    assert [device.is_signed for device in devices] == [True]
