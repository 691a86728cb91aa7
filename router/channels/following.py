"""A policy that changes while contacts wait: they follow the new one, in their order.

Each contact in line knows which policy its steps were made of (`contact.follows`), and each queue
that was changed is looked at until nobody is left behind. So it does not matter which process
does it, when one dies in the middle, or who came in while the policy was changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from router.channels.line import Line
from router.errors import Unavailable
from router.queues.follows import follows
from router.queues.keys import key
from router.queues.outbox import put
from router.queues.picture import policy_of
from router.queues.policy import Policy
from router.queues.presence import agent_changed, rules_of
from router.store.truth import Connection, Row

log = structlog.get_logger()

BATCH = 100
"""Contacts or agents of one transaction."""

GRACE = "15 seconds"
"""Who read the policy just before it changed is in line by then."""

# in the order of the live lines, which know milliseconds
_BEHIND = """
select c.*, q.effective from unnest($2::uuid[], $3::text[]) as f (id, mark)
join contact c on c.queue_id = f.id,
lateral (select date_trunc('milliseconds', c.arrived_at - c.head_start) as effective) q
where c.workspace_id = $1 and c.state = 'waiting' and c.follows is distinct from f.mark
  and ($4::timestamptz is null or (q.effective, c.id) > ($4, $5::uuid))
order by q.effective, c.id limit $6
"""


class Following(Line):
    """What becomes of those who wait, and of those signed in, when the policy changes."""

    async def follow_policies(self) -> int:
        """Take along who was left behind, in all workspaces; answers how many contacts.

        Any number of processes may call it; one at a time works on a workspace.
        """
        taken = 0
        changed = await self._pool.fetch(
            "select workspace_id as id from queue where changed_at is not null"
            " union select id from workspace where rules_changed_at is not null"
        )
        for row in changed:
            async with self._pool.acquire() as connection:
                lock = f"follow {row['id']}"
                if not await connection.fetchval(
                    "select pg_try_advisory_lock(hashtextextended($1, 5))", lock
                ):
                    continue
                try:
                    await self._tell_agents(connection, row["id"])
                    taken += await self._take_along(connection, row["id"])
                finally:
                    await connection.execute(
                        "select pg_advisory_unlock(hashtextextended($1, 5))", lock
                    )
        return taken

    async def _take_along(self, connection: Connection, workspace_id: UUID) -> int:
        """Contacts of changed queues, the oldest first, a bounded number at a time."""
        queues = await connection.fetch(
            "select id, policy, changed_at from queue"
            " where workspace_id = $1 and changed_at is not null order by id",
            workspace_id,
        )
        policies = {row["id"]: policy_of(row["policy"]) for row in queues}
        marks = {id_: follows(policy) for id_, policy in policies.items()}
        behind: set[UUID] = set()
        taken = 0
        last: Row | None = None
        while rows := await connection.fetch(
            _BEHIND,
            workspace_id,
            list(marks),
            list(marks.values()),
            None if last is None else last["effective"],
            None if last is None else last["id"],
            BATCH,
        ):
            last = rows[-1]
            # who is offered now is left until that is over: they come back here, or are served
            offered = await self._offered(workspace_id, [row["id"] for row in rows])
            free = [row for row in rows if row["id"] not in offered]
            behind |= {row["queue_id"] for row in rows if row["id"] in offered}
            if free:
                taken += await self._put_back(connection, workspace_id, free, policies)
        await connection.execute(
            "update queue q set changed_at = null"
            " from unnest($1::uuid[], $2::timestamptz[]) as seen (id, changed_at)"
            # changed again meanwhile: another round
            " where q.id = seen.id and q.changed_at = seen.changed_at"
            f" and q.changed_at < now() - interval '{GRACE}'",
            [row["id"] for row in queues if row["id"] not in behind],
            [row["changed_at"] for row in queues if row["id"] not in behind],
        )
        if taken:
            log.info("policy.followed", workspace=str(workspace_id), contacts=taken)
        return taken

    async def _put_back(
        self,
        connection: Connection,
        workspace_id: UUID,
        rows: Sequence[Row],
        policies: dict[UUID, Policy],
    ) -> int:
        """In line again by the new steps: arrival, head start and time in line stay."""
        steps = {
            row["id"]: await self._kinds.compile(policies[row["queue_id"]], row) for row in rows
        }
        # agents learn of new kinds first, so that each contact finds somebody in its turn
        await self._kinds.settled(workspace_id)
        async with connection.transaction():
            # whoever is being changed by others is left to the next round
            changed = await connection.fetch(
                "with seen as (select c.id from contact c"
                " join unnest($1::uuid[], $2::bigint[]) as s (id, generation) using (id)"
                " where c.state = 'waiting' and c.generation = s.generation"
                " order by c.id for no key update of c skip locked)"
                " update contact c set generation = c.generation + 1"
                " from seen where c.id = seen.id returning c.*",
                [row["id"] for row in rows],
                [row["generation"] for row in rows],
            )
            places = {row["id"]: place for place, row in enumerate(rows)}
            changed.sort(key=lambda row: places[row["id"]])
            pending = [
                await self._put_in_line(
                    connection, row, policies[row["queue_id"]], steps[row["id"]]
                )
                for row in changed
            ]
        await self._outbox.apply(*pending)
        return len(pending)

    async def _offered(self, workspace_id: UUID, contacts: Sequence[UUID]) -> set[UUID]:
        """Who of these is held out to an agent at this moment."""
        epoch = await self._engine.epoch(workspace_id)
        try:
            states = await self._engine.redis.calls(
                [
                    ("HGET", key(workspace_id, epoch, "contact", str(contact)), "st")
                    for contact in contacts
                ]
            )
        except (RedisError, OSError) as error:
            raise Unavailable("the live store does not answer") from error
        held = ("offered", "accepting")
        return {id_ for id_, state in zip(contacts, states, strict=True) if state in held}

    async def _tell_agents(self, connection: Connection, workspace_id: UUID) -> None:
        """The reserve, and what follows for each agent from the rules, after these changed."""
        changed_at = await connection.fetchval(
            "select rules_changed_at from workspace where id = $1", workspace_id
        )
        if changed_at is None:
            return
        async with connection.transaction():
            rules = await rules_of(connection, workspace_id)
            share = {"share": rules.reserve_share}
            reserve = await put(connection, workspace_id, workspace_id, "reserve", share)
        await self._outbox.apply(reserve)
        # the longest there first, for each looks for work as they are told
        signed_in = await connection.fetch(
            "select id from agent where workspace_id = $1 and presence <> 'offline'"
            " order by presence_since, id",
            workspace_id,
        )
        for row in signed_in:
            async with connection.transaction():
                told = await agent_changed(connection, workspace_id, row["id"])
            await self._outbox.apply(told)
        await connection.execute(
            "update workspace set rules_changed_at = null where id = $1 and rules_changed_at = $2",
            workspace_id,
            changed_at,
        )
