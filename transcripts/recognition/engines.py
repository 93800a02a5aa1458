"""Which engine recognises speech: a server that the settings name, or this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.models import Speech
    from transcripts.recognition.recogniser import Recogniser


def load(settings: Speech) -> Recogniser:
    """A recogniser that is known to work; only the chosen engine's library is loaded with it.

    Raises:
        ModelUnavailable: it does not; the message says what to do.
    """
    if settings.endpoint is not None:
        from transcripts.recognition import openai_compatible  # noqa: PLC0415 - needs no Whisper

        return openai_compatible.load(settings)
    from transcripts.recognition import whisper  # noqa: PLC0415 - needs no client

    return whisper.load(settings)
