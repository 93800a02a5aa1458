"""Recognition by a server that speaks OpenAI's API: each window of sound is sent to `/v1/audio/transcriptions`."""

from __future__ import annotations

import asyncio
import io
import time
import wave
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import structlog

from transcripts.openai_client import Endpoint, EndpointError
from transcripts.recognition.hints import echoes, phrase
from transcripts.recognition.inventions import is_doubtful, went_wrong
from transcripts.recognition.language_names import language_code
from transcripts.recognition.openai_answers import Answer, read, recognition
from transcripts.recognition.recogniser import (
    DecodingOptions,
    EngineNotYetThere,
    ModelUnavailable,
    RecogniserAway,
    Recognition,
    RecognitionFailed,
    Spoken,
)
from transcripts.sound import SAMPLE_RATE_HZ, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from config.models import Speech
    from transcripts.sound import Samples

log = structlog.get_logger()

AT_ONCE: Final = 4
"""Requests on their way at the same time: a server with a GPU hardly notices fewer."""
RETRY_TEMPERATURE: Final = 0.4
"""Some chance in the choice of words is what gets out of a loop."""
PROBE_S: Final = 1.0
AWAY_PAUSE_S: Final = 3.0
PATIENCE_S: Final = 30.0
"""A server that starts beside this process is waited for."""

FORMS: Final[tuple[Mapping[str, Any], ...]] = (
    {"response_format": "verbose_json", "timestamp_granularities": ["word", "segment"]},
    {"response_format": "verbose_json"},
    {"response_format": "json"},
)
"""From times of words over times of segments to none at all, as far as the server goes."""
_TIMES: Final = ("times of words", "times of segments only", "no times at all: words are spread over what was said")


class OpenAIRecogniser:
    """A server and its model. Keeps no state but what kind of answer the server gives, found out at load."""

    def __init__(self, endpoint: Endpoint, model: str, form: int) -> None:
        self._endpoint = endpoint
        self._model = model
        self._form = form

    @property
    def at_once(self) -> int:
        """See `recogniser.Recogniser`."""
        return AT_ONCE

    @property
    def batch(self) -> int:
        """See `recogniser.Recogniser`: a request takes one."""
        return 1

    @property
    def times(self) -> str:
        """What the server tells of when words were said."""
        return _TIMES[self._form]

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """See `recogniser.Recogniser`."""
        return asyncio.run(self._recognise(windows, options))

    async def _recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        prompt = phrase(options.hints)
        if len(options.languages) > 1:
            return [await self._in_likeliest(window, options.languages, prompt) for window in windows]
        (language,) = options.languages
        return [Spoken(await self._window(window, language, prompt), language) for window in windows]

    async def _in_likeliest(self, window: Samples, allowed: Sequence[str], prompt: str) -> Spoken:
        """In the language that the server takes it for: it names one, or none."""
        heard, found = await self._heard(window, {"prompt": prompt} if prompt else {})
        scores = {language: float(language == found) for language in allowed}
        if found not in scores:
            return Spoken(await self._window(window, allowed[0], prompt), allowed[0], scores)
        return Spoken(await self._settled(window, heard, found, prompt), found, scores)

    async def _window(self, window: Samples, language: str, prompt: str) -> Recognition:
        heard, _ = await self._heard(window, {"language": language} | ({"prompt": prompt} if prompt else {}))
        return await self._settled(window, heard, language, prompt)

    async def _settled(self, window: Samples, heard: Recognition, language: str, prompt: str) -> Recognition:
        """What counts for a window, as with `whisper`, which says why."""
        form = {"language": language}
        if prompt and (is_doubtful(heard) or echoes(heard, prompt)):
            heard, _ = await self._heard(window, form)
        if went_wrong(heard):
            again, _ = await self._heard(window, form | {"temperature": RETRY_TEMPERATURE})
            return min(heard, again, key=lambda one: (went_wrong(one), -one.average_log_probability))
        return heard

    async def _heard(self, window: Samples, form: Mapping[str, Any]) -> tuple[Recognition, str | None]:
        """What the server heard, and in which language."""
        answer = await self._ask(window, form)
        return recognition(answer, seconds(len(window))), language_code(answer.language or "")

    async def _ask(self, window: Samples, form: Mapping[str, Any]) -> Answer:
        try:
            body = await self._endpoint.transcribe(wav(window), {"model": self._model, **FORMS[self._form], **form})
        except EndpointError as error:
            failure = RecogniserAway if _is_away(error) else RecognitionFailed
            raise failure(f"the speech server gave up: {error}") from None
        return read(body)


def load(settings: Speech, patience_s: float = PATIENCE_S) -> OpenAIRecogniser:
    """Find out, with a second of silence, whether the server, the key and the model are right; it may be starting.

    Raises:
        ModelUnavailable: they are not; the message says what to do.
        EngineNotYetThere: it does not answer, and may later.
    """
    return asyncio.run(_load(settings, patience_s))


async def _load(settings: Speech, patience_s: float) -> OpenAIRecogniser:
    if settings.endpoint is None:
        raise ValueError("no speech.endpoint")
    endpoint = Endpoint(settings.endpoint, settings.api_key, settings.endpoint_timeout_s)
    until = time.monotonic() + patience_s
    form = 0
    while True:
        try:
            body = await endpoint.transcribe(_SILENCE, {"model": settings.model, **FORMS[form]})
            read(body)
        except EndpointError as error:
            if error.dislikes_request and form + 1 < len(FORMS):
                form += 1
            elif error.reason == "away" and time.monotonic() < until:
                log.warning("the speech server is waited for", endpoint=settings.endpoint, cause=str(error))
                await asyncio.sleep(AWAY_PAUSE_S)
            else:
                kind = EngineNotYetThere if error.reason in ("away", "timeout") else ModelUnavailable
                raise kind(_remedy(settings, error)) from None
        except RecognitionFailed as error:
            raise ModelUnavailable(
                f"speech.endpoint: {error}; check that {settings.endpoint} is where the API begins (it ends with /v1)."
            ) from None
        else:
            recogniser = OpenAIRecogniser(endpoint, settings.model, form)
            log.info("speech server answers", endpoint=settings.endpoint, model=settings.model, gives=recogniser.times)
            return recogniser


def wav(window: Samples) -> bytes:
    """Sound as a WAV file of 16-bit samples: those that were recorded."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(np.clip(np.rint(window * 32768), -32768, 32767).astype("<i2").tobytes())
    return file.getvalue()


_SILENCE: Final = wav(np.zeros(round(PROBE_S * SAMPLE_RATE_HZ), np.float32))


def _is_away(error: EndpointError) -> bool:
    """Whether it is the server that is not there, rather than this window that it falls over (500) or refuses."""
    return error.reason == "away" and error.status in (None, 502, 503)


def _remedy(settings: Speech, error: EndpointError) -> str:
    where = f"speech.endpoint: {settings.endpoint}"
    detail = f" ({error.detail})" if error.detail else ""
    if error.is_unauthorised:
        key = "refuses speech.api_key" if settings.api_key is not None else "wants a key: set speech.api_key"
        return f"{where} {key}; {error}."
    if error.reason == "refused":
        return (
            f"{where} does not recognise speech with the model {settings.model}: {error}{detail}; check that "
            "speech.model is a speech model there and that the address is where the API begins (it ends with /v1)."
        )
    return f"{where}: {error}{detail}; check the address, that the server runs and that this machine reaches it."
