"""The configuration file: what is accepted, and the sentence for each way in which it can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from config.loading import ConfigError, load
from config.registration import Registration
from tests.unit.config.config_text import COMPLETE, SECRET, loaded, problems, with_line, write


def without(key: str) -> str:
    """The complete configuration less one key."""
    return "\n".join(line for line in COMPLETE.splitlines() if not line.strip().startswith(f"{key}:"))


def test_a_complete_file_is_accepted_and_the_rest_has_defaults(tmp_path: Path) -> None:
    """Only what has no sensible default must be given."""
    settings = loaded(tmp_path)
    assert settings.livekit.api_secret.get_secret_value() == SECRET
    assert settings.matrix.bot_user_id == "@greffier:tchap.test"
    assert settings.livekit.browser_url == "wss://livekit.tchap.test"
    assert settings.livekit.api_url == "https://livekit.tchap.test"
    assert settings.calls.transcribe
    assert settings.rooms.language == "fr"


def test_settings_cannot_be_changed_after_loading(tmp_path: Path) -> None:
    """What was validated stays what it was."""
    settings = loaded(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.web.port = 1  # type: ignore[misc]


def test_an_address_ends_without_a_slash(tmp_path: Path) -> None:
    """Links are made by adding to it."""
    settings = loaded(tmp_path, with_line("web", "public_url: https://visio.tchap.test/"))
    assert settings.web.public_url == "https://visio.tchap.test"


@pytest.mark.parametrize(
    ("section", "line", "sentence"),
    [
        ("web", "port: 70000", "web.port: found 70000, expected: less than or equal to 65535"),
        ("web", "port: http", "web.port: found 'http', expected: a valid integer"),
        ("web", "public_url: visio.tchap.test", "web.public_url: found 'visio.tchap.test', expected an address that"),
        ("livekit", "url: https://livekit", "livekit.url: found 'https://livekit', expected an address that starts"),
        ("livekit", "api_key: 12", "livekit.api_key: found 12, expected: a valid string"),
        ("livekit", "api_key: ''", "livekit.api_key: found '', expected"),
        ("matrix", "bot_localpart: Greffier", "matrix.bot_localpart: found 'Greffier', expected"),
        ("matrix", "server_name: a b", "matrix.server_name: found 'a b', expected"),
        ("matrix", "registration_file: [a]", "matrix.registration_file: found ['a'], expected"),
        ("matrix", "request_timeout_s: .nan", "matrix.request_timeout_s: found nan, expected"),
        ("rooms", "language: de", "rooms.language: found 'de', expected: 'fr' or 'en'"),
        ("rooms", "time_zone: Europe/Pariss", "rooms.time_zone: found 'Europe/Pariss', expected the name of a time"),
        ("rooms", "time_zone: Europe", "rooms.time_zone: found 'Europe', expected the name of a time zone"),
        ("rooms", "time_zone: ../../etc/passwd", "rooms.time_zone: found '../../etc/passwd', expected the name"),
        ("calls", "transcribe: perhaps", "calls.transcribe: found 'perhaps', expected: a valid boolean"),
        ("calls", "max_participants: 1", "calls.max_participants: found 1, expected: greater than or equal to 2"),
        ("permissions", "start: ['camille']", "permissions.start.0: found 'camille', expected"),
        ("permissions", "start: '*'", "permissions.start: found '*', expected: a list"),
        ("speech", "languages: []", "speech.languages: found [], expected"),
        ("speech", "languages: [french]", "speech.languages.0: found 'french', expected"),
        ("storage", "folder: 5", "storage.folder: found 5, expected"),
        ("storage", "retention_days: 0", "storage.retention_days: found 0, expected: greater than or equal to 1"),
        ("storage", "s3_bucket: a/b", "storage.s3_bucket: found 'a/b', expected"),
        ("storage", "s3_endpoint: s3.tchap.test", "storage.s3_endpoint: found 's3.tchap.test', expected an address"),
        ("log", "level: loud", "log.level: found 'loud', expected: 'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_found_and_what_is_expected(
    tmp_path: Path, section: str, line: str, sentence: str
) -> None:
    """One sentence: the key, the value, the expectation."""
    assert problems(tmp_path, with_line(section, line))[0].startswith(sentence)


@pytest.mark.parametrize("address", ["https://", "https:///path", "http://:8080", "https://a b", "https://host:port"])
def test_an_address_without_a_host_is_refused(tmp_path: Path, address: str) -> None:
    """A prefix alone does not lead anywhere."""
    (found,) = problems(tmp_path, with_line("matrix", f"homeserver_url: '{address}'"))
    assert found.startswith(f"matrix.homeserver_url: found '{address}', expected an address")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://greffier:pa%40ss@db.tchap.test/greffier",
        "postgres://greffier:p%3Ass@[::1]:5433/greffier?sslmode=verify-full",
        "postgresql://greffier@10.0.0.7/greffier",
        "postgresql:///greffier?host=/run/postgresql",
    ],
)
def test_a_database_is_named_by_its_address(tmp_path: Path, url: str) -> None:
    """With a password or without, on another machine or behind a local socket."""
    found = loaded(tmp_path, f"{COMPLETE}database:\n  url: '{url}'\n").database
    assert found.url is not None
    assert found.url.get_secret_value() == url
    assert url not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sesame",
        "mysql://greffier:sesame@db/greffier",
        "postgresql+asyncpg://greffier:sesame@db/greffier",
        "sqlite:///sesame",
        "postgresql://greffier:sesame@/greffier",
        "postgresql://greffier:sesame@db",
        "postgresql://greffier:sesame@db/",
        "postgresql://greffier:sesame@db/a/b",
        "postgresql://greffier:sesame@db:0/greffier",
        "postgresql://greffier:sesame@db:port/greffier",
        "postgresql://greffier:sesame@db/gref fier",
        "postgresql://greffier:@sesame@db/greffier",
        "postgresql://greffier:/sesame@db/greffier",
        "postgresql://greffier:5/sesame@db/greffier",
        "postgresql://greffier:5#sesame@db/greffier",
        "postgresql://greffier:5?sesame@db/greffier",
        "postgresql://greffier:[sesame@db/greffier",
        "postgresql://greffier:sesame\u2100@db/greffier",
        "postgresql://greffier:sesame\n@db/greffier",
    ],
)
def test_what_is_no_address_of_a_database_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    """Among these are passwords of which a part would be taken for the host."""
    (found,) = problems(tmp_path, GREFFIER_DATABASE_URL=url)
    assert found.startswith("database.url: expected postgresql://user:password@host/name, where ")
    assert found.endswith(" (the value is not shown)")
    assert "sesame" not in found


def test_an_error_says_all_its_sentences(tmp_path: Path) -> None:
    """What is printed names the file, then each problem on a line of its own."""
    file = write(tmp_path, with_line("web", "port: 0\n  host: [a]"))
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    assert str(refused.value).splitlines() == [
        f"The configuration {file} cannot be used:",
        *(f"  - {problem}" for problem in refused.value.problems),
    ]
    assert len(refused.value.problems) == 2


def test_every_wrong_key_has_its_sentence_at_once(tmp_path: Path) -> None:
    """Whoever mends the file mends it in one go."""
    text = with_line("web", "port: 0").replace("server_name: tchap.test", "server_name: ''") + "\nlog: {level: loud}\n"
    assert [problem.split(":")[0] for problem in problems(tmp_path, text)] == [
        "matrix.server_name",
        "web.port",
        "log.level",
    ]


@pytest.mark.parametrize("key", ["homeserver_url", "server_name", "api_key", "api_secret", "public_url", "folder"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    """The sentence says that it is missing, in which section."""
    text = without(key).replace("web:\n", "web:\n  port: 80\n").replace("storage:", "storage:\n  keep_sound: false")
    (found,) = problems(tmp_path, text)
    assert f".{key}: missing; expected" in found


@pytest.mark.parametrize(
    ("section", "keys"), [("livekit", "url, api_key, api_secret"), ("web", "public_url"), ("storage", "folder")]
)
def test_a_missing_section_is_named_with_what_belongs_in_it(tmp_path: Path, section: str, keys: str) -> None:
    """A newcomer learns what to write."""
    lines = COMPLETE.splitlines()
    begin = lines.index(f"{section}:")
    end = next((n for n in range(begin + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    found = problems(tmp_path, "\n".join(lines[:begin] + lines[end:]))
    assert found == [f"{section}: missing; expected a section with {keys}"]


@pytest.mark.parametrize(
    ("section", "line", "sentence"),
    [
        ("web", "prot: 8080", "web.prot: no such setting; did you mean port?"),
        ("livekit", "api_secrets: x", "livekit.api_secrets: no such setting; did you mean api_secret?"),
        ("web", "zzzzzz: 1", "web.zzzzzz: no such setting"),
        ("permission", "start: []", "permission: no such setting; did you mean permissions?"),
    ],
)
def test_an_unknown_key_is_refused_with_its_near_miss(tmp_path: Path, section: str, line: str, sentence: str) -> None:
    """A typing error does not silently leave a default in place."""
    assert sentence in problems(tmp_path, with_line(section, line))


def test_a_key_that_is_no_word_is_refused(tmp_path: Path) -> None:
    """YAML takes numbers, dates and lists for keys."""
    assert problems(tmp_path, with_line("web", "8080: port"))[0].startswith("web.8080: ")
    assert problems(tmp_path, COMPLETE + "? [web]\n: 1\n") == ["line 13, column 3: a key must be a word"]


def test_a_key_given_twice_is_refused_with_its_place(tmp_path: Path) -> None:
    """YAML itself would let the last one win."""
    twice = COMPLETE.replace("  api_key: devkey", "  api_key: devkey\n  api_key: other")
    assert problems(tmp_path, twice) == ["line 8, column 3: api_key is given twice"]
    twice = COMPLETE + "web:\n  public_url: https://other.test\n"
    assert problems(tmp_path, twice) == ["line 13, column 1: web is given twice"]


@pytest.mark.parametrize(
    "text",
    [
        "matrix: [",
        "matrix:\n\t- a",
        "a: b: c",
        b"\x00\x01\x02",
        b"\x80\x81\xfe",
        b"\x7fELF" + bytes(range(256)) * 40,
        "[" * 600,
        "- " * 3000,
        "a: 2026-99-99",
        "a: 0x_",
        "a: " + "9" * 5000,
        "a: !!int x",
        "a: !!binary x",
        "a: !!python/object/apply:os.system [ls]",
        "a: *nowhere",
    ],
)
def test_what_is_not_yaml_is_refused_in_one_sentence(tmp_path: Path, text: str | bytes) -> None:
    """Whatever the bytes are, whoever starts Greffier gets a sentence and no traceback."""
    assert len(problems(tmp_path, text)) == 1


@pytest.mark.parametrize("text", ["", "# nothing but a comment", "just words", "- matrix", "12"])
def test_a_file_without_sections_is_refused(tmp_path: Path, text: str) -> None:
    """An empty file, a list and a text are no settings."""
    assert problems(tmp_path, text) == ["expected sections (matrix:, livekit:, web:, storage:), found none"]


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """It is a log or an image rather than settings."""
    (found,) = problems(tmp_path, COMPLETE.encode() + b"#" * 1_000_000)
    assert "larger than 1000000 bytes" in found


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, or a folder: the sentence says which file, and which option names it."""
    with pytest.raises(ConfigError, match=r"config\.yaml cannot be used.*\n.*No such file.*-c names it"):
        load(tmp_path / "config.yaml", {})
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path, {})


@pytest.mark.parametrize("value", ["https://visio.tchap.test", "[1]", "", "5"])
def test_a_section_must_hold_keys(tmp_path: Path, value: str) -> None:
    """`web: https://…` is a likely slip."""
    (found,) = problems(tmp_path, f"{COMPLETE}calls: {value}\n")
    assert found.startswith("calls: expected keys under it, found ")


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("livekit", "api_key: CHANGE-ME"),
        ("livekit", "api_key: change_me_please"),
        ("livekit", "api_key: <your key>"),
        ("livekit", "api_key: xxxx"),
        ("livekit", "api_key: TODO"),
        ("matrix", "server_name: example.org"),
        ("matrix", "homeserver_url: https://matrix.example.com"),
        ("matrix", "homeserver_url: https://tchap.example:8448"),
        ("permissions", "start: ['@*:agent.example.org']"),
    ],
)
def test_a_placeholder_is_refused(tmp_path: Path, section: str, line: str) -> None:
    """What the example says must be replaced before Greffier starts."""
    (found,) = problems(tmp_path, with_line(section, line))
    assert found.startswith(f"{section}.{line.split(':', maxsplit=1)[0]}: ")
    assert "placeholder; put your own value" in found


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("livekit", "url: wss://exchange-media.tchap.test"),
        ("livekit", "api_secret: nothing-exchange-me-not-change-mentioned"),
        ("matrix", "display_name: Exchange meetings"),
        ("matrix", "homeserver_url: https://matrix.counterexample.org"),
        ("matrix", "homeserver_url: https://example.organisation.test"),
    ],
)
def test_what_only_resembles_a_placeholder_is_accepted(tmp_path: Path, section: str, line: str) -> None:
    """`exchange-media` is a name like another."""
    assert problems(tmp_path, with_line(section, line)) == []


def test_an_https_page_with_a_ws_call_server_is_refused(tmp_path: Path) -> None:
    """Browsers would block the connection, long after the start."""
    (found,) = problems(tmp_path, with_line("livekit", "url: ws://livekit.tchap.test"))
    assert found.startswith("livekit.public_url: ")
    assert "wss://" in found
    assert problems(tmp_path, with_line("livekit", "url: ws://10.0.0.1\n  public_url: wss://livekit.tchap.test")) == []


def test_an_http_page_may_have_a_ws_call_server(tmp_path: Path) -> None:
    """As on a developer's machine."""
    text = COMPLETE.replace("https://visio", "http://visio").replace("wss://", "ws://")
    assert loaded(tmp_path, text).livekit.api_url == "http://livekit.tchap.test"


# The token


def test_the_token_comes_from_the_registration_file_beside_the_configuration(tmp_path: Path) -> None:
    """The path is relative to the configuration, not to where Greffier is started."""
    settings = loaded(tmp_path)
    registration = Registration.read(tmp_path / "registration.yaml")
    assert settings.matrix.as_token == registration.as_token
    assert settings.matrix.registration_file == tmp_path / "registration.yaml"


def test_a_given_token_needs_no_registration_file(tmp_path: Path) -> None:
    """A secret store may hold the token alone."""
    file = write(tmp_path, with_line("matrix", "as_token: given"), registered=False)
    assert load(file, {}).matrix.as_token == SecretStr("given")
    file = write(tmp_path, registered=False)
    assert load(file, {"GREFFIER_MATRIX_AS_TOKEN": "given"}).matrix.as_token == SecretStr("given")


def test_a_missing_registration_is_named_with_the_command_that_writes_it(tmp_path: Path) -> None:
    """It is the first thing that a newcomer meets."""
    with pytest.raises(ConfigError, match=r"matrix.registration_file: .*does not exist.*greffier registration -c"):
        load(write(tmp_path, registered=False), {})


@pytest.mark.parametrize("name", ["''", '"a\\0b"', "/dev/null"])
def test_a_registration_that_cannot_be_one_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    """A folder, an impossible name, an empty file."""
    (found,) = problems(tmp_path, with_line("matrix", f"registration_file: {name}"))
    assert found.startswith("matrix.registration_file: ")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("s3_endpoint: https://s3.tchap.test", "storage.s3_bucket: missing"),
        ("s3_access_key_id: a\n  s3_secret_access_key: not-to-be-shown", "storage.s3_bucket: missing"),
        ("s3_bucket: sound\n  s3_access_key_id: a", "storage.s3_secret_access_key: missing"),
        ("s3_bucket: sound\n  s3_secret_access_key: not-to-be-shown", "storage.s3_access_key_id: missing"),
        (
            "s3_bucket: sound\n  s3_access_key_id: a\n  s3_secret_access_key: ''",
            "storage.s3_secret_access_key: expected",
        ),
    ],
)
def test_a_bucket_that_is_half_described_is_refused(tmp_path: Path, lines: str, sentence: str) -> None:
    """The sentence names the key that lacks, and shows no secret."""
    (found,) = problems(tmp_path, with_line("storage", lines))
    assert found.startswith(sentence)
    assert "not-to-be-shown" not in found


@pytest.mark.parametrize(
    "lines",
    [
        "s3_bucket: sound",
        "s3_bucket: sound\n  s3_endpoint: http://127.0.0.1:9000\n  s3_access_key_id: a\n  s3_secret_access_key: b",
    ],
)
def test_a_bucket_may_be_amazons_with_the_machines_role_or_anyones_with_a_key(tmp_path: Path, lines: str) -> None:
    """Also over plain HTTP, as inside a closed network."""
    assert loaded(tmp_path, with_line("storage", lines)).storage.s3_bucket == "sound"


@pytest.mark.parametrize(
    ("section", "keys", "sentence"),
    [
        ("speech", {"api_key": "k"}, "speech.endpoint: missing; speech.api_key is given without the server"),
        ("summary", {"api_key": "k"}, "summary.endpoint: missing; summary.api_key is given without the server"),
        ("summary", {"endpoint": "https://h/v1"}, "summary.model: missing; summary.endpoint is given without"),
        ("summary", {"model": "m"}, "summary.endpoint: missing; summary.model is given without"),
        ("speech", {"endpoint": "h/v1"}, "speech.endpoint: found 'h/v1', expected an address that starts with"),
        ("speech", {"endpoint": "https://h/v1?version=3"}, "speech.endpoint: found 'https://h/v1?…', expected the"),
        ("speech", {"endpoint_timeout_s": 0}, "speech.endpoint_timeout_s: found 0, expected: greater than or equal"),
        ("speech", {"threads": 2.5}, "speech.threads: found 2.5, expected: a valid integer"),
        ("speech", {"languages": "fr"}, "speech.languages: found 'fr', expected: a list"),
        ("speech", {"languages": []}, "speech.languages: found [], expected: at least one in the list"),
        ("speech", {"languages": ["French"]}, "speech.languages.0: found 'French', expected the code of a language"),
        ("diarization", {"model": ""}, "diarization.model: found '', expected: at least 1 character"),
        ("diarization", {"notice": None}, "diarization.notice: found nothing, expected: a valid boolean"),
        ("summary", {"context_tokens": "16k"}, "summary.context_tokens: found '16k', expected: a valid integer"),
    ],
)
def test_what_is_said_of_models_and_servers_has_one_sentence_each(
    tmp_path: Path, section: str, keys: dict[str, object], sentence: str
) -> None:
    """A wrong type, a missing partner, a wrong bound: the key, what was found, what is expected, and nothing more."""
    said = problems(tmp_path, f"{COMPLETE}\n{yaml.safe_dump({section: keys})}")
    assert len(said) == 1
    assert said[0].startswith(sentence)


@pytest.mark.parametrize("endpoint", ["https://u:HIDDEN@h/v1", "https://u:HID/DEN@h/v1", "https://h/v1?key=HIDDEN"])
@pytest.mark.parametrize("section", ["speech", "summary"])
def test_an_address_with_a_secret_in_it_is_refused_and_the_secret_not_shown(
    tmp_path: Path, section: str, endpoint: str
) -> None:
    """Addresses are logged, and shown by `greffier check`."""
    (said,) = problems(tmp_path, f"{COMPLETE}\n{yaml.safe_dump({section: {'endpoint': endpoint, 'model': 'm'}})}")
    assert said.startswith(f"{section}.endpoint: found")
    assert "HID" not in said
    assert "DEN" not in said


@pytest.mark.parametrize("key", ["two\nHIDDEN", "two HIDDEN", "HIDDENé", ""])
@pytest.mark.parametrize(
    ("section", "name"), [("speech", "api_key"), ("summary", "api_key"), ("diarization", "hub_token")]
)
def test_a_key_that_no_request_can_carry_is_refused_at_once(tmp_path: Path, section: str, name: str, key: str) -> None:
    """It would look like a server that is away."""
    keys = {name: key} if section == "diarization" else {name: key, "endpoint": "https://h/v1", "model": "m"}
    (said,) = problems(tmp_path, f"{COMPLETE}\n{yaml.safe_dump({section: keys})}")
    assert said.startswith(f"{section}.{name}: expected letters, digits and signs of ASCII")
    assert "HIDDEN" not in said
