"""Owns the names of things in Matrix: distinct types, so that two identifiers cannot be swapped."""

from __future__ import annotations

from typing import NewType

RoomId = NewType("RoomId", str)
"""`!opaque:server`, or `!opaque` alone since room version 12."""

UserId = NewType("UserId", str)
"""`@localpart:server`."""

EventId = NewType("EventId", str)
"""`$opaque`: what a command is known by, once and for all."""
