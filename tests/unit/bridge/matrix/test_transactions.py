"""What an appservice is asked by its homeserver, by strangers, and twice at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest
import pytest_asyncio
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bridge.matrix import transactions
from bridge.matrix.errors import HomeserverUnreachable
from bridge.matrix.ids import UserId
from bridge.matrix.transactions import Transactions
from tests.fakes.matrix import BOT, CLAIRE, message

Client: TypeAlias = TestClient[web.Request, web.Application]

TOKEN = "hs-token-of-the-tests"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}
EVENTS = [message("!visio", "$1"), message("!aide", "$2")]
PUSH = "/_matrix/app/v1/transactions/1"


@dataclass
class Store:
    """Stores what it is given, once it may, or fails."""

    taken: list[tuple[str, Sequence[object]]] = field(default_factory=list)
    error: Exception | None = None
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, txn_id: str, events: Sequence[object]) -> None:
        """Take one transaction."""
        self.begun.set()
        self.taken.append((txn_id, events))
        await self.may_go_on.wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def store() -> Store:
    """One that stores at once."""
    store = Store()
    store.may_go_on.set()
    return store


@pytest.fixture
def pushed(store: Store) -> Transactions:
    """The appservice's side."""
    return Transactions(SecretStr(TOKEN), UserId(BOT), store.take)


@dataclass
class Arrivals:
    """Counts the transactions that have been read and are about to be stored, or to wait for that."""

    count: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, count: int) -> None:
        """Wait until that many have come."""
        async with asyncio.timeout(20):
            while self.count < count:
                self.more.clear()
                await self.more.wait()


@pytest.fixture
def arrivals(monkeypatch: pytest.MonkeyPatch) -> Arrivals:
    """Those that come in this test."""
    arrivals, known_as = Arrivals(), transactions._known_as

    def counted(txn_id: str, events: Sequence[object]) -> str:
        arrivals.count += 1
        arrivals.more.set()
        return known_as(txn_id, events)

    monkeypatch.setattr(transactions, "_known_as", counted)
    return arrivals


@pytest_asyncio.fixture
async def client(pushed: Transactions) -> AsyncIterator[Client]:
    """Somebody who can reach it."""
    app = web.Application()
    app.add_routes(pushed.routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def put(client: Client, events: object = EVENTS, path: str = PUSH) -> int:
    """Push as the homeserver does; gives the status."""
    async with client.put(path, json={"events": events}, headers=SHOWN) as response:
        return response.status


@pytest.mark.parametrize("path", [PUSH, "/transactions/1"])
async def test_a_transaction_is_taken_whole_and_answered(client: Client, store: Store, path: str) -> None:
    """Also at the address that it had before the API had versions."""
    async with client.put(path, json={"events": EVENTS}, headers=SHOWN) as response:
        assert (response.status, await response.json()) == (200, {})
    ((_, events),) = store.taken
    assert events == EVENTS


async def test_a_transaction_is_known_by_its_id_and_by_its_events(client: Client, store: Store) -> None:
    """The same twice is known by the same; a homeserver that is made anew counts from 1 again, with other events."""
    for events in (EVENTS, EVENTS, EVENTS[:1]):
        assert await put(client, events) == 200
    assert await put(client, path="/_matrix/app/v1/transactions/2") == 200
    first, repeated, other_events, other_id = (txn_id for txn_id, _ in store.taken)
    assert first == repeated
    assert len({first, other_events, other_id}) == 3


@pytest.mark.parametrize(
    "events",
    [[], [None], [[]], ["$1"], [{}], [{"event_id": 5}], [{"event_id": "\ud800"}], [{"event_id": ["$1"]}]],
)
async def test_events_may_be_anything(client: Client, store: Store, events: list[object]) -> None:
    """What they are is for whoever takes them to judge."""
    assert await put(client, events) == 200
    assert store.taken[0][1] == events


class TestWhoMayAsk:
    """The homeserver, known by its token."""

    @pytest.mark.parametrize(
        ("headers", "status", "errcode"),
        [
            ({}, 401, "M_MISSING_TOKEN"),
            ({"Authorization": "Bearer "}, 401, "M_MISSING_TOKEN"),
            ({"Authorization": TOKEN}, 401, "M_MISSING_TOKEN"),
            ({"Authorization": f"Basic {TOKEN}"}, 401, "M_MISSING_TOKEN"),
            ({"Authorization": "Bearer not-the-token"}, 403, "M_FORBIDDEN"),
            ({"Authorization": f"Bearer {TOKEN}x"}, 403, "M_FORBIDDEN"),
            ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 403, "M_FORBIDDEN"),
            ({"Authorization": "Bearer \udce9t\udcc3\udca9"}, 403, "M_FORBIDDEN"),
        ],
    )
    @pytest.mark.parametrize(
        ("method", "path"),
        [("PUT", PUSH), ("POST", "/_matrix/app/v1/ping"), ("GET", f"/_matrix/app/v1/users/{BOT}"), ("GET", "/rooms/x")],
    )
    async def test_a_stranger_is_refused_before_anything_is_read(
        self, client: Client, store: Store, method: str, path: str, headers: dict[str, str], status: int, errcode: str
    ) -> None:
        """With the error that Matrix has for it; a body that is no JSON is not looked at."""
        async with client.request(method, path, data=b"{" * 9, headers=headers) as response:
            assert response.status == status
            assert (await response.json())["errcode"] == errcode
        assert not store.taken

    async def test_the_token_may_be_in_the_query(self, client: Client) -> None:
        """As homeservers did before 2023; the header goes before it."""
        path = f"{PUSH}?access_token="
        async with client.put(path + TOKEN, json={"events": []}) as response:
            assert response.status == 200
        async with client.put(f"{path}not-the-token", json={"events": []}) as response:
            assert response.status == 403
        async with client.put(f"{path}not-the-token", json={"events": []}, headers=SHOWN) as response:
            assert response.status == 200

    async def test_the_log_says_that_the_tokens_differ_and_shows_neither(self, client: Client) -> None:
        """It is the usual fault of a registration that was written anew."""
        with capture_logs() as logs:
            async with client.put(PUSH, json={}, headers={"Authorization": "Bearer other-token"}) as response:
                assert TOKEN not in await response.text()
        (said,) = logs
        assert "hs_token" in said["event"]
        assert "other-token" not in str(said)
        assert TOKEN not in str(said)


class TestWhatIsNoTransaction:
    """Bodies and addresses that are not the API's."""

    @pytest.mark.parametrize(
        ("body", "errcode"),
        [
            (b"", "M_NOT_JSON"),
            (b"{", "M_NOT_JSON"),
            (b"\x00\xff", "M_NOT_JSON"),
            (b"[]", "M_BAD_JSON"),
            (b"5", "M_BAD_JSON"),
            (b"{}", "M_BAD_JSON"),
            (b'{"events": {}}', "M_BAD_JSON"),
            (b'{"events": null}', "M_BAD_JSON"),
        ],
    )
    async def test_a_body_of_another_shape_is_refused(
        self, client: Client, store: Store, body: bytes, errcode: str
    ) -> None:
        """With what is wrong with it."""
        async with client.put(PUSH, data=body, headers=SHOWN) as response:
            assert (response.status, (await response.json())["errcode"]) == (400, errcode)
        assert not store.taken

    async def test_one_hostile_event_costs_no_transaction(self, client: Client, store: Store) -> None:
        """What somebody has nested too deep for a parser is read as null, and the rest as it is."""
        deep = '{"content":' + "[" * 100_000 + "]" * 100_000 + "}"
        body = f'{{"events": [{deep}, {json.dumps(EVENTS[0])}]}}'.encode()
        async with client.put(PUSH, data=body, headers=SHOWN) as response:
            assert response.status == 200
        assert store.taken[0][1][1] == EVENTS[0]

    async def test_a_body_without_an_end_is_refused(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every read has a bound, in bytes and in time."""
        monkeypatch.setattr(transactions, "MAX_BODY_BYTES", 1000)
        async with client.put(PUSH, json={"events": ["x" * 1000]}, headers=SHOWN) as response:
            assert (response.status, (await response.json())["errcode"]) == (413, "M_TOO_LARGE")

        async def endless() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        monkeypatch.setattr(transactions, "READ_TIMEOUT_S", 0.05)
        async with client.put(PUSH, data=endless(), headers=SHOWN) as response:
            assert response.status == 408

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", PUSH),
            ("POST", PUSH),
            ("GET", "/_matrix/app/v1/ping"),
            ("GET", "/_matrix/app/v1/thirdparty/protocol/irc"),
            ("PUT", "/_matrix/app/v2/transactions/1"),
            ("PUT", "/_matrix/app/v1/transactions/"),
        ],
    )
    async def test_what_is_not_known_is_unrecognized(self, client: Client, method: str, path: str) -> None:
        """In Matrix's words, so that the homeserver knows that it has reached an appservice."""
        async with client.request(method, path, headers=SHOWN) as response:
            assert (response.status, (await response.json())["errcode"]) == (404, "M_UNRECOGNIZED")


class TestStoring:
    """Success means that it is stored, and that it was stored once."""

    async def test_nothing_is_answered_before_it_is_stored(self, client: Client, store: Store) -> None:
        """A homeserver that is told 200 never sends it again."""
        store.may_go_on.clear()
        answer = asyncio.create_task(put(client))
        await store.begun.wait()
        assert not (await asyncio.wait({answer}, timeout=0.05))[0]
        store.may_go_on.set()
        assert await answer == 200

    @pytest.mark.parametrize("error", [None, TimeoutError()])
    async def test_a_repeat_waits_for_the_first_and_is_answered_alike(
        self, client: Client, store: Store, arrivals: Arrivals, error: Exception | None
    ) -> None:
        """The homeserver lost patience, or lost the connection; there is one transaction all the same."""
        store.error = error
        store.may_go_on.clear()
        answers = [asyncio.create_task(put(client)) for _ in range(3)]
        await arrivals.until(3)
        store.may_go_on.set()
        assert await asyncio.gather(*answers) == [503 if error else 200] * 3
        assert len(store.taken) == 1

    @pytest.mark.parametrize(
        ("error", "event"),
        [
            (OperationalError("INSERT", {"body": "!visio budget"}, Exception("disk full")), "transaction not stored"),
            (TimeoutError(), "transaction not stored"),
            (HomeserverUnreachable("away"), "transaction not stored"),
            (ValueError("a bug"), "transaction not stored: a fault of Greffier's own"),
        ],
    )
    async def test_what_could_not_be_stored_is_sent_again_and_then_is(
        self, client: Client, store: Store, pushed: Transactions, error: Exception, event: str
    ) -> None:
        """The first answer is no success, and whoever pings is told; the log shows no message."""
        store.error = error
        with capture_logs() as logs:
            assert await put(client) == 503
        assert pushed.failed.is_set()
        assert [said["event"] for said in logs] == [event]
        assert "budget" not in str({key: value for key, value in logs[0].items() if key != "exc_info"})
        store.error = None
        assert await put(client) == 200

    async def test_a_homeserver_that_hangs_up_does_not_undo_what_is_being_stored(
        self, client: Client, store: Store, arrivals: Arrivals
    ) -> None:
        """It comes again, and waits for the first."""
        store.may_go_on.clear()
        first = asyncio.create_task(put(client))
        await store.begun.wait()
        first.cancel()
        await asyncio.wait({first})
        second = asyncio.create_task(put(client))
        await arrivals.until(2)
        store.may_go_on.set()
        assert await second == 200
        assert len(store.taken) == 1

    async def test_a_process_that_ends_finishes_storing_first(
        self, client: Client, store: Store, pushed: Transactions
    ) -> None:
        """The database is closed after that."""
        store.may_go_on.clear()
        answer = asyncio.create_task(put(client))
        await store.begun.wait()
        leaving = asyncio.create_task(pushed.leave_off())
        assert not (await asyncio.wait({leaving}, timeout=0.05))[0]
        store.may_go_on.set()
        await leaving
        assert await answer == 200

    async def test_a_process_that_ends_takes_nothing_more(
        self, client: Client, store: Store, pushed: Transactions
    ) -> None:
        """But what comes again while it is being stored; the homeserver keeps the rest for the next process."""
        store.may_go_on.clear()
        first = asyncio.create_task(put(client))
        await store.begun.wait()
        leaving = asyncio.create_task(pushed.leave_off())
        await asyncio.sleep(0)
        assert await put(client, EVENTS[:1]) == 503
        store.may_go_on.set()
        await leaving
        assert await first == 200
        assert len(store.taken) == 1

    async def test_a_process_that_ends_does_not_wait_for_a_database_that_is_away(
        self, client: Client, store: Store, pushed: Transactions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is not stored was not acknowledged."""
        monkeypatch.setattr(transactions, "LEAVE_OFF_WITHIN_S", 0.05)
        store.may_go_on.clear()
        answer = asyncio.create_task(put(client))
        await store.begun.wait()
        async with asyncio.timeout(10):
            await pushed.leave_off()
        assert not pushed._running
        with pytest.raises(ClientError):
            await answer


async def test_a_ping_is_answered(client: Client) -> None:
    """With or without the id of the request that asked for it."""
    for body in ({"transaction_id": "t"}, {}):
        async with client.post("/_matrix/app/v1/ping", json=body, headers=SHOWN) as response:
            assert (response.status, await response.json()) == (200, {})


@pytest.mark.parametrize("prefix", ["/_matrix/app/v1", ""])
@pytest.mark.parametrize(
    ("path", "status"), [(f"/users/{BOT}", 200), (f"/users/{CLAIRE}", 404), ("/rooms/%23a:b", 404)]
)
async def test_the_bot_is_the_one_user_and_there_are_no_aliases(
    client: Client, prefix: str, path: str, status: int
) -> None:
    """The homeserver asks when somebody names one in the namespace."""
    async with client.get(prefix + path, headers=SHOWN) as response:
        assert response.status == status
        assert (await response.json()).get("errcode") == (None if status == 200 else "M_NOT_FOUND")
