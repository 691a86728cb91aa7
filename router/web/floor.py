"""`/ws/floor` and `GET /api/floor`: the supervisors' live picture."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from router.store.hub import Subscription
from router.web.floor_view import FloorView
from router.web.frames import FloorSync
from router.web.keys import FLOORS, HUB, POOL
from router.web.routes import Route, add
from router.web.socket import Socket
from router.web.staff import keep_watch, session_changed
from router.web.viewers import Viewer, viewer


async def serve(request: web.Request) -> web.StreamResponse:
    """The socket of one supervisor's page."""
    who = await viewer(request, "supervisor")
    async with (
        Socket.open(request, "floor") as socket,
        request.app[FLOORS].looking(who.workspace_id) as view,
        request.app[HUB].subscribe(who.workspace_id, [f"account:{who.account_id}"]) as own,
    ):

        async def answer(_: FloorSync) -> dict[str, Any] | None:
            socket.send(view.snapshot())
            return None

        async def follow() -> None:
            await _until_signed_out(own, request.app, who, socket)

        with view.shown_to(socket):
            await socket.serve(
                FloorSync, answer, follow(), keep_watch(request.app[POOL], who, socket)
            )
    return socket.response


async def _until_signed_out(
    own: Subscription, app: web.Application, who: Viewer, socket: Socket
) -> None:
    async for event in own:
        if event["t"] == "session":
            await session_changed(app[POOL], who, socket)


async def _read(request: web.Request) -> web.Response:
    who = await viewer(request, "supervisor")
    async with request.app[FLOORS].looking(who.workspace_id) as view:
        return _answer(view)


def _answer(view: FloorView) -> web.Response:
    return web.Response(
        body=view.snapshot(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


ROUTES = [
    Route(
        "GET",
        "/api/floor",
        _read,
        "The supervisor's live picture, as the socket's snapshot",
        who="supervisor",
        answer=dict[str, Any],
    )
]


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/ws/floor", serve)
    add(router, ROUTES)
