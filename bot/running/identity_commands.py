"""`greffier identity …`: what an operator does with the bot's identity and its recovery key."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.process.alone import alone
from bot.process.identity import Identity as Process
from bot.process.identity import name_of_this_machine
from bot.running.device import device_report, has_encryption
from bot.store.database import Database
from bridge.matrix.encryption.cross_signing import new_root
from bridge.matrix.encryption.new_device import NewDevice, NewDevices
from bridge.matrix.encryption.recovery_key import NotARecoveryKey, from_recovery_key, to_recovery_key
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.encryption.sealing import Sealing
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Acting, Wire
from config.models import Settings

_GONE_WITHIN_S = 1.0


async def show(settings: Settings) -> int:
    """Print how the device and its identity stand; returns the exit status: 0 when there is nothing to mend, else 1."""
    async with Database.opened(settings) as database:
        report = await device_report(settings, database)
    print(f"user         {report.user_id}")  # noqa: T201
    print(f"device       {report.device_id}")  # noqa: T201
    print(f"fingerprint  {_grouped(report.fingerprint)}")  # noqa: T201
    print(f"identity     {_grouped(report.master_key)}")  # noqa: T201
    print(f"state        {report}")  # noqa: T201
    return 0 if report.is_well else 1


async def recovery_key(settings: Settings, *, again: bool) -> int:
    """Print the recovery key on standard output, the first time or if it is wanted `again`; returns the exit status."""
    user_id = UserId(settings.matrix.bot_user_id)
    async with Database.opened(settings) as database:
        root = None
        if await has_encryption(database):
            sealing = await Sealing.open(settings.matrix.secret, settings.storage.folder, database.engine, user_id)
            kept = SealedRoot(database.engine, sealing, user_id)
            root = await kept.load()
        if root is None:
            _say(f"greffier: {user_id} has no identity yet: it is made when Greffier starts for the first time")
            return 1
        if await kept.was_shown() and not again:
            _say("greffier: the recovery key has been printed before; to print it once more, give --again")
            return 1
        print(to_recovery_key(root), flush=True)  # noqa: T201
        await kept.mark_shown()
    _say("Keep it where you keep passwords: whoever has it can pose as the bot, and it is what brings the bot's")
    _say("identity back when its database or its secret is lost (greffier identity restore).")
    return 0


async def restore(settings: Settings, typed: str) -> int:
    """Give the bot a new device with the identity of this recovery key.

    Raises:
        AlreadyRunning: the front runs.
        NotARecoveryKey: it is none.
        CannotRestore: it is another identity's, or there can be no new device.
        HomeserverError: the homeserver does not answer, or says no.
    """
    if not typed.strip():
        raise NotARecoveryKey("No recovery key was given on standard input (with docker run: -i)")
    root = from_recovery_key(typed)
    async with _stopped(settings) as (devices, kept):
        made = await devices.restore(root)
        await kept.mark_shown()
    _say_what_was_made(made)
    return 0


async def reset(settings: Settings) -> int:
    """Give the bot a new device with a new identity; raises as `restore`."""
    async with _stopped(settings) as (devices, _):
        made = await devices.reset(new_root())
    _say_what_was_made(made)
    _say("The identity is new: everybody who had approved the old one is asked to approve it. Print its recovery key:")
    _say("greffier identity recovery-key")
    return 0


@asynccontextmanager
async def _stopped(settings: Settings) -> AsyncIterator[tuple[NewDevices, SealedRoot]]:
    """Hold the front's place, so that no front runs with the device that is about to be forgotten."""
    matrix = settings.matrix
    user_id = UserId(matrix.bot_user_id)
    front = Process("front", name_of_this_machine())
    async with Database.opened(settings) as database, alone(front, database, within_s=_GONE_WITHIN_S):
        await database.migrate()
        sealing = Sealing(matrix.secret, settings.storage.folder)
        async with Wire(matrix, Acting(user_id, "")) as wire:
            yield (
                NewDevices(wire, matrix, database.engine, sealing),
                SealedRoot(database.engine, sealing, user_id),
            )


def _say_what_was_made(made: NewDevice) -> None:
    _say(f"The bot's device is {made.device_id} from the next start on. Start Greffier: greffier run")
    if not made.is_old_one_gone:
        _say(f"The homeserver keeps the old one ({made.old_device_id}): remove it from the account when you can.")


def _grouped(key: str | None) -> str:
    return "none yet" if key is None else " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201
