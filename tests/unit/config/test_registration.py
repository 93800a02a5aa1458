"""The appservice's registration file: written once, for its owner only, and read back as it was."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
import yaml

from config.registration import Registration, RegistrationError


def fresh() -> Registration:
    """A registration for `@greffier:tchap.test`."""
    return Registration.fresh(bot_localpart="greffier", server_name="tchap.test")


def test_the_file_reads_back_as_it_was_written(tmp_path: Path) -> None:
    """Tokens, names and namespace survive the round trip."""
    written = fresh()
    written.write(tmp_path / "registration.yaml")
    assert Registration.read(tmp_path / "registration.yaml") == written


@pytest.mark.parametrize(("localpart", "server"), [("b.o-t+1=x/y_z", "a-b.c:8448"), ("greffier", "[2001:db8::1]:8448")])
def test_any_bot_name_reads_back(tmp_path: Path, localpart: str, server: str) -> None:
    """Characters that mean something in a regular expression are themselves again."""
    written = Registration.fresh(bot_localpart=localpart, server_name=server)
    written.write(tmp_path / "registration.yaml")
    assert Registration.read(tmp_path / "registration.yaml").bot_user_id == f"@{localpart}:{server}"


@pytest.mark.parametrize(
    ("url", "read"), [("https://greffier.tchap.test/x/", "https://greffier.tchap.test/x"), (None, None)]
)
def test_where_events_are_pushed_to_reads_back(tmp_path: Path, url: str | None, read: str | None) -> None:
    """As the settings have it, which end without a slash."""
    Registration.fresh(bot_localpart="greffier", server_name="tchap.test", url=url).write(tmp_path / "r.yaml")
    assert yaml.safe_load((tmp_path / "r.yaml").read_text())["url"] == url
    assert Registration.read(tmp_path / "r.yaml").url == read


def test_the_file_says_what_the_homeserver_needs(tmp_path: Path) -> None:
    """The bot alone is in the namespace, no port is opened for pushes, and the sender is another user."""
    fresh().write(tmp_path / "registration.yaml")
    raw = yaml.safe_load((tmp_path / "registration.yaml").read_text())
    (namespace,) = raw["namespaces"]["users"]
    assert namespace["exclusive"] is True
    assert re.fullmatch(namespace["regex"], "@greffier:tchap.test")
    assert not re.fullmatch(namespace["regex"], "@greffier:tchapXtest")
    assert not re.match(namespace["regex"], f"@{raw['sender_localpart']}:tchap.test")
    assert raw["url"] is None
    assert raw["rate_limited"] is False
    assert raw["namespaces"]["rooms"] == raw["namespaces"]["aliases"] == []


def test_every_registration_has_tokens_of_its_own() -> None:
    """Two tokens in each, none shared, all long."""
    tokens = [t.get_secret_value() for r in (fresh(), fresh()) for t in (r.as_token, r.hs_token)]
    assert len(set(tokens)) == 4
    assert min(len(token) for token in tokens) >= 43


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    """Whatever the umask."""
    before = os.umask(0)
    try:
        fresh().write(tmp_path / "registration.yaml")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "registration.yaml").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """The homeserver knows its tokens."""
    file = tmp_path / "registration.yaml"
    fresh().write(file)
    before = file.read_bytes()
    with pytest.raises(RegistrationError, match=r"registration\.yaml exists already and is not overwritten"):
        fresh().write(file)
    assert file.read_bytes() == before


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    """What stands there is not ours, even where it leads nowhere."""
    (tmp_path / "registration.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegistrationError, match="exists already"):
        fresh().write(tmp_path / "registration.yaml")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    """The sentence names the file and the cause."""
    with pytest.raises(RegistrationError, match=r"registration\.yaml cannot be written \(No such file"):
        fresh().write(tmp_path / "missing" / "registration.yaml")


def test_a_registration_does_not_show_its_tokens_when_printed() -> None:
    """Somebody will log it one day."""
    registration = fresh()
    assert registration.as_token.get_secret_value() not in repr(registration)
    assert registration.hs_token.get_secret_value() not in repr(registration)


def broken(tmp_path: Path, content: bytes) -> str:
    """Why a file with this content cannot be read."""
    (tmp_path / "registration.yaml").write_bytes(content)
    with pytest.raises(RegistrationError) as refused:
        Registration.read(tmp_path / "registration.yaml")
    return str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x80", b"a: [", b"\x00", b"a: 2026-99-99", b"[" * 600])
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    """With the way to a new one."""
    assert broken(tmp_path, content).endswith("is not YAML; write a new one with: greffier registration")


@pytest.mark.parametrize(
    "change",
    [
        {"as_token": None},
        {"as_token": ""},
        {"as_token": 5},
        {"hs_token": ["x"]},
        {"namespaces": None},
        {"namespaces": {"users": []}},
        {"namespaces": {"users": [{"regex": 5}]}},
        {"namespaces": {"users": {"regex": "x"}}},
        {"sender_localpart": {}},
        {"id": None},
        {"url": 5},
        {"url": ""},
    ],
)
def test_a_registration_of_another_shape_is_refused_without_its_tokens(
    tmp_path: Path, change: dict[str, object]
) -> None:
    """Wherever it is broken, the sentence is the same and shows nothing of it."""
    registration = fresh()
    raw = yaml.safe_load(registration.as_yaml()) | change
    message = broken(tmp_path, yaml.safe_dump(raw).encode())
    assert "is not a registration that `greffier registration` wrote" in message
    assert registration.as_token.get_secret_value() not in message


@pytest.mark.parametrize("content", [b"", b"text", b"- a", b"12"])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    """A list, a text, nothing."""
    assert "is not a registration" in broken(tmp_path, content)


def test_a_missing_file_is_said_with_the_command_that_writes_it(tmp_path: Path) -> None:
    """It is the first thing that a newcomer meets."""
    with pytest.raises(RegistrationError, match="does not exist; write it with: greffier registration -c CONFIG"):
        Registration.read(tmp_path / "registration.yaml")
