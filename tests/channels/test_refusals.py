"""Agents who let offers pass: what follows is the queue's policy."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from router.channels.refusals import consequence
from router.queues.policy import Refusals
from tests.house import House, until


async def with_refusals(house: House, **refusals: Any) -> None:
    await house.queue("customers", {"steps": [{"tiers": [1]}], "refusals": refusals})


async def presence(house: House, agent: UUID) -> tuple[str, str | None]:
    row = await house.pool.fetchrow("select * from agent where id = $1", agent)
    assert row is not None
    return row["presence"], row["presence_reason"]


async def let_pass(house: House, agent: UUID, how: str) -> None:
    """A contact comes, and the agent misses or declines it."""
    contact = await house.arrive()
    offer = await until(lambda: house.offer(agent), "an offer")
    if how == "missed":
        await house.contacts.miss(house.workspace, offer | {"agent": str(agent), "st": "offered"})
    else:
        await house.contacts.decline(house.workspace, agent, offer["offer"])
    await house.contacts.end(house.workspace, contact.id, outcome="abandoned", by="person")


@pytest.mark.parametrize(
    ("refusals", "misses", "declines", "reason"),
    [
        ({}, 1, 0, "missed"),
        ({"misses": 2}, 1, 0, None),
        ({"misses": 0}, 9, 0, None),
        ({"misses": 0, "declines": 3}, 9, 2, None),
        ({"declines": 3}, 0, 3, "declined"),
    ],
)
def test_a_break_is_due_by_what_the_policy_says(
    refusals: dict[str, int], misses: int, declines: int, reason: str | None
):
    assert consequence(Refusals(**refusals), misses=misses, declines=declines) == reason


async def test_an_agent_goes_on_a_break_after_so_many_misses_in_a_row(house: House):
    await with_refusals(house, misses=2)
    agent = await house.agent("Mia")
    await let_pass(house, agent, "missed")
    assert await presence(house, agent) == ("available", None)
    await let_pass(house, agent, "missed")
    assert await presence(house, agent) == ("break", "missed")
    # back again, they begin anew
    await house.contacts.set_presence(house.workspace, agent, "available")
    await let_pass(house, agent, "missed")
    assert await presence(house, agent) == ("available", None)


async def test_an_answered_offer_between_two_misses_ends_the_row(house: House):
    await with_refusals(house, misses=2)
    agent = await house.agent("Mia")
    await let_pass(house, agent, "missed")
    await house.arrive()
    await until(lambda: house.offer(agent), "an offer")
    await house.serve(agent)
    await let_pass(house, agent, "missed")
    assert await presence(house, agent) == ("available", None)


async def test_whoever_declines_too_often_is_sent_on_a_break_and_offered_nothing_more(house: House):
    await with_refusals(house, declines=2)
    agent = await house.agent("Ben")
    await let_pass(house, agent, "declined")
    # a break of their own choice does not wipe the slate
    await house.contacts.set_presence(house.workspace, agent, "break", "coffee")
    await house.contacts.set_presence(house.workspace, agent, "available")
    await let_pass(house, agent, "declined")
    assert await presence(house, agent) == ("break", "declined")
    waiting = await house.arrive()
    assert await house.offer(agent) is None
    await house.contacts.set_presence(house.workspace, agent, "available")
    assert await until(lambda: house.offered(agent), "an offer") == waiting.id
    # and that break counts for what came before it
    offer = await house.offer(agent)
    assert offer is not None
    await house.contacts.decline(house.workspace, agent, offer["offer"])
    assert await presence(house, agent) == ("available", None)
    kept = await house.pool.fetch(
        "select reason from presence_span where agent_id = $1 and reason = 'declined'", agent
    )
    assert len(kept) == 1  # for statistics


async def test_declines_follow_nothing_where_the_policy_has_no_limit(house: House):
    agent = await house.agent("Ben")
    for _ in range(3):
        await let_pass(house, agent, "declined")
    assert await presence(house, agent) == ("available", None)
