"""A bucket in memory, behind the same obstore calls as S3; it can be away, from the start or after some puts."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable

from obstore.store import MemoryStore

from transcripts.storage.bucket import Bucket, StorageAway, StoredObject


class FakeBucket(Bucket):
    """What the code under test put there, and what it asked."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(), "the test's bucket")
        self.puts: list[tuple[str, int]] = []
        """Keys and sizes, in the order in which they were put."""
        self.gets: list[str] = []
        self.puts_left: int | None = None
        """After so many more it is away; None: never."""
        self.deletes_fail = False
        self._lock = threading.Lock()

    @property
    def away(self) -> bool:
        """Whether it answers nothing."""
        return self.puts_left == 0

    def put(self, key: str, data: bytes) -> None:
        """Store an object."""
        with self._lock:
            self._answer()
            super().put(key, data)
            self.puts.append((key, len(data)))
            if self.puts_left is not None:
                self.puts_left -= 1

    def get(self, key: str) -> bytes:
        """An object's content."""
        self._answer()
        self.gets.append(key)
        return super().get(key)

    def below(self, prefix: str) -> list[StoredObject]:
        """The objects below a prefix."""
        self._answer()
        return super().below(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects."""
        doomed = list(keys)
        self._answer()
        if doomed and self.deletes_fail:
            raise StorageAway(errno.EHOSTUNREACH, "the test's bucket is away")
        super().delete(doomed)

    def _answer(self) -> None:
        if self.away:
            raise StorageAway(errno.EHOSTUNREACH, "the test's bucket is away")
