"""What Greffier does about each command: decide, act once, answer with one sentence.

Handling the same message again does nothing new: a meeting is registered by the command's event id, a signal and a
reply are sent under ids derived from it.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

import structlog

from bot.commands import parsing as commands
from bot.commands.permissions import may_change_settings, may_end, may_start
from bot.commands.shared_microphones import SharedMicrophones, own_names
from bot.durable.signals import Signal, tell
from bot.meeting.looking import look_at_call
from bot.meeting.meetings import Meetings
from bot.room.card import CardState, heading, join_url, state_line
from bot.room.posting import Rooms, transaction_id
from bot.room.wording import Wording, in_language
from bot.store.insisting import insist
from bot.store.register import Meeting, Register
from bridge.livekit.calls import Calls
from bridge.matrix.errors import HomeserverError
from bridge.matrix.events import RoomMessage
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.outbound import Content, notice, reply_to
from bridge.web.names import MAX_CHARACTERS as MAX_NAME_CHARS
from config.models import Language, Settings
from transcripts.rendering.typography import colon

log = structlog.get_logger()


class Rights(Protocol):
    """What is needed of the homeserver to know who may do what."""

    async def power_level(self, room_id: RoomId, user: UserId) -> int:
        """The user's power level in the room."""

    async def members(self, room_id: RoomId) -> dict[UserId, str]:
        """Who is in the room, under which name."""


class Answers:
    """Answers commands."""

    def __init__(
        self, settings: Settings, register: Register, meetings: Meetings, calls: Calls, rooms: Rooms, rights: Rights
    ) -> None:
        self._settings = settings
        self._register = register
        self._meetings = meetings
        self._calls = calls
        self._rooms = rooms
        self._rights = rights
        self._microphones = SharedMicrophones(register, calls)

    async def answer(self, message: RoomMessage) -> None:
        """Do what the message asks for; a database that is away is waited for.

        Raises:
            HomeserverError: The homeserver was away or refused; trying again later does no harm.
        """
        command = commands.parse(message.body)
        if command is None:
            return
        log.info("command received", command=type(command).__name__, room_id=message.room_id, sender=message.sender)
        language = await insist(partial(self._register.language_of, message.room_id), where="commands")
        language = language or self._settings.rooms.language
        wording = in_language(language)
        try:
            answer = await insist(partial(self._carry_out, command, message, wording), where="commands")
        except HomeserverError:
            raise
        except Exception:
            log.exception("command failed: a fault of Greffier's own", room_id=message.room_id)
            answer = notice(wording.internal_fault)
        if answer is not None:
            content = reply_to(message.event_id, answer)
            txn_id = transaction_id("reply", message.event_id)
            await self._rooms.send(message.room_id, "m.room.message", content, txn_id)

    async def _carry_out(self, command: commands.Command, message: RoomMessage, wording: Wording) -> Content | None:
        """Act; returns the answer, or None where the card is the answer."""
        match command:
            case commands.Start(title):
                return await self._start(message, title or "", wording)
            case commands.End():
                return notice(await self._end(message, wording))
            case commands.StopTranscription():
                return notice(await self._stop_transcription(message, wording))
            case commands.ShareMicrophone(name):
                return notice(await self._share_microphone(message, name, wording))
            case commands.Status():
                return notice(await self._status(message, wording))
            case commands.SetLanguage(chosen):
                return notice(await self._set_language(message, chosen, wording))
            case commands.Help():
                return _help(wording)
            case commands.Misuse(why):
                return notice(_correction(why, wording))

    async def _start(self, message: RoomMessage, title: str, wording: Wording) -> Content | None:
        level = await self._rights.power_level(message.room_id, message.sender)
        if not may_start(message.sender, level, self._settings.permissions):
            return notice(wording.may_not_start)
        meeting = await self._register.open(
            message.room_id,
            message.event_id,
            opened_by=message.sender,
            title=title,
            language=wording.language,
            transcribed=self._settings.calls.transcribe,
        )
        if meeting.command_id != message.event_id:
            return notice(wording.already_open.format(link=join_url(meeting, self._settings.web.public_url)))
        await self._meetings.begin(meeting.id)
        return None

    async def _end(self, message: RoomMessage, wording: Wording) -> str:
        meeting = await self._register.open_in(message.room_id)
        if meeting is None:
            return wording.no_call.format(command=wording.help["start"].typed)
        level = await self._rights.power_level(message.room_id, message.sender)
        if not may_end(message.sender, level, meeting.opened_by, self._settings.permissions):
            return wording.may_not_end
        await tell(meeting.id, Signal("end", by=await self._name_of(message)), once=message.event_id)
        return wording.ending

    async def _stop_transcription(self, message: RoomMessage, wording: Wording) -> str:
        """Anyone in the room may stop being transcribed: no power level is asked for."""
        meeting = await self._register.open_in(message.room_id)
        if meeting is None:
            return wording.no_call.format(command=wording.help["start"].typed)
        if not meeting.transcribed:
            return wording.already_not_transcribed
        await tell(meeting.id, Signal("stop_transcription", by=await self._name_of(message)), once=message.event_id)
        return wording.stopping_transcription

    async def _share_microphone(self, message: RoomMessage, name: str | None, wording: Wording) -> str:
        """Anyone in the room may say it: nobody's words are lost by it."""
        meeting = await self._register.latest_in(message.room_id)
        if meeting is None or meeting.finished_at is not None:
            return wording.no_call.format(command=wording.help["start"].typed)
        if not meeting.transcribed:
            return wording.already_not_transcribed
        if self._settings.diarization.model is None:
            return wording.voices_not_told_apart
        names = [name] if name else own_names((await self._rights.members(message.room_id)).get(message.sender))
        return await self._microphones.share(meeting, names, wording)

    async def _status(self, message: RoomMessage, wording: Wording) -> str:
        meeting = await self._register.latest_in(message.room_id)
        if meeting is None or meeting.finished_at is not None:
            return wording.no_call.format(command=wording.help["start"].typed)
        name = heading(meeting.title, wording)
        if meeting.ended_at is not None:
            return wording.status_transcribing.format(title=name)
        return wording.status_open.format(
            title=name,
            state=await self._state(meeting, wording),
            link=join_url(meeting, self._settings.web.public_url),
        )

    async def _state(self, meeting: Meeting, wording: Wording) -> str:
        seen = await look_at_call(self._calls, meeting)
        if seen.people is None:
            return wording.status_unknown
        state = CardState(present=seen.present, attended=seen.present)
        return state_line(meeting, state, wording, self._settings.rooms.zone)

    async def _set_language(self, message: RoomMessage, chosen: Language, wording: Wording) -> str:
        level = await self._rights.power_level(message.room_id, message.sender)
        if not may_change_settings(level, self._settings.permissions):
            return wording.may_not_change
        await self._register.set_language(message.room_id, chosen)
        return in_language(chosen).language_set

    async def _name_of(self, message: RoomMessage) -> str:
        return (await self._rights.members(message.room_id)).get(message.sender, message.sender)


def _help(wording: Wording) -> Content:
    to = colon(wording.language)
    text = "\n".join([wording.help_title, *(f"{typed}{to}{what}" for typed, what in wording.help.values())])
    items = "".join(f"<li><code>{typed}</code>{to}{what}</li>" for typed, what in wording.help.values())
    return notice(text, f"<p>{wording.help_title}</p><ul>{items}</ul>")


def _correction(why: commands.Mistake, wording: Wording) -> str:
    if why == "title_too_long":
        return wording.title_too_long.format(max=commands.MAX_TITLE_CHARS)
    if why == "bad_name":
        return wording.bad_name.format(max=MAX_NAME_CHARS)
    return wording.which_language.format(command=wording.help["language"].typed)
