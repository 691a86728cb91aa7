"""Whatever is sent: a clear answer or the right close code, and the process goes on.

One process serves a whole property; each example talks to it as a stranger would.
"""

import asyncio
import contextlib
import json
import secrets
import string
from typing import Any

import pytest
import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.web.routes import record
from tests.web.service import Peer

# any text, with what hurts: NUL, markup, right-to-left marks, astral and half characters
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "\0",
            "a\0b",
            "<script>alert(1)</script>",
            "'; drop table contact; --",
            "\u202edesrever",
            "\U0001f984" * 5,
            "{{7*7}}",
            "../../etc/passwd",
            "x" * 5000,
            "1e999",
            "NaN",
        ]
    ),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    TEXTS,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = ["contact", "key", "text", "after", "offer", "handling", "state", "reason", "asked"]
FIELDS += ["tried", "outcome", "note", "data", "on", "stars", "comment", "id", "secret", "extra"]
KINDS = ["presence", "accept", "decline", "say", "read", "end", "escalate", "wrap_up", "video"]
KINDS += ["signal", "hold", "sync", "hello", "rate", "nothing", "__proto__"]
FRAMES = st.fixed_dictionaries(
    {"type": st.one_of(st.sampled_from(KINDS), VALUES)},
    optional=dict.fromkeys(FIELDS, VALUES),
)


def _frames(**fields: Any) -> Any:
    return st.fixed_dictionaries(
        {
            name: value if isinstance(value, st.SearchStrategy) else st.just(value)
            for name, value in fields.items()
        }
    )


# well formed but for what it says, about things that are there: @… is put in by the test
PLAUSIBLE = st.one_of(
    _frames(type="say", contact="@contact", key=TEXTS, text=TEXTS),
    _frames(type="say", contact="@contact", key="k1", text=TEXTS),
    _frames(type="read", contact="@contact", after=st.integers(-1, 2**60)),
    _frames(type="escalate", handling="@handling", reason=TEXTS, asked=TEXTS, tried=""),
    _frames(type="wrap_up", handling="@handling", outcome=TEXTS),
    _frames(type="presence", state="break", reason=TEXTS),
    _frames(type=st.sampled_from(["accept", "decline"]), offer=TEXTS),
    _frames(type="signal", contact="@contact", data=VALUES),
    _frames(type="signal", contact="@contact", data=st.dictionaries(TEXTS, VALUES, max_size=3)),
    _frames(type="hold", contact="@contact", on=st.booleans()),
)
RAW = st.one_of(
    FRAMES.map(json.dumps),
    VALUES.map(json.dumps),
    st.text(alphabet=string.printable, max_size=40),
    st.integers(1, 30_000).map(lambda depth: "[" * depth),
    st.integers(1, 8_000).map(lambda depth: '{"data":' * depth),
    st.integers(100, 30_000).map(lambda depth: '{"type":"signal","data":{"a":' + "[" * depth),
    st.just('{"type":"say","type":"read"}'),
    st.just('{"type":"say","text":"\\ud800"}'),
)
KNOWN_CODES = {"invalid", "malformed", "conflict", "gone", "not_found", "forbidden"}
KNOWN_CODES |= {"closed", "unauthenticated", "too_many"}

relaxed = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def _survives(peer: Peer, raws: list[str]) -> None:
    """Each frame is answered, or nothing; none as a fault of ours; the socket stays or 1008."""
    for raw in raws:
        with contextlib.suppress(websockets.ConnectionClosed):
            await peer.connection.send(raw)
    # requests are answered in order: this one is the last
    answer = None
    with contextlib.suppress(websockets.ConnectionClosed, StopIteration):
        answer = await peer.ask("read", contact="00000000-0000-0000-0000-000000000000", after=0)
    if answer is None:
        assert await peer.closed() == 1008, peer.connection.close_code
    for frame in peer.of("error"):
        assert frame["error"]["code"] in KNOWN_CODES, frame
        assert frame["error"]["message"]


@pytest.fixture
async def patient(service, monkeypatch):
    """Without the pause that a flood is given: floods are another test's."""
    monkeypatch.setattr("router.web.socket.REQUESTS_PER_SECOND", 1e6)
    monkeypatch.setattr("router.web.socket.MALFORMED_IN_A_ROW", 10)
    return service


async def test_no_frame_brings_a_desk_down(patient, house):
    agent = await house.agent("Ana")

    @relaxed
    @given(raws=st.lists(RAW, min_size=1, max_size=12))
    async def each(raws):
        await _survives(await patient.desk(agent), raws)

    await _explore(each)
    assert (await patient.call("GET", "/healthz"))[0] == 200


async def test_no_plausible_frame_brings_a_desk_down(patient, house):
    agent = await house.agent("Ana")
    desk = await patient.desk(agent)
    opened = await patient.open()
    offer = await desk.until("offer")
    handling = (await desk.ok("accept", offer=offer["offer"]))["handling"]

    @settings(relaxed, max_examples=60)
    @given(frames=st.lists(PLAUSIBLE, min_size=1, max_size=12))
    async def each(frames):
        raws = [
            json.dumps(frame).replace("@contact", opened["contact"]).replace("@handling", handling)
            for frame in frames
        ]
        await _survives(await patient.desk(agent), raws)

    await _explore(each)
    state = await house.pool.fetchval("select state from contact where id = $1", opened["contact"])
    assert state == "handling"


async def test_no_frame_brings_a_customers_socket_down(patient, house):
    @relaxed
    @given(raws=st.lists(RAW, min_size=1, max_size=12), after=st.integers(0, 2**53))
    async def each(raws, after):
        opened = await patient.open()
        await _survives(await patient.customer(opened, after=after), raws)

    await house.pool.execute("select 1")
    await _explore(each)
    assert (await patient.call("GET", "/healthz"))[0] == 200


async def test_no_first_frame_brings_the_customers_socket_down(patient):
    @relaxed
    @given(raw=RAW)
    async def each(raw):
        peer = await patient.peer("/ws/contact")
        await peer.connection.send(raw)
        assert await peer.closed() in (1008, 4401)
        (error,) = peer.frames
        assert error["error"]["code"] in KNOWN_CODES

    await _explore(each)


async def test_no_body_brings_the_api_down(patient, house):
    """Every address that takes JSON, called by an admin with whatever."""
    admin = await patient.account("admin")
    agent = await house.agent("Ana")
    routes = sorted(
        (found.method, found.path, found.who)
        for route in patient.app.router.routes()
        if (found := record(route.handler)) and found.method in ("POST", "PATCH", "DELETE")
    )
    assert len(routes) > 8
    ids = st.sampled_from(["00000000-0000-0000-0000-000000000000", "x", str(agent), "%00", "🦄"])
    named = [*FIELDS, "widget", "channel", "name", "mail", "email", "role", "agent", "policy"]
    bodies = st.one_of(
        RAW.map(lambda raw: raw.encode("utf-8", "surrogatepass")),
        st.binary(max_size=60),
        st.dictionaries(st.sampled_from(named), VALUES).map(
            lambda value: json.dumps(value).encode()
        ),
    )
    harmless = [route for route in routes if not route[1].endswith(("/disable", "/logout"))]

    @settings(relaxed, max_examples=150)
    @given(route=st.sampled_from(harmless), id_=ids, body=bodies)
    async def each(route, id_, body):
        method, path, _ = route
        path = path.replace("{id}", id_)
        status, answer = await patient.call(
            method, path, by=admin, data=body, headers={"Content-Type": "application/json"}
        )
        if status >= 400:
            assert status < 500, (method, path, body, answer)
            assert answer["error"]["code"]
            assert answer["error"]["message"]

    await _explore(each)


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1024 * 1024, 8 * 1024 * 1024])
async def test_a_body_that_is_too_long_is_refused_and_not_kept(patient, size):
    async def chunks():
        for _ in range(0, size, 65_536):
            yield b" " * 65_536

    for data in (b" " * size, chunks()):
        try:
            status, answer = await patient.call("POST", "/api/contacts", data=data)
        except OSError:
            # the answer was given and the connection closed before all was sent
            continue
        assert status == 422
        assert "bytes" in answer["error"]["message"]
    assert (await patient.call("GET", "/healthz"))[0] == 200


async def test_bytes_that_are_no_http_leave_the_process_alive(patient):
    for raw in (
        b"\x00" * 100,
        b"\xff\xfe\xfd",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", patient.settings.port)
        writer.write(raw)
        writer.write_eof()
        with contextlib.suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(reader.read(), 3)
        writer.close()
    assert (await patient.call("GET", "/healthz"))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("DELETE", "/api/contacts", 405, "not_found"),
        ("GET", "/api/contacts/..%2f..%2f", 401, "unauthenticated"),
        ("GET", "/assets/..%2f..%2fapp.py", 404, "not_found"),
        ("GET", "/assets/%00", 404, "not_found"),
        ("GET", "/api/widgets/%00", 404, "not_found"),
        ("GET", "/api/widgets/x?language=en&language=de", 422, "invalid"),
        ("GET", "/api/widgets/x?color=red", 422, "invalid"),
        ("GET", "/ws/desk", 401, "unauthenticated"),
        ("GET", "/ws/contact", 400, "malformed"),
    ],
)
async def test_what_is_not_there_is_said_in_json(patient, method, path, status, code):
    answered, body = await patient.call(method, path)
    assert (answered, body["error"]["code"]) == (status, code)


async def test_a_hello_that_is_right_after_garbage_still_works(patient):
    with contextlib.suppress(Exception):
        for _ in range(30):
            peer = await patient.peer("/ws/contact")
            await peer.connection.send(secrets.token_bytes(10))
            assert await peer.closed() in (1003, 1008)
    assert (await patient.customer(await patient.open())).frames[0]["type"] == "snapshot"


async def _explore(each: Any) -> None:
    """Run a hypothesis test whose body is a coroutine on the loop that serves."""
    loop = asyncio.get_running_loop()
    inner = each.hypothesis.inner_test

    def blocking(**drawn: Any) -> None:
        asyncio.run_coroutine_threadsafe(inner(**drawn), loop).result(60)

    each.hypothesis.inner_test = blocking
    await asyncio.to_thread(each)
