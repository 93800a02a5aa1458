"""Whether a call goes on: people, empty rooms, rooms that are gone, and a LiveKit server that was restarted."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.meeting.call_watch import RETURN_WITHIN_S, Seen, Verdict, Watch, judge
from config.models import Calls

LIMITS = Calls(max_duration_min=60, empty_timeout_s=900, departure_timeout_s=5)
OPENED_S = 1_000_000.0


def look(at_s: float, *people: str) -> Seen:
    """These people are in the call, so many seconds after it was opened."""
    return Seen(OPENED_S + at_s, people)


def gone(at_s: float) -> Seen:
    """LiveKit knows no such call."""
    return Seen(OPENED_S + at_s, (), has_room=False)


def silent(at_s: float) -> Seen:
    """LiveKit does not answer."""
    return Seen(OPENED_S + at_s, None)


def verdicts(*looks: Seen, closed_before: int | None = None) -> list[Verdict]:
    """What is said after each look; LiveKit says before one of them that it has closed the call."""
    watch, said = Watch(OPENED_S), []
    for number, seen in enumerate(looks):
        if number == closed_before:
            watch = Watch(watch.opened_s, watch.attended, watch.nobody_since_s, watch.lost, closed=True)
        watch, verdict = judge(watch, seen, LIMITS)
        said.append(verdict)
    return said


@pytest.mark.parametrize(
    ("looks", "last"),
    [
        pytest.param([look(0)], "goes on", id="nobody has come yet"),
        pytest.param([look(0), look(899)], "goes on", id="nobody has come yet, and it is nearly time"),
        pytest.param([look(0), gone(896)], "over", id="nobody came, and LiveKit closed it"),
        pytest.param([look(0), look(906)], "over", id="nobody came, and LiveKit did not close it"),
        pytest.param([look(0), gone(30)], "lost", id="LiveKit was restarted before anybody came"),
        pytest.param([look(5, "a"), look(10), gone(16)], "over", id="they left, and LiveKit closed it"),
        pytest.param([look(5, "a"), look(10), look(20)], "goes on", id="they left; LiveKit is about to close it"),
        pytest.param([look(5, "a"), look(10), look(61)], "over", id="they left, and LiveKit never closes it"),
        pytest.param([look(5, "a"), gone(10)], "lost", id="gone under them"),
        pytest.param([look(5, "a"), gone(10), gone(20)], "lost", id="gone twice"),
        pytest.param([look(5, "a"), gone(10), look(20)], "goes on", id="opened again, nobody is back yet"),
        pytest.param([look(5, "a"), gone(10), look(30, "a")], "goes on", id="opened again, and they are back"),
        pytest.param([look(5, "a"), gone(10), gone(56)], "over", id="gone, and nobody came back"),
        pytest.param([look(5, "a"), gone(10), look(61)], "over", id="opened again, and nobody came back"),
        pytest.param([look(5, "a"), look(10), look(30, "b"), look(70)], "goes on", id="each absence counts anew"),
        pytest.param([look(5, "a"), silent(10), silent(600)], "goes on", id="LiveKit is away, which says nothing"),
        pytest.param([look(5, "a"), silent(3601)], "overdue", id="LiveKit is away, and time is up"),
        pytest.param([look(5, "a"), look(3601, "a")], "overdue", id="time is up"),
    ],
)
def test_a_call_is_judged_by_what_looks_at_it_show(looks: list[Seen], last: Verdict) -> None:
    """The last look decides, in the light of those before."""
    assert all(before.at_s < after.at_s for before, after in pairwise(looks))
    assert verdicts(*looks)[-1] == last


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        pytest.param([look(5, "a"), gone(10)], ["goes on", "over"], id="closed with people in it"),
        pytest.param([look(0), gone(10)], ["goes on", "over"], id="closed before anybody came"),
        pytest.param([look(5, "a"), look(10)], ["goes on", "goes on"], id="closed, and there all the same"),
    ],
)
def test_a_call_that_livekit_says_it_has_closed_is_over_once_it_is_gone(looks: list[Seen], said: list[Verdict]) -> None:
    """Nobody is waited for; but while the room is there, somebody has opened it again."""
    assert verdicts(*looks, closed_before=1) == said


def test_a_call_that_was_opened_again_in_vain_is_over_once_its_closing_is_known() -> None:
    """The word that it was closed, not lost, may come after the first look."""
    assert verdicts(look(5, "a"), gone(10), look(12), closed_before=2) == ["goes on", "lost", "over"]


def test_people_who_come_back_make_an_old_closing_word_void() -> None:
    """A webhook that came late, or twice, does not end the call that goes on."""
    assert verdicts(look(5, "a"), look(10, "a"), gone(15), closed_before=1) == ["goes on", "goes on", "lost"]


def test_everyone_who_was_seen_has_attended() -> None:
    """Also those who have left, and those who were there before a restart."""
    watch = Watch(OPENED_S)
    for seen in (look(1, "a"), look(2, "b"), gone(3), look(4, "c")):
        watch, _ = judge(watch, seen, LIMITS)
    assert watch.attended == {"a", "b", "c"}
    assert watch.has_people


def test_browsers_get_the_time_they_need_to_come_back() -> None:
    """livekit-client tries for about 44 s."""
    delays_s = (0, 0.3, 1.2, 2.7, 4.8, 7, 7, 7, 7, 7)
    assert sum(delays_s) <= RETURN_WITHIN_S
