"""The page's files, and what browsers are told about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from yarl import URL

from bridge.web.headers import content_security_policy
from bridge.web.join_page import JoinPage, PageNotBuilt
from tests.unit.bridge.web.links import OPEN, UNKNOWN, WRONG_SHAPES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.bridge.web.links import Client


async def test_every_link_shows_the_page_and_keeps_it_fresh(client: Client) -> None:
    """Known or not, it is the page that finds out; its HTML is never cached, or a new version would not arrive."""
    for link in (OPEN, UNKNOWN):
        response = await client.get(f"/v/{link}")
        assert response.status == 200
        assert response.content_type == "text/html"
        assert "<title>Greffier</title>" in await response.text()
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("link", [link for link in WRONG_SHAPES if "%2f" not in link])
async def test_what_is_no_link_is_not_found_but_has_the_page_to_say_so(client: Client, link: str) -> None:
    """404, with the page: it has the sentence, in the visitor's language."""
    response = await client.get(URL(f"/v/{link}", encoded="%" in link))
    assert response.status == 404
    assert "<title>Greffier</title>" in await response.text()


async def test_assets_are_kept_for_ever(client: Client) -> None:
    """Their names change with their content; what is missing is not kept."""
    response = await client.get("/assets/index-abc.js")
    assert response.status == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    missing = await client.get("/assets/index-old.js")
    assert missing.status == 404
    assert missing.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets//etc/passwd",
        "/assets/",
        "/assets/%00",
        "/assets/..\\..\\secret.txt",
    ],
)
async def test_no_path_leads_out_of_the_assets(client: Client, path: str) -> None:
    """Whatever the dots and their escapes."""
    response = await client.get(URL(path, encoded=True))
    assert response.status in {400, 403, 404}
    assert "do not serve" not in await response.text()


@pytest.mark.parametrize("path", [f"/v/{OPEN}", f"/api/calls/{OPEN}", "/assets/index-abc.js", "/nothing", "/metrics"])
async def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    """Errors and files too: no referrer (it would hold the link), no guessing of types, no frames."""
    response = await client.get(path)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "camera=(self)" in response.headers["Permissions-Policy"]
    assert "geolocation=()" in response.headers["Permissions-Policy"]
    assert "aiohttp" not in response.headers["Server"]


async def test_the_page_may_reach_the_livekit_server_and_nothing_else(client: Client) -> None:
    """Scripts and styles from here alone; the media server by its two schemes, without its path."""
    page = (await client.get(f"/v/{OPEN}")).headers["Content-Security-Policy"]
    assert "connect-src 'self' wss://livekit.test:7443 https://livekit.test:7443;" in page
    assert "script-src 'self';" in page
    assert "unsafe" not in page
    api = (await client.get(f"/api/calls/{OPEN}")).headers["Content-Security-Policy"]
    assert "livekit" not in api


def test_an_unencrypted_media_server_is_allowed_by_its_own_schemes() -> None:
    """As on a developer's machine."""
    assert "connect-src 'self' ws://127.0.0.1:7880 http://127.0.0.1:7880;" in content_security_policy(
        "ws://127.0.0.1:7880"
    )


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    """The operator reads what to run instead of a traceback about a file."""
    with pytest.raises(PageNotBuilt, match="make page"):
        JoinPage(tmp_path, livekit_url="ws://livekit.test")
