"""The root of the identity, as a person keeps it."""

from __future__ import annotations

import secrets

import pytest

from bridge.matrix.encryption.recovery_key import KEY_BYTES, NotARecoveryKey, from_recovery_key, to_recovery_key

ROOT = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
WRITTEN = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"
"""A pair that Matrix clients test themselves with."""


def test_it_is_written_as_other_clients_write_it() -> None:
    """And read by them."""
    assert to_recovery_key(ROOT) == WRITTEN
    assert from_recovery_key(WRITTEN) == ROOT


@pytest.mark.parametrize("root", [bytes(KEY_BYTES), b"\xff" * KEY_BYTES, *(secrets.token_bytes(32) for _ in range(50))])
def test_what_was_written_is_read_back(root: bytes) -> None:
    """Twelve groups of four, whatever the root."""
    written = to_recovery_key(root)
    assert [len(group) for group in written.split()] == [4] * 12
    assert from_recovery_key(written) == root


@pytest.mark.parametrize(
    "typed", [WRITTEN.replace(" ", ""), f"\t{WRITTEN}\r\n", WRITTEN.replace(" ", "\n"), WRITTEN.replace(" ", "\u202f")]
)
def test_blanks_do_not_matter(typed: str) -> None:
    """A person copies it from paper, or from a terminal."""
    assert from_recovery_key(typed) == ROOT


def test_a_slip_of_one_character_is_found() -> None:
    """Wherever it is, and said without repeating what was typed."""
    for position, character in enumerate(WRITTEN):
        if character == " ":
            continue
        other = "2" if character != "2" else "3"
        typed = WRITTEN[:position] + other + WRITTEN[position + 1 :]
        with pytest.raises(NotARecoveryKey) as raised:
            from_recovery_key(typed)
        assert typed not in str(raised.value)


@pytest.mark.parametrize(
    "typed", ["", " ", "EsTc", WRITTEN[:-4], WRITTEN + " EsTc", "0OIl", "é", "z" * 47, "1" * 48, "z" * 100_000]
)
def test_anything_else_is_no_recovery_key(typed: str) -> None:
    """Whatever its length."""
    with pytest.raises(NotARecoveryKey):
        from_recovery_key(typed)
