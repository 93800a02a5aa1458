"""The door behind the join page: links to meetings, names to tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest

from bot.meeting.entrance import Entrance
from bot.store.register import Meeting, Register
from bridge.livekit.calls import CallServerRefused, CallServerUnreachable
from bridge.livekit.ids import CallId
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.web.door import CallFull, CallOver, CallServerAway, UnknownLink
from config.models import Calls as CallSettings
from config.models import Diarization, LiveKit, Speech, Summary
from tests.fakes.calls import FakeCalls
from tests.unit.bot.samples import settings

UNKNOWN = "x" * 22


@pytest.fixture
def calls() -> FakeCalls:
    """LiveKit."""
    return FakeCalls()


@pytest.fixture
async def meeting(register: Register, calls: FakeCalls) -> Meeting:
    """An open meeting."""
    meeting = await register.open(
        RoomId("!room:tchap.test"),
        EventId("$1"),
        opened_by=UserId("@camille:tchap.test"),
        title="Point budget",
        language="fr",
        transcribed=True,
    )
    calls.present[CallId(meeting.id)] = {}
    return meeting


@pytest.fixture
def entrance(tmp_path: Path, register: Register, calls: FakeCalls) -> Entrance:
    """The door, to calls of two people at most."""
    return Entrance(settings(tmp_path, calls=CallSettings(max_participants=2)), register, calls)


def claims(token: str, livekit: LiveKit) -> dict[str, Any]:
    """What a token grants, its signature checked."""
    return dict(jwt.decode(token, livekit.api_secret.get_secret_value(), algorithms=["HS256"]))


async def test_a_link_tells_what_its_call_is(entrance: Entrance, meeting: Meeting, register: Register) -> None:
    """Title, language, whether it goes on, whether it is transcribed; as it is now."""
    notice = await entrance.describe(meeting.link)
    assert notice is not None
    assert (notice.title, notice.language, notice.state, notice.transcribed) == ("Point budget", "fr", "open", True)
    await register.stop_transcription(meeting.id)
    await register.end(meeting.id)
    notice = await entrance.describe(meeting.link)
    assert notice is not None
    assert (notice.state, notice.transcribed) == ("over", False)


async def test_a_call_without_a_title_has_a_name_in_its_language(entrance: Entrance, register: Register) -> None:
    """What the card calls it."""
    room, command = RoomId("!other:tchap.test"), EventId("$2")
    by = UserId("@camille:tchap.test")
    meeting = await register.open(room, command, opened_by=by, title="", language="en", transcribed=False)
    notice = await entrance.describe(meeting.link)
    assert notice is not None
    assert notice.title == "Call"


async def test_a_token_lets_one_person_into_one_call(entrance: Entrance, meeting: Meeting, tmp_path: Path) -> None:
    """With the name they gave, for minutes, with no grant over others."""
    livekit = settings(tmp_path).livekit
    admission = await entrance.admit(meeting.link, "Zoé")
    granted = claims(admission.token, livekit)
    assert admission.livekit_url == "wss://livekit.tchap.test"
    assert admission.name == granted["name"] == "Zoé"
    assert admission.identity == granted["sub"]
    assert granted["video"]["room"] == meeting.id
    assert granted["video"]["roomJoin"] is True
    assert not {"roomAdmin", "roomCreate", "roomList", "recorder", "hidden"} & {
        k for k, v in granted["video"].items() if v
    }
    assert 60 <= granted["exp"] - granted["nbf"] <= 3600


async def test_who_shares_a_microphone_carries_that_into_the_call(
    entrance: Entrance, meeting: Meeting, tmp_path: Path
) -> None:
    """And nobody else does."""
    livekit = settings(tmp_path).livekit
    shared = claims((await entrance.admit(meeting.link, "Salle 3", shared_microphone=True)).token, livekit)
    alone = claims((await entrance.admit(meeting.link, "Zoé")).token, livekit)
    assert shared["attributes"] == {"greffier.shared_microphone": "true"}
    assert "attributes" not in alone


@pytest.mark.parametrize("model", [None, "/srv/models/community-1"])
async def test_whether_voices_are_told_apart_is_as_the_settings_say(
    tmp_path: Path, register: Register, calls: FakeCalls, meeting: Meeting, model: str | None
) -> None:
    """A page that asked for what nothing comes of would mislead."""
    entrance = Entrance(settings(tmp_path, diarization=Diarization(model=model)), register, calls)
    notice = await entrance.describe(meeting.link)
    assert notice is not None
    assert notice.voices_told_apart is (model is not None)


@pytest.mark.parametrize("speech", [None, "https://speech.example.org:8443/v1"])
@pytest.mark.parametrize("summary", [None, "https://models.example.org/some/v1"])
async def test_whoever_may_join_is_told_where_sound_and_words_go(
    tmp_path: Path, register: Register, calls: FakeCalls, meeting: Meeting, speech: str | None, summary: str | None
) -> None:
    """The hosts alone: the rest of an address is no concern of theirs."""
    sections = {"speech": Speech(endpoint=speech), "summary": Summary(endpoint=summary, model=summary and "m")}
    notice = await Entrance(settings(tmp_path, **sections), register, calls).describe(meeting.link)
    assert notice is not None
    assert notice.sound_goes_to == (speech and "speech.example.org")
    assert notice.words_go_to == (summary and "models.example.org")


async def test_everyone_is_somebody_else(entrance: Entrance, meeting: Meeting) -> None:
    """Two of the same name do not put each other out."""
    admissions = [await entrance.admit(meeting.link, "Claire") for _ in range(10)]
    assert len({admission.identity for admission in admissions}) == 10


async def test_an_unknown_link_leads_nowhere(entrance: Entrance, meeting: Meeting) -> None:
    """Nor does one that differs in one letter."""
    assert await entrance.describe(UNKNOWN) is None
    for link in (UNKNOWN, meeting.link.swapcase(), meeting.link[:-1], ""):
        with pytest.raises(UnknownLink):
            await entrance.admit(link, "Claire")


async def test_a_call_that_is_over_lets_nobody_in(entrance: Entrance, meeting: Meeting, register: Register) -> None:
    """Though LiveKit would make it again."""
    await register.end(meeting.id)
    with pytest.raises(CallOver):
        await entrance.admit(meeting.link, "Claire")


async def test_a_full_call_lets_nobody_in_until_somebody_leaves(
    entrance: Entrance, meeting: Meeting, calls: FakeCalls
) -> None:
    """At the limit itself."""
    calls.join(CallId(meeting.id), "Claire")
    await entrance.admit(meeting.link, "Marc")
    calls.join(CallId(meeting.id), "Marc")
    with pytest.raises(CallFull):
        await entrance.admit(meeting.link, "Sofia")
    calls.leave(CallId(meeting.id), "Claire")
    await entrance.admit(meeting.link, "Sofia")


@pytest.mark.parametrize("error", [CallServerUnreachable("away"), CallServerRefused("key")])
async def test_a_call_server_that_does_not_answer_is_said(
    entrance: Entrance, meeting: Meeting, calls: FakeCalls, error: Exception
) -> None:
    """Nobody gets a token that leads nowhere."""
    calls.failing = error  # type: ignore[assignment]
    with pytest.raises(CallServerAway):
        await entrance.admit(meeting.link, "Claire")
