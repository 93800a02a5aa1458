"""What listening wants of a track's sound; apart from it, as whoever writes or reads sound loads no model for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from transcripts.sound import StoredSamples


class HeardSound(Protocol):
    """The sound of a track as far as it has come, which may be growing."""

    @property
    def participant(self) -> str:
        """Whose it is."""

    @property
    def is_a_microphone(self) -> bool:
        """Whether a person speaks into it."""

    @property
    def started_s(self) -> float:
        """When it began on the meeting's clock, as is known by now."""

    @property
    def samples(self) -> int:
        """How much there is."""

    @property
    def is_over(self) -> bool:
        """Whether no more will come."""

    def read(self, first: int, end: int) -> StoredSamples:
        """Some of it, shape (end - first,).

        Raises:
            OSError: it cannot be read.
        """
