"""What the files of a transcript say besides the turns, in French and in English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from transcripts.rendering.typography import duration, set_text

if TYPE_CHECKING:
    from datetime import datetime

    from transcripts.assembling.gaps import Gap
    from transcripts.assembling.transcript import FailedTrack, Transcript

_DAYS_FR = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_MONTHS_EN = "January February March April May June July August September October November December"


@dataclass(frozen=True, slots=True)
class FileWording:
    """The sentences and words of one language."""

    untitled: str
    date: str
    duration: str
    participants: str
    nobody: str
    transcript: str
    nothing_said: str
    track_failed: str
    unknown_track_failed: str
    track_partly_failed: str
    unseparated: str
    interrupted: str
    overlapped: str
    days: tuple[str, ...]
    months: tuple[str, ...]
    first_of_month: str
    at: str

    def day_and_time(self, moment: datetime) -> str:
        """As in `jeudi 12 novembre 2026 à 14:05`, in the moment's own time zone, which is named where it is UTC."""
        day, month = self.days[moment.weekday()], self.months[moment.month - 1]
        number = self.first_of_month if moment.day == 1 else str(moment.day)
        zone = " UTC" if moment.tzinfo is UTC else ""
        return f"{day} {number} {month} {moment.year}{self.at}{moment:%H:%M}{zone}"


FRENCH: Final = FileWording(
    untitled="Réunion",
    date="Date",
    duration="Durée",
    participants="Participants",
    nobody="personne",
    transcript="Transcription",
    nothing_said="Aucune parole n’a été reconnue.",
    track_failed="Le son de {speaker} n’a pas pu être transcrit\u00a0: ses paroles manquent.",
    unknown_track_failed="Le son d’une personne n’a pas pu être transcrit\u00a0: ses paroles manquent.",
    track_partly_failed="Une partie du son de {speaker} n’a pas pu être transcrite\u00a0: des paroles manquent.",
    unseparated="Les voix au micro de «\u00a0{speaker}\u00a0» n’ont pas pu être distinguées\u00a0: "
    "tout ce qui y est dit figure sous ce nom.",
    overlapped="en même temps",
    interrupted="L’enregistrement s’est interrompu pendant {lasted}, et ce qui s’est dit alors manque.",
    days=_DAYS_FR,
    months=tuple(_MONTHS_FR.split()),
    first_of_month="1er",
    at=" à ",
)
ENGLISH: Final = FileWording(
    untitled="Meeting",
    date="Date",
    duration="Duration",
    participants="Participants",
    nobody="nobody",
    transcript="Transcript",
    nothing_said="No speech was recognised.",
    track_failed="The sound of {speaker} could not be transcribed: their words are missing.",
    unknown_track_failed="The sound of one person could not be transcribed: their words are missing.",
    track_partly_failed="Part of the sound of {speaker} could not be transcribed: some of their words are missing.",
    unseparated="The voices at the microphone of “{speaker}” could not be told apart: "
    "all that is said there stands under this name.",
    overlapped="at the same time",
    interrupted="The recording was interrupted for {lasted}, and what was said then is missing.",
    days=_DAYS_EN,
    months=tuple(_MONTHS_EN.split()),
    first_of_month="1",
    at=", ",
)


def file_wording(language: str) -> FileWording:
    """The wording for a reader's language; English where there is none."""
    return FRENCH if language == "fr" else ENGLISH


def title(transcript: Transcript, language: str) -> str:
    """The meeting's title on one line, or the word for a meeting without one."""
    return set_text(transcript.title, transcript.language) or file_wording(language).untitled


def failures(transcript: Transcript, language: str) -> tuple[str, ...]:
    """One plain sentence for each track of which words are missing, or whose voices stand under one name."""
    words = file_wording(language)
    return (
        *dict.fromkeys(_failure(track, transcript, words) for track in transcript.failed_tracks),
        *(words.unseparated.format(speaker=speaker) for speaker in transcript.unseparated),
    )


def _failure(track: FailedTrack, transcript: Transcript, words: FileWording) -> str:
    if track.speaker is None:
        return words.unknown_track_failed
    partly = track.partly or any(turn.speaker == track.speaker for turn in transcript.turns)  # on another track
    return (words.track_partly_failed if partly else words.track_failed).format(speaker=track.speaker)


def interruption(gap: Gap, language: str) -> str:
    """The sentence that stands where sound is missing; without a colon, so that it never reads as a speaker's name."""
    return file_wording(language).interrupted.format(lasted=duration(max(1.0, gap.lasted_s)))
