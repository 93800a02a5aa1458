"""Owns the Olm sessions in memory: those of each device, the one that was last of use first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nio.crypto import Session


class OlmSessions:
    """In the place of nio's `SessionStore`, which keeps an entry for every key that anybody makes up.

    nio also calls a session the last used that was tried and did not fit. Here only what `used` is told counts.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, list[Session]] = {}

    def __getitem__(self, sender_key: str) -> Sequence[Session]:
        """All sessions with a device, in the order in which they are to be tried."""
        return tuple(self._by_key.get(sender_key, ()))

    def __iter__(self) -> Iterator[tuple[str, Session]]:
        for sender_key, sessions in self._by_key.items():
            for session in sessions:
                yield sender_key, session

    def get(self, sender_key: str) -> Session | None:
        """The session to encrypt with."""
        return next(iter(self._by_key.get(sender_key, ())), None)

    def add(self, sender_key: str, session: Session) -> None:
        """Nio has made a new session: the one to use."""
        self.used(sender_key, session)

    def used(self, sender_key: str, session: Session) -> None:
        """The session has encrypted or decrypted something."""
        others = [other for other in self._by_key.get(sender_key, ()) if other is not session]
        self._by_key[sender_key] = [session, *others]

    def remove(self, sender_key: str, session: Session) -> None:
        """The session is no longer needed."""
        left = [other for other in self._by_key[sender_key] if other is not session]
        if left:
            self._by_key[sender_key] = left
        else:
            del self._by_key[sender_key]
