"""Logs: structlog events on standard error, one a line, as JSON or for the eye; those of libraries go the same way."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor

from config.models import Log

_OURS = "greffier"
_OTHERS = (
    "aiohttp",
    "alembic",
    "dbos",
    "faster_whisper",
    "httpx",
    "httpx2",
    "livekit",
    "nio",
    "psycopg",
    "sqlalchemy",
    "urllib3",
)
"""Libraries that may have set levels of their own."""


def set_up(settings: Log, role: str) -> None:
    """Send this process's logs to standard error, each with the role of the process."""

    def with_role(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["role"] = role
        return event

    shared: list[Processor] = [
        with_role,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    as_json = settings.format == "json"
    # Never the local variables of a traceback's frames: they hold tokens and people's words.
    without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    last: list[Processor] = (
        [structlog.processors.ExceptionRenderer(without_locals), structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Whatever level is asked for is asked of us: below a warning, libraries tell the values of statements, and worse.
    logging.getLogger(_OURS).setLevel(settings.level.upper())
    root.setLevel(max(logging.WARNING, logging.getLogger(_OURS).level))
    for library in _OTHERS:
        logging.getLogger(library).setLevel(root.level)
        logging.getLogger(library).propagate = True
    # It would log the first line of a request that is no HTTP, and that line may hold a join link.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=lambda *_: logging.getLogger(_OURS),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
