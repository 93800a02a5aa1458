"""Everything at once: a homeserver that knows Greffier, a LiveKit server that tells it what happens, and Greffier."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.stack.greffier import COMMAND, Greffier
from tests.stack.surroundings import Surroundings, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from tests.stack.server_process import ServerProcess


@dataclass(frozen=True)
class Stack(Surroundings):
    """The running servers, with a Greffier on one machine."""

    greffier: Greffier

    def pids(self) -> dict[str, int]:
        """The process ids of the five servers as of now."""
        return {"synapse": self.synapse.process.pid, "livekit": self.livekit.process.pid, **self.greffier.pids()}

    def ended_processes(self) -> list[ServerProcess]:
        """The servers that have ended by themselves."""
        processes = (self.synapse.process, self.livekit.process, self.greffier.process)
        return [process for process in processes if not process.running]


@asynccontextmanager
async def running_stack(
    folder: Path,
    *,
    model_folder: Path,
    way: Way = "sync",
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    program: Sequence[str | Path] = (COMMAND,),
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Stack]:
    """All servers, answering; they are stopped in reverse order at the end.

    Args:
        folder: Where each keeps its configuration, data and log.
        model_folder: The speech model.
        way: How the homeserver knows Greffier.
        settings: Sections of Greffier's configuration with keys to set otherwise than here.
        tell: Is told in one sentence what is being started.
        program: What is started as Greffier.
        variables: What is added to its environment.
    """
    home = folder / "greffier"
    async with AsyncExitStack() as stop:
        session = await stop.enter_async_context(aiohttp.ClientSession())
        around = Surroundings.prepare(folder, None if way == "account" else home / "registration.yaml", session)
        config = around.config(home / "storage", model_folder)
        for section, keys in (settings or {}).items():
            config[section] = {**config.get(section, {}), **keys}
        greffier = Greffier(home, config, program=program, variables=variables)
        if way == "account":
            await stop.enter_async_context(around.running(tell))
            tell("Making Greffier an account, and writing its configuration")
            config["matrix"] |= await around.make_bot_account()
            greffier.write_config()
        else:
            if way == "push":
                config["matrix"]["appservice_url"] = around.public_url
            tell("Writing Greffier’s configuration and its registration")
            await greffier.register()
            await stop.enter_async_context(around.running(tell))
        tell("Starting Greffier: front, recorder and speech")
        stop.push_async_callback(greffier.stop)
        await greffier.start()
        yield Stack(around.synapse, around.livekit, session, around.bot_user_id, around.port, around.sdk, greffier)
        tell("Stopping the servers")
