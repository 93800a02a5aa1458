"""One window by a server and by this machine, with the same model behind both: the same words at the same times."""

from __future__ import annotations

import asyncio

from config.models import Speech
from tests.fakes.openai_server import FakeOpenAIServer, heard_by
from tests.stack.speech_model import recognised, speech_model
from tests.unit.transcripts.sounds import speech
from transcripts.recognition import openai_compatible, whisper
from transcripts.recognition.recogniser import DecodingOptions
from transcripts.sound import as_float


async def test_a_server_s_words_are_those_of_the_model_behind_it() -> None:
    """Although its list of words has no spaces and no punctuation."""
    here = await asyncio.to_thread(whisper.load, Speech(model=str(speech_model()), device="cpu"))
    window = as_float(speech(2.5, 11.003))
    async with FakeOpenAIServer() as server:
        server.transcribes = heard_by(here)
        there = await asyncio.to_thread(openai_compatible.load, Speech(model="base", endpoint=server.url))
        (by_server,) = await asyncio.to_thread(recognised, there, [window], "fr")
        (open_to_both,) = await asyncio.to_thread(there.recognise, [window], DecodingOptions(("en", "fr")))
    (by_machine,) = await asyncio.to_thread(recognised, here, [window], "fr")

    assert "".join(word.text for word in by_server.words) == "".join(word.text for word in by_machine.words)
    assert any(word.text.endswith((",", ".", "?")) for word in by_server.words)
    assert len(by_server.words) == len(by_machine.words) > 10
    for mine, other in zip(by_server.words, by_machine.words, strict=True):
        assert abs(mine.start_s - other.start_s) < 0.001
        assert abs(mine.end_s - other.end_s) < 0.001
    assert by_server.no_speech_probability == by_machine.no_speech_probability
    assert (open_to_both.language, open_to_both.recognition) == ("fr", by_server)
