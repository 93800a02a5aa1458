"""The part of the homeserver in memory that holds keys: `/keys/…`, for the bot and for people who are made up here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.load.matrix.people import ONE_TIME_KEY, SERVER_NAME, Person

BOT: Final = f"@greffier:{SERVER_NAME}"
_IDENTITY: Final = ("master_key", "self_signing_key", "user_signing_key")
Body = dict[str, Any]


class PublishedKeys:
    """Takes what the bot uploads, and answers what it asks of others' devices."""

    def __init__(self) -> None:
        self.one_time_keys: dict[str, Body] = {}
        """The bot's that nobody has claimed."""
        self._people: dict[str, Person] = {}
        self._devices: dict[str, Body] = {}
        self._own: Body = {}
        self._identity: dict[str, Body] = {}

    def add(self, people: Iterable[Person]) -> None:
        """Let these people have accounts, with a device each."""
        for person in people:
            self._people[person.user_id] = person
            self._devices[person.user_id] = {person.device_id: person.device_keys()}

    @property
    def are_uploaded(self) -> bool:
        """Whether one could write to the bot now."""
        return bool(self._own and self.one_time_keys)

    def own(self, algorithm: str) -> str:
        """A key of the bot's device: `curve25519`, `ed25519`."""
        key: str = next(key for name, key in self._own["keys"].items() if name.startswith(algorithm))
        return key

    def counts(self) -> dict[str, int]:
        """How many one-time keys the bot has left."""
        return {ONE_TIME_KEY: len(self.one_time_keys)}

    def answer(self, path: str, body: Body) -> Body:
        """What to answer a request to `/keys/<path>`."""
        match path:
            case "upload":
                self._own = body.get("device_keys") or self._own
                self.one_time_keys |= body.get("one_time_keys") or {}
                return {"one_time_key_counts": self.counts()}
            case "query":
                return self._query(body["device_keys"])
            case "claim":
                return {"one_time_keys": self._claim(body["one_time_keys"]), "failures": {}}
            case "device_signing/upload":
                self._identity |= {kind: body[kind] for kind in _IDENTITY if kind in body}
            case "signatures/upload":
                for signed in body.get(BOT, {}).values():
                    if signed.get("device_id") == self._own.get("device_id"):
                        self._own["signatures"][BOT] |= signed["signatures"][BOT]
        return {}

    def _claim(self, asked: Mapping[str, Iterable[str]]) -> Body:
        return {
            user: {device: self._people[user].one_time_key() for device in devices}
            for user, devices in asked.items()
            if user in self._people
        }

    def _query(self, asked: Iterable[str]) -> Body:
        devices = {user: self._devices[user] for user in asked if user in self._devices}
        answer: Body = {"device_keys": devices, "failures": {}}
        if BOT in asked:
            answer |= {f"{kind}s": {BOT: key} for kind, key in self._identity.items()}
            devices |= {BOT: {self._own["device_id"]: self._own}} if self._own else {}
        return answer
