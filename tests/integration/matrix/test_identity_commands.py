"""`greffier identity …` and `greffier check`, as an operator types them, on a real homeserver."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.cli import main
from bot.process.alone import alone
from bot.process.identity import Identity as Process
from bot.store.database import Database
from bridge.matrix.encryption.identity import Standing
from bridge.matrix.encryption.recovery_key import to_recovery_key
from bridge.matrix.encryption.sealing import FILE
from config.loading import load
from config.models import Matrix
from tests.integration.matrix.starting import Bot
from tests.stack.people import MatrixPerson
from tests.stack.postgresql import PostgreSQLServer
from tests.unit.bot.conftest import logging_as_before

__all__ = ["logging_as_before"]

pytestmark = pytest.mark.usefixtures("logging_as_before")


@dataclass(frozen=True)
class Said:
    """How a command has ended."""

    status: int
    out: str
    err: str


class Installation:
    """A configuration and what is typed on the machine that has it."""

    def __init__(
        self,
        file: Path,
        database: Database,
        bot: Bot,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.database = database
        self.bot = bot
        self._file = file
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    async def type(self, *argv: str, typed: str = "") -> Said:
        """Run one command of Greffier's to its end, with a loop of its own."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        self._capsys.readouterr()
        status = await asyncio.to_thread(_status_of, [*argv, "-c", str(self._file)])
        return Said(status, *self._capsys.readouterr())

    async def device_line(self) -> str:
        """What `greffier check` says of the device; the rest of what it asks is not there."""
        said = await self.type("check")
        (line,) = [line for line in said.out.splitlines() if "  device: " in line]
        return line

    async def recovery_key(self) -> str:
        """What an operator has kept."""
        said = await self.type("identity", "recovery-key")
        assert said.status == 0, said.err
        return said.out


def _status_of(argv: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def installation(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    settings: Matrix,
    postgresql: PostgreSQLServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> AsyncIterator[Installation]:
    """One whose bot has never started."""
    for variable in [name for name in os.environ if name.startswith("GREFFIER_")]:
        monkeypatch.delenv(variable)
    assert settings.as_token is not None
    matrix = settings.model_dump(include={"homeserver_url", "server_name", "bot_localpart"})
    config = {
        "matrix": matrix | {"as_token": settings.as_token.get_secret_value()},
        "livekit": {"url": "ws://127.0.0.1:9", "api_key": "key", "api_secret": "a-secret-of-the-tests-of-32-bytes"},
        "web": {"public_url": "http://127.0.0.1:9"},
        "speech": {"model": str(tmp_path)},
        "storage": {"folder": str(tmp_path / "storage")},
        "database": {"url": await postgresql.create_database() if request.param == "postgresql" else None},
    }
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(config))
    whole = load(file, {})
    async with Database.opened(whole) as database:
        bot = Bot(whole.matrix, database.engine, whole.storage.folder)
        yield Installation(file, database, bot, monkeypatch, capsys)


@pytest_asyncio.fixture
async def started(installation: Installation) -> Installation:
    """One whose bot has started, and stopped."""
    await installation.database.migrate()
    await installation.bot.start()
    return installation


async def test_before_the_first_start_all_is_well_and_there_is_no_key_yet(installation: Installation) -> None:
    """Looking makes nothing: neither tables nor a secret."""
    shown = await installation.type("identity", "show")
    assert (shown.status, shown.err) == (0, "")
    assert "identity     none yet" in shown.out
    assert (await installation.device_line()).startswith("ok ")
    key = await installation.type("identity", "recovery-key")
    assert (key.status, key.out) == (1, "")
    assert "has no identity yet" in key.err
    assert not (installation.bot.folder / FILE).exists()
    assert await installation.database.revision() is None


async def test_a_signed_device_is_shown_and_checked_while_the_front_runs(started: Installation) -> None:
    """With what people can compare."""
    device = await started.bot.start()
    async with alone(Process("front", "here"), started.database):
        shown = await started.type("identity", "show")
        line = await started.device_line()
    assert shown.status == 0, shown.err
    assert device.ed25519 in shown.out.replace(" ", "")
    assert line == f"ok      device: GREFFIER of {started.bot.user_id} is signed by the bot's identity"


async def test_the_recovery_key_is_printed_once_and_again_only_when_asked(started: Installation) -> None:
    """Alone on standard output, so that it can go into a safe by itself."""
    first = await started.recovery_key()
    assert len(first.split()) == 12
    second = await started.type("identity", "recovery-key")
    assert (second.status, second.out) == (1, "")
    assert "--again" in second.err
    third = await started.type("identity", "recovery-key", "--again")
    assert (third.status, third.out) == (0, first)


async def test_a_device_that_is_not_signed_is_a_fault_that_the_next_start_mends(installation: Installation) -> None:
    """The check says so."""
    await installation.database.migrate()
    await installation.bot.start(killed="before they are signed")
    line = await installation.device_line()
    assert line.startswith("FAILED  device: GREFFIER is not signed by the bot's identity")
    assert (await installation.type("identity", "show")).status == 1
    await installation.bot.start()
    assert (await installation.device_line()).startswith("ok ")


async def test_a_secret_that_is_gone_is_said_and_mended_by_the_recovery_key(started: Installation) -> None:
    """From the check to the next start; the key is not asked for a second time."""
    key = await started.recovery_key()
    (started.bot.folder / FILE).unlink()
    line = await started.device_line()
    assert line.startswith("FAILED  device: ")
    assert "greffier identity restore" in line
    mended = await started.type("identity", "restore", typed=key)
    assert (mended.status, mended.out) == (0, ""), mended.err
    line = await started.device_line()
    assert line.startswith("ok ")
    assert line.endswith("is made at the next start, and signed by the bot's identity")
    device = await started.bot.start()
    assert device.device_id in mended.err
    assert await started.bot.standing() is Standing.SIGNED
    assert (await started.type("identity", "recovery-key")).status == 1


@pytest.mark.parametrize("argv", [("restore",), ("reset", "--yes")])
async def test_nothing_is_replaced_under_a_front_that_runs(started: Installation, argv: tuple[str, ...]) -> None:
    """It would go on with a device that is forgotten."""
    key = await started.recovery_key()
    async with alone(Process("front", "here"), started.database):
        refused = await started.type("identity", *argv, typed=key)
    assert refused.status == 78
    assert "another front is running" in refused.err
    assert (await started.bot.start()).device_id == "GREFFIER"


@pytest.mark.parametrize("typed", ["", "EsTc LW2K", "not a key\n"])
async def test_what_is_no_recovery_key_changes_nothing(started: Installation, typed: str) -> None:
    """One sentence, which does not repeat it."""
    refused = await started.type("identity", "restore", typed=typed)
    assert refused.status == 78
    assert refused.err.startswith("greffier: ")
    assert "Traceback" not in refused.err
    assert (await started.bot.start()).device_id == "GREFFIER"


async def test_no_recovery_key_at_all_is_said(installation: Installation) -> None:
    """A container without standard input, say."""
    refused = await installation.type("identity", "restore", typed="\n")
    assert refused.status == 78
    assert "No recovery key was given on standard input" in refused.err


async def test_another_bots_recovery_key_changes_nothing(started: Installation) -> None:
    """A person keeps more than one. No secret is made that would stand where the lost one is to be put back."""
    secret = (started.bot.folder / FILE).rename(started.bot.folder / "kept")
    refused = await started.type("identity", "restore", typed=to_recovery_key(b"x" * 32))
    assert refused.status == 78
    assert "of another identity" in refused.err
    assert "greffier identity reset" in refused.err
    assert not (started.bot.folder / FILE).exists()
    secret.rename(started.bot.folder / FILE)
    assert (await started.bot.start()).device_id == "GREFFIER"


async def test_a_new_identity_is_made_only_for_who_means_it(started: Installation, marc: MatrixPerson) -> None:
    """It then has a recovery key of its own."""
    first = await started.recovery_key()
    unsure = await started.type("identity", "reset")
    assert unsure.status == 2
    assert "--yes" in unsure.err
    done = await started.type("identity", "reset", "--yes")
    assert done.status == 0, done.err
    await started.bot.start()
    assert await started.bot.standing() is Standing.SIGNED
    assert await started.recovery_key() != first


async def test_a_homeserver_that_does_not_answer_is_said(started: Installation, tmp_path: Path) -> None:
    """In a sentence, to be tried again."""
    config = json.loads((tmp_path / "config.yaml").read_text())
    config["matrix"]["homeserver_url"] = "http://127.0.0.1:9"
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    for argv in (("show",), ("reset", "--yes")):
        said = await started.type("identity", *argv)
        assert said.status == 75
        assert "does not answer" in said.err
        assert "Traceback" not in said.err
