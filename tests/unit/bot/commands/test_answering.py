"""Commands and their answers, in both languages; a message that is handled twice changes nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.meeting.meetings import Meetings
from bot.room.wording import ENGLISH, FRENCH, Wording
from bridge.livekit.calls import CallServerUnreachable
from bridge.livekit.ids import RECORDER, CallId
from bridge.matrix.backoff import Backoff
from bridge.matrix.errors import HomeserverUnreachable
from bridge.matrix.ids import EventId
from config.models import Permissions
from tests.fakes.rooms import Sent
from tests.unit.bot.away import away_once
from tests.unit.bot.hall import CAMILLE, MARC, ROOM, Hall

BOTH = pytest.mark.parametrize("wording", [FRENCH, ENGLISH], ids=["fr", "en"])


async def answers(hall: Hall, *typed: str, sender: object = CAMILLE) -> list[str]:
    """What is answered to each of these messages, as a reply to it."""
    replies: list[str] = []
    for body in typed:
        before = len(hall.rooms.sent)
        event_id = await hall.hears(body, sender)  # type: ignore[arg-type]
        (reply,) = [event for event in hall.rooms.sent[before:] if replies_to(event) == event_id]
        assert reply.content["msgtype"] == "m.notice"
        assert reply.content["m.mentions"] == {}
        replies.append(reply.body)
    return replies


def replies_to(event: Sent) -> EventId | None:
    """The message that this one answers."""
    relation = event.content.get("m.relates_to", {})
    return None if "rel_type" in relation else relation.get("m.in_reply_to", {}).get("event_id")


@BOTH
async def test_every_command_has_its_answer_when_no_call_is_open(hall: Hall, wording: Wording) -> None:
    """In the language of the room; where there is nothing to end, how to begin."""
    await hall.register.set_language(ROOM, wording.language)
    no_call = wording.no_call.format(command=wording.help["start"].typed)
    assert await answers(
        hall, "!visio fin", "!visio état", "!visio sans transcription", "!visio langue", "!visio " + "x" * 121
    ) == [
        no_call,
        no_call,
        no_call,
        wording.which_language.format(command=wording.help["language"].typed),
        wording.title_too_long.format(max=120),
    ]
    (help_,) = await answers(hall, "!visio aide")
    colon = "\u00a0:" if wording is FRENCH else ":"
    assert help_.splitlines() == [
        wording.help_title,
        *(f"{usage.typed}{colon} {usage.what}" for usage in wording.help.values()),
    ]
    html = hall.rooms.sent[-1].content["formatted_body"]
    assert all(f"<code>{usage.typed}</code>" in html for usage in wording.help.values())


@BOTH
async def test_the_answers_while_a_call_goes_on(hall: Hall, wording: Wording) -> None:
    """A second command repeats the link; the state tells who is there; the end is announced."""
    await hall.register.set_language(ROOM, wording.language)
    meeting = await hall.begins("!visio Point budget", "Claire", "Marc")
    link = f"https://visio.tchap.test/v/{meeting.link}"
    again, state, stop = await answers(hall, "!visio Autre titre", "!visio état", "!visio sans transcription")
    assert again == wording.already_open.format(link=link)
    first, second = state.splitlines()
    assert first.startswith(wording.status_open.split(" {")[0])
    assert "· Point budget" in first
    assert "2 participants" in first
    assert second == link
    assert stop == wording.stopping_transcription
    await hall.until(lambda: hall.card()[-1] == wording.transcription_stopped.format(user="Camille"))
    assert await answers(hall, "!visio no transcript", "!visio fin") == [
        wording.already_not_transcribed,
        wording.ending,
    ]
    await hall.finishes(meeting)
    assert hall.calls.opened == [CallId(meeting.id)]


@BOTH
async def test_what_one_may_not_do_is_refused_and_changes_nothing(
    tmp_path: Path, briskly: None, wording: Wording
) -> None:
    """One clear sentence each."""
    permissions = Permissions(start=(CAMILLE,), start_power_level=10)
    async with Hall(tmp_path, permissions=permissions, rooms={"language": wording.language}).open() as hall:
        hall.rooms.levels[MARC] = 49
        assert await answers(hall, "!visio") == [wording.may_not_start]
        assert await answers(hall, "!visio", sender=MARC) == [wording.may_not_start]
        assert await hall.register.latest_in(ROOM) is None
        hall.rooms.levels[CAMILLE] = 10
        meeting = await hall.begins("!visio", "Claire")
        refused = await answers(hall, "!visio fin", "!visio langue fr", "!visio langue en", sender=MARC)
        assert refused == [wording.may_not_end, wording.may_not_change, wording.may_not_change]
        assert await hall.register.open_in(ROOM) == meeting
        assert await hall.register.language_of(ROOM) is None


async def test_moderators_may_end_what_others_opened_and_anyone_may_stop_the_transcription(hall: Hall) -> None:
    """Ending takes a level or having opened it; not being recorded takes nothing."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.levels[MARC] = -1
    assert await answers(hall, "!visio sans transcription", sender=MARC) == [FRENCH.stopping_transcription]
    hall.rooms.levels[MARC] = 50
    assert await answers(hall, "!visio fin", sender=MARC) == [FRENCH.ending]
    await hall.finishes(meeting)
    assert hall.card()[2:] == [
        FRENCH.transcription_stopped.format(user="Marc <b>"),
        FRENCH.ended_by.format(user="Marc <b>"),
    ]
    last = hall.rooms.sent[-1].content["m.new_content"]["formatted_body"]
    assert "<b>" not in last


async def test_a_room_changes_its_language(hall: Hall) -> None:
    """The answer is in the new language, and so is all that follows."""
    hall.rooms.levels[CAMILLE] = 50
    assert await answers(hall, "!visio langue en", "!visio fin") == [
        ENGLISH.language_set,
        ENGLISH.no_call.format(command=ENGLISH.help["start"].typed),
    ]
    await hall.begins("!visio Budget")
    assert hall.card()[0] == "Call · Budget"
    assert await answers(hall, "!visio language fr") == [FRENCH.language_set]


async def test_the_state_is_told_after_the_end_too(hall: Hall) -> None:
    """While words are made of the sound, and when nothing is left to tell."""
    hall.speech.may_finish = False
    meeting = await hall.begins("!visio Point budget", "Claire")
    await hall.leaves(meeting)
    await hall.until(lambda: hall.said(FRENCH.transcribing))
    assert await answers(hall, "!visio état") == [FRENCH.status_transcribing.format(title="Visio · Point budget")]
    hall.speech.may_finish = True
    await hall.finishes(meeting)
    assert await answers(hall, "!visio état") == [FRENCH.no_call.format(command="!visio [titre]")]


async def test_the_state_is_told_when_the_call_server_is_away(hall: Hall) -> None:
    """The link, at least."""
    meeting = await hall.begins("!visio", "Claire")
    hall.calls.failing = CallServerUnreachable("away")
    (state,) = await answers(hall, "!visio état")
    assert meeting.link in state


async def test_a_message_handled_twice_changes_nothing_more(hall: Hall) -> None:
    """Each command again, as after a crash before it was marked as handled."""
    hall.rooms.levels[CAMILLE] = 50
    for n, body in enumerate(
        ["!visio Point", "!visio état", "!visio langue fr", "!visio sans transcription", "!visio aide"]
    ):
        event_id = await hall.hears(body, event_id=f"$twice-{n}")
        await hall.hears(body, event_id=event_id)
    meeting = await hall.register.open_in(ROOM)
    assert meeting is not None
    await hall.until(lambda: hall.card()[-1] == FRENCH.transcription_stopped.format(user="Camille"))
    await hall.hears("!visio fin", event_id="$end")
    await hall.finishes(meeting)
    await hall.hears("!visio fin", event_id="$end")
    await hall.hears("!visio Point", event_id="$twice-0")
    assert await hall.register.open_in(ROOM) is None
    assert hall.calls.opened == [CallId(meeting.id)]
    replies = [replies_to(event) for event in hall.rooms.sent if replies_to(event)]
    assert sorted(str(reply) for reply in replies) == ["$end", "$twice-1", "$twice-2", "$twice-3", "$twice-4"]
    assert hall.card()[2:] == [
        FRENCH.transcription_stopped.format(user="Camille"),
        FRENCH.ended_by.format(user="Camille"),
    ]


async def test_a_reply_that_cannot_be_sent_is_for_the_caller_to_try_again(hall: Hall) -> None:
    """Nothing is lost: the second time it is sent, and what was done is not done again."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.failures.append(HomeserverUnreachable("away"))
    with pytest.raises(HomeserverUnreachable):
        await hall.hears("!visio sans transcription", event_id="$stop")
    await hall.until(lambda: (CallId(meeting.id), RECORDER) in hall.calls.removed)
    await hall.hears("!visio sans transcription", event_id="$stop")
    assert [replies_to(event) for event in hall.rooms.sent if replies_to(event)] == ["$stop"]
    assert len(hall.calls.removed) == 1


async def test_a_fault_of_our_own_is_said(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left without an answer."""

    def broken(*_: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(hall.register, "latest_in", broken)
    assert await answers(hall, "!visio état") == [FRENCH.internal_fault]


async def test_a_database_that_is_away_for_a_moment_keeps_no_call_from_being_opened(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Least of all after the meeting was registered: the room would be taken by one that nobody holds."""
    monkeypatch.setattr("bot.store.insisting.BACKOFF", Backoff(0.01, 0.02))
    away_once(monkeypatch, hall.register, "language_of")
    away_once(monkeypatch, Meetings, "begin")
    await hall.hears("!visio")
    await hall.until(lambda: hall.said(FRENCH.join))
    assert not hall.said(FRENCH.internal_fault)


async def test_what_is_no_command_is_not_answered(hall: Hall) -> None:
    """Nor does it ask the homeserver for anything."""
    await hall.hears("bonjour")
    await hall.hears("!visiophone")
    assert hall.rooms.asked == []
