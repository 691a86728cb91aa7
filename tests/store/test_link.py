"""The connection to the live store that all callers of a process share."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from router.store.link import Link
from router.store.live import LiveStore, open_live
from tests.house import until


class Between:
    """Between the client and the store: passes everything on, until it is told otherwise."""

    def __init__(self, store: str) -> None:
        self._path = urlsplit(store).path
        self._streams: list[asyncio.StreamWriter] = []
        self.opened = 0
        self.heard = b""
        self.mute = False

    async def __aenter__(self) -> Between:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Drop every connection without a word."""
        for stream in self._streams:
            stream.transport.abort()
        self._streams.clear()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        answers, asks = await asyncio.open_unix_connection(self._path)
        self._streams += [writer, asks]

        async def ask() -> None:
            while data := await reader.read(65536):
                self.heard += data
                asks.write(data)
            asks.close()

        async def answer() -> None:
            while data := await answers.read(65536):
                if not self.mute:
                    writer.write(data)
            writer.close()

        with contextlib.suppress(ConnectionResetError):
            await asyncio.gather(ask(), answer())


@pytest.fixture
async def between(live: str) -> AsyncIterator[Between]:
    async with Between(live) as between:
        yield between


@pytest.fixture
async def store(between: Between) -> AsyncIterator[LiveStore]:
    store = open_live(between.url)
    yield store
    await store.aclose()


async def test_two_thousand_calls_at_once_take_one_connection_and_keep_their_order(
    between: Between, store: LiveStore
):
    calls = [store.call("RPUSH", "line", number) for number in range(2000)]
    assert await asyncio.gather(*calls) == list(range(1, 2001))
    assert await store.lrange("line", 0, -1) == [str(number) for number in range(2000)]
    assert between.opened == 1


async def test_single_calls_and_several_at_once_come_in_the_order_in_which_they_were_asked(
    store: LiveStore,
):
    first = store.call("INCR", "n")
    several = asyncio.create_task(store.calls([("INCR", "n"), ("INCR", "n"), ("GET", "n")]))
    await asyncio.sleep(0)
    last = store.call("INCR", "n")
    assert [await first, await several, await last] == [1, [2, 3, "3"], 4]


async def test_a_refusal_is_its_callers_alone(store: LiveStore):
    await store.set("text", "not a number")
    before, refused, after = await asyncio.gather(
        store.call("GET", "text"),
        store.call("INCR", "text"),
        store.call("STRLEN", "text"),
        return_exceptions=True,
    )
    assert (before, after) == ("not a number", 12)
    assert isinstance(refused, ResponseError)
    with pytest.raises(ResponseError):
        await store.calls([("STRLEN", "text"), ("INCR", "text"), ("STRLEN", "text")])
    assert await store.calls([]) == []


async def test_a_connection_lost_midway_is_told_and_nothing_is_asked_twice(
    between: Between, store: LiveStore
):
    await store.ping()
    between.mute = True
    calls = [store.call("INCR", "n") for _ in range(50)]
    several = asyncio.create_task(store.calls([("INCR", "n")] * 10))
    direct = asyncio.create_task(store.incr("n"))
    await until(lambda: between.heard.count(b"INCR") == 61, "the store was asked")
    between.cut()
    told = await asyncio.gather(*calls, several, direct, return_exceptions=True)
    assert {type(error) for error in told} == {ConnectionError}
    between.mute = False
    # they had been carried out, once each: whether they were is for the callers to find out
    assert await store.incr("n") == 62
    assert between.opened == 2


async def test_a_store_that_stalls_is_noticed_by_all_who_wait_and_asked_anew_after(
    between: Between, store: LiveStore
):
    link = Link(store.connection_pool.make_connection, stall_s=0.3)
    assert await link.call("PING") == "PONG"
    between.mute = True
    begun = asyncio.get_running_loop().time()
    first = link.call("INCR", "n")
    await asyncio.sleep(0.1)
    later = [link.call("INCR", "n") for _ in range(20)]
    told = await asyncio.gather(first, *later, return_exceptions=True)
    assert {type(error) for error in told} == {TimeoutError}
    assert 0.3 <= asyncio.get_running_loop().time() - begun < 2
    between.mute = False
    assert await link.call("INCR", "n") == 22
    await link.aclose()


async def test_a_store_that_answers_steadily_is_never_taken_for_stalled(store: LiveStore):
    link = Link(store.connection_pool.make_connection, stall_s=0.1)
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.5
    while loop.time() < end:
        await link.call("PING")
        await asyncio.sleep(0.001)
    # and one that nobody asks anything of is left alone
    await asyncio.sleep(0.2)
    assert await link.call("PING") == "PONG"
    await link.aclose()


async def test_whoever_gives_up_waiting_leaves_the_others_their_answers(
    between: Between, store: LiveStore
):
    await store.ping()
    given_up = asyncio.create_task(store.incrby("n", 10))
    await asyncio.sleep(0)
    others = [store.call("INCR", "n") for _ in range(5)]
    given_up.cancel()
    assert await asyncio.gather(*others) == [11, 12, 13, 14, 15]
    assert between.opened == 1


async def test_a_store_that_is_away_is_told_at_once_and_found_when_it_is_back(live: str):
    between = Between(live)
    async with between:
        url = between.url
    away = open_live(url)
    told = await asyncio.gather(*(away.call("PING") for _ in range(3)), return_exceptions=True)
    assert {type(error) for error in told} == {ConnectionError}
    server = await asyncio.start_server(between._pass_on, "127.0.0.1", urlsplit(url).port)
    assert await away.ping()
    await away.aclose()
    between.cut()
    server.close()


async def test_who_waits_for_events_holds_up_nobody(store: LiveStore):
    waiting = asyncio.create_task(store.blocking("XREAD", "BLOCK", 1500, "STREAMS", "events", "$"))
    plain = asyncio.create_task(store.xread({"more": "$"}, block=1500))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    ids = itertools.count(1)
    while not waiting.done():
        await store.call("XADD", "events", f"0-{next(ids)}", "e", "[]")
        assert await store.ping()
    assert loop.time() - begun < 1
    assert list(await waiting) == ["events"]
    plain.cancel()


async def test_what_waits_when_it_is_closed_is_told(between: Between):
    store = open_live(between.url)
    await store.ping()
    between.mute = True
    call = store.call("PING")
    await store.aclose()
    with pytest.raises(ConnectionError):
        await call


async def test_a_protocol_that_is_broken_ends_the_connection_and_not_the_process():
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = b"%1\r\n$5\r\nproto\r\n:3\r\n"
        while asked := await reader.read(1000):
            if b"HELLO" in asked:
                writer.write(hello)
            elif b"SETINFO" in asked:
                writer.write(b"+OK\r\n" * asked.count(b"SETINFO"))
            else:
                writer.write(b"!nonsense\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    store = open_live(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(ConnectionError):
        await store.call("PING")
    await store.aclose()
    server.close()
