"""What can be checked by machine of the page's accessibility: axe's rules, narrow windows, large text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.async_api import expect

from bridge.web.door import CallNotice
from tests.integration.web.conftest import ROOT
from tests.integration.web.listening import in_the_call
from tests.integration.web.visiting import join, visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.integration.web.conftest import ServedPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = ROOT / "bridge" / "web" / "page" / "node_modules" / "axe-core" / "axe.min.js"
OPEN = CallNotice("Point budget", "fr", "open", transcribed=True, sound_kept=False, voices_told_apart=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_screen_breaks_a_rule_of_axe_in_light_or_dark(
    browser: Browser, page_server: ServedPage, scheme: Literal["light", "dark"]
) -> None:
    """WCAG 2.2 A and AA and axe's best practices: before joining, in the call, its chat, its settings, and after."""
    link = page_server.door.open_call(OPEN)
    async with (
        visiting(browser, page_server.link(link), color_scheme=scheme) as page,
        in_the_call(await page_server.door.admit(link, "Marc")),
    ):
        await page.get_by_role("button", name="Rejoindre l’appel").click()
        await _follows_the_rules(page)
        await join(page)
        await expect(page.get_by_role("listitem").filter(has_text="Marc")).to_be_visible()
        await _follows_the_rules(page)
        await page.get_by_role("button", name="Ouvrir la discussion").click()
        await page.get_by_label("Votre message").fill("Bonjour")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("log")).to_contain_text("Bonjour")
        await _follows_the_rules(page)
        await page.get_by_role("button", name="Réglages du son et de l’image").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await _follows_the_rules(page)
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Quitter").click()
        await expect(page.get_by_role("heading", name="Vous avez quitté l’appel")).to_be_visible()
        await _follows_the_rules(page)
        await page.goto(page_server.link("x" * 22))
        await expect(page.get_by_role("heading", name="Lien d’appel inconnu")).to_be_visible()
        await _follows_the_rules(page)


@pytest.mark.parametrize(("width", "height"), [(320, 568), (640, 360)], ids=["320 px", "1280 × 720 at 200 %"])
async def test_nothing_is_cut_off_in_a_narrow_window_or_at_twice_the_size(
    browser: Browser, page_server: ServedPage, width: int, height: int
) -> None:
    """No screen scrolls sideways, and every control of the call is within reach."""
    link = page_server.door.open_call(OPEN)
    async with visiting(browser, page_server.link(link), viewport={"width": width, "height": height}) as page:
        await expect(page.locator("#name")).to_be_visible()
        await _fits(page, width)
        await join(page)
        await expect(page.get_by_role("listitem")).to_be_visible()
        await _fits(page, width)
        for button in await page.get_by_role("group", name="Commandes de l’appel").get_by_role("button").all():
            await button.scroll_into_view_if_needed()
            await expect(button).to_be_in_viewport(ratio=1)


async def _follows_the_rules(page: Page) -> None:
    await page.evaluate(AXE.read_text("utf-8"))
    violations = await page.evaluate("axe.run().then(({violations}) => violations)")
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations] == []


async def _fits(page: Page, width: int) -> None:
    overflowing = await page.evaluate(
        """(width) => [...document.querySelectorAll('body *')]
            .filter((it) => it.getClientRects().length > 0 && it.getBoundingClientRect().right > width + 1)
            .map((it) => it.outerHTML.slice(0, 120))""",
        width,
    )
    assert overflowing == []
