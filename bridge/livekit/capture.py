"""One stay in a call: subscribes to the sound in it and has every track written until the stay ends.

What is followed is decided by looking at the whole room, at each event and once a second, rather than from the events
one by one: the SDK leaves some out when a participant goes at the same moment.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from livekit import rtc

from bridge.livekit.hearing import Hearing
from bridge.livekit.ids import ParticipantId, TrackId
from bridge.livekit.sound import SoundNotWritten, SpokenTrack
from bridge.livekit.tokens import SHARED_MICROPHONE
from bridge.livekit.track_writing import write_track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.livekit.sound import SoundSink, SoundSource, TrackSink

LOOK_EVERY_S = 1.0
SYNC_EVERY_S = 0.9
"""With the frame in hand, a process that is killed loses at most a second."""
ASK_AGAIN_AFTER_S = 2.0
"""A subscription that has not come by then is asked for again."""
PATIENCE_S = 2.0
"""The SDK mends a short break by itself and loses no sound; its full reconnection takes longer than our joining anew
(measured: 6 s against 0.2 s once the server is back)."""
_NOTHING_MISSED_AFTER = (
    rtc.DisconnectReason.ROOM_CLOSED,
    rtc.DisconnectReason.ROOM_DELETED,
    rtc.DisconnectReason.PARTICIPANT_REMOVED,
)
"""Not DUPLICATE_IDENTITY: what is missed then is for the other recorder's stay to say."""

_SOURCES: dict[int, SoundSource] = {
    rtc.TrackSource.SOURCE_MICROPHONE: "microphone",
    rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO: "screen_share_audio",
    rtc.TrackSource.SOURCE_UNKNOWN: "unknown",
}
_MACHINES = (
    rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
    rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS,
)
_EVENTS: tuple[rtc.room.EventTypes, ...] = (
    "track_published",
    "track_unpublished",
    "track_subscribed",
    "track_unsubscribed",
    "participant_disconnected",
)

log = structlog.get_logger()


@dataclass(frozen=True)
class _Followed:
    spoken: SpokenTrack
    track: rtc.RemoteTrack
    writing: asyncio.Task[None]


class Capture:
    """Follows the sound of one room. Made before the room connects, so that no event is missed.

    Attributes:
        broken: tracks that were given up although they went on, because of an error that was theirs alone.
    """

    def __init__(self, room: rtc.Room, sink: SoundSink, clock: Callable[[], float]) -> None:
        """Watch `room`, for `sink`, on a `clock` of seconds since the recording began."""
        self.broken: list[SpokenTrack] = []
        self._room = room
        self._sink = sink
        self._clock = clock
        self._over = asyncio.Event()
        self._reason: rtc.DisconnectReason.ValueType = rtc.DisconnectReason.UNKNOWN_REASON
        self._failure: BaseException | None = None
        self._followed: dict[TrackId, _Followed] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._asked_at_s: dict[TrackId, float] = {}
        self._dried_up_at_s: dict[TrackId, float] = {}
        self._passed_over: set[TrackId] = set()
        self._sounding: set[TrackId] = set()
        self._sounded_until_s = 0.0
        self._hearing = Hearing(sink, clock)
        self._followed_at_break: dict[TrackId, _Followed] = {}
        for event in _EVENTS:
            room.on(event, self._look)
        room.on("reconnecting", self._on_reconnecting)
        room.on("reconnected", self._on_reconnected)
        room.on("disconnected", self._on_disconnected)

    @property
    def hears(self) -> frozenset[TrackId]:
        """The tracks whose sound it has, and those that it leaves out on purpose."""
        return frozenset(self._sounding | self._passed_over)

    @property
    def now_s(self) -> float:
        """The time on the recording's clock."""
        return self._clock()

    def leave_off(self, *, deaf_since_s: float) -> None:
        """End the stay as one that was lost; a stay without any sound has missed what was said since then."""
        if not self._sounding and not self._over.is_set():
            self._hearing.deaf_since(max(deaf_since_s, self._sounded_until_s))
        self._over.set()

    async def until_disconnected(self) -> rtc.DisconnectReason.ValueType:
        """Have the sound of a connected room written until it lets us go or is lost (UNKNOWN_REASON), and say why.

        Raises:
            SoundNotWritten: the sink raised OSError; the room may still be connected.
        """
        syncing = asyncio.create_task(self._keep_synced())
        try:
            with self._failing():
                self._hearing.begin()
            while not self._over.is_set() and not self._is_lost():
                self._look()
                await _wait_at_most(self._over, LOOK_EVERY_S)
        finally:
            syncing.cancel()
            self._over.set()  # what the room still says changes nothing
            self._hearing.end(over=self._reason in _NOTHING_MISSED_AFTER)
            await self._end_all()
            await self._sync()
        if isinstance(self._failure, OSError):
            raise SoundNotWritten(self._failure) from self._failure
        if self._failure is not None:
            raise self._failure
        return self._reason

    def _is_lost(self) -> bool:
        broke_at_s = self._hearing.broke_at_s
        return broke_at_s is not None and self._clock() - broke_at_s >= PATIENCE_S

    def _on_reconnecting(self) -> None:
        if self._over.is_set() or self._hearing.broke_at_s is not None:
            return
        self._followed_at_break = dict(self._followed)
        self._hearing.break_off([followed.track for followed in self._followed.values()])

    def _on_reconnected(self) -> None:
        if self._over.is_set():
            return
        self._asked_at_s.clear()  # what was asked for meanwhile is dropped
        self._look()
        # Where the SDK has joined anew rather than resumed, everybody's tracks are others.
        anew = any(self._followed.get(sid) is not before for sid, before in self._followed_at_break.items())
        with self._failing():
            self._hearing.mend(joined_anew=anew)

    def _on_disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        self._reason = reason
        self._over.set()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._over.set()

    def _look(self) -> None:
        if self._over.is_set():
            return
        present = dict(_sound_in(self._room))
        for sid, followed in list(self._followed.items()):
            if sid not in present or present[sid][1].track is not followed.track:
                self._end(sid)
        for sid, (participant, publication) in present.items():
            if sid in self._followed or sid in self._passed_over:
                continue
            if publication.encryption_type != rtc.EncryptionType.NONE:
                self._pass_over(sid, "encrypted track not recorded")  # without the key it is loud noise
            elif publication.track is None:
                self._ask_for(sid, publication)
            elif self._clock() - self._dried_up_at_s.get(sid, -LOOK_EVERY_S) >= LOOK_EVERY_S:
                self._follow(_spoken(participant, publication), publication.track)

    def _ask_for(self, sid: TrackId, publication: rtc.RemoteTrackPublication) -> None:
        asked_at_s = self._asked_at_s.get(sid)
        if asked_at_s is None or self._clock() - asked_at_s > ASK_AGAIN_AFTER_S:
            self._asked_at_s[sid] = self._clock()
            publication.set_subscribed(True)

    def _pass_over(self, sid: TrackId, why: str) -> None:
        self._passed_over.add(sid)
        log.warning(why, call=self._room.name, track=sid)

    def _follow(self, spoken: SpokenTrack, track: rtc.RemoteTrack) -> None:
        writing = asyncio.create_task(write_track(track, spoken, self._open, self._clock))
        followed = _Followed(spoken, track, writing)
        self._followed[spoken.track] = followed
        writing.add_done_callback(lambda _: self._on_written(followed))

    def _open(self, spoken: SpokenTrack) -> TrackSink:
        self._sounding.add(spoken.track)
        return self._sink.open_track(spoken)

    def _note_end(self, sid: TrackId) -> None:
        if sid in self._sounding:
            self._sounding.discard(sid)
            self._sounded_until_s = self._clock()

    def _end(self, sid: TrackId) -> None:
        self._note_end(sid)
        writing = self._followed.pop(sid).writing
        self._ending.add(writing)
        writing.cancel()

    def _on_written(self, followed: _Followed) -> None:
        sid = followed.spoken.track
        self._ending.discard(followed.writing)
        if self._followed.get(sid) is followed:
            # It ended by itself. Mostly the track is about to go; if it is still there later, it is taken up again.
            del self._followed[sid]
            self._note_end(sid)
            self._dried_up_at_s[sid] = self._clock()
        error = None if followed.writing.cancelled() else followed.writing.exception()
        if isinstance(error, OSError):
            self._fail(error)
        elif error is not None:
            self.broken.append(followed.spoken)
            self._passed_over.add(sid)
            log.error("track lost", call=self._room.name, track=sid, cause=repr(error))

    async def _end_all(self) -> None:
        for sid in list(self._followed):
            self._end(sid)
        while self._ending:
            await asyncio.wait(self._ending)

    async def _keep_synced(self) -> None:
        while not self._over.is_set():
            await asyncio.sleep(SYNC_EVERY_S)
            await self._sync()

    async def _sync(self) -> None:
        try:
            await asyncio.to_thread(self._sink.sync)
        except Exception as error:  # noqa: BLE001 - passed on by until_disconnected
            self._fail(error)


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _sound_in(room: rtc.Room) -> Iterator[tuple[TrackId, tuple[rtc.RemoteParticipant, rtc.RemoteTrackPublication]]]:
    for participant in list(room.remote_participants.values()):
        if participant.kind in _MACHINES:
            continue
        for sid, publication in list(participant.track_publications.items()):
            if publication.kind == rtc.TrackKind.KIND_AUDIO and publication.source in _SOURCES:
                yield TrackId(sid), (participant, publication)


def _spoken(participant: rtc.RemoteParticipant, publication: rtc.RemoteTrackPublication) -> SpokenTrack:
    source = _SOURCES[publication.source]
    return SpokenTrack(
        participant=ParticipantId(participant.identity),
        name=participant.name or participant.identity,
        track=TrackId(publication.sid),
        source=source,
        shared_microphone=source != "screen_share_audio" and participant.attributes.get(SHARED_MICROPHONE) == "true",
    )
