"""PINs: what is drawn, and how often one may guess."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import TooMany
from router.identity import pins, throttle
from router.identity.hashing import Hasher
from router.identity.people import People


@settings(deadline=None)
@given(st.lists(st.integers(0, 999_999)))
def test_a_drawn_pin_has_six_digits_and_is_not_one_that_people_try_first(drawn: list[int]) -> None:
    numbers = iter([*drawn, 42])
    pin = pins.draw(lambda _: next(numbers))
    assert pins.well_formed(pin)
    assert not pins.trivial(pin)


@pytest.mark.parametrize(
    "pin", ["000000", "123456", "654321", "890123", "777777", "121212", "123123", "246802"]
)
def test_a_trivial_pin_is_drawn_again(pin: str) -> None:
    numbers = iter([int(pin), 42])
    assert pins.draw(lambda _: next(numbers)) == "000042"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "١٢٣٤٥٦", "12345a", "²²²²²²", " 123456"])
def test_what_cannot_be_a_pin(text: str) -> None:
    assert not pins.well_formed(text)


@pytest.fixture
async def expert(pool: asyncpg.Pool, ws: UUID, hasher: Hasher) -> UUID:
    """The expert 4711 with the PIN 904216."""
    person = await pool.fetchval(
        "insert into person (workspace_id, name, provisional) values ($1, 'Eva', false)"
        " returning id",
        ws,
    )
    await pool.execute(
        "insert into expert (person_id, workspace_id, number, network_size, languages, pin_hash)"
        " values ($1, $2, '4711', 120, '{de,en}', $3)",
        person,
        ws,
        await hasher.hash("904216"),
    )
    return person


async def test_number_and_pin_find_the_expert_at_assurance_two(
    people: People, ws: UUID, expert: UUID
) -> None:
    found = await people.by_pin(ws, "4711", "904216", caller=None)
    assert found is not None
    assert (found.person_id, found.role, found.assurance) == (expert, "expert", 2)
    assert (found.name, found.network_size, found.languages) == ("Eva", 120, ("de", "en"))


@pytest.mark.parametrize(
    ("number", "pin"),
    [
        ("4711", "904217"),
        ("4711", ""),
        ("4711", "٩٠٤٢١٦"),
        ("4712", "904216"),
        ("", "904216"),
        ("x" * 9000, "904216"),
        ("4711", "9" * 9000),
    ],
)
async def test_a_wrong_number_or_pin_finds_nobody(
    people: People, ws: UUID, expert: UUID, number: str, pin: str
) -> None:
    assert await people.by_pin(ws, number, pin, caller=None) is None


async def test_after_five_wrong_tries_the_right_pin_has_to_wait(
    people: People, ws: UUID, expert: UUID, pool: asyncpg.Pool
) -> None:
    for _ in range(5):
        assert await people.by_pin(ws, "4711", "111119", caller=None) is None
    with pytest.raises(TooMany):
        await people.by_pin(ws, "4711", "904216", caller=None)
    await pool.execute("update throttle set locked_until = now() - interval '1 second'")
    assert await people.by_pin(ws, "4711", "904216", caller=None)
    assert await pool.fetchval("select count(*) from throttle") == 0


async def test_the_fifth_try_may_still_be_the_right_one(
    people: People, ws: UUID, expert: UUID
) -> None:
    for _ in range(4):
        await people.by_pin(ws, "4711", "111119", caller=None)
    assert await people.by_pin(ws, "4711", "904216", caller=None)
    assert await people.by_pin(ws, "4711", "111119", caller=None) is None


async def test_an_unknown_number_is_locked_like_a_known_one(people: People, ws: UUID) -> None:
    for _ in range(5):
        assert await people.by_pin(ws, "9999", "111119", caller=None) is None
    with pytest.raises(TooMany):
        await people.by_pin(ws, "9999", "111119", caller=None)


async def test_concurrent_guesses_do_not_get_past_the_limit(
    people: People, ws: UUID, expert: UUID
) -> None:
    guesses = [people.by_pin(ws, "4711", f"1111{n:02}", caller=None) for n in range(40)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 5
    assert sum(isinstance(answer, TooMany) for answer in answers) == 35


async def test_a_caller_who_guesses_at_many_numbers_is_locked_out_but_locks_nobody_else_out(
    people: People, ws: UUID, expert: UUID
) -> None:
    for n in range(10):
        await people.by_pin(ws, f"80{n:02}", "111119", caller="+4930123456")
    for _ in range(9):
        with pytest.raises(TooMany):
            await people.by_pin(ws, "4711", "111119", caller="+4930123456")
    assert await people.by_pin(ws, "4711", "904216", caller="+4930999999")


async def test_an_experts_own_pin_does_not_buy_them_guesses_at_others(
    people: People, ws: UUID, expert: UUID
) -> None:
    for n in range(9):
        await people.by_pin(ws, f"80{n:02}", "111119", caller="+4930123456")
        assert await people.by_pin(ws, "4711", "904216", caller="+4930123456")
    await people.by_pin(ws, "8010", "111119", caller="+4930123456")
    with pytest.raises(TooMany):
        await people.by_pin(ws, "8011", "111119", caller="+4930123456")


async def test_each_further_lock_lasts_twice_as_long_up_to_eight_hours(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        lasted = []
        for _ in range(8):
            for _ in range(5):
                await throttle.count(conn, "s")
            lasted.append(
                await conn.fetchval(
                    "select round(extract(epoch from locked_until - now()) / 60)::int from throttle"
                )
            )
            await conn.execute("update throttle set locked_until = now() - interval '1 second'")
    assert lasted == [15, 30, 60, 120, 240, 480, 480, 480]


async def test_a_day_without_a_try_forgives(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        for _ in range(4):
            await throttle.count(conn, "s")
        await conn.execute("update throttle set tried_at = now() - interval '25 hours'")
        for _ in range(4):
            await throttle.count(conn, "s")
        assert await conn.fetchval("select failures from throttle") == 4
        await conn.execute("update throttle set tried_at = now() - interval '25 hours'")
        await throttle.forget_old(conn)
        assert await conn.fetchval("select count(*) from throttle") == 0


async def test_a_revoked_pin_is_wrong_at_once_even_while_it_is_being_verified(
    people: People, ws: UUID, expert: UUID, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = Hasher.verify

    async def slow(self: Hasher, stored: str | None, secret: str) -> bool:
        right = await verify(self, stored, secret)
        await pool.execute("update expert set pin_hash = null")
        return right

    monkeypatch.setattr(Hasher, "verify", slow)
    assert await people.by_pin(ws, "4711", "904216", caller=None) is None


async def test_an_inactive_experts_pin_is_wrong(
    people: People, ws: UUID, expert: UUID, pool: asyncpg.Pool
) -> None:
    await pool.execute("update expert set active = false")
    assert await people.by_pin(ws, "4711", "904216", caller=None) is None


async def test_another_workspaces_pin_is_wrong(
    people: People, expert: UUID, pool: asyncpg.Pool
) -> None:
    other = await pool.fetchval(
        "insert into workspace (slug, name) values ('other', 'Other') returning id"
    )
    assert await people.by_pin(other, "4711", "904216", caller=None) is None
