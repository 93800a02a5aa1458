"""Owns the key that seals the device's secrets in the database, so that whoever reads the database alone reads none.

The key is derived from `matrix.secret`, or from a file in the storage folder that is made when something is sealed for
the first time and is never written again.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from vodozemac import Account

from bridge.matrix.encryption.errors import SecretLost
from bridge.matrix.ids import UserId
from bridge.matrix.tables import DEVICE, IDENTITY

FILE = "matrix.secret"
"""In the storage folder; it holds one line of text."""
_MAX_FILE_BYTES = 4096
_NONCE_BYTES = 12
_VERSION = b"\x01"


def root_of(user_id: UserId) -> str:
    """What the root of a user's cross-signing identity is sealed as."""
    return f"cross-signing root of {user_id}"


def token_of(user_id: UserId) -> str:
    """What a user's access token is sealed as."""
    return f"access token of {user_id}"


class Sealing:
    """Seals and opens what must not lie in the database in the clear (AES-256-GCM, a key of HKDF-SHA256 each)."""

    def __init__(self, secret: SecretStr | None, folder: Path) -> None:
        self._file = folder / FILE
        self._source = "matrix.secret" if secret is not None else str(self._file)
        self._secret = _given(secret) if secret is not None else _read(self._file)

    @classmethod
    async def open(cls, secret: SecretStr | None, folder: Path, engine: AsyncEngine, user_id: UserId) -> Self:
        """The sealing that the setting, or else the file in the storage folder, provides for this bot.

        Makes no file: that happens when something is sealed.

        Raises:
            SecretLost: what the bot has in the database was sealed by another one, or by a file that is gone.
        """
        sealing = cls(secret, folder)
        async with engine.connect() as connection:
            query = sa.select(IDENTITY.c.sealed_root).where(IDENTITY.c.user_id == user_id)
            root = (await connection.execute(query)).scalar_one_or_none()
            query = sa.select(DEVICE.c.account, DEVICE.c.access_token).where(DEVICE.c.user_id == user_id)
            account, token = (await connection.execute(query)).one_or_none() or (None, None)
        if sealing._secret is None and (root or account or token):
            raise SecretLost(
                f"{sealing._file} is gone, and the keys of the bot's device in the database are sealed by it. "
                f"Nothing is sent. {_REMEDY}"
            )
        if root is not None:
            sealing.unseal(root, root_of(user_id))
        if token is not None:
            sealing.unseal(token, token_of(user_id))
        if account is not None:
            sealing.unpickle(account)
        return sealing

    @property
    def pickle_key(self) -> bytes:
        """The 32 bytes that vodozemac encrypts its accounts and sessions with."""
        return self._key(b"greffier: vodozemac pickles")

    def seal(self, data: bytes, what: str) -> bytes:
        """Encrypt `data`, which can be opened again only as `what`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + AESGCM(self._sealing_key).encrypt(nonce, data, _VERSION + what.encode())

    def unseal(self, sealed: bytes, what: str) -> bytes:
        """Open what `seal` made of it.

        Raises:
            SecretLost: it was sealed by another secret, or is damaged.
        """
        version, nonce, ciphertext = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return AESGCM(self._sealing_key).decrypt(nonce, ciphertext, version + what.encode())
        except (InvalidTag, ValueError):  # ValueError: too short for a nonce
            raise self._cannot_open(what) from None

    def unpickle(self, account: bytes) -> Account:
        """Open the keys of a device, as they are in the database.

        Raises:
            SecretLost: as above.
        """
        try:
            return Account.from_pickle(account.decode(), self.pickle_key)
        except ValueError:
            raise self._cannot_open("keys of the bot's device") from None

    def _cannot_open(self, what: str) -> SecretLost:
        return SecretLost(
            f"{self._source} does not open the {what} in the database: it is not what sealed them. "
            f"Nothing is sent. {_REMEDY}"
        )

    @property
    def _sealing_key(self) -> bytes:
        return self._key(b"greffier: sealed columns")

    def _key(self, purpose: bytes) -> bytes:
        if self._secret is None:
            try:
                self._secret = _make(self._file)
            except OSError as error:
                raise SecretLost(
                    f"{self._file}, which is to seal the bot's keys, cannot be made ({error.strerror}). Nothing is "
                    "sent. Let the user that Greffier runs as write there, or set matrix.secret"
                ) from None
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(self._secret)


_REMEDY = (
    "Bring back the secret (matrix.secret, or the file matrix.secret from the backup of the storage folder) on the "
    "machine of the front (elsewhere it is not needed), or give the bot a new device with its recovery key: greffier "
    "identity restore. Without the recovery key: greffier identity reset"
)


def _given(secret: SecretStr) -> bytes:
    return secret.get_secret_value().strip().encode()


def _read(file: Path) -> bytes | None:
    """What is in the file; None where there is none."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE_BYTES).strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretLost(
            f"{file} cannot be read ({error.strerror}). Nothing is sent. Let the user that Greffier runs as read it"
        ) from None
    if not content:
        raise SecretLost(f"{file} is empty. Nothing is sent. Remove it. {_REMEDY}")
    return content


def _make(file: Path) -> bytes:
    """Write the file, whole or not at all and never over another; where there is one by now, that is the secret."""
    text = secrets.token_urlsafe(32).encode()
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(text + b"\n")
            opened.flush()
            if os.geteuid() == 0:  # `sudo greffier identity …`: whoever Greffier runs as is to read it
                folder = file.parent.stat()
                os.fchown(opened.fileno(), folder.st_uid, folder.st_gid)
            os.fsync(opened.fileno())
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(file.parent)
    made = _read(file)
    assert made is not None  # noqa: S101 (it is there by now)
    return made


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
