"""Owns opening the encrypted events of rooms: with which key, by whose device, said in this room, and only once."""

from __future__ import annotations

from collections.abc import Callable

from vodozemac import MegolmMessage

from bridge.matrix.encryption.bounded import Bounded
from bridge.matrix.encryption.devices import Decrypted, Device, EncryptedEvent, Undecryptable
from bridge.matrix.encryption.megolm_sessions import InboundSession
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.encryption.to_device import Withheld
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.json_reading import read_json

MAX_TYPE_CHARACTERS = 255
_INDICES_REMEMBERED = 50_000
_WITHHELD_REMEMBERED = 10_000


class MegolmReader:
    """Opens events by the room keys in the store."""

    def __init__(self, store: CryptoStore) -> None:
        self._store = store
        self._withheld: Bounded[tuple[UserId, RoomId, str], None] = Bounded(_WITHHELD_REMEMBERED)
        self._opened: Bounded[tuple[RoomId, str, str, int], EventId] = Bounded(_INDICES_REMEMBERED)

    def heard_withheld(self, withheld: Withheld) -> None:
        """A device has said that it will not send a key."""
        if withheld.room_key is not None:
            self._withheld[(withheld.sender, *withheld.room_key)] = None

    async def decrypt(
        self,
        event: EncryptedEvent,
        device_with_key: Callable[[UserId, str], Device | None],
        allowed: Callable[[Device], bool],
    ) -> Decrypted | Undecryptable:
        """What an event says, or why that cannot be known.

        Args:
            event: as the homeserver hands it out.
            device_with_key: the device of a user that has this identity key.
            allowed: the trust policy.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: The database does not answer.
        """
        unread: list[Undecryptable] = []
        for session in await self._store.megolm_sessions(event.sender, event.room_id, event.session_id):
            read = self._refusal(event, session, device_with_key, allowed) or self._open(event, session)
            if isinstance(read, Decrypted):
                return read
            unread.append(read)
        if unread:
            return unread[0]
        is_withheld = (event.sender, event.room_id, event.session_id) in self._withheld
        return Undecryptable("withheld" if is_withheld else "no_key")

    def _refusal(
        self,
        event: EncryptedEvent,
        session: InboundSession,
        device_with_key: Callable[[UserId, str], Device | None],
        allowed: Callable[[Device], bool],
    ) -> Undecryptable | None:
        """Why the event is not its sender's, or not to be listened to: Megolm proves the session, not the sender."""
        if session.is_own:
            return None if event.sender == self._store.user_id else Undecryptable("broken")
        device = device_with_key(event.sender, session.sender_key)
        if device is None:
            return Undecryptable("unknown_device")
        if device.ed25519 != session.ed25519:
            return Undecryptable("broken")
        return None if allowed(device) else Undecryptable("untrusted")

    def _open(self, event: EncryptedEvent, session: InboundSession) -> Decrypted | Undecryptable:
        try:
            ciphertext = MegolmMessage.from_base64(event.ciphertext)
            if ciphertext.message_index() < session.first_index:
                return Undecryptable("no_key")  # one that opens more may still come
            plaintext, index = session.decrypt(ciphertext)
        except ValueError:
            return Undecryptable("broken")
        # The same message in another event is somebody's repetition, the homeserver's for one. The inbox knows for
        # longer, and after a start, which commands it has had.
        first = self._opened.setdefault((event.room_id, event.session_id, session.sender_key, index), event.event_id)
        if first != event.event_id:
            return Undecryptable("broken")
        message = f"{session.sender_key} {event.session_id} {index}"
        return _read_payload(plaintext, event.room_id, message) or Undecryptable("broken")


def _read_payload(plaintext: bytes, room_id: RoomId, megolm_message: str) -> Decrypted | None:
    """The event in a plaintext, whatever its sender put there; None when there is none, or one of another room."""
    try:
        plaintext.decode()  # `read_json` would put up with less than UTF-8
        payload = read_json(plaintext)
    except ValueError:
        return None
    if not isinstance(payload, dict) or payload.get("room_id") != room_id:
        return None
    event_type, content = payload.get("type"), payload.get("content")
    if not isinstance(event_type, str) or len(event_type) > MAX_TYPE_CHARACTERS or not isinstance(content, dict):
        return None
    return Decrypted(event_type, content, megolm_message)
