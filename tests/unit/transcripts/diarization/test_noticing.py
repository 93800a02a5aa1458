"""Several people at one microphone are noticed when they are plain, and one person is never taken for several."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from transcripts.diarization.noticing import Noticing, likeness, several_voices
from transcripts.diarization.voices import Vector
from transcripts.sound import SAMPLE_RATE_HZ, Samples

BETWEEN = np.geomspace(40.0, 0.01, 48)
"""Variances between voices, as a PLDA has them: large in few dimensions."""


def voice(random: np.random.Generator) -> Vector:
    """Somebody's place in the space of voices."""
    return np.asarray(random.normal(0, np.sqrt(BETWEEN)))


def said(random: np.random.Generator, *voices: Vector) -> Vector:
    """One voiceprint of each voice that speaks, in this order."""
    return np.array([random.normal(place, 1) for place in voices])


@dataclass
class ScriptedPrints:
    """Voiceprints that know who speaks by the sign of the sound: one person below zero, another above."""

    looked_at: int = 0
    between_voices: Vector = field(default_factory=lambda: BETWEEN)

    def of(self, speech: Samples) -> Vector | None:
        """See `voices.Voiceprints`; people are as different as they usually are."""
        self.looked_at += 1
        return np.asarray(np.sqrt(BETWEEN) * np.sign(speech.mean()))


def spoken(lasting_s: float, person: int = 1, level: float = 0.1) -> Samples:
    """An utterance of one of two persons."""
    return np.full(round(lasting_s * SAMPLE_RATE_HZ), person * level, np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_one_voice_is_one(seed: int) -> None:
    """Forty pieces of anybody's speech."""
    random = np.random.default_rng(seed)

    assert not several_voices(said(random, *[voice(random)] * 40), BETWEEN)


def test_voices_that_are_as_different_as_voices_are_become_plain_with_three_pieces_each() -> None:
    """Two pieces could be a cough and a laugh."""
    random = np.random.default_rng(1)
    here, there = np.sqrt(BETWEEN), -np.sqrt(BETWEEN)

    assert not several_voices(said(random, *[here] * 10, *[there] * 2), BETWEEN)
    assert several_voices(said(random, *[here] * 10, *[there] * 3), BETWEEN)


def test_likeness_is_in_units_of_what_two_voices_are_expected_to_give() -> None:
    """−1 on average over pairs of different people, above 0 for the same, in a model of any size."""
    random = np.random.default_rng(3)
    for between in (BETWEEN, np.geomspace(8.0, 0.5, 128)):
        people = random.normal(0, np.sqrt(between), (300, len(between)))
        scores = likeness(people + random.normal(0, 1, people.shape), between)
        again = likeness(np.vstack([people, people]) + random.normal(0, 1, (600, len(between))), between)

        assert scores[np.triu_indices(300, 1)].mean() == pytest.approx(-1, abs=0.1)
        assert (np.diag(again, 300) > 0).mean() > 0.99


def test_voices_that_resemble_each_other_are_not_plain() -> None:
    """They may as well be one person in two moods."""
    random = np.random.default_rng(2)
    here = np.sqrt(BETWEEN) / 3

    assert not several_voices(said(random, *[here] * 5, *[-here] * 5), BETWEEN)


def test_two_people_in_turn_are_noticed_and_then_nothing_more_is_worked_out() -> None:
    """Six pieces are enough."""
    prints = ScriptedPrints()
    noticing = Noticing(prints)

    for _ in range(3):
        assert not noticing.several
        noticing.push(spoken(4, 1))
        noticing.push(spoken(4, -1))

    assert noticing.several
    noticing.push(spoken(100, 1))
    assert prints.looked_at == 6


def test_few_pieces_of_a_long_call_are_looked_at() -> None:
    """One person's eight hours cost hardly more than their first."""
    prints = ScriptedPrints()
    noticing = Noticing(prints)
    looked_at = []
    for _ in range(8):
        for _ in range(360):
            noticing.push(spoken(10))
        looked_at.append(prints.looked_at)

    assert looked_at[0] < 110
    assert looked_at[-1] < looked_at[0] + 60
    assert not noticing.several


def test_short_utterances_and_other_people_s_loudspeakers_are_not_looked_at() -> None:
    """A second of speech says little of a voice; bleed at −20 dB is the voices of others, before or after one's own."""
    prints = ScriptedPrints()
    noticing = Noticing(prints)
    for _ in range(10):
        noticing.push(spoken(1.5))
    assert prints.looked_at == 0

    for _ in range(5):
        noticing.push(spoken(4, -1, level=0.005))
        noticing.push(spoken(4, 1, level=0.05))
        noticing.push(spoken(4, -1, level=0.005))
    assert prints.looked_at == 5
    assert not noticing.several


def test_faint_voices_heard_before_the_near_one_are_forgotten_once_it_speaks() -> None:
    """Whose level counts is known when the loudest was heard."""
    noticing = Noticing(ScriptedPrints())
    for _ in range(4):
        noticing.push(spoken(4, -1, level=0.015))
    for _ in range(4):
        noticing.push(spoken(4, 1, level=0.15))

    assert not noticing.several
