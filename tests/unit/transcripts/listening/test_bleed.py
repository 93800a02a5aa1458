"""What others say is muted in a microphone, what its own speaker says is not, and nobody waits long for anybody."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from transcripts.listening.bleed import HALF_MEDIAN, PATIENCE_FRAMES, WORD_FRAMES, BleedGate, GatedTrack
from transcripts.listening.levels import LEVEL_FRAMES_PER_SECOND, Levels
from transcripts.listening.placed_levels import NEARBY_FRAMES

SPEECH_DBFS = -25.0
QUIET_DBFS = -60.0
OWN_FRAMES_AHEAD = HALF_MEDIAN + WORD_FRAMES


def levels(*parts: tuple[float, float]) -> Levels:
    """Levels from pairs of (dBFS, seconds)."""
    return np.concatenate([np.full(round(lasting_s * 50), level, np.float32) for level, lasting_s in parts])


def known_speaker(gate: BleedGate, microphone_of: str | None = None) -> GatedTrack:
    """A track whose speaker is known to speak at −25 dB."""
    track = gate.open_track(microphone_of)
    track.speech_level.learn(np.full(200, SPEECH_DBFS, np.float32))
    return track


def muted(track: GatedTrack) -> NDArray[np.bool_]:
    """What is decided now."""
    return track.decide().muted


def ended(track: GatedTrack, sound: Levels, started_s: float = 0.0) -> GatedTrack:
    """The track, all of it."""
    track.levels.push(sound, started_s)
    track.end()
    return track


def test_another_s_voice_is_muted_and_one_s_own_is_not() -> None:
    """One second of bleed at −20 dB, one second of silence, one second of speech."""
    gate = BleedGate()
    track = ended(known_speaker(gate), levels((-45, 1), (QUIET_DBFS, 1), (SPEECH_DBFS, 1)))
    ended(known_speaker(gate), levels((SPEECH_DBFS, 1), (QUIET_DBFS, 2)))

    found = muted(track)

    assert found[:50].all()
    assert not found[70:].any()


@pytest.mark.parametrize(
    ("own_dbfs", "other_dbfs", "is_muted"),
    [
        pytest.param(-38, -29, True, id="well below one's own level, and another is louder"),
        pytest.param(-36, -20, False, id="not far below one's own level"),
        pytest.param(-45, -38, False, id="no other is much louder"),
        pytest.param(-45, -60, False, id="nobody else speaks"),
    ],
)
def test_a_frame_is_muted_when_it_is_soft_and_another_track_is_louder(
    own_dbfs: float, other_dbfs: float, is_muted: bool
) -> None:
    """Both are needed: whoever speaks softly while nobody else does is heard, and so are two at once."""
    gate = BleedGate()
    track = ended(known_speaker(gate), levels((own_dbfs, 1)))
    ended(known_speaker(gate), levels((other_dbfs, 1)))

    found = muted(track)

    assert found.all() if is_muted else not found.any()


def test_who_was_never_heard_alone_is_muted_below_others() -> None:
    """At the beginning of a call the first voice in a microphone is often somebody else's."""
    gate = BleedGate()
    track = ended(gate.open_track("p-1"), levels((-20, 1), (-20, 1)))
    ended(known_speaker(gate, "p-2"), levels((-5, 1), (-20, 1)))

    found = muted(track)

    assert found[:60].all()
    assert not found[70:].any()


@pytest.mark.parametrize(
    ("whose", "other", "is_muted"),
    [
        pytest.param("p-2", np.tile(levels((-15, 0.8), (-45, 0.2)), 20), True, id="somebody who speaks"),
        pytest.param("p-2", np.tile(levels((-15, 0.8), (-25, 0.2)), 20), False, id="an engine"),
        pytest.param(None, np.tile(levels((-15, 0.8), (-45, 0.2)), 20), False, id="a film"),
    ],
)
def test_only_what_somebody_says_mutes_who_was_never_heard_alone(whose: str, other: Levels, is_muted: bool) -> None:
    """Whoever speaks beside a noise that never ends would not be heard in the whole call."""
    gate = BleedGate()
    track = ended(gate.open_track("p-1"), levels((-40, 20)))
    ended(known_speaker(gate, whose), other)

    found = muted(track)[12 * LEVEL_FRAMES_PER_SECOND :]

    assert found.all() if is_muted else not found.any()


def test_a_noise_that_never_ends_mutes_nobody() -> None:
    """Who is known to speak louder than this leans back, while somebody else drives a car."""
    gate = BleedGate()
    track = ended(known_speaker(gate, "p-1"), levels((-45, 20)))
    ended(gate.open_track("p-2"), levels((-20, 20)))

    found = track.decide()

    assert not found.muted[12 * LEVEL_FRAMES_PER_SECOND :].any()
    assert found.own[12 * LEVEL_FRAMES_PER_SECOND :].all()  # and it is learned how softly


@pytest.mark.parametrize("piece", [5, 37, 50])
def test_a_noise_is_told_however_its_levels_come(piece: int) -> None:
    """What was let go of meanwhile is not taken for a pause."""
    gate = BleedGate()
    track, engine = gate.open_track("p-1"), gate.open_track("p-2")
    found: list[NDArray[np.bool_]] = []
    for _ in range(0, 3000, piece):
        track.levels.push(np.full(piece, -45, np.float32), 0.0)
        engine.levels.push(np.full(piece, -20, np.float32), 0.0)
        found.append(muted(track))
        engine.decide()

    heard = ~np.concatenate(found)
    assert not heard[: 5 * LEVEL_FRAMES_PER_SECOND].any()  # it may be speech for so long
    assert heard[9 * LEVEL_FRAMES_PER_SECOND :].all()


def test_bleed_may_come_a_little_later_than_it_was_said() -> None:
    """A loudspeaker plays what has gone through the network: 300 ms are allowed for, a second is not."""
    gate = BleedGate()
    track = ended(known_speaker(gate), levels((-45, 3)))
    ended(known_speaker(gate), levels((QUIET_DBFS, 1), (SPEECH_DBFS, 1), (QUIET_DBFS, 1)))

    found = np.flatnonzero(muted(track))

    assert (found[0], found[-1]) == (50 - NEARBY_FRAMES, 99 + NEARBY_FRAMES)


def test_tracks_are_compared_on_the_meeting_s_clock() -> None:
    """Whoever joined ten seconds later has their first frame there."""
    gate = BleedGate()
    track = ended(known_speaker(gate), levels((-45, 12)))
    ended(known_speaker(gate), levels((SPEECH_DBFS, 1)), started_s=10.0)

    found = np.flatnonzero(muted(track))

    assert (found[0], found[-1]) == (500 - NEARBY_FRAMES, 549 + NEARBY_FRAMES)


def test_a_beginning_that_is_corrected_later_moves_the_whole_track() -> None:
    """The first frames of a track came late by chance."""
    gate = BleedGate()
    track, other = known_speaker(gate), known_speaker(gate)
    other.levels.push(levels((SPEECH_DBFS, 0.1)), 10.4)
    other.levels.push(levels((SPEECH_DBFS, 0.9), (QUIET_DBFS, 3)), 10.0)
    track.levels.push(levels((-45, 12)), 0.0)

    found = np.flatnonzero(muted(track))

    assert (found[0], found[-1]) == (500 - NEARBY_FRAMES, 549 + NEARBY_FRAMES)


def test_the_soft_sounds_of_a_word_are_kept_while_others_talk() -> None:
    """Every 120 ms somebody's own voice is soft for 60 ms, while another is twice as loud."""
    gate = BleedGate()
    track = ended(known_speaker(gate), np.tile(levels((SPEECH_DBFS, 0.06), (-50, 0.06)), 20))
    ended(known_speaker(gate), levels((-15, 3)))

    assert not muted(track).any()


def test_single_frames_decide_nothing() -> None:
    """The median over seven: a click of another, and a soft moment of one's own."""
    gate = BleedGate()
    own = levels((SPEECH_DBFS, 1))
    own[20:23] = -50.0
    track = ended(known_speaker(gate), own)
    ended(known_speaker(gate), levels((-10, 1)))

    assert not muted(track).any()


@pytest.mark.parametrize("piece", [1, 5, 37])
def test_it_does_not_matter_how_the_levels_come(piece: int) -> None:
    """In frames of 100 ms, one by one, or all at once; every frame is decided once."""
    rng = np.random.default_rng(5)
    sounds = [np.repeat(rng.choice([-60, -45, -25], 60), 12).astype(np.float32) for _ in range(3)]
    whole_gate = BleedGate()
    whole = [ended(known_speaker(whole_gate), sound) for sound in sounds]
    expected = [muted(track) for track in whole]

    gate = BleedGate()
    tracks = [known_speaker(gate) for _ in sounds]
    found: list[list[NDArray[np.bool_]]] = [[] for _ in sounds]
    for first in range(0, len(sounds[0]), piece):
        for track, sound, parts in zip(tracks, sounds, found, strict=True):
            track.levels.push(sound[first : first + piece], 0.0)
            parts.append(muted(track))
    for track, parts in zip(tracks, found, strict=True):
        track.end()
        parts.append(muted(track))

    for parts, every in zip(found, expected, strict=True):
        assert np.array_equal(np.concatenate(parts), every)
        assert every.any()
        assert not every.all()


def test_a_track_alone_waits_for_nobody() -> None:
    """But for its own next frames."""
    track = known_speaker(BleedGate())
    track.levels.push(levels((-45, 1)), 0.0)

    assert len(muted(track)) == 50 - OWN_FRAMES_AHEAD


def test_a_frame_waits_until_the_others_are_there() -> None:
    """Who is louder 300 ms later counts too."""
    gate = BleedGate()
    track, other = known_speaker(gate), known_speaker(gate)
    track.levels.push(levels((-45, 1)), 0.0)
    other.levels.push(levels((SPEECH_DBFS, 0.5)), 0.0)
    assert len(muted(track)) == 25 - NEARBY_FRAMES - HALF_MEDIAN

    other.levels.push(levels((SPEECH_DBFS, 0.5)), 0.0)
    assert len(muted(track)) == 25


@pytest.mark.parametrize("stalls_at_s", [0.0, -1e5])
def test_a_stalled_track_holds_nobody_up_for_long(stalls_at_s: float) -> None:
    """Nor one whose clock has jumped back by a day: two seconds are waited for it, and no more."""
    gate = BleedGate()
    track, other = known_speaker(gate), known_speaker(gate)
    other.levels.push(levels((SPEECH_DBFS, 0.5)), stalls_at_s)

    for second in range(1, 10):
        track.levels.push(levels((-45, 1)), 0.0)
        track.decide()
        assert track.undecided_from >= second * LEVEL_FRAMES_PER_SECOND - PATIENCE_FRAMES


def test_a_track_that_lags_is_still_compared_with_what_the_others_were_then() -> None:
    """Its sound comes seconds later than theirs."""
    gate = BleedGate()
    track, other = known_speaker(gate), known_speaker(gate)
    for _ in range(8):
        other.levels.push(levels((SPEECH_DBFS, 1)), 0.0)
        other.decide()
    track.levels.push(levels((-45, 1)), 0.0)

    assert muted(track).all()


@pytest.mark.parametrize("is_the_one_ended", [True, False])
def test_nobody_waits_for_a_track_that_has_ended_nor_does_it_wait(is_the_one_ended: bool) -> None:
    """Everything of it is settled at its end."""
    gate = BleedGate()
    track, other = known_speaker(gate), known_speaker(gate)
    track.levels.push(levels((-45, 1)), 0.0)
    (track if is_the_one_ended else other).end()

    assert len(muted(track)) == (50 if is_the_one_ended else 50 - OWN_FRAMES_AHEAD)


def test_memory_stays_flat_however_long_a_call_and_however_many_come_and_go() -> None:
    """Six hours in which somebody joins and leaves every minute."""
    gate = BleedGate()
    stays = known_speaker(gate)
    for minute in range(360):
        visitor = gate.open_track(None)
        for _ in range(6):
            stays.levels.push(levels((-45, 10)), 0.0)
            visitor.levels.push(levels((-45, 10)), minute * 60.0)
            stays.decide()
            visitor.decide()
        visitor.end()
        visitor.decide()
        gate.forget_ended()

    assert len(list(gate.beside(stays))) <= 2
    assert stays.levels.end - stays.levels.first < 60 * LEVEL_FRAMES_PER_SECOND


def test_of_two_microphones_of_one_participant_the_louder_is_heard() -> None:
    """Each moment in one of them, never in both, nor in none."""
    gate = BleedGate()
    first, second = known_speaker(gate, "p-1"), known_speaker(gate, "p-1")
    ended(first, levels((-30, 2), (-45, 2), (-30, 2)))
    ended(second, levels((-31, 2), (-30, 2), (-28, 2)))

    one, two = muted(first), muted(second)

    assert np.flatnonzero(one == two).size == 0
    assert not one[:80].any()
    assert one[120:180].all()
    assert not one[220:].any()


def test_a_microphone_that_goes_mutes_nothing_of_the_one_that_follows_it() -> None:
    """A recorder that joins anew has the same microphone in another file, a moment later."""
    gate = BleedGate()
    first, second = known_speaker(gate, "p-1"), known_speaker(gate, "p-1")
    ended(first, levels((SPEECH_DBFS, 2)))
    ended(second, levels((SPEECH_DBFS, 2)), started_s=2.1)

    assert not muted(first).any()
    assert not muted(second).any()


def test_microphones_of_two_people_are_both_heard() -> None:
    """Who speak at once, as loud as each other."""
    gate = BleedGate()
    tracks = [ended(known_speaker(gate, name), levels((SPEECH_DBFS, 2))) for name in ("p-1", "p-2")]

    assert not any(muted(track).any() for track in tracks)
