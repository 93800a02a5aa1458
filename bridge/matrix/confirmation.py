"""Owns requests that the homeserver wants the account's owner to confirm: with the password, where that is enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from bridge.matrix.errors import ConfirmationNeeded
from bridge.matrix.wire import Wire

_PASSWORD = "m.login.password"  # noqa: S105 (the name of a stage)


async def confirmed(
    wire: Wire, method: str, doing: str, path: tuple[str, ...], body: Mapping[str, Any], password: SecretStr | None
) -> dict[str, Any]:
    """One request as by `Wire.request`, confirmed with the password if the homeserver asks for that.

    Spec: "User-Interactive Authentication API".

    Raises:
        ConfirmationNeeded: there is no password, it is wrong, or it is not what the homeserver wants.
        HomeserverError: as with any request.
    """
    try:
        return await wire.request(method, doing, path, body)
    except ConfirmationNeeded as needed:
        if password is None or not needed.takes_password:
            raise
        confirmation = {
            "type": _PASSWORD,
            "identifier": {"type": "m.id.user", "user": wire.acting.user_id},
            "password": password.get_secret_value(),
            "session": needed.session,
        }
    return await wire.request(method, doing, path, {**body, "auth": confirmation})
