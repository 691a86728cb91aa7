"""Losing the live store loses no contact, no order and no handling."""

from __future__ import annotations

from datetime import UTC, datetime

from router.channels.contacts import HandOver
from router.queues.floor import Floor
from tests.house import House, until


async def lose_everything(house: House) -> None:
    await house.redis.flushall()
    await house.redis.script_flush()


async def test_an_emptied_store_is_rebuilt_with_the_same_order(house: House) -> None:
    waiting = [await house.arrive() for _ in range(4)]
    expert = await house.arrive(role="expert", network_size=50)
    await lose_everything(house)
    await house.rebuilder.ensure(house.workspace)
    agent = await house.agent("Ana")
    served = [await house.serve(agent) for _ in range(4)]
    assert served == [contact.id for contact in waiting]
    inhouse = await house.agent("House", tier=2)
    assert await house.offered(inhouse) == expert.id


async def test_agents_keep_what_they_hold_and_are_not_offered_it_again(house: House) -> None:
    agent = await house.agent("Ana", capacity={"chat": 2})
    contact = await house.arrive()
    await house.accept(agent)
    await lose_everything(house)
    await house.rebuilder.ensure(house.workspace)
    assert (await house.live_agent(agent))["n:chat"] == "1"
    second = await house.arrive()
    assert await house.offered(agent) == second.id
    await house.contacts.end(house.workspace, contact.id, outcome="completed", by="person")


async def test_waiting_contacts_are_offered_to_idle_agents_after_a_rebuild(house: House) -> None:
    contact = await house.arrive()
    behind = await house.arrive()
    await lose_everything(house)
    await house.pool.execute(
        "update agent set presence = 'offline' where workspace_id = $1", house.workspace
    )
    await house.rebuilder.ensure(house.workspace)
    agent = await house.agent("Ana")
    assert await house.offered(agent) == contact.id
    # an open offer vanishes with the store, and is made again to somebody who is idle
    await lose_everything(house)
    await house.rebuilder.ensure(house.workspace)
    house.timers.start()

    async def offered() -> bool:
        return await house.offered(agent) == contact.id

    await until(offered, "the older contact is offered again")
    assert (await house.serve(agent)) == contact.id
    assert await house.offered(agent) == behind.id


async def test_a_wrap_up_of_an_escalated_contact_survives(house: House) -> None:
    freelancer = await house.agent("Freelancer")
    inhouse = await house.agent("House", tier=2)
    contact = await house.arrive()
    handling = await house.accept(freelancer)
    await house.contacts.escalate(
        house.workspace, freelancer, handling.id, HandOver("complex", "q", "t")
    )
    await house.accept(inhouse)
    await lose_everything(house)
    await house.rebuilder.ensure(house.workspace)
    assert (await house.live_agent(freelancer))["shown"] == "wrapup"
    assert (await house.live_agent(inhouse))["shown"] == "busy"
    await house.contacts.wrap_up(house.workspace, freelancer, handling.id, "resolved")
    assert (await house.live_agent(freelancer))["shown"] == "available"
    rows = await Floor(house.redis, house.engine).contacts(house.workspace)
    assert [(row["id"], row["agent"]) for row in rows] == [(str(contact.id), str(inhouse))]


async def test_what_was_committed_while_the_store_was_away_is_drained(house: House) -> None:
    agent = await house.agent("Ana")
    await house.redis.set("{" + house.workspace.hex + "}:epoch", "rebuilding:99")
    contact = await house.arrive()
    left = await house.pool.fetch("select operation from outbox order by id")
    assert "enter" in [row["operation"] for row in left], "committed, and waiting for the store"
    house.timers.start()

    async def offered() -> bool:
        return await house.offered(agent) == contact.id

    async def drained() -> bool:
        return await house.pool.fetchval("select count(*) from outbox") == 0

    await until(offered, "the contact reaches the agent")
    await until(drained, "nothing is left over")


async def test_every_operation_twice_is_once(house: House) -> None:
    """The outbox may run an operation that the fast path ran already."""
    await house.pool.execute(
        "create table kept as select * from outbox;"
        "create function keep() returns trigger language plpgsql as"
        " $$begin insert into kept select new.*; return new; end$$;"
        "create trigger keep after insert on outbox for each row execute function keep()"
    )
    agent = await house.agent("Ana")
    contact = await house.arrive()
    await house.serve(agent)
    other = await house.arrive()
    handling = await house.accept(agent)
    gone = await house.arrive(language="de")
    await house.contacts.end(house.workspace, gone.id, outcome="abandoned", by="person")
    before = await house.live_agent(agent)
    day = datetime.now(UTC).date().isoformat()
    floor = Floor(house.redis, house.engine)
    figures = await floor.queues(house.workspace, house.queues.values(), day)
    await house.pool.execute(
        "insert into outbox (workspace_id, subject, operation, arguments, created_at)"
        " select workspace_id, subject, operation, arguments, now() - interval '1 hour'"
        " from kept order by id"
    )
    await house.outbox.drain()
    assert await house.live_agent(agent) == before
    assert await floor.queues(house.workspace, house.queues.values(), day) == figures
    assert handling.contact_id == other.id
    assert contact.id != other.id


async def test_figures_are_the_same_after_a_rebuild(house: House) -> None:
    agent = await house.agent("Ana")
    await house.arrive()
    await house.serve(agent)
    gone = await house.arrive()
    await house.contacts.end(house.workspace, gone.id, outcome="abandoned", by="person")
    await house.arrive(language="ru")
    zone_day = await house.pool.fetchval(
        "select to_char(now() at time zone time_zone, 'YYYY-MM-DD') from workspace where id = $1",
        house.workspace,
    )
    floor = Floor(house.redis, house.engine)
    before = await floor.queues(house.workspace, [house.queues["customers"]], zone_day)
    assert before[0]["today"]["answered"] == 1
    assert before[0]["today"]["abandoned"] == 1
    assert before[0]["waiting"] == 1
    assert not before[0]["servable"]
    await lose_everything(house)
    await house.rebuilder.ensure(house.workspace)
    after = await floor.queues(house.workspace, [house.queues["customers"]], zone_day)
    assert after[0]["today"] == before[0]["today"]
    assert after[0]["longest_wait_since_ms"] == before[0]["longest_wait_since_ms"]


async def test_another_server_with_the_same_epoch_is_not_believed(house: House) -> None:
    """A replica that took over, or a restart after a power cut, lacks what was written last."""
    contact = await house.arrive()
    epoch = await house.engine.epoch(house.workspace)
    root = "{" + house.workspace.hex + "}:"
    for lost in ("contact:" + str(contact.id), "open", "order:" + str(contact.queue_id)):
        assert await house.redis.delete(f"{root}{epoch}:{lost}")
    async for line in house.redis.scan_iter(f"{root}{epoch}:line:*"):
        await house.redis.delete(line)
    await house.rebuilder.ensure(house.workspace)
    assert await house.engine.epoch(house.workspace) == epoch, "the same server is believed"
    await house.redis.set(root + "server", "the run id of the server before")
    await house.rebuilder.ensure(house.workspace)
    agent = await house.agent("Ana")
    assert await house.offered(agent) == contact.id
    await house.rebuilder.ensure(house.workspace)
    assert await house.engine.epoch(house.workspace) == epoch + 1, "once is enough"
