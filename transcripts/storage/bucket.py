"""The bucket: small objects on S3-compatible storage, and the sentence for whoever runs Greffier when it is away.

The only module that knows obstore. Its messages hold addresses, key ids and whole answers of the server, so nothing of
them is passed on but the error code: every failure becomes a `StorageAway` that says which setting to look at.
"""

from __future__ import annotations

import errno
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

    from config.models import Storage

_CLIENT: Final[ClientConfig] = {
    "allow_http": True,
    "connect_timeout": timedelta(seconds=5),
    "timeout": timedelta(seconds=30),
}
_RETRY: Final[RetryConfig] = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
"""A failure is known within 40 s; how long to go on trying is for the caller to say."""
_PAGE: Final = 1000
"""Objects in one answer to a listing."""

_STATUS: Final = re.compile(r"status code: (\d{3})\b")
_CODE: Final = re.compile(r"<Code>([A-Za-z0-9.]{1,64})</Code>")
_MACHINES_ROLE: Final = re.compile(r"performing [A-Z]+ https?://169\.254\.")
"""Where no key is given, it is asked of an address that exists inside clouds only."""
_REFUSING_KEYS: Final = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "XAdminUserNotFound", "RequestTimeTooSkewed"}
_WRONG_REGION: Final = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}
_FULL: Final = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"}

_Answer = TypeVar("_Answer")


class StorageAway(OSError):
    """The bucket cannot be used; `strerror` says what failed and which setting to look at, and holds no key."""

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in the bucket."""

    key: str
    size: int
    e_tag: str | None = None
    """Which content it has, in the server's own notation (RFC 9110, section 8.8.3); None where it gives none."""


class Bucket:
    """A bucket; every call may take 40 s when the server is away, so call it in a thread."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store = store
        self._name = name

    @staticmethod
    def open(storage: Storage) -> Bucket:
        """The bucket that the settings name. Nothing is asked of the server yet.

        Raises:
            StorageAway: the settings cannot be those of a bucket.
        """
        name = f"the bucket {storage.s3_bucket} at {_shown(storage.s3_endpoint)}"
        config: S3Config = {
            "region": storage.s3_region,
            "virtual_hosted_style_request": storage.s3_endpoint is None,
        }
        if storage.s3_endpoint is not None:
            config["endpoint"] = storage.s3_endpoint
        if storage.s3_access_key_id is not None and storage.s3_secret_access_key is not None:
            config["access_key_id"] = storage.s3_access_key_id
            config["secret_access_key"] = storage.s3_secret_access_key.get_secret_value()
        try:
            store = S3Store(storage.s3_bucket, config=config, client_options=_CLIENT, retry_config=_RETRY)
        except (BaseError, ValueError):
            problem = f"{name} cannot be addressed: look at the s3_ keys of storage"
        else:
            return Bucket(store, name)
        raise StorageAway(errno.EINVAL, problem)

    def put(self, key: str, data: bytes) -> None:
        """Store an object whole, in the place of an earlier one.

        Raises:
            StorageAway: that failed.
        """
        self._ask(lambda: obstore.put(self._store, key, data, use_multipart=False))

    def get(self, key: str) -> bytes:
        """An object's content, in memory: objects are small here.

        Raises:
            FileNotFoundError: there is none.
            StorageAway: that failed.
        """
        return self._ask(lambda: bytes(obstore.get(self._store, key).bytes()))

    def below(self, prefix: str) -> list[StoredObject]:
        """The objects below a prefix (`a/b` has `a/b/c` below it, and not `a/bc`), in the order of their keys.

        Raises:
            StorageAway: that failed.
        """
        pages = self._ask(lambda: list(obstore.list(self._store, prefix, chunk_size=_PAGE)))
        found = (StoredObject(o["path"], o["size"], o["e_tag"]) for page in pages for o in page)
        return sorted(found, key=lambda stored: stored.key)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is not there is gone already.

        Raises:
            StorageAway: that failed; some may be gone.
        """
        if doomed := list(keys):
            self._ask(lambda: obstore.delete(self._store, doomed))

    def prove(self) -> None:
        """Write a small object, read it back and remove it.

        Raises:
            StorageAway: the bucket cannot be used.
        """
        key, data = f"check/{secrets.token_hex(8)}", secrets.token_bytes(16)
        self.put(key, data)
        try:
            if self.get(key) != data:
                raise StorageAway(errno.EIO, f"{self._name} gives back something else than was put there")
        except FileNotFoundError:
            raise StorageAway(errno.EIO, f"{self._name} does not have what was just put there") from None
        self.delete([key])

    def __str__(self) -> str:
        return self._name

    def _ask(self, act: Callable[[], _Answer]) -> _Answer:
        try:
            return act()
        except (BaseError, FileNotFoundError) as error:
            problem = self._problem(str(error), missing=isinstance(error, FileNotFoundError))
        # Out here the exception has no context: a log of it cannot show what obstore said.
        raise problem

    def _problem(self, said: str, *, missing: bool) -> OSError:
        status, code = (found[1] if (found := pattern.search(said)) else "" for pattern in (_STATUS, _CODE))
        answer = " ".join(filter(None, (status, code)))
        if missing and code in ("", "NoSuchKey"):
            return FileNotFoundError(errno.ENOENT, f"{self._name} holds no such object")
        if code == "NoSuchBucket":
            return StorageAway(errno.EIO, f"{self._name} does not exist: look at storage.s3_bucket")
        if code in _WRONG_REGION:
            return StorageAway(errno.EIO, f"{self._name} is in another region ({answer}): look at storage.s3_region")
        if code in _FULL or status == "507":
            return StorageAway(errno.ENOSPC, f"{self._name} is full ({answer})")
        if _MACHINES_ROLE.search(said):
            return StorageAway(
                errno.EACCES,
                f"{self._name} needs a key, and this machine has no role to get one: "
                "look at storage.s3_access_key_id and storage.s3_secret_access_key",
            )
        if code in _REFUSING_KEYS or status in ("401", "403"):
            return StorageAway(
                errno.EACCES,
                f"{self._name} refuses the key ({answer}): look at storage.s3_access_key_id, "
                "storage.s3_secret_access_key, what that key may do, and this machine's clock",
            )
        what = f"answers with an error ({answer})" if answer else "cannot be reached"
        return StorageAway(errno.EHOSTUNREACH, f"{self._name} {what}: look at storage.s3_endpoint")


def _shown(endpoint: str | None) -> str:
    """The server without what an address may hold besides: a user, a password, a query."""
    if endpoint is None:
        return "Amazon S3"
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
