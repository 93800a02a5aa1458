"""A model hub: models made of bytes, served the way that the hub's client asks for them, and broken as a test wants."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

REVISION = "c0ffee00" * 5


@dataclass
class FakeHub:
    """Serves `models` (id → file → content) at `url`."""

    models: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    """Models behind a form; nobody has filled it in."""
    wrong: set[str] = field(default_factory=set)
    """Files that are served with other contents than listed."""
    away_for: set[str] = field(default_factory=set)
    """Files that are not served for now."""
    breaks_off_at: dict[str, int] = field(default_factory=dict)
    """Files of which a connection brings only so many bytes."""
    served: list[tuple[str, int]] = field(default_factory=list)
    """Which files were asked for, and from which byte on."""
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Begin to serve, on a port of its own."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/api/models/{owner}/{name}/tree/{revision}", self._tree),
                web.get("/api/models/{owner}/{name}", self._info),
                web.get("/api/models/{owner}/{name}/revision/{revision}", self._info),
                web.get("/{owner}/{name}/resolve/{revision}/{path:.+}", self._file),
            ]
        )
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _asked_for(self, request: web.Request) -> tuple[str, dict[str, bytes]]:
        model = f"{request.match_info['owner']}/{request.match_info['name']}"
        if model in self.gated:
            raise web.HTTPForbidden(headers={"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
        if model not in self.models:
            raise web.HTTPNotFound(headers={"X-Error-Code": "RepoNotFound", "X-Error-Message": "Not found."})
        return model, self.models[model]

    async def _info(self, request: web.Request) -> web.Response:
        model, files = self._asked_for(request)
        siblings = [{"rfilename": path} for path in files]
        return web.json_response({"id": model, "modelId": model, "sha": REVISION, "siblings": siblings, "tags": []})

    async def _tree(self, request: web.Request) -> web.Response:
        _, files = self._asked_for(request)
        return web.json_response([_entry(path, content) for path, content in files.items()])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        _, files = self._asked_for(request)
        path = request.match_info["path"]
        content = files[path]
        if path in self.wrong:
            content = bytes(len(content))
        headers = {"ETag": f'"{_sha256(files[path])}"', "X-Repo-Commit": REVISION, "Accept-Ranges": "bytes"}
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(len(content))})
        if path in self.away_for:
            raise web.HTTPInternalServerError
        first = request.http_range.start or 0
        self.served.append((path, first))
        response = web.StreamResponse(status=206 if first else 200, headers=headers)
        response.content_length = len(content) - first
        if first:
            response.headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        await response.prepare(request)
        last = first + self.breaks_off_at[path] if path in self.breaks_off_at else len(content)
        await response.write(content[first:last])
        if last < len(content) and request.transport is not None:
            request.transport.close()
        return response


def _entry(path: str, content: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
    if path.endswith(".bin"):
        entry["lfs"] = {"oid": _sha256(content), "size": len(content), "pointerSize": 134}
    return entry


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
