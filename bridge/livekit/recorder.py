"""The recorder: joins a call unseen, has all its sound written on one clock, and rejoins by itself until the call ends.

RecorderError
├── RecorderDisconnected   the server was away for too long: start the recording again later
└── RecorderRefused        the server does not accept the token: the operator mends the key or the secret
SoundNotWritten            the sink could not keep the sound: the operator makes room
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog
from livekit import rtc

from bridge.livekit.capture import Capture
from bridge.livekit.native_logs import keep_tokens_out
from bridge.livekit.overlooked import Overlooked
from bridge.livekit.rejoining import Rejoining
from bridge.livekit.sound import SoundNotWritten, SoundSink, SpokenTrack, TrackSink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bridge.livekit.overlooked import Published

__all__ = [
    "RecorderDisconnected",
    "RecorderError",
    "RecorderRefused",
    "RecordingEnd",
    "SoundNotWritten",
    "SoundSink",
    "SpokenTrack",
    "TrackSink",
    "record",
]

EndReason = Literal["room_closed", "replaced", "removed"]

LEAVE_WITHIN_S = 5.0
_SIGNAL_ATTEMPTS = 4
"""The SDK tries that often before it says that it could not connect."""
_REFUSED = "client error: 401"
"""What the SDK says of a token that the server does not accept."""

_ENDS: dict[int, EndReason] = {
    rtc.DisconnectReason.ROOM_CLOSED: "room_closed",
    rtc.DisconnectReason.ROOM_DELETED: "room_closed",
    rtc.DisconnectReason.DUPLICATE_IDENTITY: "replaced",
    rtc.DisconnectReason.PARTICIPANT_REMOVED: "removed",
}

log = structlog.get_logger()


class RecorderError(Exception):
    """The recorder is not in the call although the call may go on."""


class RecorderDisconnected(RecorderError):
    """The LiveKit server could not be reached, or did not keep us, for longer than the rejoining lasts."""


class RecorderRefused(RecorderError):
    """The LiveKit server does not accept the recorder's token."""


@dataclass(frozen=True)
class RecordingEnd:
    """Why a recording is over.

    Attributes:
        reason: `room_closed`: the call is over. `replaced`: another recorder has taken this one's place, which must
            not rejoin. `removed`: someone put the recorder out of the call.
        broken: tracks that were not recorded to their end because of an error of their own.
    """

    reason: EndReason
    broken: tuple[SpokenTrack, ...] = ()


async def record(
    url: str,
    token: str,
    sink: SoundSink,
    *,
    published: Published | None = None,
    connect_timeout_s: float = 15,
    rejoin_for_s: float = 60,
) -> RecordingEnd:
    """Record a call until it is over.

    Cancelling it leaves the call. A process that recorded should live half a second longer: native threads are still
    at work then, and abort it if it exits under them.

    Args:
        url: the LiveKit server, `ws://` or `wss://`.
        token: from `recorder_token`; valid until the call ends, since it serves to rejoin.
        sink: takes the sound; its times are seconds since this call.
        published: asks the server which tracks make sound, so that one which does not arrive is noticed; None: that is
            left to the SDK.
        connect_timeout_s: about how long one attempt to join may take.
        rejoin_for_s: how long the server may be away.

    Raises:
        RecorderDisconnected: it was away for longer.
        RecorderRefused: it does not accept the token.
        SoundNotWritten: the sink raised OSError.
    """
    keep_tokens_out()
    began_s = time.monotonic()
    overlooked = Overlooked(published) if published else None
    attempt_s = connect_timeout_s / _SIGNAL_ATTEMPTS
    recording = _Recording(url, token, sink, lambda: time.monotonic() - began_s, attempt_s, overlooked)
    rejoining = Rejoining(rejoin_for_s, now_s=began_s)
    while True:
        reason = await recording.stay()
        if reason in _ENDS:
            log.info("recording over", reason=_ENDS[reason], broken=len(recording.broken))
            return RecordingEnd(_ENDS[reason], tuple(recording.broken))
        pause_s = rejoining.next_pause_s(time.monotonic(), stayed_s=recording.stayed_s)
        if pause_s is None:
            raise RecorderDisconnected(
                f"the recorder could not be in the call for {rejoin_for_s:.0f} s: is the LiveKit server at {url} up?"
            )
        await asyncio.sleep(pause_s)


class _Recording:
    """What lasts from one stay in the call to the next.

    Attributes:
        broken: tracks not recorded to their end, of all stays.
        stayed_s: how long the last stay was; 0 where the call could not be joined.
    """

    def __init__(
        self,
        url: str,
        token: str,
        sink: SoundSink,
        clock: Callable[[], float],
        attempt_s: float,
        overlooked: Overlooked | None,
    ) -> None:
        self.broken: list[SpokenTrack] = []
        self.stayed_s = 0.0
        self._url = url
        self._token = token
        self._sink = sink
        self._clock = clock
        self._overlooked = overlooked
        self._options = rtc.RoomOptions(auto_subscribe=False, connect_timeout=attempt_s)
        self._out_since_s: float | None = None

    async def stay(self) -> rtc.DisconnectReason.ValueType | None:
        """Join, record until disconnected, and say why that was; None where the call could not be joined."""
        room = rtc.Room()
        capture = Capture(room, self._sink, self._clock)
        self.stayed_s = 0.0
        try:
            if not await self._join(room):
                return None
            joined_s = self._clock()
            async with self._watched(capture):
                reason = await capture.until_disconnected()
            self.stayed_s = self._clock() - joined_s
        finally:
            self.broken += capture.broken
            await _leave(room)
        if reason not in _ENDS:
            self._note_out(rtc.DisconnectReason.Name(reason))
        return reason

    @asynccontextmanager
    async def _watched(self, capture: Capture) -> AsyncIterator[None]:
        if self._overlooked is None:
            yield
            return
        watching = asyncio.create_task(self._overlooked.watch(capture))
        watching.add_done_callback(_say_why)
        try:
            yield
        finally:
            watching.cancel()

    async def _join(self, room: rtc.Room) -> bool:
        joining = asyncio.create_task(room.connect(self._url, self._token, self._options))
        try:
            await asyncio.shield(joining)
        except asyncio.CancelledError:
            # The native side would go on and join; so let it, and `stay` makes it leave.
            await asyncio.wait((joining,), timeout=LEAVE_WITHIN_S)
            raise
        except rtc.ConnectError as error:
            if _REFUSED in error.message:  # which also holds the token, so it goes no further
                raise RecorderRefused(
                    f"the LiveKit server at {self._url} refuses the recorder: are livekit.api_key and "
                    "livekit.api_secret those of the server, and are the clocks right?"
                ) from None
            self._note_out("could not connect")
            return False
        self._note_in(room.name)
        return True

    def _note_out(self, why: str) -> None:
        if self._out_since_s is None:
            self._out_since_s = self._clock()
            log.warning("recorder out of the call, rejoining", url=self._url, why=why)

    def _note_in(self, call: str) -> None:
        if self._out_since_s is None:
            log.info("recorder in the call", call=call)
        else:
            log.info("recorder back in the call", call=call, after_s=round(self._clock() - self._out_since_s, 1))
        self._out_since_s = None


def _say_why(watching: asyncio.Task[None]) -> None:
    if not watching.cancelled() and (error := watching.exception()) is not None:
        log.error("what is published in the call is not looked at any more", exc_info=error)


async def _leave(room: rtc.Room) -> None:
    try:
        async with asyncio.timeout(LEAVE_WITHIN_S):
            await room.disconnect()
    except TimeoutError:
        log.warning("LiveKit did not let go of the call", call=room.name)
