"""A meeting from its sound to its transcript, with real voice activity and a recogniser that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from tests.fakes import following
from tests.fakes.speech import ScriptedRecogniser
from tests.unit.transcripts.sounds import FRAME_SAMPLES, Recorded, noise, record, speech
from transcripts.asking import HEARD_IN_VAIN, ROUNDS_LEFT
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import Transcript
from transcripts.diarization.voices import DiarizationFailed, Voiceprints, VoiceSpan
from transcripts.followed_track import FollowedTrack
from transcripts.following import Follower
from transcripts.recognition.heard_words import FILE, HeardWords, WindowKey
from transcripts.recognition.hearing import Hearing
from transcripts.recognition.meeting_words import MeetingWords
from transcripts.recognition.recogniser import Hints, RecognitionFailed
from transcripts.sound import Samples
from transcripts.storage.spool import MeetingId, Spool, StoredTrack

MEETING = MeetingId("m-1")
Sound = NDArray[np.int16]
CLAIRE, MARC = Recorded("Claire", "p-1", "TR_1"), Recorded("Marc", "p-2", "TR_2")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool on a clock that stands still."""
    return Spool(tmp_path, lambda: 1_780_000_000.0)


async def transcript_of(
    spool: Spool, recogniser: ScriptedRecogniser | None = None, ended_s: float | None = None
) -> Transcript:
    """What a follower makes of the meeting once it is over."""
    return await following.transcript_of(spool, MEETING, recogniser or ScriptedRecogniser(), "Point", ended_s=ended_s)


async def test_words_stand_where_they_were_said(spool: Spool) -> None:
    """On the meeting's clock: Nadia's voice, from 2.99 s to 10.8 s of a track that begins at 5 s."""
    record(spool, MEETING, CLAIRE, speech(0, 14), started_s=5.0)

    transcript = await transcript_of(spool)

    (turn,) = transcript.turns
    assert (turn.speaker, turn.language, turn.text) == ("Claire", "fr", "bonjour à tous")
    assert turn.start_s == pytest.approx(7.6, abs=0.2)
    assert turn.end_s == pytest.approx(16.2, abs=0.3)
    assert transcript.started_at.timestamp() == 1_780_000_000.0
    assert transcript.duration_s == pytest.approx(19.0)
    assert transcript.stats.audio_s == pytest.approx(14.0)
    assert transcript.stats.speech_s == pytest.approx(8.6, abs=0.4)
    assert (transcript.stats.tracks, transcript.stats.windows) == (1, 1)


@pytest.mark.parametrize("sound", [np.zeros(160_000, np.int16), noise(10), np.zeros(0, np.int16)])
async def test_silence_and_noise_never_reach_the_recogniser(spool: Spool, sound: np.ndarray) -> None:
    """Whisper would invent words; and whoever was silent was there all the same."""
    record(spool, MEETING, CLAIRE, sound)
    recogniser = ScriptedRecogniser()

    transcript = await transcript_of(spool, recogniser)

    assert recogniser.asked == []
    assert transcript.turns == ()
    assert transcript.speakers == ("Claire",)


async def test_a_window_that_holds_no_speech_after_all_is_left_out(spool: Spool) -> None:
    """The recogniser's own doubt counts."""
    record(spool, MEETING, CLAIRE, speech(0, 14))

    assert (await transcript_of(spool, ScriptedRecogniser(no_speech_probability=0.9))).turns == ()


async def test_a_meeting_without_sound_is_an_empty_transcript(spool: Spool) -> None:
    """Nobody came, or nobody had a microphone."""
    transcript = await transcript_of(spool)

    assert (transcript.turns, transcript.speakers, transcript.failed_tracks) == ((), (), ())


async def test_a_broken_track_leaves_the_others_standing_and_is_told(spool: Spool) -> None:
    """Whose it was, where that can still be known."""
    record(spool, MEETING, CLAIRE, speech(0, 14))
    record(spool, MEETING, MARC, speech(0, 14))
    record(spool, MEETING, Recorded("Sophie", "p-3", "TR_3"), speech(0, 14))
    claire, marc, _ = spool.tracks(MEETING)
    claire.path.with_suffix(".json").write_bytes(b"{")
    marc.path.unlink()

    transcript = await transcript_of(spool)

    assert [turn.speaker for turn in transcript.turns] == ["Sophie"]
    assert [track.speaker for track in transcript.failed_tracks] == [None, "Marc"]
    assert all(track.reason for track in transcript.failed_tracks)


async def test_a_track_on_which_recognition_gives_up_leaves_the_others_standing(spool: Spool) -> None:
    """It is told like a broken one."""
    record(spool, MEETING, CLAIRE, speech(0, 14))
    record(spool, MEETING, MARC, speech(24, 29))

    transcript = await transcript_of(
        spool, ScriptedRecogniser(gives_up_on=lambda windows: len(windows[0]) > 6 * 16_000)
    )

    assert [turn.speaker for turn in transcript.turns] == ["Marc"]
    assert [track.speaker for track in transcript.failed_tracks] == ["Claire"]


async def test_recognition_that_gives_up_on_everything_is_an_error(spool: Spool) -> None:
    """So that the job is tried again, instead of an empty transcript being posted."""
    record(spool, MEETING, CLAIRE, speech(0, 14))

    with pytest.raises(RecognitionFailed):
        await transcript_of(spool, ScriptedRecogniser(gives_up_on=lambda _: True))


async def test_a_quiet_track_is_heard_in_the_meeting_s_language(spool: Spool) -> None:
    """Four seconds of speech do not settle a language."""
    record(spool, MEETING, CLAIRE, np.concatenate([speech(0, 14), speech(0, 14)]))
    record(spool, MEETING, MARC, speech(24, 29))
    recogniser = ScriptedRecogniser(scores={"en": 0.8, "fr": 0.2})

    transcript = await transcript_of(spool, recogniser)

    assert [language for language, _ in recogniser.asked] == ["en", "en"]
    assert transcript.language == "en"


async def test_a_long_track_is_heard_a_batch_at_a_time(spool: Spool) -> None:
    """Memory does not grow with the meeting, and no window is left out."""
    record(spool, MEETING, CLAIRE, np.tile(speech(2.5, 11), 30))
    recogniser = ScriptedRecogniser()

    transcript = await transcript_of(spool, recogniser)

    assert [len(windows) for _, windows in recogniser.asked] == [1, 8, transcript.stats.windows - 9]
    assert sum(len(turn.words) for turn in transcript.turns) == 3 * transcript.stats.windows


async def test_what_no_recorder_heard_is_a_gap(spool: Spool) -> None:
    """Between two stays, and from the last one to the end of the call, where that is known."""
    for joined_s, left_s in ((0.0, 12.0), (15.0, 30.0)):
        writer = spool.writer(MEETING)
        writer.joined(joined_s)
        writer.left(left_s, over=False)
        writer.close()
    record(spool, MEETING, CLAIRE, speech(0, 12))

    ended = await transcript_of(spool, ended_s=42.0)

    assert ended.gaps == (Gap(12.0, 15.0), Gap(30.0, 42.0))
    assert ended.duration_s == 42.0
    assert (await transcript_of(spool)).gaps == (Gap(12.0, 15.0),)
    assert (await transcript_of(spool)).duration_s == 15.0


async def test_someone_who_came_back_is_one_person(spool: Spool) -> None:
    """Two tracks of one participant, one label."""
    record(spool, MEETING, CLAIRE, speech(0, 12))
    record(spool, MEETING, Recorded("Claire", "p-1", "TR_9"), speech(24, 29), started_s=30.0)

    transcript = await transcript_of(spool)

    assert transcript.speakers == ("Claire",)
    assert [turn.speaker for turn in transcript.turns] == ["Claire", "Claire"]


# While the call goes on


@asynccontextmanager
async def following_it(spool: Spool, recogniser: ScriptedRecogniser) -> AsyncIterator[Follower]:
    """A follower of the meeting, let go of at the end of the block."""
    async with Hearing(recogniser) as hearing:
        follower = Follower(MEETING, "Point", spool, hearing, languages=("fr", "en"))
        try:
            yield follower
        finally:
            await follower.leave_off()


class Speaking:
    """A meeting that is being recorded: everyone's sound comes in step, and is listened to."""

    def __init__(self, spool: Spool, *tracks: tuple[Recorded, Sound]) -> None:
        self._writer = spool.writer(MEETING)
        self._tracks = [(self._writer.open_track(track), sound) for track, sound in tracks]
        self._at = 0

    def until(self, at_s: float) -> None:
        """So far it has come."""
        for first in range(self._at, round(at_s * 16_000), FRAME_SAMPLES):
            for sink, sound in self._tracks:
                if first < len(sound):
                    sink.write(sound[first : first + FRAME_SAMPLES].astype("<i2").tobytes(), first / 16_000)
        self._at = round(at_s * 16_000)
        self._writer.sync()
        self._writer.listen()

    def over(self) -> None:
        """Everyone has hung up."""
        self._writer.close()


def long_speech(lasting_s: float) -> Sound:
    """Somebody who goes on and on."""
    return np.tile(speech(2.5, 11), 30)[: round(lasting_s * 16_000)]


async def look_and_hear(follower: Follower) -> None:
    """Look, and wait until all is heard that this brought to light."""
    await follower.look()
    await follower._words.until_done()


async def test_a_window_is_heard_as_soon_as_it_is_full(spool: Spool) -> None:
    """And no sooner; at the end only what was open is left to do."""
    recogniser = ScriptedRecogniser()
    speaking = Speaking(spool, (CLAIRE, long_speech(100)))
    async with following_it(spool, recogniser) as follower:
        heard = []
        for at_s in (20, 40, 60, 80, 100):
            speaking.until(at_s)
            await look_and_hear(follower)
            heard.append(len(recogniser.asked))
        assert follower.unheard_s > 0
        speaking.over()
        transcript = await follower.finish(None)
        assert follower.unheard_s == 0
    assert heard == sorted(heard)
    assert heard[0] == 0
    assert heard[-1] >= 3
    assert transcript.stats.times_heard == transcript.stats.windows == len(recogniser.asked)
    assert transcript.stats.heard_after_the_call <= 2


async def test_a_follower_goes_on_where_another_was_killed(spool: Spool) -> None:
    """The transcript is the same as though nothing had happened, and no window was heard twice."""
    tracks = (CLAIRE, long_speech(150)), (MARC, np.concatenate([noise(20, level=20), long_speech(90)]))
    speaking, recogniser = Speaking(spool, *tracks), ScriptedRecogniser()
    for at_s in (50, 100, 150):
        speaking.until(at_s)
        async with following_it(spool, recogniser) as follower:
            await look_and_hear(follower)
    speaking.over()
    interrupted = await transcript_of(spool, recogniser)
    (spool.folder(MEETING) / FILE).unlink()
    whole = await transcript_of(spool, ScriptedRecogniser())
    assert interrupted.turns == whole.turns
    assert sum(len(lengths_s) for _, lengths_s in recogniser.asked) == whole.stats.windows


async def test_where_many_windows_are_open_those_who_fell_silent_are_heard_early(spool: Spool) -> None:
    """So that little is left at the end, however many people are there; whom a few seconds are enough for wait."""
    recogniser = ScriptedRecogniser()
    silent = [Recorded(f"Claire {n}", f"p-{n}", f"TR_silent_{n}") for n in range(6)]
    pause = np.zeros(4_000_000, np.int16)
    speaking = Speaking(
        spool,
        *((one, np.concatenate([pause[: n * 160_000], long_speech(12), pause])) for n, one in enumerate(silent)),
        (MARC, np.tile(long_speech(240), 2)),
    )
    async with following_it(spool, recogniser) as follower:
        for at_s in range(20, 241, 5):
            speaking.until(at_s)
            await look_and_hear(follower)
        early = [key.track for key in follower._words.heard if "silent" in key.track]
        speaking.over()
        transcript = await follower.finish(None)
    assert len(early) == 7 - ROUNDS_LEFT
    assert transcript.stats.times_heard == transcript.stats.windows


async def test_what_may_be_heard_in_vain_has_a_bound(spool: Spool) -> None:
    """Everybody speaks now and then, so that whoever is heard early may have been heard in vain."""
    recogniser = ScriptedRecogniser()
    turn, pause = long_speech(12), np.zeros(30 * 16_000, np.int16)
    people = [Recorded(f"Claire {n}", f"p-{n}", f"TR_{n}") for n in range(8)]
    tracks = [
        (
            one,
            np.concatenate(
                [pause[: n * 5 * 16_000], *[np.concatenate([turn[: (4 + k % 8) * 16_000], pause]) for k in range(16)]]
            ),
        )
        for n, one in enumerate(people)
    ]
    speaking = Speaking(spool, *tracks)
    async with following_it(spool, recogniser) as follower:
        for at_s in range(10, 620, 5):
            speaking.until(at_s)
            await look_and_hear(follower)
        speaking.over()
        transcript = await follower.finish(None)
    in_vain = transcript.stats.times_heard - transcript.stats.windows
    assert 0 < in_vain <= HEARD_IN_VAIN * transcript.stats.speech_s / 30 + len(people)


async def test_whoever_has_left_is_heard_at_once(spool: Spool) -> None:
    """Their track cannot grow any more: when the last of them has left, nothing remains to be heard."""
    recogniser = ScriptedRecogniser()
    speaking = Speaking(spool, (CLAIRE, long_speech(12)), (MARC, np.concatenate([noise(14, level=20), speech(24, 29)])))
    async with following_it(spool, recogniser) as follower:
        speaking.until(20)
        await look_and_hear(follower)
        assert recogniser.asked == []
        speaking.over()
        await look_and_hear(follower)
        await look_and_hear(follower)
        assert follower.unheard_s == 0
        transcript = await follower.finish(None)
    assert transcript.stats.heard_after_the_call == 0
    assert transcript.stats.times_heard == transcript.stats.windows == 2


async def test_a_track_that_was_taken_for_another_language_is_heard_again(spool: Spool) -> None:
    """Once, when the language is settled; whoever says little is taken for what the others speak."""
    record(spool, MEETING, CLAIRE, long_speech(60))
    record(spool, MEETING, MARC, speech(24, 29))
    recogniser = ScriptedRecogniser(scores={"fr": 0.2, "en": 0.8})
    async with following_it(spool, recogniser) as follower:
        await look_and_hear(follower)
        mistaken = {key: replace(heard, language="fr") for key, heard in follower._words.heard.items()}
        follower._words._known.windows.update(mistaken)
        await follower.finish(None)
    assert mistaken
    assert {language for language, _ in recogniser.asked} == {"en"}
    journal = HeardWords(spool.folder(MEETING) / FILE).read()
    assert {heard.language for heard in journal.windows.values()} == {"en"}
    assert journal.times == len(journal.windows) + len(mistaken)


async def test_nothing_is_known_to_wait_before_anybody_has_looked(spool: Spool) -> None:
    """Whoever tells the register of it may ask before the journal is read."""
    async with following_it(spool, ScriptedRecogniser()) as follower:
        assert follower.unheard_s == 0.0


async def test_what_waits_is_asked_for_once(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far recognition is behind, a look costs what is new."""
    asked: list[WindowKey] = []
    hear = MeetingWords.hear

    def counted(words: MeetingWords, key: WindowKey, *what: Any) -> None:
        asked.append(key)
        hear(words, key, *what)

    async def never(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(MeetingWords, "hear", counted)
    monkeypatch.setattr(Hearing, "hear", never)
    speaking = Speaking(spool, (CLAIRE, long_speech(200)))
    async with Hearing(ScriptedRecogniser()) as hearing:
        follower = Follower(MEETING, "Point", spool, hearing, languages=("fr",))
        for at_s in range(20, 201, 20):
            speaking.until(at_s)
            await follower.look()
        await follower.leave_off()
    assert len(asked) >= 5
    assert len(asked) == len(set(asked))


async def test_a_window_that_waits_is_cut_from_what_is_known_when_its_turn_comes(spool: Spool) -> None:
    """Of what was known when it began to wait, it keeps nothing: with hundreds that wait that would be much."""
    record(spool, MEETING, CLAIRE, speech(0, 14))
    (stored,) = spool.tracks(MEETING)
    assert isinstance(stored, StoredTrack)
    track = FollowedTrack(stored)
    track.take_up(stored)
    cut = track.sound_of(next(iter(track.windows)))
    assert cut().any()
    track.take_up(replace(stored, speech=stored.speech.model_copy(update={"muted": ((0, stored.samples),)})))
    assert not cut().any()


async def test_names_and_title_are_hints(spool: Spool) -> None:
    """Of everyone with a microphone, in the same order whoever came first."""
    record(spool, MEETING, MARC, speech(0, 14), started_s=5.0)
    record(spool, MEETING, CLAIRE, speech(0, 14))
    recogniser = ScriptedRecogniser()
    await transcript_of(spool, recogniser)
    assert set(recogniser.hinted) == {Hints(("Claire", "Marc"), "Point")}


async def test_a_window_that_is_missing_is_told_with_the_words_that_are_there(spool: Spool) -> None:
    """Whose words they are, and that it is only some of them."""
    record(spool, MEETING, CLAIRE, long_speech(60))
    recogniser = ScriptedRecogniser(gives_up_on=lambda windows: any(len(one) < 20 * 16_000 for one in windows))

    transcript = await transcript_of(spool, recogniser)

    assert transcript.turns
    assert [(track.speaker, track.partly) for track in transcript.failed_tracks] == [("Claire", True)]


async def test_a_fault_of_the_engine_costs_the_window_that_it_is_about(spool: Spool) -> None:
    """Whatever an engine raises: the other windows of its batch, and the meeting, have their words; it is told."""
    record(spool, MEETING, CLAIRE, long_speech(60))
    record(spool, MEETING, MARC, speech(24, 29))
    recogniser = ScriptedRecogniser()
    recogniser.gives_up_on = lambda windows: bool([1 / (len(one) > 6 * 16_000) for one in windows] and False)

    with capture_logs() as logs:
        transcript = await transcript_of(spool, recogniser)

    assert {turn.speaker for turn in transcript.turns} == {"Claire"}
    assert [(track.speaker, track.reason) for track in transcript.failed_tracks] == [
        ("Marc", "a fault while it was heard (ZeroDivisionError)")
    ]
    assert [entry["log_level"] for entry in logs] == ["warning"] * (len(logs) - 1) + ["error"]


async def test_what_failed_during_the_call_is_tried_again_at_its_end(spool: Spool) -> None:
    """The server of the engine was away for a while, say."""
    record(spool, MEETING, CLAIRE, long_speech(60))
    away = True
    recogniser = ScriptedRecogniser(gives_up_on=lambda _: away)
    async with following_it(spool, recogniser) as follower:
        await look_and_hear(follower)
        away = False
        transcript = await follower.finish(None)
    assert transcript.turns
    assert transcript.failed_tracks == ()


async def test_many_meetings_are_heard_with_the_same_ears(tmp_path: Path) -> None:
    """Each gets its own words, and the one that is over first is done first."""
    spools = [Spool(tmp_path / str(number), lambda: 1_780_000_000.0) for number in range(6)]
    for number, spool in enumerate(spools):
        record(spool, MEETING, Recorded(f"Claire {number}"), speech(0, 14))
    async with Hearing(ScriptedRecogniser()) as hearing:
        followers = [Follower(MEETING, "", spool, hearing, languages=("fr",)) for spool in spools]
        done = await asyncio.gather(*(follower.finish(None) for follower in followers))
    assert [made.speakers for made in done] == [(f"Claire {number}",) for number in range(6)]
    assert all(made.turns for made in done)


async def test_a_clock_that_jumps_costs_nobody_their_words(tmp_path: Path) -> None:
    """The recorder's machine is set right in the middle: what is said later stands later, and all of it is there."""
    now = 1_780_000_000.0
    spool = Spool(tmp_path, lambda: now)
    record(spool, MEETING, CLAIRE, speech(0, 14))
    now += 7200
    record(spool, MEETING, Recorded("Claire", "p-1", "TR_2"), speech(0, 14))
    now -= 9000
    record(spool, MEETING, MARC, speech(0, 14))

    transcript = await transcript_of(spool)

    assert sorted(word.text for turn in transcript.turns for word in turn.words) == sorted(
        3 * [" bonjour", " à", " tous"]
    )
    assert transcript.duration_s == pytest.approx(7214.0)
    assert transcript.speakers == ("Claire", "Marc")


# Several people at one microphone


class NoVoiceprints:
    """Knows no voice, so that nothing is noticed."""

    between_voices = np.ones(2)

    def of(self, speech: Samples) -> None:
        """See `Voiceprints`."""


class ScriptedVoices:
    """Tells voices apart at a fixed moment: one speaks before it, another after it."""

    def __init__(self, changes_s: float = 6.0, *, gives_up: bool = False, silent_s: float = 0.0) -> None:
        self.pushed_samples = 0
        self._changes_s = changes_s
        self._silent = (VoiceSpan(0, 0.0, silent_s),) if silent_s else ()
        self._gives_up = gives_up

    @property
    def voiceprints(self) -> Voiceprints:
        """See `Diarizer`."""
        return NoVoiceprints()

    def begin(self) -> ScriptedVoices:
        """See `Diarizer`."""
        return self

    def push(self, sound: Samples) -> None:
        """See `VoicesOfTrack`."""
        self.pushed_samples += len(sound)

    def finish(self) -> tuple[VoiceSpan, ...]:
        """See `VoicesOfTrack`."""
        if self._gives_up:
            raise DiarizationFailed("told to give up")
        first = len(self._silent)
        return (*self._silent, VoiceSpan(first, 0.0, self._changes_s), VoiceSpan(first + 1, self._changes_s, 100.0))


async def of_shared_microphone(spool: Spool, voices: ScriptedVoices | None) -> Transcript:
    """The transcript of a meeting room in which two people speak, of which somebody said so by command."""
    record(spool, MEETING, Recorded("Salle 3"), speech(0, 14))
    async with Hearing(ScriptedRecogniser()) as hearing:
        follower = Follower(MEETING, "", spool, hearing, languages=("fr",), voices=voices)
        await follower.look(["salle 3"])
        return await follower.finish(None, ["salle 3"])


async def test_voices_at_a_shared_microphone_have_their_own_words(spool: Spool) -> None:
    """Under the name of the microphone; all of its sound was listened to, once."""
    voices = ScriptedVoices()

    transcript = await of_shared_microphone(spool, voices)

    assert [(turn.speaker, turn.text) for turn in transcript.turns] == [
        ("Salle 3 — voix 1", "bonjour"),
        ("Salle 3 — voix 2", "à tous"),
    ]
    assert transcript.speakers == ("Salle 3 — voix 1", "Salle 3 — voix 2")
    assert transcript.unseparated == ()
    assert voices.pushed_samples == 14 * 16_000


async def test_voices_are_numbered_by_their_first_words(spool: Spool) -> None:
    """A voice of which no word was recognised, such as a cough, has no number."""
    transcript = await of_shared_microphone(spool, ScriptedVoices(silent_s=0.2))

    assert transcript.speakers == ("Salle 3 — voix 1", "Salle 3 — voix 2")
    assert transcript.turns[0].speaker == "Salle 3 — voix 1"


async def test_voices_are_numbered_as_they_were_heard_first(spool: Spool) -> None:
    """Whichever track came to be known first: two recorders count theirs each from nought."""
    for track, started_s in (("TR_2", 60.0), ("TR_1", 0.0)):
        record(spool, MEETING, Recorded("Salle 3", "p-1", track), speech(0, 14), started_s=started_s)
    async with Hearing(ScriptedRecogniser()) as hearing:
        follower = Follower(MEETING, "", spool, hearing, languages=("fr",), voices=ScriptedVoices())
        await follower.look(["Salle 3"])
        transcript = await follower.finish(None, ["Salle 3"])
    assert [turn.speaker for turn in transcript.turns] == [f"Salle 3 — voix {n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("voices", [None, ScriptedVoices(gives_up=True)], ids=["nobody can", "the model gives up"])
async def test_voices_that_cannot_be_told_apart_are_told(spool: Spool, voices: ScriptedVoices | None) -> None:
    """The words are there, under one name."""
    transcript = await of_shared_microphone(spool, voices)

    assert [turn.speaker for turn in transcript.turns] == ["Salle 3"]
    assert transcript.unseparated == ("Salle 3",)
