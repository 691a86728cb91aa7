"""Legs in the truth, and a caller's call read as one value.

A caller's leg keeps in its data: `progress` (what was keyed), `number` (E.164), `outbound`
(we called) and `left` (the handling whose room it came out of). A leg that we have asked
Twilio for, but whose SID we do not know yet, is kept under the name of the attempt
(`intended`): so a request without an answer is not forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from router.channels.admission import announcement
from router.channels.voice.call import Call, Connecting, Entry, Progress
from router.channels.voice.legs import Event, Leg, Party, State, heard
from router.queues import policy
from router.store.truth import Connection

INTENDED = "intended:"


def intended(handling: UUID, party: Party, attempt: int) -> str:
    """The name of a leg that we have asked for, until we know its SID."""
    return f"{INTENDED}{handling}:{party}:{attempt}"


@dataclass(frozen=True)
class Loaded:
    """A call with the ids that changes need. last: the latest handling."""

    call: Call
    leg: Leg
    person: UUID
    role: str
    assurance: int
    queue: UUID
    handling: UUID | None
    agent: UUID | None
    reach: str | None


class Legs:
    """The table of legs."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]):
        self._pool = pool

    @staticmethod
    def of(row: asyncpg.Record) -> Leg:
        """From a row of `leg`."""
        return Leg(
            call_sid=row["call_sid"],
            workspace_id=row["workspace_id"],
            contact_id=row["contact_id"],
            handling_id=row["handling_id"],
            party=row["party"],
            state=row["state"],
            sequence=row["sequence"],
            heard_at=row["heard_at"],
            data=row["data"],
        )

    async def entry(self, address: str) -> Entry | None:
        """The entry point behind a dialled number (E.164)."""
        row = await self._pool.fetchrow(_ENTRY, address)
        return Entry.of(row["entry"], row["country"]) if row else None

    async def begin(
        self,
        call_sid: str,
        workspace: UUID,
        contact: UUID,
        *,
        party: Party,
        state: State = "ringing",
        handling: UUID | None = None,
        data: dict[str, Any] | None = None,
    ) -> bool:
        """Keep a new leg; False: it was known already, and stays as it is."""
        made = await self._pool.fetchval(
            "insert into leg (call_sid, workspace_id, contact_id, handling_id, party, state, data)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning true",
            call_sid, workspace, contact, handling, party, state, data or {},
        )  # fmt: skip
        return bool(made)

    async def adopt(self, name: str, call_sid: str) -> None:
        """The leg asked for under this name has this SID. Repeats change nothing."""
        async with self._pool.acquire() as conn, conn.transaction():
            row = await conn.fetchrow("delete from leg where call_sid = $1 returning *", name)
            if row is not None:
                await conn.execute(
                    "insert into leg (call_sid, workspace_id, contact_id, handling_id, party,"
                    " state, data) values ($1, $2, $3, $4, $5, 'ringing', $6)"
                    " on conflict do nothing",
                    call_sid, row["workspace_id"], row["contact_id"], row["handling_id"],
                    row["party"], row["data"],
                )  # fmt: skip

    async def intend(
        self,
        name: str,
        workspace: UUID,
        contact: UUID,
        *,
        party: Party,
        handling: UUID,
        data: dict[str, Any],
    ) -> bool:
        """Keep a leg that is going to be asked for; False: this handling has one of that party.

        One at a time: a leg that is asked for loses this name for its SID once it is known, so
        that the name alone keeps nobody from asking twice.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(
                "select pg_advisory_xact_lock(hashtextextended($1, 7))", f"leg {handling} {party}"
            )
            made = await conn.fetchval(
                "insert into leg (call_sid, workspace_id, contact_id, handling_id, party, state,"
                " data) select $1, $2, $3, $4, $5, 'ringing', $6"
                " where not exists (select from leg where handling_id = $4 and party = $5"
                " and state <> 'ended') on conflict do nothing returning true",
                name, workspace, contact, handling, party, data,
            )  # fmt: skip
        return bool(made)

    async def intended_for(self, handling: UUID, party: Party) -> list[str]:
        """The names of legs asked for and not yet known by a SID."""
        rows = await self._pool.fetch(
            "select call_sid from leg where handling_id = $1 and party = $2"
            " and starts_with(call_sid, $3)",
            handling, party, INTENDED,
        )  # fmt: skip
        return [row["call_sid"] for row in rows]

    async def forget(self, name: str) -> None:
        """A leg asked for that never came to be."""
        await self._pool.execute("delete from leg where call_sid = $1", name)

    async def get(self, call_sid: str) -> Leg | None:
        row = await self._pool.fetchrow("select * from leg where call_sid = $1", call_sid)
        return self.of(row) if row else None

    async def of_contact(self, contact: UUID) -> list[Leg]:
        """The contact's legs, newest first."""
        rows = await self._pool.fetch(
            "select * from leg where contact_id = $1 order by heard_at desc", contact
        )
        return [self.of(row) for row in rows]

    async def hear(self, call_sid: str, event: Event) -> tuple[Leg, Leg] | None:
        """Apply what Twilio said of a leg: before and after. None: no such leg."""
        async with self._pool.acquire() as conn, conn.transaction():
            row = await conn.fetchrow("select * from leg where call_sid = $1 for update", call_sid)
            if row is None:
                return None
            before = self.of(row)
            after = heard(before, event)
            # also a repeat is a sign of life
            await conn.execute(
                "update leg set state = $2, sequence = $3, data = $4, heard_at = now()"
                " where call_sid = $1",
                call_sid, after.state, after.sequence, after.data,
            )  # fmt: skip
            return before, after

    async def alive(self, call_sid: str) -> None:
        """The call asks us for TwiML: it is answered, and not silent."""
        await self._pool.execute(
            "update leg set heard_at = now(),"
            " state = case state when 'ringing' then 'live' else state end where call_sid = $1",
            call_sid,
        )

    async def keep(
        self,
        call_sid: str,
        before: Progress,
        after: Progress,
        *,
        conn: Connection | None = None,
    ) -> bool:
        """Move a caller's progress on. False: it has moved on already.

        The turn and step decide: of two equal webhooks at once, one finds them taken.
        conn: the caller's transaction, where there is one.
        """
        kept = await (conn or self._pool).fetchval(
            "update leg set data = jsonb_set(data, '{progress}', $3::jsonb), heard_at = now()"
            " where call_sid = $1 and coalesce((data->'progress'->>'turn')::int, 0) = $2"
            " and coalesce(data->'progress'->>'step', 'line') = $4 returning true",
            call_sid, before.turn, msgspec.to_builtins(after), before.step,
        )  # fmt: skip
        return bool(kept)

    async def mark(self, call_sid: str, **marks: Any) -> None:
        """Write into a leg's data, beside what is there."""
        await self._pool.execute(
            "update leg set data = data || $2::jsonb, heard_at = now() where call_sid = $1",
            call_sid,
            marks,
        )

    async def load(self, call_sid: str, contact: UUID) -> Loaded | None:
        """The call as this caller's leg sees it, without its place in line. None: no such leg."""
        row = await self._pool.fetchrow(_CALL, call_sid, contact)
        return _loaded(row) if row else None


def _loaded(row: asyncpg.Record) -> Loaded:
    leg = Legs.of(row)
    data = leg.data
    rules = policy.parse(row["policy"])
    entry = Entry.of(row["entry"], row["country"])
    progress = msgspec.convert(data.get("progress", {}), Progress)
    language = progress.language or row["language"]
    closed = row["closed"]
    leads = row["leads"] or {}
    told = announcement(leads["message"], language) if leads.get("message") else None
    handling = row["last"]
    connecting = None
    if row["handling_state"] in ("connecting", "active"):
        connecting = Connecting(
            handling=handling,
            room=row["offer_id"],
            agent_in=row["agent_in"],
            active=row["handling_state"] == "active",
            left=data.get("left") == str(handling),
        )
    call = Call(
        contact=leg.contact_id,
        state=row["contact_state"],
        language=row["language"],
        entry=entry,
        progress=progress,
        zone=row["time_zone"],
        identified=row["assurance"] > 0,
        number=data.get("number"),
        outbound=bool(data.get("outbound")),
        met=leg.room is not None,
        closed=told or (announcement(closed, language) if closed else None),
        leads=leads.get("to"),
        told=told,
        message=row["due_at"] is not None,
        may_call_back=rules.callback,
        may_record=rules.voicemail,
        callback_to=row["callback_to"],
        connecting=connecting,
        outcome=row["outcome"],
        rateable=row["outcome"] == "completed" and row["connected"] and not row["rated"],
    )
    return Loaded(
        call=call,
        leg=leg,
        person=row["person_id"],
        role=row["role"],
        assurance=row["assurance"],
        queue=row["queue_id"],
        handling=handling,
        agent=row["agent_id"],
        reach=row["reach"],
    )


_ENTRY = """
select to_jsonb(e) as entry, w.country from entry_point e join workspace w on w.id = e.workspace_id
where e.kind = 'phone' and e.address = $1 and e.retired_at is null
"""
_CALL = """
select l.*, c.state as contact_state, c.language, c.person_id, c.role, c.assurance, c.outcome,
       c.callback_to, c.leads, c.due_at, c.queue_id,
       w.country, w.time_zone, to_jsonb(e) as entry, q.policy, q.closed,
       h.id as last, h.state as handling_state, h.offer_id, h.agent_id, a.reach,
       h.connected_at is not null as connected,
       exists (select from rating r where r.handling_id = h.id and r.direction = 'of_agent')
         as rated,
       exists (select from leg g where g.handling_id = h.id and g.party = 'agent'
               and g.state = 'joined') as agent_in
from leg l
join contact c on c.id = l.contact_id
join workspace w on w.id = c.workspace_id
join entry_point e on e.id = c.entry_point_id
join queue q on q.id = c.queue_id
left join lateral (
  select * from handling where contact_id = c.id order by accepted_at desc, id limit 1
) h on true
left join agent a on a.id = h.agent_id
where l.call_sid = $1 and c.id = $2 and l.party = 'caller'
"""
