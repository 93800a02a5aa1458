"""Settings from the environment, and secrets that no error may show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.config_text import COMPLETE, SECRET, loaded, problems, with_line


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    """Text becomes what the key holds: a number, a yes or no."""
    settings = loaded(
        tmp_path,
        with_line("web", "port: 8080"),
        GREFFIER_WEB_PORT="9090",
        GREFFIER_CALLS_TRANSCRIBE="false",
        GREFFIER_LIVEKIT_API_SECRET="from the environment",
    )
    assert settings.web.port == 9090
    assert not settings.calls.transcribe
    assert settings.livekit.api_secret.get_secret_value() == "from the environment"


def test_a_whole_section_can_come_from_the_environment(tmp_path: Path) -> None:
    """As in a container without a file of its own for secrets."""
    text = COMPLETE.replace("storage:\n  folder: /var/lib/greffier\n", "")
    assert str(loaded(tmp_path, text, GREFFIER_STORAGE_FOLDER="/data").storage.folder) == "/data"


def test_a_variable_replaces_a_placeholder(tmp_path: Path) -> None:
    """The example file with the secrets in the environment is a complete configuration."""
    text = with_line("livekit", "api_secret: CHANGE-ME")
    assert problems(tmp_path, text) != []
    assert problems(tmp_path, text, GREFFIER_LIVEKIT_API_SECRET="real") == []
    (found,) = problems(tmp_path, GREFFIER_LIVEKIT_API_KEY="CHANGE-ME")
    assert found.startswith("livekit.api_key: 'CHANGE-ME' is the example's placeholder")


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    """As Docker and Kubernetes mount them, with a line end that is none of it."""
    (tmp_path / "secret").write_text("mounted\n")
    settings = loaded(tmp_path, GREFFIER_LIVEKIT_API_SECRET_FILE=str(tmp_path / "secret"))
    assert settings.livekit.api_secret.get_secret_value() == "mounted"


def test_the_database_can_come_from_the_environment(tmp_path: Path) -> None:
    """Its address holds a password; without one, there is no database but the file in the storage folder."""
    url = "postgresql://greffier:sesame@db.tchap.test/greffier"
    (tmp_path / "secret").write_text(f"{url}\n")
    for variables in ({"GREFFIER_DATABASE_URL": url}, {"GREFFIER_DATABASE_URL_FILE": str(tmp_path / "secret")}):
        found = loaded(tmp_path, **variables).database.url
        assert found is not None
        assert found.get_secret_value() == url
    assert loaded(tmp_path).database.url is None


def test_a_key_whose_own_name_ends_in_file_is_set_by_its_variable(tmp_path: Path) -> None:
    """`matrix.registration_file` is a path; its variable holds the path itself."""
    loaded(tmp_path)
    (tmp_path / "registration.yaml").rename(tmp_path / "other.yaml")
    settings = loaded(tmp_path, GREFFIER_MATRIX_REGISTRATION_FILE="other.yaml")
    assert settings.matrix.registration_file == tmp_path / "other.yaml"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00binary"])
def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Missing, or not text."""
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    (found,) = problems(tmp_path, GREFFIER_LIVEKIT_API_SECRET_FILE=str(tmp_path / "secret"))
    assert found.startswith("GREFFIER_LIVEKIT_API_SECRET_FILE: the file it names cannot be read (")


def test_a_value_and_a_file_for_one_key_are_refused(tmp_path: Path) -> None:
    """Neither is guessed to be the right one."""
    (tmp_path / "secret").write_text("mounted")
    (found,) = problems(
        tmp_path,
        GREFFIER_LIVEKIT_API_SECRET="direct",
        GREFFIER_LIVEKIT_API_SECRET_FILE=str(tmp_path / "secret"),
    )
    assert found == "GREFFIER_LIVEKIT_API_SECRET_FILE: GREFFIER_LIVEKIT_API_SECRET is set too; keep one of them"


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("GREFFIER_LIVEKIT_API_SECRETS", "no such setting; did you mean GREFFIER_LIVEKIT_API_SECRET?"),
        ("GREFFIER_LIVEKIT_API_SECRETS_FILE", "no such setting"),
        ("GREFFIER_LIVEKIT", "no such setting"),
    ],
)
def test_an_unknown_variable_of_ours_is_refused(tmp_path: Path, variable: str, sentence: str) -> None:
    """A typing error in a variable does not leave the file's value in place in silence."""
    (found,) = problems(tmp_path, **{variable: "x"})
    assert found.startswith(f"{variable}: {sentence}")


def test_other_variables_are_none_of_our_business(tmp_path: Path) -> None:
    """Nor is the one that names the configuration file."""
    assert problems(tmp_path, GREFFIER_CONFIG="config.yaml", PATH="/bin", LIVEKIT_API_SECRET="other") == []


def test_a_wrong_value_from_the_environment_is_refused_under_its_key(tmp_path: Path) -> None:
    """The same sentence as for the file."""
    (found,) = problems(tmp_path, GREFFIER_WEB_PORT="many")
    assert found == "web.port: found 'many', expected: a valid integer, unable to parse string as an integer"


# Secrets


HUSH = "hush-7f3a"


@pytest.mark.parametrize(
    "text",
    [
        with_line("livekit", f"api_secret: [{HUSH}]"),
        with_line("livekit", f"api_secret: {{{HUSH}: {HUSH}}}"),
        with_line("livekit", f"api_secret: !{HUSH}"),
        with_line("livekit", f"api_secret: *{HUSH}"),
        with_line("livekit", f"api_secret: CHANGE-ME {HUSH}"),
        with_line("livekit", f"api_secrets: {HUSH}"),
        with_line("matrix", f"as_token: [{HUSH}]"),
        with_line("web", f"metrics_token: [{HUSH}]"),
        COMPLETE.replace("livekit:\n  url", f"livekit:\n  - api_secret: {HUSH}\n  - url").replace(
            f"  api_key: devkey\n  api_secret: {SECRET}\n", ""
        ),
        COMPLETE.replace(SECRET, f'"{HUSH}'),
        COMPLETE.replace(f"  api_secret: {SECRET}", f"  api_secret: {HUSH}\n   x: 1"),
    ],
)
def test_no_error_shows_a_secret(tmp_path: Path, text: str) -> None:
    """Errors end in logs and tickets."""
    found = problems(tmp_path, text)
    assert found
    assert HUSH not in "\n".join(found)


def test_no_error_shows_a_secret_from_the_environment_or_of_another_key(tmp_path: Path) -> None:
    """What is wrong elsewhere gives no occasion to print everything."""
    (tmp_path / "secret").write_text(f"CHANGE-ME {HUSH}")
    found = problems(tmp_path, GREFFIER_LIVEKIT_API_SECRET_FILE=str(tmp_path / "secret"), GREFFIER_WEB_PORT="0")
    found += problems(tmp_path, GREFFIER_LIVEKIT_API_SECRET=HUSH, GREFFIER_WEB_PORT="0")
    assert found
    assert HUSH not in "\n".join(found)


def test_settings_do_not_show_their_secrets_when_printed(tmp_path: Path) -> None:
    """Somebody will log them one day."""
    settings = loaded(tmp_path, with_line("web", f"metrics_token: {HUSH}"))
    shown = f"{settings!r} {settings} {settings.model_dump_json()}"
    assert SECRET not in shown
    assert HUSH not in shown
    assert settings.matrix.as_token is not None
    assert settings.matrix.as_token.get_secret_value() not in shown
