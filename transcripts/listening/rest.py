"""Listening to stored sound: what a recorder left unheard when it died, or all of it where nobody listened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transcripts.listening.call import CallListening
from transcripts.sound import seconds
from transcripts.storage import sound_file
from transcripts.storage.spool import TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.listening.track_listening import TrackListening
    from transcripts.sound import StoredSamples
    from transcripts.storage.sidecar import SpeechSidecar
    from transcripts.storage.spool import StoredTrack

BESIDE_S: Final = 5.0
"""What the other tracks sounded like is wanted from so long before the first sound that is not settled."""


@dataclass(frozen=True, slots=True)
class _WholeTrack:
    """A track to which nothing is added; a `call.HeardSound`."""

    stored: StoredTrack
    is_over: bool = True

    @property
    def participant(self) -> str:
        return self.stored.participant

    @property
    def is_a_microphone(self) -> bool:
        return self.stored.is_a_person

    @property
    def started_s(self) -> float:
        return self.stored.started_s

    @property
    def samples(self) -> int:
        return self.stored.samples

    def read(self, first: int, end: int) -> StoredSamples:
        return sound_file.read(self.stored.path, first, end)


def listen_to_rest(tracks: Sequence[StoredTrack]) -> list[SpeechSidecar | TrackUnreadable]:
    """Complete what was found in each of a meeting's tracks, to the end of its sound.

    All tracks belong in one call: who bleeds into a microphone is told by the others. What is settled is kept as it
    is, and what follows is heard as it would have been during the call; it costs nothing where all is settled, and
    otherwise about 0.1 CPU seconds per minute of a track. A track that cannot be read or heard costs only itself.
    """
    open_s = [
        track.started_s + seconds(track.speech.settled_samples)
        for track in tracks
        if track.speech.settled_samples < track.samples
    ]
    if not open_s:
        return [track.speech for track in tracks]
    call = CallListening()
    followed = [_follow(call, track, min(open_s) - BESIDE_S) for track in tracks]
    call.listen()
    return [
        listened if isinstance(listened, TrackUnreadable) else _found(track, listened)
        for track, listened in zip(tracks, followed, strict=True)
    ]


def _follow(call: CallListening, track: StoredTrack, from_s: float) -> TrackListening | TrackUnreadable:
    try:
        return call.follow(_WholeTrack(track), track.speech, from_s=from_s)
    except OSError as error:
        return _unreadable(track, error)


def _found(track: StoredTrack, listening: TrackListening) -> SpeechSidecar | TrackUnreadable:
    return listening.found if listening.failure is None else _unreadable(track, listening.failure)


def _unreadable(track: StoredTrack, failure: Exception) -> TrackUnreadable:
    return TrackUnreadable(f"{track.path.name} cannot be listened to: {failure!r}")
