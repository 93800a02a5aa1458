"""What stands beside the sound says no more than there is sound."""

from __future__ import annotations

import pytest

from transcripts.storage.sidecar import SpeechSidecar

FOUND = SpeechSidecar(
    settled_samples=1000, utterances=((100, 300), (500, 800)), muted=((150, 200), (600, 650)), is_complete=True
)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        pytest.param(5000, FOUND, id="more sound has come since"),
        pytest.param(1000, FOUND, id="just as much"),
        pytest.param(
            900, FOUND.model_copy(update={"settled_samples": 900, "is_complete": False}), id="the end is missing"
        ),
        pytest.param(
            700,
            SpeechSidecar(settled_samples=500, utterances=((100, 300),), muted=((150, 200),)),
            id="half an utterance is missing, which is then none",
        ),
        pytest.param(
            400,
            SpeechSidecar(settled_samples=400, utterances=((100, 300),), muted=((150, 200),)),
            id="a whole utterance is missing",
        ),
        pytest.param(0, SpeechSidecar(), id="there is no sound"),
    ],
)
def test_speech_beyond_the_sound_is_not_settled(samples: int, expected: SpeechSidecar) -> None:
    """A fetched sidecar may be newer than the fetched sound, and a machine may have lost the last of it."""
    assert FOUND.within(samples) == expected
