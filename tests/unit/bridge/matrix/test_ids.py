"""Which texts can be ids, and which homeserver they name."""

from __future__ import annotations

import pytest

from bridge.matrix.ids import MAX_ID_BYTES, is_event_id, is_room_id, is_user_id, server_in


@pytest.mark.parametrize("value", ["!budget:tchap.test", "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", "!é:x"])
def test_a_room_need_not_name_a_server(value: str) -> None:
    """Since room version 12 it is a hash."""
    assert is_room_id(value)


@pytest.mark.parametrize(
    "value", [None, 1, "", "!", "! x", "@a:b", "!a\n:b", "!\x00:b", "!\u202e:b", "!" + "x" * 255, []]
)
def test_what_is_no_id_is_none(value: object) -> None:
    """Whatever it is."""
    assert not is_room_id(value)
    assert not is_event_id(value)


def test_a_user_is_of_a_server() -> None:
    """An event need not be."""
    assert is_user_id("@claire:tchap.test:8448")
    assert not is_user_id("@claire")
    assert is_event_id("$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg")
    assert not is_user_id("@" + "é" * (MAX_ID_BYTES // 2) + ":x"), "the limit is one of bytes"


@pytest.mark.parametrize(
    ("identifier", "server"),
    [
        ("@claire:tchap.test", "tchap.test"),
        ("!budget:localhost:8448", "localhost:8448"),
        ("@claire:[::1]:8448", "[::1]:8448"),
        ("!31hneApxJ_1o", None),
        ("!a:", None),
    ],
)
def test_an_id_names_its_server_port_and_all(identifier: str, server: str | None) -> None:
    """Or none."""
    assert server_in(identifier) == server
