"""Headless Chromium as a person's browser: with a microphone that plays a file, without devices, or refusing them."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright, expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

PATIENCE_MS = 25_000
"""A loaded machine takes seconds for what an idle one does at once."""

_QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-features=MediaRouter,OptimizationHints,WebRtcHideLocalIpsWithMdns",
    "--no-first-run",
)


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """A Chromium with these arguments: the system's where there is one, else Playwright's own."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            headless=False,  # the new headless mode is an argument; Playwright's own is another program
            args=[*_QUIET, *arguments],
        )
        try:
            yield browser
        finally:
            await browser.close()


def speaking(wav: Path) -> tuple[str, ...]:
    """A microphone that plays this file over and over, a camera with a test picture, and consent to both."""
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}",
    )


def refusing() -> tuple[str, ...]:
    """Devices are there, and the person refuses them."""
    return ("--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream")
