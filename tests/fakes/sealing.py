"""A sealing without a secret: what is sealed is not the text itself, and opens only as what it was sealed as."""

from __future__ import annotations


class FakeSealing:
    """Turns the bytes around."""

    def seal(self, data: bytes, what: str) -> bytes:
        """Backwards, under its name."""
        return what.encode() + b"\0" + data[::-1]

    def unseal(self, sealed: bytes, what: str) -> bytes:
        """Forwards again."""
        named, _, data = sealed.partition(b"\0")
        assert named == what.encode()
        return data[::-1]
