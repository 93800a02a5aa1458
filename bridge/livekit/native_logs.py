"""Keeps access tokens out of the logs: the native SDK writes the one that a server refused, whole."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")


class WithoutTokens(logging.Filter):
    """Puts `<token>` where a log line holds a JSON Web Token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and let it pass."""
        message = record.getMessage()
        if _TOKEN.search(message):
            record.msg, record.args = _TOKEN.sub("<token>", message), ()
        return True


def keep_tokens_out() -> None:
    """Apply it to the SDK's logger, once however often it is called."""
    sdk = logging.getLogger("livekit")
    if not any(isinstance(present, WithoutTokens) for present in sdk.filters):
        sdk.addFilter(WithoutTokens())
