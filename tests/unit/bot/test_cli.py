"""The command line: exit statuses, and the sentences that go with them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.cli import main
from config.registration import Registration
from tests.unit.config.config_text import COMPLETE, SECRET, with_line, write
from transcripts.recognition.recogniser import EngineNotYetThere, ModelUnavailable

pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have their own Greffier."""
    for variable in [name for name in os.environ if name.startswith("GREFFIER_")]:
        monkeypatch.delenv(variable)


def run(*argv: str) -> int:
    """Run one command; returns its exit status."""
    try:
        main(list(argv))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """The image's check relies on it."""
    assert run("--version") == 0
    assert capsys.readouterr().out == f"greffier {version('greffier')}\n"


@pytest.mark.parametrize(
    "argv", [(), ("fly",), ("run", "--fast"), ("registration", "-o"), ("identity",), ("models",), ("models", "fetch")]
)
def test_wrong_use_says_how_it_is_used(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with the usual status."""
    assert run(*argv) == 2
    assert capsys.readouterr().err.startswith("usage: greffier")


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """With what each does; what only the supervisor uses is not shown."""
    assert run("--help") == 0
    shown = {
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ") and line.strip()
    }
    assert {"run", "front", "recorder", "speech", "registration", "check", "status", "identity", "models"} <= shown
    assert run("front", "--help") == 0
    assert "--parent" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["", "a b", "à", "x" * 65, "../front"])
def test_a_process_takes_only_a_name_that_can_be_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It becomes a file's name and is shown in logs; the front has none."""
    assert run("recorder", "--name", name) == 2
    assert "expected 1 to 64 letters, digits, dots, dashes or underscores" in capsys.readouterr().err
    assert run("front", "--name", "a") == 2


@pytest.mark.parametrize("command", ["run", "front", "recorder", "speech", "check", "status", "registration"])
def test_a_configuration_that_cannot_be_used_is_said_and_nothing_starts(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status tells the supervisor not to try again."""
    config = write(tmp_path, COMPLETE.replace("wss://", "https://"))
    assert run(command, "-c", str(config)) == 78
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"greffier: The configuration {config} cannot be used:\n  - livekit.url: found ")
    assert SECRET not in said.err
    assert "Traceback" not in said.err


def test_a_missing_configuration_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the option that names it."""
    assert run("run", "-c", str(tmp_path / "nowhere.yaml")) == 78
    assert "-c names it" in capsys.readouterr().err


def test_the_configuration_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a container."""
    monkeypatch.setenv("GREFFIER_CONFIG", str(tmp_path / "from-the-environment.yaml"))
    assert run("check") == 78
    assert "from-the-environment.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "front", "recorder"])
def test_a_storage_folder_that_cannot_be_used_is_said(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, no traceback."""
    (tmp_path / "in-the-way").write_text("")
    config = write(tmp_path, COMPLETE.replace("/var/lib/greffier", str(tmp_path / "in-the-way")))
    assert run(command, "-c", str(config)) == 78
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("greffier: ")]
    assert len(said) == 1
    assert said[0].startswith("greffier: storage.folder: ")


# The registration


def test_the_registration_is_written_where_the_configuration_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before there is one, with the name of the bot, for its owner alone; and what to do with it is said."""
    config = write(tmp_path, registered=False)
    assert run("registration", "-c", str(config)) == 0
    file = tmp_path / "registration.yaml"
    assert Registration.read(file).bot_user_id == "@greffier:tchap.test"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = capsys.readouterr().out
    assert str(file) in said
    assert "app_service_config_files" in said
    assert Registration.read(file).as_token.get_secret_value() not in said


def test_the_registration_may_go_elsewhere(tmp_path: Path) -> None:
    """With `-o`."""
    config = write(tmp_path, registered=False)
    assert run("registration", "-c", str(config), "-o", str(tmp_path / "other.yaml")) == 0
    assert (tmp_path / "other.yaml").exists()
    assert not (tmp_path / "registration.yaml").exists()


def test_a_second_registration_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first stays as it is."""
    config = write(tmp_path)
    before = (tmp_path / "registration.yaml").read_bytes()
    assert run("registration", "-c", str(config)) == 78
    assert "is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "registration.yaml").read_bytes() == before


def test_the_registration_says_where_events_are_pushed_to(tmp_path: Path) -> None:
    """The homeserver is told what the configuration says."""
    config = write(tmp_path, with_line("matrix", "appservice_url: http://greffier.tchap.test:8080"), registered=False)
    assert run("registration", "-c", str(config)) == 0
    assert Registration.read(tmp_path / "registration.yaml").url == "http://greffier.tchap.test:8080"


def test_the_registration_has_the_tokens_that_the_configuration_gives(tmp_path: Path) -> None:
    """Those of a secret store, say; otherwise the two would not know each other."""
    config = write(tmp_path, with_line("matrix", "as_token: ours\n  hs_token: theirs"), registered=False)
    assert run("registration", "-c", str(config)) == 0
    registration = Registration.read(tmp_path / "registration.yaml")
    assert registration.as_token.get_secret_value() == "ours"
    assert registration.hs_token.get_secret_value() == "theirs"


def test_an_account_is_told_that_it_needs_no_registration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written that an administrator would then install."""
    config = write(tmp_path, with_line("matrix", "identity: account"), registered=False)
    assert run("registration", "-c", str(config)) == 78
    assert "matrix.identity is account, which needs no registration" in capsys.readouterr().err
    assert not (tmp_path / "registration.yaml").exists()


@pytest.mark.parametrize("identity", ["appservice", "account"])
@pytest.mark.parametrize("command", ["recorder", "speech"])
def test_only_the_front_needs_to_be_known_to_the_homeserver(
    tmp_path: Path, command: str, identity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recorder without registration and password gets as far as its storage folder."""
    (tmp_path / "in-the-way").write_text("")
    text = with_line("matrix", f"identity: {identity}").replace("/var/lib/greffier", str(tmp_path / "in-the-way"))
    config = str(write(tmp_path, text, registered=False))
    assert run(command, "-c", config) == 78
    assert "greffier: storage.folder: " in capsys.readouterr().err
    assert run("front", "-c", config) == 78
    assert "greffier: The configuration " in capsys.readouterr().err


# Loaded in a process of its own


def loaded_by(*argv: str) -> set[str]:
    """Which modules a command has loaded when it ends."""
    tried = f"try: main({list(argv)!r})\nexcept SystemExit: pass"
    script = f"import sys; from bot.cli import main\n{tried}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.splitlines())


def test_a_command_loads_only_what_it_needs(tmp_path: Path) -> None:
    """Writing a file takes no model and no media engine."""
    modules = loaded_by("registration", "-c", str(write(tmp_path, registered=False)))
    assert "config.registration" in modules
    assert not modules & {"faster_whisper", "ctranslate2", "livekit", "nio", "aiohttp"}


def test_a_process_whose_parent_is_gone_does_not_start(tmp_path: Path) -> None:
    """It would be an orphan from the beginning."""
    argv = [sys.executable, "-m", "bot.cli", "recorder", "-c", str(write(tmp_path)), "--parent", "1"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "the process that started this one is gone" in done.stderr


def test_a_model_that_no_hub_gives_is_something_to_try_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the hub is away; a name that no model has is something to mend."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    models = str(tmp_path / "models")
    config = str(write(tmp_path, with_line("diarization", "model: null") + "\nspeech:\n  model: small\n"))
    assert run("models", "fetch", "--to", models, "-c", config) == 75
    assert (
        "greffier: Systran/faster-whisper-small could not be fetched: the hub is not reached" in capsys.readouterr().err
    )
    config = str(write(tmp_path, with_line("diarization", "model: null") + "\nspeech:\n  model: smal\n"))
    assert run("models", "fetch", "--to", models, "-c", config) == 78
    assert "speech.model: smal is no model that is known by name" in capsys.readouterr().err


def test_models_that_were_never_fetched_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that fetches them; not all is well."""
    config = write(tmp_path, with_line("diarization", "model: null"))
    assert run("models", "verify", "--to", str(tmp_path / "models"), "-c", str(config)) == 1
    assert f"run greffier models fetch --to {tmp_path}/models" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status"), [(EngineNotYetThere("it is not reached"), 75), (ModelUnavailable("it is no model"), 78)]
)
def test_a_speech_server_that_is_away_is_no_fault_of_the_configuration(
    tmp_path: Path,
    error: ModelUnavailable,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The supervisor starts the process again, and people can meet meanwhile; with a model that is none it gives up."""

    async def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("bot.running.speech.run", fails)
    monkeypatch.setattr("bot.cli.leave_at_once", sys.exit)
    assert run("speech", "-c", str(write(tmp_path, registered=False))) == status
    assert f"greffier: {error}\n" in capsys.readouterr().err
