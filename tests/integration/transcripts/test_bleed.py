"""Words under bleed, with the real model: everybody's voice in everybody's microphone costs hardly a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.models import Speech
from tests.evaluation.cpwer import cpwer
from tests.evaluation.meetings import MEETINGS, load, words_by_speaker
from tests.stack.speech_model import recognised, speech_model
from tests.unit.transcripts.listening.tracks import Track, listen, people, with_bleed
from transcripts.listening.utterances import Utterance
from transcripts.recognition import whisper
from transcripts.recognition.windows import pack

if TYPE_CHECKING:
    from transcripts.recognition.whisper import WhisperRecogniser
    from transcripts.storage.sidecar import SpeechSidecar

MOST_WORSE = 0.04
"""What four voices at −20 dB in each other's microphones may cost, as a share of the words."""


@pytest.fixture(scope="module")
def recogniser() -> WhisperRecogniser:
    """The tests' model."""
    return whisper.load(Speech(model=str(speech_model()), device="cpu"))


def words(track: Track, speech: SpeechSidecar, recogniser: WhisperRecogniser) -> str:
    """What is recognised in a track's speech, muted spans read as silence."""
    sound = track.sound.copy()
    for first, end in speech.muted:
        sound[first:end] = 0
    windows = [window.sound(sound) for window in pack(Utterance(first, end) for first, end in speech.utterances)]
    return " ".join(word.text for heard in recognised(recogniser, windows, "en") for word in heard.words)


def test_bleed_costs_hardly_a_word(recogniser: WhisperRecogniser) -> None:
    """Four people in English, and each of them a fifth of a second later in the three other microphones at −20 dB."""
    meeting = load(MEETINGS / "dev3")
    names = [track.speaker or track.file for track in meeting.reference.tracks]
    said = words_by_speaker(meeting.reference.segments)
    rates = []
    for sounds in (meeting.sound, with_bleed(meeting.sound, -20, late_s=0.2)):
        tracks = people(sounds)
        heard = [words(track, speech, recogniser) for track, speech in zip(tracks, listen(tracks), strict=True)]
        rates.append(cpwer(said, dict(zip(names, heard, strict=True)), "en").rate)

    assert rates[0] < 0.1
    assert rates[1] <= rates[0] + MOST_WORSE
