"""The appservice's registration file: what the homeserver's admin loads so that the bot may act without a password.

Application Service API, section "Registration" (spec v1.15).
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr


class RegistrationError(Exception):
    """The registration file cannot be read or written; the message says what to do."""


@dataclass(frozen=True)
class Registration:
    """One appservice as the homeserver knows it."""

    id: str
    as_token: SecretStr
    hs_token: SecretStr
    sender_localpart: str
    bot_user_id: str
    url: str | None = None
    """Where the homeserver pushes events to; None: nowhere, the bot asks for them."""

    @classmethod
    def fresh(cls, *, bot_localpart: str, server_name: str, url: str | None = None) -> Registration:
        """A registration with new random tokens.

        The sender is a user of its own beside the bot: a homeserver lets no appservice *sender* call `/sync`, but lets
        a user of its namespace do so.
        """
        return cls(
            id=bot_localpart,
            as_token=SecretStr(secrets.token_urlsafe(48)),
            hs_token=SecretStr(secrets.token_urlsafe(48)),
            sender_localpart=f"{bot_localpart}_as",
            bot_user_id=f"@{bot_localpart}:{server_name}",
            url=url,
        )

    @classmethod
    def read(cls, path: Path) -> Registration:
        """Read the file at `path`.

        Raises:
            RegistrationError: It is missing, unreadable, or not a registration of ours.
        """
        try:
            raw = yaml.safe_load(path.read_text("utf-8"))
        except FileNotFoundError:
            raise RegistrationError(f"{path} does not exist; write it with: greffier registration -c CONFIG") from None
        except OSError as error:
            raise RegistrationError(f"{path} cannot be read ({error.strerror})") from None
        except (yaml.YAMLError, ValueError, RecursionError):
            raise RegistrationError(f"{path} is not YAML; write a new one with: greffier registration") from None
        try:
            return cls(
                id=_text(raw, "id"),
                as_token=SecretStr(_text(raw, "as_token")),
                hs_token=SecretStr(_text(raw, "hs_token")),
                sender_localpart=_text(raw, "sender_localpart"),
                bot_user_id=_literal(raw["namespaces"]["users"][0]["regex"]),
                url=_text(raw, "url").rstrip("/") if raw.get("url") is not None else None,
            )
        except (KeyError, IndexError, TypeError, ValueError):
            raise RegistrationError(
                f"{path} is not a registration that `greffier registration` wrote; write a new one"
            ) from None

    def as_yaml(self) -> str:
        """The file's text."""
        content = {
            "id": self.id,
            "url": self.url,
            "as_token": self.as_token.get_secret_value(),
            "hs_token": self.hs_token.get_secret_value(),
            "sender_localpart": self.sender_localpart,
            "rate_limited": False,
            "namespaces": {
                "users": [{"exclusive": True, "regex": re.escape(self.bot_user_id)}],
                "rooms": [],
                "aliases": [],
            },
        }
        return yaml.safe_dump(content, sort_keys=False)

    def write(self, path: Path) -> None:
        """Write the file, readable by its owner only; never over another.

        Raises:
            RegistrationError: It exists already, or the folder cannot be written.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise RegistrationError(
                f"{path} exists already and is not overwritten: the homeserver knows its tokens. "
                "Remove it first if you really want new ones"
            ) from None
        except OSError as error:
            raise RegistrationError(f"{path} cannot be written ({error.strerror})") from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.as_yaml())
            file.flush()
            os.fsync(file.fileno())


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw[key]
    if not isinstance(value, str) or not value:
        raise TypeError(key)
    return value


def _literal(pattern: str) -> str:
    return re.sub(r"\\(.)", r"\1", pattern)
