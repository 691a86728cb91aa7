"""The shared socket: what it answers, what it refuses, and that it stays bounded."""

import asyncio
import contextlib
import json
import socket as sockets
from typing import Any

import pytest
import websockets
from aiohttp import web
from websockets.asyncio.client import ClientConnection

from router.errors import Conflict
from router.web import socket as subject
from router.web.drain import DRAIN, add_drain
from router.web.socket import Frame, Restarting, Socket

BREAK = web.AppKey("break", asyncio.Event)


class Echo(Frame, tag="echo", kw_only=True):
    word: str
    times: int = 1


class Fail(Frame, tag="fail"):
    pass


class Bug(Frame, tag="bug"):
    pass


class Served:
    """A server with one socket address, and the sockets that it has open."""

    def __init__(self, app: web.Application, url: str, runner: Any) -> None:
        self.app, self.url, self.runner = app, url, runner

    @property
    def sockets(self) -> set[Socket]:
        return self.app[DRAIN].sockets


async def _answer(frame: Frame) -> dict[str, Any] | None:
    match frame:
        case Echo():
            return {"words": [frame.word] * frame.times}
        case Fail():
            raise Conflict("Not now.", state="ended")
    raise RuntimeError("a fault with a secret in it")


@pytest.fixture
async def served(aiohttp_server):
    app = web.Application()
    add_drain(app)
    app[BREAK] = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        async def background() -> None:
            await app[BREAK].wait()
            raise Restarting

        async with Socket.open(request, "test") as socket:
            if "refused" in request.query:
                raise Conflict("Not you.", state="ended")
            await socket.serve(Echo | Fail | Bug, _answer, background())
        return socket.response

    app.router.add_get("/ws", handle)
    server = await aiohttp_server(app)
    return Served(app, f"ws://{server.host}:{server.port}/ws", server)


@pytest.fixture
async def client(served):
    async with websockets.connect(served.url) as connection:
        yield connection


async def _ask(client: ClientConnection, frame: Any) -> dict[str, Any]:
    await client.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
    async with asyncio.timeout(5):
        answer: dict[str, Any] = json.loads(await client.recv())
    return answer


async def _until(condition, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_request_is_answered_under_its_own_id(client):
    assert await _ask(client, {"type": "echo", "id": "7", "word": "hi", "times": 2}) == {
        "type": "ok",
        "id": "7",
        "words": ["hi", "hi"],
    }


async def test_a_refusal_carries_the_id_the_code_and_the_state(client):
    answer = await _ask(client, {"type": "fail", "id": "a"})
    assert answer == {
        "type": "error",
        "id": "a",
        "error": {"code": "conflict", "message": "Not now.", "state": "ended"},
    }


async def test_a_fault_of_ours_is_answered_without_its_details_and_the_socket_stays(client):
    answer = await _ask(client, {"type": "bug", "id": "a"})
    assert answer["error"]["code"] == "error"
    assert "secret" not in json.dumps(answer)
    assert (await _ask(client, {"type": "echo", "id": "b", "word": "x"}))["type"] == "ok"


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"type": "echo", "id": "1", "word": 3}, "word"),
        ({"type": "echo", "id": "1", "word": "x", "times": "3"}, "times"),
        ({"type": "echo", "id": "1", "word": "x", "times": True}, "times"),
        ({"type": "echo", "id": "1", "word": "x", "times": 1e400}, None),
        ({"type": "echo", "id": "1", "word": "x", "volume": 3}, "volume"),
        ({"type": "echo", "id": "1"}, "word"),
        ({"type": "echo", "id": "1", "word": "a\0b"}, "word"),
        ({"type": "nothing", "id": "1"}, "type"),
        ({"id": "1"}, "type"),
        ({"type": "echo", "id": "1" * 65, "word": "x"}, "id"),
        ({"type": "echo", "id": 1, "word": "x"}, "id"),
    ],
)
async def test_a_wrong_field_is_named_and_the_socket_stays(client, frame, field):
    answer = await _ask(client, frame)
    assert answer["type"] == "error"
    if field is None:
        assert answer["error"]["code"] == "malformed"
    else:
        assert answer["error"]["code"] == "invalid"
        assert answer["error"]["field"] == field
        assert answer.get("id") == ("1" if field != "id" else None)
    assert (await _ask(client, {"type": "echo", "id": "b", "word": "x"}))["type"] == "ok"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "null and void",
        "{'type': 'echo'}",
        '{"type":"echo","word":NaN}',
        '{"type":"echo","word":"\\ud800"}',
        '{"type":"echo","word":"\\udc00x"}',
        '{"type":"echo","extra":' + "[" * 20_000,
        '{"a":' * 8_000,
        "9" * 30_000,
        "\ufeff{}",
    ],
)
async def test_what_is_not_json_is_answered_malformed_or_invalid_and_the_socket_stays(client, raw):
    answer = await _ask(client, raw)
    assert answer["type"] == "error"
    assert answer["error"]["code"] in ("malformed", "invalid")
    assert (await _ask(client, {"type": "echo", "id": "b", "word": "x"}))["type"] == "ok"


async def test_ten_malformed_frames_in_a_row_close_the_socket(client):
    for _ in range(9):
        assert (await _ask(client, "{"))["error"]["code"] == "malformed"
    assert (await _ask(client, {"type": "echo", "id": "b", "word": "x"}))["type"] == "ok"
    for _ in range(10):
        assert (await _ask(client, "{"))["error"]["code"] == "malformed"
    await client.wait_closed()
    assert client.close_code == 1008


async def test_a_binary_frame_closes_with_1003(client):
    await client.send(b"\x00\x01")
    await client.wait_closed()
    assert client.close_code == 1003


async def test_a_frame_over_64_kib_closes_with_1009_and_one_below_is_answered(served):
    async with websockets.connect(served.url) as client:
        answer = await _ask(client, {"type": "echo", "id": "1", "word": "x" * 60_000})
        assert answer["type"] == "ok"
        with contextlib.suppress(websockets.ConnectionClosed):
            await client.send("x" * 1_000_000)
        await client.wait_closed()
        assert client.close_code == 1009
    await _until(lambda: not served.sockets)


async def test_text_that_is_not_utf8_closes_with_1007(client):
    await client.send(b"\xff\xfe", text=True)
    await client.wait_closed()
    assert client.close_code == 1007


async def test_a_reader_that_does_not_read_is_closed_and_costs_a_bounded_memory(served):
    host, port = served.runner.host, served.runner.port
    reader = sockets.create_connection((host, port))
    reader.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    reader.sendall(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    await _until(lambda: served.sockets)
    (socket,) = served.sockets
    frame = subject.encode({"type": "entry", "text": "x" * 20_000})
    most = 0
    for _ in range(2000):
        socket.send(frame)
        most = max(most, socket.untaken)
        await asyncio.sleep(0)
    assert most <= subject.OUTGOING_BYTES + len(frame)
    await _until(lambda: not served.sockets, seconds=subject.CLOSE_TIMEOUT + 5)
    reader.close()


async def test_a_slow_reader_that_wakes_in_time_is_told_1013(served):
    async with websockets.connect(served.url, max_queue=1) as client:
        await _until(lambda: served.sockets)
        (socket,) = served.sockets
        frame = subject.encode({"type": "entry", "text": "x" * 20_000})
        for _ in range(2 * subject.OUTGOING_BYTES // len(frame)):
            socket.send(frame)
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await client.recv()
        assert client.close_code == 1013


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
async def test_a_frame_of_any_length_arrives_whole(served, size):
    async with websockets.connect(served.url) as client:
        await _until(lambda: served.sockets)
        (socket,) = served.sockets
        socket.send(b"x" * size)
        socket.send({"type": "next"})
        assert await client.recv() == "x" * size
        assert json.loads(await client.recv()) == {"type": "next"}


async def test_what_is_sent_in_one_turn_goes_out_together_and_in_order(served, client):
    await _until(lambda: served.sockets)
    (socket,) = served.sockets
    transport = socket._request.transport
    writes = []
    write = transport.write
    transport.write = lambda raw: (writes.append(raw), write(raw))
    for number in range(50):
        socket.send({"number": number})
    socket.close(1000, "done")
    assert [json.loads(await client.recv())["number"] for _ in range(50)] == list(range(50))
    await client.wait_closed()
    assert client.close_code == 1000
    assert len([raw for raw in writes if b"number" in raw]) == 1


async def test_a_reader_that_does_not_read_holds_up_nobody(served, client):
    reader = sockets.create_connection((served.runner.host, served.runner.port))
    reader.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    reader.sendall(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    await _until(lambda: len(served.sockets) == 2)
    for number in range(100):
        for socket in served.sockets:
            socket.send({"number": number, "text": "x" * 20_000})
        async with asyncio.timeout(1):
            assert json.loads(await client.recv())["number"] == number
    reader.close()


async def test_a_peer_that_answers_no_ping_is_cut_off_and_one_that_does_stays(served, client):
    deaf = sockets.create_connection((served.runner.host, served.runner.port))
    deaf.sendall(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    await _until(lambda: len(served.sockets) == 2)
    for _ in range(8):
        for socket in list(served.sockets):
            socket.beat()
        # a live peer's pong is here when its answer is
        assert (await _ask(client, {"type": "echo", "id": "b", "word": "x"}))["type"] == "ok"
    await _until(lambda: len(served.sockets) == 1)
    assert (await _ask(client, {"type": "echo", "id": "c", "word": "x"}))["type"] == "ok"
    deaf.close()


async def test_a_silent_peer_is_asked_every_other_time_and_its_pong_is_enough(served, client):
    await _until(lambda: served.sockets)
    (socket,) = served.sockets
    for _ in range(6):
        socket.beat()
        if socket._asked:
            await _until(lambda: socket._heard)
    assert served.sockets == {socket}
    assert not socket._request.transport.is_closing()


async def test_a_peer_whose_request_takes_long_is_not_taken_for_deaf(served, monkeypatch):
    go_on = asyncio.Event()

    async def slow(frame: Frame) -> dict[str, Any]:
        await go_on.wait()
        return {}

    monkeypatch.setitem(globals(), "_answer", slow)
    async with websockets.connect(served.url) as client:
        await client.send(json.dumps({"type": "echo", "id": "1", "word": "x"}))
        await _until(lambda: served.sockets and next(iter(served.sockets))._answering)
        (socket,) = served.sockets
        for _ in range(5):
            socket.beat()
        go_on.set()
        assert json.loads(await client.recv())["type"] == "ok"


async def test_a_peers_own_ping_is_answered(client):
    async with asyncio.timeout(5):
        await (await client.ping())


async def test_an_error_before_the_first_frame_is_told_and_closes(served):
    async with websockets.connect(served.url + "?refused") as client:
        assert json.loads(await client.recv())["error"]["message"] == "Not you."
        await client.wait_closed()
        assert client.close_code == 1013
    await _until(lambda: not served.sockets)


async def test_a_background_that_ends_sends_the_client_back_for_a_snapshot(served, client):
    await _until(lambda: served.sockets)
    served.app[BREAK].set()
    await client.wait_closed()
    assert client.close_code == 1013
    await _until(lambda: not served.sockets)


async def test_a_stopping_process_closes_its_sockets_with_1012_and_a_time_to_return(served):
    clients = [await websockets.connect(served.url) for _ in range(20)]
    await _until(lambda: len(served.sockets) == 20)
    began = asyncio.get_running_loop().time()
    await served.app[DRAIN].close_all(served.app)
    assert asyncio.get_running_loop().time() - began < 4
    hints = set()
    for client in clients:
        await client.wait_closed()
        assert client.close_code == 1012
        assert client.close_reason.startswith("retry_ms=")
        hints.add(client.close_reason)
    assert len(hints) > 5, "everybody would come back at once"
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(served.url)
    assert refused.value.response.status_code >= 500


async def test_a_flood_is_slowed_down_and_loses_nothing(served, monkeypatch):
    monkeypatch.setattr(subject, "REQUESTS_PER_SECOND", 400.0)
    async with websockets.connect(served.url) as client:
        began = asyncio.get_running_loop().time()
        for number in range(300):
            await client.send(json.dumps({"type": "echo", "id": str(number), "word": "x"}))
        answers = [json.loads(await client.recv())["id"] for _ in range(300)]
        assert answers == [str(number) for number in range(300)]
        assert asyncio.get_running_loop().time() - began >= 0.4
