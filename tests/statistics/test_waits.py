"""What is told of a wait: rules that hold for all, and how far off it is on a made-up day."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.queues.floor import Floor
from router.queues.keys import key
from router.queues.waits import (
    GAPS_REMEMBERED,
    LONGEST_TOLD_S,
    expected_wait_s,
    gap_of,
    next_gap,
    told_position,
)
from router.statistics.rollup import Rollup
from tests.house import House

positions = st.integers(1, 100_000)
gaps = st.floats(0, 1e9)


@given(positions, gaps, st.booleans())
def test_a_wait_is_never_negative_and_never_pretends(position: int, gap: float, servable: bool):
    wait = expected_wait_s(position, gap, servable=servable)
    if not servable or gap == 0:
        assert wait is None
    elif wait is not None:
        assert 30 <= wait <= LONGEST_TOLD_S
        assert wait % 30 == 0


@given(positions, positions, gaps, gaps)
def test_a_wait_grows_with_the_place_and_with_the_gap(p: int, q: int, g: float, h: float):
    near = expected_wait_s(min(p, q), min(g, h) or 1, servable=True)
    far = expected_wait_s(max(p, q), max(g, h) or 1, servable=True)
    assert near is not None
    assert far is not None
    assert near <= far


@given(positions, st.floats(1, 1e9))
def test_what_is_told_is_no_less_than_what_is_expected(position: int, gap: float):
    wait = expected_wait_s(position, gap, servable=True)
    assert wait is not None
    assert wait >= min(position * gap / 1000, LONGEST_TOLD_S) - 1e-6


@given(st.lists(st.tuples(st.floats(0, 1e7), st.floats(0, 1e7)), min_size=1, max_size=60))
def test_the_gap_stays_among_what_was_seen(seen: list[tuple[float, float]]):
    gap, known = 0.0, 0
    for since, waited in seen:
        gap, known = next_gap(gap, known, since_answer_ms=since, waited_ms=waited)
    each = [min(pair) for pair in seen]
    assert min(each) * (1 - 1e-9) - 1e-6 <= gap <= max(each) * (1 + 1e-9) + 1e-6
    assert known == min(len(seen), GAPS_REMEMBERED)


@given(st.integers(1, 10_000), st.floats(1, 1e8))
def test_more_in_hand_move_the_line_faster(in_hand: int, mean: float):
    assert gap_of(mean, in_hand + 1) < gap_of(mean, in_hand)
    assert gap_of(mean, 0) == 0


@given(positions, st.none() | positions)
def test_a_position_told_never_gets_worse(position: int, last: int | None):
    assert told_position(position, last) <= (position if last is None else last)


# How far off ----------------------------------------------------------------------------


def _arrivals(chance: random.Random, agents: int, mean_s: float) -> Iterator[float]:
    """A day whose load comes and goes, in calls an agent."""
    now = 0.0
    for hour, load in enumerate((0.6, 0.95, 1.15, 1.0, 0.8, 1.1, 1.2, 0.9, 0.7, 0.95)):
        while now < (hour + 1) * 3600:
            now += chance.expovariate(load * agents / mean_s)
            yield now


def errors(seed: int, *, agents: int, mean_s: float = 300.0, old: bool = False) -> list[float]:
    """Seconds by which the expected wait was too long, of each who waited on such a day.

    old: by the time since the last answer alone, whether anybody waited in it or not.
    """
    chance = random.Random(seed)
    line: deque[tuple[float, float]] = deque()
    ends: list[float] = []
    gap, known, last, found = 0.0, 0, 0.0, []

    def begin(now: float) -> None:
        nonlocal last
        last = now
        heapq.heappush(ends, now + chance.expovariate(1 / mean_s))

    def end(now: float) -> None:
        nonlocal gap, known
        if not line:
            return
        came, told = line.popleft()
        waited = now - came
        if told:
            found.append(told - waited)
        if old:
            gap = gap * 0.9 + (now - last) * 0.1 if gap else now - last
        else:
            gap, known = next_gap(
                gap, known, since_answer_ms=(now - last) * 1000, waited_ms=waited * 1000
            )
        begin(now)

    for now in _arrivals(chance, agents, mean_s):
        while ends and ends[0] <= now:
            end(heapq.heappop(ends))
        if len(ends) < agents:
            begin(now)
        else:
            line.append((now, (len(line) + 1) * (gap if old else gap / 1000)))
    return found


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("agents", [5, 20])
def test_on_a_day_that_comes_and_goes_the_error_is_below_the_former_rules(agents: int):
    new = [e for seed in range(12) for e in errors(seed, agents=agents)]
    old = [e for seed in range(12) for e in errors(seed, agents=agents, old=True)]
    assert len(new) > 500
    assert _mean([abs(e) for e in new]) < 0.95 * _mean([abs(e) for e in old])
    assert abs(_mean(new)) < abs(_mean(old)) + 1


# In the service -------------------------------------------------------------------------


async def test_the_script_keeps_the_gap_as_the_rule_says(house: House):
    """Once with a long wait behind a short time, once with a short wait after a long time."""
    agent = await house.agent("Ana", capacity={"chat": 1})
    await house.arrive()
    handling = await house.accept(agent)
    epoch = await house.engine.epoch(house.workspace)
    pace = key(house.workspace, epoch, "pace", str(house.queues["customers"]))
    expected, known = 0.0, 0
    for since_s, waited_s in ((5, 60), (600, 20), (90, 90)):
        contact = await house.arrive()
        await house.pool.execute(
            "update contact set line_at = now() - make_interval(secs => $2) where id = $1",
            contact.id,
            float(waited_s),
        )
        await house.redis.hset(pace, "last", await house.engine.now_ms() - since_s * 1000)
        await house.contacts.end(
            house.workspace, handling.contact_id, outcome="completed", by="agent"
        )
        await house.contacts.wrap_up(house.workspace, agent, handling.id, "resolved")
        handling = await house.accept(agent)
        expected, known = next_gap(
            expected, known, since_answer_ms=since_s * 1000, waited_ms=waited_s * 1000
        )
        kept = await house.redis.hmget(pace, "gap", "known")
        assert int(kept[1]) == known
        assert float(kept[0]) == pytest.approx(expected, abs=1500)
    assert (expected, known) == (pytest.approx((5000 + 20_000 + 90_000) / 3), 3)


async def test_before_a_line_moved_the_wait_is_worked_out_from_what_is_in_hand(
    house: House, rollup: Rollup
):
    agent = await house.agent("Ana")
    await house.arrive()
    await house.serve(agent)
    # that conversation lasted four minutes
    await house.pool.execute(
        "update handling set accepted_at = done_at - interval '4 minutes',"
        " connected_at = done_at - interval '4 minutes', ended_at = done_at"
    )
    await rollup.run(house.workspace)
    await house.arrive()
    await house.accept(agent)
    waiting = await house.arrive()
    standing = await house.contacts.standing(waiting, told=True)
    assert (standing.position, standing.expected_wait_s) == (1, 240)
    kept = await house.pool.fetchrow("select estimate_s, estimated_at from contact where id = $1",
                                     waiting.id)  # fmt: skip
    assert kept["estimate_s"] == 240
    # and supervisors see what somebody who came now would be told
    floor = Floor(house.redis, house.engine)
    (row,) = await floor.queues(house.workspace, [waiting.queue_id], "")
    assert row["expected_wait_s"] == 480
    later = await house.contacts.standing(waiting, told=True)
    assert later.expected_wait_s == 240
    again = await house.pool.fetchrow("select estimate_s, estimated_at from contact where id = $1",
                                      waiting.id)  # fmt: skip
    assert again == kept, "what is compared is what was told first"


async def test_what_was_told_is_compared_with_what_came(house: House, rollup: Rollup):
    agent = await house.agent("Ana", presence="offline")
    contact = await house.arrive()
    begun = contact.arrived_at
    await house.pool.execute(
        "update contact set estimate_s = 60, estimated_at = $2, line_at = $2, arrived_at = $2"
        " where id = $1",
        contact.id,
        begun - timedelta(seconds=40),
    )
    await house.contacts.set_presence(house.workspace, agent, "available")
    await house.accept(agent)
    await rollup.run(house.workspace)
    row = await house.pool.fetchrow(
        "select sum(estimates) as n, sum(estimates_held) as held, sum(estimate_error_ms) as error,"
        " sum(estimate_absolute_error_ms) as off from statistics_interval where dimension = 'queue'"
    )
    assert (row["n"], row["held"]) == (1, 1)
    # told 60 s, and it took 40 s and the moments of this test
    assert 10_000 < row["error"] <= 20_000
    assert row["off"] == row["error"]
