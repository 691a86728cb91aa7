"""A bare aiohttp server over the same path as an offer: a POST comes in, a frame goes out.

`python -m router.bench.floor.echo PORT`. What any service on aiohttp pays at the least.
"""

from __future__ import annotations

import itertools
import sys
from uuid import uuid4

from aiohttp import WSMsgType, web


def make_app() -> web.Application:
    sockets: list[web.WebSocketResponse] = []
    turns = itertools.count()

    async def desk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets.append(socket)
        async for _ in socket:
            pass
        return socket

    async def opened(request: web.Request) -> web.Response:
        await request.json()
        contact = str(uuid4())
        told = f'{{"type":"offer","offer":"{contact}.1.1","contact":"{contact}"}}'
        await sockets[next(turns) % len(sockets)].send_frame(told.encode(), WSMsgType.TEXT)
        return web.json_response({"contact": contact, "secret": ""}, status=201)

    app = web.Application()
    app.router.add_get("/ws/desk", desk)
    app.router.add_post("/api/contacts", opened)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
