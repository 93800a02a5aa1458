"""Minutes, whoever writes them: the language model where one is set, and the rules where it is not or does not."""

from __future__ import annotations

import asyncio
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from transcripts.minutes.extractive import extract

if TYPE_CHECKING:
    from config.models import Summary
    from transcripts.assembling.transcript import Transcript
    from transcripts.minutes.claims import Fallback, Minutes

log = structlog.get_logger()


async def write(transcript: Transcript, settings: Summary) -> Minutes | None:
    """The minutes of a transcript; `fallback` says why the rules wrote them although a model was asked.

    None where there is a fault of Greffier's own in it: the transcript goes without.
    """
    if settings.endpoint is None or not transcript.turns:
        return await _by_rules(transcript)
    from transcripts.minutes.endpoint import SummaryFailed, summarise  # noqa: PLC0415 - a second of imports

    began_s = time.monotonic()
    reason: Fallback = "away"
    try:
        return await summarise(transcript, settings)
    except SummaryFailed as failure:
        reason, cause = failure.reason, str(failure)
    except Exception as error:  # noqa: BLE001 - the rules are there
        cause = _where(error)
    lasted_s = round(time.monotonic() - began_s, 1)
    log.warning("the rules write the minutes", endpoint=settings.endpoint, reason=reason, cause=cause, after_s=lasted_s)
    minutes = await _by_rules(transcript)
    return None if minutes is None else replace(minutes, fallback=reason)


async def _by_rules(transcript: Transcript) -> Minutes | None:
    try:
        return await asyncio.to_thread(extract, transcript)
    except Exception as error:  # noqa: BLE001 - the transcript is what the meeting was recorded for
        log.error("no minutes: a fault of Greffier's own", cause=_where(error))  # noqa: TRY400 - it may hold words
        return None


def _where(error: Exception) -> str:
    """What went wrong where, without the error's text, in which there may be words that people said."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        [type(error).__name__, *(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[::-1])]
    )
