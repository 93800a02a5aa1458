"""What a recorder left unheard is heard after the call as it would have been during it, nothing twice or not at all."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.unit.transcripts.listening.tracks import meeting, speech_s, spoken, with_bleed
from tests.unit.transcripts.sounds import Recorded, given_to_model, record, speech
from transcripts.listening.rest import listen_to_rest
from transcripts.listening.voice_activity import VoiceActivity
from transcripts.sound import SAMPLE_RATE_HZ, Probabilities, Samples, StoredSamples
from transcripts.storage import sound_file
from transcripts.storage.sidecar import NOTHING_SETTLED, SpeechSidecar
from transcripts.storage.spool import MeetingId, Spool, StoredTrack, TrackUnreadable

MEETING = MeetingId("m-1")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool")


def stored(spool: Spool, sounds: list[StoredSamples]) -> list[StoredTrack]:
    """The tracks of a meeting, recorded and heard to the end."""
    writer = spool.writer(MEETING)
    for n, sound in enumerate(sounds):
        sink = writer.open_track(Recorded(f"Speaker {n}", f"p-{n}", f"TR_{n}"))
        sink.write(sound.astype("<i2").tobytes(), len(sound) / SAMPLE_RATE_HZ)
    writer.close()
    return [track for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)]


def cut_off(track: StoredTrack, at_s: float) -> StoredTrack:
    """The track as a recorder that died then left it."""
    settled = track.speech.within(round(at_s * SAMPLE_RATE_HZ))
    return replace(track, speech=settled)


def completed(tracks: list[StoredTrack]) -> list[SpeechSidecar]:
    """What is found in them."""
    found = listen_to_rest(tracks)
    assert all(isinstance(speech, SpeechSidecar) for speech in found)
    return [speech for speech in found if isinstance(speech, SpeechSidecar)]


@pytest.mark.parametrize("bleed_db", [None, -20])
def test_whenever_a_recorder_dies_the_same_utterances_are_found(spool: Spool, bleed_db: float | None) -> None:
    """Or nearly: voice activity is warm again before it is asked, and levels are known from before."""
    sounds = meeting("dev2")
    tracks = stored(spool, sounds if bleed_db is None else with_bleed(sounds, bleed_db))

    for at_s in (0.0, 7.0, 25.3, 40.0, 60.0):
        partial = [cut_off(track, at_s) for track in tracks]
        for track, before, after in zip(tracks, partial, completed(partial), strict=True):
            assert after.settled_samples == track.samples
            assert after.utterances[: len(before.speech.utterances)] == before.speech.utterances
            assert all(a[1] <= b[0] for a, b in pairwise(after.utterances))
            expected = spoken(track.speech, track.samples)
            assert (spoken(after, track.samples) ^ expected).sum() < 0.02 * expected.sum()


def test_what_is_settled_costs_nothing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even reading the sound: after most calls there is no rest."""
    (track,) = stored(spool, [speech(0, 14)])
    monkeypatch.setattr(sound_file, "read", lambda *_: pytest.fail("the sound was read"))

    assert listen_to_rest([track]) == [track.speech]
    assert listen_to_rest([]) == []


def test_of_one_unfinished_track_only_the_rest_is_judged(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """And of the finished ones beside it, next to nothing."""
    tracks = stored(spool, meeting("dev2"))
    heard = given_to_model(monkeypatch, "push")
    rest_s = 10.0

    completed([tracks[0], cut_off(tracks[1], tracks[1].samples / SAMPLE_RATE_HZ - rest_s)])

    assert sum(heard) / SAMPLE_RATE_HZ < rest_s + 2 * 3.2 + 15  # its own open utterance may reach back


def test_after_a_crash_no_more_is_read_than_lies_about_what_is_not_settled(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder died after a minute of a long call: what is heard is the end of its track, and the end of the call."""
    short, *rest = meeting("dev2")
    minutes = np.zeros(20 * 60 * SAMPLE_RATE_HZ, np.int16)
    long = [np.concatenate([sound, minutes, speech(0, 14)]) for sound in rest]
    tracks = stored(spool, [short[: 40 * SAMPLE_RATE_HZ], *long])
    partial = [
        cut_off(tracks[0], 30.0),
        *(cut_off(track, track.samples / SAMPLE_RATE_HZ - 9.0) for track in tracks[1:]),
    ]
    read: list[int] = []
    original = sound_file.read

    def counted(path: Path, first: int, end: int) -> StoredSamples:
        read.append(end - first)
        return original(path, first, end)

    monkeypatch.setattr(sound_file, "read", counted)

    found = completed(partial)

    assert sum(read) / SAMPLE_RATE_HZ < 90 * len(tracks)
    for track, after in zip(tracks, found, strict=True):
        expected = spoken(track.speech, track.samples)
        assert (spoken(after, track.samples) ^ expected).sum() < 0.02 * expected.sum()


def test_sound_nobody_listened_to_is_heard_with_bleed_muted(spool: Spool) -> None:
    """A meeting that an older version recorded."""
    clean = stored(spool, meeting("dev3"))
    bled_spool = Spool(spool.folder(MEETING).parent.parent / "bled")
    bled = [replace(track, speech=NOTHING_SETTLED) for track in stored(bled_spool, with_bleed(meeting("dev3"), -20))]

    for expected, found in zip(clean, completed(bled), strict=True):
        assert speech_s(found) == pytest.approx(speech_s(expected.speech), rel=0.1)


def test_an_unreadable_track_costs_only_itself(spool: Spool) -> None:
    """The others are heard to the end."""
    tracks = [replace(track, speech=NOTHING_SETTLED) for track in stored(spool, [speech(0, 14), speech(0, 14)])]
    tracks[0].path.unlink()

    lost, found = listen_to_rest(tracks)

    assert isinstance(lost, TrackUnreadable)
    assert isinstance(found, SpeechSidecar)
    assert found.utterances


def test_a_model_that_fails_costs_the_tracks_and_says_so(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for the transcript to tell which tracks are left out."""
    (track,) = [replace(track, speech=NOTHING_SETTLED) for track in stored(spool, [speech(0, 14)])]

    def broken(activity: VoiceActivity, samples: Samples) -> Probabilities:
        raise RuntimeError("no")

    monkeypatch.setattr(VoiceActivity, "push", broken)

    (lost,) = listen_to_rest([track])

    assert isinstance(lost, TrackUnreadable)
    assert "RuntimeError" in str(lost)


def test_a_track_without_sound_has_no_rest(spool: Spool) -> None:
    """Whoever was never heard."""
    record(spool, MEETING, Recorded("Claire"), np.zeros(0, np.int16))
    tracks = [track for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)]

    assert completed(tracks) == [SpeechSidecar(is_complete=True)]


def test_sound_that_is_gone_is_told_although_some_of_it_was_settled(spool: Spool) -> None:
    """What its speaker sounds like cannot be learned either."""
    (track,) = stored(spool, [speech(0, 14)])
    half = cut_off(track, 13.0)
    assert half.speech.utterances
    track.path.unlink()

    (lost,) = listen_to_rest([half])

    assert isinstance(lost, TrackUnreadable)
    assert track.path.name in str(lost)
