"""A real S3 server (versitygw, which keeps objects as files) on a free loopback port, with one bucket."""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr

from config.models import Storage
from tests.stack.go_tool import S3
from tests.stack.ports import free_tcp_port
from tests.stack.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_START_S = 30
_HEALTH = "/-/health"
"""A path that no bucket can have."""


class S3Server:
    """An S3 server that can be stopped and started again on the same port and objects."""

    def __init__(self, folder: Path, *, bucket: str = "greffier") -> None:
        self.bucket = bucket
        self.region = "us-east-1"
        self.access_key_id = f"key-{secrets.token_hex(6)}"
        self.secret_access_key = secrets.token_hex(24)
        self.port = free_tcp_port()
        self.objects = folder / "objects" / bucket
        """Each object is a file here."""
        address = f"127.0.0.1:{self.port}"
        self.process = ServerProcess(
            "s3",
            [S3.binary(), "--port", address, "--region", self.region, "--health", _HEALTH, "posix", "objects"],
            folder,
            environment={
                **os.environ,
                "ROOT_ACCESS_KEY": self.access_key_id,
                "ROOT_SECRET_KEY": self.secret_access_key,
            },
        )

    @property
    def url(self) -> str:
        """What clients call its endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, folder: Path) -> Storage:
        """The storage settings of a process that keeps its own files in `folder` and shares through the bucket."""
        return Storage(
            folder=folder,
            s3_bucket=self.bucket,
            s3_endpoint=self.url,
            s3_region=self.region,
            s3_access_key_id=self.access_key_id,
            s3_secret_access_key=SecretStr(self.secret_access_key),
        )

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        self.objects.mkdir(parents=True, exist_ok=True)  # to this server, a folder is a bucket
        self.process.start()
        await self.process.until_it_answers(self.url + _HEALTH, within_s=_START_S)

    async def stop(self) -> None:
        """Stop it; its objects stay."""
        await self.process.stop()


@asynccontextmanager
async def running_s3(folder: Path) -> AsyncIterator[S3Server]:
    """An S3 server that answers; its files are in `folder`."""
    server = S3Server(folder)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
