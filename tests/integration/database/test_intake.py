"""What is heard is stored on PostgreSQL as on SQLite: the same tests, and what PostgreSQL alone refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import Database
from bridge.matrix.encryption.devices import EncryptedEvent
from bridge.matrix.news import SyncResult
from config.models import Settings
from tests.fakes.matrix import joined
from tests.unit.bridge.matrix.test_intake import *  # noqa: F403 (all of them, whichever are added)
from tests.unit.bridge.matrix.test_intake import Scene, command, secret, synced


@pytest.fixture
def database_settings(postgresql_settings: Settings) -> Settings:
    """Settings that name a PostgreSQL database."""
    return postgresql_settings


@pytest.fixture
def engine(database: Database) -> AsyncEngine:
    """The database, with our tables."""
    return database.engine


async def test_a_nul_in_a_ciphertext_does_not_stop_the_bot(scene: Scene) -> None:
    """It is read as no ciphertext at all; were it read as one, it would not be kept."""
    spoilt = secret("$1")
    spoilt["content"]["ciphertext"] += "\0"
    slipped_through = _with_ciphertext(synced(joined(secret("$2"), command("$3")), batch="s2"), "AAAA\0BBBB")
    async with asyncio.timeout(10):
        await scene.sync(joined(spoilt, command("$4")))
        await scene.intake.take_sync(slipped_through, is_first=False)
    assert await scene.waiting() == ["!visio $4", "!visio $3"]
    assert await scene.rows("matrix_undecrypted") == 0
    assert await scene.intake.inbox.next_batch() == "s2"


def _with_ciphertext(result: SyncResult, ciphertext: str) -> SyncResult:
    """The same answer, with this in its encrypted events."""
    [timeline] = result.news.timelines
    heard = tuple(
        replace(one, ciphertext=ciphertext) if isinstance(one, EncryptedEvent) else one for one in timeline.heard
    )
    return replace(result, news=replace(result.news, timelines=(replace(timeline, heard=heard),)))
