"""Names given at the door."""

from __future__ import annotations

import unicodedata

import pytest

from bridge.web.names import BadName, clean_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Claire", "Claire"),
        ("  Claire \n", "Claire"),
        ("Claire   Dupont", "Claire Dupont"),
        (unicodedata.normalize("NFD", "Zoé"), "Zoé"),
        ("J. O’Neil-Nguyễn [DINUM]", "J. O’Neil-Nguyễn [DINUM]"),
        ("李小龍", "李小龍"),
        ("نیم\u200cفاصله", "نیم\u200cفاصله"),
        ("👩🏽\u200d💻", "👩🏽\u200d💻"),
        ("x" * 64, "x" * 64),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_a_name_is_kept_as_people_write_it(given: str, kept: str) -> None:
    """Whatever script it is in; only its surroundings are tidied."""
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "   ",
        "\u3164",
        "\u200d",
        "x" * 65,
        "Claire\nDupont",
        "Claire\x00",
        "Claire\u202eecrem",
        "\u2066Claire",
        "\u200fClaire",
        "Cla\u200bire",
        "Claire\u2028Dupont",
        "\ud800",
        "\U000e0041dmin",
    ],
)
def test_a_name_that_shows_nothing_or_forges_another_is_refused(given: str) -> None:
    """Empty, too long, invisible, reordering or broken text is no name."""
    with pytest.raises(BadName):
        clean_name(given)


@pytest.mark.parametrize("given", [None, 1, True, ["Claire"], {"name": "Claire"}, 1.5])
def test_only_text_is_a_name(given: object) -> None:
    """JSON of any other type is refused."""
    with pytest.raises(BadName):
        clean_name(given)


def test_the_refusal_does_not_repeat_the_name() -> None:
    """What someone typed stays out of answers and logs."""
    with pytest.raises(BadName) as refused:
        clean_name("Secret\x07")
    assert "Secret" not in str(refused.value)
