"""Callbacks between being asked for and being answered: out of line, back in line, not twice.

A contact with `callback_to` is called when its turn comes. What was asked for is its row of
`callback`. While it is out of line it is `arriving`; `callbacks_due` brings it back.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from router.channels.admission import House
from router.channels.line import put_release
from router.channels.messages import Messages, out_of_line
from router.channels.records import By, Contact, Handling, Outcome
from router.channels.spending import begin_of_day
from router.queues.outbox import Pending
from router.queues.picture import policy_of
from router.store.truth import Connection, Row


class Callbacks(Messages):
    """What becomes of callbacks, and of those who do not wait for theirs."""

    async def postpone(self, handling_id: UUID, *, until: dt.datetime | None = None) -> bool:
        """The person was not called, or did not answer: the agent is free, the contact waits
        out of line.

        until: it could not be placed, and is promised for then; else it counts as a try. False:
        the handling is over or connected already.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "update contact c set state = 'arriving', generation = generation + 1,"
                " callback_tries = callback_tries + $2, told_position = null"
                " from handling h where h.id = $1 and c.id = h.contact_id"
                " and c.state = 'handling' and c.callback_to is not null"
                " and h.state = 'connecting' returning c.*",
                handling_id,
                0 if until else 1,
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
            if until is not None:
                await connection.execute(
                    "update callback set at = $2 where contact_id = $1", row["id"], until
                )
            entry = await self._conversations.note(
                connection,
                row["workspace_id"],
                row["id"],
                "unreached",
                {"tries": row["callback_tries"]} | ({"until": until.isoformat()} if until else {}),
                visible="staff",
            )
            operations = [
                await out_of_line(connection, row),
                await put_release(connection, ended),
            ]
        await self._outbox.apply(*operations)
        await self._conversations.announce(row["workspace_id"], row["id"], entry.seq)
        await self._call_hooks("released", Contact.of(row), Handling.of(ended))
        return True

    async def callbacks_due(self, pause_seconds: float, *, limit: int = 100) -> list[UUID]:
        """Callbacks whose time has come, or whose pause is over; `enter` puts each in line.

        Those whose person was served meanwhile end first. Out of hours they are promised for
        the next opening.
        """
        for row in await self._pool.fetch(_SERVED, limit):
            await self._merge(row["workspace_id"], row["id"], row["served_by"])
        due = []
        houses: dict[UUID, House] = {}
        for row in await self._pool.fetch(_DUE, pause_seconds, limit):
            workspace_id = row["workspace_id"]
            if workspace_id not in houses:
                houses[workspace_id] = await self.house(workspace_id)
            opens = houses[workspace_id].opens(policy_of(row["policy"]))
            if opens is None or opens <= houses[workspace_id].now:
                due.append(row["id"])
            else:
                await self._pool.execute(
                    "update callback set at = $2 where contact_id = $1", row["id"], opens
                )
        return due

    async def callback_stands(self, contact_id: UUID) -> bool:
        """Whether the person is still to be called; ends the contact where they were served, or
        are talking to somebody at this moment."""
        row = await self._pool.fetchrow(_TALKING, contact_id)
        if row is None:
            return True
        await self._merge(row["workspace_id"], contact_id, row["other"])
        return False

    async def tomorrow(self, contact_id: UUID) -> dt.datetime:
        """The next opening of the contact's queue on another day, for what today allows no more."""
        row = await self._pool.fetchrow(
            "select c.workspace_id, q.policy from contact c join queue q on q.id = c.queue_id"
            " where c.id = $1",
            contact_id,
        )
        assert row is not None
        house = await self.house(row["workspace_id"])
        begin = begin_of_day(house) + dt.timedelta(days=1)
        return house.opens(policy_of(row["policy"]), begin) or begin

    async def _merge(self, workspace_id: UUID, contact_id: UUID, into: UUID) -> None:
        """Another contact of the same person took its place."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self._conversations.note(
                connection,
                workspace_id,
                contact_id,
                "merged",
                {"into": str(into)},
                visible="staff",
            )
        await self.end(workspace_id, contact_id, outcome="merged", by="system")

    async def _hold_callback(
        self, connection: Connection, row: Row, queue_id: UUID, ahead: dt.timedelta
    ) -> tuple[list[Pending], dt.timedelta]:
        """Somebody calls in who waits to be called back: the callback waits for what becomes of
        this call, which has its place. Served, it is over; else it comes back.

        row: the call, about to be in line of this queue. Answers the operations to apply after
        the commit, and the call's head start.
        """
        if row["channel"] != "voice" or row["callback_to"] is not None:
            return [], ahead
        held = await connection.fetch(_HELD, row["person_id"], row["id"])
        pending = []
        for other in held:
            await connection.execute(
                "update callback set waits_for = $2 where contact_id = $1", other["id"], row["id"]
            )
            if other["queue_id"] == queue_id:
                place = row["arrived_at"] - (other["arrived_at"] - other["head_start"])
                ahead = max(ahead, place)
            pending.append(await out_of_line(connection, other))
        return pending, ahead

    if TYPE_CHECKING:  # of `Contacts`, which puts these together

        async def end(
            self, workspace_id: UUID, contact_id: UUID, *, outcome: Outcome, by: By
        ) -> Contact: ...

        async def enter(self, contact_id: UUID) -> Contact: ...


# a conversation of the same person that began after the callback was asked for
_CONVERSATION = """
  select o.id from contact o join handling h on h.contact_id = o.id
  where o.person_id = c.person_id and o.id <> c.id and h.connected_at is not null
"""
_SERVED = f"""
select c.id, c.workspace_id, served.id as served_by
from contact c join callback k on k.contact_id = c.id
join lateral ({_CONVERSATION} and h.connected_at > k.asked_at limit 1) served on true
where c.callback_to is not null and c.state in ('arriving', 'waiting') limit $1
"""
_DUE = """
select c.id, c.workspace_id, q.policy
from contact c join callback k on k.contact_id = c.id join queue q on q.id = c.queue_id
left join contact o on o.id = k.waits_for
where c.callback_to is not null and c.state = 'arriving' and c.state <> 'ended'
  and (k.at is null or k.at <= now()) and (o.id is null or o.state = 'ended')
  and not exists (select from handling h where h.contact_id = c.id
    and h.ending = 'abandoned' and h.ended_at > now() - make_interval(secs => $1))
order by c.arrived_at limit $2
"""
_TALKING = f"""
select c.workspace_id, served.id as other
from contact c join callback k on k.contact_id = c.id
join lateral ({_CONVERSATION} and (h.connected_at > k.asked_at or h.state = 'active') limit 1)
  served on true
where c.id = $1
"""
_HELD = """
update contact set state = 'arriving', generation = generation + 1, told_position = null
where person_id = $1 and id <> $2 and callback_to is not null and state = 'waiting'
returning *
"""
