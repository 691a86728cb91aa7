"""Bringing an agent and a caller together: the agent's leg first, then the caller is moved.

Accepting only says who; from then on the legs decide. Everything here may be done twice: by
the process that accepted, and by the sweep of any other when that one has died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import structlog

from router.channels.voice.attempts import Attempt, Attempts
from router.channels.voice.callers import Callers
from router.channels.voice.dialling import Dialling, Refusal
from router.channels.voice.documents import Addresses
from router.channels.voice.legs import Leg, Status
from router.channels.voice.provider import Provider, Refused, Unanswered
from router.channels.voice.store import INTENDED, Legs
from router.errors import Conflict, NotFound

if TYPE_CHECKING:
    from router.channels.contacts import Contacts
    from router.channels.records import Contact, Handling

log = structlog.get_logger()


class Connections:
    """Agents' legs, and what becomes of both sides when one of them comes, fails or goes."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool[asyncpg.Record],
        contacts: Contacts,
        callers: Callers,
        attempts: Attempts,
        dialling: Dialling,
        legs: Legs,
        provider: Provider,
        addresses: Addresses,
    ):
        self._pool = pool
        self._contacts = contacts
        self._callers = callers
        self._attempts = attempts
        self._dialling = dialling
        self._legs = legs
        self._provider = provider
        self._addresses = addresses
        self._tasks: set[asyncio.Task[None]] = set()
        contacts.on("accepted", self._accepted)
        contacts.on("ended", self._over)
        contacts.on("released", self._over)
        contacts.on("escalated", self._over)
        contacts.on("led", self._led)

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside the present request; what fails is logged, and the sweep's business."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                log.warning("voice.left_to_the_sweep", error=repr(error))

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self, within: float = 5.0) -> None:
        """Wait until nothing is under way beside requests, at most so many seconds."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within)

    async def close(self) -> None:
        """What is under way may end; what takes longer is left to other processes' sweeps."""
        await self.settled(within=2.0)
        for task in self._tasks:
            task.cancel()

    # The agent's leg ----------------------------------------------------------------------

    async def _accepted(self, contact: Contact, handling: Handling | None) -> None:
        if contact.channel == "voice" and handling is not None:
            self.soon(self.reach_out(handling.id))

    async def reach_out(self, handling: UUID) -> None:
        """Call the agent's telephone. A softphone dials in by itself."""
        if not await self._dialling.agent(handling):
            attempt = await self._attempts.get(handling)
            if attempt is not None:
                await self.failed(attempt, party="agent", why="failed")

    # What Twilio reports --------------------------------------------------------------------

    async def heard(self, leg: Leg, after: Leg) -> None:
        """A leg has changed: who has joined is to be connected, who is gone is missed."""
        if after.state == "joined" and leg.state != "joined" and after.handling_id is not None:
            if after.party == "agent":
                self.soon(self.connect(after.handling_id))
        elif not after.open and leg.open:
            await self.gone(after)

    async def gone(self, leg: Leg) -> None:
        """A leg is over. Repeats change nothing."""
        if leg.party == "caller":
            if await self._callers.hung_up(leg) == "unreached" and leg.handling_id is not None:
                attempt = await self._attempts.get(leg.handling_id)
                if attempt is not None:
                    await self.failed(attempt, party="caller", why=leg.data.get("status", ""))
        elif leg.party == "agent" and leg.handling_id is not None:
            attempt = await self._attempts.get(leg.handling_id)
            others = await self._legs.of_contact(leg.contact_id)
            again = any(
                each.open and each.handling_id == leg.handling_id and each.party == "agent"
                for each in others
            )
            # an agent whose page was reloaded may have dialled in anew already
            if attempt is not None and not again:
                await self.failed(attempt, party="agent", why=leg.data.get("status", "gone"))

    async def failed(self, attempt: Attempt, *, party: str, why: str) -> None:
        """One side did not come. In the middle of a conversation the caller's leg decides."""
        if attempt.state != "connecting":
            return
        if party == "agent":
            await self._contacts.no_connect(attempt.handling, _WHY.get(why, "refused"))
            await self.drop(attempt.contact, attempt.handling)
        elif attempt.tries + 1 < attempt.most_tries:
            await self._contacts.postpone(attempt.handling)
        else:
            await self._contacts.end(
                attempt.workspace, attempt.contact, outcome="unreachable", by="system"
            )

    # The caller -----------------------------------------------------------------------------

    async def connect(self, handling: UUID) -> None:
        """The agent is in the room: bring the caller, or call them back."""
        attempt = await self._attempts.get(handling)
        if attempt is None or attempt.state != "connecting":
            if attempt is not None and attempt.state != "active":
                await self.drop(attempt.contact, handling)
            return
        legs = await self._legs.of_contact(attempt.contact)
        caller = next((leg for leg in legs if leg.party == "caller" and leg.open), None)
        if caller is None:
            if attempt.callback_to is not None:
                await self._call_back(attempt)
            return
        if caller.state == "ringing":
            return
        url = self._addresses.caller(attempt.contact, "connected", handling=handling)
        if not await self._provider.move(caller.call_sid, url):
            change = await self._legs.hear(caller.call_sid, Status("completed"))
            if change is not None:
                await self.gone(change[1])

    async def _call_back(self, attempt: Attempt) -> None:
        if not await self._contacts.callback_stands(attempt.contact):
            return
        try:
            placed = await self._dialling.person(attempt)
        except Refusal as refusal:
            log.error("voice.callback_refused", why=refusal.why)
            until = await self._contacts.tomorrow(attempt.contact)
            await self._contacts.postpone(attempt.handling, until=until)
            return
        if not placed:
            await self.failed(attempt, party="caller", why="failed")

    async def look_for(self, leg: Leg) -> None:
        """A call that was asked for without an answer: look for it before repeating."""
        if await self._dialling.find(leg) or leg.handling_id is None:
            return
        if leg.party == "agent":
            await self.reach_out(leg.handling_id)
        elif (attempt := await self._attempts.get(leg.handling_id)) is not None:
            await self._call_back(attempt)

    async def hold(self, workspace: UUID, agent: UUID, contact: UUID, *, on: bool) -> None:
        """The agent puts the caller on hold, or takes them back. Raises Conflict, NotFound."""
        row = await self._pool.fetchrow(_HELD, workspace, contact, agent)
        if row is None:
            raise NotFound("You have no such call.")
        if row["call_sid"] is None:
            raise Conflict("The caller is not connected.", state=row["state"])
        url = self._addresses.plain("hold", contact=contact)
        if not await self._provider.hold(row["conference"], row["call_sid"], on=on, hold_url=url):
            raise Conflict("The caller is gone.", state="ended")

    async def _over(self, contact: Contact, handling: Handling | None) -> None:
        """Ended, released or escalated: nobody stays in a room, or in a loop, for nothing."""
        if contact.channel == "voice":
            self.soon(self.drop(contact.id, handling.id if handling else None))
            if contact.state == "ended" and contact.ended_by != "person":
                self.soon(self.recall(contact.id, handling))

    async def _led(self, contact: Contact, _: Handling | None) -> None:
        """A caller in the loop is to hear now what is offered instead."""
        if contact.channel == "voice":
            self.soon(self.recall(contact.id, None))

    async def drop(self, contact: UUID, handling: UUID | None = None) -> None:
        """Hang up the agents' legs (of this handling) and callbacks that still ring.

        The caller's Dial then ends, and its address has the answer for what is next.
        """
        for leg in await self._legs.of_contact(contact):
            if not leg.open or leg.call_sid.startswith(INTENDED):
                continue  # one without a SID is looked for, and hung up, by the sweep
            if handling is not None and leg.handling_id not in (handling, None):
                continue
            if leg.party == "agent" or (leg.party == "caller" and leg.state == "ringing"):
                try:
                    await self._provider.hang_up(leg.call_sid)
                except (Unanswered, Refused) as error:
                    log.warning("voice.not_hung_up", error=repr(error))

    async def recall(self, contact: UUID, handling: Handling | None) -> None:
        """Send a caller who is in the loop to the answer for the new state.

        handling: the one that ended: its caller comes out of the room by themselves.
        """
        if handling is not None and handling.connected_at is not None:
            return
        for leg in await self._legs.of_contact(contact):
            if leg.party == "caller" and leg.state == "live":
                await self.send_back(leg)

    async def send_back(self, leg: Leg) -> None:
        """Let a caller's call ask for the answer to its present state."""
        await self._provider.move(leg.call_sid, self._addresses.caller(leg.contact_id, "wait"))


_HELD = """
select h.state, l.call_sid, l.data->>'conference' as conference
from handling h
left join leg l on l.contact_id = h.contact_id and l.party = 'caller' and l.state = 'joined'
where h.workspace_id = $1 and h.contact_id = $2 and h.agent_id = $3 and h.state = 'active'
"""

# why no agent came, for the timeline, by how Twilio says that the call ended
_WHY = {"busy": "busy", "no-answer": "timeout", "failed": "failed"}
