"""Owns which devices may read the bot and command it."""

from __future__ import annotations

from typing import Literal

from bridge.matrix.encryption.devices import Device

Policy = Literal["identity", "signed", "all"]
"""`matrix.trust`."""


def allows(policy: Policy, device: Device, *, owner_has_identity: bool) -> bool:
    """Whether the bot shares its room keys with a device, and listens to it.

    `identity`: of a user with a cross-signing identity the devices that it has signed, of a user without one all of
    them. This is what MSC4153 ("Exclude non-cross-signed devices") asks for, with its transition for users who have no
    identity yet. `signed`: MSC4153 to the letter, signed devices only. `all`: every device, even one that the
    homeserver may have made up.
    """
    match policy:
        case "identity":
            return device.is_signed or not owner_has_identity
        case "signed":
            return device.is_signed
        case "all":
            return True
