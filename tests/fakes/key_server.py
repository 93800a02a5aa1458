"""A homeserver that serves the keys of people made up by a test, and remembers what is sent to their devices."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal

from bridge.matrix.ids import UserId
from tests.fakes.device_owners import OwnedDevice, Owner, merged
from tests.fakes.matrix import PROXY_PAGE, Answer, FakeHomeserver, Request


class KeyServer(FakeHomeserver):
    """Answers `/keys/query` and `/keys/claim` as Synapse does; `down` are servers that it cannot reach."""

    def __init__(self, *owners: Owner) -> None:
        super().__init__()
        self.owners = {owner.user_id: owner for owner in owners}
        self.down: set[str] = set()
        self.silent_about: set[UserId] = set()
        """Users of whom a query's answer does not say a word."""
        self.held: asyncio.Event | None = None
        """While it is set to an event, queries are answered, as of when they came, only once that is set."""
        self.sent: list[tuple[str, UserId, str, Mapping[str, Any]]] = []
        """Type, user, device and content of what was sent to devices."""
        self.fates: list[Literal["taken", "refused", "lost"]] = []
        """What becomes of the next messages to devices; `lost` is the answer, not the messages."""
        self.while_queried: Callable[[], None] = lambda: None
        self.before_sending: Callable[[], None] = lambda: None
        """What happens meanwhile."""

    def device(self, user_id: str, device_id: str) -> OwnedDevice:
        """One device of those people."""
        return self.owners[UserId(user_id)].devices[device_id]

    def queried(self) -> Counter[str]:
        """How often each user was asked for."""
        asked = (json.loads(request.body)["device_keys"] for request in self.asked("POST", "/keys/query"))
        return Counter(user_id for users in asked for user_id in users)

    def claimed(self) -> Counter[str]:
        """How often a one-time key of each device was asked for."""
        asked = (json.loads(request.body)["one_time_keys"] for request in self.asked("POST", "/keys/claim"))
        return Counter(device_id for users in asked for devices in users.values() for device_id in devices)

    def sent_of(self, event_type: str) -> dict[tuple[UserId, str], Mapping[str, Any]]:
        """The last of what was sent, of this type, to each device."""
        return {(user_id, device_id): content for kind, user_id, device_id, content in self.sent if kind == event_type}

    async def _usual_answer(self, request: Request) -> Answer:
        if request.path.endswith("/keys/query"):
            return await self._keys(json.loads(request.body)["device_keys"])
        if request.path.endswith("/keys/claim"):
            return self._one_time_keys(json.loads(request.body)["one_time_keys"])
        if "/sendToDevice/" in request.path:
            return self._take(request)
        return await super()._usual_answer(request)

    async def _keys(self, wanted: Mapping[UserId, object]) -> Answer:
        here = {user_id for user_id in wanted if _server(user_id) not in self.down} - self.silent_about
        answer = merged([self.owners[user_id] for user_id in wanted if user_id in here and user_id in self.owners])
        for user_id in here - self.owners.keys():
            answer["device_keys"][user_id] = {}
        answer["failures"] = self._failures(wanted)
        self.while_queried()
        if self.held:
            await self.held.wait()
        return Answer(body=answer)

    def _one_time_keys(self, wanted: Mapping[UserId, Mapping[str, str]]) -> Answer:
        keys = {
            user_id: {
                device_id: key
                for device_id in devices
                if device_id in self.owners[user_id].devices
                and (key := self.owners[user_id].devices[device_id].one_time_key())
            }
            for user_id, devices in wanted.items()
            if user_id in self.owners and _server(user_id) not in self.down
        }
        return Answer(body={"one_time_keys": keys, "failures": self._failures(wanted)})

    def _take(self, request: Request) -> Answer:
        self.before_sending()
        fate = self.fates.pop(0) if self.fates else "taken"
        if fate == "refused":
            return PROXY_PAGE
        event_type = request.path.split("/sendToDevice/")[1].split("/")[0]
        for user_id, devices in json.loads(request.body)["messages"].items():
            self.sent += [(event_type, user_id, device_id, content) for device_id, content in devices.items()]
        return PROXY_PAGE if fate == "lost" else Answer()

    def _failures(self, wanted: Mapping[UserId, object]) -> dict[str, Any]:
        return {server: {"errcode": "M_UNREACHABLE"} for server in self.down & {_server(user) for user in wanted}}


def _server(user_id: str) -> str:
    return user_id.partition(":")[2]
