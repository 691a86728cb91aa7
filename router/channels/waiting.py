"""What can happen to a contact in line: its place told, called back, moved to another queue."""

from __future__ import annotations

from uuid import UUID

from router.channels.claims import Claims
from router.channels.records import Contact, Standing
from router.errors import Conflict, NotFound
from router.queues.picture import policy_of
from router.queues.waits import expected_wait_s, told_position


class Waiting(Claims):
    """Between the arrival and the accept."""

    async def standing(self, contact: Contact, *, told: bool = False) -> Standing:
        """Position and expected wait. told: the person is told it, so it never gets worse,
        and the first wait is kept, to be compared with what came.

        Raises Unavailable and Rebuilding as the engine does.
        """
        live = await self._engine.run(contact.workspace_id, "standing", {"contact": contact.id})
        if "position" not in live:
            return Standing(live["state"], None, None, servable=False)
        position = told_position(live["position"], contact.told_position)
        gap_ms = live.get("gap_ms", 0) or await self._engine.paces.gap_ms(
            contact.workspace_id, contact.queue_id
        )
        wait = expected_wait_s(position, gap_ms, servable=live["able"])
        if told:
            position = await self._pool.fetchval(
                "update contact set told_position = least(told_position, $2),"
                " estimate_s = coalesce(estimate_s, $3), estimated_at = case when estimate_s is"
                " null and $3 is not null then clock_timestamp() else estimated_at end"
                " where id = $1 returning told_position",
                contact.id,
                position,
                wait,
            )
        return Standing(live["state"], position, wait, servable=live["able"])

    async def move(self, workspace_id: UUID, contact_id: UUID, queue_id: UUID, by: UUID) -> Contact:
        """A supervisor moves a waiting contact to another queue; it keeps its arrival.

        Raises NotFound, and Conflict when it is not waiting.
        """
        contact = await self.get(workspace_id, contact_id)
        queue = await self._pool.fetchrow(
            "select * from queue where workspace_id = $1 and id = $2 and retired_at is null",
            workspace_id,
            queue_id,
        )
        if queue is None:
            raise NotFound("there is no such queue", field="queue")
        policy = policy_of(queue["policy"])
        draft = await self._pool.fetchrow("select * from contact where id = $1", contact_id)
        assert draft is not None
        steps = await self._kinds.compile(policy, draft, queue_id)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._leave_line(connection, contact_id)
            row = await connection.fetchrow(
                "update contact set queue_id = $2, generation = generation + 1, line_at = now(),"
                " told_position = null, head_start = $3 where id = $1 and state = 'waiting'"
                " returning *",
                contact_id,
                queue_id,
                await self._ahead(connection, draft, policy),
            )
            if row is not None:
                await self._conversations.note(
                    connection,
                    workspace_id,
                    contact_id,
                    "queued",
                    {"queue": queue["name"]},
                    author="supervisor",
                    author_id=by,
                )
                await connection.execute(
                    "insert into audit (workspace_id, account_id, action, subject, detail)"
                    " values ($1, $2, 'contact.move', $3, $4)",
                    workspace_id,
                    by,
                    str(contact_id),
                    {"from": str(contact.queue_id), "to": str(queue_id)},
                )
                pending = await self._put_in_line(connection, row, policy, steps)
        if row is None:
            contact = await self.get(workspace_id, contact_id)
            raise Conflict("only a waiting contact can be moved", state=contact.state)
        await self._outbox.apply(pending)
        await self._conversations.announce(workspace_id, contact_id, row["last_seq"])
        return Contact.of(row)
