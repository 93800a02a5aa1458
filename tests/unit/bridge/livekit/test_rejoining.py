"""When a recorder tries again, and when it gives up."""

from __future__ import annotations

from bridge.livekit.rejoining import LONGEST_PAUSE_S, Rejoining


def test_pauses_grow_and_stay_bounded() -> None:
    """The first try is soon; later ones are no further apart than the longest pause."""
    rejoining = Rejoining(60, now_s=0)
    pauses = [rejoining.next_pause_s(now_s=1, stayed_s=0) for _ in range(2_000)]
    assert pauses[0] is not None
    assert pauses[0] < 0.5
    assert all(pause is not None and 0 < pause <= LONGEST_PAUSE_S for pause in pauses)
    assert min(pause for pause in pauses[4:] if pause is not None) >= LONGEST_PAUSE_S / 2


def test_an_outage_that_lasts_too_long_is_given_up() -> None:
    """The time runs from the end of the last real stay."""
    rejoining = Rejoining(60, now_s=0)
    assert rejoining.next_pause_s(now_s=1_000, stayed_s=990) is not None
    assert rejoining.next_pause_s(now_s=1_059, stayed_s=0) is not None
    assert rejoining.next_pause_s(now_s=1_060, stayed_s=0) is None


def test_being_let_in_and_put_out_at_once_does_not_go_on_for_ever() -> None:
    """A stay of a second does not begin a new outage."""
    rejoining = Rejoining(60, now_s=0)
    outcomes = [rejoining.next_pause_s(now_s=now_s, stayed_s=1) for now_s in range(2, 80, 2)]
    assert None in outcomes


def test_a_real_stay_begins_the_pauses_anew() -> None:
    """After a good hour the first try is soon again."""
    rejoining = Rejoining(60, now_s=0)
    for now_s in range(10):
        rejoining.next_pause_s(now_s=now_s, stayed_s=0)
    pause_s = rejoining.next_pause_s(now_s=3_600, stayed_s=3_590)
    assert pause_s is not None
    assert pause_s < 0.5
