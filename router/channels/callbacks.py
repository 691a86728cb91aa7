"""Callbacks that nobody answered: out of the line for a while, then back with their age."""

from __future__ import annotations

from uuid import UUID

from router.channels.handlings import put_release
from router.channels.line import Line
from router.channels.records import Contact, Handling
from router.queues.outbox import put


class Callbacks(Line):
    """What a contact with `callback_to` does between two tries: it is `arriving` again."""

    async def postpone(self, handling_id: UUID) -> bool:
        """The called person did not answer: the agent is free, the contact waits out of line.

        Counts the try. False: the handling is over or connected already.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "update contact c set state = 'arriving', generation = generation + 1,"
                " callback_tries = callback_tries + 1, told_position = null"
                " from handling h where h.id = $1 and c.id = h.contact_id"
                " and c.state = 'handling' and c.callback_to is not null"
                " and h.state = 'connecting' returning c.*",
                handling_id,
            )
            if row is None:
                return False
            ended = await connection.fetchrow(
                "update handling set state = 'done', ending = 'abandoned',"
                " ended_at = clock_timestamp(), done_at = clock_timestamp()"
                " where id = $1 returning *",
                handling_id,
            )
            assert ended is not None
            entry = await self._conversations.note(
                connection,
                row["workspace_id"],
                row["id"],
                "unreached",
                {"tries": row["callback_tries"]},
                visible="staff",
            )
            # the live picture holds who waits and who is served; this one is neither for now
            operations = [
                await put(
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
                ),
                await put_release(connection, ended),
            ]
        await self._outbox.apply(*operations)
        await self._conversations.announce(row["workspace_id"], row["id"], entry.seq)
        await self._call_hooks("released", Contact.of(row), Handling.of(ended))
        return True

    async def callbacks_due(self, pause_seconds: float, *, limit: int = 100) -> list[UUID]:
        """Postponed contacts whose pause is over; `enter` puts each back in line."""
        rows = await self._pool.fetch(
            "select c.id from contact c where c.state = 'arriving' and c.callback_to is not null"
            " and not exists (select from handling h where h.contact_id = c.id"
            "   and h.ended_at > now() - make_interval(secs => $1))"
            " order by c.arrived_at limit $2",
            pause_seconds,
            limit,
        )
        return [row["id"] for row in rows]
