"""Speech without a model: a recogniser that says what a test tells it to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transcripts.recognition.recogniser import DecodingOptions, Hints, Recognition, RecognitionFailed, Spoken, Word
from transcripts.sound import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transcripts.sound import Samples


@dataclass(slots=True)
class ScriptedRecogniser:
    """Hears the same words in every window, evenly spread over it; gives up in the languages it is told to."""

    text: str = "bonjour à tous"
    scores: Mapping[str, float] = field(default_factory=lambda: {"fr": 0.9, "en": 0.1})
    gives_up_on: Callable[[Sequence[Samples]], bool] = lambda _: False
    no_speech_probability: float = 0.0
    asked: list[tuple[str, tuple[float, ...]]] = field(default_factory=list)
    """The language and the windows' lengths in seconds of each call."""
    hinted: list[Hints] = field(default_factory=list)
    """The hints of each call."""
    at_once: int = 1
    batch: int = 8

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """See `Recogniser`."""
        scores = {name: self.scores.get(name, 0.0) for name in options.languages} if len(options.languages) > 1 else {}
        language = max(scores, key=scores.__getitem__) if scores else options.languages[0]
        self.hinted.append(options.hints)
        self.asked.append((language, tuple(seconds(len(window)) for window in windows)))
        if self.gives_up_on(windows):
            raise RecognitionFailed("told to give up")
        said = [
            Recognition(spread(self.text, 0.0, seconds(len(window))), self.no_speech_probability, -0.2, 1.2)
            for window in windows
        ]
        return [Spoken(one, language, scores) for one in said]


def spread(text: str, start_s: float, end_s: float, probability: float = 0.9) -> tuple[Word, ...]:
    """The words of a text as a recogniser gives them, evenly spread over a time."""
    parts = text.split()
    step_s = (end_s - start_s) / max(1, len(parts))
    return tuple(
        Word(f" {part}", round(start_s + n * step_s, 3), round(start_s + (n + 1) * step_s, 3), probability)
        for n, part in enumerate(parts)
    )
