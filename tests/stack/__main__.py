"""`make stack`: the real servers and Greffier, left running until Ctrl-C, with what happens in a room on the screen."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.stack import stack_file
from tests.stack.foreground import INTERRUPTED, leave, run_in_foreground
from tests.stack.go_tool import REPOSITORY, GoToolMissing
from tests.stack.server_process import ServerDidNotStart
from tests.stack.speech_model import speech_model
from tests.stack.stack import Stack, running_stack
from tests.stack.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.stack.people import MatrixPerson

NAMES = ("Claire", "Marc", "Sophie")
_ROOM_NAME = "Équipe projet"
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class Place:
    """Where a stack keeps what it makes."""

    root: Path

    @property
    def folder(self) -> Path:
        """Configurations, data and logs of the servers."""
        return self.root / ".stack"

    @property
    def stack_file(self) -> Path:
        """What others read to find the servers."""
        return self.root / ".stack.json"

    def forget_the_last_one(self) -> None:
        """Remove what an earlier stack left: its data, and its file if it was killed."""
        self.stack_file.unlink(missing_ok=True)
        for server in ("synapse", "livekit", "greffier"):
            shutil.rmtree(self.folder / server, ignore_errors=True)


async def _main(place: Place, terminal: Terminal) -> int:
    try:
        model_folder = speech_model()
        async with running_stack(place.folder, model_folder=model_folder, tell=terminal.happened) as stack:
            people = [await stack.register_account(name.lower(), name) for name in NAMES]
            room_id = await stack.shared_room(_ROOM_NAME, people, encrypted=False)
            _explain(stack, people, room_id, place, terminal)
            return await _keep(stack, people, room_id, place.stack_file, terminal)
    except (ServerDidNotStart, GoToolMissing) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        place.stack_file.unlink(missing_ok=True)


async def _keep(stack: Stack, people: Sequence[MatrixPerson], room_id: str, file: Path, terminal: Terminal) -> int:
    """Show what happens in the room, and keep `.stack.json` true: a crashed child of Greffier's comes back anew.

    Ends only when one of the servers does.
    """
    written: object = None
    shown: set[tuple[str, int]] = set()
    async with people[0].listening():
        while not (ended := stack.ended_processes()):
            content = stack_file.contents(stack, people)
            if content != written:
                stack_file.write(file, content)
                written = content
            for message in people[0].room(room_id).messages:
                if (message.event_id, message.edits) not in shown:
                    shown.add((message.event_id, message.edits))
                    verb = "edits" if message.edits else "writes"
                    terminal.happened(f"{terminal.bold(message.sender)} {verb}: {message.body}")
            await asyncio.sleep(_LOOK_EVERY_S)
    for process in ended:
        print(f"{process.name} has ended by itself. The end of {process.log_file}:\n{process.tail()}", file=sys.stderr)
    return 1


def _explain(stack: Stack, people: Sequence[MatrixPerson], room_id: str, place: Place, terminal: Terminal) -> None:
    send = f"{stack.synapse.url}/_matrix/client/v3/rooms/{quote(room_id)}/send/m.room.message"
    users = "\n".join(f"                 {person.user_id:<24} {person.password}" for person in people)
    terminal.line(f"""
{terminal.bold("Greffier and its servers are running. Ctrl-C stops them all.")}

  homeserver     {stack.synapse.url} ({stack.synapse.server_name}; registration secret in .stack.json)
  LiveKit        {stack.livekit.url} (key {stack.livekit.api_key}, secret {stack.livekit.api_secret})
  join pages     {stack.public_url}/v/…
  room           « {_ROOM_NAME} » {room_id}, with {stack.bot_user_id}
                 (plain, so that curl can write into it; encrypted ones are yours to make, and to invite the bot into)
  users          (password beside each)
{users}
  all of this    {place.stack_file}
  logs           {place.folder}/*/*.log

{terminal.bold("To try it:")} log in with any Matrix client at the homeserver above and type
“!visio Point budget” in the room, or let {people[0].user_id} type it from another terminal:

  curl -X PUT -H 'Authorization: Bearer {people[0].access_token}' \\
    -d '{{"msgtype": "m.text", "body": "!visio Point budget"}}' '{send}/'$RANDOM

Then open the link on the card in a browser, talk, and leave. What is posted in the room is shown here.
""")


def main(arguments: Sequence[str]) -> int:
    """Run the stack until it is interrupted; only one can run in a place."""
    parser = argparse.ArgumentParser(prog="make stack", description=__doc__)
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="where .stack/ and .stack.json are made")
    place = Place(parser.parse_args(arguments).root.absolute())
    place.folder.mkdir(exist_ok=True)
    with (place.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("A stack is running here already: .stack.json says where. Stop that one first.", file=sys.stderr)
            return 1
        place.forget_the_last_one()
        status = run_in_foreground(_main(place, Terminal()))
    return 0 if status == INTERRUPTED else status


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
