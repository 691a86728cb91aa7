"""The pool: statements keep connections in hand, and nobody pays for it."""

import asyncio

import asyncpg
import pytest

from router.store.truth import open_pool

SIZE = 4


@pytest.fixture
async def pool(database):
    pool = await open_pool(database, size=SIZE)
    async with asyncio.timeout(20):
        yield pool
        await pool.close()


async def _backend(pool) -> int:
    return await pool.fetchval("select pg_backend_pid()")


async def test_one_statement_after_the_other_goes_over_the_same_connection(pool):
    assert len({await _backend(pool) for _ in range(20)}) == 1


async def test_json_values_are_python_values_for_statements_alone_too(pool):
    assert await pool.fetchval("select $1::jsonb", {"a": [1]}) == {"a": [1]}
    assert (await pool.fetchrow("select $1::int as a", 1))["a"] == 1
    assert [row[0] for row in await pool.fetch("select generate_series(1, 3)")] == [1, 2, 3]
    assert await pool.execute("select") == "SELECT 1"


async def test_statements_that_are_kept_leave_room_for_as_many_transactions(pool):
    await asyncio.gather(*(pool.fetchval("select pg_sleep(0.05)") for _ in range(SIZE)))
    async with asyncio.timeout(5):
        async with pool.acquire(), pool.acquire():
            # and who holds a transaction still gets a statement
            assert await pool.fetchval("select 1") == 1


async def test_many_more_statements_than_connections_are_all_answered(pool):
    asked = [pool.fetchval("select $1::int", number) for number in range(200)]
    assert await asyncio.gather(*asked) == list(range(200))


async def test_a_statement_that_fails_spoils_nothing(pool):
    before = await _backend(pool)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pool.fetchval("select 1 / 0")
    assert await _backend(pool) == before


async def test_a_statement_that_is_cut_off_holds_up_none_after_it(pool):
    await _backend(pool)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await pool.fetchval("select pg_sleep(30)")
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(pool.fetchval("select 1") for _ in range(SIZE * 2)))


async def test_a_connection_that_the_server_has_ended_is_replaced(pool, database):
    lost = await _backend(pool)
    other = await asyncpg.connect(database)
    await other.execute("select pg_terminate_backend($1)", lost)
    async with asyncio.timeout(5):
        while True:
            try:
                if await _backend(pool) != lost:
                    break
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                await asyncio.sleep(0.01)
    await other.close()
    held = [await pool.acquire() for _ in range(SIZE - 1)]
    for connection in held:
        await pool.release(connection)


async def test_closing_waits_for_what_is_under_way(database):
    pool = await open_pool(database, size=SIZE)
    await asyncio.gather(*(pool.fetchval("select 1") for _ in range(SIZE)))
    under_way = asyncio.create_task(pool.fetchval("select pg_sleep(0.1)"))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await pool.close()
    assert under_way.done()
    with pytest.raises(asyncpg.InterfaceError):
        await pool.fetchval("select 1")
