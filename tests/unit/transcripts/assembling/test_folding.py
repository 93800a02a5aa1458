"""A listener's words read within the turn that they accompany."""

from __future__ import annotations

from tests.fakes.speech import spread
from transcripts.assembling.folding import Accompanied, folded
from transcripts.assembling.gaps import Gap
from transcripts.assembling.turns import Turn
from transcripts.recognition.recogniser import Word


def turn(speaker: str, start_s: float, end_s: float, text: str, *, listening: bool = False) -> Turn:
    """A turn whose words are evenly spread."""
    return Turn(speaker, "fr", spread(text, start_s, end_s), listening=listening)


def read(passages: list[Turn | Gap]) -> list[str]:
    """What a reader sees, a line a passage."""
    return [
        "…" if isinstance(passage, Gap) else " | ".join(f"{part.speaker}: {part.text}" for part in passage.pieces())
        for passage in folded(passages)
    ]


def test_a_listener_is_read_where_they_spoke() -> None:
    """Between the words before and after."""
    assert read([turn("Claire", 0, 4, "un deux trois quatre"), turn("Marc", 1.9, 2.4, "d'accord", listening=True)]) == [
        "Claire: un deux | Marc: d'accord | Claire: trois quatre"
    ]


def test_several_listeners_keep_their_order() -> None:
    """And no word of anybody is lost."""
    assert read(
        [
            turn("Claire", 0, 4, "un deux trois quatre"),
            turn("Marc", 0.9, 1.2, "oui", listening=True),
            turn("Sophie", 2.9, 3.2, "voilà", listening=True),
        ]
    ) == ["Claire: un | Marc: oui | Claire: deux trois | Sophie: voilà | Claire: quatre"]


def test_a_listener_after_the_last_word_stands_at_the_end() -> None:
    """The turn is not broken at its end."""
    assert read([turn("Claire", 0, 4, "un deux"), turn("Marc", 3.9, 4.0, "oui", listening=True)]) == [
        "Claire: un deux | Marc: oui"
    ]


def test_a_listener_parts_no_word_of_two_tokens() -> None:
    """What a recogniser gives as two is one to its reader."""
    words = (Word(" aujourd", 0, 1, 1.0), Word("'hui", 1, 2, 1.0), Word(" même", 2, 3, 1.0))

    assert read([Turn("Claire", "fr", words), turn("Marc", 0.5, 0.9, "oui", listening=True)]) == [
        "Claire: aujourd'hui | Marc: oui | Claire: même"
    ]


def test_without_a_turn_to_accompany_it_is_a_turn() -> None:
    """As after a gap in the recording, or when the speaker is the listener's own."""
    alone = turn("Marc", 5, 5.5, "oui", listening=True)

    assert read([turn("Claire", 0, 4, "un deux"), Gap(4, 5), alone]) == ["Claire: un deux", "…", "Marc: oui"]
    assert read([alone]) == ["Marc: oui"]
    assert list(folded([alone])) == [Accompanied(alone)]


def test_what_is_no_listening_stays_a_turn() -> None:
    """However short."""
    assert read([turn("Claire", 0, 4, "un deux"), turn("Marc", 2, 2.5, "non")]) == ["Claire: un deux", "Marc: non"]
