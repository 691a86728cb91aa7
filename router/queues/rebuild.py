"""The live picture made anew from the truth, while the service runs.

An advisory lock lets one process do it. The epoch is raised, scripts answer STALE with
`rebuilding`, a snapshot is loaded into the new epoch's keys, the epoch is published, and what
was committed meanwhile follows from the outbox. Waiting contacts are then woken in the order
of their effective arrival.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from redis.exceptions import RedisError

from router.errors import SecondlineError, Unavailable
from router.queues.engine import DESK_LEASE_MS, Engine, encode_arguments
from router.queues.interning import Kinds
from router.queues.keys import epoch_key, key, root, server_key
from router.queues.picture import enter_arguments, excluded_of, hold_arguments, policy_of, waited_ms
from router.queues.presence import kinds_of, presence_arguments, rules_of
from router.queues.scripts import FUNCTIONS
from router.store.live import LiveStore
from router.store.truth import Connection
from router.tasks import stop

log = structlog.get_logger()

CHUNK = 500
GRACE_MS = 2 * DESK_LEASE_MS
"""Leases after a rebuild: everybody has the time to come back."""

_PUBLISH = (
    "if redis.call('GET', KEYS[1]) == 'rebuilding:' .. ARGV[1] then"
    " redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[2])"
    " return 1 end return 0"
)

Operation = tuple[str, dict[str, Any]]


class Rebuilder:
    """Makes pictures that are missing, and clears away those of older epochs."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        redis: LiveStore,
        engine: Engine,
        kinds: Kinds,
    ) -> None:
        self._pool = pool
        self._redis = redis
        self._engine = engine
        self._kinds = kinds
        self._running: dict[UUID, asyncio.Task[bool]] = {}
        engine.on_missing = self.request

    async def request(self, workspace_id: UUID) -> None:
        """Begin a rebuild here unless one is under way here."""
        task = self._running.get(workspace_id)
        if task is None or task.done():
            self._running[workspace_id] = asyncio.create_task(self._guarded(workspace_id))

    async def _guarded(self, workspace_id: UUID) -> bool:
        try:
            return await self.rebuild(workspace_id)
        except (asyncpg.PostgresError, RedisError, OSError, TimeoutError, Unavailable) as error:
            log.warning("rebuild.failed", workspace=str(workspace_id), error=str(error))
            return False

    async def ensure(self, workspace_id: UUID) -> None:
        """Rebuild if the live store does not hold the truth's epoch, or is another server.

        A server that was restarted, or took over from another, may hold the epoch and lack what
        was acknowledged last: it is known by its run id.
        """
        if not await self._current(workspace_id):
            await self.rebuild(workspace_id)

    async def _current(self, workspace_id: UUID) -> bool:
        epoch = await self._engine.epoch(workspace_id)
        held, server = await self._redis.mget(epoch_key(workspace_id), server_key(workspace_id))
        return held == str(epoch) and server == await self._server()

    async def _server(self) -> str:
        """The run id of the server that answers now."""
        info: Any = await self._redis.info("server")
        return str(info["run_id"])

    async def close(self) -> None:
        """Stop what is under way; another process begins anew."""
        await stop(*self._running.values())

    async def rebuild(self, workspace_id: UUID) -> bool:
        """Make the picture; False when another process is at it or it is there already."""
        async with self._pool.acquire() as connection:
            lock = f"rebuild {workspace_id}"
            if not await connection.fetchval(
                "select pg_try_advisory_lock(hashtextextended($1, 3))", lock
            ):
                return False
            try:
                self._engine.forget_epoch(workspace_id)
                # looked at again under the lock: another process may have just done it
                if await self._current(workspace_id):
                    return False
                return await self._rebuild(connection, workspace_id)
            finally:
                await connection.execute("select pg_advisory_unlock(hashtextextended($1, 3))", lock)

    async def _rebuild(
        self, connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record], workspace_id: UUID
    ) -> bool:
        begun = time.monotonic()
        # before the first key is written: a switch meanwhile is seen by the next look
        server = await self._server()
        epoch = await connection.fetchval(
            "update workspace set epoch = epoch + 1 where id = $1 returning epoch", workspace_id
        )
        self._engine.forget_epoch(workspace_id)
        await self._redis.set(epoch_key(workspace_id), f"rebuilding:{epoch}")
        loaded = 0
        chunk: list[Operation] = []
        # one moment of the truth; what commits later is in the outbox
        async with connection.transaction(isolation="repeatable_read"):
            async for operation in self._operations(connection, workspace_id):
                chunk.append(operation)
                if len(chunk) == CHUNK:
                    await self._load(workspace_id, epoch, chunk)
                    loaded += len(chunk)
                    log.info("rebuild.loading", workspace=str(workspace_id), loaded=loaded)
                    chunk = []
            await self._load(workspace_id, epoch, chunk)
            await self._load_figures(connection, workspace_id, epoch)
            await self._load_leases(connection, workspace_id, epoch)
        published = await self._redis.eval(
            _PUBLISH,
            2,
            epoch_key(workspace_id),
            server_key(workspace_id),
            str(epoch),
            server,
        )
        log.info(
            "rebuild.done",
            workspace=str(workspace_id),
            epoch=epoch,
            loaded=loaded + len(chunk),
            seconds=round(time.monotonic() - begun, 2),
            published=bool(published),
        )
        await self._clear(workspace_id, epoch)
        return bool(published)

    async def _operations(
        self, connection: Connection, workspace_id: UUID
    ) -> AsyncIterator[Operation]:
        """Agents, what they hold, and who waits, as the scripts take them."""
        kinds = await kinds_of(connection, workspace_id)
        rules = await rules_of(connection, workspace_id)
        yield "reserve", {"share": rules.reserve_share}
        async for row in connection.cursor(
            "select * from agent a where workspace_id = $1 and (presence <> 'offline'"
            " or exists (select from handling where agent_id = a.id and state <> 'done'))",
            workspace_id,
        ):
            yield "present", presence_arguments(row, kinds, rules)
        held = await connection.fetch(
            "select h.*, c.generation, c.arrived_at, c.role, c.state as contact_state"
            " from handling h join contact c on c.id = h.contact_id"
            " where h.workspace_id = $1 and h.state <> 'done' order by h.accepted_at",
            workspace_id,
        )
        for place, row in enumerate(held):
            contact = {**dict(row), "id": row["contact_id"]}
            in_hand = row["state"] in ("connecting", "active")
            # a wrap-up of a contact that went on: only the hand, under an older generation each
            contact["generation"] = row["generation"] - (0 if in_hand else len(held) - place)
            yield "hold", await hold_arguments(connection, contact, row) | {"wrapup": not in_hand}
        for row in held:
            if row["state"] == "wrapup" and row["contact_state"] == "ended":
                yield (
                    "close",
                    {
                        "contact": row["contact_id"],
                        "gen": row["generation"],
                        "queue": row["queue_id"],
                        "outcome": "completed",
                    },
                )
        rows = await connection.fetch(
            "select c.*, q.policy, coalesce((select max(split_part(o.id, '.', 3)::int)"
            "   from offer o where o.contact_id = c.id), 0) as attempts,"
            " exists (select from offer o where o.contact_id = c.id) as offered"
            " from contact c join queue q on q.id = c.queue_id"
            " where c.workspace_id = $1 and c.state = 'waiting'",
            workspace_id,
        )
        for row in rows:
            policy = policy_of(row["policy"])
            steps = await self._kinds.compile(policy, row)
            excluded = await excluded_of(connection, row, policy) if row["offered"] else {}
            arguments = enter_arguments(row, policy, steps, excluded)
            yield "enter", arguments | {"attempt": row["attempts"]}

    async def _load(self, workspace_id: UUID, epoch: int, operations: list[Operation]) -> None:
        if not operations:
            return
        await self._engine.teach()
        await self._redis.calls(
            [
                (
                    *("FCALL", FUNCTIONS[verb], "1", root(workspace_id), str(epoch)),
                    encode_arguments(arguments | {"load": True}),
                )
                for verb, arguments in operations
            ]
        )

    async def _load_figures(self, connection: Connection, workspace_id: UUID, epoch: int) -> None:
        zone = await connection.fetchval(
            "select time_zone from workspace where id = $1", workspace_id
        )
        now = await connection.fetchval("select now()")
        day = now.astimezone(ZoneInfo(zone)).date().isoformat()
        rows = await connection.fetch(
            "select q.id, q.policy,"
            " coalesce(array_agg(h.accepted_at) filter (where h.id is not null), '{}') as accepted,"
            " coalesce(array_agg(h.line_at) filter (where h.id is not null), '{}') as in_line,"
            " coalesce(max(gone.n), 0) as abandoned"
            " from queue q left join handling h on h.queue_id = q.id and h.workspace_id = $1"
            "   and h.accepted_at >= date_trunc('day', now(), $2)"
            # whoever hears a message answers nobody who waited for it
            "   and not coalesce((select m.left_at <= h.line_at from message_left m"
            "     where m.contact_id = h.contact_id), false)"
            " left join (select c.queue_id, count(*) as n from contact c"
            "   where c.workspace_id = $1 and c.state = 'ended' and c.outcome = 'abandoned'"
            "   and c.ended_at >= date_trunc('day', now(), $2)"
            "   and not exists (select from handling x where x.contact_id = c.id"
            "     and x.ended_at >= c.ended_at) group by 1) gone on gone.queue_id = q.id"
            " where q.workspace_id = $1 group by q.id",
            workspace_id,
            zone,
        )
        for row in rows:
            limit = policy_of(row["policy"]).target.seconds * 1000
            waits = list(map(waited_ms, row["accepted"], row["in_line"]))
            today = key(workspace_id, epoch, "today", str(row["id"]), day)
            await self._redis.hset(
                today,
                mapping={
                    "answered": len(waits),
                    "within": sum(wait <= limit for wait in waits),
                    "wait_ms": sum(waits),
                    "abandoned": row["abandoned"],
                },
            )
            await self._redis.expire(today, 172_800)

    async def _load_leases(self, connection: Connection, workspace_id: UUID, epoch: int) -> None:
        until = await self._engine.now_ms() + GRACE_MS
        desks = await connection.fetch(
            # whoever still has somebody in hand, too: a leaver's customers must not wait forever
            "select id from agent g where workspace_id = $1 and (presence <> 'offline'"
            " or exists (select from handling h where h.agent_id = g.id and h.state = 'active'))",
            workspace_id,
        )
        visitors = await connection.fetch(
            "select id from contact where workspace_id = $1"
            " and state in ('waiting', 'handling') and channel <> 'voice'",
            workspace_id,
        )
        for name, rows in (("desks", desks), ("visitors", visitors)):
            if rows:
                await self._redis.zadd(
                    key(workspace_id, epoch, name), {str(row["id"]): until for row in rows}
                )

    async def _clear(self, workspace_id: UUID, epoch: int) -> None:
        """Remove what older epochs left; not a live path, so scanning is right here."""
        current = f"{root(workspace_id)}{epoch}:"
        spared = {root(workspace_id) + name for name in ("events", "epoch", "server", "clock")}
        old: list[str] = []
        async for name in self._redis.scan_iter(match=root(workspace_id) + "*", count=1000):
            if not name.startswith(current) and name not in spared:
                old.append(name)
            if len(old) >= 1000:
                await self._redis.unlink(*old)
                old = []
        if old:
            await self._redis.unlink(*old)


class Watch:
    """Asks the live store at intervals whether it still has each workspace's picture."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], rebuilder: Rebuilder) -> None:
        self._pool = pool
        self._rebuilder = rebuilder

    async def run_forever(self, seconds: float = 1.0) -> None:
        """Until cancelled. Nobody needs to call for a lost picture to be noticed."""
        while True:
            try:
                for row in await self._pool.fetch("select id from workspace order by id"):
                    await self._rebuilder.ensure(row["id"])
            except (
                asyncpg.PostgresError,
                RedisError,
                OSError,
                TimeoutError,
                SecondlineError,
            ) as error:
                log.warning("rebuild.unwatched", error=str(error))
            await asyncio.sleep(seconds)
