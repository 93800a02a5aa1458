"""The call while it goes on: its card kept true, its recording kept going, and its end noticed.

Part of a meeting's workflow (see `bot.meeting.meetings`): between steps there is no clock, no chance and no reading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import structlog

from bot.durable.enqueueing import enqueue_recording, enqueue_transcription
from bot.durable.jobs import DISK_FULL, STORAGE_AWAY
from bot.durable.signals import Signal, next_signal
from bot.durable.workflows import step, version_of
from bot.meeting.call_watch import Seen, Watch, judge
from bot.meeting.steps import LIVE_PATIENCE_S, MeetingSteps
from bot.room.card import CardState
from bot.room.wording import Wording, duration
from bot.store.register import Meeting
from bridge.matrix.ids import EventId
from config.models import Calls

log = structlog.get_logger()

LOOK_EVERY_S = 15.0
"""How often the call is looked at when nothing is heard of it: webhooks are hints, and may be lost."""
LOOK_AGAIN_S = 5.0
"""How often once everybody seems to be gone."""
BURST_S = 0.3
"""People come and go in bursts; one look serves all that is heard within this time."""
MOST_IN_A_BURST = 20
"""Where they never stop, as when hundreds join, the call is looked at all the same."""


@dataclass(frozen=True)
class Followed:
    """What is known of a call."""

    watch: Watch
    transcribed: bool
    limits: Calls
    """Those of its beginning, whatever the configuration says by now."""
    recording: int = 0
    """Which recording of this call is going on, from 1; 0 before the first."""
    transcription: int = 0
    """Which job follows it and is to transcribe it, from 1; 0 before the first."""
    recording_over: Signal | None = None
    storage_is_away: bool = False
    said: int = 0
    """How many sentences about the recording have been said in the room."""
    remarks: tuple[str, ...] = ()
    """Sentences for the card."""

    def remark(self, sentence: str) -> Followed:
        """With one more sentence on the card."""
        return replace(self, remarks=(*self.remarks, sentence))

    def as_shown(self) -> CardState:
        """What the card says of it."""
        present = len(self.present)
        return CardState(present=present, attended=len(self.watch.attended), remarks=self.remarks)

    present: tuple[str, ...] = ()
    """Who was in it at the last look that LiveKit answered."""


class Following:
    """Follows calls, each inside its meeting's workflow."""

    def __init__(self, steps: MeetingSteps) -> None:
        self._steps = steps

    async def until_over(self, meeting: Meeting, card_id: EventId, followed: Followed, wording: Wording) -> Followed:
        """Follow a call until it is over, or is to be."""
        shown, edits = CardState(), 0
        while True:
            seen = await step("look at the call", partial(self._steps.look, meeting))
            watch, verdict = judge(followed.watch, seen, followed.limits)
            followed = replace(followed, watch=watch, present=_present(followed, seen))
            if verdict == "over":
                return followed
            if verdict == "overdue":
                longest = duration(followed.limits.max_duration_min * 60)
                return followed.remark(wording.time_limit.format(duration=longest))
            if verdict == "lost":
                await step("open the call again", partial(self._steps.open_again, meeting))
            followed = await self._keep_recording(meeting, followed)
            if followed.as_shown() != shown:
                shown, edits = followed.as_shown(), edits + 1
                as_it_is = replace(meeting, transcribed=followed.transcribed)
                edit = partial(self._steps.edit_card, as_it_is, card_id, shown, _counted(edits))
                await step("edit the card", edit)
            signal = await _heard(LOOK_EVERY_S if watch.has_people or not watch.attended else LOOK_AGAIN_S)
            if signal is not None and signal.kind == "end":
                return followed.remark(wording.ended_by.format(user=signal.by))
            if signal is not None:
                followed = await self._act_on(signal, meeting, followed, wording)

    async def last_words(self, meeting: Meeting, followed: Followed, wording: Wording) -> Followed:
        """Take in what was told before the call was closed, most of all that it is not to be transcribed."""
        while (signal := await next_signal(0.0)) is not None:
            if signal.kind == "stop_transcription":
                followed = await self._act_on(signal, meeting, followed, wording)
            elif signal.kind == "recording_over":
                followed = replace(followed, recording_over=signal)
            elif signal.problem == STORAGE_AWAY:
                followed = replace(followed, storage_is_away=True)
        return followed

    async def _keep_recording(self, meeting: Meeting, followed: Followed) -> Followed:
        """Have the call recorded and followed; again where it goes on although its recorder took it for over."""
        if followed.transcribed and not followed.transcription:
            await enqueue_transcription(meeting.id)
            followed = replace(followed, transcription=1)
        was_told_so = followed.recording_over is not None and not followed.recording_over.problem
        if not followed.transcribed or (followed.recording and not (was_told_so and followed.watch.has_people)):
            return followed
        await enqueue_recording(meeting.id, followed.recording + 1)
        return replace(followed, recording=followed.recording + 1, recording_over=None)

    async def _act_on(self, signal: Signal, meeting: Meeting, followed: Followed, wording: Wording) -> Followed:
        """What a signal means while the call goes on."""
        match signal.kind:
            case "closed":
                return replace(followed, watch=replace(followed.watch, closed=True))
            case "stop_transcription" if followed.transcribed:
                await step("stop the recording", partial(self._steps.stop_recording, meeting))
                followed = replace(followed, transcribed=False)
                return followed.remark(wording.transcription_stopped.format(user=signal.by))
            case "recording_broken" | "recording_resumed" if followed.transcribed:
                return await self._say(_about_recording(signal, followed, wording), signal, meeting, followed)
            case "recording_over":
                followed = replace(followed, recording_over=signal)
                if not followed.transcribed:
                    await step("erase the sound", partial(self._steps.erase_sound, meeting))
                    return followed
                if signal.problem:
                    return await self._say(_about_recording(signal, followed, wording), signal, meeting, followed)
                # Its recorder was told that the call is over; whether that is so, the next look shows.
                return replace(followed, watch=replace(followed.watch, closed=True))
            case _:
                return followed

    async def _say(self, sentence: str, signal: Signal, meeting: Meeting, followed: Followed) -> Followed:
        number = followed.said + 1
        say = partial(self._steps.say, meeting, f"recording {_counted(number)}", sentence, LIVE_PATIENCE_S)
        await step("say how the recording goes", say)
        away = signal.kind == "recording_broken" and signal.problem == STORAGE_AWAY
        return replace(followed, said=number, storage_is_away=away)


def _counted(number: int) -> str:
    """A later version that holds the meeting anew counts anew, and says other things than those said before it."""
    return f"{version_of('front')}.{number}"


def _present(followed: Followed, seen: Seen) -> tuple[str, ...]:
    return followed.present if seen.people is None else seen.people


def _about_recording(signal: Signal, followed: Followed, wording: Wording) -> str:
    if signal.kind == "recording_resumed":
        return wording.storage_back if followed.storage_is_away else wording.recording_resumed
    by_problem = {DISK_FULL: wording.disk_full, STORAGE_AWAY: wording.storage_away}
    return by_problem.get(signal.problem, wording.recording_broken)


async def _heard(within_s: float) -> Signal | None:
    """The next signal; a burst of those that only say to look counts as one."""
    signal = await next_signal(within_s)
    for _ in range(MOST_IN_A_BURST):
        if signal is None or signal.kind != "look":
            break
        following = await next_signal(BURST_S)
        if following is None:
            break
        signal = following
    return signal
