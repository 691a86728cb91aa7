"""A document into the rows that the service reads: what differs is written, the rest retired."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from router.errors import Conflict
from router.policy.document import EntryPoint, Queue, policy_of, sparse
from router.policy.rows import RULES, Draft, name_of
from router.queues.follows import follows
from router.store.truth import Connection, Row

_TOLD = ("reserve_share", "blocks", "newcomer_ratings")
"""Rules that the live store has for each agent; the others are read when they are needed."""


@dataclass(frozen=True)
class Stored:
    """What was written. queues: those that changed, in any way."""

    draft: Draft
    queues: frozenset[UUID]


async def store(conn: Connection, workspace_id: UUID, before: Draft, after: Draft) -> Stored:
    """Write the rows that differ, in the caller's transaction, which holds the workspace's row.

    Queues and entry points that are dropped are retired. Raises Conflict for a queue that is
    dropped while contacts are in it, and for an address that is another workspace's.
    """
    old, new = before.document.rules, after.document.rules
    if old != new:
        # agents who change at this moment have read the old rules: wait for them to commit, so
        # that whoever tells all agents of the new ones sees them (queues/presence.py); before a
        # queue's row is locked, which they may want in turn
        await conn.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 1))", str(workspace_id)
        )
        # what is no rule of ours stays: the demo's mark is not for a policy to take away
        await conn.execute(
            "update workspace set policy = $2::jsonb || (policy - $3::text[]),"
            " rules_changed_at = case when $4 then clock_timestamp() else rules_changed_at end"
            " where id = $1",
            workspace_id,
            sparse(new),
            list(RULES),
            any(getattr(old, name) != getattr(new, name) for name in _TOLD),
        )
    writer = _Writer(conn, workspace_id, before)
    queues = await writer.queues(after)
    points = await writer.entry_points(replace(after, queues=queues))
    draft = Draft(after.document, queues, points)
    return Stored(draft, frozenset(writer.touched))


class _Writer:
    def __init__(self, conn: Connection, workspace_id: UUID, before: Draft) -> None:
        self._conn = conn
        self._ws = workspace_id
        self._before = before
        self.touched: set[UUID] = set()

    async def queues(self, after: Draft) -> dict[str, UUID]:
        rows = await self._conn.fetch(
            "select id, slug, retired_at from queue where workspace_id = $1", self._ws
        )
        known: dict[UUID, Row] = {row["id"]: row for row in rows}
        by_slug = {row["slug"]: row["id"] for row in rows}
        ids: dict[str, UUID] = {}
        for slug in after.document.queues:
            given = after.queues.get(slug) or uuid4()
            ids[slug] = given if given in known else by_slug.get(slug, given)
        # by hand a document may name one row twice: the later of the two is new
        taken: set[UUID] = set()
        for slug, id_ in ids.items():
            ids[slug] = uuid4() if id_ in taken else id_
            taken.add(ids[slug])
        await self._retire(set(self._before.queues.values()) - taken)
        await self._free_names(ids, known, by_slug)
        for slug, queue in after.document.queues.items():
            await self._queue(ids[slug], slug, queue, known.get(ids[slug]))
        return ids

    async def _retire(self, dropped: set[UUID]) -> None:
        if not dropped:
            return
        # waits for who is being put in line there, and makes who comes later wait for us
        rows = await self._conn.fetch(
            "select id, slug from queue where id = any($1) order by id for update", list(dropped)
        )
        used = await self._conn.fetch(
            "select queue_id, count(*) as contacts from contact"
            " where workspace_id = $1 and state <> 'ended' and queue_id = any($2)"
            " group by queue_id",
            self._ws,
            list(dropped),
        )
        slugs = {row["id"]: row["slug"] for row in rows}
        for row in used:
            slug, contacts = slugs[row["queue_id"]], row["contacts"]
            many = "One contact is" if contacts == 1 else f"{contacts} contacts are"
            raise Conflict(
                f"{many} in the queue “{slug}”, which this policy does not have.",
                field=f"queues.{slug}",
                state="in_use",
            )
        await self._conn.execute(
            "update queue set retired_at = now() where id = any($1)", list(dropped)
        )
        self.touched |= dropped

    async def _free_names(
        self, ids: dict[str, UUID], known: dict[UUID, Row], by_slug: dict[str, UUID]
    ) -> None:
        """Short names that go over to another queue: two may change places."""
        leaving = {by_slug[slug] for slug, id_ in ids.items() if by_slug.get(slug, id_) != id_}
        leaving |= {id_ for slug, id_ in ids.items() if id_ in known and known[id_]["slug"] != slug}
        await self._conn.execute(
            "update queue set slug = 'was-' || id where id = any($1)", list(leaving)
        )

    async def _queue(self, id_: UUID, slug: str, queue: Queue, row: Row | None) -> None:
        was = self._before.document.queues.get(slug)
        if row is not None and row["retired_at"] is None and row["slug"] == slug and was == queue:
            return
        previous = self._previous(id_)
        if row is None:
            await self._conn.execute(
                "insert into queue (id, workspace_id, slug, name, policy)"
                " values ($1, $2, $3, $4, $5)",
                id_,
                self._ws,
                slug,
                queue.name,
                policy_of(queue),
            )
        else:
            moved = previous is None or follows(previous) != follows(queue)
            # without the short name, for writing it would hold up who is put in line there
            await self._conn.execute(
                "update queue set name = $2, policy = $3, retired_at = null,"
                " changed_at = case when $4 then clock_timestamp() else changed_at end"
                " where id = $1",
                id_,
                queue.name,
                policy_of(queue),
                moved,
            )
            if row["slug"] != slug:
                await self._conn.execute("update queue set slug = $2 where id = $1", id_, slug)
        self.touched.add(id_)

    def _previous(self, id_: UUID) -> Queue | None:
        """The queue of this row before, whatever its short name was."""
        slug = next((slug for slug, mine in self._before.queues.items() if mine == id_), None)
        return None if slug is None else self._before.document.queues[slug]

    async def entry_points(self, after: Draft) -> dict[str, UUID]:
        rows = await self._conn.fetch(
            "select id, kind, address, retired_at from entry_point where workspace_id = $1"
            " order by retired_at nulls last",
            self._ws,
        )
        known = {row["id"]: row for row in rows}
        # of several retired ones with one address the last is meant, or the one in use
        by_name = {f"{row['kind']} {row['address']}": row["id"] for row in rows}
        ids: dict[str, UUID] = {}
        for point in after.document.entry_points:
            name = name_of(point)
            given = after.entry_points.get(name) or uuid4()
            found = given if given in known else by_name.get(name, given)
            ids[name] = uuid4() if found in ids.values() else found
        names = {id_: name for name, id_ in ids.items()}
        gone = [
            id_
            for id_, row in known.items()
            if row["retired_at"] is None and names.get(id_) != f"{row['kind']} {row['address']}"
        ]
        # those with another address too, so that two may change places
        await self._conn.execute(
            "update entry_point set retired_at = now() where id = any($1)", gone
        )
        before = {name_of(point): point for point in self._before.document.entry_points}
        for place, point in enumerate(after.document.entry_points):
            name = name_of(point)
            id_ = ids[name]
            same = before.get(name) == point and self._before.entry_points.get(name) == id_
            if not same or not self._same_queues(point, after):
                await self._entry_point(id_, point, after, place)
        return ids

    def _same_queues(self, point: EntryPoint, after: Draft) -> bool:
        mine = {point.customers, point.experts}
        return all(self._before.queues.get(slug) == after.queues[slug] for slug in mine)

    async def _entry_point(self, id_: UUID, point: EntryPoint, after: Draft, place: int) -> None:
        plain: dict[str, Any] = msgspec.to_builtins(point)
        try:
            async with self._conn.transaction():
                await self._conn.execute(
                    "insert into entry_point (id, workspace_id, kind, address, name, language,"
                    " languages, menu, prompts, origins, customer_queue_id, expert_queue_id,"
                    " priority, attributes)"
                    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
                    " on conflict (id) do update set kind = excluded.kind,"
                    " address = excluded.address, name = excluded.name,"
                    " language = excluded.language, languages = excluded.languages,"
                    " menu = excluded.menu, prompts = excluded.prompts,"
                    " origins = excluded.origins,"
                    " customer_queue_id = excluded.customer_queue_id,"
                    " expert_queue_id = excluded.expert_queue_id, priority = excluded.priority,"
                    " attributes = excluded.attributes, retired_at = null",
                    id_,
                    self._ws,
                    point.kind,
                    point.address,
                    point.name,
                    point.language,
                    list(point.languages),
                    # a choice without skills has no such field: the topic is the skill
                    [sparse(item) | {"label": dict(item.label)} for item in point.menu],
                    plain["prompts"],
                    list(point.origins),
                    after.queues[point.customers],
                    after.queues[point.experts],
                    point.priority,
                    plain["attributes"],
                )
        except asyncpg.UniqueViolationError:
            raise Conflict(
                "This address is another entry point's.", field=f"entry_points[{place}].address"
            ) from None
