"""What Twilio never told us, and what a process that died left undone.

Some callbacks never come, so legs that have gone silent are asked for over REST. Every rule
below finds a state that should not last, by the truth alone, and does what the missed event
would have done: those actions may all be repeated. One process sweeps at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog

from router.channels.voice.legs import Joined, Leg, Status
from router.channels.voice.provider import Refused, Unanswered
from router.channels.voice.store import Legs
from router.channels.voice.voice import Voice
from router.errors import SecondlineError
from router.tasks import stop

log = structlog.get_logger()

TICK_SECONDS = 1.0
JOIN_SECONDS = 15
"""How long after the accept an agent's leg may take to be answered."""
PRESS_SECONDS = 30
"""And, once answered, to be in the room."""
LOST_SECONDS = 10
STRANDED_SECONDS = 10
"""A caller who is still in a room that nobody else is to be in."""
SILENT_SECONDS = 90
UNSPOKEN_SECONDS = 20
"""After hanging up: the recording that a caller was asked for has been reported by then."""
CALLBACK_PAUSE_SECONDS = 300
BATCH = 50
LOCK = 0x7365_636F_6E64  # any number that nobody else locks with


class Sweep:
    """Looks for what lasts too long, in every process, one at a time."""

    def __init__(
        self,
        voice: Voice,
        pool: asyncpg.Pool[asyncpg.Record],
        *,
        callback_pause_seconds: float = CALLBACK_PAUSE_SECONDS,
    ):
        self._voice = voice
        self._pool = pool
        self._pause = callback_pause_seconds
        self._task: asyncio.Task[None] | None = None
        self._rules: tuple[tuple[str, Callable[[Any], Awaitable[None]]], ...] = (
            (_LATE, self._late),
            (_NOT_CALLED, self._not_called),
            (_INTENDED, self._intended),
            (_JOIN_UNHEARD, self._join_unheard),
            (_NOT_MOVED, self._not_moved),
            (_NOT_DROPPED, self._not_dropped),
            (_LOST, self._lost),
            (_STRANDED, self._stranded),
            (_CALLER_GONE, self._caller_gone),
            (_LEGLESS, self._legless),
            (_SILENT, self._silent),
            (_UNSPOKEN, self._unspoken),
        )

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            await stop(self._task)

    async def _run(self) -> None:
        while True:
            try:
                await self.tick()
            except (SecondlineError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as why:
                log.warning("voice.sweep_failed", error=repr(why))
            except Exception:
                log.exception("voice.sweep_broken")
            await asyncio.sleep(TICK_SECONDS)

    async def tick(self) -> None:
        """Every rule once, unless another process is at it."""
        async with self._pool.acquire() as conn:
            if not await conn.fetchval("select pg_try_advisory_lock($1)", LOCK):
                return
            try:
                for sql, act in self._rules:
                    await self._apply(await conn.fetch(sql), act)
                for contact in await self._voice.contacts.callbacks_due(self._pause):
                    await self._voice.contacts.enter(contact)
                await self._voice.contacts.settle_costs()
            finally:
                await conn.fetchval("select pg_advisory_unlock($1)", LOCK)

    async def _apply(
        self, rows: list[asyncpg.Record], act: Callable[[Any], Awaitable[None]]
    ) -> None:
        # at once: one slow answer of Twilio's must not hold up the others
        done = await asyncio.gather(*(act(row) for row in rows), return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, (Unanswered, Refused)):
                log.info("voice.sweep_unanswered", error=repr(outcome))
            elif isinstance(outcome, BaseException):
                log.warning("voice.sweep_rule_failed", error=repr(outcome))

    async def _late(self, row: asyncpg.Record) -> None:
        await self._voice.contacts.no_connect(row["id"], "timeout")

    async def _not_called(self, row: asyncpg.Record) -> None:
        await self._voice.connections.reach_out(row["id"])

    async def _intended(self, row: asyncpg.Record) -> None:
        await self._voice.connections.look_for(Legs.of(row))

    async def _join_unheard(self, row: asyncpg.Record) -> None:
        found = await self._voice.provider.participants(row["offer_id"])
        if found is not None and row["call_sid"] in found[1]:
            await self._voice.hear(row["call_sid"], Joined(row["offer_id"], found[0], 0))

    async def _not_moved(self, row: asyncpg.Record) -> None:
        await self._voice.connections.connect(row["id"])

    async def _not_dropped(self, row: asyncpg.Record) -> None:
        if not await self._voice.provider.hang_up(row["call_sid"]):
            await self._voice.hear(row["call_sid"], Status("completed"))

    async def _lost(self, row: asyncpg.Record) -> None:
        await self._voice.contacts.release(row["id"], "lost")

    async def _stranded(self, row: asyncpg.Record) -> None:
        await self._voice.connections.send_back(Legs.of(row))

    async def _caller_gone(self, row: asyncpg.Record) -> None:
        await self._voice.connections.gone(Legs.of(row))

    async def _legless(self, row: asyncpg.Record) -> None:
        call_sid = row["provider_key"].removeprefix("voice:")
        status = await self._voice.provider.status(call_sid)
        if status is None or Status(status).last:
            await self._voice.callers.never_began(call_sid)

    async def _unspoken(self, row: asyncpg.Record) -> None:
        found = await self._voice.provider.recordings(row["call_sid"])
        if found:
            await self._voice.contacts.leave_message(row["contact_id"], found[-1])
        else:
            await self._voice.contacts.end(
                row["workspace_id"], row["contact_id"], outcome="abandoned", by="person"
            )

    async def _silent(self, row: asyncpg.Record) -> None:
        leg: Leg = Legs.of(row)
        status = await self._voice.provider.status(leg.call_sid)
        await self._voice.hear(leg.call_sid, Status(status or "completed"))


_LATE = f"""
select h.id from handling h
where h.channel = 'voice' and h.state = 'connecting'
  and h.accepted_at < now() - interval '{JOIN_SECONDS} seconds'
  and not exists (select from leg l where l.handling_id = h.id and l.party = 'agent'
    and (l.state = 'joined' or l.state = 'live'
      and h.accepted_at > now() - interval '{PRESS_SECONDS} seconds'))
limit {BATCH}
"""
_NOT_CALLED = f"""
select h.id from handling h join agent a on a.id = h.agent_id
where h.channel = 'voice' and h.state = 'connecting' and a.reach <> 'softphone'
  and h.accepted_at < now() - interval '3 seconds'
  and not exists (select from leg l where l.handling_id = h.id and l.party = 'agent')
limit {BATCH}
"""
_INTENDED = f"""
select * from leg where state <> 'ended' and starts_with(call_sid, 'intended:')
  and heard_at < now() - interval '6 seconds'
order by heard_at limit {BATCH}
"""
_JOIN_UNHEARD = f"""
select l.call_sid, h.offer_id from handling h join leg l on l.handling_id = h.id
where h.channel = 'voice' and h.state = 'connecting' and l.party = 'agent'
  and l.state = 'live' and l.heard_at < now() - interval '3 seconds'
limit {BATCH}
"""
_NOT_MOVED = f"""
select h.id from handling h
where h.channel = 'voice' and h.state = 'connecting'
  and exists (select from leg l where l.handling_id = h.id and l.party = 'agent'
    and l.state = 'joined' and l.heard_at < now() - interval '3 seconds')
  and not exists (select from leg l where l.handling_id = h.id and l.party = 'caller'
    and l.state = 'ringing')
limit {BATCH}
"""
_NOT_DROPPED = f"""
select l.call_sid from leg l join handling h on h.id = l.handling_id
where l.party = 'agent' and l.state <> 'ended' and not starts_with(l.call_sid, 'intended:')
  and h.state in ('wrapup', 'done') and h.ended_at < now() - interval '5 seconds'
limit {BATCH}
"""
_LOST = f"""
select h.id from handling h
where h.channel = 'voice' and h.state = 'active'
  and exists (select from leg l where l.contact_id = h.contact_id and l.party = 'caller'
    and l.state <> 'ended')
  and not exists (select from leg l where l.handling_id = h.id and l.party = 'agent'
    and (l.state <> 'ended' or l.heard_at > now() - interval '{LOST_SECONDS} seconds'))
limit {BATCH}
"""
_STRANDED = f"""
update leg set heard_at = now() where call_sid in (
  select l.call_sid from leg l join contact c on c.id = l.contact_id
  where l.party = 'caller' and l.state = 'joined' and c.state <> 'handling'
    and l.heard_at < now() - interval '{STRANDED_SECONDS} seconds'
  limit {BATCH})
returning *
"""
_CALLER_GONE = f"""
select l.* from contact c
left join handling h on h.contact_id = c.id and h.state in ('connecting', 'active')
join lateral (
  select * from leg where contact_id = c.id and party = 'caller'
  order by (state <> 'ended') desc, heard_at desc limit 1
) l on true
where c.channel = 'voice' and c.state <> 'ended' and l.state = 'ended'
  and l.heard_at < now() - interval '3 seconds'
  and case when c.callback_to is not null then l.handling_id = h.id
    else c.due_at is null and (c.leads->>'to') is distinct from 'voicemail' end
limit {BATCH}
"""
_UNSPOKEN = f"""
select l.workspace_id, l.contact_id, l.call_sid from contact c
join lateral (select * from leg where contact_id = c.id and party = 'caller'
  order by (state <> 'ended') desc, heard_at desc limit 1) l on true
where c.channel = 'voice' and c.state = 'arriving' and c.leads->>'to' = 'voicemail'
  and c.callback_to is null and c.due_at is null
  and l.state = 'ended' and l.heard_at < now() - interval '{UNSPOKEN_SECONDS} seconds'
limit {BATCH}
"""
_LEGLESS = f"""
select c.provider_key from contact c
where c.channel = 'voice' and c.state in ('arriving', 'waiting') and c.callback_to is null
  and c.arrived_at < now() - interval '30 seconds'
  and not exists (select from leg l where l.contact_id = c.id)
limit {BATCH}
"""
_SILENT = f"""
update leg set heard_at = now() where call_sid in (
  select call_sid from leg where state <> 'ended' and not starts_with(call_sid, 'intended:')
    and heard_at < now() - interval '{SILENT_SECONDS} seconds'
  order by heard_at limit {BATCH})
returning *
"""
