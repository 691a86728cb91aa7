"""What a page shows of a person: as much as its viewer may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg

from router.errors import NotFound
from router.identity.numbers import masked
from router.identity.visibility import visibility
from router.store.truth import Row

HISTORY = 50

_SEEN = """
select p.id, p.name, p.provisional, p.claimed_mail, e.number, e.active, e.languages, e.network_size,
  (select array_agg(value order by registered desc, created_at, value) from address
    where person_id = p.id and kind = 'phone') as phones,
  (select array_agg(value order by value) from address
    where person_id = p.id and kind = 'mail' and registered) as mails,
  (select count(*) from contact where person_id = p.id and state = 'ended') as contacts
from person p left join expert e on e.person_id = p.id
"""
_PERSON = f"{_SEEN} where p.workspace_id = $1 and p.id = $2"
PERSON_OF_CONTACT = f"(select to_jsonb(seen) from ({_SEEN} where p.id = c.person_id) seen)"
"""What `seen` is made from, as a column of a query over `contact c`."""
_CASES = """
select c.id, c.channel, c.topic, c.arrived_at, c.ended_at, c.outcome, q.name as queue,
       h.agent, h.note
from contact c join queue q on q.id = c.queue_id
left join lateral (
  select a.name as agent, h.note from handling h join account a on a.id = h.agent_id
  where h.contact_id = c.id order by h.accepted_at desc limit 1
) h on true
where c.workspace_id = $1 and c.person_id = $2
order by c.arrived_at desc limit $3
"""


async def describe(
    pool: asyncpg.Pool[asyncpg.Record],
    ws: UUID,
    person_id: UUID,
    *,
    assurance: int,
    tier: int,
    role: str,
) -> dict[str, Any]:
    """What this viewer may see of the person, ready for JSON; what they may not is absent.

    assurance: of the contact through which they meet. tier: the viewer's as an agent, 0 if
    none. role: the viewer's: agent, supervisor, admin. `name_claimed` marks a name that the
    person only typed. Raises NotFound.
    """
    may = visibility(assurance, tier, role)
    row = await pool.fetchrow(_PERSON, ws, person_id)
    if row is None:
        raise NotFound("There is no such person.")
    cases = await pool.fetch(_CASES, ws, person_id, HISTORY) if may.cases else []
    described = seen(row, assurance=assurance, tier=tier, role=role)
    return {**described, "contacts": [_case(case, notes=may.notes) for case in cases]}


def seen(row: Row, *, assurance: int, tier: int, role: str) -> dict[str, Any]:
    """The same without earlier contacts, from what `PERSON_OF_CONTACT` reads. Pure."""
    may = visibility(assurance, tier, role)
    expert = bool(row["active"])
    seen: dict[str, Any] = {
        "id": str(row["id"]),
        "role": "expert" if expert else "customer",
        "assurance": assurance,
        "provisional": row["provisional"],
        "languages": row["languages"] or [],
        "contacts_before": row["contacts"],
    }
    if row["name"] and (may.name or row["provisional"]):
        seen["name"] = row["name"]
        if row["provisional"]:
            seen["name_claimed"] = True
    if phones := row["phones"] or []:
        seen["number_masked"] = masked(phones[0])
        if may.numbers:
            seen["number"], seen["numbers"] = phones[0], phones
    if expert and may.network:
        seen["network_size"] = row["network_size"]
    if expert and may.expert_number:
        seen["expert_number"] = row["number"]
    if row["claimed_mail"] and may.claims:
        seen["claimed_mail"] = row["claimed_mail"]
    if row["mails"] and may.mails:
        seen["mails"] = row["mails"]
    return seen


def _case(row: asyncpg.Record, *, notes: bool) -> dict[str, Any]:
    case = {
        "id": str(row["id"]),
        "channel": row["channel"],
        "queue": row["queue"],
        "arrived_at": row["arrived_at"].isoformat(),
        "ended_at": row["ended_at"] and row["ended_at"].isoformat(),
        "topic": row["topic"],
        "outcome": row["outcome"],
        "agent": row["agent"],
        "note": row["note"] if notes else None,
    }
    return {name: value for name, value in case.items() if value is not None}
