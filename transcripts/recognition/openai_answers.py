"""What a server answers to `/v1/audio/transcriptions`, read as hostile input, as a recognition of one window."""

from __future__ import annotations

import math
import unicodedata
import zlib
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, Field, FiniteFloat, StringConstraints, ValidationError, model_validator

from transcripts.recognition.inventions import NO_SPEECH_PROBABILITY
from transcripts.recognition.recogniser import Recognition, RecognitionFailed
from transcripts.recognition.word_times import Piece, timed_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST_TEXT: Final = 8000
"""Characters; nobody says a quarter of that in 30 s, and a loop is longer rarely."""
MOST_PIECES: Final = 2000
ENGINE_WINDOW_S: Final = 30.0
"""Whisper's own window: a shorter one is filled up with silence, where words may seem to be. None is later."""
TIME_TOLERANCE_S: Final = 1.0
"""Engines give words that begin a little before the one before them; more than that is no order."""
NEUTRAL_LOG_PROBABILITY: Final = -0.5
"""Of what the server says nothing about: a decoding that went neither well nor badly."""

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]


class _Segment(BaseModel):
    text: Text = ""
    start: FiniteFloat
    end: FiniteFloat
    no_speech_prob: FiniteFloat | None = None
    avg_logprob: FiniteFloat | None = None
    compression_ratio: FiniteFloat | None = None

    @model_validator(mode="after")
    def _without_fillers(self) -> _Segment:
        """Some servers write -1 for each of these that they do not know; of a ratio and a probability it shows."""
        if (self.compression_ratio or 0.0) < 0 or (self.no_speech_prob or 0.0) < 0:
            self.no_speech_prob = self.avg_logprob = None
        return self


class _Word(BaseModel):
    word: Text
    start: FiniteFloat
    end: FiniteFloat
    probability: FiniteFloat | None = None


class Answer(BaseModel):
    """The API's `TranscriptionVerbose`, of which servers leave out what they do not know."""

    text: Text | None = None
    language: Annotated[str, StringConstraints(max_length=100)] | None = None
    segments: Annotated[list[_Segment], Field(max_length=MOST_PIECES)] | None = None
    words: Annotated[list[_Word], Field(max_length=MOST_PIECES)] | None = None


def read(body: bytes) -> Answer:
    """The answer in a response's body.

    Raises:
        RecognitionFailed: it is not what the API says; the message holds none of it.
    """
    try:
        answer = Answer.model_validate_json(body)
    except ValidationError as error:
        where = ".".join(str(key) for key in error.errors(include_input=False)[0]["loc"]) or "JSON"
        raise RecognitionFailed(f"the speech server's answer is not what the API says ({where})") from None
    if answer.text is None and answer.segments is None and answer.words is None:
        raise RecognitionFailed("the speech server's answer holds no text")
    return answer


def recognition(answer: Answer, window_s: float) -> Recognition:
    """What was heard, in seconds of a window that is `window_s` long.

    Segments in which the engine itself heard no speech give no words, as long as it heard some in others.

    Raises:
        RecognitionFailed: the times are out of order or beyond the window.
    """
    segments = answer.segments or []
    _check_times(segments)
    _check_times(answer.words or [])
    heard = [segment for segment in segments if _clamped(segment.no_speech_prob, 0.0) <= NO_SPEECH_PROBABILITY]
    silent = [segment for segment in segments if segment not in heard] if heard else []
    heard = heard or segments
    log_probability = min(
        (segment.avg_logprob for segment in heard if segment.avg_logprob is not None), default=NEUTRAL_LOG_PROBABILITY
    )
    words = [word for word in answer.words or [] if not any(_within(word, segment) for segment in silent)]
    text = _text(answer, heard, words, whole=not silent)
    probability = min(1.0, math.exp(min(0.0, log_probability)))
    return Recognition(
        words=timed_words(text, list(_pieces(heard, words, probability)), window_s, probability),
        no_speech_probability=max(
            (_clamped(segment.no_speech_prob, 0.0) for segment in heard), default=0.0 if text else 1.0
        ),
        average_log_probability=log_probability,
        compression_ratio=_compression_ratio(text),
    )


def _check_times(pieces: Sequence[_Segment | _Word]) -> None:
    last_s = 0.0
    for piece in pieces:
        if not last_s - TIME_TOLERANCE_S <= piece.start <= ENGINE_WINDOW_S + TIME_TOLERANCE_S:
            raise RecognitionFailed("the speech server's answer has words out of order or beyond the sound")
        if piece.end < piece.start - TIME_TOLERANCE_S:
            raise RecognitionFailed("the speech server's answer has words that end before they begin")
        last_s = max(last_s, piece.start)


def _within(word: _Word, segment: _Segment) -> bool:
    return segment.start <= (word.start + word.end) / 2 <= segment.end


def _text(answer: Answer, heard: Sequence[_Segment], words: Sequence[_Word], *, whole: bool) -> str:
    text = answer.text if whole else None
    if not text and heard:
        text = " ".join(segment.text for segment in heard)
    if not text:
        text = "".join(word.word if word.word[:1].isspace() else f" {word.word}" for word in words)
    return _visible(text)


def _visible(text: str) -> str:
    """Without control and direction characters; line breaks are blanks."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    return "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"}).strip()


def _pieces(segments: Sequence[_Segment], words: Sequence[_Word], probability: float) -> Iterator[Piece]:
    if words:
        for word in words:
            sure = _clamped(word.probability, probability)
            yield Piece(word.word, max(0.0, word.start), max(0.0, word.start, word.end), sure)
        return
    for segment in segments:
        yield Piece(segment.text, max(0.0, segment.start), max(0.0, segment.start, segment.end), probability)


def _clamped(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else min(1.0, max(0.0, value))


def _compression_ratio(text: str) -> float:
    """As Whisper reckons it, of the whole window: a loop over several segments shows too."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0
