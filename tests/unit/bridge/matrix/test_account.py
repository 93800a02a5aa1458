"""How the bot comes to act at the homeserver, where that cannot be provoked on a real one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix.account import enter
from bridge.matrix.errors import HomeserverError, HomeserverUnreachable, RateLimited, TokenRefused
from bridge.matrix.ids import UserId
from bridge.matrix.tables import DEVICE
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix
from tests.fakes.matrix import BOT, CLAIRE, TOKEN_UNKNOWN, Answer, FakeHomeserver
from tests.fakes.sealing import FakeSealing

PASSWORD, FIRST, SECOND = "a-password-of-the-tests", "a-first-token", "a-second-token"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver that lets the bot log in as whatever device it asks for."""
    async with FakeHomeserver() as server:
        server.answers("POST", "/login", login(FIRST))
        server.answers("GET", "/whoami", whoami())
        yield server


def login(token: str, **changed: str) -> Answer:
    """What a homeserver answers to the right password."""
    return Answer(body={"user_id": BOT, "access_token": token, "device_id": "GREFFIER"} | changed)


def whoami(**changed: str) -> Answer:
    """What a homeserver answers to a token that it knows."""
    return Answer(body={"user_id": BOT, "device_id": "GREFFIER"} | changed)


def account(server: FakeHomeserver, **changed: str | None) -> Matrix:
    """The settings of a bot that is an ordinary account."""
    return server.settings(**{"identity": "account", "as_token": None, "password": PASSWORD, **changed})


async def entered(settings: Matrix, engine: AsyncEngine) -> Acting:
    """Whom the bot acts as after a start; it says so on the wire, too."""
    async with Wire(settings, Acting(UserId(settings.bot_user_id), "")) as wire:
        acting = await enter(wire, settings, engine, FakeSealing())
        assert wire.acting == acting
        return acting


async def stored(engine: AsyncEngine) -> dict[str, Any]:
    """What the database knows of the bot's device."""
    async with engine.connect() as connection:
        return dict((await connection.execute(sa.select(DEVICE))).mappings().one())


async def nothing_is_stored(engine: AsyncEngine) -> bool:
    """Whether the database knows of no device."""
    async with engine.connect() as connection:
        return (await connection.execute(sa.select(DEVICE))).first() is None


async def has_keys_of(engine: AsyncEngine, device_id: str) -> None:
    """The bot has run before as this device."""
    async with engine.begin() as connection:
        row = {"user_id": BOT, "device_id": device_id, "account": b"keys", "is_published": True}
        await connection.execute(sa.insert(DEVICE).values(row))


class TestAnAppservice:
    """A user whose device is made with the appservice's token."""

    async def test_it_makes_what_is_missing_without_a_login(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """User, then device, then name."""
        acting = await entered(server.settings(), engine)
        assert acting == Acting(UserId(BOT), "as-token-of-the-tests", "GREFFIER", is_masquerading=True)
        asked = [(request.method, request.path.rsplit("/", 1)[1]) for request in server.requests]
        device = [("GET", "GREFFIER"), ("PUT", "GREFFIER")]
        assert asked == [("POST", "register"), *device, ("GET", "displayname"), ("PUT", "displayname")]
        assert json.loads(server.requests[0].body)["inhibit_login"] is True
        assert ["device_id" in request.query for request in server.requests] == [False, False, False, True, True]

    async def test_it_can_be_repeated(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """A user that exists is not an error, a device or a name that is right is not set again."""
        server.answers("POST", "/register", Answer(400, {"errcode": "M_USER_IN_USE"}))
        server.answers("GET", "/devices/GREFFIER", Answer(body={"display_name": "Greffier"}))
        server.answers("GET", "/displayname", Answer(body={"displayname": "Greffier"}))
        for _ in range(2):
            await entered(server.settings(), engine)
        assert not [request for request in server.requests if request.method == "PUT"]

    async def test_a_device_that_was_deleted_is_made_again(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """An administrator may do that."""
        server.answers("GET", "/devices/GREFFIER", Answer(404, {"errcode": "M_NOT_FOUND"}))
        await entered(server.settings(), engine)
        assert server.asked("PUT", "/devices/GREFFIER")

    async def test_the_device_of_the_database_goes_before_the_setting(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """Its keys are there; they stay as they are."""
        await has_keys_of(engine, "GREFFIER_abc")
        assert (await entered(server.settings(device_id="ANOTHER"), engine)).device_id == "GREFFIER_abc"
        assert server.asked("PUT", "/devices/GREFFIER_abc")
        assert (await stored(engine))["account"] == b"keys"

    @pytest.mark.parametrize(
        ("method", "path", "answer"),
        [
            ("POST", "/register", Answer(400, {"errcode": "M_EXCLUSIVE", "error": "not in namespace"})),
            ("PUT", "/devices/GREFFIER", Answer(403, {"errcode": "M_FORBIDDEN"})),
        ],
    )
    async def test_a_user_outside_the_namespace_says_what_to_check(
        self, server: FakeHomeserver, engine: AsyncEngine, method: str, path: str, answer: Answer
    ) -> None:
        """The operator mends the registration."""
        server.answers(method, path, answer)
        with pytest.raises(TokenRefused, match=r"act as @greffier:tchap\.test.*matrix\.bot_localpart.*registration"):
            await entered(server.settings(), engine)

    async def test_the_bot_acts_as_before_until_it_has_entered_again(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """Messages may be on their way meanwhile; without their device they could be sent twice."""
        settings = server.settings()
        async with Wire(settings, Acting(UserId(BOT), "")) as wire:
            before = await enter(wire, settings, engine, FakeSealing())
            server.fails("/register", TOKEN_UNKNOWN)
            with pytest.raises(TokenRefused):
                await enter(wire, settings, engine, FakeSealing())
            assert wire.acting == before


class TestAnAccount:
    """A user like any other, with a password or a token."""

    async def test_it_logs_in_once_and_keeps_the_token_sealed(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """The next start asks with it; requests name no user and no device, which only an appservice may."""
        for _ in range(2):
            assert await entered(account(server), engine) == Acting(UserId(BOT), FIRST, "GREFFIER")
        (request,) = server.asked("POST", "/login")
        assert json.loads(request.body) == {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": BOT},
            "password": PASSWORD,
            "device_id": "GREFFIER",
            "initial_device_display_name": "Greffier",
        }
        assert "Authorization" not in request.headers
        assert not any(request.query for request in server.requests)
        assert server.asked("GET", "/whoami")[0].headers["Authorization"] == f"Bearer {FIRST}"
        assert FIRST.encode() not in (await stored(engine))["access_token"]

    async def test_a_dead_token_is_replaced_by_a_login_of_the_same_device(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """Whatever the setting says by now: the keys are of that device."""
        await entered(account(server), engine)
        server.answers("POST", "/login", login(SECOND))
        server.fails("/whoami", TOKEN_UNKNOWN)
        assert (await entered(account(server, device_id="ANOTHER"), engine)).token == SECOND
        assert json.loads(server.asked("POST", "/login")[1].body)["device_id"] == "GREFFIER"
        assert (await entered(account(server), engine)).token == SECOND
        assert len(server.asked("POST", "/login")) == 2

    async def test_a_homeserver_that_is_away_ends_no_login(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Only its word that the token is none does."""
        await entered(account(server), engine)
        for answer in (Answer(502, b"<html>", "text/html"), Answer(429, {"errcode": "M_LIMIT_EXCEEDED"})):
            server.fails("/whoami", answer)
            with pytest.raises(HomeserverError) as caught:
                await entered(account(server), engine)
            assert not isinstance(caught.value, TokenRefused)
        assert len(server.asked("POST", "/login")) == 1

    async def test_a_given_token_brings_its_device(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """It is not kept: it is the operator's, who may take it back."""
        server.answers("GET", "/whoami", whoami(device_id="OPERATORS"))
        acting = await entered(account(server, password=None, access_token=FIRST), engine)
        assert acting == Acting(UserId(BOT), FIRST, "OPERATORS")
        kept = await stored(engine)
        assert (kept["device_id"], kept["access_token"]) == ("OPERATORS", None)
        assert not server.asked("POST", "/login")

    async def test_a_given_token_that_is_dead_says_what_to_do(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """There is no password to go on with."""
        server.answers("GET", "/whoami", TOKEN_UNKNOWN)
        with pytest.raises(TokenRefused, match=r"matrix\.access_token.*matrix\.password"):
            await entered(account(server, password=None, access_token=FIRST), engine)

    async def test_a_given_token_that_is_dead_gives_way_to_the_password(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """Where both are there."""
        server.answers("POST", "/login", login(SECOND))
        server.fails("/whoami", TOKEN_UNKNOWN)
        assert (await entered(account(server, access_token=FIRST), engine)).token == SECOND

    async def test_a_token_of_another_device_than_that_of_the_keys_is_refused(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """As that device the bot could read nothing; what is in the database stays."""
        await has_keys_of(engine, "EARLIER")
        with pytest.raises(TokenRefused, match=r"device GREFFIER.*those of EARLIER.*greffier identity restore"):
            await entered(account(server, access_token=FIRST), engine)
        assert (await stored(engine))["device_id"] == "EARLIER"

    @pytest.mark.parametrize("given", [{"access_token": FIRST}, {}])
    async def test_somebody_elses_token_is_refused(
        self, server: FakeHomeserver, engine: AsyncEngine, given: dict[str, str]
    ) -> None:
        """The bot would speak under another name than the settings say."""
        server.answers("GET", "/whoami", whoami(user_id=CLAIRE))
        server.answers("POST", "/login", login(FIRST, user_id=CLAIRE))
        with pytest.raises(TokenRefused, match=rf"for {CLAIRE}, and matrix\.bot_localpart.*say {BOT}"):
            await entered(account(server, **given), engine)
        assert await nothing_is_stored(engine)

    @pytest.mark.parametrize("key", ["access_token", "device_id", "user_id"])
    async def test_half_an_answer_to_a_login_is_none(
        self, server: FakeHomeserver, engine: AsyncEngine, key: str
    ) -> None:
        """Nothing is kept of it."""
        server.answers("POST", "/login", login(FIRST, **{key: ""}))
        with pytest.raises(HomeserverError):
            await entered(account(server), engine)
        assert await nothing_is_stored(engine)

    async def test_a_wrong_password_says_what_to_check(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Neither the sentence nor the log shows it."""
        server.answers("POST", "/login", Answer(403, {"errcode": "M_FORBIDDEN", "error": "Invalid password"}))
        with capture_logs() as logs, pytest.raises(TokenRefused, match=r"log in.*matrix\.password") as caught:
            await entered(account(server), engine)
        assert PASSWORD not in f"{caught.value!r} {caught.value.__cause__!r} {logs}"

    async def test_a_login_that_has_ended_is_logged_when_another_takes_its_place(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """Not each time that it is tried."""
        await entered(account(server), engine)
        server.answers("GET", "/whoami", TOKEN_UNKNOWN)
        server.answers("POST", "/login", Answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 4000}))
        with capture_logs() as logs:
            for _ in range(2):
                with pytest.raises(RateLimited):
                    await entered(account(server), engine)
        assert logs == []

    async def test_to_be_slowed_down_is_passed_on(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Whoever tries again waits as long as the homeserver asks."""
        server.answers("POST", "/login", Answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 4000}))
        with pytest.raises(RateLimited) as caught:
            await entered(account(server), engine)
        assert caught.value.retry_after_s == 4

    async def test_no_log_and_no_error_shows_a_token(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Over a whole life: a login, a token that dies, another login, an outage."""
        with capture_logs() as logs:
            await entered(account(server), engine)
            server.answers("POST", "/login", login(SECOND))
            server.fails("/whoami", TOKEN_UNKNOWN)
            acting = await entered(account(server), engine)
            await server.stop()
            with pytest.raises(HomeserverUnreachable) as caught:
                await entered(account(server), engine)
        shown = f"{logs} {acting!r} {caught.value!r}"
        assert [said["event"] for said in logs] == ["logged in", "the homeserver has ended a login", "logged in"]
        assert not any(secret in shown for secret in (PASSWORD, FIRST, SECOND))

    async def test_a_name_that_only_an_administrator_may_give_keeps_nobody_out(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """On Tchap names come from the directory."""
        server.answers("PUT", "/displayname", Answer(403, {"errcode": "M_FORBIDDEN", "error": "disabled here"}))
        with capture_logs() as logs:
            assert (await entered(account(server), engine)).token == FIRST
        assert "the bot goes by the name that it has" in [said["event"] for said in logs]
