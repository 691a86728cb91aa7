"""Whether the process lives, whether it can work, and its figures: for those who watch it."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable

import structlog
from aiohttp import web
from prometheus_client import generate_latest

from router.store.migrate import MigrationError, missing
from router.web.keys import LIVE, POOL, SETTINGS
from router.web.metrics import REGISTRY

log = structlog.get_logger(__name__)

PATIENCE_S = 1.0

_NO_STORE = {"Cache-Control": "no-store"}


async def healthz(_request: web.Request) -> web.Response:
    """The process answers; whether its stores do is another question."""
    return web.json_response({"alive": True}, headers=_NO_STORE)


async def readyz(request: web.Request) -> web.Response:
    """200 when both stores answer within a second and the schema is current; else 503: which."""
    app = request.app

    async def truth() -> str:
        async with app[POOL].acquire(timeout=PATIENCE_S) as connection:
            lacking = await missing(connection)
        return f"{len(lacking)} missing: secondline migrate" if lacking else "ok"

    async def live() -> str:
        await app[LIVE].ping()
        return "ok"

    postgresql, valkey = await asyncio.gather(_asked(truth()), _asked(live()))
    # the schema is asked over the same connection: "no answer" and "not current" are told apart
    reached = postgresql != "no answer"
    found = {
        "postgresql": "ok" if reached else postgresql,
        "migrations": postgresql if reached else "unknown",
        "valkey": valkey,
    }
    ready = set(found.values()) == {"ok"}
    return web.json_response(
        {"ready": ready, **found}, status=200 if ready else 503, headers=_NO_STORE
    )


async def _asked(question: Awaitable[str]) -> str:
    """The answer, or "no answer": what went wrong goes to the log, for anybody can read this."""
    try:
        return await asyncio.wait_for(question, PATIENCE_S)
    except MigrationError as error:
        return error.message
    except Exception as error:
        log.warning("not ready", why=repr(error))
        return "no answer"


async def figures(request: web.Request) -> web.Response:
    """In Prometheus' text form; with METRICS_TOKEN set, only for who has it."""
    token = request.app[SETTINGS].metrics_token
    if token is not None:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    return web.Response(
        body=generate_latest(REGISTRY),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8", **_NO_STORE},
    )


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/healthz", healthz)
    router.add_get("/readyz", readyz)
    router.add_get("/metrics", figures)
