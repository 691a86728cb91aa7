"""Durable assignments a second, against a loop over `FOR UPDATE SKIP LOCKED`.

Ours is the accept as desks make it: the live store is asked, PostgreSQL fences and commits, the
live store hears of it and offers the agent the next contact. The peer is what one writes without
us: a table of jobs by priority and arrival, and workers who lock the first free row. Both run
16 at a time in this process, on the same server with its production settings, over the same
pool, with as many writing transactions an assignment; they are counted by the transaction ids
that the server gave out. Eligibility, offers and deadlines are in ours alone.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiohttp import web

from router.app import make_app
from router.bench.floor.company import Company, Size, company
from router.bench.rows import Broken, Row, Tell, at_least, figure, readable
from router.channels.arrivals import Arrival
from router.identity.people import Identity
from router.settings import Settings
from router.store.hub import Subscription
from router.web import keys

WORKERS = 16
EACH = 100
ASSIGNMENTS = WORKERS * EACH
ROUNDS = 5
PATIENCE_S = 60.0

_JOBS = """
create table job (id bigint generated always as identity primary key, priority int not null,
  arrived_at timestamptz not null, state text not null default 'waiting', worker int);
create index job_waiting on job (priority desc, arrived_at) where state = 'waiting';
create table assignment (job bigint not null, worker int not null,
  at timestamptz not null default clock_timestamp());
create table tally (worker int primary key, n bigint not null default 0);
"""


def run(name: str, tell: Tell) -> list[Row]:
    """Our rate ÷ the loop's."""
    size = Size(registered=WORKERS * (ROUNDS + 1), signed_in=0, customers=1, servers=0)
    with company(size) as made:
        ours, theirs, commits = asyncio.run(_measure(made, tell))
    ratio = figure([a / b for a, b in zip(ours, theirs, strict=True)])
    a, b = readable(figure(ours).value), readable(figure(theirs).value)
    note = f"{a} against {b} assignments a second, {commits} commits each"
    return [at_least(name, ratio, 1, "x the loop's rate", note)]


async def _measure(made: Company, tell: Tell) -> tuple[list[float], list[float], int]:
    settings = Settings(
        host="127.0.0.1",
        port=0,
        public_url="http://localhost",
        secret_key="0" * 64,
        data=Path(),
        database_url=made.database_url,
        redis_url=made.redis_url,
    )
    app = make_app(settings)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        pool = app[keys.POOL]
        await pool.execute(_JOBS)
        await pool.execute("insert into tally select generate_series(0, $1::int)", WORKERS - 1)
        await pool.execute("update agent set capacity = $1", {"voice": 0, "chat": EACH, "video": 0})
        agents = [row["id"] for row in await pool.fetch("select id from agent order by id")]
        ours, theirs, commits = [], [], 0
        for n in range(ROUNDS + 1):
            tell(f"round {n} of {ROUNDS}")
            crew = agents[n * WORKERS : (n + 1) * WORKERS]
            rate, commits_now = await _ours(app, made.workspace, crew)
            commits = commits or commits_now
            other = await _theirs(pool, commits)
            if n:  # the first warms both up, and tells how many commits the peer must make
                ours.append(rate)
                theirs.append(other)
        return ours, theirs, commits
    finally:
        await runner.cleanup()


async def _ours(app: web.Application, workspace: UUID, crew: list[UUID]) -> tuple[float, int]:
    """Assignments a second, and the writing transactions of each."""
    pool, contacts = app[keys.POOL], app[keys.CONTACTS]
    waiting = (await _arrival(pool, workspace) for _ in range(ASSIGNMENTS))
    await asyncio.gather(*[contacts.arrive(each) async for each in waiting])
    for agent in crew:
        await contacts.set_presence(workspace, agent, "available")
    accepted: list[UUID] = []

    async def work(agent: UUID) -> None:
        # as a desk hears of it: a snapshot, then events
        async with app[keys.HUB].subscribe(workspace, [f"agent:{agent}"]) as events:
            offers = await app[keys.ENGINE].offers_of(workspace, agent)
            offer = offers[0]["offer"] if offers else ""
            taken: set[str] = set()
            for _ in range(EACH):
                offer = offer or await asyncio.wait_for(_offered(events, taken), PATIENCE_S)
                accepted.append((await contacts.accept(workspace, agent, offer)).contact_id)
                taken.add(offer)
                offer = ""

    before = await _transactions(pool)
    begun = time.perf_counter()
    await asyncio.gather(*map(work, crew))
    seconds = time.perf_counter() - begun
    commits = round((await _transactions(pool) - before) / ASSIGNMENTS)
    durable = await pool.fetch(
        "select contact_id from handling where agent_id = any($1)", list(crew)
    )
    _check(accepted, ASSIGNMENTS)
    _check([row["contact_id"] for row in durable], ASSIGNMENTS)
    # out of the way of the next round's
    for agent in crew:
        await contacts.set_presence(workspace, agent, "offline")
    return ASSIGNMENTS / seconds, commits


async def _arrival(pool: asyncpg.Pool[asyncpg.Record], workspace: UUID) -> Arrival:
    person = await pool.fetchval("select id from person limit 1")
    return Arrival(
        workspace_id=workspace,
        channel="chat",
        entry_point_id=await pool.fetchval("select id from entry_point"),
        provider_key=str(uuid4()),
        identity=Identity(
            person_id=person, role="customer", assurance=0, name=None, network_size=0
        ),
        language="en",
    )


async def _offered(events: Subscription, taken: set[str]) -> str:
    async for event in events:
        # the event of what the snapshot told may come after it
        if event["t"] == "offer" and event["offer"] not in taken:
            return str(event["offer"])
    raise Broken("an agent fell behind with what they are offered")


async def _theirs(pool: asyncpg.Pool[asyncpg.Record], commits: int) -> float:
    """Assignments a second of the loop. The first commit assigns; others stand for the rest."""
    await pool.execute("truncate assignment")
    await pool.execute(
        "insert into job (priority, arrived_at) select n % 25, now() + make_interval(secs =>"
        " n * 0.001) from generate_series(1, $1) n",
        ASSIGNMENTS,
    )

    async def work(worker: int) -> None:
        async with pool.acquire() as connection:
            while await _assign(connection, worker):
                for _ in range(commits - 1):
                    await connection.execute("update tally set n = n + 1 where worker = $1", worker)

    begun = time.perf_counter()
    await asyncio.gather(*(work(worker) for worker in range(WORKERS)))
    seconds = time.perf_counter() - begun
    rows = await pool.fetch("select job from assignment")
    _check([row["job"] for row in rows], ASSIGNMENTS)
    return ASSIGNMENTS / seconds


async def _assign(connection: Any, worker: int) -> bool:
    async with connection.transaction():
        job = await connection.fetchval(
            "select id from job where state = 'waiting' order by priority desc, arrived_at"
            " limit 1 for update skip locked"
        )
        if job is None:
            return False
        await connection.execute(
            "update job set state = 'assigned', worker = $2 where id = $1", job, worker
        )
        await connection.execute(
            "insert into assignment (job, worker) values ($1, $2)", job, worker
        )
    return True


async def _transactions(pool: asyncpg.Pool[asyncpg.Record]) -> int:
    """How many transactions that write there have been."""
    number: int = await pool.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::int8")
    return number


def _check(assigned: list[Any], wanted: int) -> None:
    if len(assigned) != wanted or len(set(assigned)) != wanted:
        raise Broken(
            f"{wanted} were assigned as {len(assigned)}, {len(set(assigned))} of them once"
        )
