"""The same person on every channel, and nobody by a mere claim."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import pytest

from router.errors import NotFound
from router.identity.entries import Entry
from router.identity.people import People
from router.identity.register import store
from router.identity.visitors import Visitor

EVA = Entry(
    "4711", "Eva", ("+4930123456",), "eva@example.org", "eva-account", ("de", "en"), 120, True
)


@pytest.fixture
async def eva(pool: asyncpg.Pool, ws: UUID) -> UUID:
    """The expert 4711 with phone, mail and account."""
    async with pool.acquire() as conn, conn.transaction():
        await store(conn, ws, [EVA])
    return await pool.fetchval("select person_id from expert")


@pytest.fixture
async def queue(pool: asyncpg.Pool, ws: UUID) -> UUID:
    return await pool.fetchval(
        "insert into queue (workspace_id, slug, name) values ($1, 'first', 'First') returning id",
        ws,
    )


async def contact(
    pool: asyncpg.Pool, ws: UUID, queue: UUID, person: UUID, *, assurance: int = 0
) -> UUID:
    """A contact of this person that is over."""
    return await pool.fetchval(
        "insert into contact (workspace_id, channel, provider_key, person_id, role, assurance,"
        " language, topic, queue_id, state, outcome, ended_at)"
        " values ($1, 'chat', gen_random_uuid()::text, $2, 'customer', $3, 'en', 'router', $4,"
        " 'ended', 'completed', now()) returning id",
        ws,
        person,
        assurance,
        queue,
    )


async def count(pool: asyncpg.Pool, table: str) -> int:
    return await pool.fetchval(f"select count(*) from {table}")


async def test_a_registered_number_gives_the_experts_lane_and_not_the_name(
    people: People, ws: UUID, eva: UUID
) -> None:
    found = await people.by_phone(ws, "+4930123456", attested=False)
    assert (found.person_id, found.role, found.assurance, found.name) == (eva, "expert", 1, None)
    assert (found.languages, found.network_size) == (("de", "en"), 120)


async def test_full_attestation_gives_the_name_too(people: People, ws: UUID, eva: UUID) -> None:
    found = await people.by_phone(ws, "+4930123456", attested=True)
    assert (found.person_id, found.role, found.assurance, found.name) == (eva, "expert", 2, "Eva")


async def test_an_attested_number_that_nobody_registered_proves_nothing(
    people: People, ws: UUID
) -> None:
    found = await people.by_phone(ws, "+4930999999", attested=True)
    assert (found.role, found.assurance) == ("customer", 0)


async def test_an_expert_who_left_is_a_customer(
    people: People, ws: UUID, eva: UUID, pool: asyncpg.Pool
) -> None:
    await pool.execute("update expert set active = false")
    assert (await people.by_phone(ws, "+4930123456", attested=True)).role == "customer"
    assert (await people.by_visitor(ws, Visitor("eva-account"), name=None, mail=None)).role == (
        "customer"
    )
    found = await people.by_visitor(ws, Visitor("x", None, "4711"), name=None, mail=None)
    assert (found.person_id != eva, found.role) == (True, "customer")


async def test_an_unknown_number_is_one_person_however_often_it_calls(
    people: People, ws: UUID, pool: asyncpg.Pool
) -> None:
    calls = [people.by_phone(ws, "+4930999999", attested=False) for _ in range(30)]
    assert len({found.person_id for found in await asyncio.gather(*calls)}) == 1
    assert await count(pool, "person") == 1
    assert await count(pool, "address") == 1


async def test_withheld_numbers_are_each_somebody_else(people: People, ws: UUID) -> None:
    first = await people.by_phone(ws, None, attested=False)
    second = await people.by_phone(ws, None, attested=True)
    assert first.person_id != second.person_id
    assert (first.role, first.assurance, second.assurance) == ("customer", 0, 0)


async def test_a_number_of_another_workspace_is_unknown_here(
    people: People, eva: UUID, pool: asyncpg.Pool
) -> None:
    other = await pool.fetchval(
        "insert into workspace (slug, name) values ('other', 'Other') returning id"
    )
    found = await people.by_phone(other, "+4930123456", attested=True)
    assert (found.person_id != eva, found.role, found.assurance) == (True, "customer", 0)


@pytest.mark.parametrize(
    "visitor",
    [Visitor("eva-account"), Visitor("new-account", "Somebody", "4711")],
    ids=["by account", "by expert number"],
)
async def test_the_same_expert_is_one_person_by_phone_chat_and_video(
    people: People, ws: UUID, eva: UUID, visitor: Visitor
) -> None:
    phone = await people.by_phone(ws, "+4930123456", attested=False)
    chat = await people.by_visitor(ws, visitor, name="x", mail="y@example.org")
    video = await people.by_visitor(ws, Visitor(visitor.subject), name=None, mail=None)
    assert phone.person_id == chat.person_id == video.person_id == eva
    assert (chat.role, chat.assurance, chat.name) == ("expert", 3, "Eva")
    assert (video.role, video.assurance) == ("expert", 3)


async def test_a_token_that_names_no_expert_we_know_makes_a_customer(
    people: People, ws: UUID, eva: UUID
) -> None:
    found = await people.by_visitor(ws, Visitor("u9", "Ben", "9999"), name=None, mail=None)
    again = await people.by_visitor(ws, Visitor("u9", "Ben B."), name=None, mail=None)
    assert (found.role, found.assurance, found.name) == ("customer", 3, "Ben")
    assert (again.person_id, again.name) == (found.person_id, "Ben B.")


async def test_concurrent_visits_of_one_account_make_one_person(
    people: People, ws: UUID, pool: asyncpg.Pool, eva: UUID
) -> None:
    visits = [
        people.by_visitor(ws, Visitor("u1", None, number), name=None, mail=None)
        for number in [None, "4711"] * 15
    ]
    await asyncio.gather(*visits)
    last = await people.by_visitor(ws, Visitor("u1"), name=None, mail=None)
    assert last.person_id == eva


async def test_a_typed_mail_finds_nobody_and_is_kept_as_a_claim(
    people: People, ws: UUID, eva: UUID, pool: asyncpg.Pool
) -> None:
    first = await people.by_visitor(ws, None, name="Eva", mail="eva@example.org")
    second = await people.by_visitor(ws, None, name="Eva", mail="eva@example.org")
    assert len({first.person_id, second.person_id, eva}) == 3
    assert (first.role, first.assurance, first.name) == ("customer", 0, "Eva")
    freelancer = await people.describe(ws, first.person_id, assurance=0, tier=1, role="agent")
    house = await people.describe(ws, first.person_id, assurance=0, tier=2, role="agent")
    assert (freelancer["name"], freelancer["name_claimed"]) == ("Eva", True)
    assert "claimed_mail" not in freelancer
    assert house["claimed_mail"] == "eva@example.org"
    assert "mails" not in house
    assert await count(pool, "address where kind = 'mail'") == 1


async def test_an_account_that_turns_out_to_be_an_experts_brings_its_history(
    people: People, ws: UUID, eva: UUID, queue: UUID, pool: asyncpg.Pool
) -> None:
    before = await people.by_visitor(ws, Visitor("u1", "Eva privately"), name=None, mail=None)
    old = await contact(pool, ws, queue, before.person_id)
    after = await people.by_visitor(ws, Visitor("u1", None, "4711"), name=None, mail=None)
    assert after.person_id == eva
    assert await pool.fetchval("select person_id from contact where id = $1", old) == eva


async def test_a_person_who_keeps_an_address_keeps_their_history(
    people: People, ws: UUID, eva: UUID, queue: UUID, pool: asyncpg.Pool
) -> None:
    before = await people.by_visitor(ws, Visitor("u1"), name=None, mail=None)
    await pool.execute(
        "insert into address values ($1, 'account', 'u2', $2, true)", ws, before.person_id
    )
    old = await contact(pool, ws, queue, before.person_id)
    await people.by_visitor(ws, Visitor("u1", None, "4711"), name=None, mail=None)
    assert await pool.fetchval("select person_id from contact where id = $1", old) == (
        before.person_id
    )


async def test_a_card_shows_what_assurance_and_role_allow(
    people: People, ws: UUID, eva: UUID, queue: UUID, pool: asyncpg.Pool
) -> None:
    await contact(pool, ws, queue, eva)

    async def card(assurance: int, tier: int, role: str = "agent") -> dict:
        return await people.describe(ws, eva, assurance=assurance, tier=tier, role=role)

    stranger = await card(1, 1)
    assert stranger == {
        "id": str(eva),
        "role": "expert",
        "assurance": 1,
        "provisional": False,
        "languages": ["de", "en"],
        "contacts_before": 1,
        "contacts": [],
        "number_masked": "+49 ••• ••56",
    }
    house = await card(2, 2)
    assert house["name"] == "Eva"
    assert (house["number"], house["expert_number"]) == ("+4930123456", "4711")
    assert house["contacts"] == []
    proven = await card(3, 2)
    assert [case["topic"] for case in proven["contacts"]] == ["router"]
    assert proven["mails"] == ["eva@example.org"]
    assert await card(0, 0, "admin") == {**proven, "assurance": 0}
    freelancer = await card(3, 1)
    assert [case["queue"] for case in freelancer["contacts"]] == ["First"]
    assert not {"number", "mails", "expert_number", "network_size"} & set(freelancer)


async def test_nobody_is_described_from_another_workspace(
    people: People, eva: UUID, pool: asyncpg.Pool
) -> None:
    other = await pool.fetchval(
        "insert into workspace (slug, name) values ('other', 'Other') returning id"
    )
    with pytest.raises(NotFound):
        await people.describe(other, eva, assurance=3, tier=2, role="admin")
