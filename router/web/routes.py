"""An address of the HTTP API: one record makes the route and its description.

    ROUTES = [
        Route("POST", "/api/queues", create, "Make a queue", who="admin", body=NewQueue,
              answer=Queue, status=201, errors=(Invalid, Conflict)),
    ]

    async def create(request: web.Request, body: NewQueue) -> Queue: ...
    async def read(request: web.Request) -> Queue: ...

    def add_routes(router: web.UrlDispatcher) -> None:
        add(router, ROUTES)

The wrapper decodes the body and encodes the answer with the types that the record names, so
the description cannot differ from what is done. A handler may also return a whole response.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from router.errors import SecondlineError
from router.web import requests

Handler = Callable[..., Awaitable[Any]]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Route:
    """One method on one path.

    handler: takes the request, then the decoded body where there is one, then the query where
        there is one; returns what becomes JSON, None for 204, or a response of its own.
    who: who may call it, in words, for the description: anyone, link, person, agent, staff,
        supervisor, admin. The handler checks it: `viewer(request, "admin")`.
    answer: the answer's type for the description; None: no content.
    errors: what a client can cause beyond the malformed and invalid.
    origins: "own": a foreign Origin is refused; "widget": host sites of a widget may call it
        from the browser.
    media: the body's media type; other than JSON: the handler reads it itself.
    limit: bytes of the body at most.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    who: str = "anyone"
    body: Any = None
    query: Any = None
    answer: Any = None
    status: int = 200
    errors: tuple[type[SecondlineError], ...] = field(default=())
    origins: str = "own"
    media: str = "application/json"
    limit: int = requests.BODY_LIMIT

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        arguments: list[Any] = [request]
        if self.body is not None and self.media == "application/json":
            arguments.append(await requests.body(request, self.body, limit=self.limit))
        if self.query is not None:
            arguments.append(requests.query(request, self.query))
        answer = await self.handler(*arguments)
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            return web.Response(status=204)
        return json(answer, status=self.status)


def add(router: web.UrlDispatcher, routes: Iterable[Route]) -> None:
    """Serve these routes."""
    for route in routes:
        # a bound method, for aiohttp wants a coroutine function; the record is its __self__
        router.add_route(route.method, route.path, route.__call__)


def route_of(request: web.Request) -> Route | None:
    """The record behind the request, if it is one of the API's."""
    return record(request.match_info.handler)


def record(handler: object) -> Route | None:
    """The record that an aiohttp handler belongs to."""
    owner = getattr(handler, "__self__", None)
    return owner if isinstance(owner, Route) else None


def json(value: Any, *, status: int = 200) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.Response(
        body=_encode(value),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
