"""The command line: `greffier run`, the three processes alone, and what an administrator needs around them."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from getpass import getpass
from importlib.metadata import version
from pathlib import Path

from bot.process.identity import NAME, ROLES, Role
from bot.process.stopping import CONFIGURATION_FAULT, TEMPORARY_FAULT, end_with_parent, leave_at_once
from config.loading import ConfigError, load
from config.models import Settings
from config.registration import Registration, RegistrationError

_WRONG_USE = 2
_LONGEST_INPUT = 1000


def main(argv: list[str] | None = None) -> None:
    """Run one command; exits with 0, 1 (not all is well; may be tried again), 2 (usage), or 78 (something to mend)."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except _passing() as error:
        _fail(f"greffier: {error}", TEMPORARY_FAULT)
    except _mendable() as error:
        _fail(f"greffier: {error}", CONFIGURATION_FAULT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="greffier", description="Opens video calls from Matrix rooms, and brings back who said what."
    )
    parser.add_argument("--version", action="version", version=f"greffier {version('greffier')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _command(commands, "run", _run, "run Greffier on this machine")
    for role in ROLES:
        process = _command(commands, role, _process(role), f"run the {role} process alone")
        if role != "front":
            process.add_argument(
                "--name",
                type=_name,
                help=f"tells this {role} from others on the same database (default: the host's name)",
            )
        process.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    registration = _command(commands, "registration", _registration, "write the appservice's registration file")
    registration.add_argument("-o", "--output", type=Path, help="the file to write (default: matrix.registration_file)")
    _command(commands, "check", _check, "check the configuration and whether everything it names answers")
    _command(commands, "status", _status, "show the processes, and the work that is under way and waiting")
    _identity_commands(commands)
    _models_commands(commands)
    return parser


def _identity_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    what = "show, restore or replace the bot's cross-signing identity"
    identity = commands.add_parser("identity", help=what, description=f"{what[0].upper()}{what[1:]}.")
    verbs = identity.add_subparsers(required=True, metavar="COMMAND")
    _command(verbs, "show", _identity_show, "show the bot's device and whether its identity has signed it")
    recovery_key = _command(verbs, "recovery-key", _identity_recovery_key, "print the recovery key, once")
    recovery_key.add_argument("--again", action="store_true", help="print it although it was printed before")
    what = "give the bot a new device with the identity of the recovery key, which is read from standard input"
    _command(verbs, "restore", _identity_restore, what)
    reset = _command(verbs, "reset", _identity_reset, "give the bot a new device and a new identity")
    reset.add_argument("--yes", action="store_true", help="yes, everybody will have to approve the new identity")


def _models_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    what = "fetch models for a network from which no hub is reached, and verify them there"
    models = commands.add_parser("models", help=what, description=f"{what[0].upper()}{what[1:]}.")
    verbs = models.add_subparsers(required=True, metavar="COMMAND")
    for verb in (
        _command(verbs, "fetch", _models_fetch, "fetch the models that the configuration names from the hub"),
        _command(verbs, "verify", _models_verify, "check the fetched models file by file, and load each of them once"),
    ):
        verb.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder that holds them")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    action: Callable[[argparse.Namespace], None],
    what: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=Path(os.environ.get("GREFFIER_CONFIG", "config.yaml")),
        help="the configuration file (default: $GREFFIER_CONFIG, or config.yaml)",
    )
    parser.set_defaults(command=action)
    return parser


def _run(arguments: argparse.Namespace) -> None:
    from bot.process import logs  # noqa: PLC0415 (each command loads only what it needs)
    from bot.running import supervisor  # noqa: PLC0415

    settings = load(arguments.config, os.environ)
    logs.set_up(settings.log, "supervisor")
    asyncio.run(supervisor.run(settings, arguments.config))


def _process(role: Role) -> Callable[[argparse.Namespace], None]:
    def run(arguments: argparse.Namespace) -> None:
        from bot.process import logs  # noqa: PLC0415 (as above)

        if arguments.parent is not None:
            end_with_parent(arguments.parent)
        settings = load(arguments.config, os.environ, credentials=role == "front")
        logs.set_up(settings.log, role)
        runner = asyncio.Runner()
        try:
            runner.run(_alive(_body(role)(settings, getattr(arguments, "name", None))))
        except _passing() as error:
            print(f"greffier: {error}", file=sys.stderr)  # noqa: T201
            leave_at_once(TEMPORARY_FAULT)
        except BaseException:
            runner.close()
            raise
        leave_at_once()

    return run


async def _alive(body: Coroutine[None, None, None]) -> None:
    from bot.process.notifying import saying_alive  # noqa: PLC0415

    async with saying_alive():
        await body


def _body(role: Role) -> Callable[[Settings, str | None], Coroutine[None, None, None]]:
    """What a process does: models and native media code are loaded only in the process that needs them."""
    if role == "front":
        from bot.running.front import run  # noqa: PLC0415
    elif role == "recorder":
        from bot.running.recorder import run  # noqa: PLC0415
    else:
        from bot.running.speech import run  # noqa: PLC0415
    return run


def _registration(arguments: argparse.Namespace) -> None:
    settings = load(arguments.config, os.environ, credentials=False)
    matrix = settings.matrix
    if matrix.identity == "account":
        raise RegistrationError("matrix.identity is account, which needs no registration: nothing is written")
    path = arguments.output or matrix.registration_file
    Registration.fresh(
        bot_localpart=matrix.bot_localpart,
        server_name=matrix.server_name,
        url=matrix.appservice_url,
        as_token=matrix.as_token,
        hs_token=matrix.hs_token,
    ).write(path)
    print(  # noqa: T201
        f"{path} is written. Give it to the homeserver (Synapse: app_service_config_files), restart the homeserver,\n"
        f"then start Greffier: greffier run -c {arguments.config}"
    )


def _check(arguments: argparse.Namespace) -> None:
    from bot.running.checking import check  # noqa: PLC0415

    settings = load(arguments.config, os.environ)
    raise SystemExit(asyncio.run(check(settings)))


def _status(arguments: argparse.Namespace) -> None:
    from bot.running.status import status  # noqa: PLC0415

    settings = load(arguments.config, os.environ, credentials=False)
    raise SystemExit(asyncio.run(status(settings)))


def _identity_show(arguments: argparse.Namespace) -> None:
    from bot.running.identity_commands import show  # noqa: PLC0415 (as above)

    raise SystemExit(asyncio.run(show(load(arguments.config, os.environ))))


def _identity_recovery_key(arguments: argparse.Namespace) -> None:
    from bot.running.identity_commands import recovery_key  # noqa: PLC0415 (as above)

    settings = load(arguments.config, os.environ)
    raise SystemExit(asyncio.run(recovery_key(settings, again=arguments.again)))


def _identity_restore(arguments: argparse.Namespace) -> None:
    from bot.process import logs  # noqa: PLC0415 (as above)
    from bot.running.identity_commands import restore  # noqa: PLC0415 (as above)

    settings = load(arguments.config, os.environ)
    logs.set_up(settings.log, "identity")
    typed = getpass("Recovery key: ") if sys.stdin.isatty() else sys.stdin.read(_LONGEST_INPUT)
    raise SystemExit(asyncio.run(restore(settings, typed)))


def _identity_reset(arguments: argparse.Namespace) -> None:
    from bot.process import logs  # noqa: PLC0415 (as above)
    from bot.running.identity_commands import reset  # noqa: PLC0415 (as above)

    settings = load(arguments.config, os.environ)
    if not arguments.yes:
        _fail(
            "greffier: a new identity has to be approved by everybody who had approved the old one. With the recovery "
            "key, `greffier identity restore` keeps it. To make a new one all the same, give --yes",
            _WRONG_USE,
        )
    logs.set_up(settings.log, "identity")
    raise SystemExit(asyncio.run(reset(settings)))


def _models_fetch(arguments: argparse.Namespace) -> None:
    from bot.running.models_commands import fetch_models  # noqa: PLC0415 (as above)

    raise SystemExit(fetch_models(load(arguments.config, os.environ, credentials=False), arguments.to))


def _models_verify(arguments: argparse.Namespace) -> None:
    from bot.process import logs  # noqa: PLC0415 (as above)
    from bot.running.models_commands import verify_models  # noqa: PLC0415 (as above)

    settings = load(arguments.config, os.environ, credentials=False)
    logs.set_up(settings.log, "models")
    raise SystemExit(verify_models(settings, arguments.to))


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("expected 1 to 64 letters, digits, dots, dashes or underscores")
    return text


def _passing() -> tuple[type[Exception], ...]:
    """What may be over when the command is run again, which for a process is its supervisor's to do."""
    from bot.process.alone import NoLongerAlone  # noqa: PLC0415
    from bot.store.database import DatabaseAway  # noqa: PLC0415
    from bridge.matrix.errors import HomeserverError  # noqa: PLC0415
    from transcripts.models.fetching import HubAway  # noqa: PLC0415
    from transcripts.recognition.recogniser import EngineNotYetThere  # noqa: PLC0415

    return NoLongerAlone, DatabaseAway, HomeserverError, HubAway, EngineNotYetThere


def _mendable() -> tuple[type[Exception], ...]:
    """Errors whose message is for whoever runs the command. Looked up only once something was raised."""
    from bot.process.alone import AlreadyRunning  # noqa: PLC0415
    from bot.running.supervisor import GaveUp  # noqa: PLC0415
    from bot.store.database import DatabaseUnusable, StorageUnusable  # noqa: PLC0415
    from bridge.matrix.encryption.errors import CannotRestore, EncryptionUnusable  # noqa: PLC0415
    from bridge.matrix.encryption.recovery_key import NotARecoveryKey  # noqa: PLC0415
    from bridge.web.join_page import PageNotBuilt  # noqa: PLC0415
    from bridge.web.server import CannotListen  # noqa: PLC0415
    from transcripts.diarization.voices import DiarizationUnavailable  # noqa: PLC0415
    from transcripts.models.fetching import CannotKeep, NoSuchModel  # noqa: PLC0415
    from transcripts.recognition.recogniser import ModelUnavailable  # noqa: PLC0415
    from transcripts.storage.bucket import StorageAway  # noqa: PLC0415

    return (
        ConfigError,
        RegistrationError,
        StorageUnusable,
        StorageAway,  # at a start: settings that cannot be those of a bucket
        DatabaseUnusable,
        AlreadyRunning,
        EncryptionUnusable,
        CannotRestore,
        NotARecoveryKey,
        GaveUp,
        PageNotBuilt,
        CannotListen,
        ModelUnavailable,
        DiarizationUnavailable,
        NoSuchModel,
        CannotKeep,
    )


def _fail(message: str, status: int) -> None:
    print(message, file=sys.stderr)  # noqa: T201
    raise SystemExit(status)


if __name__ == "__main__":
    main()
