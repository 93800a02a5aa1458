"""Recorder and speech process of a load run, real processes on the run's database: `… recorder|speech FOLDER RATE`.

They do what the real ones do around a call and a model: the recorder writes sound into the spool and stays until the
call is over, the speech process takes as long as a model would, and as much of the machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import SecretStr

from bot.durable.jobs import recordings, transcriptions
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS, taking_part
from bot.process.identity import Identity
from bot.process.stopping import until_stopped
from bot.store.database import Database
from bot.store.register import Register
from bot.work.transcriber import Transcriber
from bridge.livekit.ids import ParticipantId, TrackId
from bridge.livekit.sound import SpokenTrack
from config.models import Database as DatabaseSettings
from config.models import Settings
from tests.evaluation.meetings import MEETINGS, load
from tests.fakes.speech import ScriptedRecogniser
from tests.load.measure import only_warnings
from tests.unit.bot.samples import settings
from transcripts.recognition.hearing import Hearing
from transcripts.recognition.recogniser import DecodingOptions, Spoken
from transcripts.sound import SAMPLE_RATE_HZ, Samples, seconds
from transcripts.storage.archive import Archive
from transcripts.storage.spool import MeetingId, Spool

SOUND_S: Final = (9.5, 13.5)
"""Of a recorded meeting: both of its people say something in this time."""
SPEAKERS: Final = 2
OTHERS: Final = ("recorder", "speech")
SILENT: Final = "silent"
"""The title of a meeting in which nobody has a microphone on: there is nothing to transcribe."""
LOOK_EVERY_S: Final = 0.2
LONGEST_S: Final = 3600.0
_MATRIX_SIZE: Final = 512


def settings_of(folder: Path) -> Settings:
    """The settings of the Greffier whose storage this is; on PostgreSQL where a file in it says which."""
    address = database_file(folder)
    return settings(folder, database=DatabaseSettings(url=SecretStr(address.read_text()) if address.exists() else None))


def database_file(folder: Path) -> Path:
    """The file that holds the address of a PostgreSQL database; where there is none, the database is SQLite."""
    return folder / "database.url"


def over_file(folder: Path, meeting: MeetingId) -> Path:
    """The file whose existence tells the recorder that a call is over, as LiveKit would."""
    return folder / "over" / meeting


def ready_file(folder: Path, role: str) -> Path:
    """The file that a process makes when it takes part in the work; its process id is in it."""
    return folder / f"{role}.ready"


def speaker(title: str, number: int) -> str:
    """Whoever speaks in the meeting of this title: nobody of this name speaks in another."""
    return f"Personne {number} de {title}"


class Recorder:
    """Records calls that there are not."""

    def __init__(self, folder: Path, register: Register) -> None:
        self._folder = folder
        self._register = register
        self._spool = Spool(settings_of(folder).storage.spool)
        heard = slice(*(round(at_s * SAMPLE_RATE_HZ) for at_s in SOUND_S))
        self._sound = [samples[heard].tobytes() for samples in load(MEETINGS / "dev2").sound]

    async def work(self, meeting_id: MeetingId) -> str | None:
        """Write everyone's sound and stay until the call is over (a `Work`)."""
        meeting = await self._register.get(meeting_id)
        if meeting is None or not meeting.transcribed or meeting.ended_at is not None:
            return ""
        over = over_file(self._folder, meeting_id)
        if meeting.title != SILENT and not over.exists():  # whoever comes when all have gone hears nothing
            began_at = await self._register.begin_recording(meeting_id)
            await asyncio.to_thread(self._write, meeting_id, meeting.title, began_at.timestamp())
        while not over.exists():  # noqa: ASYNC110 (what another process does sets no event here)
            await asyncio.sleep(LOOK_EVERY_S)
        return ""

    def _write(self, meeting: MeetingId, title: str, began_at: float) -> None:
        lasts_s = SOUND_S[1] - SOUND_S[0]
        writer = self._spool.writer(meeting, began_at)
        writer.joined(0.0)
        for number, pcm in enumerate(self._sound):
            track = TrackId(f"TR_{number}")
            spoken = SpokenTrack(ParticipantId(f"p{number}"), speaker(title, number), track, "microphone")
            writer.open_track(spoken).write(pcm, arrived_s=lasts_s)
        writer.left(lasts_s, over=True)
        writer.close()


@dataclass(slots=True)
class PacedRecogniser(ScriptedRecogniser):
    """Hears the same words everywhere, in the time that a model takes and with all cores at work."""

    rate: float = 0.1
    """How long it takes for a second of speech."""
    _matrix: Samples = field(default_factory=lambda: np.ones((_MATRIX_SIZE, _MATRIX_SIZE), np.float32))

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """See `Recogniser`."""
        ready_at_s = time.perf_counter() + self.rate * seconds(sum(map(len, windows)))
        while time.perf_counter() < ready_at_s:
            _ = self._matrix @ self._matrix
        return ScriptedRecogniser.recognise(self, windows, options)


async def run(role: str, folder: Path, rate: float) -> None:
    """Take part until told to stop."""
    used = settings_of(folder)
    async with AsyncExitStack() as stack:
        database = Database.open(used)
        stack.push_async_callback(database.dispose)
        await database.migrate()
        register = Register(database.engine)
        if role == "recorder":
            queue, jobs = RECORDINGS, recordings(Recorder(folder, register).work)
        else:
            hearing = await stack.enter_async_context(Hearing(PacedRecogniser(rate=rate)))
            spool, archive = Spool(used.storage.spool), Archive(used.storage.transcripts)
            queue, jobs = TRANSCRIPTIONS, transcriptions(Transcriber(used, register, spool, archive, hearing).work)
        await stack.enter_async_context(taking_part(Identity.of(queue.role), database, (queue,)))
        ready = ready_file(folder, role)
        ready.with_suffix(".new").write_text(str(os.getpid()))
        ready.with_suffix(".new").replace(ready)
        await until_stopped()
        await jobs.leave_off()


if __name__ == "__main__":
    only_warnings()
    asyncio.run(run(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
    os._exit(0)  # native threads of LiveKit's client would call into an interpreter that is gone
