"""What the page says when there is no call to join, in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from bridge.web.door import CallNotice
from tests.integration.web.visiting import join, visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.integration.web.conftest import ServedPage

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("link", ["x" * 22, "too-short"])
@pytest.mark.parametrize(
    ("locale", "language", "title"),
    [
        ("fr-FR", "fr", "Lien d’appel inconnu"),
        ("en-GB", "en", "Unknown call link"),
        ("de-DE", "fr", "Lien d’appel inconnu"),
    ],
)
async def test_an_unknown_link_says_so_in_the_browsers_language(
    browser: Browser, page_server: ServedPage, link: str, locale: str, language: str, title: str
) -> None:
    """French where the browser asks for neither."""
    async with visiting(browser, page_server.link(link), locale=locale) as page:
        await expect(page.get_by_role("heading", name=title)).to_be_focused()
        await expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.parametrize(("language", "title"), [("fr", "Cet appel est terminé"), ("en", "This call has ended")])
async def test_a_call_that_is_over_says_so_in_the_calls_language(
    browser: Browser, page_server: ServedPage, language: str, title: str
) -> None:
    """Whatever the browser's language: the room's is known by then."""
    link = page_server.door.open_call(CallNotice("Point budget", language, "over", transcribed=True))  # type: ignore[arg-type]
    async with visiting(browser, page_server.link(link), locale="de-DE") as page:
        await expect(page.get_by_role("heading", name=title)).to_be_focused()
        await expect(page.locator("html")).to_have_attribute("lang", language)


async def test_a_call_that_ends_while_one_stands_at_the_door_says_so(browser: Browser, page_server: ServedPage) -> None:
    """The answer to the token is believed, not what the page knew before."""
    link = page_server.door.open_call(CallNotice("Point budget", "fr", "open", transcribed=True))
    async with visiting(browser, page_server.link(link)) as page:
        await page.locator("#name").fill("Claire")
        page_server.door.notices[link] = CallNotice("Point budget", "fr", "over", transcribed=True)
        await page.get_by_role("button", name="Rejoindre l’appel").click()
        await expect(page.get_by_role("heading", name="Cet appel est terminé")).to_be_focused()


async def test_the_switch_changes_every_word_and_is_remembered(browser: Browser, page_server: ServedPage) -> None:
    """The person's choice goes before the call's language, also after a reload and inside the call."""
    notice = CallNotice("Point budget", "fr", "open", transcribed=True, voices_told_apart=True)
    link = page_server.door.open_call(notice)
    async with visiting(browser, page_server.link(link)) as page:
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("heading", name="Join the call “Point budget”")).to_be_visible()
        await expect(
            page.get_by_role("checkbox", name="Several people speak into this microphone")
        ).to_have_accessible_description("The transcript will then tell the voices apart: voice\u00a01, voice\u00a02…")
        await page.reload()
        await expect(page.get_by_role("heading", name="Join the call “Point budget”")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await join(page, button="Join the call")
        await expect(page.get_by_text("This call is transcribed")).to_be_visible()
        await expect(page.get_by_role("button", name="Turn microphone off")).to_be_visible()


async def test_a_title_from_the_room_is_only_ever_text(browser: Browser, page_server: ServedPage) -> None:
    """Whoever names the call cannot put anything into the page."""
    title = "<img src=x onerror=alert(1)>"
    link = page_server.door.open_call(CallNotice(title, "fr", "open", transcribed=True))
    async with visiting(browser, page_server.link(link)) as page:
        await expect(page.get_by_role("heading", name=f"Rejoindre l’appel « {title} »")).to_be_visible()
        assert await page.locator("main img").count() == 0
