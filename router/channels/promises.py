"""Asking to be called back: with one's place in line, or at a time that is promised.

Two askings for the same number become one, under a lock of the number; a time is promised only
as long as it has room, under a lock of the queue.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from router.channels.admission import House
from router.channels.callbacks import Callbacks
from router.channels.line import put_release
from router.channels.messages import out_of_line
from router.channels.records import By, Contact
from router.channels.spending import refusal
from router.errors import Conflict, Invalid, NotFound
from router.hours.opening import offered_times
from router.queues.outbox import Pending
from router.queues.picture import policy_of
from router.queues.policy import Policy
from router.store.truth import Connection, Row


class Promises(Callbacks):
    """What a person is promised, and what is kept of it."""

    async def offered_times(self, queue_id: UUID, *, most: int = 40) -> list[dt.datetime]:
        """The next times at which people of this queue can be called, in UTC. Raises NotFound."""
        row = await self._pool.fetchrow(
            "select workspace_id, policy from queue where id = $1", queue_id
        )
        if row is None:
            raise NotFound("there is no such queue")
        house = await self.house(row["workspace_id"])
        async with self._pool.acquire() as connection:
            return await self._times(connection, house, policy_of(row["policy"]), queue_id, most)

    async def _times(
        self, connection: Connection, house: House, policy: Policy, queue_id: UUID, most: int
    ) -> list[dt.datetime]:
        rules = house.rules.callbacks
        taken = {
            slot["at"]: slot["n"]
            for slot in await connection.fetch(
                "select k.at, count(*) as n from callback k join contact c on c.id = k.contact_id"
                " where k.queue_id = $1 and k.at >= $2 and c.state <> 'ended' group by k.at",
                queue_id,
                house.now,
            )
        }
        return offered_times(
            house.schedule(policy),
            house.now + dt.timedelta(minutes=rules.notice_minutes),
            zone=house.zone,
            slot=dt.timedelta(minutes=rules.slot_minutes),
            days=rules.days,
            most=most,
            room=lambda at: taken.get(at, 0) < rules.per_slot,
        )

    async def callback(
        self, contact_id: UUID, e164: str, *, at: dt.datetime | None = None
    ) -> Contact:
        """A caller hangs up and is called back: in their turn, or at a promised time.

        Races with accept. Raises Conflict when the call is no longer waiting, Invalid and
        TooMany where the rules do not allow the number or the time.
        """
        source = await self._source(contact_id)
        if source["channel"] != "voice" or source["state"] not in ("arriving", "waiting"):
            raise Conflict("only a waiting call can become a callback", state=source["state"])
        if source["callback_to"] == e164:
            return await self.get(source["workspace_id"], contact_id)
        house = await self._allow(source, e164)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._lock_number(connection, source["workspace_id"], e164)
            if at is not None:
                await self._promise(connection, house, source, at)
            row = await connection.fetchrow(
                "update contact set callback_to = $2, leads = null,"
                " state = case when $3 then 'arriving' else state end,"
                " generation = generation + case when $3 then 1 else 0 end"
                " where id = $1 and channel = 'voice' and state in ('arriving', 'waiting')"
                " returning *",
                contact_id,
                e164,
                at is not None,
            )
            if row is None:
                raise Conflict("only a waiting call can become a callback", state="handling")
            await self._keep(connection, row, at, "person")
            pending: list[Pending] = []
            if at is not None and source["state"] == "waiting":
                pending.append(await out_of_line(connection, row))
            other = await self._other(connection, row, e164)
        await self._outbox.apply(*pending)
        if other is None:
            return Contact.of(row)
        return await self._one(Contact.of(row), other, at)

    async def ask_callback(
        self,
        workspace_id: UUID,
        source_id: UUID,
        e164: str,
        *,
        at: dt.datetime | None = None,
        by: By = "person",
        by_id: UUID | None = None,
    ) -> Contact:
        """A call to the person of another contact: a chat or video, or one that is over.

        A contact of its own, with the arrival of one that still waits, which then ends as
        merged. Asked again it is the same, as long as it is open. Raises as `callback`, and
        Conflict where no number is there to call from.
        """
        source = await self._source(source_id, workspace_id)
        if source["channel"] == "voice" and source["state"] in ("arriving", "waiting"):
            return await self.callback(source_id, e164, at=at)
        house = await self._allow(source, e164)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._lock_number(connection, workspace_id, e164)
            open_one = await connection.fetchrow(_OPEN, workspace_id, e164)
            if open_one is not None:
                return await self.get(workspace_id, open_one["id"])
            if at is not None:
                await self._promise(connection, house, source, at)
            row = await connection.fetchrow(
                _FOLLOWING, source_id, e164, by_id if by == "agent" else None
            )
            if row is None:
                raise Conflict("there is no number to call from", state="no_phone")
            await self._keep(connection, row, at, by, by_id)
        if source["state"] in ("arriving", "waiting"):
            await self._merge(workspace_id, source_id, row["id"])
        if at is None and house.is_open(policy_of(source["policy"])):
            return await self.enter(row["id"])
        return Contact.of(row)

    async def call_back(
        self, workspace_id: UUID, agent_id: UUID, contact_id: UUID, e164: str
    ) -> Contact:
        """The agent who has heard a message calls its person: it comes back to them as a callback.

        Raises NotFound, Conflict when it is no message in this agent's hands, and as `callback`.
        """
        source = await self._source(contact_id, workspace_id)
        policy = policy_of(source["policy"])
        await self._allow(source, e164)
        steps = await self._kinds.compile(policy, source)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._lock_number(connection, workspace_id, e164)
            row = await connection.fetchrow(
                "update contact c set state = 'waiting', generation = generation + 1,"
                " callback_to = $3, prefer_agent_id = h.agent_id, line_at = now()"
                " from handling h where c.id = $1 and h.contact_id = c.id and h.agent_id = $2"
                " and h.state = 'active' and c.state = 'handling' and c.channel = 'voice'"
                " and c.due_at is not null and c.callback_to is null returning c.*",
                contact_id,
                agent_id,
                e164,
            )
            if row is None:
                raise Conflict("this is no message in your hands", state=source["state"])
            handling = await connection.fetchrow(
                "update handling set state = 'done', ending = 'transferred',"
                " ended_at = clock_timestamp(), done_at = clock_timestamp()"
                " where contact_id = $1 and state = 'active' returning *",
                contact_id,
            )
            assert handling is not None
            await self._keep(connection, row, None, "agent", agent_id)
            pending = [
                await self._put_in_line(connection, row, policy, steps),
                await put_release(connection, handling),
            ]
        await self._outbox.apply(*pending)
        return Contact.of(row)

    # What they rest on ------------------------------------------------------------------

    async def _source(self, contact_id: UUID, workspace_id: UUID | None = None) -> Row:
        row = await self._pool.fetchrow(_SOURCE, contact_id, workspace_id)
        if row is None:
            raise NotFound("there is no such contact")
        return row

    async def _allow(self, source: Row, e164: str) -> House:
        """Raises what the rules have against this number, and keeps it for supervisors."""
        house = await self.house(source["workspace_id"])
        async with self._pool.acquire() as connection:
            why = await self._check_number(
                connection, house, source["workspace_id"], source["id"], e164
            )
        if why is not None:
            await self._refused(source["workspace_id"], source["id"], e164, why)
            raise refusal(why)
        return house

    async def _lock_number(self, connection: Connection, workspace_id: UUID, e164: str) -> None:
        await connection.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 6))", f"{workspace_id} {e164}"
        )

    async def _promise(
        self, connection: Connection, house: House, source: Row, at: dt.datetime
    ) -> None:
        """Raises Invalid for a time that is not offered, or has been taken meanwhile."""
        await connection.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 7))", str(source["queue_id"])
        )
        policy = policy_of(source["policy"])
        if at not in await self._times(connection, house, policy, source["queue_id"], 10_000):
            raise Invalid("this time is not offered, or not any more", field="at")

    async def _keep(
        self,
        connection: Connection,
        row: Row,
        at: dt.datetime | None,
        by: By,
        by_id: UUID | None = None,
    ) -> None:
        """Write down what was asked for."""
        await connection.execute(
            "insert into callback (contact_id, workspace_id, number, at, queue_id, asked_by)"
            " values ($1, $2, $3, $4, $5, $6) on conflict (contact_id) do update"
            " set number = excluded.number, at = excluded.at, asked_at = now(), waits_for = null",
            row["id"],
            row["workspace_id"],
            row["callback_to"],
            at,
            row["queue_id"],
            by,
        )
        said: dict[str, Any] = {"at": at.isoformat()} if at else {}
        await self._conversations.note(
            connection,
            row["workspace_id"],
            row["id"],
            "callback",
            said,
            visible="staff",
            author=by,
            author_id=by_id,
        )

    async def _other(self, connection: Connection, row: Row, e164: str) -> Row | None:
        """Another open callback to this number."""
        return await connection.fetchrow(
            f"{_OPEN} and c.id <> $3", row["workspace_id"], e164, row["id"]
        )

    async def _one(self, contact: Contact, other: Row, at: dt.datetime | None) -> Contact:
        """Of two callbacks to one number, one stays: the older, unless it waited for this call."""
        ws = contact.workspace_id
        if other["waits_for"] == contact.id or (other["state"] != "handling" and at is not None):
            # this call has its place already; or the person has just said when they want it
            await self._merge(ws, other["id"], contact.id)
            return contact
        await self._merge(ws, contact.id, other["id"])
        return await self.get(ws, contact.id)


_SOURCE = """
select c.*, q.policy from contact c join queue q on q.id = c.queue_id
where c.id = $1 and ($2::uuid is null or c.workspace_id = $2)
"""
_OPEN = """
select c.*, k.waits_for from callback k join contact c on c.id = k.contact_id
where k.workspace_id = $1 and k.number = $2 and c.state <> 'ended'
"""
# from the number whose callers come to the same queue, else from any
_FOLLOWING = """
insert into contact (workspace_id, channel, entry_point_id, provider_key, person_id, role,
  assurance, language, skills, topic, queue_id, state, priority, attributes, arrived_at,
  callback_to, prefer_agent_id)
select s.workspace_id, 'voice', p.id, 'callback:' || s.id || ':' || (
    select count(*) from contact f where f.workspace_id = s.workspace_id
      and starts_with(f.provider_key, 'callback:' || s.id || ':') and f.person_id = s.person_id),
  s.person_id, s.role, s.assurance, s.language, s.skills, s.topic, s.queue_id, 'arriving',
  s.priority, s.attributes, case when s.state = 'ended' then now() else s.arrived_at end, $2, $3
from contact s join lateral (
  select id from entry_point e where e.workspace_id = s.workspace_id and e.kind = 'phone'
    and e.retired_at is null
  order by (s.queue_id in (e.customer_queue_id, e.expert_queue_id)) desc, e.created_at limit 1
) p on true
where s.id = $1
returning *
"""
