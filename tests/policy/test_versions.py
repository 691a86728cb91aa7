"""Versions: every change is one, what is active is what is exported, and nothing is lost."""

from __future__ import annotations

import asyncio
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import Conflict, Invalid, NotFound
from router.policy import text
from router.policy.checks import check, check_text
from router.policy.document import sparse
from router.policy.versions import Activated, Refused, Versions
from tests.house import House
from tests.policy import documents


async def activate(house: House, versions: Versions, source: str, note: str = "") -> Activated:
    seen = (await versions.active(house.workspace)).number
    return await versions.activate(house.workspace, source, seen=seen, note=note, account=None)


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_document_that_is_written_is_the_same_document(random: Random) -> None:
    document, problems = check(documents.plain(random), "DE")
    assert problems == []
    assert check_text(text.write(sparse(document)), "DE") == (document, [])


async def test_what_is_exported_changes_nothing_when_it_is_activated(
    house: House, versions: Versions
) -> None:
    await activate(house, versions, "queues: {}")
    for seed in range(25):
        given = documents.plain(Random(seed))
        await activate(house, versions, text.write(given))
        exported = await versions.active(house.workspace)
        assert exported.document == check(given, "DE")[0]
        # from the rows alone, without the text that somebody wrote
        await house.pool.execute("update policy_version set source = null")
        before = await rows(house)
        again = await versions.active(house.workspace)
        assert check_text(again.text, "DE") == (exported.document, [])
        done = await activate(house, versions, again.text)
        assert done.version.number == exported.number
        assert await rows(house) == before


async def rows(house: House) -> list[object]:
    """Everything that a policy writes."""
    found: list[object] = []
    for table in ("queue", "entry_point", "policy_version"):
        found += await house.pool.fetch(f"select * from {table} order by 1, 2")
    return found + await house.pool.fetch("select policy, policy_number from workspace")


async def test_comments_are_kept_as_they_were_written(house: House, versions: Versions) -> None:
    source = "# for the summer\n" + (await versions.active(house.workspace)).text
    done = await activate(house, versions, source, "Summer")
    assert (await versions.active(house.workspace)).text == source
    assert done.version.number == 2, "the one that was found, and this one"
    history = await versions.history(house.workspace)
    assert [each.note for each in history] == ["Summer", "As it was found"]


async def test_who_saw_an_older_version_is_told_so_and_changes_nothing(
    house: House, versions: Versions
) -> None:
    source = (await versions.active(house.workspace)).text
    await activate(house, versions, source.replace("name: experts", "name: House"))
    with pytest.raises(Conflict) as caught:
        await versions.activate(house.workspace, source + "# mine", seen=1, note="", account=None)
    assert (caught.value.field, caught.value.state) == ("seen", "2")
    with pytest.raises(Conflict):
        await versions.roll_back(house.workspace, 1, seen=1, note="", account=None)
    assert (await versions.active(house.workspace)).number == 2


async def test_of_many_who_change_it_at_once_one_succeeds(house: House, versions: Versions) -> None:
    source = (await versions.active(house.workspace)).text
    tries = [
        versions.activate(
            house.workspace,
            source.replace("name: experts", f"name: House {n}"),
            seen=1,
            note="",
            account=None,
        )
        for n in range(6)
    ]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, Activated) for each in done) == 1
    assert sum(isinstance(each, Conflict) for each in done) == 5


async def test_a_document_that_is_wrong_is_refused_as_a_whole_with_all_its_faults(
    house: House, versions: Versions
) -> None:
    before = await rows(house)
    source = "queues:\n  a: {name: A, escalates_to: b}\n  c: {name: C, hours: never}\n"
    with pytest.raises(Refused) as caught:
        await activate(house, versions, source)
    assert [problem.field for problem in caught.value.problems] == [
        "queues.a.escalates_to",
        "queues.c.hours",
    ]
    assert "line 2" in caught.value.message
    assert await rows(house) == before


SMALL = "queues:\n  experts: {name: experts}\n  customers: {name: customers}\n"


async def test_a_queue_in_which_somebody_is_cannot_be_dropped(
    house: House, versions: Versions
) -> None:
    without = "queues:\n  experts: {name: experts}\n"
    contact = await house.arrive()
    with pytest.raises(Conflict, match="One contact is in the queue “customers”") as caught:
        await activate(house, versions, without)
    assert caught.value.field == "queues.customers"
    await house.contacts.end(house.workspace, contact.id, outcome="abandoned", by="person")
    done = await activate(house, versions, without)
    queue = await house.pool.fetchrow("select * from queue where slug = 'customers'")
    assert queue["retired_at"] is not None, "history keeps it"
    assert queue["id"] in done.queues
    point = await house.pool.fetchrow("select * from entry_point")
    assert point["retired_at"] is not None
    with pytest.raises(NotFound):
        await house.contacts.move(house.workspace, contact.id, queue["id"], uuid4())


async def test_rolling_back_brings_the_same_queues_and_entry_points_back(
    house: House, versions: Versions
) -> None:
    first = await versions.active(house.workspace)
    kept = "select id, slug, name, retired_at from queue order by id"
    points = "select id, address, customer_queue_id, retired_at from entry_point order by id"
    before = (await house.pool.fetch(kept), await house.pool.fetch(points))
    await activate(house, versions, "queues:\n  experts: {name: experts}\n")
    await activate(house, versions, "queues: {customers: {name: Others}, experts: {name: E}}")
    done = await versions.roll_back(house.workspace, 1, seen=3, note="", account=None)
    assert (done.version.number, done.version.restores) == (4, 1)
    assert done.version.note == "Back to version 1"
    assert done.version.document == first.document
    assert (await house.pool.fetch(kept), await house.pool.fetch(points)) == before
    with pytest.raises(NotFound):
        await versions.roll_back(house.workspace, 9, seen=4, note="", account=None)


async def test_queues_that_change_their_names_are_the_same_queues_after_a_rollback(
    house: House, versions: Versions
) -> None:
    from router.policy.rows import Draft
    from router.policy.versions import By, change

    ids = dict((await versions.active(house.workspace)).draft.queues)

    def swapped(draft: Draft) -> Draft:
        names = {"experts": "customers", "customers": "experts"}
        source = text.write(sparse(draft.document))
        for old, new in names.items():
            source = source.replace(f"{old}:\n    name", f"{new}@:\n    name")
        made, problems = check_text(source.replace("@", ""), "DE")
        assert made is not None, problems
        return Draft(
            made, {names[slug]: id_ for slug, id_ in draft.queues.items()}, draft.entry_points
        )

    async with house.pool.acquire() as conn, conn.transaction():
        await change(conn, house.workspace, By(None, "Swapped"), swapped)
    after = (await versions.active(house.workspace)).draft.queues
    assert after == {"experts": ids["customers"], "customers": ids["experts"]}
    await versions.roll_back(house.workspace, 1, seen=2, note="", account=None)
    assert (await versions.active(house.workspace)).draft.queues == ids


async def test_an_address_that_another_company_uses_is_refused(
    house: House, versions: Versions, database: str, live: str
) -> None:
    other = await House.open(database, live)
    address = await other.pool.fetchval(
        "select address from entry_point where id = $1", other.entry_point
    )
    await other.close()
    source = (await versions.active(house.workspace)).text
    mine = await house.pool.fetchval(
        "select address from entry_point where id = $1", house.entry_point
    )
    with pytest.raises(Conflict, match="another entry point's") as caught:
        await activate(house, versions, source.replace(mine, address))
    assert caught.value.field == "entry_points[0].address"


async def test_rows_that_were_changed_past_it_become_a_version_of_their_own(
    house: House, versions: Versions
) -> None:
    source = (await versions.active(house.workspace)).text
    await activate(house, versions, source + "# one")
    await house.queue("customers", {"steps": [{"tiers": [3]}]})
    found = await versions.active(house.workspace)
    assert (found.number, found.at) == (3, None)
    assert "tiers: [3]" in found.text
    await versions.roll_back(house.workspace, 2, seen=3, note="", account=None)
    history = await versions.history(house.workspace)
    assert [(each.number, each.note) for each in history][:2] == [
        (4, "Back to version 2"),
        (3, "Changed past the policy"),
    ]
    policy = await house.pool.fetchval("select policy from queue where slug = 'customers'")
    assert policy == {"escalates_to": "experts"}


async def test_the_demo_stays_the_demo_whatever_the_policy_says(
    house: House, versions: Versions
) -> None:
    await house.pool.execute('update workspace set policy = \'{"demo": true, "kind_days": 3}\'')
    assert "demo" not in (await versions.active(house.workspace)).text
    await activate(house, versions, "rules: {reserve_share: 0.5}\n" + SMALL)
    rules = await house.pool.fetchval("select policy from workspace")
    assert rules == {"demo": True, "reserve_share": 0.5}


async def test_each_change_is_in_the_audit_with_what_it_changed(
    house: House, versions: Versions
) -> None:
    account: UUID = await house.pool.fetchval(
        "insert into account (workspace_id, email, name, role)"
        " values ($1, 'a@example.com', 'Olivia', 'admin') returning id",
        house.workspace,
    )
    source = (await versions.active(house.workspace)).text
    source = source.replace("name: experts", "name: House")
    done = await versions.activate(
        house.workspace, source, seen=1, note="New name", account=account
    )
    assert done.version.author == "Olivia"
    row = await house.pool.fetchrow("select * from audit order by id desc limit 1")
    assert (row["account_id"], row["action"], row["subject"]) == (
        account,
        "policy.activate",
        "version 2",
    )
    assert row["detail"]["changes"] == ["queues.experts.name was “experts”, becomes “House”"]


async def test_a_version_that_cannot_be_read_any_more_is_told_and_stands_in_nobodys_way(
    house: House, versions: Versions
) -> None:
    source = (await versions.active(house.workspace)).text
    await activate(house, versions, source + "# one")
    await house.pool.execute(
        "update policy_version set document = '{\"gone\": 1}' where number in (1, 2)"
    )
    active = await versions.active(house.workspace)
    assert active.number == 3
    with pytest.raises(Invalid, match="cannot be read"):
        await versions.roll_back(house.workspace, 1, seen=3, note="", account=None)
    await activate(house, versions, source + "# two")
    assert (await versions.active(house.workspace)).number == 4


async def test_whoever_is_put_in_line_does_not_wait_for_a_policy_that_is_being_written(
    house: House, versions: Versions
) -> None:
    from dataclasses import replace

    from router.policy.versions import By, change

    source = (await versions.active(house.workspace)).text
    longer = source.replace("  customers:\n", "  customers:\n    steps: [{tiers: [3]}]\n")
    document, _ = check_text(longer, "DE")
    assert document is not None
    made = document
    async with house.pool.acquire() as conn, conn.transaction():
        by = By(None, "Slow")
        await change(conn, house.workspace, by, lambda draft: replace(draft, document=made))
        async with asyncio.timeout(5):
            contact = await house.arrive()
    agent = await house.agent("Tim", tier=3)
    await house.contacts.follow_policies()
    assert await house.offered(agent) == contact.id
