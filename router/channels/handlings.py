"""From an accepted contact to the end of its wrap-up: connected, given back, passed on, done."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from router.channels.claims import LOST_SECONDS, Claims, most_seconds
from router.channels.line import put_release
from router.channels.offers import Offers
from router.channels.records import Contact, Handling, HandOver
from router.errors import Conflict, NotFound
from router.queues.picture import policy_of
from router.queues.presence import agent_changed, hold_kinds


class Handlings(Offers, Claims):
    """What happens to a contact in an agent's hands."""

    async def connected(self, handling_id: UUID) -> None:
        """connecting → active: the caller and the agent hear each other. A repeat does nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "update handling set state = 'active', connected_at = clock_timestamp()"
                " where id = $1 and state = 'connecting' returning *",
                handling_id,
            )
            if row is None:
                return
            await self.note_joined(connection, row)
        await self._tell(row["workspace_id"], row["contact_id"], row["agent_id"])

    async def no_connect(self, handling_id: UUID, why: str) -> None:
        """The agent's leg never came: fenced, the agent not ready, the contact keeps its age.

        why: a short reason code for the timeline (timeout, busy, failed, refused).
        """
        await self._give_back(handling_id, "no_connect", why)

    async def release(self, handling_id: UUID, why: str = "lost") -> None:
        """The agent was lost by accident: the contact is at the front of the line again.

        The same agent is asked first if they are back. A handling that is over is left alone.
        """
        await self._give_back(handling_id, "lost", why)

    async def _give_back(
        self, handling_id: UUID, ending: Literal["lost", "no_connect"], why: str
    ) -> None:
        before = await self.handling(handling_id)
        contact_row = await self._pool.fetchrow(
            "select c.*, q.policy, q.name as queue_name from contact c"
            " join queue q on q.id = c.queue_id where c.id = $1",
            before.contact_id,
        )
        assert contact_row is not None
        policy = policy_of(contact_row["policy"])
        steps = await self._kinds.compile(policy, contact_row)
        async with self._pool.acquire() as connection, connection.transaction():
            if ending == "no_connect":
                await hold_kinds(connection, before.workspace_id)
            # the contact first, as everywhere: locks in one order
            row = await connection.fetchrow(
                "update contact c set state = 'waiting', generation = generation + 1,"
                " prefer_agent_id = case when $2 = 'lost' then h.agent_id end,"
                # a message counts by its deadline, whoever had it
                " head_start = case when $2 = 'lost' and c.due_at is null then"
                "   greatest(c.head_start,"
                "     least(c.head_start + make_interval(secs => $3), make_interval(secs => $4)))"
                "   else c.head_start end"
                " from handling h where h.id = $1 and c.id = h.contact_id"
                " and c.state = 'handling'"
                # a conversation that began in this moment is none that never did
                " and (h.state = 'connecting' or (h.state = 'active' and $2 = 'lost'))"
                " returning c.*",
                handling_id,
                ending,
                float(LOST_SECONDS),
                float(most_seconds(policy)),
            )
            if row is None:
                return
            ended = await connection.fetchrow(
                "update handling set state = 'done', ending = $2, ended_at = clock_timestamp(),"
                " done_at = clock_timestamp() where id = $1 returning *",
                handling_id,
                ending,
            )
            assert ended is not None
            entry = await self._conversations.note(
                connection, row["workspace_id"], row["id"], "left", {"why": why}
            )
            operations = [
                await self._put_in_line(connection, row, policy, steps),
                await put_release(connection, ended),
            ]
            if ending == "no_connect":
                await connection.execute(
                    "update agent set presence = 'break', presence_reason = 'no_connect',"
                    " presence_since = now() where id = $1 and presence = 'available'",
                    before.agent_id,
                )
                operations.insert(
                    0, await agent_changed(connection, row["workspace_id"], before.agent_id)
                )
        await self._outbox.apply(*operations)
        await self._conversations.announce(row["workspace_id"], row["id"], entry.seq)
        await self._call_hooks("released", Contact.of(row), Handling.of(ended))

    async def escalate(
        self, workspace_id: UUID, agent_id: UUID, handling_id: UUID, hand_over: HandOver
    ) -> Contact:
        """Pass the contact on to the house: original arrival, this handling goes to wrap-up.

        Its head start is the one that the house's policy gives.

        Raises NotFound, and Conflict when it is no longer in this agent's hands.
        """
        before = await self._of_agent(workspace_id, agent_id, handling_id)
        source = await self._pool.fetchrow(
            "select c.*, p.expert_queue_id, q.policy from contact c"
            " join queue q on q.id = c.queue_id"
            " left join entry_point p on p.id = c.entry_point_id where c.id = $1",
            before.contact_id,
        )
        assert source is not None
        target = await self._pool.fetchrow(
            "select * from queue where workspace_id = $1"
            " and (slug = $2 or ($2 is null and id = $3))",
            workspace_id,
            policy_of(source["policy"]).escalates_to,
            source["expert_queue_id"],
        )
        if target is None:
            raise Conflict("this queue escalates to no other", state="no_target")
        policy = policy_of(target["policy"])
        steps = await self._kinds.compile(policy, source, target["id"])
        detail = {"reason": hand_over.reason, "asked": hand_over.asked, "tried": hand_over.tried}
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "update contact c set state = 'waiting', generation = generation + 1,"
                " queue_id = $2, line_at = now(), told_position = null, head_start = $3"
                " from handling h where h.id = $1 and c.id = h.contact_id"
                " and c.state = 'handling' and h.state = 'active' returning c.*",
                handling_id,
                target["id"],
                await self._ahead(connection, source, policy, escalated=1),
            )
            if row is None:
                raise Conflict("this contact is no longer in your hands", state=before.state)
            ended = await connection.fetchrow(
                "update handling set state = 'wrapup', ending = 'escalated',"
                " ended_at = clock_timestamp(),"
                " hand_over = $2, wrapup_limit = now() + make_interval(secs => $3)"
                " where id = $1 returning *",
                handling_id,
                detail,
                float(policy_of(source["policy"]).wrap_up_seconds),
            )
            assert ended is not None
            await self._conversations.note(
                connection,
                workspace_id,
                row["id"],
                "escalated",
                detail,
                visible="staff",
                author="agent",
                author_id=agent_id,
            )
            entry = await self._conversations.note(
                connection, workspace_id, row["id"], "queued", {"queue": target["name"]}
            )
            pending = await self._put_in_line(connection, row, policy, steps)
        await self._outbox.apply(pending)
        await self._conversations.announce(workspace_id, row["id"], entry.seq)
        contact, handling = Contact.of(row), Handling.of(ended)
        await self._call_hooks("escalated", contact, handling)
        return contact

    async def wrap_up(
        self,
        workspace_id: UUID,
        agent_id: UUID,
        handling_id: UUID,
        outcome: str,
        note: str | None = None,
    ) -> None:
        """wrapup → done with the agent's word on it; the agent is free. A repeat does nothing.

        Raises NotFound, and Conflict while the conversation goes on.
        """
        await self._of_agent(workspace_id, agent_id, handling_id)
        done = await self.finish(handling_id, outcome=outcome, note=note)
        if not done:
            handling = await self.handling(handling_id)
            if handling.state != "done":
                raise Conflict("end the conversation first", state=handling.state)

    async def finish(
        self, handling_id: UUID, *, outcome: str | None = None, note: str | None = None
    ) -> bool:
        """End a wrap-up, by the agent or by its limit; False when it is in no wrap-up."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "update handling set state = 'done', done_at = clock_timestamp(),"
                " outcome = $2, note = $3"
                " where id = $1 and state = 'wrapup' returning *",
                handling_id,
                outcome,
                note,
            )
            if row is None:
                return False
            pending = await put_release(connection, row)
        await self._outbox.apply(pending)
        return True

    async def _of_agent(self, workspace_id: UUID, agent_id: UUID, handling_id: UUID) -> Handling:
        handling = await self.handling(handling_id)
        if handling.workspace_id != workspace_id or handling.agent_id != agent_id:
            raise NotFound("there is no such handling")
        return handling

    async def _tell(self, workspace_id: UUID, contact_id: UUID, agent_id: UUID) -> None:
        """A change that only the truth knows: desks and timelines read it again."""
        await self._hub.publish(
            workspace_id, {"t": "handling", "agent": str(agent_id), "contact": str(contact_id)}
        )
        seq = await self._pool.fetchval("select last_seq from contact where id = $1", contact_id)
        await self._conversations.announce(workspace_id, contact_id, seq)
