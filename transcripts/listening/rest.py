"""Listening to stored sound: what a recorder left unheard when it died, or all of it where nobody listened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transcripts.listening.call import CallListening
from transcripts.sound import seconds
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

    participant: str
    is_a_microphone: bool
    started_s: float
    samples: int
    sound: StoredSamples
    is_over: bool = True

    def read(self, first: int, end: int) -> StoredSamples:
        return self.sound[first:end]


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
    return [listened if isinstance(listened, TrackUnreadable) else _found(listened) for listened in followed]


def _follow(call: CallListening, track: StoredTrack, from_s: float) -> TrackListening | TrackUnreadable:
    try:
        sound = track.read()
    except TrackUnreadable as error:
        return error
    whole = _WholeTrack(track.participant, track.is_a_person, track.started_s, track.samples, sound)
    return call.follow(whole, track.speech, from_s=from_s)


def _found(listening: TrackListening) -> SpeechSidecar | TrackUnreadable:
    if listening.failure is not None:
        return TrackUnreadable(f"no voice activity could be found: {listening.failure!r}")
    return listening.found
