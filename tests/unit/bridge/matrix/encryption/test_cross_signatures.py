"""What a `/keys/query` answer proves, and what it does not."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bridge.matrix.encryption import cross_signatures
from bridge.matrix.encryption.cross_signatures import (
    MAX_DEVICES,
    OwnerKeys,
    canonical_json,
    is_signed_by,
    read_devices,
    read_owner_keys,
)
from bridge.matrix.encryption.devices import Device
from bridge.matrix.ids import UserId
from tests.fakes.device_owners import OwnedDevice, Owner

CLAIRE = UserId("@claire:tchap.test")
JUNK: list[Any] = [None, 5, "x", [], {}, [[]], {"a": 1}, True]


def devices_in(answer: dict[str, Any], self_signing_key: str | None = None) -> list[Device]:
    """Claire's devices."""
    return list(read_devices(answer, CLAIRE, self_signing_key) or ())


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ({}, "{}"),
        ({"one": 1, "two": "Two"}, '{"one":1,"two":"Two"}'),
        ({"b": "2", "a": "1"}, '{"a":"1","b":"2"}'),
        ({"a": "日本語"}, '{"a":"日本語"}'),
        ({"本": 2, "日": 1}, '{"日":1,"本":2}'),
        ({"a": None}, '{"a":null}'),
        ({"a": -0, "b": True, "c": 2**53 - 1, "d": [[], {}]}, '{"a":0,"b":true,"c":9007199254740991,"d":[[],{}]}'),
        ({"a": 'line\n "quote" \\ \x07'}, '{"a":"line\\n \\"quote\\" \\\\ \\u0007"}'),
    ],
)
def test_canonical_json_is_what_the_spec_shows(value: object, canonical: str) -> None:
    """The examples of the appendix, and what they leave out."""
    assert canonical_json(value) == canonical.encode()


@pytest.mark.parametrize("value", [1.5, [1.0], {"a": float("nan")}, 2**53, -(2**53), "\ud800", {"\ud800": 1}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    """A signature on it could be read in two ways."""
    with pytest.raises(ValueError, match=r"canonical form|surrogates"):
        canonical_json(value)


def test_depth_and_size_are_bounded() -> None:
    """Whoever wants us to sign or verify it."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="deeply"):
        canonical_json(deep)
    assert canonical_json(["x" * 90, 1], max_size=100)
    with pytest.raises(ValueError, match="larger"):
        canonical_json(["x" * 100, 1], max_size=100)


def test_the_specs_own_signature_is_valid() -> None:
    """The test vector of the appendix "Cryptographic test vectors"."""
    seed = base64.b64decode("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1=")
    public = base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()).decode()
    signature = "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
    signed = {"one": 1, "two": "Two", "unsigned": {"x": 1}, "signatures": {CLAIRE: {"ed25519:1": signature}}}
    assert is_signed_by(signed, CLAIRE, "1", public.rstrip("="))
    assert not is_signed_by({**signed, "two": "2"}, CLAIRE, "1", public.rstrip("="))


def test_a_device_is_read_with_its_owners_signature_or_without() -> None:
    """Three devices of Claire's, one of which her identity has not signed."""
    claire = Owner(CLAIRE, "PHONE", "WEB", "OLD", signed=["PHONE", "WEB"])
    keys = read_owner_keys(claire.answer(), CLAIRE)
    assert keys == OwnerKeys(claire.master.public, claire.self_signing.public)
    read = {device.device_id: device for device in devices_in(claire.answer(), keys.self_signing_key)}
    phone = claire.devices["PHONE"]
    assert read["PHONE"] == Device(CLAIRE, "PHONE", phone.curve25519, phone.ed25519, is_signed=True)
    assert {device_id: device.is_signed for device_id, device in read.items()} == {
        "PHONE": True,
        "WEB": True,
        "OLD": False,
    }


def test_a_user_without_identity_has_unsigned_devices() -> None:
    """As most bots have."""
    claire = Owner(CLAIRE, "PHONE")
    claire.has_identity = False
    assert read_owner_keys(claire.answer(), CLAIRE) == OwnerKeys()
    assert [device.is_signed for device in devices_in(claire.answer())] == [False]


def test_a_self_signing_key_that_the_master_key_has_not_signed_signs_nothing() -> None:
    """A homeserver could make one of its own; that there is an identity remains."""
    claire, mallory = Owner(CLAIRE, "PHONE"), Owner(CLAIRE, "PHONE")
    answer = claire.answer()
    answer["self_signing_keys"] = mallory.answer()["self_signing_keys"]
    assert read_owner_keys(answer, CLAIRE) == OwnerKeys(claire.master.public, None)
    del answer["self_signing_keys"]
    assert read_owner_keys(answer, CLAIRE) == OwnerKeys(claire.master.public, None)


def test_a_key_under_another_keys_name_is_none() -> None:
    """The name is what signatures are found by."""
    claire, mallory = Owner(CLAIRE), Owner(CLAIRE)
    keys = {f"ed25519:{claire.master.public}": mallory.master.public}
    assert read_owner_keys({"master_keys": {CLAIRE: {**claire.master_object(), "keys": keys}}}, CLAIRE) == OwnerKeys()


@pytest.mark.parametrize("characters", [0, 1, 42, 44, 100])
def test_a_key_of_another_length_is_none(characters: int) -> None:
    """On some lengths the library panics, which would end more than the reading of one user's keys."""
    public = "A" * characters
    claire = Owner(CLAIRE, "PHONE")
    master = {**claire.master_object(), "keys": {f"ed25519:{public}": public}}
    assert read_owner_keys({"master_keys": {CLAIRE: master}}, CLAIRE) == OwnerKeys()
    answer = claire.answer()
    answer["device_keys"][CLAIRE]["PHONE"]["keys"]["ed25519:PHONE"] = public
    assert list(devices_in(answer)) == []


def test_a_device_signed_by_another_identity_is_not_signed() -> None:
    """Also when the signature stands under the right name."""
    claire, mallory = Owner(CLAIRE, "PHONE"), Owner(CLAIRE)
    keys = claire.answer()["device_keys"][CLAIRE]["PHONE"]
    forged = mallory.self_signing.sign(keys)
    keys["signatures"][CLAIRE][f"ed25519:{claire.self_signing.public}"] = forged
    answer = {"device_keys": {CLAIRE: {"PHONE": keys}}}
    assert [device.is_signed for device in devices_in(answer, claire.self_signing.public)] == [False]


def test_a_device_without_its_own_signature_does_not_exist() -> None:
    """Altered keys, a forged signature, none at all, another device's, another user's."""
    phone, web, marc = OwnedDevice(CLAIRE, "PHONE"), OwnedDevice(CLAIRE, "WEB"), OwnedDevice("@marc:x.test", "PHONE")
    altered = phone.keys()
    altered["keys"] = {**altered["keys"], "curve25519:PHONE": web.curve25519}
    unsigned = {key: value for key, value in phone.keys().items() if key != "signatures"}
    by_another = {**phone.keys(), "signatures": web.keys()["signatures"]}
    for keys in (altered, unsigned, by_another, web.keys(), marc.keys(), phone.keys(device_id="WEB")):
        assert devices_in({"device_keys": {CLAIRE: {"PHONE": keys}}}) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"algorithms": ["m.olm.v1.curve25519-aes-sha2"]},
        {"algorithms": None},
        {"keys": {}},
        {"keys": {"curve25519:PHONE": "x", "ed25519:PHONE": "y"}},
        {"extra": 1.5},
        {"extra": "x" * 70_000},
        {"extra": [[]] * 70_000},
    ],
)
def test_a_device_that_signs_nonsense_does_not_exist(changed: dict[str, Any]) -> None:
    """It could not read us, or costs more to verify than it is worth."""
    answer = {"device_keys": {CLAIRE: {"PHONE": OwnedDevice(CLAIRE, "PHONE").keys(**changed)}}}
    assert devices_in(answer) == []


def test_a_padded_key_is_refused() -> None:
    """Each key has one spelling, so that it can be compared."""
    phone = OwnedDevice(CLAIRE, "PHONE")
    keys = {"curve25519:PHONE": phone.curve25519 + "=", "ed25519:PHONE": phone.ed25519}
    assert devices_in({"device_keys": {CLAIRE: {"PHONE": phone.keys(keys=keys)}}}) == []


@pytest.mark.parametrize("junk", JUNK)
def test_an_answer_of_any_shape_is_survived(junk: Any) -> None:
    """At each of its levels."""
    claire = Owner(CLAIRE, "PHONE")
    phone = claire.answer()["device_keys"][CLAIRE]["PHONE"]
    for key in ("device_keys", "master_keys", "self_signing_keys"):
        for answer in ({key: junk}, {key: {CLAIRE: junk}}, {key: {CLAIRE: {"PHONE": junk}}}):
            assert read_owner_keys(answer, CLAIRE) == OwnerKeys()
            assert devices_in(answer) == []
    for field in phone:
        assert devices_in({"device_keys": {CLAIRE: {"PHONE": {**phone, field: junk}}}}) == []
    for field in ("user_id", "usage", "keys"):
        broken = {**claire.master_object(), field: junk}
        assert read_owner_keys({"master_keys": {CLAIRE: broken}}, CLAIRE) == OwnerKeys()
    signatures = {CLAIRE: {**phone["signatures"][CLAIRE], f"ed25519:{claire.self_signing.public}": junk}}
    answer = {"device_keys": {CLAIRE: {"PHONE": {**phone, "signatures": signatures}}}}
    assert [device.is_signed for device in devices_in(answer, claire.self_signing.public)] == [False]


@pytest.mark.parametrize("device_id", ["", "x" * 256, "\0", "\ud800"])
def test_a_device_id_that_nobody_can_store_is_left_out(device_id: str) -> None:
    """However well it is signed."""
    keys = OwnedDevice(CLAIRE, device_id).keys() if device_id != "\ud800" else {"device_id": device_id}
    assert devices_in({"device_keys": {CLAIRE: {device_id: keys}}}) == []


def test_an_answer_that_does_not_speak_of_the_user_says_nothing() -> None:
    """That is not the same as to have no devices."""
    assert read_devices({"device_keys": {}}, CLAIRE, None) is None
    assert devices_in({"device_keys": {CLAIRE: {}}}) == []


def test_of_too_many_devices_some_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has ten thousand makes them to keep us busy."""
    monkeypatch.setattr(cross_signatures, "MAX_DEVICES", 3)
    claire = Owner(CLAIRE, *(f"D{number}" for number in range(5)))
    assert len(devices_in(claire.answer())) == 3
    assert MAX_DEVICES > 1_000
