"""The ways into a homeserver: which keys go together, what the registration fills in, and who needs none of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from config.loading import ConfigError, load
from config.models import Settings
from config.registration import Registration
from config.ways_in import appservice_id
from tests.unit.config.config_text import COMPLETE, problems, with_line, write

URL = "http://greffier.tchap.test:8080"
HUSH = "hush-7f3a"


def registered(folder: Path, *, bot_localpart: str = "greffier", url: str | None = None) -> Registration:
    """Put a registration beside the configuration."""
    registration = Registration.fresh(bot_localpart=bot_localpart, server_name="tchap.test", url=url)
    registration.write(folder / "registration.yaml")
    return registration


def of_matrix(*lines: str) -> str:
    """The complete configuration with more lines about the homeserver."""
    text = COMPLETE
    for line in lines:
        text = text.replace("matrix:\n", f"matrix:\n  {line}\n")
    return text


def entering(folder: Path, *lines: str, **environ: str) -> Settings:
    """What a front gets of these lines, with the registration that is there or not."""
    return load(write(folder, of_matrix(*lines), registered=False), environ)


def refusals(folder: Path, *lines: str) -> list[str]:
    """The sentences with which a front is refused."""
    with pytest.raises(ConfigError) as refused:
        entering(folder, *lines)
    return refused.value.problems


def shown(token: SecretStr | None) -> str | None:
    """A token in the clear."""
    return token.get_secret_value() if token else None


# An appservice


def test_both_tokens_come_from_the_registration_where_events_are_pushed(tmp_path: Path) -> None:
    """Otherwise what the homeserver shows is nothing that anybody needs."""
    registration = registered(tmp_path, url=URL)
    matrix = entering(tmp_path, f"appservice_url: {URL}/").matrix
    assert (matrix.as_token, matrix.hs_token) == (registration.as_token, registration.hs_token)
    assert matrix.appservice_url == URL


def test_without_pushes_the_homeservers_token_is_not_asked_for(tmp_path: Path) -> None:
    """A secret store may hold the one token that is used."""
    matrix = entering(tmp_path, "as_token: given").matrix
    assert (shown(matrix.as_token), matrix.hs_token) == ("given", None)


def test_given_tokens_need_no_registration_file(tmp_path: Path) -> None:
    """The file may be on the homeserver's machine alone."""
    matrix = entering(
        tmp_path, f"appservice_url: {URL}", GREFFIER_MATRIX_AS_TOKEN="ours", GREFFIER_MATRIX_HS_TOKEN="theirs"
    ).matrix
    assert (shown(matrix.as_token), shown(matrix.hs_token)) == ("ours", "theirs")


def test_pushes_without_the_homeservers_token_are_refused(tmp_path: Path) -> None:
    """Nobody could be told from the homeserver."""
    (found,) = refusals(tmp_path, f"appservice_url: {URL}", "as_token: given")
    assert found.startswith("matrix.registration_file: ")
    assert "does not exist; write it with: greffier registration" in found


def test_the_homeservers_token_is_not_taken_from_another_appservices_registration(tmp_path: Path) -> None:
    """The given token says that the file is not this bot's."""
    registered(tmp_path, url=URL)
    (found,) = refusals(tmp_path, f"appservice_url: {URL}", f"as_token: {HUSH}")
    assert found.startswith("matrix.hs_token: missing; matrix.as_token is given, and is not the one of ")
    assert HUSH not in found


@pytest.mark.parametrize(("ours", "theirs"), [(URL, None), (None, URL), (URL, f"{URL}1")])
def test_a_registration_that_leads_elsewhere_is_refused(tmp_path: Path, ours: str | None, theirs: str | None) -> None:
    """The homeserver would push where nobody listens, or not at all; the sentence says what to do."""
    registered(tmp_path, url=theirs)
    (found,) = refusals(tmp_path, f"appservice_url: {ours or 'null'}")
    assert found.startswith(
        f"matrix.appservice_url: it is {ours or 'null'}, and url in {tmp_path}/registration.yaml is"
    )
    assert f" is {theirs or 'null'}; make them the same, and restart the homeserver" in found


def test_the_registration_of_another_bot_is_refused(tmp_path: Path) -> None:
    """The token would act as somebody else than the settings say."""
    registered(tmp_path, bot_localpart="autre")
    (found,) = refusals(tmp_path)
    assert found.startswith("matrix.registration_file: it is for @autre:tchap.test")


def test_the_appservice_is_called_what_its_registration_says(tmp_path: Path) -> None:
    """Where the file is not here, what ours says by default."""
    settings = entering(tmp_path, "as_token: given", "bot_localpart: autre")
    assert appservice_id(settings.matrix) == "autre"
    registered(tmp_path)
    assert appservice_id(settings.matrix) == "greffier"


# An account


@pytest.mark.parametrize("key", ["password", "access_token"])
def test_an_account_needs_a_password_or_a_token_and_no_registration(tmp_path: Path, key: str) -> None:
    """One of them will do."""
    matrix = entering(tmp_path, "identity: account", f"{key}: {HUSH}").matrix
    assert shown(getattr(matrix, key)) == HUSH
    assert matrix.as_token is None


def test_an_account_without_either_is_refused(tmp_path: Path) -> None:
    """The sentence names both."""
    (found,) = refusals(tmp_path, "identity: account")
    assert found.startswith("matrix.password: missing; ")
    assert "matrix.access_token" in found


@pytest.mark.parametrize("line", [f"as_token: {HUSH}", f"hs_token: {HUSH}", f"appservice_url: {URL}"])
def test_an_account_with_a_key_of_an_appservice_is_refused(tmp_path: Path, line: str) -> None:
    """Nobody is told in silence that what they have set does nothing."""
    key = line.split(":", maxsplit=1)[0]
    (found,) = refusals(tmp_path, "identity: account", "password: sesame", line)
    assert found.startswith(f"matrix.{key}: only where matrix.identity is appservice, and it is account; ")
    assert HUSH not in found


@pytest.mark.parametrize("key", ["password", "access_token"])
def test_an_appservice_with_a_key_of_an_account_is_refused(tmp_path: Path, key: str) -> None:
    """Whoever sets it expects to be an account."""
    (found,) = refusals(tmp_path, f"{key}: {HUSH}")
    assert found.startswith(f"matrix.{key}: only where matrix.identity is account, and it is appservice; ")
    assert HUSH not in found


# Whoever does not enter


def test_without_credentials_everything_else_is_still_checked(tmp_path: Path) -> None:
    """A recorder's machine has neither registration nor password; its typing errors are found all the same."""
    for identity in ("appservice", "account"):
        file = write(tmp_path, of_matrix(f"identity: {identity}"), registered=False)
        assert load(file, {}, credentials=False).matrix.as_token is None
    file = write(tmp_path, of_matrix("trust: everyone"), registered=False)
    with pytest.raises(ConfigError, match=r"matrix\.trust: found 'everyone', expected: 'identity', 'signed' or 'all'"):
        load(file, {}, credentials=False)


# Values


@pytest.mark.parametrize("key", ["as_token", "hs_token", "password", "access_token", "secret"])
def test_an_empty_secret_is_refused(tmp_path: Path, key: str) -> None:
    """It is a variable that was not filled in."""
    (found,) = problems(tmp_path, GREFFIER_MATRIX_IDENTITY="appservice", **{f"GREFFIER_MATRIX_{key.upper()}": ""})
    wanted = "32 characters" if key == "secret" else "1 character"
    assert found == f"matrix.{key}: expected at least {wanted} (the value is not shown)"


def test_a_sealing_secret_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    """It is all that stands before the bot's keys; how long it must be is said, and what it was is not."""
    (found,) = problems(tmp_path, with_line("matrix", f"secret: {HUSH}"))
    assert found.startswith("matrix.secret: expected at least 32 characters")
    assert HUSH not in found
    assert problems(tmp_path, with_line("matrix", f"secret: {HUSH * 4}")) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("identity: bot", "matrix.identity: found 'bot', expected: 'appservice' or 'account'"),
        ("appservice_url: greffier:8080", "matrix.appservice_url: found 'greffier:8080', expected an address that"),
        ("trust: 1", "matrix.trust: found 1, expected: 'identity', 'signed' or 'all'"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    """With what is expected."""
    assert problems(tmp_path, with_line("matrix", line))[0].startswith(sentence)
