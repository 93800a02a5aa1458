"""Requests that the homeserver wants to be confirmed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bridge.matrix.confirmation import confirmed
from bridge.matrix.errors import ConfirmationNeeded, RequestRefused
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Acting, Wire
from tests.fakes.matrix import BOT, Answer, FakeHomeserver

PASSWORD = SecretStr("the password of the account")
FLOWS = {"session": "s1", "flows": [{"stages": ["m.login.password"]}, {"stages": ["m.login.sso"]}]}
WANTED = Answer(401, FLOWS)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver that behaves until told otherwise."""
    async with FakeHomeserver() as server:
        yield server


async def ask(server: FakeHomeserver, password: SecretStr | None) -> None:
    """Make a request."""
    async with Wire(server.settings(), Acting(UserId(BOT), "token")) as wire:
        await confirmed(wire, "POST", "doing it", ("it",), {"a": 1}, password)


async def test_what_needs_no_confirmation_does_not_show_the_password(server: FakeHomeserver) -> None:
    """Nor is it asked twice."""
    await ask(server, PASSWORD)
    (request,) = server.asked("POST", "/it")
    assert json.loads(request.body) == {"a": 1}


async def test_the_password_confirms_what_it_can(server: FakeHomeserver) -> None:
    """In the session that the homeserver has opened for it."""
    server.fails("/it", WANTED)
    await ask(server, PASSWORD)
    _, again = server.asked("POST", "/it")
    assert json.loads(again.body) == {
        "a": 1,
        "auth": {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": BOT},
            "password": PASSWORD.get_secret_value(),
            "session": "s1",
        },
    }


@pytest.mark.parametrize(
    ("flows", "password"),
    [
        ([{"stages": ["m.login.password"]}], None),
        ([{"stages": ["m.oauth"]}], PASSWORD),
        ([{"stages": ["m.login.password", "m.login.email.identity"]}], PASSWORD),
        ([{"stages": "m.login.password"}, {"stages": [1]}, "x", {"stages": ["m.oauth"]}], PASSWORD),
    ],
)
async def test_what_the_password_cannot_confirm_is_said(
    server: FakeHomeserver, flows: object, password: SecretStr | None
) -> None:
    """With what the homeserver says of it; the password stays here."""
    server.fails("/it", Answer(401, {"session": "s1", "flows": flows, "msg": "approve it at https://account.test"}))
    with pytest.raises(ConfirmationNeeded, match=r"^doing it: .*approve it at https://account\.test") as raised:
        await ask(server, password)
    assert len(server.asked("POST", "/it")) == 1
    assert PASSWORD.get_secret_value() not in str(raised.value)


async def test_a_wrong_password_is_said_and_not_tried_again(server: FakeHomeserver) -> None:
    """An account may be locked after a few."""
    refusal = Answer(401, FLOWS | {"errcode": "M_FORBIDDEN", "error": "Invalid password"})
    server.fails("/it", WANTED)
    server.fails("/it", refusal)
    with pytest.raises(ConfirmationNeeded, match="Invalid password"):
        await ask(server, PASSWORD)
    assert len(server.asked("POST", "/it")) == 2


@pytest.mark.parametrize("flows", [None, [], "x", [1], [{"stages": None}]])
async def test_an_answer_without_a_way_to_confirm_is_an_error_as_any_other(
    server: FakeHomeserver, flows: object
) -> None:
    """It asks for nothing that could be done."""
    server.fails("/it", Answer(401, {"errcode": "M_FORBIDDEN", "flows": flows}))
    with pytest.raises(RequestRefused, match="refused by the homeserver") as raised:
        await ask(server, PASSWORD)
    assert not isinstance(raised.value, ConfirmationNeeded)
