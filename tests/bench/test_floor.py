"""The benches on real sockets, small: every one does its work, and loses and doubles nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from router.bench import drain, lives, offer_latency, sign_in
from router.bench.floor.company import Company, Size, company

pytestmark = pytest.mark.soak


@pytest.fixture
def small() -> Iterator[Company]:
    """Of its own for each, as the command makes it."""
    with company(Size(registered=200, signed_in=20, customers=30, servers=2, mixed=True)) as made:
        yield made


def tell(_words: str) -> None:
    return


async def test_lives_are_whole(small: Company) -> None:
    found = await lives.measure(small, tell, rate=10, seconds=2, warm_s=0.2, holding_s=(0.2, 0.4))
    assert (found.lost, found.double, found.unrated) == (0, 0, 0), found.trouble
    assert found.contacts > 20
    assert sum(found.processor_ms.values()) > 0
    assert all(row.name == "lives" for row in lives.rows("lives", found))


async def test_a_drain_serves_everybody_once(small: Company) -> None:
    shape = drain.Shape(agents=10, backlog=40, holding_s=0.1, goal=0.9)
    took_s, figures = await drain.measure(small, shape, tell, staggered=False)
    assert len(figures.ended) == 40
    assert 0 < drain.row("drain-10", shape, took_s, figures).value <= 1
    assert 0 < drain.row("busy-10", shape, took_s, figures).value <= 1


async def test_the_way_of_an_offer_is_compared_with_a_bare_echos(small: Company) -> None:
    with offer_latency.echo() as bare:
        ours, theirs = await offer_latency.measure(
            small, bare, tell, agents=20, rate=20, seconds=1, repeats=1
        )
    assert 0 < theirs[0].p50 <= theirs[0].p99
    assert 0 < ours[0].p50 <= ours[0].p99


async def test_everybody_who_comes_back_is_matched() -> None:
    # entered in a thread, for it runs a loop of its own
    with contextlib.ExitStack() as stack:
        size = Size(registered=100, signed_in=20, servers=2)
        alike = await asyncio.to_thread(stack.enter_context, company(size))
        connected_s, matched_s = await sign_in.measure(alike, tell)
    assert 0 < connected_s <= matched_s
