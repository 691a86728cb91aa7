"""What the truth and the live picture of one workspace hold at the end, into its history."""

from __future__ import annotations

from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from router.queues.keys import key
from tests.faults.history import Contact, Hand, History, Rest

_MOVED = """
select contact_id from handling where workspace_id = $1
and ending in ('lost', 'no_connect', 'escalated')
"""


async def read(
    history: History, pool: asyncpg.Pool[asyncpg.Record], redis: Redis, workspace: UUID
) -> None:
    """Fill in contacts, hands and rest. Agents are those of the history's capacity."""
    moved = {row["contact_id"] for row in await pool.fetch(_MOVED, workspace)}
    history.contacts = [
        Contact(
            str(row["id"]),
            # the person's own part of it
            row["provider_key"].rpartition(":")[2],
            f"{row['queue_id']} {row['language']} {row['channel']}",
            row["arrived_at"].timestamp(),
            row["state"],
            row["outcome"],
            row["ended_at"].timestamp() if row["ended_at"] else None,
            row["id"] in moved,
        )
        for row in await pool.fetch("select * from contact where workspace_id = $1", workspace)
    ]
    history.hands = [
        Hand(
            str(row["id"]),
            str(row["contact_id"]),
            str(row["agent_id"]),
            row["channel"],
            row["accepted_at"].timestamp(),
            row["ended_at"].timestamp() if row["ended_at"] else None,
            row["done_at"].timestamp() if row["done_at"] else None,
        )
        for row in await pool.fetch("select * from handling where workspace_id = $1", workspace)
    ]
    history.rest = await _rest(history, pool, redis, workspace)


async def _rest(
    history: History, pool: asyncpg.Pool[asyncpg.Record], redis: Redis, workspace: UUID
) -> Rest:
    epoch = await pool.fetchval("select epoch from workspace where id = $1", workspace)

    def live(name: str, *parts: str) -> str:
        return key(workspace, epoch, name, *parts)

    rest = Rest(
        outbox=await pool.fetchval("select count(*) from outbox where workspace_id = $1", workspace)
    )
    for agent in {agent for agent, _ in history.capacity}:
        fields = await redis.hgetall(live("agent", agent))
        # voice, chat, video, wrap-ups, and the channel of the open offer
        voice, chat, _, _, on = fields.get("load", "0 0 0 0 -").split()
        rest.loads |= {(agent, "voice"): int(voice), (agent, "chat"): int(chat)}
        if offer := fields.get("offer"):
            # it counts for a hand while it rings
            rest.offers[agent] = offer
            rest.loads[(agent, on)] -= 1
    rest.ringing = set(await redis.zrange(live("due"), 0, -1))
    for row in await pool.fetch("select id from queue where workspace_id = $1", workspace):
        rest.waiting |= set(await redis.zrange(live("order", str(row["id"])), 0, -1))
    # who is held out to somebody is no longer in line, or never was
    for offer in rest.ringing:
        contact = offer.partition(".")[0]
        if await redis.hget(live("contact", contact), "offer") == offer:
            rest.waiting.add(contact)
    return rest
