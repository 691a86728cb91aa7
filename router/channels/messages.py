"""Messages: a contact whose person does not wait, with a deadline by which somebody has seen to it.

A call becomes one when the caller has left a recording, a chat when nobody answers it. It stays
the same contact with its arrival and history. It is in line like others, but counts as arriving
at its deadline: idle agents get it at once, it is never in the way of those who wait for an
answer now, and once it is overdue it goes ahead of them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from router.channels.claims import Claims
from router.channels.records import Contact
from router.errors import Conflict, NotFound
from router.queues.outbox import Pending, put
from router.queues.picture import policy_of
from router.queues.policy import Then
from router.store.truth import Connection, Row

VOICEMAIL = Then(to="voicemail")


class Messages(Claims):
    """Leaving a message, and what an agent does about it."""

    async def begin_message(self, contact_id: UUID, then: Then = VOICEMAIL) -> Contact:
        """The caller is about to speak: out of line, so that nobody is offered the call now.

        Races with accept. Raises Conflict when the contact is not waiting.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "update contact set state = 'arriving', generation = generation + 1, leads = $2,"
                " told_position = null where id = $1 and state = 'waiting' returning *",
                contact_id,
                msgspec.to_builtins(then),
            )
            if row is not None:
                pending = await out_of_line(connection, row)
        if row is None:
            state = await self._pool.fetchval("select state from contact where id = $1", contact_id)
            raise Conflict("only a waiting contact can leave a message", state=state)
        await self._outbox.apply(pending)
        return Contact.of(row)

    async def leave_message(
        self, contact_id: UUID, recording: dict[str, Any] | None = None
    ) -> Contact:
        """The message is there: in line, due by the policy's `voicemail_hours`. Repeats do nothing.

        recording: {recording, address, seconds} of a voicemail; of a chat, the timeline has it.
        """
        source = await self._pool.fetchrow(
            "select c.*, q.policy, q.name as queue_name from contact c"
            " join queue q on q.id = c.queue_id where c.id = $1",
            contact_id,
        )
        if source is None:
            raise NotFound("there is no such contact")
        policy = policy_of(source["policy"])
        steps = await self._kinds.compile(policy, source)
        async with self._pool.acquire() as connection, connection.transaction():
            before = await connection.fetchrow(
                "select state, line_at, due_at from contact where id = $1 for no key update",
                contact_id,
            )
            assert before is not None
            if before["state"] not in ("arriving", "waiting") or before["due_at"] is not None:
                return await self.get(source["workspace_id"], contact_id)
            if before["line_at"] is not None:
                # the line that it waited in for an answer is left, for the figures
                await connection.execute(
                    "insert into line_left (workspace_id, contact_id, queue_id, channel, line_at)"
                    " select workspace_id, id, queue_id, channel, line_at from contact"
                    " where id = $1",
                    contact_id,
                )
            row = await connection.fetchrow(
                "update contact set state = 'waiting', generation = generation + 1,"
                " due_at = now() + make_interval(hours => $2),"
                " head_start = arrived_at - (now() + make_interval(hours => $2)),"
                " queued_at = coalesce(queued_at, now()), line_at = now(), told_position = null,"
                " prefer_agent_id = null where id = $1 returning *",
                contact_id,
                policy.voicemail_hours,
            )
            assert row is not None
            await connection.execute(
                "insert into message_left (contact_id, workspace_id, queue_id, channel, due_at)"
                " values ($1, $2, $3, $4, $5)",
                *(row[name] for name in ("id", "workspace_id", "queue_id", "channel", "due_at")),
            )
            entry = await self._conversations.note(
                connection,
                row["workspace_id"],
                contact_id,
                "voicemail",
                {**(recording or {}), "due_at": row["due_at"].isoformat()},
                visible="staff",
                author="person",
            )
            pending = await self._put_in_line(connection, row, policy, steps)
        await self._outbox.apply(pending)
        await self._conversations.announce(row["workspace_id"], contact_id, entry.seq)
        return Contact.of(row)

    async def messages_due(self, workspace_id: UUID) -> tuple[int, int]:
        """How many messages are open, and how many of them overdue."""
        row = await self._pool.fetchrow(
            "select count(*) as open, count(*) filter (where due_at < now()) as overdue"
            " from contact where workspace_id = $1 and due_at is not null and state <> 'ended'",
            workspace_id,
        )
        assert row is not None
        return row["open"], row["overdue"]


async def out_of_line(connection: Connection, row: Row) -> Pending:
    """The operation that takes a contact out of the live picture without an end.

    The picture holds who waits and who is served; this one is neither for now.
    """
    return await put(
        connection,
        row["workspace_id"],
        row["id"],
        "close",
        {
            "contact": row["id"],
            "gen": row["generation"],
            "queue": row["queue_id"],
            "outcome": "postponed",
            "abandoned": None,
        },
    )
