"""What an account can serve as an agent: checked, and written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import UUID

from router.errors import Invalid
from router.identity import entries
from router.identity.numbers import normalise
from router.store.truth import Connection

_SIP = re.compile(r"sips?:[A-Za-z0-9.!~*'()&=+$,;?/_%-]{1,100}@[A-Za-z0-9.-]{1,150}(:[0-9]{1,5})?")
_SKILL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
CAPACITY = {"voice": 1, "chat": 20, "video": 1}
"""The most contacts at once that an agent can be given, per channel: one voice, one face."""


@dataclass(frozen=True)
class Agent:
    """What an account can serve. reach_address: E.164 or a SIP address; None at a softphone."""

    tier: int = 1
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    capacity: dict[str, int] = field(default_factory=lambda: {"voice": 1, "chat": 3, "video": 1})
    reach: str = "softphone"
    reach_address: str | None = None


def checked_agent(agent: Agent, country: str) -> Agent:
    """The same with every value in its one spelling. Raises Invalid naming the field. Pure."""
    try:
        languages = entries.languages(agent.languages)
    except Invalid as error:
        raise Invalid(error.message, field="agent.languages") from None
    for skill in agent.skills:
        if not _SKILL.fullmatch(skill):
            raise Invalid(
                "A skill is a short word in lower case, such as “router”.", field="agent.skills"
            )
    for channel, count in agent.capacity.items():
        if not 0 <= count <= CAPACITY.get(channel, 0):
            raise Invalid(
                f"At most {CAPACITY.get(channel, 0)} at once.", field=f"agent.capacity.{channel}"
            )
    address = (agent.reach_address or "").strip()
    if agent.reach == "phone":
        address = normalise(address, country) or ""
    elif (agent.reach == "sip" and not _SIP.fullmatch(address)) or agent.reach == "softphone":
        address = ""
    if agent.reach != "softphone" and not address:
        wanted = "a phone number" if agent.reach == "phone" else "an address such as sip:ana@host"
        raise Invalid(f"This must be {wanted}.", field="agent.reach_address")
    return Agent(
        agent.tier,
        languages,
        tuple(dict.fromkeys(agent.skills)),
        {channel: agent.capacity.get(channel, 0) for channel in CAPACITY},
        agent.reach,
        address or None,
    )


async def write(conn: Connection, ws: UUID, account_id: UUID, agent: Agent) -> None:
    """Make or change the agent of an account; `agent` is checked already."""
    await conn.execute(
        "insert into agent (id, workspace_id, tier, languages, skills, capacity, reach,"
        " reach_address) values ($1, $2, $3, $4, $5, $6, $7, $8)"
        " on conflict (id) do update set tier = excluded.tier, languages = excluded.languages,"
        " skills = excluded.skills, capacity = excluded.capacity, reach = excluded.reach,"
        " reach_address = excluded.reach_address",
        account_id,
        ws,
        agent.tier,
        list(agent.languages),
        list(agent.skills),
        agent.capacity,
        agent.reach,
        agent.reach_address,
    )


async def country(conn: Connection, ws: UUID) -> str:
    """Whose dialling habits apply in this workspace."""
    country: str = await conn.fetchval("select country from workspace where id = $1", ws)
    return country


async def sign_out(conn: Connection, account_id: UUID, reason: str) -> None:
    """Take the agent offline; what is in their hands ends as when a desk is lost."""
    await conn.execute(
        "update agent set presence = 'offline', presence_reason = $2, presence_since = now()"
        " where id = $1 and presence <> 'offline'",
        account_id,
        reason,
    )


async def retire(conn: Connection, account_id: UUID) -> None:
    """They take no more contacts. The row stays: handlings and ratings are theirs."""
    await sign_out(conn, account_id, "retired")
    await conn.execute(
        "update agent set capacity = $2 where id = $1", account_id, dict.fromkeys(CAPACITY, 0)
    )
