"""Staff and experts as the admin page lists them."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from router.errors import NotFound

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class AgentRecord(msgspec.Struct):
    """What an account can serve, and what filters may name of it."""

    tier: int
    languages: list[str]
    skills: list[str]
    capacity: dict[str, int]
    reach: str
    reach_address: str | None
    levels: dict[str, int]
    qualifications: list[str]
    tags: list[str]
    location: dict[str, str]
    attributes: dict[str, Any]


class AccountRecord(msgspec.Struct):
    """An account. state: invited (no password yet), active, locked (wrong passwords), disabled."""

    id: UUID
    email: str
    name: str
    role: str
    state: str
    agent: AgentRecord | None


class ExpertRecord(msgspec.Struct):
    """An expert; id is the person's. pin: none, issued, or locked for now by wrong tries."""

    id: UUID
    number: str
    name: str | None
    phones: list[str]
    mail: str | None
    account: str | None
    languages: list[str]
    network_size: int
    active: bool
    pin: str


_ACCOUNT = """
select a.id, a.email, a.name, a.role, g.tier, g.languages, g.skills, g.capacity, g.reach,
  g.reach_address, g.levels, g.qualifications, g.tags, g.location, g.attributes,
  case when a.disabled_at is not null then 'disabled'
       when a.password_hash is null then 'invited'
       when exists (select from throttle t where t.subject = 'login:' || a.email
                    and t.locked_until > now()) then 'locked'
       else 'active' end as state
from account a left join agent g on g.id = a.id
where a.workspace_id = $1
"""
_EXPERT = """
select e.person_id as id, e.number, p.name, e.languages, e.network_size, e.active,
  array(select value from address where person_id = p.id and kind = 'phone' and registered
        order by value) as phones,
  (select min(value) from address where person_id = p.id and kind = 'mail' and registered) as mail,
  (select min(value) from address where person_id = p.id and kind = 'account' and registered)
    as account,
  case when e.pin_hash is null then 'none'
       when exists (select from throttle t
                    where t.subject = 'pin:' || e.workspace_id || ':' || e.number
                    and t.locked_until > now()) then 'locked'
       else 'issued' end as pin
from expert e join person p on p.id = e.person_id
where e.workspace_id = $1
"""
# what is sought in a list: part of a name, the beginning of a number, part of an address
_ACCOUNT_SOUGHT = " and ($2 = '' or a.name ilike $3 or a.email ilike $3)"
_EXPERT_SOUGHT = """
 and ($2 = '' or e.number like $2 || '%' or p.name ilike $3 or e.person_id in
      (select person_id from address where workspace_id = $1 and registered and value ilike $3))
"""


async def accounts(
    pool: Pool, ws: UUID, search: str, limit: int
) -> tuple[list[AccountRecord], int]:
    """The first accounts by name that match, and how many there are."""
    rows, total = await _listed(pool, _ACCOUNT, _ACCOUNT_SOUGHT, "name, id", ws, search, limit)
    return [_account(row) for row in rows], total


async def account(pool: Pool, ws: UUID, account_id: UUID) -> AccountRecord:
    """One account. Raises NotFound."""
    row = await pool.fetchrow(_ACCOUNT + " and a.id = $2", ws, account_id)
    if row is None:
        raise NotFound("There is no such account.")
    return _account(row)


async def experts(pool: Pool, ws: UUID, search: str, limit: int) -> tuple[list[ExpertRecord], int]:
    """The first experts by number that match, and how many there are."""
    rows, total = await _listed(pool, _EXPERT, _EXPERT_SOUGHT, "number", ws, search, limit)
    return [ExpertRecord(**dict(row)) for row in rows], total


async def expert(pool: Pool, ws: UUID, person_id: UUID) -> ExpertRecord:
    """One expert. Raises NotFound."""
    row = await pool.fetchrow(_EXPERT + " and e.person_id = $2", ws, person_id)
    if row is None:
        raise NotFound("There is no such expert.")
    return ExpertRecord(**dict(row))


async def _listed(
    pool: Pool, select: str, sought: str, order: str, ws: UUID, search: str, limit: int
) -> tuple[list[Any], int]:
    search = search.strip()
    plain = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    matching = select + sought
    rows = await pool.fetch(
        f"select * from ({matching}) found order by {order} limit $4",
        ws,
        plain,
        f"%{plain}%",
        limit,
    )
    if len(rows) < limit:
        return list(rows), len(rows)
    # counted without the columns that cost: the planner drops what nobody reads
    total = await pool.fetchval(f"select count(*) from ({matching}) found", ws, plain, f"%{plain}%")
    return list(rows), total


def _account(row: Any) -> AccountRecord:
    agent = None
    if row["tier"] is not None:
        agent = AgentRecord(**{name: row[name] for name in AgentRecord.__struct_fields__})
    return AccountRecord(row["id"], row["email"], row["name"], row["role"], row["state"], agent)
