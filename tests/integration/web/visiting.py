"""A person at the page: opens a link in a browser of their own language, and what they do there."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.integration.web.chromium import PATIENCE_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, ConsoleMessage, Page

MOST_TABS = 30


@asynccontextmanager
async def visiting(browser: Browser, url: str, *, locale: str = "fr-FR", **context: Any) -> AsyncIterator[Page]:
    """The page at this address in a fresh profile; fails if it broke, or tried what its security policy forbids."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Permissions policy" in message.text:
            complaints.append(message.text)

    profile = await browser.new_context(locale=locale, **context)
    try:
        page = await profile.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url)
        yield page
    finally:
        await profile.close()
    assert complaints == []


async def join(page: Page, name: str = "Claire Dupont", *, button: str = "Rejoindre l’appel") -> None:
    """Give a name, enter, and wait until the call says how many are there."""
    await page.locator("#name").fill(name)
    await page.get_by_role("button", name=button).click()
    await (
        page.get_by_role("group", name="Commandes de l’appel")
        .or_(page.get_by_role("group", name="Call controls"))
        .wait_for()
    )


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name (its label or its text) has the focus."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            """() => {
                const it = document.activeElement;
                return it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent;
            }"""
        )
        if focused == name:
            return
    raise AssertionError(f"{MOST_TABS} presses of Tab did not lead to {name!r}")


async def focused_tag(page: Page) -> str:
    """What kind of element has the focus."""
    tag: str = await page.evaluate("document.activeElement.tagName")
    return tag
