"""`make demo`: the main job for real, from `!visio` to the transcript in the room, and a judgement of the result."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import unicodedata
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tests.evaluation import meetings
from tests.stack import diarization_model
from tests.stack.chaos import Chaos
from tests.stack.demo_report import HIGHEST_CPWER, Report, judge, without_transcript
from tests.stack.encrypted_person import NO_SHIELD
from tests.stack.foreground import INTERRUPTED, leave, run_in_foreground
from tests.stack.go_tool import GoToolMissing
from tests.stack.meeting_in_room import TranscriptMissing, names_in_call, open_call, read_transcript, speak
from tests.stack.people import DidNotHappen
from tests.stack.sdk_process import SdkMissing, SdkRefusal
from tests.stack.server_process import ServerDidNotStart
from tests.stack.speech_model import speech_model
from tests.stack.stack import Stack, running_stack
from tests.stack.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.stack.encrypted_person import EncryptedPerson
    from tests.stack.meeting_in_room import HeldMeeting

MEETINGS = Path(__file__).parents[1] / "data" / "meetings"
DEFAULT_MEETING = MEETINGS / "dev1"
TITLE = "Point budget"
_ROOM_NAME = "Équipe projet"
_OTHER_MEMBERS = ("Camille", "Karim")
_SMALLEST_ROOM = 3


def main(arguments: Sequence[str]) -> int:
    """Run the demo; the exit status is 0 only if the room has a good transcript with everyone's name."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--meeting", type=Path, default=DEFAULT_MEETING, help="folder of a recorded meeting")
    parser.add_argument("--chaos", action="store_true", help="kill the recorder and the speech process in it")
    parser.add_argument("--plain", action="store_true", help="in a room that is not encrypted")
    parser.add_argument("--report", type=Path, help="file to write the figures to, as JSON")
    chosen = parser.parse_args(arguments)
    try:
        meeting = meetings.load(chosen.meeting)
    except (OSError, ValidationError) as error:
        print(f"{chosen.meeting} is not a recorded meeting: {error}", file=sys.stderr)
        return 2

    terminal = Terminal()
    folder = Path(tempfile.mkdtemp(prefix="greffier-demo-"))
    status = 1
    try:
        status = run_in_foreground(_demo(meeting, folder, chosen, terminal))
    finally:
        if status in (0, INTERRUPTED):
            shutil.rmtree(folder)
        else:
            terminal.line(f"Configurations, data and logs of the servers are left in {folder}")
    return status


async def _demo(meeting: meetings.Meeting, folder: Path, chosen: argparse.Namespace, terminal: Terminal) -> int:
    reference = meeting.reference
    terminal.line(
        f"{terminal.bold(reference.title)}: {len(meeting.speakers)} people, "
        f"{reference.duration:.0f} s in real time, in {reference.language}\n"
    )
    if reference.kind == "room":
        terminal.line("They share one microphone, and say so when they join: their voices are told apart, not named.\n")
        diarization_model.install_what_it_needs()
    report, failures = without_transcript(meeting), list[str]()
    try:
        terminal.happened("Preparing the speech model")
        model_folder = speech_model()
        settings: dict[str, dict[str, str]] = {"rooms": {"language": reference.language}}
        variables: dict[str, str] = {}
        if reference.kind == "room":
            settings |= diarization_model.settings()
            variables = diarization_model.variables()
        async with running_stack(
            folder, model_folder=model_folder, settings=settings, variables=variables, tell=terminal.happened
        ) as stack:
            report, failures = await _hold(stack, meeting, terminal, chosen)
    except (DidNotHappen, TranscriptMissing, ServerDidNotStart, GoToolMissing, SdkMissing, SdkRefusal) as error:
        terminal.line(f"\n{error}")
    if chosen.report is not None:
        report.write(chosen.report)
    return _verdict(report, failures, terminal)


async def _hold(
    stack: Stack, meeting: meetings.Meeting, terminal: Terminal, chosen: argparse.Namespace
) -> tuple[Report, list[str]]:
    """Hold the meeting; gives the report, and what has gone wrong beside it."""
    names = _member_names(meeting)
    members = [await stack.register(_localpart(name), name) for name in names]
    room_id = await stack.shared_room(_ROOM_NAME, members, encrypted=not chosen.plain)
    kind = "plain" if chosen.plain else "encrypted"
    terminal.happened(f"{', '.join(names)} and Greffier are in the {kind} room « {_ROOM_NAME} »")
    host, reader = members[0], members[1]
    async with host.listening(), reader.listening():
        terminal.happened(f"{names[0]} types: !visio {TITLE}")
        card_id, link = await open_call(host, room_id, stack.bot_user_id, TITLE)
        terminal.happened(f"The card is in the room: {link}")
        patience_s = 120 + 2 * meeting.reference.duration
        chaos = Chaos(stack, meeting, terminal) if chosen.chaos else None
        async with chaos.killing_speech(reader, room_id, card_id) if chaos else nullcontext():
            hung_up_at_ms = await speak(stack, meeting, link, chaos or terminal)
            held = await read_transcript(
                reader, room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=patience_s, watcher=terminal
            )
        terminal.happened(f"The transcript is in the room, {held.hangup_to_complete_s:.1f} s after the last one left")
        files = {ending: await reader.read_file(held.file(ending)) for ending in (".md", ".vtt")}
        sizes = {held.file(ending).event_id: len(data) for ending, data in files.items()}
        called = {m.user_id: name for m, name in zip(members, names, strict=True)} | {stack.bot_user_id: "Greffier"}
        terminal.room(reader.room(room_id), f"« {_ROOM_NAME} » as {names[1]} sees it", called, sizes)
    heard = chaos.heard(meeting, held.meeting_id) if chaos else meeting
    report = judge(heard, held, files[".vtt"].decode(), stack.greffier.transcript(held.meeting_id))
    failures = [] if chosen.plain else await _secrecy(stack, reader, room_id, held)
    return report, [*failures, *(chaos.failures(held.meeting_id) if chaos else [])]


async def _secrecy(stack: Stack, reader: EncryptedPerson, room_id: str, held: HeldMeeting) -> list[str]:
    """What the homeserver could have read of the meeting, or a member's client warns of, in sentences."""
    readable = [event for event in await reader.as_stored(room_id) if event["type"] == "m.room.message"]
    warned_of = [message for message in held.messages if await reader.shield(message, room_id) != NO_SHIELD]
    unsigned = [device.device_id for device in await reader.devices_of(stack.bot_user_id) if not device.signed_by_owner]
    return [
        *(f"{len(readable)} messages of the room are not encrypted." for _ in readable[:1]),
        *(f"Clients warn of “{message.body.splitlines()[0]}”." for message in warned_of),
        *(f"The bot’s device {device} is not signed by its owner." for device in unsigned),
    ]


def _verdict(report: Report, others: list[str], terminal: Terminal) -> int:
    def seconds(value: float | None) -> str:
        return "—" if value is None else f"{value:.1f} s"

    terminal.line(f"\ncpWER (highest accepted: {HIGHEST_CPWER:.2f})   {report.cpwer}")
    terminal.line(f"speakers named                    {report.speakers_labelled} of {report.speakers_expected}")
    terminal.line(
        f"hang-up to first post, complete   {seconds(report.hangup_to_first_post_s)}, "
        f"{seconds(report.hangup_to_complete_s)}"
    )
    first = "before the transcript" if report.minutes_come_first else "not before the transcript"
    terminal.line(
        f"minutes                           {first}; {report.claims} claims, "
        f"{report.claims_without_their_words} of them without their words"
    )
    terminal.line(f"messages posted                   {report.posted_messages}")
    terminal.line(
        f"sound, speech in it, windows      {seconds(report.audio_s)}, {seconds(report.speech_s)}, {report.windows}"
    )
    terminal.line(f"CPU for recognition               {seconds(report.cpu_s)}\n")
    failures = [*report.failures(), *others]
    for failure in failures:
        terminal.line(terminal.bold(f"✗ {failure}"))
    if not failures:
        terminal.line(terminal.bold("✓ Everyone’s words are in the room under their names."))
    return 1 if failures else 0


def _member_names(meeting: meetings.Meeting) -> list[str]:
    """Who is in the room: the participants where each has a track, else the speakers; three people at least."""
    names = names_in_call(meeting) if meeting.reference.kind == "tracks" else list(meeting.speakers)
    others = [name for name in _OTHER_MEMBERS if name not in names]
    return [*names, *others[: max(0, _SMALLEST_ROOM - len(names))]]


def _localpart(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "someone"


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
