"""Owns what can go wrong with a homeserver: one class for each decision that a caller can make.

HomeserverError
├── HomeserverUnreachable    try again later
├── HomeserverFault          5xx, a proxy's page, junk: try again later
├── RateLimited              try again after `retry_after_s`
├── TokenRefused             the operator mends the registration; try again later
├── EncryptionNotReady       ours: there are no keys to encrypt with; try again later
└── RequestRefused           the homeserver understood and said no: trying again changes nothing
    ├── Forbidden
    │   └── RoomIsEncrypted  ours: plaintext is never sent there
    ├── ConfirmationNeeded   the account's owner has to confirm it
    ├── NotFound
    └── TooLarge
"""

from __future__ import annotations

from typing import ClassVar


class HomeserverError(Exception):
    """Something between us and the homeserver; the message says what failed and what to do."""

    can_be_retried: ClassVar[bool] = False
    errcode: str = ""
    """Matrix's own name of the error, where it gave one."""


class HomeserverUnreachable(HomeserverError):
    """No answer came."""

    can_be_retried = True


class HomeserverFault(HomeserverError):
    """An answer came, but it is not one that Matrix gives: a server error, a proxy's page, junk."""

    can_be_retried = True


class RateLimited(HomeserverError):
    """Too many requests for the homeserver's taste."""

    can_be_retried = True

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TokenRefused(HomeserverError):
    """The homeserver does not know our token, or does not let it act as the bot: for the operator to mend."""

    can_be_retried = True


class EncryptionNotReady(HomeserverError):
    """The room is encrypted and the bot's keys cannot be used now: not sent."""

    can_be_retried = True


class RequestRefused(HomeserverError):
    """The homeserver understood and said no."""


class Forbidden(RequestRefused):
    """The bot may not do this here (not a member any more, power level, a rule of the room)."""


class RoomIsEncrypted(Forbidden):
    """The room is encrypted and this would have been plaintext: not sent."""


class ConfirmationNeeded(RequestRefused):
    """The account's owner has to confirm this in one of a few ways (spec: "User-Interactive Authentication API")."""

    def __init__(self, message: str, flows: frozenset[tuple[str, ...]], session: str) -> None:
        super().__init__(message)
        self.flows = flows
        self.session = session

    @property
    def takes_password(self) -> bool:
        """Whether the account's password is enough."""
        return ("m.login.password",) in self.flows


class NotFound(RequestRefused):
    """No such thing; where absence is an ordinary answer, functions return None instead."""


class TooLarge(RequestRefused):
    """The message or file is larger than what is accepted."""
