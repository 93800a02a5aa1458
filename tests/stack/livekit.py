"""A real LiveKit server on free loopback ports, as an async context manager."""

from __future__ import annotations

import json
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.stack.go_tool import LIVEKIT
from tests.stack.ports import free_tcp_port, free_udp_port
from tests.stack.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

_START_S = 30
_GRACE_S = 1
"""It would wait for people to leave their calls, which in a test nobody does."""


class LiveKitServer:
    """A LiveKit server that can be stopped and started again on the same ports and with the same key."""

    def __init__(self, folder: Path, *, webhook_urls: Sequence[str] = ()) -> None:
        self.api_key = "greffier-stack"
        self.api_secret = secrets.token_hex(24)
        self.port = free_tcp_port()
        self.webhook_urls = tuple(webhook_urls)
        self._folder = folder
        self._udp_port = free_udp_port()
        config = folder / "livekit.yaml"
        self._config = config
        self.process = ServerProcess("livekit", [LIVEKIT.binary(), "--config", config], folder, grace_s=_GRACE_S)

    @property
    def url(self) -> str:
        """What clients connect to (`ws://`)."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """The same server's HTTP address."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._config.touch(mode=0o600)
        self._config.write_text(json.dumps(self._settings(), indent=1))  # JSON is YAML
        self.process.start()
        await self.process.until_it_answers(self.api_url, within_s=_START_S)

    async def stop(self) -> None:
        """Stop it; calls break off as they do when a server goes down."""
        await self.process.stop()

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "port": self.port,
            "bind_addresses": ["127.0.0.1"],
            "keys": {self.api_key: self.api_secret},
            "logging": {"level": "info"},
            "rtc": {
                "tcp_port": 0,  # any other value binds every address, whatever bind_addresses says
                "udp_port": self._udp_port,
                "node_ip": "127.0.0.1",
                "use_external_ip": False,
                "enable_loopback_candidate": True,
                "interfaces": {"includes": ["lo"]},
                "ips": {"includes": ["127.0.0.1/32"]},
                # Without a list of its own the server hands public STUN servers to its clients. Nothing answers at
                # this one, and nothing needs to: the only candidates are on the loopback interface.
                "stun_servers": ["127.0.0.1:9"],
            },
        }
        if self.webhook_urls:
            settings["webhook"] = {"api_key": self.api_key, "urls": list(self.webhook_urls)}
        return settings


@asynccontextmanager
async def running_livekit(folder: Path, *, webhook_urls: Sequence[str] = ()) -> AsyncIterator[LiveKitServer]:
    """A LiveKit server that answers; its events go to `webhook_urls`; its files are in `folder`."""
    server = LiveKitServer(folder, webhook_urls=webhook_urls)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
