"""The settings: every key Greffier reads, its type, its default and its bounds, as frozen models.

The example file `example-config.yaml` documents the same keys for the person who fills them in; a test keeps the two
equal. Loading, environment overrides and the wording of errors are in `config.loading`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

Language = Literal["fr", "en"]
_SECRET_CHARACTERS = 32


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")) or not _names_a_host(value):
        raise ValueError("expected an address that starts with http:// or https:// and a host")
    return value.rstrip("/")


def _endpoint_url(value: str) -> str:
    address = _http_url(value)
    parts = urlsplit(address)
    if "@" in parts.netloc:  # the address is in logs and messages
        raise ValueError("expected an address without a name or password in it; a key goes into api_key")
    if parts.query or parts.fragment:
        raise ValueError("expected the address where the API begins, without anything after a ? or #")
    return address


def _host(address: str | None) -> str | None:
    return None if address is None else urlsplit(address).hostname


def _livekit_url(value: str) -> str:
    if not value.startswith(("ws://", "wss://")) or not _names_a_host(value):
        raise ValueError("expected an address that starts with ws:// or wss:// and a host")
    return value.rstrip("/")


def _names_a_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0 and address.isprintable() and " " not in address
    except ValueError:  # a port that is no number
        return False


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: `Europe` is a folder of zones
        raise ValueError("expected the name of a time zone, such as Europe/Paris") from error
    return value


def _postgresql_url(value: SecretStr) -> SecretStr:
    try:
        found = _names_a_database(value.get_secret_value())
    except ValueError:  # its text holds a part of the address, and that may be the password
        found = False
    if not found:
        raise ValueError(
            "expected postgresql://user:password@host/name, where such characters as @ : / # % of the password are "
            "written %40 %3A %2F %23 %25"
        )
    return value


def _names_a_database(address: str) -> bool:
    # One stray @, / or # of a password that is not encoded, and a part of it would pass for the host or the name.
    parts = urlsplit(address)
    return bool(
        parts.scheme in ("postgresql", "postgres")
        and (parts.hostname or parse_qs(parts.query).get("host"))  # the latter: the folder of a local socket
        and parts.port != 0
        and re.fullmatch(r"/[^/@]+", parts.path)
        and parts.netloc.count("@") <= 1
        and not parts.fragment
        and address.isprintable()
        and " " not in address
    )


def _bucket_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", value):
        raise ValueError("expected the name of a bucket: 2 to 255 letters, digits, dots, dashes and underscores")
    return value


def _fits_a_header(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("expected letters, digits and signs of ASCII, without spaces or line breaks")
    return value


def _language_code(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}", value):
        raise ValueError("expected the code of a language, such as fr or en")
    return value


def _given(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("expected at least 1 character")
    return value


def _hard_to_guess(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _SECRET_CHARACTERS:
        raise ValueError(f"expected at least {_SECRET_CHARACTERS} characters")
    return value


BucketName = Annotated[str, AfterValidator(_bucket_name)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
EndpointUrl = Annotated[str, AfterValidator(_endpoint_url)]
LiveKitUrl = Annotated[str, AfterValidator(_livekit_url)]
PostgresqlUrl = Annotated[SecretStr, AfterValidator(_postgresql_url)]
LanguageCode = Annotated[str, AfterValidator(_language_code)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Secret = Annotated[SecretStr, AfterValidator(_given)]
ApiKey = Annotated[SecretStr, AfterValidator(_fits_a_header)]
UserPattern = Annotated[str, StringConstraints(pattern=r"^@[^:\s]+:\S+$|^\*$")]
"""A Matrix user id in which `*` and `?` stand for any characters (`@*:agent.tchap.example`), or `*` for everyone."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, hide_input_in_errors=True)


class Matrix(_Section):
    """Where the homeserver is and who the bot is there."""

    homeserver_url: HttpUrl
    server_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\-:\[\]]+$")]
    identity: Literal["appservice", "account"] = "appservice"
    """How the homeserver knows the bot: by an appservice's registration, or as an ordinary account."""
    registration_file: Path = Path("registration.yaml")
    """The appservice's registration, written by `greffier registration`; relative to the configuration file."""
    as_token: Secret | None = None
    """The token an appservice's bot acts with; read from `registration_file` unless it is given."""
    hs_token: Secret | None = None
    """The token the homeserver shows with what it pushes; read from `registration_file` unless it is given."""
    appservice_url: HttpUrl | None = None
    """Where the homeserver reaches `web.host:web.port`, to push events; without it the bot asks for them (`/sync`)."""
    password: Secret | None = None
    """An ordinary account's: to log in once, and again should the homeserver end that login."""
    access_token: Secret | None = None
    """An ordinary account's, where one is given instead of the password; its device is the bot's from then on."""
    secret: Annotated[SecretStr, AfterValidator(_hard_to_guess)] | None = None
    """What seals the device's keys in the database; without it a file in the storage folder is made for it."""
    trust: Literal["identity", "signed", "all"] = "identity"
    """Which devices may read the bot and command it. `identity`: of users with a cross-signing identity those that it
    has signed, of others all; `signed`: signed ones only; `all`: every device."""
    bot_localpart: Annotated[str, StringConstraints(pattern=r"^[a-z0-9._=/+\-]+$")] = "greffier"
    device_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,64}$")] = "GREFFIER"
    display_name: Annotated[str, StringConstraints(min_length=1, max_length=128)] = "Greffier"
    request_timeout_s: Annotated[float, Field(ge=1, le=300)] = 30
    command_max_age_s: Annotated[int, Field(ge=10, le=86400)] = 600
    """A command older than this when it is first seen (a long outage) is not acted upon."""

    @property
    def bot_user_id(self) -> str:
        """The bot's full Matrix user id."""
        return f"@{self.bot_localpart}:{self.server_name}"


class LiveKit(_Section):
    """The LiveKit server, seen from Greffier and from the browsers."""

    url: LiveKitUrl
    public_url: LiveKitUrl | None = None
    """What browsers connect to, where it differs from `url`."""
    api_key: Annotated[str, StringConstraints(min_length=1)]
    api_secret: SecretStr
    request_timeout_s: Annotated[float, Field(ge=1, le=120)] = 10

    @property
    def browser_url(self) -> str:
        """The address handed to browsers."""
        return self.public_url or self.url

    @property
    def api_url(self) -> str:
        """The same server as `url`, as the HTTP address of its API."""
        return "http" + self.url.removeprefix("ws")


class Web(_Section):
    """The HTTP side: join page, LiveKit's webhooks, health, metrics."""

    public_url: HttpUrl
    """The address in the links that people click; a reverse proxy leads from it to `host:port`."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    metrics_token: SecretStr | None = None
    """When set, `/metrics` wants it as a bearer token; when not, `/metrics` answers on loopback requests only."""


class Calls(_Section):
    """What every call is held to."""

    max_duration_min: Annotated[int, Field(ge=1, le=24 * 60)] = 240
    max_participants: Annotated[int, Field(ge=2, le=1000)] = 100
    empty_timeout_s: Annotated[int, Field(ge=10, le=86400)] = 900
    """A call that nobody joined is closed after this."""
    departure_timeout_s: Annotated[int, Field(ge=1, le=600)] = 5
    """After the last person has left, the call is over when this has passed."""
    transcribe: bool = True


class Permissions(_Section):
    """Who may do what. User patterns first, then the power level in the room."""

    invite: tuple[UserPattern, ...] = ("*",)
    """Whose invitations the bot accepts."""
    start: tuple[UserPattern, ...] = ("*",)
    """Who may open a call."""
    start_power_level: Annotated[int, Field(ge=-100, le=100)] = 0
    end_power_level: Annotated[int, Field(ge=-100, le=100)] = 50
    """Who may end someone else's call; whoever opened it may always end it."""
    settings_power_level: Annotated[int, Field(ge=-100, le=100)] = 50
    """Who may change the room's language."""


class Rooms(_Section):
    """How the bot speaks in a room."""

    language: Language = "fr"
    time_zone: TimeZone = "Europe/Paris"

    @property
    def zone(self) -> ZoneInfo:
        """The zone that `time_zone` names."""
        return ZoneInfo(self.time_zone)


class Speech(_Section):
    """Sound to words."""

    model: Annotated[str, StringConstraints(min_length=1)] = "small"
    """A folder with a CTranslate2 Whisper model, a model name (`small`, `large-v3-turbo`), or a hub id; with an
    `endpoint`, the name of a model there."""
    endpoint: EndpointUrl | None = None
    """A server that speaks OpenAI's API (`…/v1`), which recognises speech in the place of this machine."""
    api_key: ApiKey | None = None
    """What that server wants to see."""
    endpoint_timeout_s: Annotated[float, Field(ge=1, le=600)] = 60
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "default"
    """`default` means int8 on a CPU and float16 on a GPU."""
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """How many windows of speech a CPU recognises at once, each on one thread; 0 means one for each core."""
    beam_size: Annotated[int, Field(ge=1, le=10)] = 5
    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1)] = ("fr", "en")
    """Languages that a meeting may be held in (ISO 639-1); each track is settled on one of them."""

    @property
    def sound_goes_to(self) -> str | None:
        """The host that is sent what people say, as sound; None where it is recognised here."""
        return _host(self.endpoint)


class Diarization(_Section):
    """Telling apart the voices of people who share a microphone (the extra `diarization` has to be installed)."""

    model: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A folder with a pyannote.audio pipeline, or its id on the model hub (`pyannote/speaker-diarization-community-1`);
    None: voices are not told apart."""
    hub_token: ApiKey | None = None
    """What the model hub wants to see before it hands out a model whose conditions were accepted."""
    notice: bool = True
    """Whether a microphone at which several voices are plain is noticed without anybody saying so."""


class Summary(_Section):
    """Who writes the minutes: rules, or a language model whose every claim is checked against the transcript."""

    endpoint: EndpointUrl | None = None
    """A server that speaks OpenAI's API (`…/v1`); without one the minutes are chosen by rules from what was said."""
    model: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The name of the model there."""
    api_key: ApiKey | None = None
    """What that server wants to see."""
    timeout_s: Annotated[float, Field(ge=1, le=600)] = 60
    """How long minutes by that server are waited for, in all; then the rules write them."""
    context_tokens: Annotated[int, Field(ge=2048, le=2_000_000)] = 16_384
    """What the model takes at once; longer meetings are summarised by parts."""

    @property
    def words_go_to(self) -> str | None:
        """The host that is sent what people said, in writing; None where rules write the minutes."""
        return _host(self.endpoint)


class Storage(_Section):
    """What is kept, and where: in a folder, and, with a bucket, sound and transcripts on S3-compatible storage."""

    folder: Path
    keep_sound: bool = False
    """Keep the recorded sound once its transcript is posted."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long after a meeting its transcript, and its sound where that is kept, are kept."""
    s3_bucket: BucketName | None = None
    """With a bucket, processes on several machines find each other's sound and transcripts."""
    s3_endpoint: HttpUrl | None = None
    """The S3 server, where it is not Amazon's."""
    s3_region: Annotated[str, StringConstraints(min_length=1)] = "us-east-1"
    s3_access_key_id: Annotated[str, StringConstraints(min_length=1)] | None = None
    """Without keys, those of the machine: the usual AWS variables, or its role."""
    s3_secret_access_key: Secret | None = None

    @property
    def spool(self) -> Path:
        """Where the sound of meetings is."""
        return self.folder / "spool"

    @property
    def transcripts(self) -> Path:
        """Where the transcripts are."""
        return self.folder / "transcripts"


class Database(_Section):
    """Where meetings, commands and the durable work are kept."""

    url: PostgresqlUrl | None = None
    """A PostgreSQL database, which several machines can share; without one, an SQLite file in the storage folder."""


class Log(_Section):
    """Logs, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Settings(_Section):
    """The whole of the configuration file."""

    matrix: Matrix
    livekit: LiveKit
    web: Web
    calls: Calls = Calls()
    permissions: Permissions = Permissions()
    rooms: Rooms = Rooms()
    speech: Speech = Speech()
    diarization: Diarization = Diarization()
    summary: Summary = Summary()
    storage: Storage
    database: Database = Database()
    log: Log = Log()

    @model_validator(mode="after")
    def _whole_bucket(self) -> Settings:
        storage = self.storage
        if storage.s3_access_key_id is not None and storage.s3_secret_access_key is None:
            raise ValueError("storage.s3_secret_access_key: missing; storage.s3_access_key_id is given without it")
        if storage.s3_secret_access_key is not None and storage.s3_access_key_id is None:
            raise ValueError("storage.s3_access_key_id: missing; storage.s3_secret_access_key is given without it")
        if storage.s3_bucket is None and (storage.s3_endpoint is not None or storage.s3_access_key_id is not None):
            raise ValueError("storage.s3_bucket: missing; the other s3_ keys say where a bucket is and not which")
        return self

    @model_validator(mode="after")
    def _whole_endpoints(self) -> Settings:
        if self.summary.endpoint is not None and self.summary.model is None:
            raise ValueError("summary.model: missing; summary.endpoint is given without the name of a model there")
        if self.summary.endpoint is None and self.summary.model is not None:
            raise ValueError("summary.endpoint: missing; summary.model is given without the server that has it")
        for name, section in (("speech", self.speech), ("summary", self.summary)):
            if section.endpoint is None and section.api_key is not None:
                raise ValueError(f"{name}.endpoint: missing; {name}.api_key is given without the server that wants it")
        return self

    @model_validator(mode="after")
    def _one_server(self) -> Settings:
        if self.web.public_url.startswith("https://") and self.livekit.browser_url.startswith("ws://"):
            raise ValueError(
                "livekit.public_url: a join page served over https:// needs a wss:// address (browsers refuse ws://)"
            )
        return self
