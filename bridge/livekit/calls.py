"""The calls themselves, through LiveKit's server API: opening one, looking who is in it, closing it.

CallError
├── CallServerUnreachable   no answer, or the server is in trouble: try again
└── CallServerRefused       wrong key, secret or address: the operator mends it
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from google.protobuf.message import DecodeError
from livekit import api
from livekit.api.room_service import RoomService

from bridge.livekit.ids import CallId, ParticipantId, TrackId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from config.models import LiveKit

_PEOPLE = (
    api.ParticipantInfo.Kind.STANDARD,
    api.ParticipantInfo.Kind.SIP,  # someone on the telephone
)


class CallError(Exception):
    """LiveKit did not do what was asked."""


class CallServerUnreachable(CallError):
    """LiveKit gave no answer, or one that says to come back later."""


class CallServerRefused(CallError):
    """LiveKit answered and will go on answering no: key, secret or address are wrong."""


@dataclass(frozen=True)
class Participant:
    """Someone in a call.

    Attributes:
        id: their identity.
        name: what the others see.
        joined_at: aware, in UTC; None while they are still connecting.
    """

    id: ParticipantId
    name: str
    joined_at: datetime | None


@dataclass(frozen=True)
class CallState:
    """Who is in a call: people only, never the recorder or another machine."""

    participants: tuple[Participant, ...]


class Calls:
    """LiveKit's rooms, by name. Every request is bounded by `livekit.request_timeout_s`."""

    def __init__(self, settings: LiveKit, session: aiohttp.ClientSession) -> None:
        self._address = settings.api_url
        self._timeout_s = settings.request_timeout_s
        self._rooms = RoomService(
            session, settings.api_url, settings.api_key, settings.api_secret.get_secret_value(), failover=False
        )

    async def open(
        self, call: CallId, *, empty_timeout_s: int, departure_timeout_s: int, max_participants: int
    ) -> None:
        """Make the call if it is not there; one that is there stays as it is."""
        request = api.CreateRoomRequest(
            name=call,
            empty_timeout=empty_timeout_s,
            departure_timeout=departure_timeout_s,
            max_participants=max_participants,
        )
        async with self._asking():
            await self._rooms.create_room(request)

    async def look(self, call: CallId) -> CallState | None:
        """Say who is in the call, or None where there is no such call: it ended, or the server lost it."""
        async with self._asking():
            found = await self._rooms.list_rooms(api.ListRoomsRequest(names=[call]))
            if not found.rooms:
                return None
            present = await self._rooms.list_participants(api.ListParticipantsRequest(room=call))
        return CallState(tuple(_participant(info) for info in present.participants if _is_person(info)))

    async def sound_published(self, call: CallId) -> frozenset[TrackId]:
        """Say which tracks people in the call make sound with now: published, not muted, not encrypted end to end."""
        try:
            async with self._asking():
                present = await self._rooms.list_participants(api.ListParticipantsRequest(room=call))
        except _NoSuchCall:
            return frozenset()
        tracks = (track for info in present.participants if _is_person(info) for track in info.tracks)
        return frozenset(TrackId(track.sid) for track in tracks if _is_audible(track))

    async def close(self, call: CallId) -> None:
        """End the call for everyone in it; one that is not there is closed already."""
        try:
            async with self._asking():
                await self._rooms.delete_room(api.DeleteRoomRequest(room=call))
        except _NoSuchCall:
            return

    async def remove(self, call: CallId, participant: ParticipantId) -> None:
        """Put someone out of the call; whoever is not in it is out already."""
        try:
            async with self._asking():
                await self._rooms.remove_participant(api.RoomParticipantIdentity(room=call, identity=participant))
        except _NoSuchCall:
            return

    async def ping(self) -> None:
        """Return if the server answers and accepts our key and secret."""
        async with self._asking():
            await self._rooms.list_rooms(api.ListRoomsRequest(names=["greffier-ping"]))

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CallServerUnreachable(
                f"the LiveKit server at {self._address} does not answer ({type(error).__name__}): "
                "is it running, and is livekit.url right?"
            ) from error
        except api.ServerError as error:
            raise _translated(error, self._address) from error
        except (DecodeError, AttributeError, TypeError) as error:
            # The client decodes whatever comes with status 200, and takes apart whatever JSON comes with another.
            raise CallServerRefused(f"what answers at {self._address} is not LiveKit: is livekit.url right?") from error


class _NoSuchCall(CallError):
    """LiveKit knows no room of that name."""


def _translated(error: api.ServerError, address: str) -> CallError:
    if error.code == api.ServerErrorCode.NOT_FOUND:
        return _NoSuchCall("there is no such call")
    if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return CallServerRefused(
            f"the LiveKit server at {address} refuses our key: are livekit.api_key and livekit.api_secret "
            "those of the server, and are the clocks right?"
        )
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return CallServerUnreachable(f"the LiveKit server at {address} is in trouble: {error.code} ({error.status})")
    return CallServerRefused(f"the LiveKit server at {address} refuses: {error.code} ({error.status})")


def _is_person(info: api.ParticipantInfo) -> bool:
    machine = info.permission.hidden or info.permission.recorder or info.permission.agent
    return info.kind in _PEOPLE and not machine and info.state != api.ParticipantInfo.State.DISCONNECTED


def _is_audible(track: api.TrackInfo) -> bool:
    return track.type == api.TrackType.AUDIO and not track.muted and track.encryption == api.Encryption.Type.NONE


def _participant(info: api.ParticipantInfo) -> Participant:
    joined_at = datetime.fromtimestamp(info.joined_at, UTC) if info.joined_at else None
    return Participant(ParticipantId(info.identity), info.name, joined_at)
