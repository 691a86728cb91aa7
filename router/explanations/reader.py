"""Puts together what both stores know of a contact, and of an agent beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from router.errors import NotFound
from router.explanations.checks import checks, later_step, verdict
from router.explanations.facts import (
    Candidate,
    Check,
    Declined,
    Named,
    Offered,
    Preferred,
    Step,
    Waiting,
)
from router.explanations.live import Live, steps_in
from router.queues.engine import Engine
from router.queues.floor import NO_LOAD, by_channel
from router.queues.kinds import kind_number, requirement_of
from router.queues.picture import LET_PASS, Way, excluded_of, milliseconds, policy_of
from router.queues.presence import blocks_text, profile_of
from router.queues.rules import parse_rules
from router.store.truth import Connection

_CONTACT = """
select c.*, q.name as queue_name, q.policy from contact c join queue q on q.id = c.queue_id
where c.workspace_id = $1 and c.id = $2
"""
_OFFERS = """
select o.id, o.outcome, o.made_at, o.at, o.agent_id, a.name, o.why
from offer o join account a on a.id = o.agent_id where o.contact_id = $1 order by o.made_at, o.id
"""
_LET_PASS = f"""
select distinct on (agent_id) agent_id, outcome from ({LET_PASS}) passed
order by agent_id, at desc
"""


class Explanations:
    """Reads what explains a contact's routing. Raises NotFound, Rebuilding, Unavailable."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], engine: Engine) -> None:
        self._pool = pool
        self._engine = engine

    async def contact(self, ws: UUID, contact_id: UUID) -> tuple[Waiting, list[Offered]]:
        """Where a contact stands, and every offer of it with the reason for it."""
        live = Live(self._engine, ws, await self._engine.epoch(ws))
        now_ms = await self._engine.now_ms()
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(_CONTACT, ws, contact_id)
            if row is None:
                raise NotFound("There is no such contact.")
            offers = [_offered(offer) for offer in await connection.fetch(_OFFERS, contact_id)]
            waiting = await self._waiting(connection, live, row, now_ms)
        if waiting.state in ("offered", "accepting"):
            fields, _ = await live.contact(str(contact_id))
            if fields.get("st") in ("offered", "accepting") and waiting.with_agent is not None:
                offers.append(_open(fields["offer"], fields, waiting.with_agent))
        return waiting, offers

    async def agent(
        self, ws: UUID, contact_id: UUID, agent_id: UUID
    ) -> tuple[str, list[Check], int | None]:
        """Why the contact is or is not offered to this agent.

        Answers the verdict, every condition, and the later step that they qualify for.
        """
        live = Live(self._engine, ws, await self._engine.epoch(ws))
        now_ms = await self._engine.now_ms()
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(_CONTACT, ws, contact_id)
            if row is None:
                raise NotFound("There is no such contact.")
            waiting = await self._waiting(connection, live, row, now_ms)
            candidate = await self._candidate(connection, live, waiting, ws, agent_id)
        found = checks(waiting, candidate)
        later = later_step(waiting, candidate)
        return verdict(waiting, candidate, found), found, later.n if later else None

    async def _waiting(
        self, connection: Connection, live: Live, row: asyncpg.Record, now_ms: int
    ) -> Waiting:
        contact = str(row["id"])
        fields, excluded = await live.contact(contact)
        known: dict[str, Any] = {
            "contact": row["id"],
            "channel": row["channel"],
            "state": row["state"],
            "role": row["role"],
            "queue": Named(row["queue_id"], row["queue_name"]),
            "arrived_ms": milliseconds(row["arrived_at"]),
            "now_ms": now_ms,
            "outcome": row["outcome"],
        }
        if row["state"] == "handling":
            agent = await connection.fetchrow(
                "select agent_id, a.name from handling h join account a on a.id = h.agent_id"
                " where h.contact_id = $1 and h.state in ('connecting', 'active')",
                row["id"],
            )
            known["with_agent"] = agent and Named(agent["agent_id"], agent["name"])
        if row["state"] != "waiting" or "steps" not in fields:
            return Waiting(**known)
        known["state"] = fields["st"]
        way = Way.of(fields["way"])
        known["line_ms"] = way.line
        known["step"] = int(fields["step"])
        ahead = steps_in(fields["steps"])[known["step"] - 1][3]
        known["head_start_ms"] = known["arrived_ms"] - (way.score - ahead)
        known["position"] = await live.position(str(row["queue_id"]), contact)
        known["steps"] = await self._steps(connection, live, row, fields["steps"])
        known["reserve"] = await live.reserve(row["channel"])
        known["declined"] = await self._declined(connection, row, excluded, now_ms)
        known["free_declined"] = await live.free(
            (str(each.agent.id) for each in known["declined"]), row["channel"], fields["kind"]
        )
        if fields.get("prefer"):
            names = await _names(connection, [UUID(fields["prefer"])])
            known["preferred"] = Preferred(names[0], way.prefer_until)
        if fields.get("offer") and known["state"] in ("offered", "accepting"):
            known["with_agent"] = (await _names(connection, [UUID(fields["agent"])]))[0]
            known["deadline_ms"] = int(fields["deadline"])
        return Waiting(**known)

    async def _steps(
        self, connection: Connection, live: Live, row: asyncpg.Record, text: str
    ) -> tuple[Step, ...]:
        steps = steps_in(text)
        kinds = {
            record["id"]: record
            for record in await connection.fetch(
                "select id, spec, built_at from kind where workspace_id = $1 and id = any($2)",
                row["workspace_id"],
                [kind_number(kind) for kind, *_ in steps],
            )
        }
        counts = await live.counts((kind for kind, *_ in steps), row["channel"])
        found = []
        for n, (kind, strategy, from_ms, ahead_ms, skip) in enumerate(steps, 1):
            record = kinds.get(kind_number(kind))
            found.append(
                Step(
                    n=n,
                    kind=kind,
                    requirement=requirement_of(record["spec"]) if record else None,
                    strategy=strategy.split("/")[0],
                    from_ms=from_ms,
                    ahead_ms=ahead_ms,
                    skip=skip,
                    built=record is not None and record["built_at"] is not None,
                    count=counts[kind],
                )
            )
        return tuple(found)

    async def _declined(
        self, connection: Connection, row: asyncpg.Record, excluded: dict[str, str], now_ms: int
    ) -> tuple[Declined, ...]:
        until = await excluded_of(connection, row, policy_of(row["policy"]))
        until |= {agent: int(float(at)) for agent, at in excluded.items()}
        last = {r["agent_id"]: r["outcome"] for r in await connection.fetch(_LET_PASS, row["id"])}
        passed = {UUID(agent): at for agent, at in until.items() if at > now_ms}
        return tuple(
            Declined(agent, last.get(agent.id, "declined"), passed[agent.id])
            for agent in await _names(connection, passed)
        )

    async def _candidate(
        self, connection: Connection, live: Live, waiting: Waiting, ws: UUID, agent_id: UUID
    ) -> Candidate:
        row = await connection.fetchrow(
            "select g.*, a.name, w.policy as rules from agent g join account a on a.id = g.id"
            " join workspace w on w.id = g.workspace_id where g.workspace_id = $1 and g.id = $2",
            ws,
            agent_id,
        )
        if row is None:
            raise NotFound("There is no such agent.")
        rules = parse_rules(row["rules"])
        fields = await live.agent(str(agent_id))
        open_offer = fields.get("offer") or None
        mine = bool(open_offer) and str(open_offer).startswith(f"{waiting.contact}.")
        ahead = 0
        if fields.get("cls") and waiting.line_ms is not None:
            score = waiting.arrived_ms - waiting.head_start_ms
            kept = row["tier"] >= 2 and waiting.reserve.keeps
            ahead = await live.ahead(fields["cls"], waiting.channel, score, experts_only=kept)
        return Candidate(
            agent=Named(row["id"], row["name"]),
            profile=profile_of(row, rules),
            presence=row["presence"],
            reason=row["presence_reason"],
            since_ms=milliseconds(row["presence_since"]),
            load=by_channel(fields.get("load", NO_LOAD)),
            most=row["capacity"].get("all"),
            blocks=frozenset(_pairs(blocks_text(rules))),
            offered=bool(open_offer) and not mine,
            excluded=next((d for d in waiting.declined if d.agent.id == agent_id), None),
            ahead=ahead,
        )


def _pairs(blocks: str) -> Iterable[tuple[str, str]]:
    for pair in blocks.split():
        holds, _, blocked = pair.partition(">")
        yield holds, blocked


async def _names(connection: Connection, ids: Iterable[UUID]) -> list[Named]:
    rows = await connection.fetch(
        "select id, name from account where id = any($1) order by name, id", list(ids)
    )
    return [Named(row["id"], row["name"]) for row in rows]


def _offered(row: asyncpg.Record) -> Offered:
    return Offered(
        row["id"],
        Named(row["agent_id"], row["name"]),
        row["outcome"],
        row["made_at"],
        row["at"],
        row["why"] or {},
    )


def _open(offer: str, fields: dict[str, str], agent: Named) -> Offered:
    made = datetime.fromtimestamp(int(fields["made"]) / 1000, UTC)
    why = msgspec.json.decode(fields.get("why") or "{}")
    return Offered(offer, agent, fields["st"], made, None, why)
