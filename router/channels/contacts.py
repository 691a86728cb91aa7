"""The life of a contact between the two stores, in one place for everybody else to call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from router.channels.admission import Closed
from router.channels.arrivals import Arrival, Arrivals
from router.channels.chat import on_leaving
from router.channels.following import Following
from router.channels.handlings import Handlings
from router.channels.leaving import Leaving
from router.channels.records import By, Contact, Handling, HandOver, Outcome, Standing
from router.channels.waiting import Waiting
from router.errors import Conflict, Invalid, NotFound
from router.queues.outbox import Pending
from router.queues.policy import Policy
from router.queues.presence import Change

__all__ = ["Arrival", "Closed", "Contact", "Contacts", "HandOver", "Handling", "Standing"]

PRESENCES = ("available", "break", "offline")
_WRAP_UP_S = float(Policy().wrap_up_seconds)


class Contacts(Arrivals, Waiting, Handlings, Leaving, Following):
    """Arriving, waiting, being handled, ending; and the presence of those who answer."""

    async def end(
        self,
        workspace_id: UUID,
        contact_id: UUID,
        *,
        outcome: Outcome,
        by: By,
        by_id: UUID | None = None,
    ) -> Contact:
        """The terminal outcome, absorbing: an ended contact is answered as it ended.

        A conversation goes to wrap-up; a handling that never connected is over at once.
        Raises NotFound.
        """
        return await self._end(workspace_id, contact_id, outcome, by, by_id, None)

    async def hang_up(self, workspace_id: UUID, agent_id: UUID, contact_id: UUID) -> None:
        """The agent ends what is in their hands. A caller whom they have not met yet stays in line.

        Raises NotFound for a contact that this agent never had, Conflict for one they had.
        """
        await self._end(workspace_id, contact_id, "completed", "agent", agent_id, agent_id)

    async def _end(
        self,
        workspace_id: UUID,
        contact_id: UUID,
        outcome: Outcome,
        by: By,
        by_id: UUID | None,
        hand: UUID | None,
    ) -> Contact:
        row = await self._pool.fetchrow(
            "select * from contact_end($1, $2, $3, $4, $5, $6, $7)",
            workspace_id,
            contact_id,
            outcome,
            by,
            by_id,
            hand,
            _WRAP_UP_S,
        )
        assert row is not None
        match row["verdict"]:
            case "none":
                raise NotFound("there is no such contact")
            case "never":
                raise NotFound("This contact was never in your hands.", field="contact")
            case "over":
                raise Conflict(
                    "This contact is no longer in your hands.", state=row["hand"]["state"]
                )
            case "unmet":
                await self.no_connect(row["hand"]["id"], "refused")
        contact = Contact.of(row["ended"])
        if row["verdict"] != "ended":
            return contact
        # a row of nothing but nulls where nobody had it
        held = row["hand"] if row["hand"] is not None and row["hand"]["id"] is not None else None
        pending = Pending(
            row["operation"],
            workspace_id,
            contact_id,
            "close",
            row["arguments"],
            frozenset(row["older"] or ()),
        )
        await self._outbox.apply(pending)
        await self._call_hooks("ended", contact, Handling.of(held) if held is not None else None)
        return contact

    async def set_presence(
        self,
        workspace_id: UUID,
        agent_id: UUID,
        presence: str,
        reason: str | None = None,
        *,
        by: UUID | None = None,
    ) -> None:
        """The agent's presence, by themselves, a supervisor (`by`: audited) or the system.

        What they have in hand goes on. Raises NotFound, Invalid.
        """
        if presence not in PRESENCES:
            raise Invalid(f"presence is one of {', '.join(PRESENCES)}", field="presence")
        change = Change(agent_id, presence, reason, by)
        await self._outbox.apply(await self._presences.set(workspace_id, change))

    async def miss(self, workspace_id: UUID, offer: dict[str, Any]) -> None:
        """An offer ran out: recorded, with what follows; the contact goes on with its age.

        offer: as the script `due` answers it.
        """
        agent_id = UUID(offer["agent"])
        await self.record_offer(workspace_id, agent_id, offer, "missed")
        await self._follows(workspace_id, agent_id, UUID(offer["contact"]))
        await self.refuse(workspace_id, agent_id, offer["offer"], "missed")

    async def settle_accept(self, workspace_id: UUID, offer: dict[str, Any]) -> None:
        """An accept whose lease is over: the truth is asked, then the live store told."""
        accepted = await self._pool.fetchval(
            "select true from handling where offer_id = $1", offer["offer"]
        )
        contact_id = UUID(offer["contact"])
        await self._outbox.drain(subject=contact_id)
        if not accepted:
            await self.lose_offer(workspace_id, UUID(offer["agent"]), offer["offer"], contact_id)

    async def desk_lost(self, workspace_id: UUID, agent_id: UUID) -> None:
        """An agent's desk has had no socket for its whole lease: not ready, chats back in line.

        Calls go on: the media leg decides, not the desk's socket.
        """
        await self.set_presence(workspace_id, agent_id, "offline", "connection_lost")
        await self.hand_back(workspace_id, agent_id, "connection_lost")

    async def hand_back(self, workspace_id: UUID, agent_id: UUID, why: str) -> None:
        """Chats, videos and messages of an agent who is gone, back in line; calls go on.

        why: a short reason code for their timelines.
        """
        for row in await self._pool.fetch(
            "select h.id from handling h join contact c on c.id = h.contact_id"
            " where h.workspace_id = $1 and h.agent_id = $2 and h.state = 'active'"
            " and (h.channel <> 'voice' or c.due_at is not null and c.callback_to is null)"
            " order by h.accepted_at",
            workspace_id,
            agent_id,
        ):
            await self.release(row["id"], why)

    async def leave(self, workspace_id: UUID, contact_id: UUID) -> Contact:
        """The person ends it, or has had no socket for as long as the policy allows.

        Whether that completes or abandons it is policy (chat.py). Raises NotFound.
        """
        contact = await self.get(workspace_id, contact_id)
        answered = await self._pool.fetchval(
            "select exists (select from contact_event where contact_id = $1 and author = 'agent'"
            " and kind = 'message') or exists (select from handling where contact_id = $1"
            " and channel <> 'chat' and connected_at is not null)",
            contact_id,
        )
        outcome = on_leaving(state=contact.state, answered=answered)
        return await self.end(workspace_id, contact_id, outcome=outcome, by="person")

    async def vanished(self, workspace_id: UUID, contact_id: UUID) -> None:
        """The page of a chat or video has been gone for as long as the policy allows.

        Whoever has left a message may go: it is answered all the same. Raises NotFound.
        """
        contact = await self.get(workspace_id, contact_id)
        if contact.due_at is not None and await self._pool.fetchval(
            "select exists (select from contact_event where contact_id = $1 and author = 'person'"
            " and kind = 'message')",
            contact_id,
        ):
            return
        await self.leave(workspace_id, contact_id)

    async def wrap_ups_over(self) -> int:
        """End wrap-ups whose limit has passed, in all workspaces; answers how many."""
        rows = await self._pool.fetch(
            "select id from handling where state = 'wrapup' and wrapup_limit < now() limit 200"
        )
        for row in rows:
            await self.finish(row["id"])
        return len(rows)
