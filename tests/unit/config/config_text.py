"""A small configuration that is complete, as text and as a file beside its registration."""

from __future__ import annotations

from pathlib import Path

from config.loading import ConfigError, load
from config.models import Settings
from config.registration import Registration

SECRET = "s3cret-0f-the-call-server"

COMPLETE = f"""
matrix:
  homeserver_url: https://matrix.tchap.test
  server_name: tchap.test
livekit:
  url: wss://livekit.tchap.test
  api_key: devkey
  api_secret: {SECRET}
web:
  public_url: https://visio.tchap.test
storage:
  folder: /var/lib/greffier
"""


def write(folder: Path, text: str | bytes = COMPLETE, *, registered: bool = True) -> Path:
    """Put a configuration into `folder`, with a registration beside it; returns its path."""
    file = folder / "config.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    if registered and not (folder / "registration.yaml").exists():
        Registration.fresh(bot_localpart="greffier", server_name="tchap.test").write(folder / "registration.yaml")
    return file


def loaded(folder: Path, text: str | bytes = COMPLETE, **environ: str) -> Settings:
    """What `text` says, with these variables in the environment."""
    return load(write(folder, text), environ)


def problems(folder: Path, text: str | bytes = COMPLETE, **environ: str) -> list[str]:
    """The sentences with which `text` is refused; none when it is accepted."""
    try:
        loaded(folder, text, **environ)
    except ConfigError as error:
        return error.problems
    return []


def with_line(section: str, line: str) -> str:
    """The complete configuration with one more line in a section, in the place of the same key if it is there."""
    key = line.split(":", 1)[0]
    lines = [kept for kept in COMPLETE.splitlines() if kept.strip().split(":", 1)[0] != key or not kept.startswith(" ")]
    if f"{section}:" not in lines:
        lines.append(f"{section}:")
    at = lines.index(f"{section}:") + 1
    return "\n".join([*lines[:at], f"  {line}", *lines[at:]])
