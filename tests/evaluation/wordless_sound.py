"""Sound in which nobody says a word: silence and noises of offices and homes, made by seeded generators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.evaluation.meetings import SAMPLE_RATE_HZ

Sound = NDArray[np.int16]
Floats = NDArray[np.float64]
ROOM_TONE_RMS: Final = 30
"""Of int16: that of the recorded meetings while nobody speaks."""
_FULL_SCALE: Final = 32_767


def muted(samples: int) -> Sound:
    """What a muted microphone sends."""
    return np.zeros(samples, np.int16)


def room_tone(samples: int, seed: int = 1) -> Sound:
    """A quiet room with an open microphone."""
    return _at(_coloured(samples, 0.5, seed), ROOM_TONE_RMS)


def white_noise(samples: int, seed: int = 2) -> Sound:
    """A hiss, loud."""
    return _at(_coloured(samples, 0.0, seed), 1500)


def fan(samples: int, seed: int = 3) -> Sound:
    """A deep rush that swells and sinks, as of ventilation."""
    swell = 1 + 0.3 * np.sin(2 * np.pi * 0.2 * _time_s(samples))
    return _at(_coloured(samples, 1.0, seed) * swell, 1000)


def mains_hum(samples: int, seed: int = 4) -> Sound:
    """50 Hz with its harmonics."""
    time_s = _time_s(samples)
    hum: Floats = np.sum([np.sin(2 * np.pi * 50 * n * time_s + n) / n for n in range(1, 12)], axis=0)
    return _at(hum + 0.05 * _coloured(samples, 0.0, seed), 1500)


def keyboard(samples: int, seed: int = 5) -> Sound:
    """Somebody types: seven short bursts a second, at chance moments, over room tone."""
    return _bursts(samples, seed, a_second=7, lasting_s=0.02, rms=4000)


def knocks(samples: int, seed: int = 6) -> Sound:
    """A door, a cup, a desk: a loud thud every two seconds or so."""
    return _bursts(samples, seed, a_second=0.5, lasting_s=0.15, rms=8000)


def ringing(samples: int, seed: int = 7) -> Sound:
    """A telephone rings: two tones, one second of three."""
    time_s = _time_s(samples)
    tones = np.sin(2 * np.pi * 440 * time_s) + np.sin(2 * np.pi * 480 * time_s)
    return _at(tones * (time_s % 3 < 1) + 0.01 * _coloured(samples, 0.0, seed), 2000)


SILENCES: Final[Mapping[str, Callable[[int], Sound]]] = {"muted (zeros)": muted, "room tone": room_tone}
NOISES: Final[Mapping[str, Callable[[int], Sound]]] = {
    "white noise": white_noise,
    "fan": fan,
    "mains hum": mains_hum,
    "keyboard": keyboard,
    "knocks": knocks,
    "telephone": ringing,
}


def _time_s(samples: int) -> Floats:
    return np.arange(samples) / SAMPLE_RATE_HZ


def _coloured(samples: int, exponent: float, seed: int) -> Floats:
    """Noise whose amplitude falls with frequency to the power of `exponent`: 0 is white, 0.5 pink, 1 brown."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    frequency_hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    shaped: Floats = np.fft.irfft(spectrum / np.maximum(frequency_hz, 20.0) ** exponent, samples)
    return shaped


def _bursts(samples: int, seed: int, *, a_second: float, lasting_s: float, rms: float) -> Sound:
    chance = np.random.default_rng(seed)
    sound = room_tone(samples, seed).astype(np.float64)
    length = round(lasting_s * SAMPLE_RATE_HZ)
    fading = np.exp(-np.linspace(0, 5, length))
    for begin in chance.integers(0, max(1, samples - length), round(samples / SAMPLE_RATE_HZ * a_second)):
        burst = chance.normal(0, rms, length) * fading * chance.uniform(0.3, 1)
        sound[begin : begin + length] += burst[: samples - begin]
    return np.clip(sound, -_FULL_SCALE, _FULL_SCALE).astype(np.int16)


def _at(sound: Floats, rms: float) -> Sound:
    level = float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0
    return np.clip(sound * (rms / level if level else 0.0), -_FULL_SCALE, _FULL_SCALE).astype(np.int16)
