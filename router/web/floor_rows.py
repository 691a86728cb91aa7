"""Rows of the floor: the live store's figures with the truth's names, as a supervisor may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from router.identity.numbers import masked
from router.identity.visibility import visibility
from router.queues.floor import Floor
from router.queues.picture import policy_of
from router.ratings import rules

Row = dict[str, Any]

_QUEUES = """
select q.id, q.name, q.policy, q.closed, w.time_zone, now() as now
from queue q join workspace w on w.id = q.workspace_id where q.workspace_id = $1
 and (q.retired_at is null or exists (select from contact c where c.workspace_id = $1
      and c.state in ('waiting', 'handling') and c.queue_id = q.id))
"""
_AGENTS = """
select a.id, a.name, g.rating_sum, g.rating_count from account a join agent g on g.id = a.id
where a.workspace_id = $1 and a.id = any($2)
"""
_CONTACTS = """
select c.id, c.language, c.topic, c.assurance, c.callback_to is not null as callback,
       (extract(epoch from c.due_at) * 1000)::bigint as due_ms, p.name,
       p.provisional,
       (select a.value from address a where a.person_id = p.id and a.kind = 'phone'
        order by a.registered desc, a.created_at limit 1) as phone
from contact c join person p on p.id = c.person_id
where c.workspace_id = $1 and c.id = any($2)
"""


class Rows:
    """Reads rows of one workspace, whole or the changed ones."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], floor: Floor, workspace_id: UUID
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._ws = workspace_id

    async def cursor(self) -> str:
        """The newest event: rows read after it are at least as new."""
        return await self._floor.cursor(self._ws)

    async def queues(self) -> dict[str, Row]:
        """All queues by id."""
        known = {row["id"]: row for row in await self._pool.fetch(_QUEUES, self._ws)}
        if not known:
            return {}
        any_row = next(iter(known.values()))
        day = any_row["now"].astimezone(ZoneInfo(any_row["time_zone"])).date().isoformat()
        rows = {}
        for live in await self._floor.queues(self._ws, known, day):
            truth = known[UUID(live["id"])]
            target = policy_of(truth["policy"]).target
            rows[live["id"]] = {
                **live,
                "name": truth["name"],
                "closed": truth["closed"],
                "target": {"seconds": target.seconds, "share": target.share},
                "today": _today(live["today"]),
            }
        return rows

    async def agents(self, ids: Iterable[str] | None = None) -> dict[str, Row]:
        """These agents, or all that are signed in, by id."""
        live = await self._floor.agents(self._ws, ids)
        names = await self._names(_AGENTS, live)
        return {row["id"]: _agent(row, names[row["id"]]) for row in live if row["id"] in names}

    async def contacts(self, ids: Iterable[str] | None = None) -> dict[str, Row]:
        """These contacts, or the oldest, by id; ended ones are left out."""
        live = await self._floor.contacts(self._ws, ids)
        truth = await self._names(_CONTACTS, live)
        return {row["id"]: _contact(row, truth[row["id"]]) for row in live if row["id"] in truth}

    async def _names(self, query: str, live: list[Row]) -> Mapping[str, asyncpg.Record]:
        if not live:
            return {}
        rows = await self._pool.fetch(query, self._ws, [UUID(row["id"]) for row in live])
        return {str(row["id"]): row for row in rows}


def _today(counted: Row) -> Row:
    today = {name: value for name, value in counted.items() if name != "wait_ms"}
    # whoever gave up counts against the target, else a queue that nobody answers looks perfect
    judged = counted["answered"] + counted["abandoned"]
    today["service_level"] = counted["answered_within"] / judged if judged else None
    today["asa_ms"] = counted["wait_ms"] // counted["answered"] if counted["answered"] else None
    return today


def _agent(live: Row, truth: asyncpg.Record) -> Row:
    count = truth["rating_count"]
    mean = round(rules.mean(truth["rating_sum"], count), 2) if count else None
    return {**live, "name": truth["name"], "rating": {"mean": mean, "count": count}}


def _contact(live: Row, truth: asyncpg.Record) -> Row:
    may = visibility(truth["assurance"], 0, "supervisor")
    person = ""
    if truth["name"] and (may.name or truth["provisional"]):
        person = truth["name"]
    elif truth["phone"]:
        person = masked(truth["phone"])
    return {
        **live,
        "person": person,
        "language": truth["language"],
        "topic": truth["topic"],
        "callback": truth["callback"],
        # a message, and until when somebody is to see to it
        **({"due_ms": truth["due_ms"]} if truth["due_ms"] is not None else {}),
    }
