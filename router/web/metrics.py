"""What Prometheus reads at /metrics. Rooms add their own with this module's REGISTRY."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from router.tasks import stop
from router.web.logs import METHODS, template

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

REQUESTS = Counter(
    "secondline_http_requests",
    "HTTP requests answered",
    ["method", "route", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "secondline_http_request_seconds",
    "Time to answer an HTTP request, sockets excepted",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
    registry=REGISTRY,
)
SOCKETS = Gauge("secondline_sockets_open", "WebSockets open", ["kind"], registry=REGISTRY)
LOOP_LAG = Histogram(
    "secondline_loop_lag_seconds",
    "How much later than asked the event loop woke up: something blocked it",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)

PERIOD_S = 0.5


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and time the request under its route as declared: paths have no end."""
    begin = time.perf_counter()
    status = 500
    socket = False
    try:
        response = await handler(request)
        status, socket = response.status, isinstance(response, web.WebSocketResponse)
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        route = template(request)
        # a client may make up methods as well
        method = request.method if request.method in METHODS else "other"
        _requests(method, route, status).inc()
        if not socket:
            _seconds(route).observe(time.perf_counter() - begin)


# there are only so many, and finding one by its labels takes longer than counting
@functools.cache
def _requests(method: str, route: str, status: int) -> Counter:
    return REQUESTS.labels(method, route, str(status))


@functools.cache
def _seconds(route: str) -> Histogram:
    return SECONDS.labels(route)


async def loop_lag(_app: web.Application) -> AsyncIterator[None]:
    """For `app.cleanup_ctx`: watches the loop while the application runs."""

    async def watch() -> None:
        while True:
            begin = time.perf_counter()
            await asyncio.sleep(PERIOD_S)
            LOOP_LAG.observe(max(0.0, time.perf_counter() - begin - PERIOD_S))

    task = asyncio.create_task(watch(), name="loop lag")
    yield
    await stop(task)
