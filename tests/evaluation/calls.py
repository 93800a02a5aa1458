"""Calls of any length, made from recorded meetings and from noise: what each microphone hears, and what is said.

A track's sound is a loop, so that two hours of four people take the memory of two minutes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tests.evaluation.meetings import SAMPLE_RATE_HZ, Meeting, Segment
from tests.evaluation.wordless_sound import Sound, room_tone


@dataclass(frozen=True, slots=True)
class Microphone:
    """Whose it is, and what it hears: `loop` over and over, from its sample `begins_at` on."""

    name: str
    loop: Sound
    begins_at: int = 0
    is_shared: bool = False

    def sound(self, first_sample: int, end_sample: int) -> Sound:
        """What it hears from one sample of the call to another."""
        length = end_sample - first_sample
        start = (self.begins_at + first_sample) % len(self.loop)
        times = math.ceil((start + length) / len(self.loop))
        return np.tile(self.loop, times)[start : start + length] if times > 1 else self.loop[start : start + length]


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be recorded; times of what is said are seconds since it began."""

    title: str
    language: str
    duration_s: float
    microphones: tuple[Microphone, ...]
    said: tuple[Segment, ...]

    @property
    def samples(self) -> int:
        """How long it is."""
        return round(self.duration_s * SAMPLE_RATE_HZ)

    @property
    def speech_s(self) -> float:
        """How long people speak, one added to the other, without the pauses between segments."""
        return sum(segment.end - segment.start for segment in self.said)

    @property
    def spoken_share(self) -> float:
        """The share of the call in which somebody speaks."""
        hundredths = np.zeros(math.ceil(self.duration_s * 100), bool)
        for segment in self.said:
            hundredths[round(segment.start * 100) : round(segment.end * 100)] = True
        return float(hundredths.mean()) if len(hundredths) else 0.0


def held(meeting: Meeting) -> Call:
    """A recorded meeting as it is."""
    reference = meeting.reference
    microphones = tuple(
        Microphone(track.speaker or reference.title, _lasting(sound, reference.duration), is_shared=not track.speaker)
        for track, sound in zip(reference.tracks, meeting.sound, strict=True)
    )
    return Call(reference.title, reference.language, reference.duration, microphones, reference.segments)


def repeated(meeting: Meeting, duration_s: float, every_s: float) -> Call:
    """The meeting again and again, room tone between; however long the call, it ends with the meeting's end."""
    reference = meeting.reference
    if every_s < reference.duration:
        raise ValueError(f"{reference.id} lasts longer than {every_s:g} s")
    pause_s = every_s - reference.duration
    begins_at = round((-duration_s % every_s) * SAMPLE_RATE_HZ)
    microphones = tuple(
        Microphone(
            track.speaker or reference.title,
            np.concatenate([_pause(pause_s, seed), _lasting(sound, reference.duration)]),
            begins_at,
        )
        for seed, (track, sound) in enumerate(zip(reference.tracks, meeting.sound, strict=True))
    )
    starts_s = [duration_s - n * every_s + pause_s for n in range(math.ceil(duration_s / every_s), 0, -1)]
    said = [_shifted(segment, start_s) for start_s in starts_s for segment in reference.segments]
    return Call(reference.title, reference.language, duration_s, microphones, _since_the_beginning(said))


def spread(meeting: Meeting, times: int, tracks: int) -> Call:
    """The meeting so many times, each time by other people, until there are so many tracks; then the first again."""
    reference = meeting.reference
    groups = tracks // len(meeting.sound)
    if groups * len(meeting.sound) != tracks:
        raise ValueError(f"{tracks} tracks are not a multiple of {len(meeting.sound)}")
    microphones = [
        Microphone(
            f"{track.speaker} {group + 1}",
            np.concatenate(
                [
                    _lasting(sound, reference.duration) if n % groups == group else _pause(reference.duration, n)
                    for n in range(times)
                ]
            ),
        )
        for group in range(groups)
        for track, sound in zip(reference.tracks, meeting.sound, strict=True)
    ]
    said = [
        replace(_shifted(segment, n * reference.duration), speaker=f"{segment.speaker} {n % groups + 1}")
        for n in range(times)
        for segment in reference.segments
    ]
    return Call(reference.title, reference.language, times * reference.duration, tuple(microphones), tuple(said))


def monologue(meeting: Meeting, speaker: str, times: int, pause_s: float = 0.8) -> Call:
    """What one person says in the meeting, and nothing but short pauses between, so many times."""
    track = next(n for n, track in enumerate(meeting.reference.tracks) if track.speaker == speaker)
    pieces: list[Sound] = []
    said: list[Segment] = []
    at_s = 0.0
    for segment in [mine for mine in meeting.reference.segments if mine.speaker == speaker] * times:
        first, end = round(segment.start * SAMPLE_RATE_HZ), round(segment.end * SAMPLE_RATE_HZ)
        pieces += [_pause(pause_s, len(pieces)), meeting.sound[track][first:end]]
        start_s = at_s + pause_s
        at_s = start_s + (end - first) / SAMPLE_RATE_HZ
        said.append(replace(segment, start=start_s, end=at_s))
    sound = np.concatenate(pieces)
    return Call(
        speaker, meeting.reference.language, len(sound) / SAMPLE_RATE_HZ, (Microphone(speaker, sound),), tuple(said)
    )


def wordless(name: str, sound: Sound, duration_s: float) -> Call:
    """Somebody is there, and says nothing."""
    return Call(name, "fr", duration_s, (Microphone(name, sound),), ())


def mixed(call: Call) -> Microphone:
    """What a recording of the whole call hears: all tracks added up; its loop is theirs."""
    loops: list[NDArray[np.int16]] = [microphone.loop for microphone in call.microphones]
    together = np.sum([loop.astype(np.int32) for loop in loops], axis=0)
    return Microphone("all", np.clip(together, -32768, 32767).astype(np.int16), call.microphones[0].begins_at)


def _lasting(sound: Sound, duration_s: float) -> Sound:
    samples = round(duration_s * SAMPLE_RATE_HZ)
    return np.pad(sound[:samples], (0, max(0, samples - len(sound))))


def _pause(lasting_s: float, seed: int) -> Sound:
    return room_tone(round(lasting_s * SAMPLE_RATE_HZ), seed)


def _shifted(segment: Segment, by_s: float) -> Segment:
    return replace(segment, start=segment.start + by_s, end=segment.end + by_s)


def _since_the_beginning(said: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(replace(segment, start=max(0.0, segment.start)) for segment in said if segment.end > 0)
