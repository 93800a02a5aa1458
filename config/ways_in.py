"""Owns the ways into a homeserver: which keys of `matrix:` go with which, and what the registration file fills in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config.models import Matrix
from config.registration import Registration, RegistrationError

_BELONGS_TO = {
    "as_token": "appservice",
    "hs_token": "appservice",
    "appservice_url": "appservice",
    "password": "account",
    "access_token": "account",
}


class NoCredentials(Exception):
    """The homeserver cannot be entered with these settings; the message says which key to mend."""


def misplaced(matrix: Matrix) -> Iterator[str]:
    """One sentence for each key that belongs to another way in than `matrix.identity`."""
    for key, identity in _BELONGS_TO.items():
        if identity != matrix.identity and getattr(matrix, key) is not None:
            yield (
                f"matrix.{key}: only where matrix.identity is {identity}, and it is {matrix.identity}; "
                "remove the one or change the other"
            )


def with_credentials(matrix: Matrix) -> Matrix:
    """The same settings with the tokens of the registration file, where the bot is an appservice's.

    Raises:
        NoCredentials: What the bot is to be known by is missing, or is another bot's.
    """
    if matrix.identity == "account":
        if matrix.password is None and matrix.access_token is None:
            raise NoCredentials(
                "matrix.password: missing; expected the account's password, or a token of the account in "
                "matrix.access_token"
            )
        return matrix
    missing = [key for key in _needed(matrix) if getattr(matrix, key) is None]
    try:
        registration = Registration.read(matrix.registration_file)
    except RegistrationError as error:
        if missing:
            raise NoCredentials(f"matrix.registration_file: {error}") from None
        return matrix  # the tokens were given otherwise, and the file need not be here
    if matrix.as_token not in (None, registration.as_token):
        if missing:
            raise NoCredentials(
                f"matrix.hs_token: missing; matrix.as_token is given, and is not the one of {matrix.registration_file}"
            )
        return matrix
    _refuse_if_foreign(registration, matrix)
    found: dict[str, Any] = {key: getattr(registration, key) for key in missing}
    return matrix.model_copy(update=found)


def appservice_id(matrix: Matrix) -> str:
    """What the homeserver calls this appservice: its registration's id, or the one that we give by default."""
    try:
        return Registration.read(matrix.registration_file).id
    except RegistrationError:
        return matrix.bot_localpart


def _needed(matrix: Matrix) -> tuple[str, ...]:
    return ("as_token",) if matrix.appservice_url is None else ("as_token", "hs_token")


def _refuse_if_foreign(registration: Registration, matrix: Matrix) -> None:
    if registration.bot_user_id != matrix.bot_user_id:
        raise NoCredentials(
            f"matrix.registration_file: it is for {registration.bot_user_id}, and matrix.bot_localpart and "
            f"matrix.server_name say {matrix.bot_user_id}; write a new one, or mend these"
        )
    if registration.url != matrix.appservice_url:
        raise NoCredentials(
            f"matrix.appservice_url: it is {matrix.appservice_url or 'null'}, and url in {matrix.registration_file} is "
            f"{registration.url or 'null'}; make them the same, and restart the homeserver, which reads that file when "
            "it starts"
        )
