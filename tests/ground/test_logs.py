"""Logs say what happened and never whom it concerns."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog
from aiohttp import web

from router.web import logs


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stderr", printed)
    logs.configure(console=False)
    yield lambda: [json.loads(line) for line in printed.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("call from +4915112345678 ended", "call from •••78 ended"),
        ("+49 151 1234-5678", "•••78"),
        ("Key (e164)=(+4915112345678) already exists", "Key (e164)=(•••78) already exists"),
        ("From=%2B4915112345678&To=1", "From=•••78&To=1"),
        ("004915112345678", "•••78"),
        ("sip 4915112345678", "sip •••78"),
        ("ana@acme.test wrote", "•••@acme.test wrote"),
        ("postgresql://me:hunter2@db/secondline", "postgresql://•••@db/secondline"),
        ("contact 0c1b7e52-0b0f-4a52-9d0c-123456789012", None),
        ("took 12345 ms in 3 steps at 2026-11-22T16:16:36.976Z", None),
    ],
)
def test_numbers_and_addresses_are_masked_in_any_text(said: str, logged: str | None):
    assert logs.mask(said) == (logged or said)


def test_what_people_said_and_proof_of_who_they_are_never_reach_the_log(lines):
    structlog.get_logger("chat").info(
        "entry",
        text="my card is lost",
        password="hunter2",
        data={"comment": "rude", "inner": [{"pin": "4711"}]},
        phone="151 123",
        contact="0c1b7e52",
    )
    [line] = lines()
    printed = json.dumps(line)
    for secret in ("card", "hunter2", "rude", "4711", "151"):
        assert secret not in printed
    assert line["phone"] == "•••23"
    assert line["contact"] == "0c1b7e52"
    assert line["level"] == "info"
    assert str(line["timestamp"]).startswith("20")


def test_the_libraries_lines_and_tracebacks_go_the_same_way(lines):
    try:
        raise ValueError("duplicate key (phone)=(+4915112345678)")
    except ValueError:
        logging.getLogger("asyncpg").exception("failed for %s", "+4915112345678")
    [line] = lines()
    assert line["event"] == "failed for •••78"
    assert "•••78" in str(line["exception"])
    assert "4915112345678" not in json.dumps(line)


def test_the_vendors_library_does_not_log_whole_requests(lines):
    logging.getLogger("twilio.http_client").info("-- BEGIN Twilio API Request --")
    assert lines() == []


async def test_a_request_is_one_line_like_all_others(lines, aiohttp_client):
    async def rate(_: web.Request) -> web.Response:
        structlog.get_logger("web").info("inside")
        return web.Response()

    app = web.Application(middlewares=[logs.request_log])
    app.router.add_post("/api/contacts/{id}/rating", rate)
    client = await aiohttp_client(app)
    given = {"X-Request-Id": "request-0001"}
    await client.post("/api/contacts/4915112345678/rating?secret=hunter2", headers=given)
    await client.post("/api/nothing/4915112345678", headers=given)
    await client.request("PROPFIND", "/api/nothing", headers=given)
    inside, done, missing, made_up = lines()
    assert inside.keys() | {"method", "route", "status", "ms"} == done.keys()
    assert done["timestamp"][:4] == inside["timestamp"][:4]
    assert len(done["timestamp"]) == len(inside["timestamp"])
    assert done.keys() == missing.keys() == made_up.keys()
    assert {line["request_id"] for line in lines()} == {"request-0001"}
    assert (done["event"], done["level"], done["method"]) == ("request", "info", "POST")
    assert (done["route"], done["status"]) == ("/api/contacts/{id}/rating", 200)
    assert missing["status"] == made_up["status"] == 404
    assert "49151" not in json.dumps(lines())


async def test_a_log_that_cannot_be_written_stops_no_request(lines, aiohttp_client, monkeypatch):
    async def fine(_: web.Request) -> web.Response:
        return web.Response(text="fine")

    app = web.Application(middlewares=[logs.request_log])
    app.router.add_get("/", fine)
    client = await aiohttp_client(app)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = logs._plain
    assert handler is not None
    handler.stream.close()
    assert await (await client.get("/")).text() == "fine"
    handler.stream = io.StringIO()


@pytest.mark.parametrize(("level", "printed"), [("INFO", 1), ("WARNING", 0)])
async def test_requests_keep_to_the_level(lines, aiohttp_client, level, printed):
    async def fine(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[logs.request_log])
    app.router.add_get("/", fine)
    logging.getLogger().setLevel(level)
    await (await aiohttp_client(app)).get("/")
    assert len(lines()) == printed
