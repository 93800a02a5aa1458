"""Who a process is: its role, and the name by which it is known to all that share its database."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["front", "recorder", "speech"]
ROLES: tuple[Role, ...] = get_args(Role)

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a process may be called."""


def host() -> str:
    """This machine's name."""
    return socket.gethostname()


def name_of_this_machine() -> str:
    """This machine's name, as a process may be called."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", host())[:64] or "here"


@dataclass(frozen=True)
class Identity:
    """One process among all of them. There is one front, whatever machine it is on, and any number of the others."""

    role: Role
    name: str

    @staticmethod
    def of(role: Role, name: str | None = None) -> Identity:
        """The process of this role that is called `name`, or after this machine."""
        return Identity(role, name or name_of_this_machine())

    @property
    def executor_id(self) -> str:
        """Under which it does durable work: the same after a restart, so that it takes up what it was doing.

        The front's is without a name: started on another machine, it is the same front and takes up its meetings.
        """
        return self.role if self.role == "front" else f"{self.role}@{self.name}"
