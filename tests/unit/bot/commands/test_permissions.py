"""Who may do what."""

from __future__ import annotations

import time

import pytest

from bot.commands.permissions import matches, may_change_settings, may_end, may_invite, may_start
from bridge.matrix.ids import UserId
from config.models import Permissions

CAMILLE = UserId("@camille:agent.tchap.test")
MARC = UserId("@marc:ext.tchap.test")


@pytest.mark.parametrize(
    ("pattern", "user", "named"),
    [
        ("*", "@anyone:anywhere", True),
        ("@camille:agent.tchap.test", CAMILLE, True),
        ("@camille:agent.tchap.test", "@camille:agentXtchap.test", False),
        ("@camille:agent.tchap.test", "@camille:agent.tchap.test.evil", False),
        ("@camille:agent.tchap.test", "@Camille:agent.tchap.test", False),
        ("@*:agent.tchap.test", CAMILLE, True),
        ("@*:agent.tchap.test", MARC, False),
        ("@*:agent.tchap.test", "@x:evil.test", False),
        ("@*:*.tchap.test", CAMILLE, True),
        ("@*:*.tchap.test", "@x:tchap.test", False),
        ("@camill?:agent.tchap.test", CAMILLE, True),
        ("@camille?:agent.tchap.test", CAMILLE, False),
        ("@[a-c]amille:agent.tchap.test", CAMILLE, False),
        ("@[x]:a", "@[x]:a", True),
        ("@(a|b):c", "@a:c", False),
        ("@a+:c", "@aa:c", False),
        ("@*:a", "@x\ny:a", True),
        (r"@\w:a", "@b:a", False),
    ],
)
def test_a_pattern_names_the_whole_of_a_user_id(pattern: str, user: str, named: bool) -> None:
    """`*` and `?` are the only characters that stand for others."""
    assert matches(UserId(user), [pattern]) is named


def test_one_pattern_of_several_is_enough_and_none_names_nobody() -> None:
    """An empty list is a closed door."""
    assert matches(MARC, ["@*:agent.tchap.test", "@marc:*"])
    assert not matches(MARC, [])


def test_a_pattern_with_many_stars_is_decided_at_once() -> None:
    """A user id made to be slow to match must not hold up the rooms."""
    began_s = time.perf_counter()
    assert not matches(UserId("@" + "a" * 240 + ":x"), ["@*a*a*a*a*a*a*b:x"])
    assert time.perf_counter() - began_s < 1


def test_an_invitation_is_followed_by_the_list_alone() -> None:
    """There is no power level before the bot is in the room."""
    assert may_invite(CAMILLE, Permissions(invite=("@*:agent.tchap.test",)))
    assert not may_invite(MARC, Permissions(invite=("@*:agent.tchap.test",)))


def test_opening_a_call_takes_the_list_and_the_level() -> None:
    """Either alone is not enough."""
    permissions = Permissions(start=("@camille:*",), start_power_level=10)
    assert may_start(CAMILLE, 10, permissions)
    assert not may_start(CAMILLE, 9, permissions)
    assert not may_start(MARC, 100, permissions)


def test_whoever_opened_a_call_may_end_it_whatever_their_level() -> None:
    """Everyone else needs the level."""
    permissions = Permissions(end_power_level=50)
    assert may_end(MARC, -1, MARC, permissions)
    assert may_end(CAMILLE, 50, MARC, permissions)
    assert not may_end(CAMILLE, 49, MARC, permissions)


def test_settings_of_a_room_take_a_level() -> None:
    """The limit itself is enough."""
    assert may_change_settings(50, Permissions(settings_power_level=50))
    assert not may_change_settings(49, Permissions(settings_power_level=50))
