"""Listening to what a recorder writes: turn by turn, and what is settled is kept beside the sound.

It takes what the disk has, and no longer than a turn may last: what it does not get to waits for the next one, or for
the speech process. Whatever goes wrong here is told once, and the recording goes on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from transcripts.listening.heard_sound import HeardSound
from transcripts.sound import SAMPLE_RATE_HZ
from transcripts.storage import sidecar
from transcripts.storage.sidecar import NOTHING_SETTLED, SpeechSidecar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcripts.listening.call import CallListening
    from transcripts.listening.track_listening import TrackListening

A_TURN_S: Final = 0.3
"""Other meetings wait for theirs."""
AT_THE_END_S: Final = 3.0
"""As much as it takes, unless listening has fallen far behind."""
SETTLED_STEP_SAMPLES: Final = 10 * SAMPLE_RATE_HZ
"""Silence that was listened to is noted this often: whoever goes on after a crash has little to hear again."""

log = structlog.get_logger()


class RecordedSound(HeardSound, Protocol):
    """A track that is being recorded, as far as the disk has it: no sidecar may say more than the sound."""

    @property
    def path(self) -> Path:
        """Where it lies."""


class RecordingListener:
    """Listens to the tracks of one recorder's meeting; `follow` may run beside `listen`, of which there is one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._new: list[RecordedSound] = []
        self._followed: list[_Followed] = []
        self._call = _new_call()

    def follow(self, track: RecordedSound) -> None:
        """Listen to a track from now on."""
        if self._call is not None:
            self._new.append(track)

    def listen(self, within_s: float = A_TURN_S) -> bool:
        """Listen to what has come since, and keep what is settled by now; gives whether it did not get to all of it."""
        if self._call is None:
            return False
        try:
            return self._listen(self._call, self._clock() + within_s)
        except Exception as error:  # noqa: BLE001 - nothing of this may keep sound from being recorded
            log.warning("recording is not listened to any more while it lasts", cause=type(error).__name__)
            self._call = None
            self._new, self._followed = [], []
            return False

    def _listen(self, call: CallListening, until: float) -> bool:
        while self._new:
            sound = self._new.pop(0)
            self._followed.append(_Followed(sound.path, call.follow(sound)))
        there_is_more = call.listen(lambda: self._clock() < until)
        for followed in self._followed:
            followed.keep()
        self._followed = [followed for followed in self._followed if not followed.is_done]
        return there_is_more


@dataclass(slots=True)
class _Followed:
    """A track that is listened to, and what of that is on the disk."""

    sound_path: Path
    listening: TrackListening
    kept: SpeechSidecar = NOTHING_SETTLED
    is_done: bool = False
    is_told: bool = False

    def keep(self) -> None:
        """Write what is new, if that is worth it."""
        if self.listening.failure is not None:
            self._tell(self.listening.failure)
            self.is_done = True
            return
        try:
            if self._is_worth_keeping():
                found = self.listening.found
                sidecar.write(self.sound_path.with_suffix(".speech"), found, durably=True)
                self.kept = found
            self.is_done = self.listening.is_complete
        except OSError as error:  # tried again at the next sync
            self._tell(error)
            self.is_done = self.listening.is_complete

    def _is_worth_keeping(self) -> bool:
        if self.listening.is_complete or self.listening.utterances_found > len(self.kept.utterances):
            return True
        return self.listening.settled_samples >= self.kept.settled_samples + SETTLED_STEP_SAMPLES

    def _tell(self, error: Exception) -> None:
        if not self.is_told:
            log.warning(
                "track is not listened to while it is recorded", file=self.sound_path.name, cause=type(error).__name__
            )
            self.is_told = True


def _new_call() -> CallListening | None:
    """Listening with its model loaded, by whoever records only: others read the spool without it."""
    try:
        from transcripts.listening.call import CallListening  # noqa: PLC0415
        from transcripts.listening.voice_activity import VoiceActivity  # noqa: PLC0415

        VoiceActivity()
    except Exception as error:  # noqa: BLE001 - nothing of this may keep sound from being recorded
        log.warning("recordings are not listened to while they last", cause=repr(error))
        return None
    return CallListening()
