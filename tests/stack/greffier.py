"""Greffier itself, started by its own command line as an operator starts it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.stack.server_process import ServerDidNotStart, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND = Path(sys.executable).with_name("greffier")
_START_S = 90
_REGISTRATION_S = 60
_STOP_S = 40
"""A recorder stays for a while when it is told to stop, so that another one may take its place."""


class Greffier:
    """One Greffier on one machine: `greffier run`, its configuration, registration and storage under one folder."""

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *,
        program: Sequence[str | Path] = (COMMAND,),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare it; `program` stands for the command `greffier`, `variables` are added to its environment."""
        self.config = config
        self.config_file = folder / "config.yaml"
        self.registration_file = folder / "registration.yaml"
        self.storage_folder = Path(config["storage"]["folder"])
        self.public_url: str = config["web"]["public_url"]
        # A setting in the environment of whoever runs this would go before the file.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GREFFIER_")}
        environment |= variables or {}
        self.process = ServerProcess(
            "greffier", [*program, "run", "-c", self.config_file], folder, environment=environment, grace_s=_STOP_S
        )
        self._folder = folder
        self._environment = environment

    async def register(self) -> Path:
        """Write the configuration, and with it the registration that the homeserver is to load.

        Raises:
            ServerDidNotStart: with what the command said.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self.config_file.touch(mode=0o600)
        self.config_file.write_text(json.dumps(self.config, indent=1))  # JSON is YAML
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
