"""The truth's rows are counted as their story says, and counting again changes nothing."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from router.statistics.definitions import INTERVAL_S, NAMES, Counts
from router.statistics.rollup import Rollup
from tests.house import House
from tests.statistics.lives import BEGIN, Key, Story, at, tell

DAY = 10 * INTERVAL_S


async def staffed(house: House, agents: int = 5) -> list[Any]:
    return [
        await house.agent(f"Agent-{n}", tier=1 + n % 2, presence="offline") for n in range(agents)
    ]


async def told(house: House, seed: int, contacts: int = 120, until: float = DAY - 77.5) -> Story:
    """A story by chance, in the database."""
    story = Story(house, until)
    agents = await staffed(house)
    for n, agent in enumerate(agents):
        story.agent(agent, 1 + n % 2)
    tell(story, random.Random(seed), agents, list(house.queues.values()), contacts)
    await story.write()
    return story


async def counted(house: House) -> dict[Key, Counts]:
    rows = await house.pool.fetch(
        "select * from statistics_interval where workspace_id = $1", house.workspace
    )
    return {
        (row["dimension"], row["subject"], row["starts_at"]): Counts(
            **{name: row[name] for name in NAMES}
        )
        for row in rows
    }


async def versions(house: House) -> list[Any]:
    """Which row versions there are: equal only if not one was written anew."""
    rows = await house.pool.fetch(
        "select dimension, subject, starts_at, xmin::text, ctid::text from statistics_interval"
        " order by 1, 2, 3"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("seed", range(6))
async def test_every_event_of_a_story_is_counted_once_where_it_belongs(
    house: House, rollup: Rollup, seed: int
):
    story = await told(house, seed)
    assert await rollup.run(house.workspace, at(story.until))
    expected, found = story.settle(), await counted(house)
    differing = {
        key: {
            name: (getattr(expected.get(key, Counts()), name), getattr(found[key], name))
            for name in NAMES
            if key not in expected or getattr(expected[key], name) != getattr(found[key], name)
        }
        for key in found
        if expected.get(key) != found[key]
    }
    assert differing == {}
    assert expected.keys() == found.keys()
    assert sum(c.answered for (d, _, _), c in found.items() if d == "all") > 50


async def test_of_all_who_entered_each_left_once_or_still_waits(house: House, rollup: Rollup):
    story = await told(house, 11, contacts=200)
    await rollup.run(house.workspace, at(story.until))
    total = Counts()
    for (dimension, _, _), counts in (await counted(house)).items():
        if dimension == "all":
            total = total + counts
    waiting = await house.pool.fetchval(
        "select count(*) from contact c where due_at is null and (state = 'waiting' or"
        " state = 'handling' and"
        " exists (select from handling h where h.contact_id = c.id and h.state = 'connecting'))"
    )
    left = total.abandoned + total.left_message + total.left_otherwise
    assert total.entered == total.answered + left + waiting
    assert waiting > 0


async def test_counting_again_writes_nothing(house: House, rollup: Rollup):
    story = await told(house, 21)
    await rollup.run(house.workspace, at(story.until))
    before = await versions(house)
    await rollup.run(house.workspace, at(story.until))
    assert await versions(house) == before


async def test_a_replay_of_the_whole_past_gives_the_same_rows(house: House, rollup: Rollup):
    story = await told(house, 22)
    await rollup.run(house.workspace, at(story.until))
    rows, before = await counted(house), await versions(house)
    # progress is forgotten: all is counted anew over what is there
    await house.pool.execute("delete from statistics_progress")
    await rollup.run(house.workspace, at(story.until))
    assert await versions(house) == before
    # and from nothing
    await house.pool.execute("delete from statistics_interval")
    await house.pool.execute("delete from statistics_progress")
    await rollup.run(house.workspace, at(story.until))
    assert await counted(house) == rows


async def test_counting_bit_by_bit_gives_what_counting_at_once_gives(house: House, rollup: Rollup):
    """The rows are those of the end, however often what was not final was looked at before."""
    story = await told(house, 23)
    await rollup.run(house.workspace, at(story.until))
    at_once = await counted(house)
    await house.pool.execute("delete from statistics_interval")
    await house.pool.execute("delete from statistics_progress")
    for second in range(100, int(story.until), 311):
        await rollup.run(house.workspace, at(second))
    await rollup.run(house.workspace, at(story.until))
    assert await counted(house) == at_once


async def test_processes_that_count_at_once_count_once(
    house: House, rollup: Rollup, database: str, live: str
):
    story = await told(house, 24)
    others = [await House.open(database, live, house.workspace) for _ in range(2)]
    try:
        rollups = [rollup, *(Rollup(other.pool) for other in others)]
        ran = await asyncio.gather(
            *(each.run(house.workspace, at(story.until)) for each in rollups for _ in range(3))
        )
        assert any(ran)
        assert await counted(house) == story.settle()
    finally:
        for other in others:
            await other.close()


async def test_a_process_that_dies_in_the_middle_leaves_nothing_half_counted(
    house: House, rollup: Rollup, database: str
):
    story = await told(house, 25)
    connection = await asyncpg.connect(database)
    transaction = connection.transaction()
    await transaction.start()
    assert await connection.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended($1, 4))", f"statistics {house.workspace}"
    )
    await rollup.count(connection, house.workspace, BEGIN, at(DAY), at(story.until))
    # another one sees that somebody is at it, and leaves it to them
    assert not await rollup.run(house.workspace, at(story.until))
    connection.terminate()
    async with asyncio.timeout(5):
        while not await rollup.run(house.workspace, at(story.until)):
            await asyncio.sleep(0.02)
    assert await counted(house) == story.settle()


async def test_what_is_settled_is_never_written_again(house: House, rollup: Rollup):
    story = await told(house, 26)
    await rollup.run(house.workspace, at(story.until))
    settled = await house.pool.fetchval("select settled_until from statistics_progress")
    assert settled == at(DAY - INTERVAL_S)
    # a row that no transaction could still commit
    await house.pool.execute("delete from offer where at < $1", settled)
    before = await counted(house)
    await rollup.run(house.workspace, at(story.until))
    assert await counted(house) == before


async def test_an_interval_stays_open_until_the_last_transactions_of_it_are_over(
    house: House, rollup: Rollup
):
    await told(house, 27, contacts=3)
    await rollup.run(house.workspace, at(3 * INTERVAL_S + 60))
    settled = await house.pool.fetchval("select settled_until from statistics_progress")
    assert settled == at(2 * INTERVAL_S)
    await rollup.run(house.workspace, at(3 * INTERVAL_S + 121))
    settled = await house.pool.fetchval("select settled_until from statistics_progress")
    assert settled == at(3 * INTERVAL_S)


async def test_a_new_event_changes_its_own_figures_alone(house: House, rollup: Rollup):
    story = await told(house, 28, contacts=40)
    await rollup.run(house.workspace, at(story.until))
    before = await counted(house)
    queue, agent = house.queues["experts"], next(iter(story.tiers))
    second = DAY - INTERVAL_S + 5.0
    story.contacts.append((story.people, "chat", queue, "waiting", at(second), None, None,
                           None))  # fmt: skip
    story.entered(second, queue, "chat")
    story.offer(second + 1, agent, queue, "chat", "declined")
    await story.write()
    await rollup.run(house.workspace, at(story.until))
    after = await counted(house)
    changed = {
        (dimension, name)
        for (dimension, subject, when), counts in after.items()
        for name in NAMES
        if getattr(counts, name) != getattr(before.get((dimension, subject, when), Counts()), name)
    }
    assert changed == {("all", "entered"), ("queue", "entered"), ("channel", "entered")} | {
        (dimension, "offers_declined") for dimension in ("all", "queue", "channel", "agent", "tier")
    }
    assert {key[2] for key in after if after[key] != before.get(key)} == {at(DAY - INTERVAL_S)}


async def test_a_new_target_judges_no_call_of_before(house: House, rollup: Rollup):
    story = Story(house, DAY)
    (agent,) = await staffed(house, 1)
    story.agent(agent, 1)
    queue = house.queues["customers"]
    for second in (100.0, 100.0 + 4 * INTERVAL_S):
        contact = uuid4()
        story.handling(contact, queue, "chat", agent, line=second, entered=second,
                       accepted=second + 30, connected=second + 30, ended=second + 60,
                       done=second + 60, ending="completed")  # fmt: skip
        story.contact(contact, queue, "chat", "ended", line=second, outcome="completed",
                      ended=second + 59)  # fmt: skip
    await story.write()

    async def within() -> list[int]:
        await rollup.run(house.workspace, at(5 * INTERVAL_S - 1))
        rows = await house.pool.fetch(
            "select answered_within from statistics_interval where dimension = 'queue'"
            " and answered > 0 order by starts_at"
        )
        return [row["answered_within"] for row in rows]

    await rollup.run(house.workspace, at(2 * INTERVAL_S))
    policy = await house.pool.fetchval("select policy from queue where id = $1", queue)
    await house.queue("customers", policy | {"target": {"seconds": 60}})
    assert await within() == [0, 1]
    # nor when all is counted anew
    await house.pool.execute("delete from statistics_interval")
    await house.pool.execute("delete from statistics_progress")
    assert await within() == [0, 1]


async def test_a_long_past_is_caught_up_with_in_days(house: House, rollup: Rollup):
    story = Story(house, 3.2 * 86_400)
    (agent,) = await staffed(house, 1)
    story.agent(agent, 1)
    # one handling over three midnights and one short one on each day
    queue = house.queues["customers"]
    for begin, length in [(10.0, 3.1 * 86_400), *((d * 86_400 + 50.0, 900.0) for d in range(3))]:
        contact = uuid4()
        story.entered(begin, queue, "chat")
        story.handling(contact, queue, "chat", agent, line=begin, entered=begin,
                       accepted=begin + 1, connected=begin + 1, ended=begin + length,
                       done=begin + length, ending="completed")  # fmt: skip
        story.contact(contact, queue, "chat", "ended", line=begin, outcome="completed",
                      ended=begin + length)  # fmt: skip
    await story.write()
    await rollup.run(house.workspace, at(story.until))
    assert await counted(house) == story.settle()
    progress = await house.pool.fetchrow("select * from statistics_progress")
    assert progress["counted_at"] == at(story.until)
    assert timedelta(0) < at(story.until) - progress["settled_until"] <= timedelta(minutes=17)


async def test_what_is_older_than_the_workspace_keeps_it_is_forgotten_and_not_made_again(
    house: House, rollup: Rollup, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("router.statistics.rollup.FORGOTTEN_AT_ONCE", 30)
    story = await told(house, 29)
    await rollup.run(house.workspace, at(story.until))
    # the last one is not over yet
    whole = {key: c for key, c in (await counted(house)).items() if key[2] < at(DAY - INTERVAL_S)}
    await house.pool.execute("update workspace set policy = $1", {"statistics_days": 31})
    moment = at(4.5 * INTERVAL_S + 31 * 86_400)
    for _ in range(len(whole) // 30 + 1):
        await rollup.run(house.workspace, moment)
    kept = {key: c for key, c in (await counted(house)).items() if key[2] < at(DAY - INTERVAL_S)}
    assert kept == {key: c for key, c in whole.items() if key[2] >= at(4 * INTERVAL_S)}
    assert 0 < len(kept) < len(whole)
    # nor where all is counted anew
    await house.pool.execute("delete from statistics_progress")
    await rollup.run(house.workspace, moment)
    assert min(key[2] for key in await counted(house)) == at(4 * INTERVAL_S)
