"""Minutes, whoever writes them: the language model where one is set, and the rules where it is not or does not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from transcripts.minutes.extractive import extract

if TYPE_CHECKING:
    from config.models import Summary
    from transcripts.assembling.transcript import Transcript
    from transcripts.minutes.claims import Minutes

log = structlog.get_logger()


async def write(transcript: Transcript, settings: Summary) -> Minutes:
    """The minutes of a transcript; `fallback` says why the rules wrote them although a model was asked."""
    if settings.endpoint is None or not transcript.turns:
        return await asyncio.to_thread(extract, transcript)
    from transcripts.minutes.endpoint import SummaryFailed, summarise  # noqa: PLC0415 - a second of imports

    began_s = time.monotonic()
    try:
        return await summarise(transcript, settings)
    except SummaryFailed as failure:
        lasted_s = round(time.monotonic() - began_s, 1)
        log.warning(
            "the rules write the minutes",
            endpoint=settings.endpoint,
            reason=failure.reason,
            cause=str(failure),
            after_s=lasted_s,
        )
        return replace(await asyncio.to_thread(extract, transcript), fallback=failure.reason)
