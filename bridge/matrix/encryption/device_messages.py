"""Owns sending to single devices: Olm sessions made by claiming one-time keys, messages encrypted for each, batches."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import structlog

from bridge.matrix.encryption.devices import Device
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.pauses import Pauses
from bridge.matrix.encryption.slices import in_slices
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Wire

log = structlog.get_logger()

DEVICES_A_CLAIM = 200
DEVICES_A_REQUEST = 100
"""To whom one `/sendToDevice` goes: about 150 kB of room keys."""
_OTHER_SERVERS_MS = 10_000
_ANSWER_S = 40.0
_ENCRYPTED = "m.room.encrypted"

Content = Mapping[str, Any]
Address = tuple[UserId, str]


class DeviceMessages:
    """Sends to devices what no other may read, and in the clear what every server may."""

    def __init__(
        self, wire: Wire, machine: Machine, store: CryptoStore, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wire = wire
        self._machine = machine
        self._store = store
        self._pauses = Pauses[Address](clock)  # of devices whose one-time keys have run out, or cannot be had
        self._working = asyncio.Lock()  # one batch at a time: their slices add up

    async def reachable(self, devices: Iterable[Device]) -> list[Device]:
        """Those of the devices that an encrypted message can be sent to, after claiming one-time keys for them.

        Raises:
            HomeserverError: our own homeserver does not answer.
        """
        devices = list(devices)
        await self._claim(device for device in devices if not self._machine.has_session_with(device))
        return [device for device in devices if self._machine.has_session_with(device)]

    def session(self, device: Device) -> str | None:
        """The name of the Olm session in which the device's next message will be encrypted; None: there is none."""
        session = self._store.olm_sessions.get((device.user_id, device.curve25519))
        return session.id if session else None

    async def send_encrypted(
        self,
        devices: Iterable[Device],
        event_type: str,
        content: Content,
        *,
        sent: Callable[[Mapping[Device, str | None]], None],
    ) -> None:
        """Send the same to many devices, encrypted for each; `sent` hears of every batch that has gone out.

        Args:
            devices: `reachable` ones.
            event_type: what is encrypted.
            content: likewise.
            sent: called with the devices of a batch, and the `session` that each message was encrypted in; without
                those for which nothing can be encrypted.

        Raises:
            HomeserverError: a batch has, or may have, not gone out; neither have those after it.
        """
        for batch in _batches(devices, DEVICES_A_REQUEST):
            sessions: dict[Device, str | None] = {}

            def seal(device: Device, sessions: dict[Device, str | None] = sessions) -> Content:
                sealed = self._machine.encrypt_for(device, event_type, content)
                sessions[device] = self.session(device)
                return sealed

            contents = await self._sealed(batch, seal)
            await self._store.save()  # a ratchet that a restart turns back would use its keys twice
            await self._send(_ENCRYPTED, contents)
            sent(sessions)

    async def send_plain(
        self, event_type: str, contents: Mapping[Device, Content], *, sent: Callable[[Sequence[Device]], None]
    ) -> None:
        """Send to many devices, to each its content, in the clear. The rest is as in `send_encrypted`."""
        for batch in _batches(contents, DEVICES_A_REQUEST):
            await self._send(event_type, {device: contents[device] for device in batch})
            sent(batch)

    async def unwedge(self) -> None:
        """Make new Olm sessions with the devices whose messages could not be decrypted, and tell them by `m.dummy`.

        Raises:
            HomeserverError: our own homeserver does not answer; what is not done waits for the next time.
        """
        renewed = await self._claim(self._machine.wedged())
        for batch in _batches(renewed, DEVICES_A_REQUEST):
            contents = await self._sealed(batch, self._machine.dummy_for)
            await self._store.save()
            await self._send(_ENCRYPTED, contents)

    async def _sealed(self, batch: Iterable[Device], seal: Callable[[Device], Content]) -> dict[Device, Content]:
        """What is sealed for each device. One for which that fails is left out: its owner silences us for nobody else.

        Until its pause is over, it counts as one without one-time keys.
        """
        contents = {}
        async with self._working:
            async for device in in_slices(batch):
                try:
                    contents[device] = seal(device)
                except Exception as error:  # noqa: BLE001 (what its session is made of came from the device)
                    log.warning("nothing can be sealed for a device", kind=type(error).__name__, user_id=device.user_id)
                    self._pauses.failed(_address(device))
        return contents

    async def _claim(self, devices: Iterable[Device]) -> list[Device]:
        """Those of the devices with which there is a new session now."""
        claimed: list[Device] = []
        due = [device for device in devices if _address(device) not in self._pauses]
        for batch in _batches(due, DEVICES_A_CLAIM):
            wanted = _by_user(dict.fromkeys(batch, "signed_curve25519"))
            body = {"one_time_keys": wanted, "timeout": _OTHER_SERVERS_MS}
            answer = await self._wire.request(
                "POST", "claiming one-time keys", ("keys", "claim"), body, timeout_s=_ANSWER_S
            )
            claimed += await self._take_claimed(answer, batch)
        return claimed

    async def _take_claimed(self, answer: object, batch: Iterable[Device]) -> list[Device]:
        claimed: list[Device] = []
        async with self._working:
            async for device in in_slices(batch):
                if self._machine.take_claimed(answer, {_address(device): device}):
                    claimed.append(device)
                    self._pauses.over(_address(device))
                else:
                    self._pauses.failed(_address(device))
        return claimed

    async def _send(self, event_type: str, contents: Mapping[Device, Content]) -> None:
        if not contents:
            return
        path = ("sendToDevice", event_type, f"greffier-{secrets.token_hex(16)}")
        await self._wire.request("PUT", "sending to devices", path, {"messages": _by_user(contents)})


def _address(device: Device) -> Address:
    return device.user_id, device.device_id


def _by_user(contents: Mapping[Device, Any]) -> dict[UserId, dict[str, Any]]:
    by_user: defaultdict[UserId, dict[str, Any]] = defaultdict(dict)
    for device, content in contents.items():
        by_user[device.user_id][device.device_id] = content
    return by_user


def _batches(devices: Iterable[Device], size: int) -> Iterator[tuple[Device, ...]]:
    left = iter(devices)
    while batch := tuple(islice(left, size)):
        yield batch
