"""What a process tells whoever started it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from bot.process.notifying import READY, notify, saying_alive


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A socket as systemd has it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.settimeout(20)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return listener


def test_it_is_told_at_the_socket_that_the_environment_names(manager: socket.socket) -> None:
    """As sd_notify(3) has it."""
    with manager:
        notify(READY)
        assert manager.recv(100) == b"READY=1"


def test_the_socket_may_be_in_the_abstract_name_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some containers give one."""
    name = f"greffier-test-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify(READY)
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_nothing_fails_where_nobody_listens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was started by hand has nobody to tell."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify(READY)


async def test_it_is_said_as_often_as_the_watchdog_wants(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice in its time, at least."""
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    with manager:
        async with saying_alive():
            for _ in range(3):
                assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
