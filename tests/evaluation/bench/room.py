"""The same, for real: a meeting in a room of a real Synapse and a real LiveKit, until the last message is there."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from config.models import Summary
from tests.evaluation.bench.findings import Bound, Chart, Findings, Series
from tests.evaluation.bench.machinery import Machinery
from tests.evaluation.meetings import MEETINGS, Meeting, Segment, first, load
from tests.load.report import Table
from tests.stack.meeting_in_room import HeldMeeting, TranscriptMissing, names_in_call, open_call, read_transcript, speak
from tests.stack.people import DidNotHappen
from tests.stack.stack import Stack, running_stack
from transcripts.assembling.transcript import Transcript
from transcripts.minutes.writing import write

FOLDER: Final = "dev3"
TIMES: Final = 1
QUICK_S: Final = 15.0
COMPLETE_BOUND: Final = 10.0
_PATIENCE_S: Final = 180.0
_PARTS: Final = (
    "the call’s end is noticed",
    "the recorder ends",
    "the words’ tail",
    "the minutes",
    "the first message",
    "the rest of the posting",
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A meeting whose transcript is in the room; seconds after hanging up."""

    ended_s: float
    """The call was over."""
    recorded_s: float
    """Its sound was settled."""
    transcribed_s: float
    """Transcript and minutes were stored."""
    minutes_s: float
    """How long the minutes took: written once more, from the transcript that was stored."""
    first_post_s: float
    complete_s: float

    @property
    def parts_s(self) -> tuple[float, ...]:
        """How long each of `_PARTS` took."""
        return (
            self.ended_s,
            self.recorded_s - self.ended_s,
            self.transcribed_s - self.recorded_s - self.minutes_s,
            self.minutes_s,
            self.first_post_s - self.transcribed_s,
            self.complete_s - self.first_post_s,
        )


async def measure(machinery: Machinery) -> Findings:
    """Hold a meeting of four in real time, from `!visio` on, in an encrypted room."""
    meeting = load(MEETINGS / FOLDER)
    if machinery.quick:
        meeting = first(meeting, QUICK_S)
    folder = machinery.folder / "room"
    settings = {"speech": {"model": machinery.settings.model, "beam_size": machinery.settings.beam_size}}
    done: list[Posted] = []
    try:
        model = Path(machinery.settings.model)
        async with running_stack(folder, model_folder=model, settings=settings, tell=machinery.tell) as stack:
            for _ in range(TIMES):
                try:
                    done.append(await _held(stack, meeting, machinery))
                except (DidNotHappen, TranscriptMissing):
                    machinery.tell(stack.greffier.process.tail())
                    raise
                machinery.tell(f"complete {done[-1].complete_s:.1f} s after hanging up")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found(done, meeting)


async def _held(stack: Stack, meeting: Meeting, machinery: Machinery) -> Posted:
    names = names_in_call(meeting)
    members = [await stack.register(name.lower(), name) for name in names]
    room_id = await stack.shared_room(meeting.reference.title, members)
    host, reader = members[:2]
    async with host.listening(), reader.listening():
        card_id, link = await open_call(host, room_id, stack.bot_user_id, meeting.reference.title)
        hung_up_at_ms = await speak(stack, meeting, link, _Telling(machinery))
        held = await read_transcript(reader, room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=_PATIENCE_S)
    return await _posted(stack, held)


async def _posted(stack: Stack, held: HeldMeeting) -> Posted:
    storage = stack.greffier.storage_folder
    stored = storage / "transcripts" / f"{held.meeting_id}.json"
    ended_s, recorded_s = _moments_s(storage / "greffier.sqlite", held.meeting_id)
    hung_up_s = held.hung_up_at_ms / 1000
    transcript = Transcript.from_json(json.dumps(stack.greffier.transcript(held.meeting_id)))
    began_s = time.perf_counter()
    await write(transcript, Summary())
    minutes_s = time.perf_counter() - began_s
    return Posted(
        ended_s=ended_s - hung_up_s,
        recorded_s=recorded_s - hung_up_s,
        transcribed_s=stored.stat().st_mtime - hung_up_s,
        minutes_s=minutes_s,
        first_post_s=held.hangup_to_first_post_s,
        complete_s=held.hangup_to_complete_s,
    )


def _moments_s(database: Path, meeting_id: str) -> tuple[float, float]:
    """When the call had ended, and when it was recorded, in seconds since 1970."""
    with closing(sqlite3.connect(database)) as connection:
        moments: Any = connection.execute(
            "SELECT ended_at, recorded_at FROM meetings WHERE id = ?", (meeting_id,)
        ).fetchone()
    ended_s, recorded_s = (datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() for moment in moments)
    return ended_s, recorded_s


def found(done: list[Posted], meeting: Meeting) -> Findings:
    """What these meetings say."""
    rows = [(what, *(f"{one.parts_s[n]:.2f}" for one in done)) for n, what in enumerate(_PARTS)]
    rows.append(("hanging up to complete", *(f"{one.complete_s:.2f}" for one in done)))
    table = Table(
        "In a real room, in seconds",
        ("what", *(f"run {n + 1}" for n in range(len(done)))),
        tuple(rows),
        note=(
            f"{len(meeting.reference.tracks)} people in an encrypted room of a real Synapse talk for "
            f"{meeting.reference.duration:.0f} s in a real LiveKit call, and hang up; all servers, all people and "
            "Greffier share the machine’s cores. Complete: the last message, file or edit of the card is there. The "
            "minutes’ share was measured once more by itself, on the transcript that was stored."
        ),
    )
    slowest_s = max(one.complete_s for one in done)
    return Findings(
        (table,),
        (Bound("hanging up to the last message in a real room, s", COMPLETE_BOUND, slowest_s),),
        (_chart(done),),
    )


def _chart(done: list[Posted]) -> Chart:
    last = done[-1]
    told = "; ".join(f"{what}: {part_s:.2f} s" for what, part_s in zip(_PARTS, last.parts_s, strict=True))
    return Chart(
        "room",
        "From hanging up to the last message",
        f"Seconds from hanging up to the last message in a real room. {told}.",
        _PARTS,
        "",
        "seconds",
        (Series("seconds", tuple(round(part_s, 2) for part_s in last.parts_s)),),
        kind="rows",
    )


class _Telling:
    """Says what happens in the meeting, and not who speaks."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery

    def happened(self, what: str) -> None:
        """See `meeting_in_room.Watcher`."""
        self._machinery.tell(what)

    def speaks(self, segment: Segment) -> None:
        """See `meeting_in_room.Watcher`."""
