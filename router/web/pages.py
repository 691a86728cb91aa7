"""The pages, as `npm run build` left them in `dist/`, with the headers that keep them safe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from router.errors import NotFound, Unavailable
from router.settings import Settings
from router.web.keys import SETTINGS

DIST = Path(__file__).parent / "dist"

PAGES = {
    "/": "customer.html",
    "/desk": "desk.html",
    "/supervisor": "supervisor.html",
    "/admin": "admin.html",
    "/login": "login.html",
}
DEMO_PAGES = {"/booth": "booth.html"}

# the build writes a hash into the name of whatever may change
_HASHED = re.compile(r"-[\w-]{8}\.\w+(\.map)?$")
_NAME = re.compile(r"^\w[\w.-]*$", re.ASCII)


def security_headers(settings: Settings) -> dict[str, str]:
    """What every answer carries: the page may load, connect and be embedded thus far only."""
    public = urlsplit(settings.public_url)
    secure = public.scheme == "https"
    # older Safaris do not count sockets of the page's own host as 'self'
    connect = f"'self' {'wss' if secure else 'ws'}://{public.netloc}"
    media = "'self' blob: data:"
    if settings.twilio is not None:
        # the addresses that Twilio's Voice SDK documents for its signalling and ring tones
        connect += " https://*.twilio.com wss://*.twilio.com"
        media += " https://sdk.twilio.com https://media.twiliocdn.com"
    headers = {
        "Content-Security-Policy": "; ".join(
            [
                "default-src 'none'",
                "script-src 'self'",
                # the component library writes its theme into style elements
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src {connect}",
                f"media-src {media}",
                "manifest-src 'self'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            ]
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=()",
    }
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def add_pages(app: web.Application) -> None:
    """Serve the pages; the phone booth only where calls are played, not real."""
    settings = app[SETTINGS]
    pages = PAGES | (DEMO_PAGES if settings.demo else {})
    for path, name in pages.items():
        app.router.add_get(path, _page(name))
    app.router.add_get("/widget.js", _widget)
    app.router.add_get("/assets/{name}", _asset)
    app.router.add_get("/favicon.ico", _favicon)
    headers = security_headers(settings)

    async def secure(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        # aiohttp's own names the versions that somebody may look for
        response.headers["Server"] = "Secondline"

    app.on_response_prepare.append(secure)


def _page(name: str) -> Any:
    async def serve(_: web.Request) -> web.StreamResponse:
        # asked again at each visit, answered by 304: a new build is seen at once
        return _file(name, cache="no-cache")

    return serve


async def _asset(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if not _NAME.match(name):
        raise NotFound("There is no such file.")
    hashed = _HASHED.search(name)
    cache = "public, max-age=31536000, immutable" if hashed else "public, max-age=300"
    return _file(f"assets/{name}", cache=cache)


async def _widget(_: web.Request) -> web.StreamResponse:
    response = _file("widget.js", cache="public, max-age=300")
    # without it a host page in another encoding would misread the texts
    response.headers[hdrs.CONTENT_TYPE] = "text/javascript; charset=utf-8"
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


async def _favicon(_: web.Request) -> web.StreamResponse:
    for name in ("favicon.ico", "favicon.svg"):
        if (DIST / name).is_file():
            return _file(name, cache="public, max-age=86400")
    return web.Response(status=204, headers={hdrs.CACHE_CONTROL: "public, max-age=86400"})


def _file(name: str, *, cache: str) -> web.FileResponse:
    path = DIST / name
    if not path.is_file():
        if name.endswith(".html"):
            raise Unavailable("The pages are not built: run `npm ci && npm run build` there.")
        raise NotFound("There is no such file.")
    return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: cache})
