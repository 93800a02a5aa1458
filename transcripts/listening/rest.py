"""What no recorder has listened to: found in the stored sound, once all of it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcripts.listening import voice_activity
from transcripts.listening.utterances import UtteranceCutter
from transcripts.storage.sidecar import SpeechSidecar

if TYPE_CHECKING:
    from transcripts.storage.spool import StoredTrack


def listen_to_rest(track: StoredTrack) -> SpeechSidecar:
    """All speech of a track that is over: what its recorder has settled, and what is found after that.

    Raises:
        TrackUnreadable: its sound cannot be read.
    """
    settled = min(track.speech.settled_samples, track.samples)
    if settled >= track.samples:
        return track.speech
    cutter = UtteranceCutter()
    found = [ended for frames in voice_activity.of_track(track.read()[settled:]) for ended in cutter.push(frames)]
    spans = [(settled + one.start_sample, settled + one.end_sample) for one in (*found, *cutter.close())]
    return SpeechSidecar(
        settled_samples=track.samples, utterances=(*track.speech.utterances, *spans), muted=track.speech.muted
    )
