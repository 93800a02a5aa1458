"""Minutes by a language model behind OpenAI's API: asked, read, and cut down to what the transcript bears out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, get_args

import structlog

from transcripts.minutes import answers, prompting
from transcripts.minutes.claims import Claim, Fallback, Kind, Minutes, verified
from transcripts.minutes.faithful import faithful
from transcripts.openai_client import Endpoint, EndpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.models import Summary
    from transcripts.assembling.transcript import Transcript
    from transcripts.minutes.prompting import Question

log = structlog.get_logger()

AT_ONCE: Final = 4
"""Parts of a long meeting that are asked about at the same time."""

_ORDER: Final = {kind: place for place, kind in enumerate(get_args(Kind))}
_IMPORTANCE: Final[dict[Kind, int]] = {"decision": 0, "action": 1, "question": 2, "key_point": 3}
"""What goes last where a model claims more than it was asked for."""


class SummaryFailed(Exception):
    """The model's minutes cannot be had. The text holds no word of the transcript or of the answer."""

    def __init__(self, reason: Fallback, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class _Model:
    """A model, and the plainest form of question that it was found to need."""

    def __init__(self, settings: Summary) -> None:
        if settings.endpoint is None or settings.model is None:
            raise ValueError("no summary.endpoint")
        self._endpoint = Endpoint(settings.endpoint, settings.api_key, settings.timeout_s)
        self._model = settings.model
        self._plainness = 0
        self._room = asyncio.Semaphore(AT_ONCE)

    async def ask(self, question: Question) -> str:
        """What the model writes; a server that rejects the form of an answer is asked again without it.

        Raises:
            SummaryFailed: nothing.
        """
        async with self._room:
            while True:
                plainness = self._plainness
                try:
                    body = await self._endpoint.complete(*self._request(question, plainness))
                    return answers.content(body)
                except EndpointError as error:
                    if not error.dislikes_request or plainness == _PLAINEST:
                        raise SummaryFailed(error.reason, str(error)) from None
                    self._plainness = max(self._plainness, plainness + 1)
                except answers.Refused:
                    raise SummaryFailed("refused", "the model will not") from None
                except answers.NoAnswer as error:
                    raise SummaryFailed("nonsense", str(error)) from None

    def _request(self, question: Question, plainness: int) -> tuple[list[dict[str, str]], Mapping[str, Any]]:
        form: dict[str, Any] = {"model": self._model}
        if plainness == 0:
            schema = {"name": question.name, "strict": True, "schema": question.schema}
            form |= {"temperature": 0, "response_format": {"type": "json_schema", "json_schema": schema}}
        elif plainness == 1:
            form |= {"response_format": {"type": "json_object"}}
        return question.single_message if plainness == _PLAINEST else question.messages, form


_PLAINEST: Final = 2
"""0: an answer that must fit a schema, and no chance in it; 1: some JSON object; 2: what the rules ask for, in words,
all in one message."""


async def summarise(transcript: Transcript, settings: Summary) -> Minutes:
    """The minutes of a transcript, by the model that the settings name, in no more than `timeout_s`.

    A long meeting is asked about by parts, and then which of what was found is to be kept.

    Raises:
        SummaryFailed: there are none; nothing at all of what the model claims is in a transcript that says something.
    """
    try:
        async with asyncio.timeout(settings.timeout_s):
            claims = await _claims(transcript, _Model(settings), settings.context_tokens)
    except TimeoutError:
        raise SummaryFailed("timeout", f"no minutes within {settings.timeout_s:g} s") from None
    if transcript.turns and not claims:
        raise SummaryFailed("nonsense", "nothing of what the model claims is in the transcript")
    return Minutes(tuple(sorted(claims, key=lambda claim: (_ORDER[claim.kind], claim.start_s))), "model")


async def _claims(transcript: Transcript, model: _Model, context_tokens: int) -> tuple[Claim, ...]:
    parts = prompting.questions(transcript, context_tokens)
    try:
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(_part(transcript, model, part)) for part in parts]
    except ExceptionGroup as failures:  # a part left out would be a part of the meeting left out
        failed, others = failures.split(SummaryFailed)
        raise (others or failed or failures).exceptions[0] from None
    claims = tuple(claim for task in asking for claim in task.result())
    if len(parts) > 1 and len(claims) > prompting.MOST_CLAIMS:
        claims = await _chosen(transcript, model, claims, context_tokens)
    return tuple(sorted(claims, key=lambda claim: _IMPORTANCE[claim.kind])[: prompting.MOST_CLAIMS])


async def _part(transcript: Transcript, model: _Model, part: Question) -> tuple[Claim, ...]:
    written = await model.ask(part)
    try:
        claimed = answers.claims(written)
    except answers.NoAnswer as error:
        raise SummaryFailed("nonsense", str(error)) from None
    borne_out = faithful(verified(claimed, transcript.turns), transcript.turns, transcript.language)
    log.info("a model's claims were verified", claimed=len(claimed), borne_out=len(borne_out))
    return borne_out


async def _chosen(
    transcript: Transcript, model: _Model, claims: tuple[Claim, ...], context_tokens: int
) -> tuple[Claim, ...]:
    """The model only says which; what the minutes say was verified before."""
    written = await model.ask(prompting.choice(transcript, claims, context_tokens))
    try:
        kept = [number for number in answers.kept(written) if number < len(claims)]
    except answers.NoAnswer as error:
        raise SummaryFailed("nonsense", str(error)) from None
    if not kept:
        raise SummaryFailed("nonsense", "the model chose nothing of what it found")
    return tuple(claims[number] for number in kept)
