"""A meeting whose sound is all there, made into its transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcripts.following import Follower
from transcripts.recognition.hearing import Hearing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.assembling.transcript import Transcript
    from transcripts.recognition.recogniser import Recogniser
    from transcripts.storage.spool import MeetingId, Spool


async def transcript_of(
    spool: Spool,
    meeting: MeetingId,
    recogniser: Recogniser,
    title: str = "",
    *,
    languages: Sequence[str] = ("fr", "en"),
    ended_s: float | None = None,
) -> Transcript:
    """What a follower makes of a meeting that is over when it begins."""
    async with Hearing(recogniser) as hearing:
        follower = Follower(meeting, title, spool, hearing, languages=languages)
        try:
            return await follower.finish(ended_s)
        finally:
            await follower.leave_off()
