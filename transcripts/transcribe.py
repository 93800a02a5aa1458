"""From the stored sound of a meeting to its transcript: every station in turn, and a broken track costs only itself."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from transcripts.assembling.gaps import gaps
from transcripts.assembling.speakers import Presence, clean_name, labels
from transcripts.assembling.transcript import FailedTrack, Stats, Transcript
from transcripts.assembling.turns import SpokenTrack, assemble
from transcripts.listening import voice_activity
from transcripts.listening.utterances import UtteranceCutter
from transcripts.recognition import inventions, language
from transcripts.recognition.recogniser import RecognitionFailed
from transcripts.recognition.windows import pack
from transcripts.sound import SAMPLE_RATE_HZ, seconds
from transcripts.storage.spool import BrokenTrack, StoredTrack, TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from config.models import Speech
    from transcripts.recognition.recogniser import Recogniser, Word
    from transcripts.recognition.windows import Window
    from transcripts.sound import Samples, StoredSamples
    from transcripts.storage.spool import MeetingId, Spool

log = structlog.get_logger()

LANGUAGE_SPEECH_S: Final = 28.0
"""How much of a track is listened to for its language."""
WINDOWS_AT_ONCE: Final = 8
"""A batch for the model; more at once would only hold more sound in memory."""


@dataclass(frozen=True, slots=True)
class _CutTrack:
    """A track's sound and the windows that hold its speech."""

    stored: StoredTrack
    sound: StoredSamples
    windows: tuple[Window, ...]

    @property
    def speech_s(self) -> float:
        return seconds(sum(window.samples for window in self.windows))


def transcribe(
    meeting: MeetingId,
    title: str,
    spool: Spool,
    recogniser: Recogniser,
    settings: Speech,
    *,
    ended_s: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Transcript:
    """Transcribe a meeting's stored sound. It keeps a CPU busy for minutes: call it from a thread.

    Args:
        meeting: whose sound in the spool.
        title: what the transcript is called.
        spool: where the sound lies.
        recogniser: turns windows of sound into words.
        settings: which languages the meeting may be held in.
        ended_s: when the call ended, in seconds of the meeting; None where nobody knows.
        progress: called with the number of tracks done and of tracks in all.

    Raises:
        RecognitionFailed: not one track with speech could be recognised; trying again may help.
        OSError: the spool itself cannot be read.
    """
    cpu_before_s = time.process_time()
    found = spool.tracks(meeting)
    stored = [track for track in found if isinstance(track, StoredTrack)]
    cut, failures = _cut_all(stored)
    languages = language.settle([_evidence(track, recogniser, settings.languages) for track in cut], settings.languages)
    heard = _recognise(cut, languages, recogniser, failures, progress)

    main_language = _main_language(cut, languages, settings.languages)
    label_of = dict(zip((track.path for track in stored), labels(_presences(stored), main_language), strict=True))
    failed = (
        *(FailedTrack(_known(track.name), track.reason) for track in found if isinstance(track, BrokenTrack)),
        *(FailedTrack(label_of[track.path], reason) for track, reason in failures),
    )
    for track in failed:
        log.warning("track left out of the transcript", meeting_id=meeting, cause=track.reason)
    missed = gaps(spool.stays(meeting), ended_s)
    return Transcript(
        meeting_id=meeting,
        title=title,
        language=main_language,
        started_at=datetime.fromtimestamp(spool.began_at(meeting) or time.time(), UTC),
        duration_s=round(max([*(track.ended_s for track in stored), *(gap.end_s for gap in missed)], default=0.0), 2),
        speakers=tuple(dict.fromkeys(label_of[track.path] for track in _by_arrival(stored) if track.is_a_person)),
        turns=assemble(SpokenTrack(label_of[track.stored.path], spoken, words) for track, spoken, words in heard),
        failed_tracks=failed,
        stats=Stats(
            tracks=len(found),
            windows=sum(len(track.windows) for track in cut),
            audio_s=round(sum(seconds(track.samples) for track in stored), 2),
            speech_s=round(sum(track.speech_s for track in cut), 2),
            cpu_s=round(time.process_time() - cpu_before_s, 2),
        ),
        gaps=missed,
    )


def _cut_all(stored: Sequence[StoredTrack]) -> tuple[list[_CutTrack], list[tuple[StoredTrack, str]]]:
    cut: list[_CutTrack] = []
    failures: list[tuple[StoredTrack, str]] = []
    for track in stored:
        try:
            sound = track.read()
            cut.append(_CutTrack(track, sound, tuple(_windows(sound))))
        except TrackUnreadable as error:
            failures.append((track, str(error)))
    return cut, failures


def _windows(sound: StoredSamples) -> list[Window]:
    cutter = UtteranceCutter()
    utterances = [ended for frames in voice_activity.of_track(sound) for ended in cutter.push(frames)]
    return pack(utterances + cutter.close())


def _evidence(track: _CutTrack, recogniser: Recogniser, allowed: Sequence[str]) -> language.Evidence:
    if len(allowed) == 1 or not track.windows:
        return language.Evidence(track.speech_s, {})
    try:
        return language.Evidence(track.speech_s, recogniser.language_scores(_pooled(track)))
    except RecognitionFailed:
        return language.Evidence(track.speech_s, {})  # it follows the majority


def _pooled(track: _CutTrack) -> Samples:
    """The track's first speech, from as many windows as it takes."""
    wanted = round(LANGUAGE_SPEECH_S * SAMPLE_RATE_HZ)
    pooled: list[Samples] = []
    for window in track.windows:
        pooled.append(window.sound(track.sound))
        if sum(map(len, pooled)) >= wanted:
            break
    return np.concatenate(pooled)[:wanted]


def _recognise(
    cut: Sequence[_CutTrack],
    languages: Sequence[str],
    recogniser: Recogniser,
    failures: list[tuple[StoredTrack, str]],
    progress: Callable[[int, int], None] | None,
) -> list[tuple[_CutTrack, str, tuple[Word, ...]]]:
    """The words of each track that could be recognised; the others are added to the failures."""
    heard: list[tuple[_CutTrack, str, tuple[Word, ...]]] = []
    last_failure: RecognitionFailed | None = None
    for done, (track, spoken) in enumerate(zip(cut, languages, strict=True), start=1):
        try:
            if track.windows:
                heard.append((track, spoken, tuple(_words(track, spoken, recogniser))))
        except RecognitionFailed as error:
            last_failure = error
            failures.append((track.stored, str(error)))
        if progress is not None:
            progress(done, len(cut))
    if last_failure is not None and not heard:
        raise last_failure
    return heard


def _words(track: _CutTrack, spoken: str, recogniser: Recogniser) -> Iterator[Word]:
    """The words that somebody said, in seconds of the meeting."""
    for first in range(0, len(track.windows), WINDOWS_AT_ONCE):
        windows = track.windows[first : first + WINDOWS_AT_ONCE]
        found = recogniser.recognise([window.sound(track.sound) for window in windows], spoken)
        for window, recognition in zip(windows, found, strict=True):
            if not inventions.is_invented(recognition):
                yield from _placed(recognition.words, window, track.stored.started_s)


def _placed(words: Iterable[Word], window: Window, track_started_s: float) -> Iterator[Word]:
    for word in words:
        start_s, end_s = window.track_span(word.start_s, word.end_s)
        yield replace(word, start_s=round(track_started_s + start_s, 2), end_s=round(track_started_s + end_s, 2))


def _main_language(cut: Sequence[_CutTrack], languages: Sequence[str], allowed: Sequence[str]) -> str:
    spoken_s = dict.fromkeys(allowed, 0.0)
    for track, spoken in zip(cut, languages, strict=True):
        spoken_s[spoken] += track.speech_s
    return max(allowed, key=lambda name: spoken_s[name])


def _by_arrival(stored: Sequence[StoredTrack]) -> list[StoredTrack]:
    return sorted(stored, key=lambda track: track.started_s)


def _presences(stored: Sequence[StoredTrack]) -> list[Presence]:
    return [Presence(track.participant, track.name, track.source, track.started_s, track.ended_s) for track in stored]


def _known(name: str | None) -> str | None:
    return clean_name(name or "") or None
