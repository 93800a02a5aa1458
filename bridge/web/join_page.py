"""The built join page (`page/` → `dist/`): its one HTML file under every link, its assets for ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from bridge.web.door import is_link
from bridge.web.headers import content_security_policy

if TYPE_CHECKING:
    from collections.abc import Iterable

BUILT_PAGE = Path(__file__).parent / "dist"
"""Where `npm run build` leaves the page, in a checkout and in a wheel alike."""


class PageNotBuilt(Exception):
    """The folder does not hold a built page."""


class JoinPage:
    """Serves the page that `npm run build` left in a folder (`index.html` and `assets/`)."""

    def __init__(self, page_dir: Path, *, livekit_url: str) -> None:
        try:
            self._html = (page_dir / "index.html").read_bytes()
        except OSError as error:
            raise PageNotBuilt(
                f"{page_dir}: the join page is not built (no index.html); run `make page`, or install a built wheel"
            ) from error
        self._assets = page_dir / "assets"
        self._policy = content_security_policy(livekit_url)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The page under each link, and what it loads."""
        yield web.get("/v/{link}", self.page)
        yield web.static("/assets", self._assets)

    async def page(self, request: web.Request) -> web.Response:
        """The page; 404 for what is no link, with the page all the same: it has the sentence for that."""
        status = 200 if is_link(request.match_info["link"]) else 404
        return web.Response(
            body=self._html,
            status=status,
            content_type="text/html",
            charset="utf-8",
            headers={"Content-Security-Policy": self._policy},
        )


async def cached_for_ever(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: assets have a hash of their content in their names, so nobody need ask for them twice.

    Not a middleware: whether a file is there is only known when its answer begins.
    """
    if request.path.startswith("/assets/") and response.status in {200, 206, 304}:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
