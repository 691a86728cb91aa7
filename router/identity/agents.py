"""What an account can serve as an agent: checked, and written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from router.errors import Invalid
from router.filters import checked_attributes
from router.identity import entries
from router.identity.numbers import normalise
from router.queues.rules import Rules, parse_rules
from router.store.truth import Connection

_SIP = re.compile(r"sips?:[A-Za-z0-9.!~*'()&=+$,;?/_%-]{1,100}@[A-Za-z0-9.-]{1,150}(:[0-9]{1,5})?")
_SKILL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
_COUNTRY = re.compile(r"[A-Z]{2}")
PLACES = ("country", "region", "city")
LEVEL_MOST = 10
CAPACITY = {"voice": 1, "chat": 20, "video": 1}
"""The most contacts at once that an agent can be given, per channel: one voice, one face."""


@dataclass(frozen=True)
class Agent:
    """What an account can serve, and what filters may name of it.

    capacity: contacts at once per channel, and `all` for all together where that is bounded.
    reach_address: E.164 or a SIP address; None at a softphone. levels: 0 to 10 for skills and
    languages of theirs. location: country (two letters), region, city, as far as known.
    attributes: the workspace's own, as its rules declare them.
    """

    tier: int = 1
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    capacity: dict[str, int] = field(default_factory=lambda: {"voice": 1, "chat": 3, "video": 1})
    reach: str = "softphone"
    reach_address: str | None = None
    levels: dict[str, int] = field(default_factory=dict)
    qualifications: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    location: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)


def _capacity(given: dict[str, int]) -> dict[str, int]:
    for channel, count in given.items():
        most = sum(CAPACITY.values()) if channel == "all" else CAPACITY.get(channel, 0)
        if not 0 <= count <= most:
            raise Invalid(f"At most {most} at once.", field=f"agent.capacity.{channel}")
    checked = {channel: given.get(channel, 0) for channel in CAPACITY}
    return checked | {"all": given["all"]} if "all" in given else checked


def checked_agent(agent: Agent, country: str, rules: Rules | None = None) -> Agent:
    """The same with every value in its one spelling. Raises Invalid naming the field. Pure.

    rules: the workspace's; without them no attributes are declared.
    """
    try:
        languages = entries.languages(agent.languages)
    except Invalid as error:
        raise Invalid(error.message, field="agent.languages") from None
    for skill in agent.skills:
        if not _SKILL.fullmatch(skill):
            raise Invalid(
                "A skill is a short word in lower case, such as “router”.", field="agent.skills"
            )
    address = (agent.reach_address or "").strip()
    if agent.reach == "phone":
        address = normalise(address, country) or ""
    elif (agent.reach == "sip" and not _SIP.fullmatch(address)) or agent.reach == "softphone":
        address = ""
    if agent.reach != "softphone" and not address:
        wanted = "a phone number" if agent.reach == "phone" else "an address such as sip:ana@host"
        raise Invalid(f"This must be {wanted}.", field="agent.reach_address")
    skills = tuple(dict.fromkeys(agent.skills))
    declared = (rules or Rules()).attributes.agent
    return replace(
        agent,
        languages=languages,
        skills=skills,
        capacity=_capacity(agent.capacity),
        reach_address=address or None,
        levels=_levels(agent.levels, {*skills, *languages}),
        qualifications=_words(agent.qualifications, "qualifications"),
        tags=_words(agent.tags, "tags"),
        location=_location(agent.location),
        attributes=checked_attributes(agent.attributes, declared, "agent.attributes"),
    )


def _levels(levels: Mapping[str, int], known: set[str]) -> dict[str, int]:
    for name, level in levels.items():
        if name not in known:
            raise Invalid(
                "A level is for a skill or language that they have.", field=f"agent.levels.{name}"
            )
        if not 0 <= level <= LEVEL_MOST:
            raise Invalid(f"A level is 0 to {LEVEL_MOST}.", field=f"agent.levels.{name}")
    return dict(sorted(levels.items()))


def _words(words: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entries.phrase(word, f"agent.{name}") for word in words))


def _location(location: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for place in PLACES:
        text = location.get(place, "").strip()
        if text:
            found[place] = entries.phrase(text, f"agent.location.{place}")
    found.update({"country": found["country"].upper()} if "country" in found else {})
    if not _COUNTRY.fullmatch(found.get("country", "DE")):
        raise Invalid("A country is two letters, such as DE.", field="agent.location.country")
    return found


async def write(conn: Connection, ws: UUID, account_id: UUID, agent: Agent) -> None:
    """Make or change the agent of an account; `agent` is checked already."""
    await conn.execute(
        "insert into agent (id, workspace_id, tier, languages, skills, capacity, reach,"
        " reach_address, levels, qualifications, tags, location, attributes)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " on conflict (id) do update set tier = excluded.tier, languages = excluded.languages,"
        " skills = excluded.skills, capacity = excluded.capacity, reach = excluded.reach,"
        " reach_address = excluded.reach_address, levels = excluded.levels,"
        " qualifications = excluded.qualifications, tags = excluded.tags,"
        " location = excluded.location, attributes = excluded.attributes",
        account_id,
        ws,
        agent.tier,
        list(agent.languages),
        list(agent.skills),
        agent.capacity,
        agent.reach,
        agent.reach_address,
        agent.levels,
        list(agent.qualifications),
        list(agent.tags),
        agent.location,
        agent.attributes,
    )


async def country(conn: Connection, ws: UUID) -> str:
    """Whose dialling habits apply in this workspace."""
    country: str = await conn.fetchval("select country from workspace where id = $1", ws)
    return country


async def rules(conn: Connection, ws: UUID) -> Rules:
    """What holds in this workspace; its own attributes are declared there."""
    return parse_rules(await conn.fetchval("select policy from workspace where id = $1", ws))


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
