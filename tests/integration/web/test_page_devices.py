"""Joining without a microphone or a camera: refused by the person, or not there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from bridge.web.door import CallNotice
from tests.integration.web.chromium import chromium, refusing
from tests.integration.web.listening import in_the_call
from tests.integration.web.visiting import join, visiting

if TYPE_CHECKING:
    from tests.integration.web.conftest import ServedPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPEN = CallNotice("Point budget", "fr", "open", transcribed=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (refusing(), "Le navigateur n’autorise pas l’accès au micro."),
        ((), "Aucun micro n’a été trouvé."),
    ],
    ids=["refused", "absent"],
)
async def test_who_has_no_microphone_is_told_why_and_joins_to_listen(
    page_server: ServedPage, arguments: tuple[str, ...], sentence: str
) -> None:
    """Listening and writing stay possible; turning the microphone on inside says again what is wrong."""
    link = page_server.door.open_call(OPEN)
    async with chromium(*arguments) as browser, visiting(browser, page_server.link(link)) as page:
        await expect(page.get_by_role("alert")).to_contain_text(sentence)
        await expect(page.get_by_role("alert")).to_contain_text("Vous entrerez sans micro")
        async with in_the_call(await page_server.door.admit(link, "Marc")):
            await join(page)
            await expect(page.get_by_role("listitem").filter(has_text="Marc")).to_be_visible()
            await page.get_by_role("button", name="Activer le micro").click()
            await expect(page.get_by_role("alert")).to_contain_text(sentence)
