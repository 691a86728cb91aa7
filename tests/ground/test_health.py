"""Machines that look after the service get true answers, quickly."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from router.settings import Settings
from router.store.live import open_live
from router.store.truth import open_pool
from router.web import health, metrics
from router.web.keys import LIVE, POOL, SETTINGS
from router.web.logs import request_log


@pytest.fixture
def settings() -> Settings:
    return Settings("localhost", 8080, "http://localhost:8080", "s" * 32, Path("unused"))


@pytest.fixture
async def service(database: str, live: str, settings: Settings, aiohttp_client):
    app = web.Application(middlewares=[request_log, metrics.measured])
    app[SETTINGS] = settings
    app[POOL] = await open_pool(database)
    app[LIVE] = open_live(live)
    app.cleanup_ctx.append(metrics.loop_lag)
    health.add_routes(app.router)

    async def contact(request: web.Request) -> web.Response:
        if request.match_info["id"] == "none":
            raise web.HTTPNotFound
        return web.Response()

    app.router.add_get("/contacts/{id}", contact)
    yield await aiohttp_client(app)
    await app[LIVE].aclose()
    app[POOL].terminate()


async def test_a_process_with_both_stores_and_a_current_schema_is_ready(service):
    assert (await service.get("/healthz")).status == 200
    answer = await service.get("/readyz")
    assert answer.status == 200
    assert await answer.json() == {
        "ready": True,
        "postgresql": "ok",
        "migrations": "ok",
        "valkey": "ok",
    }


async def test_a_schema_that_is_behind_is_named(service, database: str):
    connection = await asyncpg.connect(database)
    await connection.execute("delete from schema_migration where number = 1")
    await connection.close()
    answer = await service.get("/readyz")
    assert answer.status == 503
    body = await answer.json()
    assert body["migrations"] == "1 missing: secondline migrate"
    assert body["postgresql"] == "ok"


class Silent:
    """Accepts connections and never says a word, like a store on a machine that hangs."""

    async def __aenter__(self) -> Silent:
        self._server = await asyncio.start_server(self._hold, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


async def test_a_live_store_that_hangs_is_named_within_two_seconds(service):
    async with Silent() as silent:
        # the application is frozen by now, but not what stands in its slots
        good, hanging = service.app[LIVE], open_live(f"redis://127.0.0.1:{silent.port}")
        service.app._state[LIVE] = hanging
        begin = time.monotonic()
        answer = await service.get("/readyz")
        assert time.monotonic() - begin < 2
        assert answer.status == 503
        body = await answer.json()
        assert body["valkey"] == "no answer"
        assert body["postgresql"] == "ok"
        service.app._state[LIVE] = good
        await hanging.aclose()
    assert (await service.get("/healthz")).status == 200


async def test_a_database_that_is_gone_is_named_and_its_address_is_not(service):
    service.app[POOL].terminate()
    answer = await service.get("/readyz")
    assert answer.status == 503
    body = await answer.json()
    assert body == {
        "ready": False,
        "postgresql": "no answer",
        "migrations": "unknown",
        "valkey": "ok",
    }


async def test_figures_count_routes_as_declared_not_paths(service):
    for name in ("1", "2", "none"):
        await service.get(f"/contacts/{name}")
    await service.get("/nowhere/hunter2")
    text = await (await service.get("/metrics")).text()
    found = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "secondline_http_requests_total"
    }
    assert found["/contacts/{id}", "200"] >= 2
    assert found["/contacts/{id}", "404"] >= 1
    assert found["unmatched", "404"] >= 1
    assert "hunter2" not in text
    assert "secondline_sockets_open" in text
    assert "process_resident_memory_bytes" in text


async def test_a_loop_that_is_blocked_shows_in_the_figures(service):
    def late() -> float:
        return sum(
            sample.value
            for family in metrics.LOOP_LAG.collect()
            for sample in family.samples
            if sample.name.endswith("_sum")
        )

    before = late()
    deadline = time.monotonic() + 5
    while late() < before + 0.2 and time.monotonic() < deadline:
        time.sleep(0.3)  # noqa: ASYNC251 - blocking the loop is the point
        await asyncio.sleep(0.3)
    assert late() >= before + 0.2


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-0123456789", True), ("x" * 65, False), ("a b c d e f g h", False)]
)
async def test_an_answer_carries_the_requests_id(service, given: str, kept: bool):
    answer = await service.get("/healthz", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is kept
    assert answer.headers["X-Request-Id"]


class TestWithAToken:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(
            "localhost",
            8080,
            "http://localhost:8080",
            "s" * 32,
            Path("unused"),
            metrics_token="let-me-read-it",
        )

    async def test_only_its_bearer_reads_the_figures(self, service):
        assert (await service.get("/metrics")).status == 401
        wrong = await service.get("/metrics", headers={"Authorization": "Bearer läuft nicht"})
        assert wrong.status == 401
        right = await service.get("/metrics", headers={"Authorization": "Bearer let-me-read-it"})
        assert right.status == 200
