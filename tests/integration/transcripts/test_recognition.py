"""The whole way from stored sound to rendered words with the real model, on the first half minute of a meeting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config.models import Speech
from tests.evaluation.cpwer import cpwer
from tests.evaluation.encoder import counted
from tests.evaluation.meetings import MEETINGS, first, load, words_by_speaker
from tests.fakes.following import transcript_of
from tests.stack.speech_model import recognised, speech_model
from tests.unit.transcripts.sounds import Recorded, noise, record, speech
from transcripts.assembling.folding import Accompanied
from transcripts.recognition import whisper
from transcripts.recognition.inventions import is_invented
from transcripts.recognition.recogniser import DecodingOptions, ModelUnavailable, Recognition
from transcripts.recognition.whisper import WhisperRecogniser
from transcripts.rendering.paragraphs import turn_text
from transcripts.sound import SAMPLE_RATE_HZ, as_float
from transcripts.storage.spool import MeetingId, Spool

MEETING = MeetingId("m-1")


@pytest.fixture(scope="module")
def settings() -> Speech:
    """The tests' model on the CPU."""
    return Speech(model=str(speech_model()), device="cpu")


@pytest.fixture(scope="module")
def recogniser(settings: Speech) -> WhisperRecogniser:
    """The model, loaded once."""
    return whisper.load(settings)


async def test_a_meeting_is_transcribed_with_its_speakers(tmp_path: Path, recogniser: WhisperRecogniser) -> None:
    """Half a minute of two people in French: who said what, within a fifth of the words."""
    meeting = first(load(MEETINGS / "dev2"), 29.0)
    spool = Spool(tmp_path)
    for track, sound in zip(meeting.reference.tracks, meeting.sound, strict=True):
        record(
            spool, MEETING, Recorded(track.speaker or track.file, f"p-{track.speaker}", f"TR_{track.speaker}"), sound
        )

    transcript = await transcript_of(spool, MEETING, recogniser, meeting.reference.title)

    said: dict[str, list[str]] = {}
    for turn in transcript.turns:
        said.setdefault(turn.speaker, []).append(turn.text)
    result = cpwer(
        words_by_speaker(meeting.reference.segments), {name: " ".join(texts) for name, texts in said.items()}, "fr"
    )
    assert result.rate <= 0.2
    assert result.assignment == {"Nadia": "Nadia", "Thomas": "Thomas"}
    assert transcript.language == "fr"
    starts_s = [segment.start for segment in meeting.reference.segments]
    assert all(min(abs(turn.start_s - start_s) for start_s in starts_s) < 1.0 for turn in transcript.turns)
    assert turn_text(Accompanied(transcript.turns[0]), "fr").startswith("[00:02] Nadia\u00a0: Bonjour")


def test_windows_of_a_batch_are_not_mixed_up(recogniser: WhisperRecogniser) -> None:
    """Each window gives its own words, in its own time; odd lengths and silence between them change nothing."""
    greeting, question = as_float(speech(2.5, 11.003)), as_float(speech(23.9, 28.7))
    nothing = np.zeros(16_001, np.float32)

    first_heard, nothing_heard, last_heard = recognised(recogniser, [greeting, nothing, question], "fr")

    assert "thomas" in "".join(word.text for word in first_heard.words).lower()
    assert "rendez-vous" in "".join(word.text for word in last_heard.words).lower()
    assert last_heard.words[0].start_s < 1.0
    assert last_heard.words[-1].end_s <= len(question) / 16_000 + 0.1
    assert is_invented(nothing_heard)
    assert all(word.text.startswith(" ") and 0.0 < word.probability <= 1.0 for word in first_heard.words)


def test_what_is_made_of_noise_is_recognised_as_invented(recogniser: WhisperRecogniser) -> None:
    """Should noise ever pass the voice activity."""
    (heard,) = recognised(recogniser, [as_float(noise(5, level=300))], "fr")

    assert is_invented(heard)


def test_the_language_of_speech_is_heard(recogniser: WhisperRecogniser) -> None:
    """French is French, and the words are those that are heard in French, for one run of the encoder."""
    window = as_float(speech(2.5, 11))
    with counted() as encoded:
        (spoken,) = recogniser.recognise([window], DecodingOptions(("en", "fr")))
    assert encoded.windows == 1
    assert spoken.language == "fr"
    assert spoken.scores["fr"] > 0.5 > spoken.scores["en"]
    assert [spoken.recognition] == recognised(recogniser, [window], "fr")


def test_people_in_turns_at_one_microphone_are_all_heard(recogniser: WhisperRecogniser) -> None:
    """Some of them are further away: decoded as one voice's, a window's words end where the first stops."""
    room = load(MEETINGS / "dev3room")
    window = as_float(room.sound[0][10 * SAMPLE_RATE_HZ : 37 * SAMPLE_RATE_HZ])
    said = "".join(part.text for part in room.reference.segments if part.start >= 10 and part.end <= 37)
    errors = []
    for several_voices in (False, True):
        (spoken,) = recogniser.recognise([window], DecodingOptions(("en",), several_voices=several_voices))
        heard = "".join(word.text for word in spoken.recognition.words)
        errors.append(cpwer({"all": said}, {"all": heard}, "en").rate)
    one_voice, several = errors
    assert several < 0.2
    assert several < one_voice


def test_a_window_that_went_wrong_is_decoded_again(recogniser: WhisperRecogniser) -> None:
    """The better of the two decodings is kept."""
    window = as_float(speech(23.9, 28.7))
    failed = Recognition((), 0.1, -3.0, 5.0)
    perfect = Recognition((), 0.1, 0.0, 1.0)

    assert "rendez-vous" in "".join(word.text for word in recogniser._again(window, "fr", failed).words)
    assert recogniser._again(window, "fr", perfect) is perfect


def test_no_windows_are_no_words(recogniser: WhisperRecogniser) -> None:
    """And no error."""
    assert recognised(recogniser, [], "fr") == []


def test_a_language_that_the_model_does_not_know_is_told(settings: Speech) -> None:
    """When it starts, not in the first meeting."""
    with pytest.raises(ModelUnavailable, match=r"speech\.languages: Whisper knows no xx"):
        whisper.load(settings.model_copy(update={"languages": ("fr", "xx")}))


def test_a_folder_of_another_model_s_files_is_told(tmp_path: Path, settings: Speech) -> None:
    """A copy that broke off: the sentence says so."""
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in Path(settings.model).iterdir():
        (broken / file.name).write_bytes(file.read_bytes()[:100_000])

    with pytest.raises(ModelUnavailable, match="the folder was copied whole"):
        whisper.load(Speech(model=str(broken), device="cpu"))
