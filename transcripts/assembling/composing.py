"""What was heard in the tracks of a meeting, put together into its transcript."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from transcripts.assembling.gaps import gaps
from transcripts.assembling.speakers import Presence, clean_name, labels
from transcripts.assembling.transcript import FailedTrack, Stats, Transcript
from transcripts.assembling.turns import SpokenTrack, assemble
from transcripts.assembling.voices import by_voice, voice_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcripts.diarization.voices import VoiceSpan
    from transcripts.recognition.recogniser import Word
    from transcripts.storage.sidecar import Stay
    from transcripts.storage.spool import BrokenTrack, MeetingId, StoredTrack


@dataclass(frozen=True, slots=True)
class HeardTrack:
    """All that is known of a track in the end."""

    stored: StoredTrack
    language: str
    speech_s: float
    words: tuple[Word, ...] = ()
    """In seconds of the meeting."""
    failure: str = ""
    """Why words of it are missing, if any are."""
    voices: tuple[VoiceSpan, ...] = ()
    """Who speaks when, in seconds of the track, where several people share its microphone."""
    unseparated: bool = False
    """Whether its voices were to be told apart, and could not be."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a meeting besides its tracks."""

    meeting: MeetingId
    title: str
    began_at: float
    """In seconds since 1970."""
    stays: tuple[Stay, ...]
    ended_s: float | None
    """When the call ended, in seconds of the meeting; None where nobody knows."""


@dataclass(slots=True)
class _Labels:
    """The names under which words stand: a label for each track, and one for each voice of those that have several."""

    of_track: dict[int, str]
    language: str
    voices: dict[str, int] = field(default_factory=dict)
    """How many voices of a label have been counted: those of another track of it are not known to be the same."""

    def spoken(self, place: int, track: HeardTrack) -> list[SpokenTrack]:
        """The words of a track, or of each of its voices, under their labels."""
        label = self.of_track[place]
        spans = [_on_the_meetings_clock(span, track.stored.started_s) for span in track.voices]
        parted = by_voice(track.words, spans)
        if None in parted or not parted:
            return [SpokenTrack(label, track.language, track.words)]
        before = self.voices.get(label, 0)
        self.voices[label] = before + len(parted)
        by_first_word = sorted(parted.values(), key=lambda words: words[0].start_s)
        return [
            SpokenTrack(voice_label(label, number, self.language), track.language, words)
            for number, words in enumerate(by_first_word, start=before + 1)
        ]


def compose(
    about: Surroundings,
    heard: Sequence[HeardTrack],
    broken: Iterable[BrokenTrack],
    allowed_languages: Sequence[str],
    stats: Stats,
) -> Transcript:
    """The transcript of a meeting, in which every track that lacks words is told."""
    language = _main_language(heard, allowed_languages)
    of_track = dict(enumerate(labels([_presence(track.stored) for track in heard], language)))
    label = _Labels(of_track, language)
    spoken = {place: label.spoken(place, track) for place, track in enumerate(heard)}
    missed = gaps(about.stays, about.ended_s)
    by_arrival = sorted(range(len(heard)), key=lambda place: heard[place].stored.started_s)
    return Transcript(
        meeting_id=about.meeting,
        title=about.title,
        language=language,
        started_at=datetime.fromtimestamp(about.began_at, UTC),
        duration_s=round(
            max([*(track.stored.ended_s for track in heard), *(gap.end_s for gap in missed)], default=0.0), 2
        ),
        speakers=tuple(
            dict.fromkeys(
                one.speaker for place in by_arrival if heard[place].stored.is_a_person for one in spoken[place]
            )
        ),
        turns=assemble(one for of_one in spoken.values() for one in of_one),
        failed_tracks=(
            *(FailedTrack(clean_name(track.name or "") or None, track.reason) for track in broken),
            *(
                FailedTrack(of_track[place], track.failure, partly=bool(track.words))
                for place, track in enumerate(heard)
                if track.failure
            ),
        ),
        stats=stats,
        gaps=missed,
        unseparated=tuple(
            dict.fromkeys(of_track[place] for place, track in enumerate(heard) if track.unseparated and track.words)
        ),
    )


def _main_language(heard: Iterable[HeardTrack], allowed: Sequence[str]) -> str:
    spoken_s = dict.fromkeys(allowed, 0.0)
    for track in heard:
        spoken_s[track.language] += track.speech_s
    return max(allowed, key=lambda name: spoken_s[name])


def _presence(track: StoredTrack) -> Presence:
    return Presence(track.participant, track.name, track.source, track.started_s, track.ended_s)


def _on_the_meetings_clock(span: VoiceSpan, track_started_s: float) -> VoiceSpan:
    return type(span)(span.voice, track_started_s + span.start_s, track_started_s + span.end_s)
