"""One Node process in which matrix-js-sdk runs for many people; see `sdk_person/people.mjs` for what it understands."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_REPOSITORY = Path(__file__).parents[2]
_PROGRAM = Path(__file__).with_name("sdk_person") / "people.mjs"
_TETHER = Path(__file__).with_name("tether.py")
_LONGEST_LINE_BYTES = 64 * 2**20
"""An attachment is one line, in base64."""
_ANSWERS_WITHIN_S = 60.0
_ENDS_WITHIN_S = 5.0
_TAIL_BYTES = 4000


class SdkMissing(Exception):
    """Node or matrix-js-sdk is not there; the message says what to do."""


class SdkRefusal(Exception):
    """The client could not do what it was told, or the homeserver did not let it."""

    def __init__(self, what: str, message: str, status: int | None = None) -> None:
        self.status = status
        """The homeserver's, where it was the homeserver."""
        super().__init__(f"{what}: {message}")


class SdkProcess:
    """Starts when it is first needed; its log has what the library complains of."""

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._child: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._asked: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._told: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {}

    @property
    def pid(self) -> int | None:
        """The process id of Node; None before it was needed."""
        return None if self._child is None else self._child.pid

    def tell(self, person: str, take: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """From now on hand to `take` what this person sees: `{"event": …, "room_id": …}` or `{"invited": …}`."""
        self._told[person] = take

    async def ask(self, person: str, act: str, **details: Any) -> Any:
        """Have a person's client do something; gives what comes of it.

        Raises:
            SdkMissing: there is no Node, or no library.
            SdkRefusal: it did not work, or the process is gone.
        """
        child, reading = await self._started()
        if reading.done():
            raise SdkRefusal(f"{person}: {act}", f"the process is gone{self._tail()}")
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._asked[number] = (f"{person}: {act}", answer)
        order = {"id": number, "person": person, "do": act, "with": details}
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(order).encode() + b"\n")
            await child.stdin.drain()
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                return await answer
        except TimeoutError:
            raise SdkRefusal(f"{person}: {act}", f"no answer within {_ANSWERS_WITHIN_S:.0f} s{self._tail()}") from None
        except ConnectionError:
            raise SdkRefusal(f"{person}: {act}", f"the process is gone{self._tail()}") from None
        finally:
            self._asked.pop(number, None)

    async def stop(self) -> None:
        """End it. Idempotent."""
        child, self._child = self._child, None
        if child is None or self._reading is None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _started(self) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
        async with self._starting:
            if self._child is None or self._reading is None:
                tether = (sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()))
                command = await asyncio.to_thread(_command)
                self._log_file.parent.mkdir(parents=True, exist_ok=True)
                with self._log_file.open("ab") as log:
                    self._child = await asyncio.create_subprocess_exec(
                        *tether,
                        *command,
                        stdin=asyncio.subprocess.PIPE,
                        stdout=asyncio.subprocess.PIPE,
                        stderr=log,
                        limit=_LONGEST_LINE_BYTES,
                    )
                self._reading = asyncio.create_task(self._read(self._child))
        return self._child, self._reading

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        try:
            async for line in child.stdout:
                said = json.loads(line)
                if "person" in said:
                    await self._told[said["person"]](said)
                elif said["id"] in self._asked:
                    what, answer = self._asked[said["id"]]
                    _settle(what, answer, said)
        finally:
            for what, answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(SdkRefusal(what, f"the process is gone{self._tail()}"))

    def _tail(self) -> str:
        if not self._log_file.exists():
            return ""
        return f". The end of {self._log_file}:\n{self._log_file.read_text(errors='replace')[-_TAIL_BYTES:]}"


def _settle(what: str, answer: asyncio.Future[Any], said: dict[str, Any]) -> None:
    if answer.done():
        return
    if "refused" in said:
        answer.set_exception(SdkRefusal(what, said["refused"]["message"], said["refused"]["status"]))
    else:
        answer.set_result(said["gives"])


def _command() -> list[str]:
    """Node and its program: the Node that `make` puts into `.tools/`, or else the machine's own."""
    own = _REPOSITORY / ".tools" / "bin" / "node"
    node = str(own) if own.exists() else shutil.which("node")
    if node is None or not (_PROGRAM.parent / "node_modules" / "matrix-js-sdk").is_dir():
        raise SdkMissing("matrix-js-sdk, which people's clients run on, is not there: run `scripts/bootstrap sdk`")
    # A Node that came as a Python package is a script that starts the program, and would be killed in its place.
    found = subprocess.run([node, "-p", "process.execPath"], capture_output=True, text=True, check=True)
    return [found.stdout.strip(), str(_PROGRAM)]
