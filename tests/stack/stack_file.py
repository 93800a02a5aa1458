"""`.stack.json`: where the running stack is and how to get in, for its owner's eyes only."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.stack.people import MatrixPerson
    from tests.stack.stack import Stack


def contents(stack: Stack, people: Sequence[MatrixPerson]) -> dict[str, Any]:
    """Everything that another client, a browser or a test needs."""
    return {
        "homeserver_url": stack.synapse.url,
        "server_name": stack.synapse.server_name,
        "registration_shared_secret": stack.synapse.registration_shared_secret,
        "users": [{"user_id": person.user_id, "password": person.password} for person in people],
        "bot_user_id": stack.bot_user_id,
        "public_url": stack.public_url,
        "livekit_url": stack.livekit.url,
        "livekit_api_key": stack.livekit.api_key,
        "livekit_api_secret": stack.livekit.api_secret,
        "pids": stack.pids(),
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file in one go; nobody but its owner can read it at any moment."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
    unfinished.replace(path)
