"""What lies sealed in the database, and what is said when it cannot be opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from vodozemac import Account

from bridge.matrix.encryption.errors import SecretLost
from bridge.matrix.encryption.sealing import FILE, Sealing, root_of, token_of
from bridge.matrix.ids import UserId
from bridge.matrix.tables import DEVICE, IDENTITY

BOT = UserId("@greffier:tchap.test")
GIVEN = SecretStr("a secret that the operator has given")
ROOT = b"r" * 32


async def store_root(engine: AsyncEngine, sealing: Sealing) -> None:
    """Put a sealed root into the database."""
    row = {"user_id": BOT, "sealed_root": sealing.seal(ROOT, root_of(BOT)), "created_at_s": 1.0}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(IDENTITY).values(row))


async def store_device(engine: AsyncEngine, *, account: bytes | None = None, token: bytes | None = None) -> None:
    """Put a device into the database."""
    row = {"user_id": BOT, "device_id": "GREFFIER", "account": account, "access_token": token, "is_published": False}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(DEVICE).values(row))


@pytest.mark.parametrize("secret", [None, GIVEN])
async def test_what_was_sealed_is_opened_after_a_restart(
    tmp_path: Path, engine: AsyncEngine, secret: SecretStr | None
) -> None:
    """With the same secret, whether it is the setting or the file; the pickles' key stays the same too."""
    before = await Sealing.open(secret, tmp_path, engine, BOT)
    sealed = before.seal(ROOT, root_of(BOT))
    after = await Sealing.open(secret, tmp_path, engine, BOT)
    assert after.unseal(sealed, root_of(BOT)) == ROOT
    assert after.pickle_key == before.pickle_key
    assert len(after.pickle_key) == 32
    assert ROOT not in sealed


async def test_the_same_is_sealed_differently_each_time(tmp_path: Path) -> None:
    """A nonce is never used twice."""
    sealing = Sealing(GIVEN, tmp_path)
    assert sealing.seal(ROOT, "root") != sealing.seal(ROOT, "root")


async def test_what_is_sealed_is_opened_only_as_what_it_is(tmp_path: Path) -> None:
    """Whoever may write the database cannot put one thing in the place of another, nor change a bit of it."""
    sealing = Sealing(GIVEN, tmp_path)
    sealed = sealing.seal(ROOT, root_of(BOT))
    with pytest.raises(SecretLost):
        sealing.unseal(sealed, token_of(BOT))
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SecretLost):
            sealing.unseal(bytes(changed), root_of(BOT))
    for length in range(len(sealed)):
        with pytest.raises(SecretLost):
            sealing.unseal(sealed[:length], root_of(BOT))


async def test_the_file_is_made_when_something_is_sealed_for_its_owner_alone(
    tmp_path: Path, engine: AsyncEngine
) -> None:
    """Not before: whoever only looks leaves nothing behind. And no draft of it stays."""
    sealing = await Sealing.open(None, tmp_path, engine, BOT)
    assert not (tmp_path / FILE).exists()
    sealing.seal(ROOT, "root")
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.glob(f"{FILE}*")] == [FILE]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that the service cannot read")
async def test_a_file_that_root_makes_is_the_folders_owners(tmp_path: Path) -> None:
    """An operator's command as root leaves nothing that the service cannot read."""
    os.chown(tmp_path, 10001, 10002)
    Sealing(None, tmp_path).seal(ROOT, "root")
    made = (tmp_path / FILE).stat()
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (10001, 10002, 0o600)


async def test_no_file_is_made_where_the_setting_is_given(tmp_path: Path) -> None:
    """The secret of the setting is nowhere on this machine's disk."""
    Sealing(GIVEN, tmp_path).seal(ROOT, "root")
    assert not (tmp_path / FILE).exists()


async def test_two_that_need_the_file_at_once_use_the_same(tmp_path: Path) -> None:
    """The second finds what the first has made, and does not write over it."""
    one, other = Sealing(None, tmp_path), Sealing(None, tmp_path)
    sealed = one.seal(ROOT, "root")
    assert other.unseal(sealed, "root") == ROOT


async def test_a_file_that_is_gone_is_said_and_none_is_made(tmp_path: Path, engine: AsyncEngine) -> None:
    """A new one would open nothing, and stand where the old one is to be put back."""
    await store_root(engine, await Sealing.open(None, tmp_path, engine, BOT))
    (tmp_path / FILE).unlink()
    with pytest.raises(
        SecretLost,
        match=r"matrix\.secret is gone.*elsewhere it is not needed.*identity restore.*greffier identity reset",
    ):
        await Sealing.open(None, tmp_path, engine, BOT)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("column", ["account", "token"])
async def test_a_file_that_is_gone_is_said_whatever_was_sealed(
    tmp_path: Path, engine: AsyncEngine, column: str
) -> None:
    """Also where the device has no identity yet."""
    await store_device(engine, **{column: b"sealed by a file that is gone"})
    with pytest.raises(SecretLost, match="is gone"):
        await Sealing.open(None, tmp_path, engine, BOT)


async def test_another_secret_is_said(tmp_path: Path, engine: AsyncEngine) -> None:
    """By the name of the setting, without its value."""
    await store_root(engine, await Sealing.open(GIVEN, tmp_path, engine, BOT))
    with pytest.raises(SecretLost, match=r"matrix\.secret does not open") as raised:
        await Sealing.open(SecretStr("another one"), tmp_path, engine, BOT)
    assert "another one" not in str(raised.value)


async def test_another_secret_is_said_where_only_a_token_is_sealed(tmp_path: Path, engine: AsyncEngine) -> None:
    """An account that has logged in, and has no identity yet."""
    sealing = await Sealing.open(GIVEN, tmp_path, engine, BOT)
    await store_device(engine, token=sealing.seal(b"syt_token", token_of(BOT)))
    with pytest.raises(SecretLost, match=r"matrix\.secret does not open"):
        await Sealing.open(SecretStr("another one"), tmp_path, engine, BOT)


async def test_another_secret_is_said_where_the_device_has_no_more_than_its_keys(
    tmp_path: Path, engine: AsyncEngine
) -> None:
    """Killed before the identity was made; the same secret opens them."""
    sealing = await Sealing.open(GIVEN, tmp_path, engine, BOT)
    account = Account()
    await store_device(engine, account=account.pickle(sealing.pickle_key).encode())
    again = await Sealing.open(GIVEN, tmp_path, engine, BOT)
    assert again.unpickle(account.pickle(again.pickle_key).encode()).ed25519_key == account.ed25519_key
    with pytest.raises(SecretLost, match=r"matrix\.secret does not open"):
        await Sealing.open(SecretStr("another one"), tmp_path, engine, BOT)


async def test_what_another_bot_has_sealed_does_not_matter(tmp_path: Path, engine: AsyncEngine) -> None:
    """The bot had another name before."""
    await store_root(engine, await Sealing.open(GIVEN, tmp_path, engine, BOT))
    await Sealing.open(SecretStr("another one"), tmp_path, engine, UserId("@visio:tchap.test"))


async def test_a_file_that_is_empty_or_unreadable_is_said(tmp_path: Path) -> None:
    """It is not taken for a secret."""
    (tmp_path / FILE).write_text("\n")
    with pytest.raises(SecretLost, match="is empty"):
        Sealing(None, tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(SecretLost, match="cannot be read"):
        Sealing(None, tmp_path)


async def test_a_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """Where nothing has been sealed yet."""
    sealing = Sealing(None, tmp_path / "nowhere")
    with pytest.raises(SecretLost, match="cannot be made"):
        sealing.seal(ROOT, "root")


async def test_blanks_around_a_secret_are_no_part_of_it(tmp_path: Path) -> None:
    """An editor puts a newline at a file's end."""
    sealed = Sealing(GIVEN, tmp_path).seal(ROOT, "root")
    spaced = SecretStr(f" {GIVEN.get_secret_value()}\n")
    assert Sealing(spaced, tmp_path).unseal(sealed, "root") == ROOT


async def test_the_line_in_the_file_may_become_the_setting(tmp_path: Path, engine: AsyncEngine) -> None:
    """What the file has sealed is opened by it on another machine."""
    await store_root(engine, await Sealing.open(None, tmp_path, engine, BOT))
    line = SecretStr((tmp_path / FILE).read_text())
    await Sealing.open(line, tmp_path / "elsewhere", engine, BOT)
