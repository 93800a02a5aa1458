"""Owns the Olm sessions in memory: those of each device, the one that was last of use first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from nio.crypto import Session

from bridge.matrix.ids import UserId

Party = tuple[UserId, str]
"""A device as the other end of Olm sessions: its owner and its identity key, which others may list as theirs."""


class OlmSessions:
    """In the place of nio's `SessionStore`, which keeps an entry for every key that anybody makes up.

    nio also calls a session the last used that was tried and did not fit. Here only what `used` is told counts.
    """

    def __init__(self) -> None:
        self._by_user: defaultdict[UserId, dict[str, list[Session]]] = defaultdict(dict)

    def __getitem__(self, party: Party) -> Sequence[Session]:
        """All sessions with a device, in the order in which they are to be tried."""
        user_id, sender_key = party
        return tuple(self._by_user.get(user_id, {}).get(sender_key, ()))

    def __iter__(self) -> Iterator[tuple[Party, Session]]:
        for user_id, by_key in self._by_user.items():
            for sender_key, sessions in by_key.items():
                for session in sessions:
                    yield (user_id, sender_key), session

    def keys_of(self, user_id: UserId) -> Sequence[str]:
        """The keys with which there are sessions, the one that was last of use at the end."""
        return tuple(self._by_user.get(user_id, ()))

    def get(self, party: Party) -> Session | None:
        """The session to encrypt with."""
        return next(iter(self[party]), None)

    def used(self, party: Party, session: Session) -> None:
        """The session is new, or has encrypted or decrypted something."""
        others = [other for other in self[party] if other is not session]
        user_id, sender_key = party
        self._by_user[user_id].pop(sender_key, None)
        self._by_user[user_id][sender_key] = [session, *others]

    def remove(self, party: Party, session: Session) -> None:
        """The session is no longer needed."""
        user_id, sender_key = party
        left = [other for other in self[party] if other is not session]
        if left:
            self._by_user[user_id][sender_key] = left
            return
        del self._by_user[user_id][sender_key]
        if not self._by_user[user_id]:
            del self._by_user[user_id]
