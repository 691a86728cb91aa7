"""From the truth to the live picture: operations that a transaction leaves behind.

A change in PostgreSQL writes its live operation here in the same transaction. Running it right
after the commit is the fast path; what a dying process leaves behind is drained by any other.
Operations of one subject run in the order of their rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec
import structlog
from redis.exceptions import ResponseError

from router.errors import Unavailable
from router.queues.engine import Engine
from router.store.truth import Connection

log = structlog.get_logger()

DRAIN_AFTER = "1500 milliseconds"
"""Younger rows belong to the process that wrote them."""

FORGET_S = 0.1
"""How long rows that were applied are gathered before they are deleted together."""


AT_ONCE = 100
"""Operations on the way to the live store together."""


@dataclass(frozen=True)
class Pending:
    """An operation that was written and not yet applied. older: those of its subject that stand
    before it in the outbox."""

    id: int
    workspace_id: UUID
    subject: UUID
    operation: str
    arguments: dict[str, Any]
    older: frozenset[int] = frozenset()


async def put(
    connection: Connection,
    workspace_id: UUID,
    subject: UUID,
    operation: str,
    arguments: dict[str, Any],
) -> Pending:
    """Write an operation in the caller's transaction; give the result to `Outbox.apply` after."""
    # UUIDs become strings here already, so that both paths run the same arguments
    plain = msgspec.to_builtins(arguments)
    row = await connection.fetchrow(
        "insert into outbox (workspace_id, subject, operation, arguments)"
        " values ($1, $2, $3, $4)"
        " returning id, (select array_agg(id) from outbox where subject = $2) as older",
        workspace_id,
        subject,
        operation,
        plain,
    )
    assert row is not None
    return Pending(
        row["id"], workspace_id, subject, operation, plain, frozenset(row["older"] or ())
    )


async def put_many(
    connection: Connection,
    workspace_id: UUID,
    operation: str,
    arguments: Mapping[UUID, dict[str, Any]],
) -> list[Pending]:
    """The same operation of several subjects, each with arguments of its own."""
    plain = {subject: msgspec.to_builtins(each) for subject, each in arguments.items()}
    rows = await connection.fetch(
        "with made as (insert into outbox (workspace_id, subject, operation, arguments)"
        " select $1, subject, $2, arguments from unnest($3::uuid[], $4::jsonb[])"
        "   as given (subject, arguments) returning id, subject)"
        # not those just made: a statement does not see what it does itself
        " select id, subject, (select array_agg(o.id) from outbox o where o.subject = made.subject)"
        "   as older from made",
        workspace_id,
        operation,
        list(plain),
        list(plain.values()),
    )
    return [
        Pending(
            *(row["id"], workspace_id, row["subject"], operation, plain[row["subject"]]),
            frozenset(row["older"] or ()),
        )
        for row in rows
    ]


async def keep_offer(
    pool: asyncpg.Pool[asyncpg.Record],
    workspace_id: UUID,
    offer: Mapping[str, Any],
    outcome: Literal["declined", "missed", "withdrawn"],
) -> None:
    """What became of an offer that was not accepted, once.

    offer: {offer, contact, agent, made_ms, queue?, why?} as scripts answer it; without a queue
    it is the contact's.
    """
    await pool.execute(
        "insert into offer (id, workspace_id, contact_id, agent_id, outcome, made_at, queue_id,"
        " channel, tier, why)"
        " select $1, $2, c.id, a.id, $5, to_timestamp($6::float8 / 1000),"
        " coalesce($7, c.queue_id), c.channel, a.tier, $8 from contact c, agent a"
        " where c.id = $3 and a.id = $4 on conflict (id) do nothing",
        offer["offer"],
        workspace_id,
        _uuid(offer["contact"]),
        _uuid(offer["agent"]),
        outcome,
        offer["made_ms"],
        _uuid(offer["queue"]) if offer.get("queue") else None,
        why_of(offer),
    )


def why_of(offer: Mapping[str, Any]) -> Any:
    """How the scripts chose, from their answer: {step, kind, why, since, of, load, ...} or None."""
    return msgspec.json.decode(offer["why"]) if offer.get("why") else None


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


class Outbox:
    """Applies operations: at once after a commit, and what was left over."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], engine: Engine) -> None:
        self._pool = pool
        self._engine = engine
        # applied here and not deleted yet, in order
        self._applied: dict[int, None] = {}
        self._forgetting: asyncio.Task[None] | None = None

    async def apply(self, *operations: Pending) -> bool:
        """The fast path, after the commit.

        Never raises for a live store that is away: the truth has decided, and the rows stay.
        Answers False then.
        """
        done: list[int] = []
        left = False
        try:
            for pending in operations:
                if not pending.older <= self._applied.keys() | set(done):
                    await self.drain(subject=pending.subject)
                    continue
                await self._run(pending.workspace_id, pending.operation, pending.arguments)
                done.append(pending.id)
        except (Unavailable, ResponseError) as error:
            left = True
            log.warning("outbox.left", operation=pending.operation, error=str(error))
        if done:
            self._applied.update(dict.fromkeys(done))
            if self._forgetting is None or self._forgetting.done():
                self._forgetting = asyncio.create_task(self._forget())
        return not left

    async def apply_together(self, operations: Sequence[Pending]) -> None:
        """The same for operations of different subjects, on the way at once and in no order."""
        for begin in range(0, len(operations), AT_ONCE):
            first, *others = operations[begin : begin + AT_ONCE]
            # one alone before: a live store that is away is asked once
            if not await self.apply(first):
                return
            await asyncio.gather(*map(self.apply, others))

    async def _forget(self) -> None:
        while self._applied:
            await asyncio.sleep(FORGET_S)
            await self.forget()

    async def forget(self) -> None:
        """Delete what was applied here, many rows at once; happens by itself within `FORGET_S`.

        A process that dies before leaves its rows to a drainer: applied twice is applied once.
        """
        ids = list(self._applied)
        try:
            # what a drainer has locked it deletes itself; waiting for it could deadlock
            await self._pool.execute(
                "delete from outbox where id in (select id from outbox where id = any($1)"
                " order by id for update skip locked)",
                ids,
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            log.warning("outbox.undeleted", rows=len(ids), error=str(error))
        for applied in ids:
            self._applied.pop(applied, None)

    async def close(self) -> None:
        """Delete what was applied; call it while the pool is open."""
        if self._forgetting is not None:
            await self._forgetting

    async def _run(self, workspace_id: UUID, operation: str, arguments: dict[str, Any]) -> None:
        """One operation in the live store; an offer that it took back is recorded."""
        answer = await self._engine.run(workspace_id, operation, arguments)
        taken = answer.get("withdrawn")
        if taken:
            await keep_offer(self._pool, workspace_id, taken, "withdrawn")

    async def drain(self, *, subject: UUID | None = None, limit: int = 500) -> int:
        """Apply what was left, oldest first: of one subject, or all that is old enough.

        Answers how many rows were applied. One drainer at a time keeps the order.
        """
        # nearly always nothing is left: one statement says so
        if subject is None and not await self._pool.fetchval(
            "select exists (select from outbox"
            " where created_at < now() - $1::text::interval order by id limit 1)",
            DRAIN_AFTER,
        ):
            return 0
        async with self._pool.acquire() as connection, connection.transaction():
            if subject is None:
                if not await connection.fetchval(
                    "select pg_try_advisory_xact_lock(hashtextextended('outbox', 2))"
                ):
                    return 0
                rows = await connection.fetch(
                    "select * from outbox where created_at < now() - $1::text::interval"
                    " order by id limit $2 for update",
                    DRAIN_AFTER,
                    limit,
                )
            else:
                rows = await connection.fetch(
                    "select * from outbox where subject = $1 order by id for update", subject
                )
            applied: list[int] = []
            blocked: set[UUID] = set()
            for row in rows:
                # one workspace that cannot be served holds up no other
                if row["workspace_id"] in blocked:
                    continue
                try:
                    await self._run(row["workspace_id"], row["operation"], row["arguments"])
                    applied.append(row["id"])
                except Unavailable:
                    blocked.add(row["workspace_id"])
                except ResponseError as error:
                    log.error("outbox.refused", operation=row["operation"], error=str(error))
                    blocked.add(row["workspace_id"])
            if applied:
                await connection.execute("delete from outbox where id = any($1)", applied)
            return len(applied)

    async def run_forever(self) -> None:
        """Drain what was left every half second, until cancelled."""
        while True:
            try:
                if await self.drain() == 0:
                    await asyncio.sleep(0.5)
            except (asyncpg.PostgresError, OSError, TimeoutError, Unavailable) as error:
                log.warning("outbox.undrained", error=str(error))
                await asyncio.sleep(1)
