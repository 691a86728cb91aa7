"""Contacts that do not wait where they came to: closed queues, long lines, and what comes then."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from router.channels.admission import Closed
from tests.house import House, until

NEVER = {"weekly": {}}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = {"weekly": {day: ["00:00-24:00"] for day in DAYS}}
STEPS = [{"tiers": [1]}]


async def rules(house: House, **parts: Any) -> None:
    await house.pool.execute(
        "update workspace set policy = $2 where id = $1", house.workspace, parts
    )


async def queues(house: House, **policies: dict[str, Any]) -> None:
    for slug, policy in policies.items():
        await house.queue(slug, {"steps": STEPS, **policy})
    await rules(house, schedules={"never": NEVER, "always": ALWAYS})


async def leave(house: House, contact_id: UUID, waited_s: float = 0, *, alone: bool = False) -> Any:
    """As the timer would, once `wake` has reported it."""
    row = await row_of(house, contact_id)
    await house.contacts.leave_line(
        house.workspace, contact_id, row["generation"], int(waited_s * 1000), alone=alone
    )
    return await row_of(house, contact_id)


async def row_of(house: House, contact_id: UUID) -> Any:
    return await house.pool.fetchrow(
        "select c.*, q.slug from contact c join queue q on q.id = c.queue_id where c.id = $1",
        contact_id,
    )


async def timeline(house: House, contact_id: UUID, kind: str) -> list[Any]:
    entries = await house.conversations.read(house.workspace, contact_id, 0, staff=True)
    return [entry.data for entry in entries if entry.kind == kind]


# Opening hours -----------------------------------------------------------------------------


async def test_a_chat_that_comes_out_of_hours_is_told_so_in_its_language_and_not_kept(house: House):
    message = {"en": "Back on Monday.", "de": "Montag wieder."}
    await queues(house, customers={"hours": "never", "closed": {"to": "close", "message": message}})
    with pytest.raises(Closed, match=r"Montag wieder\."):
        await house.arrive(language="de")
    assert await house.pool.fetchval("select count(*) from contact") == 0


async def test_within_hours_a_contact_is_in_line_as_ever(house: House):
    await queues(house, customers={"hours": "always"})
    agent = await house.agent("Ana")
    contact = await house.arrive()
    assert contact.state == "waiting"
    assert await house.offered(agent) == contact.id


async def test_out_of_hours_another_queue_takes_it(house: House):
    await queues(
        house,
        customers={"hours": "never", "closed": {"to": "queue", "queue": "night"}},
        night={"hours": "always"},
    )
    contact = await house.arrive()
    row = await row_of(house, contact.id)
    assert (row["slug"], row["state"]) == ("night", "waiting")
    assert await timeline(house, contact.id, "queued") == [
        {"queue": "night", "from": ["customers"]}
    ]


async def test_a_call_that_comes_out_of_hours_ends_closed_with_the_message_kept(house: House):
    await queues(
        house, customers={"hours": "never", "closed": {"to": "close", "message": {"en": "Nine."}}}
    )
    call = await house.arrive(channel="voice", line=False)
    with pytest.raises(Closed, match=r"Nine\."):
        await house.contacts.enter(call.id)
    assert (await row_of(house, call.id))["leads"]["message"] == {"en": "Nine."}


async def test_a_chat_out_of_hours_becomes_a_message_with_a_deadline(house: House):
    await queues(
        house,
        customers={"hours": "never", "closed": {"to": "voicemail"}, "voicemail_hours": 4},
    )
    contact = await house.arrive()
    assert contact.state == "waiting"
    assert contact.due_at is not None
    assert abs(contact.due_at - contact.arrived_at - timedelta(hours=4)) < timedelta(seconds=5)


# The length of the line --------------------------------------------------------------------


async def test_a_contact_goes_on_where_so_many_wait_already(house: House):
    overflow = [{"on": "length", "most": 2, "then": {"to": "queue", "queue": "more"}}]
    await queues(house, customers={"overflow": overflow}, more={})
    slugs = [(await row_of(house, (await house.arrive()).id))["slug"] for _ in range(3)]
    assert slugs == ["customers", "customers", "more"]


async def test_queues_that_send_on_in_a_circle_or_for_ever_end_in_waiting(house: House):
    def onward(queue: str) -> dict[str, Any]:
        return {"overflow": [{"on": "length", "most": 0, "then": {"to": "queue", "queue": queue}}]}

    await queues(house, customers=onward("b"), b=onward("customers"))
    assert (await row_of(house, (await house.arrive()).id))["slug"] == "b"
    names = ["customers", "q1", "q2", "q3", "q4", "q5", "q6", "q7"]
    for name, following in itertools.pairwise(names):
        await house.queue(name, {"steps": STEPS, **onward(following)})
    assert (await row_of(house, (await house.arrive()).id))["slug"] == "q4"  # the fifth


async def test_a_full_line_ends_a_chat_with_the_message(house: House):
    then = {"to": "close", "message": {"en": "Too many of you."}}
    await queues(house, customers={"overflow": [{"on": "length", "most": 0, "then": then}]})
    with pytest.raises(Closed, match="Too many of you"):
        await house.arrive()


# Leaving a line ----------------------------------------------------------------------------


async def test_after_its_wait_it_moves_on_with_arrival_and_history(house: House):
    overflow = [{"on": "wait", "most": 30, "then": {"to": "queue", "queue": "second"}}]
    await queues(house, customers={"overflow": overflow}, second={"steps": [{"tiers": [2]}]})
    second = await house.agent("Tilda", tier=2)
    contact = await house.arrive()
    assert (await leave(house, contact.id, 29))["slug"] == "customers"
    row = await leave(house, contact.id, 30)
    assert row["slug"] == "second"
    assert row["arrived_at"] == contact.arrived_at
    assert row["line_at"] > contact.line_at
    assert await house.offered(second) == contact.id
    assert await timeline(house, contact.id, "queued") == [
        {"queue": "customers"},
        {"queue": "second", "from": ["customers"]},
    ]


async def test_whoever_is_moved_keeps_arrival_and_history_and_their_place_by_them(house: House):
    await queues(house, more={})
    first = await house.arrive()
    later = await house.arrive()
    supervisor = await house.pool.fetchval(
        "insert into account (workspace_id, email, name, role)"
        " values ($1, 'sue@example.com', 'Sue', 'supervisor') returning id",
        house.workspace,
    )
    for contact in (later, first):
        await house.contacts.move(house.workspace, contact.id, house.queues["more"], supervisor)
        moved = await row_of(house, contact.id)
        assert (moved["slug"], moved["arrived_at"]) == ("more", contact.arrived_at)
        assert len(await timeline(house, contact.id, "queued")) == 2
    # a message counts by its deadline wherever it is
    left = await house.arrive()
    await house.contacts.leave_message(left.id)
    await house.contacts.move(house.workspace, left.id, house.queues["more"], supervisor)
    agent = await house.agent("Ana")
    assert [await house.serve(agent) for _ in range(2)] == [first.id, later.id]
    start = await house.pool.fetchrow(
        "select head_start = arrived_at - due_at as by_deadline from contact where id = $1", left.id
    )
    assert start["by_deadline"]


async def test_whoever_was_accepted_or_moved_meanwhile_is_left_alone(house: House):
    overflow = [{"on": "wait", "most": 0, "then": {"to": "close"}}]
    await queues(house, customers={"overflow": overflow})
    agent = await house.agent("Ana")
    contact = await house.arrive()
    stale = (await row_of(house, contact.id))["generation"]
    await house.accept(agent)
    await house.contacts.leave_line(house.workspace, contact.id, stale, 60_000, alone=False)
    row = await row_of(house, contact.id)
    assert (row["state"], row["outcome"]) == ("handling", None)


async def test_a_leaving_and_an_accept_at_once_have_one_winner(house: House):
    overflow = [{"on": "wait", "most": 0, "then": {"to": "close"}}]
    await queues(house, customers={"overflow": overflow})
    agent = await house.agent("Ana")
    for _ in range(8):
        contact = await house.arrive()
        offer = await house.offer(agent)
        assert offer is not None
        await asyncio.gather(
            house.contacts.accept(house.workspace, agent, offer["offer"]),
            leave(house, contact.id, 60),
            return_exceptions=True,
        )
        row = await row_of(house, contact.id)
        held = await house.pool.fetchval(
            "select count(*) from handling where contact_id = $1", contact.id
        )
        assert (row["state"], row["outcome"], held) in (
            ("handling", None, 1),
            ("ended", "closed", 0),
        )
        if row["state"] == "handling":
            await house.contacts.end(house.workspace, contact.id, outcome="completed", by="agent")
        await house.contacts.wrap_ups_over()
        await house.pool.execute("update handling set wrapup_limit = now() - interval '1 s'")
        await house.contacts.wrap_ups_over()


async def test_with_nobody_signed_in_who_could_serve_it_a_chat_is_closed_with_a_word(house: House):
    then = {"to": "close", "message": {"en": "Nobody is here today."}}
    await queues(house, customers={"overflow": [{"on": "nobody", "most": 5, "then": then}]})
    contact = await house.arrive()
    assert (await leave(house, contact.id, 10))["state"] == "waiting"
    row = await leave(house, contact.id, 10, alone=True)
    assert (row["state"], row["outcome"], row["ended_by"]) == ("ended", "closed", "system")
    assert await timeline(house, contact.id, "told") == [{"text": "Nobody is here today."}]


async def test_a_close_whose_process_died_half_way_is_finished(house: House):
    await queues(house, customers={})
    contact = await house.arrive()
    await house.pool.execute(
        "update contact set state = 'arriving', leads = $2, line_at = now() - interval '1 minute'"
        " where id = $1",
        contact.id,
        {"to": "close"},
    )
    assert await house.contacts.finish_closing() == 1
    assert (await row_of(house, contact.id))["outcome"] == "closed"


async def test_a_chat_that_nobody_answers_is_kept_as_a_message(house: House):
    steps = [{"tiers": [1], "seconds": 20, "then": {"to": "voicemail"}}]
    await queues(house, customers={"steps": steps, "voicemail_hours": 2})
    contact = await house.arrive()
    row = await leave(house, contact.id, 20)
    assert row["state"] == "waiting"
    assert row["due_at"] is not None
    assert len(await timeline(house, contact.id, "told")) == 1
    # a message leaves nowhere any more
    assert (await leave(house, contact.id, 9999))["generation"] == row["generation"]
    agent = await house.agent("Ana")
    assert await house.offered(agent) == contact.id


async def test_a_callback_is_offered_once_and_the_place_is_kept(house: House):
    overflow = [{"on": "wait", "most": 60, "then": {"to": "callback"}}]
    await queues(house, customers={"overflow": overflow})
    contact = await house.arrive(channel="voice", line=False)
    contact = await house.contacts.enter(contact.id)
    told: list[UUID] = []

    async def led(contact: Any, _: Any) -> None:
        told.append(contact.id)

    house.contacts.on("led", led)
    row = await leave(house, contact.id, 60)
    assert (row["state"], row["leads"]["to"], row["line_at"]) == (
        "waiting",
        "callback",
        contact.line_at,
    )
    assert told == [contact.id]


async def test_a_queue_that_is_gone_or_closed_keeps_nobody_from_waiting(house: House):
    overflow = [{"on": "wait", "most": 1, "then": {"to": "queue", "queue": "more"}}]
    await queues(house, customers={"overflow": overflow}, more={})
    await house.pool.execute("update queue set closed = '{}' where slug = 'more'")
    contact = await house.arrive()
    row = await leave(house, contact.id, 5)
    assert (row["slug"], row["state"]) == ("customers", "waiting")


MORE = {"to": "queue", "queue": "more"}


@pytest.mark.parametrize(
    "policy",
    [
        {"overflow": [{"on": "wait", "most": 1, "then": MORE}]},
        {"overflow": [{"on": "nobody", "most": 1, "then": MORE}]},
        {"steps": [{"tiers": [1], "seconds": 0}, {"tiers": [2], "seconds": 1, "then": MORE}]},
    ],
    ids=["wait", "nobody", "step"],
)
async def test_the_timer_takes_contacts_out_of_their_line_when_their_time_has_come(
    house: House, policy: dict[str, Any]
):
    await queues(house, customers=policy, more={})
    contacts = [(await house.arrive()).id for _ in range(20)]
    await house.pool.execute("update contact set line_at = line_at - interval '2 s'")
    # the picture is made again from the truth, as if that time had passed
    await house.redis.flushall()
    await house.rebuilder.ensure(house.workspace)

    async def all_there() -> bool:
        await house.timers.wake(house.workspace)
        moved = [(await row_of(house, contact))["slug"] for contact in contacts]
        return set(moved) == {"more"}

    await until(all_there, "everybody in the other queue")
    assert await house.engine.in_line(house.workspace, house.queues["more"]) == 20
    assert await house.engine.in_line(house.workspace, house.queues["customers"]) == 0


async def test_whoever_left_a_chat_message_may_go_and_whoever_wrote_nothing_has_abandoned(
    house: House,
) -> None:
    await queues(house, customers={"hours": "never", "closed": {"to": "voicemail"}})
    wrote, silent = await house.arrive(), await house.arrive()
    await house.conversations.say(
        house.workspace, wrote.id, author="person", author_id=None, text="My box?", client_key="k"
    )
    for contact in (wrote, silent):
        await house.contacts.vanished(house.workspace, contact.id)
    assert (await row_of(house, wrote.id))["state"] == "waiting"
    assert (await row_of(house, silent.id))["outcome"] == "abandoned"


async def test_whose_time_to_leave_came_while_they_were_offered_leave_when_that_comes_to_nothing(
    house: House,
) -> None:
    overflow = [{"on": "wait", "most": 0, "then": {"to": "queue", "queue": "more"}}]
    await queues(house, customers={"overflow": overflow}, more={"steps": [{"tiers": [3]}]})
    agent = await house.agent("Ana")
    contact = await house.arrive()
    offer = await house.offer(agent)
    assert offer is not None
    await house.contacts.decline(house.workspace, agent, offer["offer"])

    async def moved() -> bool:
        await house.timers.wake(house.workspace)
        return bool((await row_of(house, contact.id))["slug"] == "more")

    await until(moved, "the other queue")


async def test_nobody_there_is_noticed_at_the_time_that_the_policy_says(house: House) -> None:
    then = {"to": "close"}
    await queues(house, customers={"overflow": [{"on": "nobody", "most": 1, "then": then}]})
    contact = await house.arrive()
    await house.pool.execute("update contact set line_at = line_at - interval '900 ms'")
    await house.redis.flushall()
    await house.rebuilder.ensure(house.workspace)

    async def over() -> bool:
        await house.timers.wake(house.workspace)
        return bool((await row_of(house, contact.id))["outcome"] == "closed")

    await until(over, "closed, for nobody is there", seconds=5)
