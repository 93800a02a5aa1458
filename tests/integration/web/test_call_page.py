"""The call as the page shows it: the recorder's presence, chat, the end, a lost connection."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from livekit import api, rtc
from playwright.async_api import expect

from bridge.web.door import Admission, CallNotice
from tests.integration.web.conftest import ServedPage, serving_page
from tests.integration.web.listening import WITHIN_S, in_the_call
from tests.integration.web.visiting import join, visiting
from tests.stack.livekit import running_livekit

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPEN = CallNotice("Point budget", "fr", "open", transcribed=True)


async def test_the_banner_shows_the_recorder_come_and_go_and_nobody_sees_it_as_a_participant(
    browser: Browser, page_server: ServedPage
) -> None:
    """The room itself is believed, also where the door had announced no transcription."""
    link = page_server.door.open_call(CallNotice("Point budget", "fr", "open", transcribed=False))
    async with visiting(browser, page_server.link(link)) as page:
        await join(page)
        await expect(page.get_by_text("Cet appel est transcrit")).to_have_count(0)
        token = page_server.door.recorder_token(link)
        async with in_the_call(Admission(page_server.door.server.url, token, "greffier-recorder", "")):
            await expect(page.get_by_role("region", name="Cet appel est transcrit")).to_contain_text(
                "Transcription en cours"
            )
            await expect(page.get_by_text("1 participant", exact=True)).to_be_visible()
        await expect(page.get_by_text("Cet appel est transcrit")).to_have_count(0)


async def test_who_is_in_the_call_is_told_when_the_transcription_is_stopped(
    browser: Browser, page_server: ServedPage
) -> None:
    """The recorder leaves, and the page asks whether it will come back; nothing then promises a transcript."""
    link = page_server.door.open_call(OPEN)
    async with visiting(browser, page_server.link(link)) as page:
        await join(page)
        token = page_server.door.recorder_token(link)
        async with in_the_call(Admission(page_server.door.server.url, token, "greffier-recorder", "")):
            await expect(page.get_by_text("Transcription en cours")).to_be_visible()
            page_server.door.notices[link] = replace(OPEN, transcribed=False)
        banner = page.get_by_role("region", name="La transcription a été arrêtée")
        await expect(banner).to_contain_text("Ce qui était enregistré est effacé")
        await page.get_by_role("button", name="Quitter").click()
        await expect(page.get_by_role("heading", name="Vous avez quitté l’appel")).to_be_visible()
        await expect(page.get_by_text("La transcription paraîtra")).to_have_count(0)


async def test_chat_goes_both_ways_as_plain_text_and_unread_messages_are_counted(
    browser: Browser, page_server: ServedPage
) -> None:
    """In the button's words for those who do not see its badge; the focus comes back to it."""
    link = page_server.door.open_call(OPEN)
    async with (
        visiting(browser, page_server.link(link)) as page,
        in_the_call(await page_server.door.admit(link, "Marc")) as marc,
    ):
        received: asyncio.Queue[rtc.TextStreamReader] = asyncio.Queue()
        marc.register_text_stream_handler("lk.chat", lambda reader, _sender: received.put_nowait(reader))
        await join(page)
        await expect(page.get_by_text("2 participants")).to_be_visible()
        await marc.local_participant.send_text("<b>Bonjour</b>", topic="lk.chat")
        await page.get_by_role("button", name="Ouvrir la discussion, 1 nouveau message").click()
        await expect(page.get_by_role("log")).to_contain_text("<b>Bonjour</b>")
        await page.get_by_label("Votre message").fill("À tous")
        await page.keyboard.press("Enter")
        async with asyncio.timeout(WITHIN_S):
            assert await (await received.get()).read_all() == "À tous"
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Ouvrir la discussion", exact=True)).to_be_focused()


async def test_a_call_that_is_closed_sends_everyone_to_a_page_that_says_so(
    browser: Browser, page_server: ServedPage
) -> None:
    """With what comes next, and without a way back into a call that is no more."""
    link = page_server.door.open_call(OPEN)
    server = page_server.door.server
    async with visiting(browser, page_server.link(link)) as page:
        await join(page)
        await expect(page.get_by_role("listitem").filter(has_text="Claire")).to_be_visible()
        async with api.LiveKitAPI(server.api_url, server.api_key, server.api_secret) as livekit:
            await livekit.room.delete_room(api.DeleteRoomRequest(room=link))
        await expect(page.get_by_role("heading", name="L’appel est terminé")).to_be_focused()
        await expect(page.get_by_text("La transcription paraîtra dans le salon")).to_be_visible()
        await expect(page.get_by_role("button", name="Revenir à l’appel")).to_have_count(0)


async def test_a_lost_connection_is_told_while_it_is_tried_again(browser: Browser, tmp_path: Path) -> None:
    """The server goes away and comes back: the page says both, and the person is in the call again."""
    async with (
        running_livekit(tmp_path) as server,
        serving_page(server) as page_server,
        visiting(browser, page_server.link(page_server.door.open_call(OPEN))) as page,
    ):
        await join(page)
        await expect(page.get_by_role("listitem").filter(has_text="Claire")).to_be_visible()
        await server.process.kill()
        await expect(page.get_by_role("alert")).to_contain_text("Connexion perdue.")
        await server.start()
        await expect(page.get_by_role("alert")).to_have_count(0, timeout=WITHIN_S * 1000)
        await expect(page.get_by_role("listitem").filter(has_text="Claire")).to_be_visible()


async def test_who_leaves_while_still_connecting_has_left_and_is_told_of_no_failure(
    browser: Browser, page_server: ServedPage
) -> None:
    """A slow network is no reason to blame the server for what the person chose."""
    link = page_server.door.open_call(OPEN)
    async with visiting(browser, page_server.link(link)) as page:
        await page.route_web_socket("**/rtc/**", lambda _: None)  # the connection is never answered
        await join(page)
        await expect(page.get_by_text("Connexion à l’appel…")).to_be_visible()
        await page.get_by_role("button", name="Quitter").click()
        await expect(page.get_by_role("heading", name="Vous avez quitté l’appel")).to_be_focused()
