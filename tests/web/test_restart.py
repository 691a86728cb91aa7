"""A process that ends, and its successor on the same stores."""

import asyncio
import contextlib
import time

import pytest

from router.commands.service import GRACE_S
from tests.house import until
from tests.web.service import serving


@pytest.fixture
async def start(house, database, live):
    """Starts a process; all that were are ended after the test."""
    async with contextlib.AsyncExitStack() as stack:
        yield lambda: stack.enter_async_context(serving(house, database, live))


def _texts(peer):
    entries = peer.frames[0]["entries"] + [f["entry"] for f in peer.of("entry")]
    return [e["data"]["text"] for e in entries if e["kind"] == "message"]


async def test_a_restart_with_contacts_waiting_loses_nothing_and_keeps_the_order(house, start):
    first = await start()
    agent = await house.agent("Ana", presence="offline", capacity={"chat": 5})
    opened = [await first.open(message=f"m{n}") for n in range(4)]
    customers = [await first.customer(each) for each in opened]
    desk = await first.desk(agent)
    supervisor = await first.peer("/ws/floor", by=await first.account("supervisor"))
    await supervisor.until("snapshot")

    begun = time.monotonic()
    await first.stop()
    assert time.monotonic() - begun < 5
    assert {await peer.closed() for peer in (*customers, desk, supervisor)} == {1012}
    assert all(p.connection.close_reason.startswith("retry_ms=") for p in customers)

    second = await start()
    desk = await second.desk(agent)
    back = await second.customer(opened[0])
    assert _texts(back) == ["m0"]
    await desk.ok("presence", state="available")
    for each in opened:
        offer = await desk.until("offer", contact=each["contact"])
        await desk.ok("accept", offer=offer["offer"])
    assert [f["contact"] for f in desk.of("offer")] == [each["contact"] for each in opened]


async def test_a_conversation_goes_on_over_a_restart(house, start):
    first = await start()
    agent = await house.agent("Ana")
    desk = await first.desk(agent)
    opened = await first.open(message="before")
    offer = await desk.until("offer")
    await desk.ok("accept", offer=offer["offer"])
    await first.stop()

    second = await start()
    desk = await second.desk(agent)
    (handling,) = desk.frames[0]["handlings"]
    assert handling["contact"] == opened["contact"]
    customer = await second.customer(opened)
    await desk.ok("say", contact=opened["contact"], key="k", text="after")
    await until(lambda: _texts(customer) == ["before", "after"], "both are there")


async def test_many_sockets_end_in_time_even_if_some_do_not_listen(house, start):
    service = await start()
    agent = await house.agent("Ana", presence="offline")
    await asyncio.gather(*(service.desk(agent) for _ in range(40)))
    deaf = await _deaf(service, agent)
    begun = time.monotonic()
    await service.stop()
    # the commands cut off what has not ended after this
    assert time.monotonic() - begun < GRACE_S
    deaf.close()


async def _deaf(service, agent):
    """A desk that opened its socket and never reads, nor answers the close."""
    _, writer = await asyncio.open_connection("127.0.0.1", service.settings.port)
    headers = await service.sign_in(agent)
    writer.write(
        b"GET /ws/desk HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        + f"Cookie: {headers['Cookie']}\r\n\r\n".encode()
    )
    await writer.drain()
    await asyncio.sleep(0.3)
    return writer


async def test_a_process_without_its_live_store_still_holds_conversations(
    service, house, monkeypatch
):
    from redis.exceptions import ConnectionError as Away

    from router.web.keys import LIVE

    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    opened = await service.open()
    customer = await service.customer(opened)
    offer = await desk.until("offer")
    await desk.ok("accept", offer=offer["offer"])
    await customer.until("contact")

    async def away(*_, **__):
        raise Away("away")

    for name in ("call", "calls", "blocking", "execute_command"):
        monkeypatch.setattr(service.app[LIVE], name, away)
    await desk.ok("say", contact=opened["contact"], key="k", text="still here")
    await until(lambda: "still here" in _texts(customer), "the sweep brings it", seconds=12)
    refused = await desk.ask("accept", offer="x.1.1")
    assert refused["error"]["code"] == "unavailable"
    assert (await service.open(message="hello"))["contact"]
