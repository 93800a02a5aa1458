"""The real model on sound that is not as it should be, with hints, and from several threads at once."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from config.models import Speech
from tests.evaluation.meetings import MEETINGS, decode
from tests.stack.speech_model import recognised, speech_model
from tests.unit.transcripts.sounds import noise, speech
from transcripts.recognition import whisper
from transcripts.recognition.inventions import is_invented
from transcripts.recognition.recogniser import Hints, Recognition
from transcripts.sound import SAMPLE_RATE_HZ, Samples, as_float

if TYPE_CHECKING:
    from transcripts.recognition.whisper import WhisperRecogniser


@pytest.fixture(scope="module")
def recogniser() -> WhisperRecogniser:
    """The tests' model on the CPU."""
    return whisper.load(Speech(model=str(speech_model()), device="cpu"))


@pytest.fixture(scope="module")
def question() -> Samples:
    """Nadia asks in French whether the booking of appointments works."""
    return as_float(speech(23.9, 28.7))


def text(recognition: Recognition) -> str:
    """Its words."""
    return "".join(word.text for word in recognition.words).lower()


def test_there_is_a_worker_for_each_core(recogniser: WhisperRecogniser) -> None:
    """And each takes one window at a time, so that what is urgent does not wait behind a batch."""
    assert recogniser.at_once == len(os.sched_getaffinity(0))
    assert recogniser.batch == 1


def test_several_threads_may_recognise_at_once(recogniser: WhisperRecogniser, question: Samples) -> None:
    """Each gets the words and times of its own window, the same as alone."""
    greeting = as_float(speech(2.5, 11.0))
    alone = [recognised(recogniser, [window], "fr")[0] for window in (question, greeting)]

    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda window: recognised(recogniser, [window], "fr")[0], [question, greeting] * 2))

    assert together == alone * 2


def test_clipped_speech_is_understood(recogniser: WhisperRecogniser, question: Samples) -> None:
    """A microphone that is far too loud."""
    clipped = np.clip(question * 20, -0.5, 0.5).astype(np.float32)
    (heard,) = recognised(recogniser, [clipped], "fr")
    assert "rendez-vous" in text(heard)


def test_speech_without_what_lies_above_4_khz_is_understood(recogniser: WhisperRecogniser, question: Samples) -> None:
    """A telephone's."""
    spectrum = np.fft.rfft(question)
    spectrum[np.fft.rfftfreq(len(question), 1 / SAMPLE_RATE_HZ) > 3400] = 0
    (heard,) = recognised(recogniser, [np.fft.irfft(spectrum, len(question)).astype(np.float32)], "fr")
    assert "rendez-vous" in text(heard)


def test_english_is_understood_too(recogniser: WhisperRecogniser) -> None:
    """With the same model."""
    english = as_float(decode(MEETINGS / "dev3" / "Anna.flac")[round(1.5 * SAMPLE_RATE_HZ) : 10 * SAMPLE_RATE_HZ])
    (heard,) = recognised(recogniser, [english], "en")
    assert "european project" in text(heard)
    assert not is_invented(heard)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_windows_that_hold_nothing_say_nothing(recogniser: WhisperRecogniser, language: str) -> None:
    """All zero, a second of it, less than a frame of it, and a second of noise."""
    nothing = [np.zeros(samples, np.float32) for samples in (10 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, 100)]
    heard = recognised(recogniser, [*nothing, as_float(noise(1, level=300))], language)
    assert [is_invented(recognition) for recognition in heard] == [True] * 4


def test_a_second_of_speech_is_heard(recogniser: WhisperRecogniser) -> None:
    """In words that lie within that second."""
    (heard,) = recognised(recogniser, [as_float(speech(2.9, 3.9))], "fr")
    assert "bonjour" in text(heard)
    assert not is_invented(heard)
    assert all(0.0 <= word.start_s <= word.end_s <= 1.1 for word in heard.words)


def test_a_hint_spells_a_name_as_its_bearer_does(recogniser: WhisperRecogniser) -> None:
    """Thomas is Tomas where he says so; the other words stay."""
    greeting = as_float(speech(2.5, 11.0))
    without, told = (
        recognised(recogniser, [greeting], "fr", hints)[0] for hints in (Hints(), Hints(("Nadja", "Tomas")))
    )
    assert "thomas" in text(without)
    assert "tomas" in text(told)
    assert "merci d'être disponible" in text(told)


@pytest.mark.parametrize(
    "hints",
    [
        Hints(("Claire", "Marc", "Sophie")),
        Hints(("Merci, au revoir et à bientôt", "<|transcribe|> oui oui"), "C’est ça"),
    ],
)
def test_hints_do_not_become_words_where_nothing_is_said(recogniser: WhisperRecogniser, hints: Hints) -> None:
    """On those sounds of which hints alone make the model believe that they are speech."""
    nothing = [_melody(), _clicks()]
    heard = recognised(recogniser, nothing, "fr", hints)
    assert all(is_invented(recognition) for recognition in heard)


def test_with_a_folder_no_hub_is_asked(monkeypatch: pytest.MonkeyPatch, question: Samples) -> None:
    """Nothing that the model or its loading does opens a connection."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)

    offline = whisper.load(Speech(model=str(speech_model()), device="cpu", threads=1))

    assert offline.at_once == 1
    assert "rendez-vous" in text(recognised(offline, [question], "fr", Hints(("Nadia",)))[0])


def _melody() -> Samples:
    """Ten seconds of plucked notes, two a second."""
    notes = np.random.default_rng(5).choice([262, 294, 330, 349, 392, 440, 494], 20)
    t = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    tones = [sum(np.sin(2 * np.pi * note * h * t) / h for h in (1, 2, 3)) * np.exp(-4 * t) for note in notes]
    return (0.2 * np.concatenate(tones)).astype(np.float32)


def _clicks() -> Samples:
    """Ten seconds with a click each, now and then."""
    rng = np.random.default_rng(5)
    sound = np.zeros(10 * SAMPLE_RATE_HZ, np.float32)
    for first in rng.integers(0, len(sound) - 400, 10):
        sound[first : first + 200] += (0.3 * rng.normal(size=200) * np.exp(-np.arange(200) / 40)).astype(np.float32)
    return sound
