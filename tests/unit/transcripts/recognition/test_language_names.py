"""Languages by whatever name a server gives them."""

from __future__ import annotations

import pytest

from transcripts.recognition.language_names import language_code


@pytest.mark.parametrize(
    ("reported", "code"),
    [("french", "fr"), ("English", "en"), ("fr", "fr"), (" FR-fr ", "fr"), ("en_US", "en"), ("cantonese", "yue")],
)
def test_names_and_codes_are_known(reported: str, code: str) -> None:
    """As Whisper's servers write them, and as others do."""
    assert language_code(reported) == code


@pytest.mark.parametrize("reported", ["", "unknown", "?", "klingon language", "12"])
def test_what_is_no_language_is_none(reported: str) -> None:
    """Better no score than a wrong one."""
    assert language_code(reported) is None
