"""What a link leads to, and the token for who gives a name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from yarl import URL

from bridge.web import calls_api
from bridge.web.door import Admission, CallFull, CallNotice, CallOver, CallServerAway, UnknownLink
from tests.unit.bridge.web.links import OPEN, UNKNOWN, WRONG_SHAPES

if TYPE_CHECKING:
    from tests.fakes.web import FakeDoor
    from tests.unit.bridge.web.links import Client


async def test_a_link_tells_what_its_call_is(client: Client) -> None:
    """Title, language, state, and whether it is transcribed: what the page shows before joining."""
    response = await client.get(f"/api/calls/{OPEN}")
    assert response.status == 200
    assert await response.json() == {
        "title": "Point budget",
        "language": "fr",
        "state": "open",
        "transcribed": True,
        "sound_kept": None,
        "sound_goes_to": None,
        "words_go_to": None,
        "voices_told_apart": False,
    }


@pytest.mark.parametrize("link", [UNKNOWN, *WRONG_SHAPES])
async def test_an_unknown_link_is_unknown_whatever_its_shape(client: Client, door: FakeDoor, link: str) -> None:
    """A wrong shape is answered like a link that nobody has, to both questions, and never reaches the door."""
    path = URL("/api/calls/").joinpath(link, encoded="%" in link)
    for response in (await client.get(path), await client.post(path / "token", json={"name": "Claire"})):
        assert response.status == 404
        assert (await response.json())["error"] == "unknown_link"
    assert door.asked == ([UNKNOWN, UNKNOWN] if link == UNKNOWN else [])


async def test_a_name_gets_a_token_under_its_clean_form(client: Client, door: FakeDoor) -> None:
    """The door sees the name as it was tidied, and the browser gets all it needs to enter."""
    response = await client.post(f"/api/calls/{OPEN}/token", json={"name": "  Claire  "})
    assert response.status == 200
    assert await response.json() == {
        "livekit_url": "ws://livekit.test",
        "token": "a-token",
        "identity": "guest-Claire",
        "name": "Claire",
    }
    assert door.admitted == [(OPEN, "Claire")]
    assert door.sharing == []


@pytest.mark.parametrize(("said", "sharing"), [(True, ["Salle 3"]), (False, [])])
async def test_several_people_may_say_that_they_share_a_microphone(
    client: Client, door: FakeDoor, said: bool, sharing: list[str]
) -> None:
    """One joins for all of them, and the door is told."""
    response = await client.post(f"/api/calls/{OPEN}/token", json={"name": "Salle 3", "shared_microphone": said})
    assert response.status == 200
    assert door.sharing == sharing


@pytest.mark.parametrize("said", [None, "true", 1, 0, [], {"a": 1}])
async def test_whether_a_microphone_is_shared_is_yes_or_no(client: Client, door: FakeDoor, said: object) -> None:
    """Anything else is 422 with what is expected, and nobody is let in."""
    response = await client.post(f"/api/calls/{OPEN}/token", json={"name": "Salle 3", "shared_microphone": said})
    assert response.status == 422
    assert await response.json() == {
        "error": "bad_request",
        "message": "shared_microphone: expected true or false",
    }
    assert door.admitted == []


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (UnknownLink(), 404, "unknown_link"),
        (CallOver(), 410, "call_over"),
        (CallFull(), 409, "call_full"),
        (CallServerAway(), 503, "livekit_unreachable"),
        (RuntimeError("the secret is 1234"), 500, "internal"),
    ],
)
async def test_each_refusal_has_a_status_and_a_code(
    client: Client, door: FakeDoor, refusal: Exception, status: int, code: str
) -> None:
    """The page has a sentence for each code; a bug tells the stranger nothing of itself."""
    door.refusal = refusal
    response = await client.post(f"/api/calls/{OPEN}/token", json={"name": "Claire"})
    assert response.status == status
    assert (await response.json())["error"] == code
    assert "1234" not in await response.text()


@pytest.mark.parametrize("name", [None, "", "x" * 65, 12, ["Claire"], {"a": 1}, "a\u202eb", "\ud800"])
async def test_a_bad_name_is_answered_with_what_is_expected(client: Client, door: FakeDoor, name: object) -> None:
    """422, and nobody is let in."""
    response = await client.post(f"/api/calls/{OPEN}/token", json={"name": name})
    assert response.status == 422
    answer = await response.json()
    assert answer["error"] == "bad_name"
    assert answer["message"].startswith("name: ")
    assert door.admitted == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"Claire"',
        b"null",
        b"\xff\xfe{}",
        b'{"name": "\xe9"}',
        b"[" * 16_000,
        b'{"a":' * 3_000,
        b'{"name": ' + b"9" * 10_000 + b"}",
        '{"name": "Claire"}'.encode("utf-16"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(client: Client, door: FakeDoor, body: bytes) -> None:
    """Not JSON, not UTF-8, nested beyond reason: 400, and the next request works as ever."""
    response = await client.post(f"/api/calls/{OPEN}/token", data=body)
    assert response.status == 400
    assert (await response.json())["error"] == "bad_request"
    assert door.admitted == []
    assert (await client.post(f"/api/calls/{OPEN}/token", json={"name": "Claire"})).status == 200


async def test_a_huge_body_is_refused_whether_it_says_its_length_or_not(client: Client) -> None:
    """413 for more than 16 KiB, declared, in chunks, or hidden in a small compressed body."""
    huge = b'{"name": "' + b"x" * 40_000 + b'"}'

    async def chunks() -> object:
        yield huge

    declared = await client.post(f"/api/calls/{OPEN}/token", data=huge)
    chunked = await client.post(f"/api/calls/{OPEN}/token", data=chunks())
    bomb = await client.post(f"/api/calls/{OPEN}/token", data=huge, compress="gzip")
    assert [declared.status, chunked.status, bomb.status] == [413, 413, 413]
    assert (await declared.json())["error"] == "too_large"


async def test_a_body_that_lies_about_its_compression_is_refused(client: Client) -> None:
    """What cannot be decompressed is 400, not a fault of ours."""
    response = await client.post(
        f"/api/calls/{OPEN}/token", data=b'{"name": "Claire"}', headers={"Content-Encoding": "gzip"}
    )
    assert response.status == 400


async def test_a_door_that_does_not_answer_does_not_hold_the_page(
    client: Client, door: FakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both questions end by themselves, with something that the page can say."""

    async def never(*_: object, **__: object) -> CallNotice | Admission | None:
        await asyncio.Event().wait()
        return None

    monkeypatch.setattr(calls_api, "DOOR_TIMEOUT_S", 0.05)
    monkeypatch.setattr(door, "describe", never)
    monkeypatch.setattr(door, "admit", never)
    notice = await client.get(f"/api/calls/{OPEN}")
    token = await client.post(f"/api/calls/{OPEN}/token", json={"name": "Claire"})
    assert (notice.status, (await notice.json())["error"]) == (503, "unavailable")
    assert (token.status, (await token.json())["error"]) == (503, "livekit_unreachable")


async def test_a_wrong_method_is_answered_in_the_same_form(client: Client) -> None:
    """405 with what is allowed."""
    response = await client.delete(f"/api/calls/{OPEN}")
    assert response.status == 405
    assert (await response.json()) == {"error": "method_not_allowed"}
    assert "GET" in response.headers["Allow"]
