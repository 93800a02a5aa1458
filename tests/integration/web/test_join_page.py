"""Joining from the page: what people are told first, how they get in, and that the others hear them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from bridge.web.door import CallNotice
from tests.integration.web.listening import attributes_of, in_the_call, loudest_heard, microphone_of
from tests.integration.web.visiting import focused_tag, join, tab_to, visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.integration.web.conftest import ServedPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRANSCRIBED = CallNotice("Point budget", "fr", "open", transcribed=True, sound_kept=False)
TOLD_APART = replace(TRANSCRIBED, voices_told_apart=True)
SHARED = "Plusieurs personnes parlent dans ce micro"
SPEECH_LEVEL = 0.02
"""Of full scale: a voice is above it, the noise of a quiet microphone far below."""


async def test_someone_who_joins_from_the_page_is_heard_by_the_others(
    browser: Browser, page_server: ServedPage
) -> None:
    """From the link to sound in another participant's ears, then muted by the page's own button."""
    link = page_server.door.open_call(TRANSCRIBED)
    async with (
        visiting(browser, page_server.link(link)) as page,
        in_the_call(await page_server.door.admit(link, "Marc")) as marc,
    ):
        await join(page, "Claire Dupont")
        await expect(page.get_by_text("2 participants")).to_be_visible()
        track = await microphone_of(marc, "Claire Dupont")
        assert await loudest_heard(track, louder_than=SPEECH_LEVEL) > SPEECH_LEVEL
        await page.get_by_role("button", name="Couper le micro").click()
        await expect(page.get_by_role("button", name="Activer le micro")).to_be_visible()
        await expect(page.get_by_role("listitem").filter(has_text="Claire Dupont (vous), micro coupé")).to_be_visible()


async def test_the_transcription_is_announced_before_joining_and_shown_during_the_call(
    browser: Browser, page_server: ServedPage
) -> None:
    """In words, with what becomes of them, before the name is even asked; then as a banner that stays."""
    link = page_server.door.open_call(TRANSCRIBED)
    async with visiting(browser, page_server.link(link)) as page:
        notice = page.get_by_role("region", name="Cet appel est transcrit")
        await expect(notice).to_contain_text("publié dans le salon")
        await expect(notice).to_contain_text("Le service efface le son dès que le texte est publié.")
        await join(page)
        banner = page.get_by_role("region", name="Cet appel est transcrit")
        await expect(banner).to_contain_text("Transcription en attente")


ELSEWHERE = "envoyé"


@pytest.mark.parametrize(
    ("sound_goes_to", "words_go_to", "told"),
    [
        (None, None, None),
        (
            "a.test",
            None,
            "Le son et les noms des participants sont envoyés à a.test pour la transcription.",
        ),
        (None, "b.test", "Le texte et les noms des participants sont envoyés à b.test pour le compte rendu."),
        (
            "a.test",
            "a.test",
            (
                "Le son, le texte et les noms des participants sont envoyés à a.test "
                "pour la transcription et le compte rendu."
            ),
        ),
        (
            "a.test",
            "b.test",
            (
                "Le son est envoyé à a.test pour la transcription, et le texte à b.test pour le compte rendu, "
                "l’un et l’autre avec les noms des participants."
            ),
        ),
    ],
)
async def test_the_hosts_that_sound_or_words_go_to_are_named_before_joining(
    browser: Browser, page_server: ServedPage, sound_goes_to: str | None, words_go_to: str | None, told: str | None
) -> None:
    """Where there is none, nothing is said of it."""
    notice = replace(TRANSCRIBED, sound_goes_to=sound_goes_to, words_go_to=words_go_to)
    async with visiting(browser, page_server.link(page_server.door.open_call(notice))) as page:
        region = page.get_by_role("region", name="Cet appel est transcrit")
        await expect(region).to_contain_text("publié dans le salon")
        if told is None:
            await expect(region).not_to_contain_text(ELSEWHERE)
        else:
            await expect(region.get_by_text(told, exact=True)).to_be_visible()


async def test_a_call_that_is_not_transcribed_says_so_and_shows_no_banner(
    browser: Browser, page_server: ServedPage
) -> None:
    """The absence is told too."""
    link = page_server.door.open_call(CallNotice("Café", "fr", "open", transcribed=False))
    async with visiting(browser, page_server.link(link)) as page:
        await expect(page.get_by_text("Cet appel n’est pas transcrit.")).to_be_visible()
        await join(page)
        await expect(page.get_by_text("Cet appel est transcrit")).to_have_count(0)


async def test_the_keyboard_alone_is_enough_to_join_to_leave_and_to_come_back(
    browser: Browser, page_server: ServedPage
) -> None:
    """Each step begins at its heading; the name is remembered for the next time."""
    link = page_server.door.open_call(TRANSCRIBED)
    async with visiting(browser, page_server.link(link)) as page:
        await expect(page.get_by_role("heading", name="Rejoindre l’appel « Point budget »")).to_be_focused()
        await tab_to(page, "Votre nom")
        await page.keyboard.type("Amina")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Point budget")).to_be_focused()
        await expect(page.get_by_role("listitem").filter(has_text="Amina (vous)")).to_be_visible()
        await tab_to(page, "Quitter")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Vous avez quitté l’appel")).to_be_focused()
        await tab_to(page, "Revenir à l’appel")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Votre nom")).to_have_value("Amina")
        assert await focused_tag(page) == "H1"


async def test_several_people_say_that_they_share_a_microphone_and_their_browser_remembers(
    browser: Browser, page_server: ServedPage
) -> None:
    """By keyboard, told what it is for; the call knows; the next time it stands there, and can be taken back."""
    link = page_server.door.open_call(TOLD_APART)
    async with (
        visiting(browser, page_server.link(link)) as page,
        in_the_call(await page_server.door.admit(link, "Marc")) as marc,
    ):
        box = page.get_by_role("checkbox", name=SHARED)
        await expect(box).not_to_be_checked()
        await expect(box).to_have_accessible_description(
            "La transcription distinguera alors les voix\u00a0: voix\u00a01, voix\u00a02…"
        )
        await tab_to(page, SHARED)
        await page.keyboard.press("Space")
        await expect(box).to_be_checked()
        await join(page, "Salle 3")
        await microphone_of(marc, "Salle 3")
        assert attributes_of(marc, "Salle 3") == {"greffier.shared_microphone": "true"}

        await page.get_by_role("button", name="Quitter").click()
        await page.get_by_role("button", name="Revenir à l’appel").click()
        await expect(box).to_be_checked()
        await page.get_by_text(SHARED).click()
        await expect(box).not_to_be_checked()
        await join(page, "Claire")
        await microphone_of(marc, "Claire")
        assert attributes_of(marc, "Claire") == {}


@pytest.mark.parametrize(
    "notice", [TRANSCRIBED, replace(TOLD_APART, transcribed=False)], ids=["voices not told apart", "not transcribed"]
)
async def test_a_shared_microphone_is_not_asked_for_where_nothing_comes_of_it(
    browser: Browser, page_server: ServedPage, notice: CallNotice
) -> None:
    """Nor is it said of someone whose browser remembers it."""
    link = page_server.door.open_call(notice)
    async with (
        visiting(browser, page_server.link(link)) as page,
        in_the_call(await page_server.door.admit(link, "Marc")) as marc,
    ):
        await page.evaluate("localStorage.setItem('greffier.shared-microphone', 'on')")
        await page.reload()
        await expect(page.get_by_label("Votre nom")).to_be_visible()
        await expect(page.get_by_role("checkbox")).to_have_count(0)
        await join(page, "Claire")
        await microphone_of(marc, "Claire")
        assert attributes_of(marc, "Claire") == {}


async def test_a_missing_or_refused_name_is_explained_beside_the_field(
    browser: Browser, page_server: ServedPage
) -> None:
    """The focus goes to the field, the field names its error, and nobody has entered."""
    link = page_server.door.open_call(TRANSCRIBED)
    async with visiting(browser, page_server.link(link)) as page:
        await page.get_by_role("button", name="Rejoindre l’appel").click()
        name = page.get_by_label("Votre nom")
        await expect(name).to_be_focused()
        await expect(name).to_have_accessible_description(re.compile("^Indiquez votre nom"))
        await name.fill("a\u202eb")
        await page.get_by_role("button", name="Rejoindre l’appel").click()
        await expect(page.get_by_text("Ce nom ne peut pas être utilisé.")).to_be_visible()
        await expect(name).to_be_focused()
