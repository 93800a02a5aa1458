"""An order to die: a file named after a moment of a process. Whoever comes to that moment takes the file away and dies.

Taking a file away succeeds once, so the process that comes back goes on.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.steps import Moment


class Orders:
    """The folder of orders, for whoever gives them and for the processes that carry them out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._carried_out = folder / "carried out"
        self._passed = folder / "passed.txt"
        self._noted: set[str] = set()

    def give(self, moment: Moment) -> None:
        """Have a process die at this moment."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._carried_out.unlink(missing_ok=True)
        self._order(moment).touch()

    def withdraw(self, moment: Moment) -> None:
        """Have it live on, if it has not come there yet."""
        self._order(moment).unlink(missing_ok=True)

    def carried_out_at(self) -> float | None:
        """When the last order was carried out, in seconds since 1970; None if it was not yet."""
        try:
            text = self._carried_out.read_text()
        except FileNotFoundError:
            return None
        return float(text) if text.endswith("\n") else None

    def passed(self) -> set[str]:
        """All moments that any process has come to."""
        return set(self._passed.read_text().splitlines()) if self._passed.exists() else set()

    def come_to(self, moment: Moment) -> None:
        """This process has come to a moment: if there is an order for it, this does not return."""
        name = str(moment)
        if name not in self._noted:
            self._noted.add(name)
            self._note(name)
        order = self._order(moment)
        if not order.exists():
            return
        try:
            order.rename(self._carried_out)
        except FileNotFoundError:  # another thread is carrying it out
            return
        self._carried_out.write_text(f"{time.time()!r}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    def _order(self, moment: Moment) -> Path:
        return self._folder / str(moment)

    def _note(self, name: str) -> None:
        with self._passed.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
