"""Power levels out of raw room state."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.matrix.ids import UserId
from bridge.matrix.power_levels import CREATOR_LEVEL, level_of

CLAIRE = UserId("@claire:tchap.test")
MARC = UserId("@marc:tchap.test")


def created(version: str | None, **content: Any) -> dict[str, Any]:
    """A create event sent by Claire."""
    return {"sender": CLAIRE, "content": {**({"room_version": version} if version else {}), **content}}


def test_a_users_own_level_goes_before_the_default() -> None:
    """As in every room."""
    levels = {"users": {CLAIRE: 75}, "users_default": 10}
    assert level_of(CLAIRE, levels, created("10")) == 75
    assert level_of(MARC, levels, created("10")) == 10


@pytest.mark.parametrize(
    ("written", "level"),
    [
        (50, 50),
        (-1, -1),
        ("50", 50),
        (" -5 ", -5),
        (50.9, 50),
        (True, 0),
        (None, 0),
        ("fifty", 0),
        ("9" * 5000, 0),
        ("٥٠", 0),
        ([50], 0),
        ({"level": 50}, 0),
        (float("inf"), 0),
        (float("nan"), 0),
        (1e300, 0),
        (2**53, 0),
    ],
)
def test_levels_are_read_leniently_and_never_as_more_than_they_say(written: object, level: int) -> None:
    """Old rooms hold strings and floats; junk counts as nothing."""
    assert level_of(CLAIRE, {"users": {CLAIRE: written}}, None) == level
    assert level_of(MARC, {"users_default": written}, None) == level


@pytest.mark.parametrize("junk", [None, [], "x", 5, {"users": []}, {"users": None}, {"users_default": {}}])
def test_state_of_any_shape_gives_a_stranger_nothing(junk: object) -> None:
    """Whatever the two events look like."""
    assert level_of(MARC, junk, junk) == 0
    assert level_of(MARC, junk, {"content": junk, "sender": junk}) == 0


def test_without_power_levels_the_creator_has_100() -> None:
    """The sender of the create event, or up to version 10 the creator it names."""
    assert level_of(CLAIRE, None, created("11")) == 100
    assert level_of(MARC, None, created("11")) == 0
    assert level_of(MARC, None, created("10", creator=MARC)) == 100
    assert level_of(CLAIRE, None, created(None, creator=MARC)) == 0


@pytest.mark.parametrize("version", ["12", "13", "100", "org.matrix.hydra.11"])
def test_in_version_12_creators_stand_above_all_levels(version: str) -> None:
    """They are not in the power levels at all, and there may be several."""
    create = created(version, additional_creators=[MARC, {"hostile": []}, None])
    levels = {"users": {CLAIRE: 0}, "users_default": 0}
    assert level_of(CLAIRE, levels, create) == CREATOR_LEVEL
    assert level_of(MARC, levels, create) == CREATOR_LEVEL
    assert level_of(UserId("@x:y"), levels, create) == 0


def test_before_version_12_nobody_stands_above_the_levels() -> None:
    """`additional_creators` means nothing there, and a creator can be brought down."""
    create = created("11", additional_creators=[MARC])
    assert level_of(MARC, {"users": {}}, create) == 0
    assert level_of(CLAIRE, {"users": {CLAIRE: 0}}, create) == 0


@pytest.mark.parametrize("version", ["", "٣٣", "1٣", "twelve", 12, None, ["12"]])
def test_an_odd_room_version_gives_no_supremacy(version: object) -> None:
    """Only versions that are known to be so."""
    assert level_of(CLAIRE, {"users": {}}, {"sender": CLAIRE, "content": {"room_version": version}}) == 0
