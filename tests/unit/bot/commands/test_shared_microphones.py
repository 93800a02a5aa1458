"""Somebody says in the room whose microphone several people share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.commands.shared_microphones import MAX_NAMES, own_names
from bot.room.wording import ENGLISH, FRENCH, Wording
from bot.store.register import Meeting
from bridge.livekit.calls import CallServerUnreachable
from bridge.livekit.ids import CallId
from config.models import Diarization
from tests.unit.bot.commands.test_answering import BOTH, answers
from tests.unit.bot.hall import CAMILLE, MARC, ROOM, Hall


@pytest.fixture
async def hall(tmp_path: Path, briskly: None) -> AsyncIterator[Hall]:
    """A Greffier that tells voices apart."""
    async with Hall(tmp_path, diarization=Diarization(model="/models/voices")).open() as hall:
        yield hall


async def kept(hall: Hall, meeting: Meeting) -> tuple[str, ...]:
    """Whose microphone is known to be shared."""
    return await hall.register.shared_microphones(meeting.id)


@BOTH
async def test_a_participant_is_found_by_name_however_it_is_typed(hall: Hall, wording: Wording) -> None:
    """Anyone may say it; kept is the name as it is in the call, once."""
    await hall.register.set_language(ROOM, wording.language)
    meeting = await hall.begins("!visio", "Claire", "Salle 3")
    hall.rooms.levels[MARC] = -1
    shared = wording.microphone_shared.format(name="Salle 3")
    assert await answers(hall, "!visio micro partagé SALLE  3", "!visio shared microphone salle 3", sender=MARC) == [
        shared,
        shared,
    ]
    assert await kept(hall, meeting) == ("Salle 3",)


async def test_without_a_name_it_is_the_senders_own_microphone(hall: Hall) -> None:
    """By the name that the room shows, with or without what Tchap adds to it."""
    meeting = await hall.begins("!visio", "Camille", "Marc Petit")
    hall.rooms.names[MARC] = "Marc Petit [DINUM]"
    assert await answers(hall, "!visio micro partagé") == [FRENCH.microphone_shared.format(name="Camille")]
    assert await answers(hall, "!visio micro partagé", sender=MARC) == [
        FRENCH.microphone_shared.format(name="Marc Petit")
    ]
    assert await kept(hall, meeting) == ("Camille", "Marc Petit")


@BOTH
async def test_a_sender_whose_name_nobody_knows_is_asked_for_one(hall: Hall, wording: Wording) -> None:
    """An id of the homeserver is no name in the call."""
    await hall.register.set_language(ROOM, wording.language)
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.names[CAMILLE] = CAMILLE
    del hall.rooms.names[MARC]
    asked = wording.whose_microphone.format(command=wording.help["shared_microphone"].typed)
    assert await answers(hall, "!visio micro partagé") == [asked]
    assert await answers(hall, "!visio micro partagé", sender=MARC) == [asked]
    assert await kept(hall, meeting) == ()


@BOTH
async def test_a_name_that_nobody_has_is_answered_with_who_is_there(hall: Hall, wording: Wording) -> None:
    """And nothing is kept of it; nor while nobody is in the call."""
    await hall.register.set_language(ROOM, wording.language)
    meeting = await hall.begins("!visio", "Claire", "Marc")
    command = wording.help["shared_microphone"].typed
    assert await answers(hall, "!visio micro partagé Salle 3") == [
        wording.nobody_of_that_name.format(
            name="Salle 3", names="Claire et Marc" if wording is FRENCH else "Claire and Marc", command=command
        )
    ]
    hall.calls.join(CallId(meeting.id), *(f"Personne {n:02}" for n in range(MAX_NAMES)))
    (long,) = await answers(hall, "!visio micro partagé Salle 3")
    assert wording.others(2) in long
    assert "Personne 09" not in long
    hall.calls.present[CallId(meeting.id)].clear()
    assert await answers(hall, "!visio micro partagé Claire") == [wording.nobody_in_call]
    assert await kept(hall, meeting) == ()


async def test_where_nobody_can_say_who_is_there_the_name_is_kept_as_typed(hall: Hall) -> None:
    """The call server may be away, or have lost the call; a name that fits nobody does no harm."""
    meeting = await hall.begins("!visio", "Claire")
    hall.calls.failing = CallServerUnreachable("away")
    assert await answers(hall, "!visio micro partagé Salle 3") == [
        FRENCH.microphone_shared_unseen.format(name="Salle 3")
    ]
    hall.calls.failing = None
    hall.calls.restart()
    assert await answers(hall, "!visio micro partagé Salle 4") == [
        FRENCH.microphone_shared_unseen.format(name="Salle 4")
    ]
    assert await kept(hall, meeting) == ("Salle 3", "Salle 4")


async def test_it_may_be_said_until_the_transcript_is_posted(hall: Hall) -> None:
    """Those who left are not in the call any more, so any name is taken; afterwards there is nothing to say it of."""
    hall.speech.may_finish = False
    meeting = await hall.begins("!visio", "Salle 3")
    await hall.leaves(meeting)
    await hall.until(lambda: meeting.id in hall.speech.begun)
    assert await answers(hall, "!visio micro partagé Salle 3") == [
        FRENCH.microphone_shared_unseen.format(name="Salle 3")
    ]
    assert await kept(hall, meeting) == ("Salle 3",)
    hall.speech.may_finish = True
    await hall.finishes(meeting)
    assert await answers(hall, "!visio micro partagé Salle 3") == [FRENCH.no_call.format(command="!visio [titre]")]


@BOTH
async def test_there_has_to_be_a_call_that_is_transcribed_and_a_name_that_can_be_one(
    hall: Hall, wording: Wording
) -> None:
    """One sentence for each."""
    await hall.register.set_language(ROOM, wording.language)
    assert await answers(hall, "!visio micro partagé Claire", "!visio micro partagé " + "x" * 65) == [
        wording.no_call.format(command=wording.help["start"].typed),
        wording.bad_name.format(max=64),
    ]
    meeting = await hall.begins("!visio", "Claire")
    await hall.register.stop_transcription(meeting.id)
    assert await answers(hall, "!visio micro partagé Claire") == [wording.already_not_transcribed]
    assert await kept(hall, meeting) == ()


@BOTH
async def test_a_server_that_tells_no_voices_apart_says_so(tmp_path: Path, briskly: None, wording: Wording) -> None:
    """Rather than promise what does not come."""
    rooms = {"language": wording.language}
    async with Hall(tmp_path, rooms=rooms).open() as hall:
        meeting = await hall.begins("!visio", "Claire")
        assert await answers(hall, "!visio micro partagé Claire") == [wording.voices_not_told_apart]
        assert await kept(hall, meeting) == ()


@pytest.mark.parametrize(
    ("shown", "names"),
    [
        ("Claire", ["Claire"]),
        ("Claire Dupont [DINUM]", ["Claire Dupont [DINUM]", "Claire Dupont"]),
        (" \u202eClaire\n", ["Claire"]),
        ("@claire:tchap.test", []),
        ("", []),
        (None, []),
    ],
)
def test_own_names_are_what_the_room_shows(shown: str | None, names: list[str]) -> None:
    """Cleaned as names in a transcript are."""
    assert own_names(shown) == names


def test_both_languages_ask_back_with_their_own_command() -> None:
    """It is the one that their help lists."""
    assert FRENCH.help["shared_microphone"].typed == "!visio micro partagé [nom]"
    assert ENGLISH.help["shared_microphone"].typed == "!visio shared microphone [name]"
