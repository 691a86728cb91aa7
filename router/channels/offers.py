"""Offers held out to agents: accepted, declined, missed. PostgreSQL decides an accept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec

from router.channels.records import Contact, Handling
from router.channels.refusals import Consequences
from router.errors import Gone
from router.queues.engine import ACCEPT_LEASE_MS
from router.queues.outbox import Pending, keep_offer, why_of
from router.queues.picture import policy_of
from router.queues.policy import Target
from router.queues.rules import Blocks
from router.store.truth import Connection, Row

# what holds where a workspace's rules and a queue's policy say nothing
_BLOCKS = msgspec.to_builtins(Blocks())
_TARGET_S = Target().seconds


class Offers(Consequences):
    """What an agent answers to an offer, and what becomes of it."""

    async def accept(self, workspace_id: UUID, agent_id: UUID, offer_id: str) -> Handling:
        """The agent takes the offered contact: fenced here, then told to the live store.

        A repeat answers the same handling. Raises Gone when the offer is over or the race is
        lost; the agent is free again then.
        """
        live = await self._engine.run(
            workspace_id,
            "accept",
            {"offer": offer_id, "agent": agent_id, "lease_ms": ACCEPT_LEASE_MS},
        )
        if live["state"] != "accepting":
            known = await self._accepted(workspace_id, agent_id, offer_id)
            if known is not None:
                return known
            raise Gone("this offer is over", state="gone")
        contact_id = UUID(live["contact"])
        committed = await self._commit_accept(workspace_id, agent_id, offer_id, live)
        if committed is None:
            await self.lose_offer(workspace_id, agent_id, offer_id, contact_id)
            # the same agent's other tab may have been first
            known = await self._accepted(workspace_id, agent_id, offer_id)
            if known is not None:
                return known
            raise Gone("somebody else has this contact, or it is over", state="gone")
        contact, handling, pending = committed
        await self._outbox.apply(pending)
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
        self, workspace_id: UUID, agent_id: UUID, offer_id: str, live: Mapping[str, Any]
    ) -> tuple[Contact, Handling, Pending] | None:
        """The fence: one transaction. None when the contact or the capacity is gone.

        live: as the script `accept` answers it.
        """
        contact_id = UUID(live["contact"])
        row = await self._pool.fetchrow(
            "select * from contact_accept($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            workspace_id,
            agent_id,
            contact_id,
            offer_id,
            live["gen"],
            float(live["made_ms"]),
            why_of(live),
            _BLOCKS,
            _TARGET_S,
        )
        if row is None:
            return None
        pending = Pending(
            row["operation"],
            workspace_id,
            contact_id,
            "hold",
            row["arguments"],
            frozenset(row["older"] or ()),
        )
        return Contact.of(row["taken"]), Handling.of(row["hand"]), pending

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
