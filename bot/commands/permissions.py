"""Who may do what: decided from the configuration and the power levels of the room, and from nothing else."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from bridge.matrix.ids import UserId
from config.models import Permissions


def matches(user: UserId, patterns: Iterable[str]) -> bool:
    """Whether `user` is named by one of `patterns`, in which `*` and `?` stand for any characters."""
    return any(_compiled(pattern).fullmatch(user) for pattern in patterns)


def may_invite(user: UserId, permissions: Permissions) -> bool:
    """Whether the bot follows an invitation of `user`."""
    return matches(user, permissions.invite)


def may_start(user: UserId, power_level: int, permissions: Permissions) -> bool:
    """Whether `user`, who has `power_level` in the room, may open a call there."""
    return matches(user, permissions.start) and power_level >= permissions.start_power_level


def may_end(user: UserId, power_level: int, opened_by: UserId, permissions: Permissions) -> bool:
    """Whether `user` may end the call that `opened_by` opened."""
    return user == opened_by or power_level >= permissions.end_power_level


def may_change_settings(power_level: int, permissions: Permissions) -> bool:
    """Whether someone with `power_level` may change how the bot speaks in the room."""
    return power_level >= permissions.settings_power_level


def _compiled(pattern: str) -> re.Pattern[str]:
    # Not `.*` for each `*`: a user id made for it would take ages to turn down. `[` is no pattern here, as in fnmatch.
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
