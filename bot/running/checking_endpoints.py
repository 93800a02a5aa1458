"""What `greffier check` says of servers that speak OpenAI's API: reachable, the key accepted, the model there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from transcripts.openai_client import Endpoint, EndpointError
from transcripts.recognition import openai_compatible

if TYPE_CHECKING:
    from config.models import Settings, Speech, Summary

MODELS_NAMED: Final = 5


class _Model(BaseModel):
    id: Annotated[str, StringConstraints(max_length=500)]


class _Models(BaseModel):
    data: Annotated[list[_Model], Field(max_length=10_000)]


async def speech_server(settings: Settings) -> str:
    """Whether the server recognises a second of silence.

    Raises:
        ModelUnavailable: it does not; the message says what to do.
    """
    speech: Speech = settings.speech
    recogniser = await asyncio.to_thread(openai_compatible.load, speech, 0.0)
    return f"{speech.endpoint} recognises speech with {speech.model} and gives {recogniser.times}"


async def summary_server(settings: Settings) -> str:
    """Whether the server lists the model; one that lists none is asked to write a word with it.

    Raises:
        LookupError: it cannot be used; the message says what to do.
    """
    summary: Summary = settings.summary
    if summary.endpoint is None or summary.model is None:
        raise ValueError("no summary.endpoint")
    endpoint = Endpoint(summary.endpoint, summary.api_key, summary.timeout_s)
    try:
        models = await _models(endpoint)
        if models is not None and summary.model not in models:
            raise LookupError(
                f"summary.model: {summary.endpoint} has no {summary.model}; it has {_some(models) or 'none at all'}."
            )
        if models is None:
            await endpoint.complete([{"role": "user", "content": "OK?"}], {"model": summary.model})
    except EndpointError as error:
        raise LookupError(_remedy(summary, error)) from None
    return f"{summary.endpoint} answers and has {summary.model}"


async def _models(endpoint: Endpoint) -> set[str] | None:
    """The models' names; None of a server that does not list them."""
    try:
        return {model.id for model in _Models.model_validate_json(await endpoint.models()).data}
    except ValidationError:
        raise EndpointError("nonsense", "what answers there does not speak this API") from None
    except EndpointError as error:
        if error.status in (404, 405, 501):
            return None
        raise


def _some(models: set[str]) -> str:
    names = ["".join(filter(str.isprintable, name))[:80] for name in sorted(models)]
    more = f" and {len(names) - MODELS_NAMED} more" if len(names) > MODELS_NAMED else ""
    return ", ".join(names[:MODELS_NAMED]) + more


def _remedy(summary: Summary, error: EndpointError) -> str:
    where = f"summary.endpoint: {summary.endpoint}"
    if error.is_unauthorised:
        key = "refuses summary.api_key" if summary.api_key is not None else "wants a key: set summary.api_key"
        return f"{where} {key}; {error}."
    detail = f" ({error.detail})" if error.detail else ""
    if error.reason in ("refused", "nonsense"):
        return (
            f"{where}: {error}{detail}; check summary.model and that the address is where the API begins "
            "(it ends with /v1)."
        )
    return f"{where}: {error}; check the address, that the server runs and that this machine reaches it."
