"""A real Synapse with Tchap's room rules, on SQLite and a free loopback port, as an async context manager."""

from __future__ import annotations

import base64
import json
import secrets
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.stack.ports import free_tcp_port
from tests.stack.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

_START_S = 90
_UNLIMITED = {"per_second": 10_000, "burst_count": 10_000}


class SynapseServer:
    """A homeserver that can be stopped and started again on the same data and port."""

    def __init__(
        self,
        folder: Path,
        *,
        server_name: str,
        registrations: Sequence[Path] = (),
        settings: Mapping[str, Any] | None = None,
        listeners: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.server_name = server_name
        self.registration_shared_secret = secrets.token_hex(24)
        self.port = free_tcp_port()
        self.database = folder / "homeserver.db"
        self._folder = folder
        self._registrations = tuple(registrations)
        self._own_settings = dict(settings or {})
        self._more_listeners = [dict(listener) for listener in listeners]
        self._config = folder / "homeserver.yaml"
        command = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(self._config)]
        self.process = ServerProcess("synapse", command, folder)

    @property
    def url(self) -> str:
        """Its client-server API."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        if not self._config.exists():
            self._write_files()
        self.process.start()
        await self.process.until_it_answers(f"{self.url}/health", within_s=_START_S)

    async def stop(self) -> None:
        """Stop it; its data stay."""
        await self.process.stop()

    def _write_files(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (self._folder / "signing.key").write_text(f"ed25519 a_test {seed}\n")
        (self._folder / "log.yaml").write_text(json.dumps(_LOGGING))
        self._config.touch(mode=0o600)
        self._config.write_text(json.dumps(self._settings(), indent=1))  # JSON is YAML

    def _settings(self) -> dict[str, Any]:
        return {
            "server_name": self.server_name,
            "public_baseurl": f"{self.url}/",
            "listeners": [
                {
                    "type": "http",
                    "port": self.port,
                    "bind_addresses": ["127.0.0.1"],
                    "resources": [{"names": ["client", "openid"]}],
                },
                *self._more_listeners,
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.database)}},
            "media_store_path": str(self._folder / "media"),
            "pid_file": str(self._folder / "homeserver.pid"),
            "log_config": str(self._folder / "log.yaml"),
            "signing_key_path": str(self._folder / "signing.key"),
            "macaroon_secret_key": secrets.token_hex(24),
            "form_secret": secrets.token_hex(24),
            "registration_shared_secret": self.registration_shared_secret,
            "app_service_config_files": [str(path) for path in self._registrations],
            "default_room_version": "10",  # Tchap's rules module refuses version 12
            "modules": [
                {
                    "module": "room_access_rules.RoomAccessRules",
                    "config": {"domains_forbidden_when_restricted": ["ext.test"], "id_server": "identity.test"},
                }
            ],
            "federation_domain_whitelist": [],
            "trusted_key_servers": [],
            "report_stats": False,
            "presence": {"enabled": False},
            "bcrypt_rounds": 4,
            **_RATE_LIMITS,
            **self._own_settings,
        }


_RATE_LIMITS: dict[str, Any] = {
    # People in tests type faster than people. The bot is exempt as any appservice user is (`rate_limited: false`).
    "rc_message": _UNLIMITED,
    "rc_registration": _UNLIMITED,
    "rc_login": {"address": _UNLIMITED, "account": _UNLIMITED, "failed_attempts": _UNLIMITED},
    "rc_joins": {"local": _UNLIMITED, "remote": _UNLIMITED},
    "rc_joins_per_room": _UNLIMITED,
    "rc_invites": {"per_room": _UNLIMITED, "per_user": _UNLIMITED, "per_issuer": _UNLIMITED},
    "rc_admin_redaction": _UNLIMITED,
    "rc_media_create": _UNLIMITED,
    "rc_room_creation": _UNLIMITED,
}

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
}


@asynccontextmanager
async def running_synapse(
    folder: Path,
    *,
    server_name: str = "tchap.test",
    registrations: Sequence[Path] = (),
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[SynapseServer]:
    """A homeserver that answers, with the appservices of these registration files; its data are in `folder`.

    `settings` are Synapse's own, in the place of those that tests are usually run with.
    """
    server = SynapseServer(folder, server_name=server_name, registrations=registrations, settings=settings)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
