"""Listening, and stopping to."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from bridge.web.server import CannotListen, serving


async def test_port_zero_gives_the_port_in_use_until_the_block_ends() -> None:
    """The port is real, and free again afterwards."""
    async with serving(web.Application(), "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        assert (await session.get(f"http://127.0.0.1:{port}/")).status == 404
    async with serving(web.Application(), "127.0.0.1", port) as again:
        assert again == port


async def test_a_port_that_is_taken_is_named_with_its_settings() -> None:
    """The operator reads which keys to change."""
    async with serving(web.Application(), "127.0.0.1", 0) as port:
        with pytest.raises(CannotListen, match=rf"web.host, web.port: cannot listen on 127.0.0.1:{port}"):
            async with serving(web.Application(), "127.0.0.1", port):
                pass
