"""The wire to the homeserver, against one that misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix.encryption.devices import Encrypted, EncryptedRoom
from bridge.matrix.errors import (
    HomeserverError,
    HomeserverFault,
    HomeserverUnreachable,
    RateLimited,
    RoomIsEncrypted,
    TokenRefused,
    TooLarge,
)
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.outbound import MAX_CONTENT_BYTES, TXN_KEY, Uploaded, file_message, notice
from bridge.matrix.rooms import SEEN_STATE
from bridge.matrix.wire import Acting
from tests.fakes.keys import FakeKeys, Told
from tests.fakes.matrix import (
    BOT,
    CLAIRE,
    HANG,
    JUNK,
    PROXY_PAGE,
    ROOM,
    TOKEN_UNKNOWN,
    Answer,
    FakeHomeserver,
    ciphertext_of,
    encrypted,
    said_in,
)

HERE = RoomId(ROOM)
SINCE = datetime(2026, 11, 12, 13, 5, tzinfo=UTC)
SINCE_MS = int(SINCE.timestamp() * 1000)
ENCRYPTION = Answer(body={"algorithm": "m.megolm.v1.aes-sha2"})

Call = Callable[[Homeserver], Awaitable[object]]
CALLS: dict[str, Call] = {
    "ping": lambda homeserver: homeserver.ping(),
    "sync": lambda homeserver: homeserver.sync(None, wait_s=0),
    "history": lambda homeserver: homeserver.history(HERE, before="t1", until="s1"),
    "join": lambda homeserver: homeserver.join(HERE),
    "leave": lambda homeserver: homeserver.leave(HERE),
    "send": lambda homeserver: homeserver.send(HERE, "m.room.message", notice("x"), "t"),
    "upload": lambda homeserver: homeserver.upload(HERE, b"x", "text/plain", "x.txt"),
    "state_event": lambda homeserver: homeserver.state_event(HERE, "m.room.create"),
    "is_member": lambda homeserver: homeserver.is_member(HERE),
    "find_sent": lambda homeserver: homeserver.find_sent(HERE, "t", since=SINCE),
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver that behaves until told otherwise."""
    async with FakeHomeserver() as server:
        yield server


@pytest_asyncio.fixture
async def homeserver(server: FakeHomeserver) -> AsyncIterator[Homeserver]:
    """What Greffier sees of it."""
    async with Homeserver(server.settings(request_timeout_s=1)) as homeserver:
        homeserver.wire.acting = Acting(UserId(BOT), "as-token-of-the-tests", "GREFFIER", is_masquerading=True)
        yield homeserver


@pytest.fixture
def keys(engine: AsyncEngine) -> FakeKeys:
    """Keys that hide nothing."""
    return FakeKeys(engine)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (PROXY_PAGE, HomeserverFault),
        (JUNK, HomeserverFault),
        (Answer(200, b"<html>Welcome</html>", "text/html"), HomeserverFault),
        (Answer(200, b"[]"), HomeserverFault),
        (Answer(200, b""), HomeserverFault),
        (Answer(404, b"<html>", "text/html"), HomeserverFault),
        (Answer(500, {"errcode": "M_UNKNOWN"}), HomeserverFault),
        (TOKEN_UNKNOWN, TokenRefused),
        (Answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500}), RateLimited),
    ],
)
async def test_no_bad_answer_is_taken_for_a_success(
    server: FakeHomeserver, homeserver: Homeserver, call: Call, answer: Answer, kind: type[HomeserverError]
) -> None:
    """Whatever is asked for, each kind of failure is an error of its kind, after one request."""
    for method in ("GET", "PUT", "POST"):
        server.answers(method, "", answer)
    with pytest.raises(kind) as caught:
        await call(homeserver)
    assert type(caught.value) is kind
    assert len(server.requests) == 1


async def test_a_homeserver_that_is_not_there_is_unreachable(server: FakeHomeserver, homeserver: Homeserver) -> None:
    """The sentence says where and what to check."""
    await server.stop()
    with pytest.raises(HomeserverUnreachable, match=rf"http://127.0.0.1:{server.port} does not answer.*homeserver_url"):
        await homeserver.ping()


async def test_a_homeserver_that_does_not_answer_in_time_is_unreachable(
    server: FakeHomeserver, homeserver: Homeserver
) -> None:
    """Every wait has a bound."""
    server.answers("GET", "/whoami", HANG)
    with pytest.raises(HomeserverUnreachable, match="no answer in time"):
        await homeserver.ping()


async def test_a_connection_that_breaks_off_is_unreachable(server: FakeHomeserver, homeserver: Homeserver) -> None:
    """A body shorter than announced is not half an answer."""
    server.answers("GET", "/whoami", Answer(200, b"{", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(HomeserverError):
        await homeserver.ping()


async def test_every_request_carries_the_token_in_its_header_and_the_device_in_its_query(
    server: FakeHomeserver, homeserver: Homeserver
) -> None:
    """Whatever is asked."""
    for call in CALLS.values():
        try:
            await call(homeserver)
        except HomeserverError:
            continue  # some answers of the fake are empty
    assert len(server.requests) >= len(CALLS)
    for request in server.requests:
        assert request.headers["Authorization"] == "Bearer as-token-of-the-tests"
        assert "as-token-of-the-tests" not in str(request.query)
        assert request.query["user_id"] == BOT
        assert request.query["device_id"] == "GREFFIER"


async def test_what_is_asked_before_the_bot_has_entered_waits_for_that(server: FakeHomeserver) -> None:
    """Work that a restart takes up again does not fail for it; but a homeserver that lets nobody in is away."""
    async with Homeserver(server.settings(request_timeout_s=1)) as early:
        with pytest.raises(HomeserverUnreachable, match="not been let into"):
            await early.is_member(HERE)
        assert not server.requests
        asking = asyncio.create_task(early.is_member(HERE))
        await asyncio.sleep(0)
        server.answers("GET", "/joined_rooms", Answer(body={"joined_rooms": [HERE]}))
        early.wire.acting = Acting(UserId(BOT), "as-token-of-the-tests", "GREFFIER", is_masquerading=True)
        assert await asking


async def test_no_error_holds_the_token(server: FakeHomeserver, homeserver: Homeserver) -> None:
    """Errors end up in logs."""
    for answer in (TOKEN_UNKNOWN, PROXY_PAGE, JUNK):
        server.answers("GET", "", answer)
        with pytest.raises(HomeserverError) as caught:
            await homeserver.ping()
        assert "as-token" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_ids_and_names_cannot_leave_their_place_in_the_path(
    server: FakeHomeserver, homeserver: Homeserver
) -> None:
    """They are quoted, slashes and all."""
    await homeserver.join(RoomId("!a/../../admin?x:tchap.test"))
    assert server.requests[0].path == "/_matrix/client/v3/rooms/%21a%2F..%2F..%2Fadmin%3Fx%3Atchap.test/join"


class TestSending:
    """Messages and files."""

    async def test_a_message_is_sent_under_its_transaction_id(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """Which makes it exactly one message."""
        assert await homeserver.send(HERE, "m.room.message", notice("bonjour"), "txn/1") == EventId("$sent")
        [request] = server.asked("PUT", "/send/m.room.message/txn%2F1")
        assert json.loads(request.body) == notice("bonjour") | {TXN_KEY: "txn/1"}

    async def test_nothing_goes_into_an_encrypted_room(self, server: FakeHomeserver, homeserver: Homeserver) -> None:
        """It would be plaintext."""
        server.answers("GET", "/state/m.room.encryption/", ENCRYPTION)
        with pytest.raises(RoomIsEncrypted):
            await homeserver.send(HERE, "m.room.message", notice("x"), "t")
        assert not server.asked("PUT", "/t")

    @pytest.mark.parametrize(
        "answer",
        [
            PROXY_PAGE,
            JUNK,
            Answer(404, b"<html>not found</html>", "text/html"),
            Answer(404, {"errcode": "M_UNRECOGNIZED"}),
            Answer(403, {"errcode": "M_FORBIDDEN"}),
            Answer(500, {"errcode": "M_UNKNOWN"}),
            TOKEN_UNKNOWN,
        ],
    )
    async def test_nothing_is_sent_when_it_is_not_known_whether_the_room_is_encrypted(
        self, server: FakeHomeserver, homeserver: Homeserver, answer: Answer
    ) -> None:
        """Only the homeserver's own “no such state” means that it is not."""
        server.answers("GET", "/state/m.room.encryption/", answer)
        with pytest.raises(HomeserverError):
            await homeserver.send(HERE, "m.room.message", notice("x"), "t")
        assert not server.asked("PUT", "/t")

    async def test_into_an_encrypted_room_it_goes_encrypted(
        self, server: FakeHomeserver, homeserver: Homeserver, keys: FakeKeys
    ) -> None:
        """Its transaction id is inside."""
        server.answers("GET", "/state/m.room.encryption/", ENCRYPTION)
        homeserver.encryption = keys
        assert await homeserver.send(HERE, "m.room.message", notice("bonjour"), "t1") == EventId("$sent")
        [request] = server.asked("PUT", "/send/m.room.encrypted/t1")
        said = said_in(json.loads(request.body)["ciphertext"])
        assert said == {"type": "m.room.message", "content": notice("bonjour") | {TXN_KEY: "t1"}}

    async def test_who_leaves_while_the_key_is_shared_is_not_among_its_readers(
        self, server: FakeHomeserver, homeserver: Homeserver, keys: FakeKeys
    ) -> None:
        """It is encrypted once more, for those who are there by then."""
        server.answers("GET", "/state/m.room.encryption/", ENCRYPTION)
        server.answers("GET", "/joined_members", Answer(body={"joined": {CLAIRE: {}, BOT: {}}}))
        readers: list[frozenset[UserId]] = []

        class Slow(FakeKeys):
            async def encrypt(self, room: EncryptedRoom, event_type: str, content: Any) -> Encrypted:
                if not readers:
                    server.answers("GET", "/joined_members", Answer(body={"joined": {BOT: {}}}))
                    homeserver.rooms.heard(HERE, "m.room.member", CLAIRE)
                readers.append(room.readers)
                return await super().encrypt(room, event_type, content)

        homeserver.encryption = Slow(keys._engine)
        await homeserver.send(HERE, "m.room.message", notice("x"), "t1")
        assert [CLAIRE in some for some in readers] == [True, False]
        assert len(server.asked("PUT", "/send/m.room.encrypted/t1")) == 1

    async def test_of_members_who_cannot_read_it_somebody_is_told(
        self, server: FakeHomeserver, homeserver: Homeserver, keys: FakeKeys
    ) -> None:
        """After it was sent to the others."""
        server.answers("GET", "/state/m.room.encryption/", ENCRYPTION)
        server.answers("GET", "/joined_members", Answer(body={"joined": {CLAIRE: {}}}))
        homeserver.encryption, told = keys, Told()
        homeserver.cannot_read = told.cannot_read
        await homeserver.send(HERE, "m.room.message", notice("x"), "t1")
        assert told.who_cannot_read == []
        keys.unable = frozenset([UserId(CLAIRE), UserId("@gone:tchap.test")])
        await homeserver.send(HERE, "m.room.message", notice("x"), "t2")
        assert told.who_cannot_read == [(HERE, frozenset([UserId(CLAIRE)]))]

    async def test_a_message_that_is_too_large_is_not_sent(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """It is measured with its accents escaped."""
        with pytest.raises(TooLarge, match=str(MAX_CONTENT_BYTES)):
            await homeserver.send(HERE, "m.room.message", notice("é" * (MAX_CONTENT_BYTES // 6)), "t")
        assert not server.requests

    async def test_a_file_is_uploaded_with_its_name_and_kind(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """The address comes back."""
        server.answers("POST", "/upload", Answer(body={"content_uri": "mxc://tchap.test/abc"}))
        uploaded = await homeserver.upload(HERE, b"WEBVTT", "text/vtt", "réunion & co.vtt")
        assert uploaded == Uploaded("mxc://tchap.test/abc")
        [request] = server.asked("POST", "/upload")
        assert (request.query["filename"], request.headers["Content-Type"]) == ("réunion & co.vtt", "text/vtt")
        assert request.body == b"WEBVTT"

    async def test_a_file_for_an_encrypted_room_is_uploaded_encrypted_and_without_its_name(
        self, server: FakeHomeserver, homeserver: Homeserver, keys: FakeKeys
    ) -> None:
        """Without keys it is not uploaded at all."""
        server.answers("GET", "/state/m.room.encryption/", ENCRYPTION)
        server.answers("POST", "/upload", Answer(body={"content_uri": "mxc://tchap.test/abc"}))
        with pytest.raises(RoomIsEncrypted):
            await homeserver.upload(HERE, b"WEBVTT", "text/vtt", "x.vtt")
        assert not server.asked("POST", "/upload")
        homeserver.encryption = keys
        uploaded = await homeserver.upload(HERE, b"WEBVTT", "text/vtt", "x.vtt")
        [request] = server.asked("POST", "/upload")
        assert "filename" not in request.query
        assert request.headers["Content-Type"] == "application/octet-stream"
        assert request.body != b"WEBVTT"
        assert uploaded.key is not None
        assert uploaded.key["key"]["k"] not in repr(uploaded)

    async def test_a_file_that_was_stored_in_the_clear_is_not_offered_in_an_encrypted_room(
        self, server: FakeHomeserver, homeserver: Homeserver, keys: FakeKeys
    ) -> None:
        """Encryption was turned on in between, or the meeting has moved to another room."""
        server.answers("GET", "/state/m.room.encryption/", ENCRYPTION)
        homeserver.encryption = keys
        content = file_message("x.vtt", Uploaded("mxc://tchap.test/abc"), content_type="text/vtt", size_bytes=6)
        with pytest.raises(RoomIsEncrypted):
            await homeserver.send(HERE, "m.room.message", content, "t")
        assert not [request for request in server.requests if "/send/" in request.path]

    async def test_an_upload_address_that_is_none_is_a_fault(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """It would end up in a message."""
        server.answers("POST", "/upload", Answer(body={"content_uri": "https://evil.example/x"}))
        with pytest.raises(HomeserverFault):
            await homeserver.upload(HERE, b"x", "text/plain", "x")

    async def test_a_file_too_large_for_a_proxy_is_too_large(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """A proxy says so without an errcode."""
        server.answers("POST", "/upload", Answer(413, b"<html>", "text/html"))
        with pytest.raises(TooLarge):
            await homeserver.upload(HERE, b"x", "text/plain", "x")


def own(txn_id: str, sent_ms: int, **changed: Any) -> dict[str, Any]:
    """A message of the bot's own, as a homeserver hands it out."""
    content = notice("bonjour") | {TXN_KEY: txn_id}
    event = {"type": "m.room.message", "event_id": f"${txn_id}", "sender": BOT, "origin_server_ts": sent_ms}
    return event | {"content": content} | changed


class TestFindingWhatWasSent:
    """For when the homeserver has forgotten a transaction."""

    async def test_a_message_is_known_by_the_transaction_id_that_it_carries(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """Only the bot's own messages are asked for."""
        page = {"chunk": [own("t2", SINCE_MS + 9), own("t1", SINCE_MS)], "end": "p2"}
        server.answers("GET", "/messages", Answer(body=page))
        assert await homeserver.find_sent(HERE, "t1", since=SINCE) == EventId("$t1")
        [request] = server.requests
        assert json.loads(request.query["filter"]) == {
            "senders": [BOT],
            "types": ["m.room.message", "m.room.encrypted"],
        }
        assert request.query["dir"] == "b"

    async def test_it_is_looked_for_on_earlier_pages_down_to_when_it_can_have_been_sent(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """And no further: two pages are read, the second is too old."""
        server.fails("/messages", Answer(body={"chunk": [own("t9", SINCE_MS + 9)], "end": "p2"}))
        server.fails("/messages", Answer(body={"chunk": [own("t8", SINCE_MS - 2 * 3_600_000)], "end": "p3"}))
        assert await homeserver.find_sent(HERE, "t1", since=SINCE) is None
        assert [request.query.get("from") for request in server.requests] == [None, "p2"]

    async def test_an_empty_page_is_not_the_end(self, server: FakeHomeserver, homeserver: Homeserver) -> None:
        """The homeserver filters after it has cut the page."""
        server.fails("/messages", Answer(body={"chunk": [], "end": "p2"}))
        server.fails("/messages", Answer(body={"chunk": [own("t1", SINCE_MS)]}))
        assert await homeserver.find_sent(HERE, "t1", since=SINCE) == EventId("$t1")

    async def test_a_history_without_an_end_is_not_read_for_ever(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """And the operator learns that a message may be doubled."""
        server.answers("GET", "/messages", Answer(body={"chunk": [own("t9", SINCE_MS)], "end": "again"}))
        with capture_logs() as logs:
            assert await homeserver.find_sent(HERE, "t1", since=SINCE) is None
        assert len(server.requests) < 100
        assert [entry["log_level"] for entry in logs] == ["warning"]

    async def test_an_encrypted_message_is_known_by_what_is_inside(
        self, server: FakeHomeserver, homeserver: Homeserver, keys: FakeKeys
    ) -> None:
        """Where its key is known."""
        homeserver.encryption = keys
        keys.known.add((HERE, "own"))

        def sealed(txn_id: str, session_id: str, event_id: str, sender: str = BOT) -> dict[str, Any]:
            said = {"type": "m.room.message", "content": notice("x") | {TXN_KEY: txn_id}}
            also = {"ciphertext": ciphertext_of(said)}
            return encrypted("", event_id, sender=sender, session_id=session_id, sent_ms=SINCE_MS, also=also)

        chunk = [
            sealed("t1", "own", "$forged", sender=CLAIRE),
            sealed("t1", "lost", "$lost"),
            sealed("t9", "own", "$other"),
            sealed("t1", "own", "$1"),
        ]
        server.answers("GET", "/messages", Answer(body={"chunk": chunk}))
        assert await homeserver.find_sent(HERE, "t1", since=SINCE) == EventId("$1")

    async def test_nobody_else_can_pass_for_it(self, server: FakeHomeserver, homeserver: Homeserver) -> None:
        """Another's message with the same key, and junk, are not ours."""
        chunk = [
            own("t1", SINCE_MS, sender=CLAIRE),
            own("t1", SINCE_MS, event_id=7),
            own("t1", SINCE_MS, content=[]),
            3,
        ]
        server.answers("GET", "/messages", Answer(body={"chunk": chunk}))
        assert await homeserver.find_sent(HERE, "t1", since=SINCE) is None


class TestReadingRooms:
    """State and members."""

    async def test_whether_the_bot_is_in_a_room_is_asked_of_the_homeserver(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """Each time."""
        server.answers("GET", "/joined_rooms", Answer(body={"joined_rooms": [HERE]}))
        assert await homeserver.is_member(HERE)
        server.answers("GET", "/joined_rooms", Answer(body={"joined_rooms": []}))
        assert not await homeserver.is_member(HERE)

    async def test_an_answer_without_rooms_does_not_say_that_the_bot_is_in_none(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """A transcript would be held back for it."""
        server.answers("GET", "/joined_rooms", Answer(body={}))
        with pytest.raises(HomeserverFault, match="joined_rooms"):
            await homeserver.is_member(HERE)

    async def test_sync_asks_for_little(self, server: FakeHomeserver, homeserver: Homeserver) -> None:
        """No presence, no receipts, no typing, no full member lists."""
        await homeserver.sync(None, wait_s=0)
        asked = server.requests[0].query
        assert '"lazy_load_members": true' in asked["filter"]
        assert '"presence": {"not_types": ["*"]}' in asked["filter"]
        assert '"ephemeral": {"not_types": ["*"]}' in asked["filter"]
        assert "since" not in asked

    async def test_where_rooms_are_pushed_sync_asks_for_nothing_that_is_said_in_them(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """What concerns keys comes all the same, and that a room is encrypted now."""
        await homeserver.sync(None, wait_s=0, keys_alone=True)
        asked = json.loads(server.requests[0].query["filter"])["room"]
        assert asked["timeline"]["types"] == list(SEEN_STATE)
        assert asked["state"] == asked["ephemeral"] == asked["account_data"] == {"not_types": ["*"]}

    async def test_a_sync_answer_without_a_position_is_a_fault(
        self, server: FakeHomeserver, homeserver: Homeserver
    ) -> None:
        """There would be nowhere to go on from."""
        server.answers("GET", "/sync", Answer(body={"rooms": {}}))
        with pytest.raises(HomeserverFault, match="next_batch"):
            await homeserver.sync(None, wait_s=0)
