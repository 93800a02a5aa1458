"""A meeting as its participants live it: from `!visio` to the transcript in the room. Everything is real."""

from __future__ import annotations

import asyncio

import pytest

from tests.acceptance.team import NewTeam, NobodyWatches
from tests.evaluation.cpwer import cpwer
from tests.evaluation.meetings import Meeting, words_by_speaker
from tests.stack.callers import JoinLink, JoinRefused, in_call
from tests.stack.meeting_in_room import CARD_KEY, open_call, read_transcript, speak
from tests.stack.stack import Stack
from tests.stack.webvtt import read_cues, words_by_voice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])
async def test_a_meeting_ends_as_a_transcript_that_says_who_said_what(
    stack: Stack, new_team: NewTeam, short_meeting: Meeting, *, encrypted: bool
) -> None:
    """The card, the link, the call, the thread, the files; and nothing is left of the sound."""
    team = await new_team(encrypted=encrypted)
    card_id, link = await open_call(team.host, team.room_id, stack.bot_user_id, "Point budget")
    card = team.room.event(card_id).body
    assert "Visio · Point budget" in card
    assert "Cet appel est transcrit" in card
    assert "!visio sans transcription" in card
    notice = await JoinLink.parse(link).describe(stack.session)
    assert notice == {
        "title": "Point budget",
        "language": "fr",
        "state": "open",
        "transcribed": True,
        "sound_kept": False,
        "sound_goes_to": None,
        "words_go_to": None,
        "voices_told_apart": True,
    }

    hung_up_at_ms = await speak(stack, short_meeting, link, NobodyWatches())
    held = await read_transcript(team.host, team.room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=150)

    assert "terminé" in held.card.body
    assert "2 participants" in held.card.body
    assert link not in held.card.body
    assert held.minutes_come_first
    assert held.minutes[0].body.startswith("Compte rendu — Visio · Point budget")
    first = held.transcript[0].body
    assert first.startswith("Transcription — Visio · Point budget")
    assert "Nadia" in first
    assert "Thomas" in first
    said = words_by_voice(read_cues((await team.colleague.read_file(held.file(".vtt"))).decode()))
    assert set(said) == {"Nadia", "Thomas"}
    error = cpwer(words_by_speaker(short_meeting.reference.segments), said, "fr")
    assert error.rate <= 0.25, error
    markdown = (await team.colleague.read_file(held.file(".md"))).decode()
    assert "Point budget" in markdown
    assert "Nadia" in markdown
    assert _sound_kept(stack) == []
    with pytest.raises(JoinRefused) as refused:
        await JoinLink.parse(link).admit(stack.session, "Retardataire")
    assert refused.value.status == 410


async def test_one_call_a_room_and_whoever_opened_it_ends_it(stack: Stack, new_team: NewTeam) -> None:
    """A second `!visio` shows the way into the open call; a colleague may not end it, whoever opened it may."""
    team = await new_team()
    card_id, link = await open_call(team.colleague, team.room_id, stack.bot_user_id, "")

    second = await team.ask(team.host, "!visio Autre chose")
    assert link in second.body
    assert CARD_KEY not in second.content
    assert link in (await team.ask(team.host, "!visio état")).body

    await team.ask(team.colleague, "!visio fin")
    card = await team.card_at_the_end(card_id)
    assert "Appel terminé par Karim Benali [DINUM]." in card.body
    assert "Personne n’a rejoint l’appel." in card.body

    card_id, _ = await open_call(team.host, team.room_id, stack.bot_user_id, "Le suivant")
    refusal = await team.ask(team.colleague, "!visio fin")
    assert refusal.body.startswith("Seuls la personne qui a ouvert l’appel et les modérateurs")
    await team.ask(team.host, "!visio fin")
    await team.card_at_the_end(card_id)


async def test_anyone_may_stop_the_transcription_and_then_nothing_is_kept(
    stack: Stack, new_team: NewTeam, short_meeting: Meeting
) -> None:
    """`!visio sans transcription` in mid-call: the call goes on, what was recorded is erased, no transcript comes."""
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, stack.bot_user_id, "Confidentiel")
    async with asyncio.TaskGroup() as meeting:
        meeting.create_task(speak(stack, short_meeting, link, NobodyWatches()))
        await team.card_saying(card_id, "2 participants")
        await team.ask(team.colleague, "!visio sans transcription")
        card = await team.card_saying(card_id, "arrêtée par Karim Benali [DINUM]")
        assert "ni enregistré ni transcrit" in card.body
        assert (await JoinLink.parse(link).describe(stack.session))["transcribed"] is False
    await team.card_at_the_end(card_id)
    assert team.room.thread(card_id) == []
    assert _sound_kept(stack) == []


async def test_a_microphone_may_be_called_shared_from_the_room(stack: Stack, new_team: NewTeam) -> None:
    """Of somebody in the call, or of oneself; a name that nobody there has is answered with who is there."""
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, stack.bot_user_id, "Point budget")
    async with in_call(stack.session, link, "Salle 3", "Karim Benali"):
        await team.card_saying(card_id, "2 participants")
        asked = await team.ask(team.colleague, "!visio micro partagé Salle 4")
        assert "Karim Benali et Salle 3" in asked.body
        shared = await team.ask(team.colleague, "!visio micro partagé salle 3")
        assert shared.body.startswith("Le micro de «\u00a0Salle 3\u00a0» est partagé")
        own = await team.ask(team.colleague, "!visio micro partagé")  # who is `Karim Benali [DINUM]` in the room
        assert own.body.startswith("Le micro de «\u00a0Karim Benali\u00a0» est partagé")
    await team.ask(team.host, "!visio fin")
    await team.card_at_the_end(card_id)


async def test_a_room_may_be_spoken_to_in_english(stack: Stack, new_team: NewTeam) -> None:
    """`!visio language en` holds for the room: answers, card and join page."""
    team = await new_team()
    assert (await team.ask(team.host, "!visio language en")).body == "Greffier now speaks English in this room."
    card_id, link = await open_call(team.host, team.room_id, stack.bot_user_id, "Budget")
    assert "This call is transcribed" in team.room.event(card_id).body
    assert (await JoinLink.parse(link).describe(stack.session))["language"] == "en"
    await team.ask(team.host, "!visio end")
    await team.card_at_the_end(card_id)


def _sound_kept(stack: Stack) -> list[str]:
    return [file.name for file in (stack.greffier.storage_folder / "spool").rglob("*.pcm")]
