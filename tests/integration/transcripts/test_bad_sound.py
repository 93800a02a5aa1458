"""Bad sound and odd participants, by the whole way with the real model: each gives a sensible transcript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from config.models import Speech
from tests.evaluation.encoder import counted
from tests.evaluation.normalisation import words
from tests.stack.speech_model import speech_model
from tests.unit.transcripts.sounds import Recorded, noise, speech
from transcripts.assembling.transcript import Transcript
from transcripts.following import Follower
from transcripts.recognition import whisper
from transcripts.recognition.hearing import Hearing
from transcripts.recognition.whisper import WhisperRecogniser
from transcripts.storage.spool import MeetingId, Spool

MEETING = MeetingId("m-1")
Sound = NDArray[np.int16]
HOUR_S = 3600.0
WRITTEN_S = 1.0
BEGAN_AT = 1_750_000_000.0


@dataclass(frozen=True)
class Heard:
    """A track: whose, since when in the meeting, and what is in it."""

    sound: Sound
    name: str = "Nadia"
    participant: str = "p-1"
    starts_s: float = 0.0
    pieces_s: float = WRITTEN_S

    @property
    def ends_s(self) -> float:
        """When it ends, in seconds of the meeting."""
        return self.starts_s + len(self.sound) / 16_000


@pytest.fixture(scope="module")
def recogniser() -> WhisperRecogniser:
    """The model, loaded once; without beam search, as these are not about single words."""
    return whisper.load(Speech(model=str(speech_model()), device="cpu", beam_size=1))


@pytest.fixture(scope="module")
def greeting() -> Sound:
    """« Bonjour Thomas, … », eight seconds of it."""
    return speech(2.5, 11.0)


@pytest.fixture(scope="module")
def question() -> Sound:
    """A sentence with « rendez-vous » in it."""
    return speech(23.9, 28.7)


async def transcribed(folder: Path, recogniser: WhisperRecogniser, *tracks: Heard) -> Transcript:
    """What is made of these tracks, recorded by one recorder that stayed from beginning to end."""
    spool = Spool(folder)
    record(spool, tracks, clock_s=0.0)
    return await followed(spool, recogniser, max(track.ends_s for track in tracks))


def record(spool: Spool, tracks: Sequence[Heard], *, clock_s: float) -> None:
    """Write these tracks as a recorder does; the clock of its machine is off by so much."""
    now_s = 0.0

    def now() -> float:
        return BEGAN_AT + clock_s + now_s

    writer = Spool(spool.folder(MEETING).parent, now).writer(MEETING, BEGAN_AT)
    writer.joined(0.0)
    pieces = sorted(
        (track.starts_s + first / 16_000, n, first)
        for n, track in enumerate(tracks)
        for first in range(0, max(1, len(track.sound)), round(track.pieces_s * 16_000))
    )
    open_tracks = {
        n: writer.open_track(Recorded(track.name, track.participant, f"TR_{n}")) for n, track in enumerate(tracks)
    }
    for arrived_s, n, first in pieces:
        now_s = max(now_s, arrived_s)
        piece = tracks[n].sound[first : first + round(tracks[n].pieces_s * 16_000)]
        open_tracks[n].write(piece.astype("<i2").tobytes(), arrived_s)
        writer.sync()
        writer.listen()
    writer.left(max(track.ends_s for track in tracks), over=True)
    writer.close()


async def followed(spool: Spool, recogniser: WhisperRecogniser, ended_s: float) -> Transcript:
    """The transcript of what was recorded."""
    async with Hearing(recogniser) as hearing:
        follower = Follower(MEETING, "Point", spool, hearing, languages=("fr", "en"))
        try:
            await follower.look()
            return await follower.finish(ended_s)
        finally:
            await follower.leave_off()


def said(transcript: Transcript) -> list[str]:
    """All of the words, in order."""
    return [word for turn in transcript.turns for word in words(turn.text, "fr")]


def is_sensible(transcript: Transcript) -> bool:
    """Whether turns come in order, within the meeting, and nothing failed."""
    starts_s = [turn.start_s for turn in transcript.turns]
    return (
        starts_s == sorted(starts_s)
        and all(0 <= turn.start_s <= turn.end_s <= transcript.duration_s + 0.5 for turn in transcript.turns)
        and all(one.start_s <= other.start_s for turn in transcript.turns for one, other in pairwise(turn.words))
        and not transcript.failed_tracks
    )


async def test_who_leaves_and_comes_back_is_one_person(
    tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound, question: Sound
) -> None:
    """With a new identity, as a browser has that was closed; the words stand where they were said."""
    back = Heard(question, participant="p-2", starts_s=60.0)
    transcript = await transcribed(tmp_path, recogniser, Heard(greeting), back)

    assert is_sensible(transcript)
    assert transcript.speakers == ("Nadia",)
    assert "thomas" in said(transcript)
    assert "rendez" in said(transcript)
    assert [round(turn.start_s / 60) for turn in transcript.turns] == [0, 1]


async def test_who_changes_name_stays_one_person(
    tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound, question: Sound
) -> None:
    """Under the name that they came with."""
    renamed = Heard(question, name="Nadia Benali", starts_s=20.0)
    transcript = await transcribed(tmp_path, recogniser, Heard(greeting), renamed)

    assert is_sensible(transcript)
    assert {turn.speaker for turn in transcript.turns} == {"Nadia"}
    assert {"thomas", "rendez"} <= set(said(transcript))


async def test_who_is_heard_by_two_microphones_says_it_once(
    tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound
) -> None:
    """One person with a headset and a laptop, which hears them from further away."""
    further = (greeting / 6).astype(np.int16) + noise(len(greeting) / 16_000, level=20)
    transcript = await transcribed(tmp_path, recogniser, Heard(greeting), Heard(further))

    assert is_sensible(transcript)
    assert transcript.speakers == ("Nadia",)
    assert said(transcript).count("thomas") == 1


async def test_clipped_sound_is_understood(tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound) -> None:
    """A microphone turned up far too much."""
    loud = np.clip(greeting.astype(int) * 60, -32_768, 32_767).astype(np.int16)
    assert np.mean(np.abs(loud.astype(int)) > 32_000) > 0.2
    transcript = await transcribed(tmp_path, recogniser, Heard(loud))

    assert is_sensible(transcript)
    assert "thomas" in said(transcript)


async def test_sound_as_of_a_telephone_is_understood(
    tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound, question: Sound
) -> None:
    """Nothing above 3.4 kHz, and in its own language once there are ten seconds of it."""
    wide = np.concatenate([greeting, question])
    spectrum = np.fft.rfft(wide)
    spectrum[np.fft.rfftfreq(len(wide), 1 / 16_000) > 3400] = 0
    narrow = np.fft.irfft(spectrum, len(wide)).astype(np.int16)
    transcript = await transcribed(tmp_path / "narrow", recogniser, Heard(narrow))
    usual = set(said(await transcribed(tmp_path / "wide", recogniser, Heard(wide))))

    assert is_sensible(transcript)
    assert transcript.language == "fr"
    assert len(usual & set(said(transcript))) > 0.6 * len(usual)  # which of them, a small model decides by a hair


async def test_a_track_without_sound_is_no_trouble_to_the_others(
    tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound
) -> None:
    """Somebody whose microphone never sent anything was there, and said nothing."""
    transcript = await transcribed(
        tmp_path, recogniser, Heard(greeting), Heard(np.zeros(0, np.int16), name="Thomas", participant="p-2")
    )

    assert is_sensible(transcript)
    assert set(transcript.speakers) == {"Nadia", "Thomas"}
    assert {turn.speaker for turn in transcript.turns} == {"Nadia"}


@pytest.mark.parametrize("silence", [np.zeros(60 * 16_000, np.int16), noise(60, level=30)], ids=["zeros", "room tone"])
async def test_a_track_on_which_nobody_speaks_costs_no_recognition(
    tmp_path: Path, recogniser: WhisperRecogniser, silence: Sound
) -> None:
    """Whisper is not asked at all, and nothing is said."""
    with counted() as encoded:
        transcript = await transcribed(tmp_path, recogniser, Heard(silence))

    assert is_sensible(transcript)
    assert (transcript.turns, transcript.speakers, encoded.windows) == ((), ("Nadia",), 0)


async def test_a_second_of_speech_is_a_word_or_two(tmp_path: Path, recogniser: WhisperRecogniser) -> None:
    """And no more: « Bonjour Thomas » at most, in the second in which it was said."""
    transcript = await transcribed(tmp_path, recogniser, Heard(speech(2.8, 3.8), starts_s=5.0))

    assert is_sensible(transcript)
    assert len(said(transcript)) <= 3
    assert all(4.5 <= turn.start_s <= turn.end_s <= 6.5 for turn in transcript.turns)


@pytest.mark.timeout(300)
async def test_eight_hours_are_a_few_words_when_a_few_were_said(
    tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound, question: Sound
) -> None:
    """Somebody forgot to hang up: first and last words are in their places, and nothing between."""
    eight_hours = np.zeros(round(8 * HOUR_S) * 16_000, np.int16)
    eight_hours[16_000 : 16_000 + len(greeting)] = greeting
    eight_hours[-len(question) :] = question
    with counted() as encoded:
        transcript = await transcribed(tmp_path, recogniser, Heard(eight_hours, pieces_s=30.0))

    assert is_sensible(transcript)
    first, last = transcript.turns[0], transcript.turns[-1]
    assert first.start_s < 10
    assert last.start_s > 8 * HOUR_S - 10
    assert {"thomas", "rendez"} <= set(said(transcript))
    assert all(turn.end_s < 20 or turn.start_s > 8 * HOUR_S - 10 for turn in transcript.turns)
    assert encoded.windows <= 4


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S, 7 * 24 * HOUR_S], ids=["an hour on", "an hour back", "a week on"])
async def test_a_clock_that_jumps_loses_no_word(
    tmp_path: Path, recogniser: WhisperRecogniser, greeting: Sound, question: Sound, jump_s: float
) -> None:
    """The recorder is started anew on a machine whose clock was set: its words may be misplaced, never lost."""
    spool = Spool(tmp_path)
    record(spool, [Heard(greeting)], clock_s=0.0)
    record(spool, [Heard(question, participant="p-2")], clock_s=20.0 + jump_s)

    transcript = await followed(spool, recogniser, 20.0 + len(question) / 16_000)

    assert is_sensible(transcript)
    assert {"thomas", "rendez"} <= set(said(transcript))
    assert all(turn.start_s >= 0 for turn in transcript.turns)
