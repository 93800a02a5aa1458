"""Greffier with its steps watched, so that a process can be killed at any: `python -m tests.faults.greffier run`.

There is no hook for this in Greffier. What is watched is wrapped from outside, before anything imports it by name; the
processes that `run` starts are started through this module again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, cast

from tests.faults.orders import Orders
from tests.faults.steps import Moment, Role

FOLDER_VARIABLE = "FAULTS_ORDERS"
"""Where the orders are. Not GREFFIER_…: those are settings."""
SMALL_MESSAGE_BYTES = 1_600
"""So that even a short meeting's thread has several messages, whose order can be seen."""


class Watch:
    """Wraps what one process does, so that it comes to the moments before and after."""

    def __init__(self, role: Role, orders: Orders) -> None:
        self._role = role
        self._orders = orders

    def come_to(self, step: str, *, done: bool) -> None:
        """Die here, if that is the order."""
        self._orders.come_to(Moment(self._role, step, "done" if done else "before"))

    def durable_steps(self) -> None:
        """Watch every step of this process's workflows, under its own name."""
        from bot.durable import workflows as durable  # noqa: PLC0415 (each process imports what it is about to wrap, and no more)

        original = durable.step

        async def step(name: str, action: Callable[[], Awaitable[Any]]) -> Any:
            async def watched() -> Any:
                self.come_to(name, done=False)
                result = await action()
                self.come_to(name, done=True)
                return result

            return await original(name, watched)

        durable.step = step

    def calls(
        self, owner: object, attribute: str, step: str, only: Callable[..., bool] = lambda *_, **__: True
    ) -> None:
        """Watch a function or method; of its calls, `only` those of which this says so."""
        original = getattr(owner, attribute)

        @wraps(original)
        def watched(*args: Any, **named: Any) -> Any:
            if not only(*args, **named):
                return original(*args, **named)
            self.come_to(step, done=False)
            result = original(*args, **named)
            self.come_to(step, done=True)
            return result

        @wraps(original)
        async def watched_async(*args: Any, **named: Any) -> Any:
            if not only(*args, **named):
                return await original(*args, **named)
            self.come_to(step, done=False)
            result = await original(*args, **named)
            self.come_to(step, done=True)
            return result

        setattr(owner, attribute, watched_async if iscoroutinefunction(original) else watched)


def _start_children_watched() -> None:
    """Have the supervisor start its processes through this module, each soon after it was killed."""
    from bot.running import child, supervisor  # noqa: PLC0415

    original = child.command

    @wraps(original)
    def command(*args: Any, **named: Any) -> list[str]:
        return ["tests.faults.greffier" if part == "bot.cli" else part for part in original(*args, **named)]

    child.command = command
    supervisor.STEADY_AFTER_S = (
        0.0  # a kill is no crash loop: the wait does not grow from one row of the table to the next
    )


def _watch_front(watch: Watch) -> None:
    watch.durable_steps()
    from bot.durable import enqueueing  # noqa: PLC0415

    watch.calls(enqueueing, "enqueue_recording", "enqueue the recording")
    watch.calls(enqueueing, "enqueue_transcription", "enqueue the transcription")
    from bot.room import delivery  # noqa: PLC0415
    from bot.store.register import Register  # noqa: PLC0415
    from bridge.matrix.inbox import Inbox  # noqa: PLC0415

    watch.calls(Register, "open", "register the meeting")
    watch.calls(
        Inbox, "store", "store what was heard", only=lambda _self, _position, messages=(), *_, **__: bool(messages)
    )
    watch.calls(Inbox, "mark_handled", "note that the command is answered")
    if not hasattr(delivery, "MAX_CONTENT_BYTES"):
        raise AttributeError(
            "bot.room.delivery does not split by MAX_CONTENT_BYTES any more: mend tests/faults/greffier.py"
        )
    delivery.MAX_CONTENT_BYTES = SMALL_MESSAGE_BYTES


def _watch_recorder(watch: Watch) -> None:
    watch.durable_steps()
    from livekit import rtc  # noqa: PLC0415

    from bot.durable import jobs  # noqa: PLC0415
    from transcripts.storage.meeting_writer import MeetingWriter, TrackWriter  # noqa: PLC0415

    watch.calls(rtc.Room, "connect", "join the call")
    watch.calls(TrackWriter, "write", "write sound")
    watch.calls(MeetingWriter, "sync", "sync the sound")
    watch.calls(MeetingWriter, "close", "close the sound")
    watch.calls(jobs, "tell", "tell the meeting")


def _watch_speech(watch: Watch) -> None:
    watch.durable_steps()
    from bot.durable import jobs  # noqa: PLC0415
    from transcripts.recognition.heard_words import HeardWords  # noqa: PLC0415
    from transcripts.recognition.whisper import WhisperRecogniser  # noqa: PLC0415
    from transcripts.storage.archive import Archive  # noqa: PLC0415

    watch.calls(WhisperRecogniser, "recognise", "recognise")
    watch.calls(HeardWords, "add", "keep what was heard")
    watch.calls(Archive, "write", "keep the transcript")
    watch.calls(jobs, "tell", "tell the meeting")


_WATCHED: dict[str, Callable[[Watch], None]] = {
    "front": _watch_front,
    "recorder": _watch_recorder,
    "speech": _watch_speech,
}


def main() -> None:
    """Run Greffier's command line, watched."""
    command = sys.argv[1]
    if command in _WATCHED:
        _WATCHED[command](Watch(cast("Role", command), Orders(Path(os.environ[FOLDER_VARIABLE]))))
    else:
        _start_children_watched()
    from bot import cli  # noqa: PLC0415 (not before all is wrapped)

    cli.main()


if __name__ == "__main__":
    main()
