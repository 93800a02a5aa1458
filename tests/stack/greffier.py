"""Greffier itself, started by its own command line as an operator starts it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.stack.server_process import ServerDidNotStart, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.process.identity import Role

COMMAND = Path(sys.executable).with_name("greffier")
_START_S = 90
_REGISTRATION_S = 60
_STOP_S = 40
"""A recorder stays for a while when it is told to stop, so that another one may take its place."""


class Installation:
    """Greffier on one machine: its configuration, registration and storage, all under one folder."""

    def __init__(self, folder: Path, config: Mapping[str, Any], variables: Mapping[str, str] | None = None) -> None:
        """Prepare it; `variables` are added to its environment."""
        self.config = config
        self.config_file = folder / "config.yaml"
        self.registration_file = folder / "registration.yaml"
        self.storage_folder = Path(config["storage"]["folder"])
        self.public_url: str = config["web"]["public_url"]
        # A setting in the environment of whoever runs this would go before the file.
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith("GREFFIER_")}
        self._environment |= variables or {}
        self._folder = folder

    def write_config(self) -> None:
        """Write the configuration, for nobody else to read."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.config_file.touch(mode=0o600)
        self.config_file.write_text(json.dumps(self.config, indent=1))  # JSON is YAML

    async def register(self) -> Path:
        """Write the configuration, and with it the registration that the homeserver is to load.

        Raises:
            ServerDidNotStart: with what the command said.
        """
        self.write_config()
        result = await asyncio.to_thread(self._run_registration)
        if result.returncode != 0:
            raise ServerDidNotStart(f"greffier registration failed:\n{result.stdout}{result.stderr}")
        return self.registration_file

    def _run_registration(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, "registration", "-c", self.config_file],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_REGISTRATION_S,
        )


class Greffier(Installation):
    """All of Greffier on one machine: `greffier run`."""

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *,
        program: Sequence[str | Path] = (COMMAND,),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare it; `program` stands for the command `greffier`, `variables` are added to its environment."""
        super().__init__(folder, config, variables)
        self.process = ServerProcess(
            "greffier",
            [*program, "run", "-c", self.config_file],
            folder,
            environment=self._environment,
            grace_s=_STOP_S,
        )

    async def start(self) -> None:
        """Start it and wait until it is ready: all it depends on answers.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        self.process.start()
        await self.process.until_it_answers(f"{self.public_url}/health/ready", within_s=_START_S)

    async def stop(self) -> None:
        """Stop it as an operator does."""
        await self.process.stop()

    def pids(self) -> dict[str, int]:
        """The process ids of `front`, `recorder` and `speech` as of now."""
        pids: dict[str, int] = json.loads((self.storage_folder / "processes.json").read_text())
        return pids

    def transcript(self, meeting_id: str) -> dict[str, Any]:
        """What is stored of a meeting."""
        file = self.storage_folder / "transcripts" / f"{meeting_id}.json"
        stored: dict[str, Any] = json.loads(file.read_text())
        return stored


class GreffierProcess(Installation):
    """One of Greffier's processes, alone on its machine: `greffier recorder --name recorder-1`."""

    def __init__(
        self,
        role: Role,
        name: str,
        folder: Path,
        config: Mapping[str, Any],
        *,
        program: Sequence[str | Path] = (COMMAND,),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare it; a front does not know the name, of which there is one whatever it is called.

        `program` stands for the command `greffier`, `variables` are added to its environment.
        """
        super().__init__(folder, config, variables)
        self.role = role
        named = [] if role == "front" else ["--name", name]
        self.process = ServerProcess(
            name,
            [*program, role, "-c", self.config_file, *named],
            folder,
            environment=self._environment,
            grace_s=_STOP_S,
        )

    async def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        self.process.start()
        begins = self.process.log_size()
        if self.role == "front":
            await self.process.until_it_answers(f"{self.public_url}/health/ready", within_s=_START_S)
        else:
            await self.has_said(f"{self.role} ready", since=begins, within_s=_START_S)

    async def has_said(self, words: str, *, since: int = 0, within_s: float) -> None:
        """Wait until these words are in its log, after the first `since` bytes.

        Raises:
            ServerDidNotStart: it ended, or did not say them in time; it is stopped then.
        """

        async def said() -> bool:
            return words in self.process.log_since(since)

        await self.process.until(said, where=f"“{words}” in the log", within_s=within_s)

    async def stop(self) -> None:
        """Stop it as an operator does."""
        await self.process.stop()

    async def vanish(self) -> None:
        """Its machine is gone for good, and its disk with it."""
        await self.process.kill()
        await asyncio.to_thread(shutil.rmtree, self.storage_folder)
