"""The real house leaves rows that are counted as what happened; supervisors read them."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from redis import Redis

from router.queues.floor import Floor
from router.queues.keys import epoch_key
from router.statistics.definitions import INTERVAL_S, NAMES, Counts
from router.statistics.rollup import Rollup, beginning
from router.web import told_waits
from router.web.keys import STATISTICS
from tests.house import House, until
from tests.web.service import Service, serving


@pytest.fixture
async def service(house: House, database: str, live: str) -> AsyncIterator[Service]:
    async with serving(house, database, live) as started:
        yield started


async def total(house: House, rollup: Rollup, dimension: str = "all", subject: Any = "") -> Counts:
    # the service of a test may be at it as well
    await until(lambda: rollup.run(house.workspace), "it is counted")
    rows = await house.pool.fetch(
        "select * from statistics_interval where dimension = $1 and subject = $2",
        dimension,
        str(subject),
    )
    return sum((Counts(**{name: row[name] for name in NAMES}) for row in rows), Counts())


async def spans(house: House, agent: UUID) -> list[tuple[Any, ...]]:
    rows = await house.pool.fetch(
        "select presence, reason, tier, ended_at is null as open from presence_span"
        " where agent_id = $1 order by id",
        agent,
    )
    return [tuple(row) for row in rows]


async def test_a_served_a_lost_and_a_moved_contact_are_one_of_each(house: House, rollup: Rollup):
    served = await house.arrive()
    lost = await house.arrive()
    moved = await house.arrive()
    await house.contacts.end(house.workspace, lost.id, outcome="abandoned", by="person")
    supervisor = await house.agent("Sue", presence="offline")
    await house.contacts.move(house.workspace, moved.id, house.queues["experts"], supervisor)
    agent = await house.agent("Ana")
    assert await house.serve(agent) == served.id
    customers = await total(house, rollup, "queue", house.queues["customers"])
    assert (customers.entered, customers.answered, customers.abandoned) == (3, 1, 1)
    assert (customers.abandoned_short, customers.left_otherwise) == (1, 1)
    experts = await total(house, rollup, "queue", house.queues["experts"])
    assert (experts.entered, experts.answered, experts.left_otherwise) == (1, 0, 0)
    hers = await total(house, rollup, "agent", agent)
    assert (hers.answered, hers.handled, hers.offers_accepted, hers.abandoned) == (1, 1, 1, 0)
    tier = await total(house, rollup, "tier", 1)
    assert (tier.answered, tier.handled, tier.wait_ms) == (1, 1, hers.wait_ms)
    assert hers.busy_ms <= hers.staffed_ms <= hers.signed_in_ms


async def test_what_became_of_each_offer_is_counted_in_its_queue(house: House, rollup: Rollup):
    first = await house.agent("Ana")
    contact = await house.arrive()
    offer = await house.offer(first)
    assert offer is not None
    await house.contacts.decline(house.workspace, first, offer["offer"])
    second = await house.agent("Eve")
    offer = await house.offer(second)
    assert offer is not None
    await house.contacts.miss(house.workspace, {**offer, "agent": str(second)})
    third = await house.agent("Ida")
    assert await house.offered(third) == contact.id
    supervisor = await house.agent("Sue", presence="offline")
    # while it rings at the third it is taken to another queue
    await house.contacts.move(house.workspace, contact.id, house.queues["experts"], supervisor)
    fourth = await house.agent("Una", tier=2)
    await house.accept(fourth)
    customers = await total(house, rollup, "queue", house.queues["customers"])
    assert (customers.offers_declined, customers.offers_missed) == (1, 1)
    assert customers.offers_accepted == 0
    experts = await total(house, rollup, "queue", house.queues["experts"])
    assert experts.offers_accepted == 1
    assert (customers.offers_withdrawn, experts.offers_withdrawn) == (1, 0)
    for agent, name in ((first, "declined"), (second, "missed"), (third, "withdrawn")):
        assert getattr(await total(house, rollup, "agent", agent), f"offers_{name}") == 1


async def test_a_call_is_answered_when_both_hear_each_other(house: House, rollup: Rollup):
    agent = await house.agent("Ana")
    contact = await house.arrive(channel="voice")
    handling = await house.accept(agent)
    assert (await total(house, rollup)).answered == 0
    # the leg never came: the caller waits on, and nobody has answered
    await house.contacts.no_connect(handling.id, "timeout")
    before = await total(house, rollup)
    assert (before.entered, before.answered, before.not_connected) == (1, 0, 1)
    second = await house.agent("Eve")
    handling = await house.accept(second)
    await house.contacts.connected(handling.id)
    after = await total(house, rollup)
    assert (after.entered, after.answered) == (1, 1)
    # the wait is the caller's, from the beginning
    since = await house.pool.fetchval("select queued_at from contact where id = $1", contact.id)
    connected = await house.pool.fetchval(
        "select connected_at from handling where id = $1", handling.id
    )
    assert after.wait_ms == round((connected - since).total_seconds() * 1000)


async def test_who_hangs_up_while_the_agents_telephone_rings_has_abandoned(
    house: House, rollup: Rollup
):
    agent = await house.agent("Ana")
    await house.arrive(channel="voice")
    handling = await house.accept(agent)
    await house.contacts.end(house.workspace, handling.contact_id, outcome="abandoned", by="person")
    counted = await total(house, rollup)
    assert (counted.entered, counted.answered, counted.abandoned) == (1, 0, 1)
    assert (counted.not_connected, counted.handled) == (1, 0)


async def test_who_lost_their_agent_waits_a_second_time(house: House, rollup: Rollup):
    agent = await house.agent("Ana")
    await house.arrive()
    await house.accept(agent)
    await house.contacts.desk_lost(house.workspace, agent)
    counted = await total(house, rollup)
    assert (counted.entered, counted.answered) == (2, 1)
    second = await house.agent("Eve")
    await house.serve(second)
    counted = await total(house, rollup)
    assert (counted.entered, counted.answered, counted.handled) == (2, 2, 2)
    # not the first conversation once more
    waits = counted.wait_ms
    since = await house.pool.fetchrow(
        "select min(ended_at) as lost, max(accepted_at) as again, min(line_at) as line,"
        " min(accepted_at) as first from handling"
    )
    first = round((since["first"] - since["line"]).total_seconds() * 1000)
    assert abs(waits - first - (since["again"] - since["lost"]).total_seconds() * 1000) <= 2


async def test_a_message_is_work_and_nobodys_wait(house: House, rollup: Rollup):
    contact = await house.arrive(channel="voice")
    await house.contacts.leave_message(contact.id)
    counted = await total(house, rollup)
    assert (counted.entered, counted.left_message, counted.messages) == (1, 1, 1)
    agent = await house.agent("Ana")
    handling = await house.accept(agent)
    await house.contacts.end(house.workspace, handling.contact_id, outcome="completed", by="agent")
    await house.contacts.wrap_up(house.workspace, agent, handling.id, "resolved")
    counted = await total(house, rollup)
    assert (counted.entered, counted.left_message, counted.answered) == (1, 1, 0)
    assert (counted.left_otherwise, counted.abandoned, counted.handled) == (0, 0, 0)
    assert (counted.messages_answered, counted.messages_in_time) == (1, 1)
    assert (counted.not_connected, counted.offers_accepted) == (0, 1)
    assert counted.busy_ms > 0
    # whoever has dealt with it, in the queue where it was left
    for dimension, subject in (("agent", agent), ("tier", 1), ("queue", contact.queue_id)):
        assert (await total(house, rollup, dimension, subject)).messages_answered == 1


async def test_a_message_past_its_deadline_is_overdue_once_and_late_when_it_is_answered(
    house: House, rollup: Rollup
):
    contact = await house.arrive(channel="voice", line=False)
    await house.contacts.leave_message(contact.id)
    for table, column in (("message_left", "contact_id"), ("contact", "id")):
        await house.pool.execute(
            f"update {table} set due_at = now() - interval '1 second' where {column} = $1",
            contact.id,
        )
    counted = await total(house, rollup)
    # out of hours nobody was in line
    assert (counted.entered, counted.messages, counted.messages_overdue) == (0, 1, 1)
    await house.serve(await house.agent("Ana"))
    counted = await total(house, rollup)
    assert (counted.messages_overdue, counted.messages_in_time) == (1, 0)
    assert counted.messages_answered == 1


async def test_a_message_that_is_closed_unheard_was_answered_by_nobody(
    house: House, rollup: Rollup
):
    contact = await house.arrive(channel="voice")
    await house.contacts.leave_message(contact.id)
    await house.contacts.end(house.workspace, contact.id, outcome="closed", by="supervisor")
    counted = await total(house, rollup)
    assert (counted.messages, counted.messages_answered, counted.messages_overdue) == (1, 0, 0)


async def test_a_message_is_no_answered_contact_on_the_floor(house: House, live: str):
    """Neither at once nor after the live store was lost: its hours of waiting are nobody's."""
    contact = await house.arrive(channel="voice")
    await house.contacts.leave_message(contact.id)
    agent = await house.agent("Ana")
    await house.serve(agent)
    await house.arrive()
    await house.serve(agent)
    floor = Floor(house.redis, house.engine)
    day = datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()

    async def answered() -> int:
        (queue,) = await floor.queues(house.workspace, [contact.queue_id], day)
        return int(queue["today"]["answered"])

    assert await answered() == 1
    with Redis.from_url(live) as store:
        store.delete(epoch_key(house.workspace))
    await house.rebuilder.rebuild(house.workspace)
    assert await answered() == 1


async def test_each_change_of_presence_begins_a_span(house: House, rollup: Rollup):
    agent = await house.agent("Ana")
    await house.contacts.set_presence(house.workspace, agent, "available")
    await house.contacts.set_presence(house.workspace, agent, "break", "lunch")
    await house.contacts.set_presence(house.workspace, agent, "break", "training")
    await house.contacts.set_presence(house.workspace, agent, "available")
    await house.arrive()
    offer = await house.offer(agent)
    assert offer is not None
    await house.contacts.miss(house.workspace, {**offer, "agent": str(agent)})
    await house.contacts.set_presence(house.workspace, agent, "offline")
    await house.contacts.set_presence(house.workspace, agent, "offline", "connection_lost")
    assert await spans(house, agent) == [
        ("available", None, 1, False),
        ("break", "lunch", 1, False),
        ("break", "training", 1, False),
        ("available", None, 1, False),
        ("break", "missed", 1, False),
    ]
    gaps = await house.pool.fetch(
        "select began_at - lag(ended_at) over (order by id) as gap from presence_span"
        " where agent_id = $1",
        agent,
    )
    assert {row["gap"] for row in gaps} <= {None, timedelta(0)}


async def test_changes_of_presence_at_once_leave_one_span_open(house: House):
    agent = await house.agent("Ana")
    await asyncio.gather(
        *(
            house.contacts.set_presence(house.workspace, agent, presence, str(n))
            for n in range(6)
            for presence in ("break", "available")
        )
    )
    found = await house.pool.fetch(
        "select began_at, ended_at from presence_span where agent_id = $1 order by id", agent
    )
    assert [row["ended_at"] is None for row in found] == [False] * (len(found) - 1) + [True]
    for former, later in itertools.pairwise(found):
        assert former["ended_at"] == later["began_at"]


async def test_a_supervisor_reads_the_day_by_queue_with_its_quarters(
    service: Service, house: House, rollup: Rollup
):
    agent = await house.agent("Ana")
    await house.arrive()
    await house.serve(agent)
    await total(house, rollup)
    supervisor = await service.account("supervisor")
    status, report = await service.call("GET", "/api/statistics", by=supervisor)
    assert status == 200
    assert (report["by"], report["interval_s"]) == ("queue", INTERVAL_S)
    assert report["time_zone"] == "Europe/Berlin"
    (line,) = report["lines"]
    assert (line["id"], line["name"]) == (str(house.queues["customers"]), "customers")
    assert line["counts"]["answered"] == 1
    assert line["figures"]["service_level"] == 1.0
    assert line["figures"]["occupancy"] is None
    assert report["total"]["figures"]["occupancy"] > 0
    added = sum(each["counts"]["answered"] for each in report["intervals"])
    assert added == report["total"]["counts"]["answered"] == 1
    _, by_agent = await service.call("GET", "/api/statistics?by=agent", by=supervisor)
    assert by_agent["intervals"] is None
    assert [each["name"] for each in by_agent["lines"]] == ["Ana"]
    _, hers = await service.call(
        "GET", f"/api/statistics?by=agent&of={agent}&intervals=true", by=supervisor
    )
    assert {each["id"] for each in hers["intervals"]} == {str(agent)}


async def test_the_same_is_there_as_a_table_for_spreadsheets(
    service: Service, house: House, rollup: Rollup
):
    await house.pool.execute("update queue set name = '=1+1' where slug = 'customers'")
    agent = await house.agent("Ana")
    await house.arrive()
    await house.serve(agent)
    await total(house, rollup)
    headers = await service.sign_in(await service.account("supervisor"))
    async with service.http.get("/api/statistics?format=csv", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/csv"
        assert "attachment" in response.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(await response.text())))
    assert len(rows) == 1
    # a spreadsheet must not take a name for a formula
    assert rows[0]["name"] == "'=1+1"
    assert (rows[0]["answered"], rows[0]["service_level"]) == ("1", "1.0")
    assert rows[0]["from"].endswith("Z")
    assert len(rows[0]) == len(set(rows[0]))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("from=2026-01-01T00:00:00", "from"),
        ("from=yesterday", "from"),
        ("from=0001-01-01T00:00:00%2B14:00&to=0001-01-02T00:00:00Z", "from"),
        ("day=tomorrow", "day"),
        ("day=2026-01-01&from=2026-01-01T00:00:00Z", "day"),
        ("day=9999-12-31", "day"),
        ("by=customer", "by"),
        ("format=xml", "format"),
        ("queue=1", "queue"),
    ],
)
async def test_a_question_that_makes_no_sense_is_answered_with_its_field(
    service: Service, query: str, field: str
):
    supervisor = await service.account("supervisor")
    status, answer = await service.call("GET", f"/api/statistics?{query}", by=supervisor)
    assert (status, answer["error"]["field"]) == (422, field)


async def test_a_day_is_the_workspaces_with_its_one_hour_more_or_less(service: Service):
    supervisor = await service.account("supervisor")
    for day, first, last in (
        ("2026-03-28", "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"),
        ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
    ):
        _, report = await service.call("GET", f"/api/statistics?day={day}", by=supervisor)
        assert (report["from"], report["to"]) == (first, last)


async def test_figures_are_for_supervisors(service: Service, house: House):
    agent = await house.agent("Ana")
    assert (await service.call("GET", "/api/statistics", by=agent))[0] == 403
    assert (await service.call("GET", "/api/statistics"))[0] == 401


async def test_one_workspace_sees_nothing_of_another(
    service: Service, house: House, rollup: Rollup, database: str, live: str
):
    other = await House.open(database, live)
    try:
        agent = await other.agent("Una")
        await other.arrive()
        await other.serve(agent)
        await rollup.run(other.workspace)
        supervisor = await service.account("supervisor")
        for by in ("all", "queue", "agent", "tier", "channel"):
            _, report = await service.call("GET", f"/api/statistics?by={by}", by=supervisor)
            assert report["lines"] == []
            assert report["total"]["counts"]["answered"] == 0
    finally:
        await other.close()


async def test_how_well_told_waits_came_about_is_a_metric(
    service: Service, house: House, rollup: Rollup
):
    at = beginning(datetime.now(UTC))
    await house.pool.execute(
        "insert into statistics_interval select $1, 'queue', $2, $3, "
        + ", ".join({"estimates": "4", "estimates_held": "3", "estimate_error_ms": "-60000",
                     "estimate_absolute_error_ms": "100000"}.get(name, "0") for name in NAMES),
        house.workspace,
        str(house.queues["customers"]),
        at,
    )  # fmt: skip
    await told_waits.read(service.app[STATISTICS])
    async with service.http.get("/metrics") as response:
        text = await response.text()
    slug = await house.pool.fetchval("select slug from workspace where id = $1", house.workspace)
    labels = f'{{queue="customers",workspace="{slug}"}}'
    assert f"secondline_expected_wait_bias_seconds{labels} -15.0" in text
    assert f"secondline_expected_wait_error_seconds{labels} 25.0" in text
    assert f"secondline_expected_wait_held_share{labels} 0.75" in text
