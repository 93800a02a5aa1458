"""A transcript that the homeserver or its room does not take as it is: what can be posted is, and the rest is said."""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from dbos import DBOS
from structlog.testing import capture_logs

from bot.process.identity import ROLES
from bot.room.wording import ENGLISH, FRENCH
from bridge.matrix.errors import Forbidden, HomeserverError, HomeserverUnreachable, RateLimited, TooLarge
from tests.fakes.jobs import turn
from tests.unit.bot.hall import MARC, ROOM, Hall
from transcripts.assembling.transcript import Transcript
from transcripts.assembling.turns import Turn
from transcripts.minutes.claims import Claim, Minutes
from transcripts.storage.bucket import StorageAway
from transcripts.storage.spool import MeetingId

MINUTES = Minutes((Claim("key_point", "Bonjour à tous.", 0, "Bonjour à tous", 0.0, "Claire"),))
REFUSALS = [TooLarge("413 M_TOO_LARGE"), Forbidden("403 M_FORBIDDEN")]


def long_talk(turns: int) -> tuple[Turn, ...]:
    """Turns of which a message of the room holds a handful."""
    return tuple(turn("Claire", f"phrase-{n}- " + "é" * 400, n * 10.0) for n in range(turns))


def phrases(hall: Hall) -> list[str]:
    """The sentences that stand in the room, by their first word, in order."""
    words = " ".join(event.body for event in hall.rooms.of(ROOM)).split()
    return [word for word in words if word.startswith("phrase-")]


async def held(hall: Hall) -> None:
    """A meeting, from its command to whatever becomes of it."""
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.finishes(meeting)


def away_from(hall: Hall, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """The storage does not answer so many times when it is asked for a transcript."""
    read, refusals = hall.archive.read, [StorageAway(errno.EHOSTUNREACH, "the bucket does not answer")] * times

    def asked(meeting: MeetingId) -> Transcript:
        if refusals:
            raise refusals.pop()
        return read(meeting)

    monkeypatch.setattr(hall.archive, "read", asked)


@pytest.fixture
def impatiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a homeserver that is away."""
    monkeypatch.setattr("bot.room.posting.PATIENCE_S", 0.3)
    monkeypatch.setattr("bot.meeting.meetings.LAST_WORD_PATIENCE_S", 0.3)


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_part_that_is_refused_is_named_in_its_place_and_the_rest_stands(
    hall: Hall, refusal: HomeserverError
) -> None:
    """In order; the files hold it."""
    hall.speech.turns = long_talk(30)
    hall.rooms.refusing_text["phrase-12-"] = refusal
    await held(hall)
    texts = [event.body for event in hall.thread()[:-2]]
    place = texts.index(FRENCH.part_refused)
    assert 0 < place < len(texts) - 1
    assert texts.count(FRENCH.part_refused) == 1
    said = [int(phrase.split("-")[1]) for phrase in phrases(hall)]
    assert said == sorted(said)
    assert {0, 29} <= set(said)
    assert 12 not in said
    assert all("phrase-12-" in data.decode() for _, _, data in hall.rooms.uploaded)
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_the_minutes_come_before_the_transcript_and_the_files(hall: Hall) -> None:
    """A reader who stops after the first message knows what matters."""
    hall.speech.minutes = MINUTES
    await held(hall)
    assert hall.card()[2:] == [FRENCH.minutes_below]
    minutes, transcript, markdown, vtt = [event.body for event in hall.thread()]
    assert minutes.startswith("Compte rendu — ")
    assert transcript.startswith("Transcription — ")
    assert (markdown[-3:], vtt[-4:]) == (".md", ".vtt")
    assert "## Compte rendu" in hall.rooms.uploaded[0][2].decode()


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_minutes_that_are_refused_are_named_in_their_place(hall: Hall, refusal: HomeserverError) -> None:
    """The transcript and the files stand, and hold them."""
    hall.speech.minutes = MINUTES
    hall.rooms.refusing_text["Compte rendu — "] = refusal
    await held(hall)
    first, second, *files = [event.body for event in hall.thread()]
    assert first == FRENCH.minutes_refused
    assert second.startswith("Transcription — ")
    assert len(files) == 2
    assert hall.card()[2:] == [FRENCH.minutes_below]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_files_that_are_refused_are_named_and_the_text_stands(hall: Hall, refusal: HomeserverError) -> None:
    """One sentence each."""
    hall.rooms.refusing_files = refusal
    await held(hall)
    text, *rest = hall.thread()
    assert "Bonjour à tous" in text.body
    assert [event.body.split(".")[1].split(" ")[0] for event in rest] == ["md", "vtt"]
    assert all("n’a pas pu être joint" in event.body for event in rest)
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_the_sentences_are_in_the_language_of_the_room(hall: Hall) -> None:
    """English here."""
    await hall.register.set_language(ROOM, "en")
    hall.rooms.refusing_text["Bonjour"] = TooLarge("413")
    hall.rooms.refusing_files = TooLarge("413")
    await held(hall)
    part, *rest = hall.thread()
    assert part.body == ENGLISH.part_refused
    assert all(event.body.endswith("could not be attached: the Matrix server refused it.") for event in rest)


async def test_a_homeserver_that_asks_to_slow_down_gets_everything_once_in_order(hall: Hall) -> None:
    """Every message is refused at first, for a moment."""
    hall.speech.turns = long_talk(20)
    meeting = await hall.begins("!visio", "Claire")
    send = hall.rooms.send
    slowed: set[str] = set()

    async def slow_down(*args: object) -> object:
        txn_id = str(args[3])
        if txn_id not in slowed:
            slowed.add(txn_id)
            raise RateLimited("429", retry_after_s=0.01)
        return await send(*args)  # type: ignore[arg-type]

    hall.rooms.send = slow_down  # type: ignore[method-assign,assignment]
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert phrases(hall) == [f"phrase-{n}-" for n in range(20)]
    assert len(slowed) >= 6


async def test_a_bot_that_was_put_out_keeps_the_transcript_and_tells_the_operator(hall: Hall) -> None:
    """The meeting is over, its room free; the log says which room, which meeting, and what to do."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.put_out_of.add(ROOM)
    with capture_logs() as logs:
        await hall.leaves(meeting)
        finished = await hall.finishes(meeting)
    assert (finished.undelivered, finished.finished_at is not None) == ("kicked", True)
    (told,) = [entry for entry in logs if entry["event"].startswith("transcript not posted")]
    assert told["log_level"] == "error"
    assert (told["room_id"], told["meeting_id"]) == (ROOM, meeting.id)
    assert "invite" in told["what_to_do"]
    assert hall.archive.read(meeting.id).turns
    assert hall.spool.tracks(meeting.id) == []


async def test_coming_back_into_the_room_delivers_once(hall: Hall) -> None:
    """The thread under the card, the files, the card's last word; and nothing when the bot comes back again."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.put_out_of.add(ROOM)
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.thread() == []
    hall.rooms.put_out_of.clear()
    await hall.redelivery.into(ROOM)
    await hall.delivered(meeting)
    assert len(hall.thread()) == 3
    assert hall.card()[2:] == [FRENCH.transcript_below]
    assert (await hall.begins("!visio")).id != meeting.id
    before = list(hall.rooms.sent)
    await hall.redelivery.into(ROOM)
    await hall.redelivery.everywhere()
    await asyncio.sleep(0.3)
    assert hall.rooms.sent == before


async def test_a_thread_that_broke_off_is_completed_days_later_without_a_double(hall: Hall) -> None:
    """Put out in the middle of it; the homeserver has forgotten every transaction when the bot is let in again."""
    hall.speech.turns = long_talk(30)
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.refusing_text["phrase-20-"] = Forbidden("put out")
    hall.rooms.refusing_text[FRENCH.part_refused] = Forbidden("put out")
    await hall.leaves(meeting)
    finished = await hall.finishes(meeting)
    half = phrases(hall)
    assert half
    assert finished.undelivered == "forbidden"
    assert hall.card()[2:] == [FRENCH.undelivered]
    hall.rooms.refusing_text.clear()
    hall.rooms.a_day_passes()
    hall.later = timedelta(days=3)
    await hall.redelivery.everywhere()
    await hall.delivered(meeting)
    assert phrases(hall) == [f"phrase-{n}-" for n in range(30)]
    assert half == phrases(hall)[: len(half)]
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_a_homeserver_that_never_comes_back_keeps_no_meeting_open(hall: Hall, impatiently: None) -> None:
    """The transcript is posted when it has come back, by the next look at what waits."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.refusing[ROOM] = HomeserverUnreachable("away")
    await hall.leaves(meeting)
    assert (await hall.finishes(meeting)).undelivered == "away"
    hall.rooms.refusing.clear()
    await hall.redelivery.everywhere()
    await hall.delivered(meeting)
    assert len(hall.thread()) == 3
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_a_storage_that_is_away_is_waited_for(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transcript is in it, and is posted when it is back."""
    monkeypatch.setattr("bot.store.storing.FIRST_WAIT_S", 0.05)
    away_from(hall, monkeypatch, times=2)
    await held(hall)
    assert len(hall.thread()) == 3
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_a_storage_that_stays_away_costs_time_and_no_transcript(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept like one that the room does not take, and posted by the next look at what waits."""
    monkeypatch.setattr("bot.store.storing.PATIENCE_S", 0.0)
    away_from(hall, monkeypatch, times=1)
    await held(hall)
    (meeting,) = await hall.register.undelivered(ROOM)
    assert meeting.undelivered == "storage"
    assert hall.card()[2:] == [FRENCH.undelivered]
    await hall.redelivery.everywhere()
    await hall.delivered(meeting)
    assert len(hall.thread()) == 3


async def test_an_attempt_that_fails_says_why_and_leaves_room_for_the_next(hall: Hall) -> None:
    """Put out at first, then muted, then it works."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.put_out_of.add(ROOM)
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    hall.rooms.put_out_of.clear()
    hall.rooms.refusing[ROOM] = Forbidden("muted")
    await hall.redelivery.into(ROOM)
    await hall.until_idle(f"{meeting.id}.again.0")
    assert [kept.undelivered for kept in await hall.register.undelivered()] == ["forbidden"]
    hall.rooms.refusing.clear()
    await hall.redelivery.everywhere()
    await hall.delivered(meeting)
    assert len(hall.thread()) == 3


async def test_a_room_that_the_bot_is_not_in_is_left_alone(hall: Hall) -> None:
    """No attempt is made, so none is written down."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.put_out_of.add(ROOM)
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    await hall.redelivery.everywhere()
    assert await DBOS.list_workflows_async(workflow_id_prefix=f"{meeting.id}.again") == []


async def test_a_meeting_without_a_card_is_delivered_into_the_room(hall: Hall) -> None:
    """Where the card was never posted, there is no thread."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.put_out_of.add(ROOM)
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    await hall.forget_card(meeting)
    hall.rooms.put_out_of.clear()
    await hall.redelivery.into(ROOM)
    await hall.delivered(meeting)
    assert hall.thread() == []
    assert len([event for event in hall.rooms.of(ROOM) if event.edits is None]) == 1 + 3


@pytest.mark.parametrize("spoilt", ["part", "files", "nothing"])
async def test_a_process_that_ends_after_every_message_repeats_and_skips_none(
    tmp_path: Path, briskly: None, spoilt: str
) -> None:
    """Between its being there and our knowing it; whatever the homeserver refuses on the way."""
    hall = Hall(tmp_path)
    if spoilt == "part":
        hall.rooms.refusing_text["Bonjour"] = TooLarge("413")
    elif spoilt == "files":
        hall.rooms.refusing_files = TooLarge("413")
    await hall.holds_a_meeting_ending_after_each_message(MARC)
    assert len(hall.rooms.sent) == 7
    assert len(hall.thread()) == 3
    assert max(Counter(event.body for event in hall.rooms.sent).values()) == 1
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_a_process_that_ends_during_a_later_delivery_goes_on_with_it(tmp_path: Path, briskly: None) -> None:
    """After every one of its messages; a day and more after the meeting, when no transaction is honoured."""
    hall = Hall(tmp_path)
    async with hall.open():
        meeting = await hall.begins("!visio", "Claire")
        hall.rooms.put_out_of.add(ROOM)
        await hall.leaves(meeting)
        await hall.finishes(meeting)
        before = len(hall.rooms.sent)
    hall.later = timedelta(days=2)
    hall.rooms.put_out_of.clear()
    hall.rooms.loses_answers = True
    async with hall.open():
        await hall.redelivery.into(ROOM)
        await hall.until(lambda: len(hall.rooms.sent) == before + 1)
    for count in range(2, 5):  # two messages of the thread more, and the card
        hall.rooms.a_day_passes()
        async with hall.open():
            await hall.until(lambda count=count: len(hall.rooms.sent) == before + count)  # type: ignore[misc]
    hall.rooms.a_day_passes()
    async with hall.open():
        await hall.delivered(meeting)
    assert len(hall.rooms.sent) == before + 4
    assert len(hall.thread()) == 3
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_an_attempt_that_an_earlier_version_began_is_in_no_ones_way(
    tmp_path: Path, briskly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody takes it up again, and its transcript waits no less."""
    hall = Hall(tmp_path)
    monkeypatch.setattr("bot.durable.workflows._VERSIONS", dict.fromkeys(ROLES, "1"))
    async with hall.open():
        meeting = await hall.begins("!visio", "Claire")
        hall.rooms.put_out_of.add(ROOM)
        await hall.leaves(meeting)
        await hall.finishes(meeting)
        hall.rooms.put_out_of.clear()
        hall.rooms.loses_answers = True
        await hall.redelivery.into(ROOM)
        await hall.until(hall.thread)
    hall.rooms.loses_answers = False
    monkeypatch.setattr("bot.durable.workflows._VERSIONS", dict.fromkeys(ROLES, "2"))
    async with hall.open():
        await hall.redelivery.everywhere()
        await hall.delivered(meeting)
    assert len(hall.thread()) == 3
