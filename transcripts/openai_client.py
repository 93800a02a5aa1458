"""Servers that speak OpenAI's API: the one place that imports `openai` (with the HTTP client it stands on).

Where a request goes and what it says of us is what the settings say and nothing else. OpenAI's variables
(`OPENAI_BASE_URL`, `OPENAI_API_KEY`, `OPENAI_CUSTOM_HEADERS`, `OPENAI_LOG` …) have no effect, no answer sends what
people said on to another address, and no answer is read beyond a bound. A proxy of the environment is used.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx2
import openai

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from pydantic import SecretStr

Reason = Literal["timeout", "refused", "away", "nonsense"]

RETRIES: Final = 2
"""Of what a server may do better the next time (408, 409, 429, 5xx, a broken connection), within the time-out."""
CONNECT_TIMEOUT_S: Final = 5.0
LONGEST_ANSWER_BYTES: Final = 4_000_000
"""An hour's words in JSON are a tenth of that."""
LONGEST_DETAIL: Final = 200
_SENT_HEADERS: Final = frozenset(
    {"host", "accept", "connection", "content-type", "content-length", "transfer-encoding", "x-stainless-raw-response"}
)
"""Of those that the library would send: the others tell about this machine, or come from its variables. By the last
one the library itself knows what it was asked for."""
_UNAUTHORISED: Final = (401, 403)
_SERVER_FAULT: Final = 500


class EndpointError(Exception):
    """A server gave no answer that can be used. The text holds nothing of what was sent or answered.

    `timeout`: not in time. `refused`: it answered that it will not (4xx, a redirect). `away`: no connection, or 5xx.
    `nonsense`: an answer that is not what the API says, or endless.
    """

    def __init__(self, reason: Reason, text: str, status: int | None = None, detail: str = "") -> None:
        super().__init__(text)
        self.reason = reason
        self.status = status
        self.detail = detail
        """What the server says of it, on one line, without the key. May quote the request: never to be logged after
        something that people said was sent."""

    @property
    def is_unauthorised(self) -> bool:
        """Whether it is the key that was refused."""
        return self.status in _UNAUTHORISED

    @property
    def dislikes_request(self) -> bool:
        """Whether a plainer request might do: the server does not know all that this one asked for."""
        return self.status in (400, 415, 422, 501)


class Endpoint:
    """A server's address and key. Holds no connection: each request makes its own, in whatever event loop it is in."""

    def __init__(self, url: str, api_key: SecretStr | None, timeout_s: float) -> None:
        self.url = url
        self._key = api_key.get_secret_value() if api_key is not None else None
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context() if url.startswith("https:") else True

    async def transcribe(self, wav: bytes, form: Mapping[str, Any]) -> bytes:
        """`POST /audio/transcriptions` with this sound and these fields.

        Raises:
            EndpointError: no answer.
        """
        return await self._ask(
            lambda client: client.audio.transcriptions.with_raw_response.create(
                file=("window.wav", wav, "audio/wav"), **form
            )
        )

    async def complete(self, messages: Sequence[Mapping[str, str]], form: Mapping[str, Any]) -> bytes:
        """`POST /chat/completions` with these messages and these fields.

        Raises:
            EndpointError: no answer.
        """
        wanted: dict[str, Any] = {"messages": list(messages), **form}
        return await self._ask(lambda client: client.chat.completions.with_raw_response.create(**wanted))

    async def models(self) -> bytes:
        """`GET /models`.

        Raises:
            EndpointError: no answer.
        """
        return await self._ask(lambda client: client.models.with_raw_response.list())

    async def _ask(self, ask: Callable[[openai.AsyncOpenAI], Awaitable[Any]]) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s), self._client() as client:
                answer: bytes = (await ask(client)).content
                return answer
        except (TimeoutError, openai.OpenAIError) as error:
            raise self._what_went_wrong(error) from None  # its text and its request hold what was sent

    def _client(self) -> openai.AsyncOpenAI:
        logging.getLogger("openai").setLevel(logging.WARNING)  # whatever OPENAI_LOG says
        return openai.AsyncOpenAI(
            base_url=self.url,
            api_key="none",  # the key goes with `_only_ours`; here, None would mean OPENAI_API_KEY
            max_retries=RETRIES,
            timeout=openai.Timeout(self._timeout_s, connect=min(CONNECT_TIMEOUT_S, self._timeout_s)),
            http_client=openai.DefaultAsyncHttpxClient(
                verify=self._tls,
                follow_redirects=False,
                event_hooks={"request": [self._only_ours], "response": [_bound]},
            ),
        )

    async def _only_ours(self, request: httpx2.Request) -> None:
        for name in [name for name in request.headers if name.lower() not in _SENT_HEADERS]:
            del request.headers[name]
        request.headers["user-agent"] = "greffier"
        request.headers["accept-encoding"] = "identity"  # a small answer cannot become a large one
        if self._key is not None:
            request.headers["authorization"] = f"Bearer {self._key}"

    def _what_went_wrong(self, error: Exception) -> EndpointError:
        if isinstance(error, openai.APIStatusError):
            status = error.status_code
            reason: Reason = "away" if status >= _SERVER_FAULT else "refused"
            return EndpointError(reason, f"it answers with status {status}", status, self._detail(error))
        if isinstance(error, TimeoutError):
            return EndpointError("timeout", f"no answer within {self._timeout_s:g} s")
        if isinstance(error, openai.APIConnectionError):
            cause = error.__cause__ or error
            if isinstance(error, openai.APITimeoutError) and type(cause).__name__ != "ConnectTimeout":
                return EndpointError("timeout", f"no answer within {self._timeout_s:g} s")
            return EndpointError("away", f"it cannot be reached, or breaks off ({type(cause).__name__})")
        return EndpointError("nonsense", str(error) if isinstance(error, _Endless) else "its answer cannot be read")

    def _detail(self, error: openai.APIStatusError) -> str:
        if error.status_code in _UNAUTHORISED:  # some repeat the key, or most of it
            return ""
        body = error.body
        for name in ("error", "message", "detail"):  # OpenAI's own form, and what others make of it
            body = body.get(name, body) if isinstance(body, dict) else body
        if not isinstance(body, str) or body.lstrip().startswith("<"):
            return ""
        line = " ".join("".join(c if c.isprintable() else " " for c in body[: 10 * LONGEST_DETAIL]).split())
        return (line.replace(self._key, "…") if self._key else line)[:LONGEST_DETAIL]


class _Endless(openai.OpenAIError):
    """An answer too long to be one; the library passes its own errors on and does not ask again."""


async def _bound(response: httpx2.Response) -> None:
    """Have the body counted as it comes."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _Endless("its answer is compressed, and that was not asked for")
    response.stream = _Counted(response.stream)


class _Counted(httpx2.AsyncByteStream):
    """A body that breaks off beyond `LONGEST_ANSWER_BYTES`."""

    def __init__(self, body: Any) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        counted = 0
        async for chunk in self._body:
            counted += len(chunk)
            if counted > LONGEST_ANSWER_BYTES:
                raise _Endless(f"its answer is longer than {LONGEST_ANSWER_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        """See `httpx2.AsyncByteStream`."""
        await self._body.aclose()
