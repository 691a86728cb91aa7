"""A policy that changes while contacts wait: they follow it, in their order, and none is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from uuid import UUID

from router.policy.versions import Versions
from tests.house import House, until


async def activate(house: House, versions: Versions, old: str, new: str) -> None:
    """Change the text of the active policy."""
    active = await versions.active(house.workspace)
    assert old in active.text, active.text
    text = active.text.replace(old, new)
    await versions.activate(house.workspace, text, seen=active.number, note="", account=None)


async def fill(house: House, contacts: int) -> list[UUID]:
    """So many customers waiting, the oldest first."""
    for begin in range(0, contacts, 20):
        await asyncio.gather(*(house.arrive() for _ in range(min(20, contacts - begin))))
    rows = await house.pool.fetch(
        # the live store knows milliseconds, and then the id
        "select id from contact where state = 'waiting'"
        " order by date_trunc('milliseconds', arrived_at - head_start), id"
    )
    return [row["id"] for row in rows]


async def policy_for_the_house(house: House, versions: Versions) -> None:
    """From now on the house may serve customers as well."""
    active = await versions.active(house.workspace)
    text = active.text.replace("  customers:\n", "  customers:\n    steps: [{tiers: [1, 2]}]\n")
    await versions.activate(house.workspace, text, seen=active.number, note="", account=None)


async def test_three_hundred_who_wait_are_offered_to_those_whom_a_new_policy_lets_serve_them(
    house: House, versions: Versions
) -> None:
    waiting = await fill(house, 300)
    agents = [await house.agent(f"A{n}", tier=2) for n in range(5)]
    assert [await house.offer(agent) for agent in agents] == [None] * 5
    await policy_for_the_house(house, versions)
    before = await house.pool.fetch(
        "select id, arrived_at, head_start, line_at from contact order by id"
    )
    await house.contacts.follow_policies()
    offered = [await house.offered(agent) for agent in agents]
    assert set(offered) == set(waiting[:5]), "those who came first"
    after = await house.pool.fetch(
        "select id, arrived_at, head_start, line_at from contact order by id"
    )
    assert before == after
    served = [await house.serve(agents[0]) for _ in range(20)]
    assert served[0] == offered[0]
    assert served[1:] == waiting[5:24], "in the order of their coming"
    # those who were offered meanwhile are taken along when that is over, or were served
    await house.contacts.follow_policies()
    behind = await house.pool.fetchval(
        "select count(*) from contact where state = 'waiting' and generation = 1"
    )
    assert behind == 0


async def test_who_is_offered_at_this_moment_keeps_the_offer_and_follows_when_it_is_over(
    house: House, versions: Versions
) -> None:
    ana = await house.agent("Ana")
    first, second = await fill(house, 2)
    offer = await house.offer(ana)
    assert offer is not None
    house_agent = await house.agent("Hanna", tier=2)
    await policy_for_the_house(house, versions)
    await house.contacts.follow_policies()
    assert await house.offered(house_agent) == second
    assert await house.offer(ana) == offer, "nothing is taken from somebody's hands"
    await house.contacts.decline(house.workspace, ana, offer["offer"])
    await house.contacts.follow_policies()
    await house.contacts.end(house.workspace, second, outcome="abandoned", by="person")
    assert await house.offered(house_agent) == first
    assert await house.offered(ana) is None, "who declined is still passed over"


async def test_a_policy_that_changes_no_step_moves_nobody(house: House, versions: Versions) -> None:
    await fill(house, 3)
    await activate(house, versions, "escalates_to: experts", "wrap_up_seconds: 5")
    await house.contacts.follow_policies()
    assert await house.pool.fetchval("select max(generation) from contact") == 1


async def test_who_came_by_the_old_policy_while_it_changed_is_taken_along_too(
    house: House, versions: Versions
) -> None:
    agent = await house.agent("Hanna", tier=2)
    await policy_for_the_house(house, versions)
    await house.contacts.follow_policies()
    # its process read the policy before, and comes to its transaction only now
    late = await house.arrive(line=False)
    old = await house.contacts._kinds.compile(
        (await _old_policy(house)), await _row(house, late.id)
    )
    async with house.pool.acquire() as conn, conn.transaction():
        row = await conn.fetchrow(
            "update contact set state = 'waiting', generation = generation + 1, queued_at = now(),"
            " line_at = now() where id = $1 returning *",
            late.id,
        )
        pending = await house.contacts._put_in_line(conn, row, await _old_policy(house), old)
    await house.outbox.apply(pending)
    assert await house.offer(agent) is None
    await house.contacts.follow_policies()
    assert await house.offered(agent) == late.id
    # and when all have followed for a while, nobody looks any more
    await house.pool.execute("update queue set changed_at = changed_at - interval '1 minute'")
    await house.contacts.follow_policies()
    assert await house.pool.fetchval("select count(*) from queue where changed_at is not null") == 0


async def _old_policy(house: House):
    from router.queues.policy import parse

    return parse({"steps": [{"tiers": [1], "seconds": 60}], "escalates_to": "experts"})


async def _row(house: House, contact: UUID):
    return await house.pool.fetchrow("select * from contact where id = $1", contact)


FOLLOWER = """
import asyncio, sys
from uuid import UUID
from router.channels import following
from tests.house import House

async def main():
    following.BATCH = 10
    house = await House.open(sys.argv[1], sys.argv[2], UUID(sys.argv[3]))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await house.contacts.follow_policies()
    print("done", flush=True)

asyncio.run(main())
"""


async def test_a_process_that_is_killed_in_the_middle_leaves_nobody_behind(
    house: House, versions: Versions, database: str, live: str
) -> None:
    waiting = await fill(house, 100)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FOLLOWER, database, live, str(house.workspace),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    while b"ready" not in (line := await process.stdout.readline()):
        assert line, "it ended before it was ready"
    await policy_for_the_house(house, versions)
    process.stdin.write(b"\n")

    async def begun() -> bool:
        moved: int = await house.pool.fetchval("select count(*) from contact where generation > 1")
        return moved >= 20

    await until(begun, "it takes some along")
    process.send_signal(signal.SIGKILL)
    await process.wait()
    left = await house.pool.fetchval("select count(*) from contact where generation = 1")
    assert left > 0, "it was done before it was killed: that shows nothing"
    # the rows of its last transaction may lack their scripts: the outbox has them
    await house.pool.execute("update outbox set created_at = created_at - interval '1 minute'")
    await house.outbox.drain()
    await house.contacts.follow_policies()
    assert await house.pool.fetchval("select count(*) from contact where generation <> 2") == 0
    agent = await house.agent("Hanna", tier=2)
    assert [await house.serve(agent) for _ in range(40)] == waiting[:40]


async def test_rules_reach_agents_who_are_signed_in_already(
    house: House, versions: Versions
) -> None:
    agent = await house.agent("Ana", capacity={"voice": 1, "chat": 3, "video": 0})
    await house.arrive(channel="chat")
    await house.accept(agent)
    call = await house.arrive(channel="voice")
    assert await house.offered(agent) == call.id, "who chats may be rung"
    offer = await house.offer(agent)
    assert offer is not None
    await house.contacts.end(house.workspace, call.id, outcome="abandoned", by="person")
    active = await versions.active(house.workspace)
    text = "rules: {blocks: {chat: [voice]}}\n" + active.text
    await versions.activate(house.workspace, text, seen=active.number, note="", account=None)
    await house.contacts.follow_policies()
    second = await house.arrive(channel="voice")
    assert await house.offer(agent) is None
    await versions.roll_back(house.workspace, 1, seen=2, note="", account=None)
    await house.contacts.follow_policies()
    assert await house.offered(agent) == second.id
