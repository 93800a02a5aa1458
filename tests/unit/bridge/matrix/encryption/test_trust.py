"""Which devices may read the bot and command it."""

from __future__ import annotations

import pytest

from bridge.matrix.encryption.devices import Device
from bridge.matrix.encryption.trust import Policy, allows
from bridge.matrix.ids import UserId


@pytest.mark.parametrize(
    ("policy", "is_signed", "owner_has_identity", "allowed"),
    [
        ("identity", True, True, True),
        ("identity", False, True, False),
        ("identity", False, False, True),
        ("signed", True, True, True),
        ("signed", False, True, False),
        ("signed", False, False, False),
        ("all", True, True, True),
        ("all", False, True, True),
        ("all", False, False, True),
    ],
)
def test_a_policy_looks_at_the_signature_and_at_whether_its_owner_could_have_signed(
    policy: Policy, is_signed: bool, owner_has_identity: bool, allowed: bool
) -> None:
    """Each policy with each device that there can be."""
    device = Device(UserId("@claire:tchap.test"), "PHONE", "c", "e", is_signed)
    assert allows(policy, device, owner_has_identity=owner_has_identity) is allowed
