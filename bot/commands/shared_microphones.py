"""Whose microphone several people share, as somebody says in the room: found among who is in the call, and kept."""

from __future__ import annotations

from collections.abc import Sequence

from bot.meeting.looking import look_at_call
from bot.room.wording import Wording
from bot.store.register import Meeting, Register
from bridge.livekit.calls import Calls
from transcripts.assembling.speakers import clean_name

MAX_NAMES = 10
"""So many people of a call are named when somebody was not found in it."""


def own_names(shown: str | None) -> list[str]:
    """What somebody who is shown as this in the room may be called in the call; nothing where they go by an id.

    Tchap adds to a name where its owner works: `Camille Durand [DINUM]`.
    """
    name = clean_name(shown or "")
    if not name or name.startswith("@"):
        return []
    return list(dict.fromkeys([name, name.partition(" [")[0]]))


class SharedMicrophones:
    """Keeps whose microphone is shared."""

    def __init__(self, register: Register, calls: Calls) -> None:
        self._register = register
        self._calls = calls

    async def share(self, meeting: Meeting, names: Sequence[str], wording: Wording) -> str:
        """Keep that whoever goes by one of these names shares their microphone; returns what to answer.

        Nothing is kept of a name that nobody in the call has. Where it cannot be known who is there, the name is kept
        as it was typed: it does no harm where it fits nobody.
        """
        command = wording.help["shared_microphone"].typed
        if not names:
            return wording.whose_microphone.format(command=command)
        people = await self._people(meeting)
        if people is None:
            for name in names:
                await self._register.share_microphone(meeting.id, clean_name(name))
            return wording.microphone_shared_unseen.format(name=names[0])
        if not people:
            return wording.nobody_in_call
        for name in names:
            if (there := _alike(name, people)) is not None:
                await self._register.share_microphone(meeting.id, there)
                return wording.microphone_shared.format(name=there)
        listed = wording.listed(people[:MAX_NAMES], len(people[MAX_NAMES:]))
        return wording.nobody_of_that_name.format(name=names[0], names=listed, command=command)

    async def _people(self, meeting: Meeting) -> list[str] | None:
        """Under which names people are in the call; None where there is no telling, as when it is over."""
        if meeting.ended_at is not None:
            return None
        seen = await look_at_call(self._calls, meeting)
        if seen.people is None or not seen.has_room:
            return None
        return sorted({clean_name(person.name) for person in seen.people} - {""})


def _alike(name: str, people: Sequence[str]) -> str | None:
    wanted = clean_name(name).casefold()
    return next((person for person in people if person.casefold() == wanted), None)
