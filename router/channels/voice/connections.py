"""Bringing an agent and a caller together: the agent's leg first, then the caller is moved.

Accepting only says who; from then on the legs decide. Everything here may be done twice: by
the process that accepted, and by the sweep of any other when that one has died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import msgspec
import structlog
from twilio.twiml.voice_response import VoiceResponse

from router.channels.voice import twiml
from router.channels.voice.call import Entry, Progress
from router.channels.voice.callers import Callers
from router.channels.voice.legs import Leg, Status
from router.channels.voice.prompts import Prompts
from router.channels.voice.provider import Provider, Refused, Unanswered
from router.channels.voice.store import INTENDED, Legs, intended
from router.errors import Conflict, NotFound
from router.queues import policy

if TYPE_CHECKING:
    from router.channels.contacts import Contacts
    from router.channels.records import Contact, Handling

log = structlog.get_logger()

RING_SECONDS = 15
"""How long an agent's telephone, or browser, may take to answer."""
PRESS_SECONDS = 10
"""How long an agent who has answered a telephone may take to press 1."""
CALLBACK_RING_SECONDS = 30


@dataclass(frozen=True)
class Attempt:
    """A handling as its legs need it. room: the conference; also the offer's id."""

    handling: UUID
    state: str
    room: str
    workspace: UUID
    contact: UUID
    agent: UUID
    reach: str
    reach_address: str | None
    languages: tuple[str, ...]
    callback_to: str | None
    tries: int
    most_tries: int
    entry: Entry

    @property
    def prompts(self) -> Prompts:
        """For the agent's ear."""
        language = self.languages[0] if self.languages else self.entry.language
        return Prompts(language, self.entry.prompts)


class Connections:
    """Agents' legs, and what becomes of both sides when one of them comes, fails or goes."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool[asyncpg.Record],
        contacts: Contacts,
        callers: Callers,
        legs: Legs,
        provider: Provider,
        addresses: twiml.Addresses,
    ):
        self._pool = pool
        self._contacts = contacts
        self._callers = callers
        self._legs = legs
        self._provider = provider
        self._addresses = addresses
        self._tasks: set[asyncio.Task[None]] = set()
        contacts.on("accepted", self._accepted)
        contacts.on("ended", self._over)
        contacts.on("released", self._over)
        contacts.on("escalated", self._over)

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

    async def close(self) -> None:
        """Let what is under way come to its end, within its own time limits."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    async def attempt(self, handling: UUID) -> Attempt | None:
        row = await self._pool.fetchrow(_ATTEMPT, handling)
        if row is None:
            return None
        return Attempt(
            handling=handling,
            state=row["state"],
            room=row["offer_id"],
            workspace=row["workspace_id"],
            contact=row["contact_id"],
            agent=row["agent_id"],
            reach=row["reach"],
            reach_address=row["reach_address"],
            languages=tuple(row["languages"]),
            callback_to=row["callback_to"],
            tries=row["callback_tries"],
            most_tries=policy.parse(row["policy"]).callback_tries,
            entry=Entry.of(row["entry"], row["country"]),
        )

    # The agent's leg ----------------------------------------------------------------------

    async def _accepted(self, contact: Contact, handling: Handling | None) -> None:
        if contact.channel == "voice" and handling is not None:
            self.soon(self.reach_out(handling.id))

    async def reach_out(self, handling: UUID) -> None:
        """Call the agent's telephone. A softphone dials in by itself."""
        attempt = await self.attempt(handling)
        if attempt is None or attempt.state != "connecting" or attempt.reach_address is None:
            return
        if attempt.reach == "softphone":
            return
        name = intended(handling, "agent", 1)
        if not await self._legs.begin(
            name,
            attempt.workspace,
            attempt.contact,
            party="agent",
            handling=handling,
        ):
            return  # asked for already; the sweep asks Twilio what became of it
        await self._dial(
            attempt,
            name,
            attempt.reach_address,
            url=self._addresses.agent(handling, "whisper"),
            ring_seconds=RING_SECONDS,
        )

    async def _dial(
        self, attempt: Attempt, name: str, to: str, *, url: str, ring_seconds: int
    ) -> None:
        try:
            call_sid = await self._provider.call(
                to,
                attempt.entry.address,
                url=url,
                status_callback=self._addresses.plain("status", leg=name),
                ring_seconds=ring_seconds,
            )
        except Refused as error:
            log.warning("voice.call_refused", code=error.vendor_code)
            await self._legs.forget(name)
            await self.failed(attempt, party=name.split(":")[2], why="failed")
            return
        await self._legs.adopt(name, call_sid)

    async def find_intended(self, leg: Leg) -> None:
        """A call that we asked for without getting an answer: look for it before repeating."""
        assert leg.handling_id is not None
        attempt = await self.attempt(leg.handling_id)
        if attempt is None:
            return
        to = attempt.reach_address if leg.party == "agent" else attempt.callback_to
        since = (leg.heard_at or datetime.now(UTC)) - timedelta(seconds=30)
        known = {each.call_sid for each in await self._legs.of_contact(leg.contact_id)}
        found = await self._provider.find(to or "", attempt.entry.address, since=since)
        mine = next((sid for sid in found if sid not in known), None)
        if mine is not None:
            await self._legs.adopt(leg.call_sid, mine)
            if attempt.state not in ("connecting", "active"):
                await self._provider.hang_up(mine)
            return
        await self._legs.forget(leg.call_sid)
        if attempt.state == "connecting":
            if leg.party == "agent":
                await self.reach_out(attempt.handling)
            else:
                await self._call_back(attempt)

    async def browser(self, call_sid: str, identity: str, handling: UUID | None) -> str:
        """An agent's softphone dials in for a handling. identity: the account's id, in hex."""
        attempt = await self.attempt(handling) if handling is not None else None
        if attempt is None or attempt.agent.hex != identity or attempt.reach != "softphone":
            return self._gone(None)
        return await self._enter_room(attempt, call_sid)

    async def whisper(self, call_sid: str, handling: UUID) -> str:
        """An agent's telephone was picked up, by the agent or by a mailbox."""
        attempt = await self.attempt(handling)
        if attempt is None or attempt.state != "connecting":
            return self._gone(attempt)
        await self._agent_leg(attempt, call_sid)
        document = VoiceResponse()
        gather = document.gather(
            input="dtmf",
            num_digits=1,
            action=self._addresses.agent(handling, "keys"),
            method="POST",
            timeout=4,
        )
        for _ in range(2):  # whoever is still raising the handset misses the first
            twiml.speak(gather, attempt.prompts, "whisper", name=attempt.entry.name)
        document.hangup()
        return str(document)

    async def pressed(self, call_sid: str, handling: UUID, keys: str | None) -> str:
        """Only a person presses 1."""
        attempt = await self.attempt(handling)
        if attempt is None:
            return self._gone(None)
        if keys != "1":
            return await self.whisper(call_sid, handling) if keys else self._gone(attempt)
        return await self._enter_room(attempt, call_sid)

    async def _enter_room(self, attempt: Attempt, call_sid: str) -> str:
        new = await self._agent_leg(attempt, call_sid)
        # a repeat of the webhook that brought this leg in hears the same; a leg that comes
        # when the conversation runs already would sit in a room of its own
        if attempt.state != "connecting" and (new or attempt.state != "active"):
            return self._gone(attempt)
        document = VoiceResponse()
        twiml.conference(document, self._addresses, attempt.room, label=f"agent-{attempt.handling}")
        return str(document)

    async def _agent_leg(self, attempt: Attempt, call_sid: str) -> bool:
        """Keep the leg; True: it is new."""
        new = await self._legs.begin(
            call_sid,
            attempt.workspace,
            attempt.contact,
            party="agent",
            state="live",
            handling=attempt.handling,
        )
        await self._legs.alive(call_sid)
        return new

    def _gone(self, attempt: Attempt | None) -> str:
        document = VoiceResponse()
        prompts = attempt.prompts if attempt else Prompts("en")
        twiml.speak(document, prompts, "whisper_gone")
        document.hangup()
        return str(document)

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
                attempt = await self.attempt(leg.handling_id)
                if attempt is not None:
                    await self.failed(attempt, party="caller", why=leg.data.get("status", ""))
        elif leg.party == "agent" and leg.handling_id is not None:
            attempt = await self.attempt(leg.handling_id)
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
        attempt = await self.attempt(handling)
        if attempt is None or attempt.state not in ("connecting", "active"):
            if attempt is not None:
                await self.drop(attempt.contact, handling)
            return
        legs = await self._legs.of_contact(attempt.contact)
        caller = next((leg for leg in legs if leg.party == "caller" and leg.open), None)
        if caller is None:
            if attempt.callback_to is not None:
                await self._call_back(attempt)
            return
        if caller.state == "ringing" or caller.data.get("sent") == str(handling):
            return  # being called, or on the way
        url = self._addresses.caller(attempt.contact, "connected", handling=handling)
        if not await self._provider.move(caller.call_sid, url):
            change = await self._legs.hear(caller.call_sid, Status("completed"))
            if change is not None:
                await self.gone(change[1])

    async def _call_back(self, attempt: Attempt) -> None:
        if attempt.callback_to is None or attempt.state != "connecting":
            return
        name = intended(attempt.handling, "caller", attempt.tries + 1)
        begun = await self._legs.begin(
            name,
            attempt.workspace,
            attempt.contact,
            party="caller",
            handling=attempt.handling,
            data={
                "outbound": True,
                "number": attempt.callback_to,
                "progress": msgspec.to_builtins(Progress(turn=2)),
            },
        )
        if not begun:
            return
        await self._dial(
            attempt,
            name,
            attempt.callback_to,
            url=self._addresses.caller(attempt.contact, "connected", handling=attempt.handling),
            ring_seconds=CALLBACK_RING_SECONDS,
        )

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
                self.soon(self.recall(contact.id, handling.id if handling else None))

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

    async def recall(self, contact: UUID, handling: UUID | None) -> None:
        """Send a caller who is in the loop to the answer for the new state.

        Whoever was sent to this handling's room comes out of it by themselves.
        """
        for leg in await self._legs.of_contact(contact):
            if leg.party == "caller" and leg.state == "live":
                if handling is not None and leg.data.get("sent") == str(handling):
                    continue
                await self._provider.move(leg.call_sid, self._addresses.caller(contact, "wait"))


_ATTEMPT = """
select h.state, h.offer_id, h.workspace_id, h.contact_id, h.agent_id, a.reach, a.reach_address,
       a.languages, c.callback_to, c.callback_tries, to_jsonb(e) as entry, w.country,
       q.policy
from handling h
join contact c on c.id = h.contact_id
join agent a on a.id = h.agent_id
join workspace w on w.id = h.workspace_id
join entry_point e on e.id = c.entry_point_id
join queue q on q.id = c.queue_id
where h.id = $1
"""
_HELD = """
select h.state, l.call_sid, l.data->>'conference' as conference
from handling h
left join leg l on l.contact_id = h.contact_id and l.party = 'caller' and l.state = 'joined'
where h.workspace_id = $1 and h.contact_id = $2 and h.agent_id = $3 and h.state = 'active'
"""

# why no agent came, for the timeline, by how Twilio says that the call ended
_WHY = {"busy": "busy", "no-answer": "timeout", "failed": "failed"}
