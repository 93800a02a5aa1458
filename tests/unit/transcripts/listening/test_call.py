"""A call is heard as it comes: everybody's own words and nobody else's, whatever single tracks do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.unit.transcripts.listening.tracks import Track, alone, found, listen, meeting, people, speech_s, with_bleed
from tests.unit.transcripts.listening.tracks import spoken as heard_in
from tests.unit.transcripts.sounds import noise, speech
from transcripts.listening.call import CallListening
from transcripts.sound import SAMPLE_RATE_HZ
from transcripts.storage.sidecar import NOTHING_SETTLED, SpeechSidecar

TICK_SAMPLES = 14_400
"""0.9 s: a recorder syncs that often."""


def in_order(speech: SpeechSidecar, samples: int) -> bool:
    """Whether utterances are in order, within the track, and none overlaps the next; and muted spans likewise."""
    return all(
        all(first < end for first, end in spans)
        and all(a[1] <= b[0] for a, b in pairwise(spans))
        and all(end <= samples for _, end in spans[-1:])
        for spans in (speech.utterances, speech.muted)
    )


@pytest.mark.parametrize("level_db", [-20, -30])
@pytest.mark.parametrize("name", ["dev1", "dev3"])
def test_everybody_is_heard_in_their_own_microphone_only(name: str, level_db: float) -> None:
    """With everybody's voice in every microphone, nearly the same is heard as without."""
    clean = meeting(name)
    bled = with_bleed(clean, level_db, late_s=0.15)
    expected = [heard_in(speech, len(bled[0])) for speech in alone(people(clean))]
    loud = [np.abs(np.pad(sound, (0, len(bled[0]) - len(sound))).astype(np.int32)) > 1000 for sound in clean]

    gated = listen(people(bled))

    for own, theirs, words in zip(expected, gated, loud, strict=True):
        heard = heard_in(theirs, len(own))
        assert in_order(theirs, len(own))
        assert heard[words & own].mean() > 0.99  # what was said
        assert heard[~own].mean() < 0.01  # while they said nothing
    ungated = alone(people(bled))
    assert sum(map(speech_s, ungated)) > 1.2 * sum(map(speech_s, gated))


def test_bleed_is_muted_in_noisy_rooms_too() -> None:
    """Everybody's room is 15 dB softer than they are, and never still: what they say is no noise for all that."""
    sounds = meeting("dev1")
    loud = [np.sqrt(np.mean(sound[np.abs(sound.astype(np.int32)) > 300].astype(np.float64) ** 2)) for sound in sounds]
    noisy = [
        np.clip(sound + noise(len(sound) / SAMPLE_RATE_HZ, level=round(level * 10 ** (-15 / 20))), -32768, 32767)
        for sound, level in zip(sounds, loud, strict=True)
    ]
    clean = [sound.astype(np.int16) for sound in noisy]

    gated = listen(people(with_bleed(clean, -20, late_s=0.15)))

    for theirs, expected in zip(gated, alone(people(clean)), strict=True):
        assert speech_s(theirs) == pytest.approx(speech_s(expected), rel=0.05)


@pytest.mark.parametrize("name", ["dev1", "dev2", "dev3"])
def test_nobody_loses_a_word_where_nothing_bleeds(name: str) -> None:
    """Overlaps and backchannels are in these meetings."""
    clean = meeting(name)

    gated, ungated = listen(people(clean)), alone(people(clean))

    for sound, theirs, expected in zip(clean, gated, ungated, strict=True):
        words = np.abs(sound.astype(np.int32)) > 1000
        assert heard_in(theirs, len(sound))[words & heard_in(expected, len(sound))].mean() > 0.99


@pytest.mark.parametrize("tick_samples", [TICK_SAMPLES, 5 * TICK_SAMPLES])
def test_it_does_not_matter_when_the_sound_is_listened_to(tick_samples: int) -> None:
    """At each sync, at every fifth, or after the call: the same utterances, to within a few frames."""
    bled = with_bleed(meeting("dev1"), -20)
    tracks = people(bled)
    call = CallListening()
    followed = [call.follow(track) for track in tracks]
    for come in range(tick_samples, len(bled[0]) + tick_samples, tick_samples):
        for track in tracks:
            track.come_samples, track.is_over = min(come, len(track.sound)), come >= len(track.sound)
        call.listen()

    for listening, expected in zip(followed, listen(people(bled)), strict=True):
        live = found(listening)
        assert np.abs(np.subtract(live.utterances, expected.utterances)).max() <= 2048


def test_what_is_settled_is_final_and_never_far_behind() -> None:
    """While somebody speaks, only their open utterance waits."""
    tracks = people(meeting("dev2"))
    call = CallListening()
    followed = [call.follow(track) for track in tracks]
    before = [NOTHING_SETTLED] * len(tracks)
    for come in range(TICK_SAMPLES, len(tracks[0].sound), TICK_SAMPLES):
        for track in tracks:
            track.come_samples, track.is_over = min(come, len(track.sound)), False
        call.listen()
        now = [listening.found for listening in followed]
        for earlier, later in zip(before, now, strict=True):
            assert later.utterances[: len(earlier.utterances)] == earlier.utterances
            assert all(first >= earlier.settled_samples for first, _ in later.utterances[len(earlier.utterances) :])
            assert later.settled_samples >= max(earlier.settled_samples, come - 30 * SAMPLE_RATE_HZ)
            assert in_order(later, later.settled_samples)
        before = now
    assert sum(len(speech.utterances) for speech in before) > 10


def test_a_broken_track_costs_only_itself() -> None:
    """Its failure is told, and what the others say is found as without it."""
    good = Track(speech(0, 14), "p-1")
    bad = Track(speech(0, 14), "p-2", broken=True)
    call = CallListening()
    listening, broken = call.follow(good), call.follow(bad)

    call.listen()

    assert isinstance(broken.failure, OSError)
    assert not broken.is_complete
    assert found(listening).utterances == alone([good])[0].utterances


def test_listening_stops_when_it_is_told_to_and_goes_on_later() -> None:
    """What it does not get to waits; all tracks go forward in step."""
    tracks = people(meeting("dev2"))
    call = CallListening()
    followed = [call.follow(track) for track in tracks]
    slices = iter([True] * 5)
    call.listen(lambda: next(slices, False))

    assert {listening.heard_samples for listening in followed} == {5 * SAMPLE_RATE_HZ}

    call.listen()
    assert [found(one).utterances for one in followed] == [speech.utterances for speech in listen(tracks)]


@pytest.mark.parametrize("jump_s", [-7200.0, 7200.0, 6e5])
def test_a_track_whose_clock_has_jumped_is_heard_and_delays_nobody(jump_s: float) -> None:
    """It stands at the wrong time, and has no part in what the others are compared with."""
    sounds = meeting("dev2")
    tracks = people(sounds)
    tracks[1].started_s = jump_s

    speeches = listen(tracks)

    assert [speech.utterances for speech in speeches] == [speech.utterances for speech in alone(tracks)]


def test_whoever_leaves_and_comes_back_is_heard_both_times() -> None:
    """Two tracks of one participant, one after the other, are no two microphones."""
    first, second = Track(speech(0, 14)), Track(speech(0, 14), started_s=20.0)

    assert all(speech.utterances and not speech.muted for speech in listen([first, second]))


@pytest.mark.parametrize("gain", [0.3, 1.0, 2.0])
def test_two_microphones_of_one_participant_are_heard_once(gain: float) -> None:
    """The second as loud, softer or louder: each word is in one of them."""
    voice = speech(0, 30)
    first, second = Track(voice), Track((voice * gain).astype(np.int16))
    other = Track(speech(0, 30)[::-1].copy(), "p-2")

    one, two, _ = listen([first, second, other])

    said = heard_in(alone([first])[0], len(voice)) & (np.abs(voice.astype(np.int32)) > 1000)
    in_one, in_two = heard_in(one, len(voice))[said], heard_in(two, len(voice))[said]
    assert (in_one | in_two).mean() > 0.99
    assert (in_one & in_two).mean() < 0.02


@pytest.mark.parametrize("is_a_microphone", [True, False])
def test_a_soft_speaker_is_heard_beside_a_noise_that_never_ends(is_a_microphone: bool) -> None:
    """Somebody in a car, or music on a shared screen: 26 dB louder than who speaks, from the beginning of the call."""
    voice = Track((np.concatenate([noise(12, level=3), speech(0, 14)]) // 6).astype(np.int16), "p-1")
    engine = Track(noise(26, level=4000), "p-2", is_a_microphone=is_a_microphone)

    heard, _ = listen([voice, engine])

    assert speech_s(heard) > 0.95 * speech_s(alone([voice])[0])


def test_a_shared_screen_is_no_second_microphone() -> None:
    """What somebody shows is heard beside what they say."""
    voice, film = Track(speech(0, 14)), Track(speech(0, 14), is_a_microphone=False)

    for heard, by_itself in zip(listen([voice, film]), alone([voice, film]), strict=True):
        words = (np.abs(voice.sound.astype(np.int32)) > 1000) & heard_in(by_itself, len(voice.sound))
        assert heard_in(heard, len(voice.sound))[words].mean() > 0.99  # pauses may be muted: the other is louder then


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(0, np.int16), id="empty"),
        pytest.param(np.zeros(1, np.int16), id="one sample"),
        pytest.param(np.zeros(16_000, np.int16), id="a second of zeros"),
        pytest.param(noise(1), id="a second of noise"),
        pytest.param(np.full(16_000, -32768, np.int16), id="a second of the loudest there is"),
        pytest.param(noise(60, level=3000), id="a minute of loud noise"),
        pytest.param(np.zeros(60 * 16_000, np.int16), id="a minute of zeros"),
    ],
)
def test_sound_without_speech_has_no_utterance(sound: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
    """And is settled to its end, beside somebody who speaks as well as alone."""
    for tracks in ([Track(sound)], [Track(sound), Track(speech(0, 14), "p-2")]):
        first, *_ = listen(tracks)
        assert first == SpeechSidecar(settled_samples=len(sound), is_complete=True)


def _band_limited(sound: np.ndarray[tuple[int], np.dtype[np.int16]]) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    spectrum = np.fft.rfft(sound)
    spectrum[round(len(spectrum) * 3400 / 8000) :] = 0
    spectrum[: round(len(spectrum) * 300 / 8000)] = 0
    return np.fft.irfft(spectrum, len(sound)).astype(np.int16)


@pytest.mark.parametrize("spoilt", ["clipped", "telephone", "soft", "one second"])
def test_spoilt_speech_is_heard_where_it_is(spoilt: str) -> None:
    """Nadia speaks from 2.99 s to 10.8 s, clipped hard, through a telephone, or very softly."""
    voice = speech(0, 14)
    if spoilt == "one second":
        (short,) = listen([Track(speech(4, 5))])
        assert speech_s(short) == pytest.approx(1.0, abs=0.2)
        return
    sound = {
        "clipped": np.clip(voice.astype(np.int32) * 40, -32768, 32767).astype(np.int16),
        "telephone": _band_limited(voice),
        "soft": voice // 30,
    }[spoilt]

    (found_in,) = listen([Track(sound)])

    assert found_in.utterances[0][0] / SAMPLE_RATE_HZ == pytest.approx(2.6, abs=0.4)
    assert found_in.utterances[-1][1] / SAMPLE_RATE_HZ == pytest.approx(11.2, abs=0.4)
    assert speech_s(found_in) > 7


def test_eight_hours_in_which_hardly_anybody_speaks_are_soon_listened_to() -> None:
    """One utterance an hour, in a track that is muted otherwise: zeros cost next to nothing, and nothing piles up."""
    hour = 3600 * SAMPLE_RATE_HZ
    voice = speech(2, 12)
    sound = np.zeros(8 * hour, np.int16)
    for n in range(8):
        sound[n * hour + 1000 : n * hour + 1000 + len(voice)] = voice
    track = Track(sound)
    call = CallListening()
    listening = call.follow(track)

    call.listen()

    speech_found = found(listening)
    assert {round(first / hour, 2) for first, _ in speech_found.utterances} == set(range(8))
    assert speech_s(speech_found) == pytest.approx(8 * speech_s(listen([Track(voice)])[0]), rel=0.02)
    assert max(end - first for first, end in track.reads) <= SAMPLE_RATE_HZ
