"""An appservice registration file as a homeserver's admin installs it, with tokens that a test knows."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class AppserviceRegistration:
    """Who the appservice is: a bot in an exclusive namespace, and a sender that is not the bot.

    The sender of an appservice cannot `/sync` on Synapse, so the bot is another user than it.
    """

    server_name: str
    bot_localpart: str = "greffier"
    user_regex: str | None = None
    """Localparts of the namespace; only the bot's unless given."""
    rate_limited: bool = False
    """Whether the homeserver's limits hold for the bot as for anybody."""
    url: str | None = None
    """Where the homeserver pushes events to."""
    as_token: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    hs_token: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @property
    def bot_user_id(self) -> str:
        """The bot's full Matrix user id."""
        return f"@{self.bot_localpart}:{self.server_name}"

    def write(self, path: Path) -> Path:
        """Write the file, readable by its owner only, and give its path back."""
        regex = f"@{self.user_regex or self.bot_localpart}:{self.server_name.replace('.', chr(92) + '.')}"
        content = {
            "id": f"greffier-{self.bot_localpart}",
            "url": self.url,
            "as_token": self.as_token,
            "hs_token": self.hs_token,
            "sender_localpart": f"{self.bot_localpart}_as",
            "namespaces": {"users": [{"exclusive": True, "regex": regex}], "aliases": [], "rooms": []},
            "rate_limited": self.rate_limited,
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=1))  # JSON is YAML
        return path
