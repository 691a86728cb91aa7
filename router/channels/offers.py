"""Offers held out to agents: accepted, declined, missed. PostgreSQL decides an accept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from router.channels.records import Contact, Handling
from router.channels.refusals import Consequences
from router.errors import Gone
from router.queues.capacity import has_room
from router.queues.engine import ACCEPT_LEASE_MS
from router.queues.outbox import Pending, keep_offer, put, why_of
from router.queues.picture import hold_arguments, policy_of
from router.queues.rules import parse_rules
from router.store.truth import Connection, Row


class Offers(Consequences):
    """What an agent answers to an offer, and what becomes of it."""

    async def accept(self, workspace_id: UUID, agent_id: UUID, offer_id: str) -> Handling:
        """The agent takes the offered contact: fenced here, then told to the live store.

        A repeat answers the same handling. Raises Gone when the offer is over or the race is
        lost; the agent is free again then.
        """
        known = await self._accepted(workspace_id, agent_id, offer_id)
        if known is not None:
            return known
        live = await self._engine.run(
            workspace_id,
            "accept",
            {"offer": offer_id, "agent": agent_id, "lease_ms": ACCEPT_LEASE_MS},
        )
        if live["state"] != "accepting":
            raise Gone("this offer is over", state="gone")
        contact_id = UUID(live["contact"])
        committed = await self._commit_accept(workspace_id, agent_id, offer_id, contact_id, live)
        if committed is None:
            await self.lose_offer(workspace_id, agent_id, offer_id, contact_id)
            # the same agent's other tab may have been first
            known = await self._accepted(workspace_id, agent_id, offer_id)
            if known is not None:
                return known
            raise Gone("somebody else has this contact, or it is over", state="gone")
        contact, handling, pending = committed
        await self._outbox.apply(pending)
        await self._conversations.announce(workspace_id, contact_id, contact.last_seq)
        await self._call_hooks("accepted", contact, handling)
        return handling

    async def _accepted(self, workspace_id: UUID, agent_id: UUID, offer_id: str) -> Handling | None:
        row = await self._pool.fetchrow(
            "select * from handling where workspace_id = $1 and offer_id = $2 and agent_id = $3",
            workspace_id,
            offer_id,
            agent_id,
        )
        return Handling.of(row) if row is not None else None

    async def _commit_accept(
        self,
        workspace_id: UUID,
        agent_id: UUID,
        offer_id: str,
        contact_id: UUID,
        live: Mapping[str, Any],
    ) -> tuple[Contact, Handling, Pending] | None:
        """The fence: one transaction. None when the contact or the capacity is gone.

        live: as the script `accept` answers.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            agent = await connection.fetchrow(
                "select a.capacity, a.tier, w.policy as rules from agent a"
                " join workspace w on w.id = a.workspace_id"
                " where a.workspace_id = $1 and a.id = $2 for no key update of a",
                workspace_id,
                agent_id,
            )
            if agent is None:
                return None
            held = await connection.fetch(
                "select channel, count(*) as n from handling"
                " where agent_id = $1 and state <> 'done' group by channel",
                agent_id,
            )
            channel = await connection.fetchval(
                "select channel from contact where workspace_id = $1 and id = $2",
                workspace_id,
                contact_id,
            )
            blocks = parse_rules(agent["rules"]).blocks
            load = {row["channel"]: row["n"] for row in held}
            if not has_room(load, agent["capacity"], channel, blocks):
                return None
            row = await connection.fetchrow(
                "update contact set state = 'handling', generation = generation + 1,"
                " prefer_agent_id = null"
                " where id = $1 and workspace_id = $2 and state = 'waiting' and generation = $3"
                " returning *",
                contact_id,
                workspace_id,
                live["gen"],
            )
            if row is None:
                return None
            # a message is heard, not connected, until somebody calls back
            message = row["due_at"] is not None and row["callback_to"] is None
            voice = row["channel"] == "voice" and not message
            handling = await connection.fetchrow(
                "insert into handling (workspace_id, contact_id, agent_id, offer_id, channel,"
                " queue_id, line_at, state, accepted_at, connected_at, tier, estimate_s,"
                " estimated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp(),"
                " case when $9 then null else clock_timestamp() end, $10, $11, $12)"
                " returning *",
                workspace_id,
                contact_id,
                agent_id,
                offer_id,
                row["channel"],
                row["queue_id"],
                row["line_at"],
                "connecting" if voice else "active",
                voice or message,
                agent["tier"],
                row["estimate_s"],
                row["estimated_at"],
            )
            assert handling is not None
            await connection.execute(
                "insert into offer (id, workspace_id, contact_id, agent_id, outcome, made_at,"
                " queue_id, channel, tier, why) values ($1, $2, $3, $4, 'accepted',"
                " to_timestamp($5::float8 / 1000), $6, $7, $8, $9)"
                " on conflict (id) do update set outcome = 'accepted', at = now()",
                offer_id,
                workspace_id,
                contact_id,
                agent_id,
                live["made_ms"],
                row["queue_id"],
                row["channel"],
                agent["tier"],
                why_of(live),
            )
            if not voice:
                await self.note_joined(connection, handling)
            pending = await put(
                connection,
                workspace_id,
                contact_id,
                "hold",
                await hold_arguments(connection, row, handling),
            )
            row = await connection.fetchrow("select * from contact where id = $1", contact_id)
        assert row is not None
        return Contact.of(row), Handling.of(handling), pending

    async def note_joined(self, connection: Connection, handling: Row) -> None:
        """Write into the timeline that the agent is there."""
        name = await connection.fetchval(
            "select name from account where id = $1", handling["agent_id"]
        )
        await self._conversations.note(
            connection,
            handling["workspace_id"],
            handling["contact_id"],
            "joined",
            {"name": name},
            author="agent",
            author_id=handling["agent_id"],
        )

    async def decline(self, workspace_id: UUID, agent_id: UUID, offer_id: str) -> None:
        """The agent says no: recorded, with what follows; the contact goes back with its age.

        A repeat does nothing. Raises Gone when the offer is over otherwise.
        """
        for offer in await self._engine.offers_of(workspace_id, agent_id):
            if offer["offer"] == offer_id:
                await self.record_offer(workspace_id, agent_id, offer, "declined")
                await self._follows(workspace_id, agent_id, UUID(offer["contact"]))
                await self.refuse(workspace_id, agent_id, offer_id, "declined")
                return
        outcome = await self._pool.fetchval(
            "select outcome from offer where id = $1 and agent_id = $2", offer_id, agent_id
        )
        if outcome != "declined":
            raise Gone("this offer is over", state=outcome or "gone")

    async def record_offer(
        self,
        workspace_id: UUID,
        agent_id: UUID,
        offer: Mapping[str, Any],
        outcome: Literal["declined", "missed"],
    ) -> None:
        """Write what became of an offer, once. offer: as the engine and its scripts answer it."""
        await keep_offer(self._pool, workspace_id, {**offer, "agent": agent_id}, outcome)

    async def refuse(
        self,
        workspace_id: UUID,
        agent_id: UUID,
        offer_id: str,
        why: Literal["declined", "missed", "lost"],
    ) -> None:
        """Tell the live store that an offer came to nothing; what is over stays over."""
        document = await self._pool.fetchval(
            "select q.policy from contact c join queue q on q.id = c.queue_id where c.id = $1",
            UUID(offer_id.split(".")[0]),
        )
        policy = policy_of(document or {})
        await self._engine.run(
            workspace_id,
            "refuse",
            {
                "offer": offer_id,
                "agent": agent_id,
                "why": why,
                "retry_ms": policy.retry_seconds * 1000,
                "go_last": policy.refusals.go_last and why != "lost",
            },
        )

    async def lose_offer(
        self, workspace_id: UUID, agent_id: UUID, offer_id: str, contact_id: UUID
    ) -> None:
        """An accept that the truth refused: first what the live store has not heard, then free."""
        await self._outbox.drain(subject=contact_id)
        await self.refuse(workspace_id, agent_id, offer_id, "lost")
