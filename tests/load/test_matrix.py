"""The programs that measure the Matrix side work, and nothing is lost: counts only, as a busy machine's times are."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import vodozemac

from tests.load.matrix import answers, memory, sharing, streams, transactions
from tests.load.matrix.people import MEGOLM, Person, RoomKey
from tests.load.matrix.receivers import GREFFIER, LEAST, MAUTRIX, MAUTRIX_DECRYPTING
from tests.load.report import markdown


def test_what_people_say_can_be_read_with_the_key_that_they_hand_over() -> None:
    """By whoever the Olm message is for, with nothing but what is on the wire."""
    alice, bob = Person(1), Person(2)
    one_time_key = next(iter(bob.one_time_key().values()))["key"]
    key = RoomKey(alice, "!room:tchap.test")
    event = key.to_device(alice.olm_session(bob.curve25519, one_time_key), bob.user_id, bob.curve25519, bob.ed25519)
    written = event["content"]["ciphertext"][bob.curve25519]
    message = vodozemac.AnyOlmMessage.from_parts(written["type"], base64.b64decode(written["body"] + "=="))
    payload = json.loads(bob.read_first(alice.curve25519, message))
    assert (payload["sender"], payload["recipient"]) == (alice.user_id, bob.user_id)
    assert payload["content"]["algorithm"] == MEGOLM

    said = key.encrypted("m.room.message", {"msgtype": "m.text", "body": "Bonjour"})
    session = vodozemac.InboundGroupSession(vodozemac.SessionKey(payload["content"]["session_key"]))
    read = json.loads(session.decrypt(vodozemac.MegolmMessage.from_base64(said["ciphertext"])).plaintext)
    assert (read["room_id"], read["content"]["body"]) == ("!room:tchap.test", "Bonjour")
    assert said["session_id"] == payload["content"]["session_id"] == session.session_id


@pytest.mark.parametrize("make", [streams.plain, streams.encrypted])
def test_a_stream_is_as_long_as_it_says_and_never_the_same_twice(make: Callable[[int, int], streams.Stream]) -> None:
    """So that nobody can take one event for another that was pushed before."""
    stream = make(400, 4)
    pushed = [json.loads(one.body)["events"] for _ in range(2) for one in stream.transactions()]
    assert [len(events) for events in pushed] == [100] * 8
    assert len({event["event_id"] for events in pushed for event in events}) == 800


@pytest.mark.timeout(300)
async def test_all_that_is_pushed_is_taken_and_every_command_answered_once(tmp_path: Path) -> None:
    """By Greffier's front, plain and encrypted; the others see every event."""
    some = [streams.plain(400, 4), streams.encrypted(400, 4)]
    done = await transactions.measured(tmp_path, some, rounds=1)
    expected = [GREFFIER, MAUTRIX, LEAST, GREFFIER, MAUTRIX, MAUTRIX_DECRYPTING, LEAST]
    assert [digestion.how for digestion in done] == expected
    assert markdown([transactions.table(done, 1, 0.001)]).count("\n| ") == len(done) + 2


async def test_a_room_s_key_goes_to_every_device_that_may_read(tmp_path: Path) -> None:
    """And a new one to all but whoever has left."""
    first, again, _ = await sharing.shared(tmp_path, 20)
    assert (first.devices, again.devices) == (20, 19)
    assert (first.what, again.what) == (sharing.FIRST, sharing.AGAIN)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_every_room_is_answered(tmp_path: Path, *, encrypted: bool) -> None:
    """However many there are."""
    people = [Person(number) for number in range(8)]
    footprint = await memory.of_greffier(tmp_path, people, 30, 5, encrypted=encrypted)
    assert footprint.after_mb > 0
    assert markdown([memory.table([footprint])]).count("\n| ") == 3


async def test_people_see_cards_and_echoes(tmp_path: Path) -> None:
    """In plain rooms and in encrypted ones, with events pushed."""
    done = await answers.waited(tmp_path, "push", 1)
    assert [(len(one.cards_s), len(one.echoes_s)) for one in done] == [(1, 1), (1, 1)]
    assert markdown([answers.table(done, 0.001)]).count("\n| ") == 2 * len(done) + 2
