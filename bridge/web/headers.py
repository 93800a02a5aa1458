"""Security headers on every answer: what the page may load, reach, use, and who may embed it (nobody)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp import web

_ALWAYS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "autoplay=(self), camera=(self), display-capture=(self), fullscreen=(self), microphone=(self), "
        "screen-wake-lock=(self), speaker-selection=(self), "
        "geolocation=(), hid=(), midi=(), payment=(), serial=(), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "Server": "Greffier",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
_NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def content_security_policy(livekit_url: str) -> str:
    """What the join page may do: its own files, its own API, and the one LiveKit server (ws, and http to explain).

    `blob:` in `media-src` is the page's own sound and picture; scripts, styles and workers come from here only.
    """
    parts = urlsplit(livekit_url)
    livekit = f"{parts.scheme}://{parts.netloc} {'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self' blob: mediastream:",
            f"connect-src 'self' {livekit}",
            "worker-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


async def secured(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: the headers of every answer; what a route has set already (its policy, its caching) stays."""
    for name, value in _ALWAYS.items():
        response.headers[name] = value
    response.headers.setdefault("Content-Security-Policy", _NOTHING_ALLOWED)
    response.headers.setdefault("Cache-Control", "no-store")
