"""Owns what an operator has to mend before the bot's device may encrypt.

EncryptionUnusable
├── SecretLost       what sealed the keys in the database is not there, or is another one
├── DeviceLost       the homeserver knows this device with keys that we do not have
└── IdentityForeign  the account has a cross-signing identity that is not ours
CannotRestore        the operator's attempt to mend it was in vain
"""

from __future__ import annotations

NEW_DEVICE = (
    "Give the bot a new device with its recovery key: greffier identity restore (or bring back a backup of the "
    "database that was made when Greffier was last stopped). Without the recovery key: greffier identity reset"
)
"""How to mend a device whose keys are lost. An older backup has keys that others have gone past since."""


class EncryptionUnusable(Exception):
    """Nothing is sent, uploaded or overwritten until this is mended; the message says how."""


class SecretLost(EncryptionUnusable):
    """What is sealed in the database cannot be opened."""


class DeviceLost(EncryptionUnusable):
    """The keys that the homeserver has of the bot's device are not in this database."""


class IdentityForeign(EncryptionUnusable):
    """The bot's account has a cross-signing identity, and this database does not have its secrets."""


class CannotRestore(Exception):
    """The bot's device and identity stay as they were; the message says why."""
