"""Where recorded sound goes: what a recorder says of a track, and the sink that it writes into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from bridge.livekit.ids import ParticipantId, TrackId

SAMPLE_RATE_HZ = 16_000

SoundSource = Literal["microphone", "screen_share_audio", "unknown"]


@dataclass(frozen=True)
class SpokenTrack:
    """A track that carries sound.

    Attributes:
        participant: whose it is.
        name: what the others see them called when the track begins; their identity where they have no name.
        track: new at each publication: someone who leaves and comes back has another one.
        source: `unknown` is sound from a client that does not say what it sends.
        shared_microphone: whether its participant said at the door that several people speak into it.
    """

    participant: ParticipantId
    name: str
    track: TrackId
    source: SoundSource
    shared_microphone: bool = False


class TrackSink(Protocol):
    """Takes the sound of one track. Called in the event loop: it must not block."""

    def write(self, pcm: bytes, arrived_s: float) -> None:
        """Take what follows the sound written before.

        Args:
            pcm: signed 16-bit little-endian samples, mono, 16 kHz; 100 ms or less.
            arrived_s: when it arrived, in seconds since the recording began (monotonic). The sound is continuous and
                can only arrive late, so over many writes the track's beginning is
                `min(arrived_s - seconds written, this write included)`.

        Raises:
            OSError: it cannot be kept; the recording stops.
        """

    def close(self) -> None:
        """Take note that no more sound comes."""


class SoundSink(Protocol):
    """Takes the sound of a call, stay by stay and track by track. All but `sync` is called in the event loop."""

    def joined(self, at_s: float) -> None:
        """Take note that the recorder is in the call from now on, `at_s` seconds after the recording began.

        Raises:
            OSError: it cannot be kept; the recording stops.
        """

    def left(self, at_s: float, *, over: bool) -> None:
        """Take note that it has been out of the call since then. A `sync` follows before the recording goes on.

        Args:
            at_s: when the sound stopped to arrive, which may be a while ago.
            over: whether nothing is missed from then on, since the call was closed or the recorder put out of it.
        """

    def open_track(self, track: SpokenTrack) -> TrackSink:
        """Begin a track; the same one may come again after a break."""

    def sync(self) -> None:
        """Bring what was written so far to the disk. Called in a thread, also while tracks are opened and written."""


class SoundNotWritten(Exception):
    """The sink could not keep the sound (a full disk, …), so the recording has stopped.

    Attributes:
        errno: the system's number for the cause, if it has one.
        reason: the system's words for it.
    """

    def __init__(self, error: OSError) -> None:
        self.errno = error.errno
        self.reason = error.strerror or type(error).__name__
        super().__init__(f"the sound of the call could not be written: {self.reason}")
