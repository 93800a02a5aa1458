"""The bucket: what whoever runs Greffier is told when it cannot be used, and what nobody is told."""

from __future__ import annotations

import errno
import pickle
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.models import Storage
from tests.fakes.bucket import FakeBucket
from tests.stack.ports import free_tcp_port
from transcripts.storage.bucket import Bucket, StorageAway

SECRET = "not-to-be-shown"
KEY_ID = "key-id-not-to-be-shown-either"


class AnswersAlways(HTTPServer):
    """An S3 server that has one answer to everything."""

    def __init__(self, status: int, body: str) -> None:
        self.status = status
        self.body = body.encode()
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Read what was sent, and answer."""
        assert isinstance(self.server, AnswersAlways)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_PUT = do_POST = do_GET  # noqa: N815 (the names are the library's)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[AnswersAlways]:
    """A server with the test's status and body."""
    server = AnswersAlways(*request.param)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def bucket_at(port: int, user: str = "") -> Bucket:
    """A bucket on this machine."""
    return Bucket.open(
        Storage(
            folder=Path("/nowhere"),
            s3_bucket="sound",
            s3_endpoint=f"http://{user}127.0.0.1:{port}",
            s3_access_key_id=KEY_ID,
            s3_secret_access_key=SecretStr(SECRET),
        )
    )


def error(code: str) -> str:
    """An S3 server's answer, which says more than anybody should read."""
    return f"<Error><Code>{code}</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>"


@pytest.mark.parametrize(
    ("answering", "number", "sentence"),
    [
        ((403, error("AccessDenied")), errno.EACCES, "refuses the key (403 AccessDenied): look at storage.s3_access"),
        ((403, error("RequestTimeTooSkewed")), errno.EACCES, "this machine's clock"),
        ((404, error("NoSuchBucket")), errno.EIO, "does not exist: look at storage.s3_bucket"),
        ((400, error("AuthorizationHeaderMalformed")), errno.EIO, "look at storage.s3_region"),
        ((403, error("QuotaExceeded")), errno.ENOSPC, "is full (403 QuotaExceeded)"),
        ((405, "<html>no S3 here</html>"), errno.EHOSTUNREACH, "an error (405): look at storage.s3_endpoint"),
        (
            (501, error("NotImplemented")),
            errno.EHOSTUNREACH,
            "an error (501 NotImplemented): look at storage.s3_endpoint",
        ),
    ],
    indirect=["answering"],
)
def test_each_failure_says_which_setting_to_look_at_and_shows_no_key(
    answering: AnswersAlways, number: int, sentence: str
) -> None:
    """Whatever was asked; nor does the traceback that a log would hold, nor what is kept beside the error."""
    bucket = bucket_at(answering.server_port, user="somebody:password@")
    for ask in (lambda: bucket.put("a", b"b"), lambda: bucket.below("a"), lambda: bucket.delete(["a"])):
        with pytest.raises(StorageAway) as raised:
            ask()
        problem = raised.value
        assert str(problem).startswith(f"the bucket sound at http://127.0.0.1:{answering.server_port} ")
        assert sentence in str(problem)
        assert problem.errno == number
        assert (problem.__cause__, problem.__context__) == (None, None)
        logged = "".join(traceback.format_exception(problem)) + repr(problem)
        assert not [word for word in (SECRET, KEY_ID, "password", "<Error>") if word in logged]


def test_a_server_that_is_not_there_is_known_soon() -> None:
    """And the sentence says where it was looked for."""
    port = free_tcp_port()
    with pytest.raises(
        StorageAway, match=rf"at http://127.0.0.1:{port} cannot be reached: look at storage.s3_endpoint"
    ):
        bucket_at(port).get("a")


def test_an_error_says_the_same_when_it_comes_from_another_process() -> None:
    """Jobs hand their errors on."""
    problem = StorageAway(errno.ENOSPC, "the bucket is full")
    again = pickle.loads(pickle.dumps(problem))  # noqa: S301 (our own)
    assert (str(again), again.errno, type(again)) == (str(problem), errno.ENOSPC, StorageAway)


def test_what_is_put_is_got_until_it_is_deleted() -> None:
    """Prefixes go by whole names; what is not there can be deleted, and cannot be got."""
    bucket = FakeBucket()
    for key in ("a/b/1", "a/b/2", "a/bc"):
        bucket.put(key, key.encode())
    assert bucket.get("a/b/1") == b"a/b/1"
    assert [(stored.key, stored.size) for stored in bucket.below("a/b")] == [("a/b/1", 5), ("a/b/2", 5)]

    bucket.delete(["a/b/1", "a/b/0"])
    bucket.delete([])

    assert [stored.key for stored in bucket.below("a")] == ["a/b/2", "a/bc"]
    with pytest.raises(FileNotFoundError, match="no such object"):
        bucket.get("a/b/1")


def test_a_bucket_that_answers_is_proved_and_left_as_it_was() -> None:
    """Nothing of the check stays there."""
    bucket = FakeBucket()
    bucket.prove()
    assert len(bucket.puts) == len(bucket.gets) == 1
    assert bucket.below("") == []


def test_a_bucket_that_loses_or_changes_what_it_is_given_fails_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache in between, or a store that only says that it took it."""
    bucket = FakeBucket()
    monkeypatch.setattr(bucket, "get", lambda _: b"something else")
    with pytest.raises(StorageAway, match="something else than was put"):
        bucket.prove()
    monkeypatch.undo()
    monkeypatch.setattr(bucket, "put", lambda *_: None)
    with pytest.raises(StorageAway, match="does not have what was just put"):
        bucket.prove()
