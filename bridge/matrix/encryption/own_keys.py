"""Owns what a homeserver's `/keys/query` answer says of the bot itself: its identity, and one device of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.matrix.encryption.cross_signatures import OwnerKeys, is_signed_by, read_owner_keys
from bridge.matrix.encryption.cross_signing import CrossSigning
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Wire

_ASKING = "asking for the bot's own keys"


@dataclass(frozen=True)
class OwnKeys:
    """What the homeserver has of the bot."""

    user_id: UserId
    identity: OwnerKeys | None
    """None: no identity. One without a master key: an identity that cannot be read."""
    device: Mapping[str, Any] | None
    """The keys of the device that was asked for, signatures and all; None: the homeserver has none of it."""

    @classmethod
    async def ask(cls, wire: Wire, user_id: UserId, device_id: str) -> OwnKeys:
        """Ask the homeserver.

        Raises:
            HomeserverError: as with any request; also when the answer leaves out what there may be.
        """
        body: dict[str, Any] = {"device_keys": {user_id: []}}
        answer = await wire.request("POST", _ASKING, ("keys", "query"), body)
        every_device, every_master_key = answer.get("device_keys"), answer.get("master_keys", {})
        if not isinstance(every_device, dict) or not isinstance(every_master_key, dict) or answer.get("failures"):
            raise HomeserverFault(f"{_ASKING}: the homeserver's answer is incomplete")
        devices = every_device.get(user_id, {})
        device = devices.get(device_id) if isinstance(devices, dict) else None
        identity = read_owner_keys(answer, user_id) if user_id in every_master_key else None
        return cls(user_id, identity, device if isinstance(device, dict) else None)

    def is_identity(self, signing: CrossSigning | None) -> bool:
        """Whether the identity that the homeserver has, if any, is this one."""
        return self.identity is None or (signing is not None and self.identity.master_key == signing.master_key)

    def has_all_of(self, signing: CrossSigning) -> bool:
        """Whether the homeserver has this identity whole."""
        return self.identity == OwnerKeys(signing.master_key, signing.self_signing_key)

    def is_device(self, keys: Mapping[str, Any] | None) -> bool:
        """Whether the keys that the homeserver has of the device, if any, are these."""
        return self.device is None or self.device.get("keys") == keys

    def is_signed_by(self, signing: CrossSigning) -> bool:
        """Whether the device bears the identity's signature."""
        key = signing.self_signing_key
        return self.device is not None and is_signed_by(self.device, self.user_id, key, key)
