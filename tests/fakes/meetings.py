"""The meetings that somebody knows of, as they are now."""

from __future__ import annotations

from bot.store.register import Meeting
from transcripts.storage.spool import MeetingId


class FakeMeetings:
    """Knows the meetings that it was given."""

    def __init__(self, *meetings: Meeting) -> None:
        self._meetings = {meeting.id: meeting for meeting in meetings}

    async def get(self, meeting: MeetingId) -> Meeting | None:
        """The meeting of this id."""
        return self._meetings.get(meeting)
