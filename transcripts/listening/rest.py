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
    from pathlib import Path

    from transcripts.listening.track_listening import TrackListening
    from transcripts.sound import StoredSamples
    from transcripts.storage.sidecar import SpeechSidecar
    from transcripts.storage.spool import StoredTrack

BESIDE_S: Final = 5.0
"""What the other tracks sounded like is wanted from so long before the first sound that is not settled."""


@dataclass(frozen=True, slots=True)
class _WholeTrack:
    """A track to which nothing is added; a `HeardSound`."""

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
    is, and what follows is heard as it would have been during the call, beside what the others sound like then; it
    costs about 0.1 CPU seconds per minute of a track. A track that cannot be read or heard costs only itself.
    """
    found: dict[Path, SpeechSidecar | TrackUnreadable] = {track.path: track.speech for track in tracks}
    for together in _stretches([track for track in tracks if track.speech.settled_samples < track.samples]):
        found |= _completed(together, tracks)
    return [found[track.path] for track in tracks]


def _completed(
    together: Sequence[StoredTrack], tracks: Sequence[StoredTrack]
) -> dict[Path, SpeechSidecar | TrackUnreadable]:
    """What is found in some tracks, with as much of the others as lies beside their rests."""
    from_s = min(map(_settled_s, together)) - BESIDE_S
    end_s = max(track.ended_s for track in together) + BESIDE_S
    call = CallListening()
    followed = {
        track.path: _follow(call, track, from_s)
        for track in tracks
        if track.ended_s > from_s and track.started_s < end_s
    }
    wanted = {track.path: followed[track.path] for track in together}
    call.listen(lambda: not all(map(_is_done, wanted.values())))
    return {path: _found(path, listening) for path, listening in wanted.items()}


def _settled_s(track: StoredTrack) -> float:
    return track.started_s + seconds(track.speech.settled_samples)


def _stretches(tracks: Sequence[StoredTrack]) -> list[list[StoredTrack]]:
    """The tracks whose rests are about the same time, together: between a crash and the end there may be hours."""
    stretches: list[list[StoredTrack]] = []
    until_s = 0.0
    for track in sorted(tracks, key=_settled_s):
        if not stretches or _settled_s(track) > until_s + 2 * BESIDE_S:
            stretches.append([])
            until_s = track.ended_s
        stretches[-1].append(track)
        until_s = max(until_s, track.ended_s)
    return stretches


def _follow(call: CallListening, track: StoredTrack, from_s: float) -> TrackListening | TrackUnreadable:
    try:
        return call.follow(_WholeTrack(track), track.speech, from_s=from_s)
    except OSError as error:
        return _unreadable(track.path, error)


def _is_done(listening: TrackListening | TrackUnreadable) -> bool:
    return isinstance(listening, TrackUnreadable) or listening.is_complete or listening.failure is not None


def _found(path: Path, listening: TrackListening | TrackUnreadable) -> SpeechSidecar | TrackUnreadable:
    if isinstance(listening, TrackUnreadable):
        return listening
    return listening.found if listening.failure is None else _unreadable(path, listening.failure)


def _unreadable(path: Path, failure: Exception) -> TrackUnreadable:
    return TrackUnreadable(f"{path.name} cannot be listened to: {failure!r}")
