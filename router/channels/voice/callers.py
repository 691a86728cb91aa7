"""The caller's side: what comes in, what was keyed, and the answer that all of it gets.

Every webhook does the same three things: apply what it says, once; make the contact agree
with what the caller has chosen (`_settle`, so that a process that died in between is made up
for by the next webhook); answer for the state that there is now.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import asyncpg
import msgspec
import structlog
from msgspec.structs import replace as with_

from router.channels.arrivals import Arrival, Closed
from router.channels.records import By, Outcome
from router.channels.voice import dialogue, twiml
from router.channels.voice.call import Entry
from router.channels.voice.legs import Leg
from router.channels.voice.prompts import DEFAULT_LANGUAGE
from router.channels.voice.store import Legs, Loaded
from router.errors import Conflict, NotFound, TooMany
from router.identity.numbers import normalise
from router.identity.people import Identity, People

if TYPE_CHECKING:
    from router.channels.contacts import Contacts
    from router.channels.conversation import Conversations

log = structlog.get_logger()

FULLY_ATTESTED = "TN-Validation-Passed-A"
"""The one value of StirVerstat that vouches for the number: `-Diverted` verifies the diverter."""
CHECK_MS = 10_000
"""A PIN's check that has taken longer was lost with its process."""

LANGUAGES_KEPT = 20_000

Rate = Callable[[UUID, UUID, int], Awaitable[None]]
"""Keep the person's rating: workspace, handling, stars."""


@dataclass(frozen=True)
class Incoming:
    """A new call, as Twilio announces it. caller: as presented, maybe withheld."""

    call_sid: str
    dialled: str
    caller: str | None
    attestation: str | None


@dataclass(frozen=True)
class Message:
    """A voicemail. address: of the recording, for staff."""

    sid: str
    address: str
    seconds: int


class Callers:
    """Answers callers. Every method gives TwiML and may be called again for the same webhook."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool[asyncpg.Record],
        contacts: Contacts,
        conversations: Conversations,
        people: People,
        legs: Legs,
        addresses: twiml.Addresses,
        rate: Rate,
    ):
        self._pool = pool
        self._contacts = contacts
        self._conversations = conversations
        self._people = people
        self._legs = legs
        self._addresses = addresses
        self._rate = rate
        self._languages: dict[str, str] = {}

    async def incoming(self, call: Incoming) -> str:
        """The contact is committed before the caller hears that they are with us."""
        leg = await self._legs.get(call.call_sid)
        if leg is None:
            entry = await self._legs.entry(normalise(call.dialled, "US") or call.dialled)
            if entry is None:
                log.warning("voice.no_entry_point")
                return twiml.refuse()
            self._remember(call.dialled, entry.language)
            leg = await self._arrive(call, entry)
        return await self.now(leg.contact_id, call.call_sid)

    async def _arrive(self, call: Incoming, entry: Entry) -> Leg:
        number = normalise(call.caller, entry.country)
        attested = call.attestation == FULLY_ATTESTED
        identity = await self._people.by_phone(entry.workspace_id, number, attested=attested)
        progress = dialogue.begin(entry, identified=identity.assurance > 0)
        contact = await self._contacts.arrive(
            Arrival(
                workspace_id=entry.workspace_id,
                channel="voice",
                entry_point_id=entry.id,
                provider_key=f"voice:{call.call_sid}",
                identity=identity,
                language=entry.language,
            ),
            line=False,  # `_settle` puts it there when nothing is left to ask
        )
        await self._legs.begin(
            call.call_sid,
            entry.workspace_id,
            contact.id,
            party="caller",
            state="live",
            data={"progress": msgspec.to_builtins(progress), "number": number},
        )
        leg = await self._legs.get(call.call_sid)
        assert leg is not None
        return leg

    async def now(self, contact: UUID, call_sid: str) -> str:
        """The answer for the present state; nothing else changes."""
        return await self._answer(await self._loaded(contact, call_sid))

    async def pressed(
        self, contact: UUID, call_sid: str, asked: str, turn: int | None, keys: str | None
    ) -> str:
        """Keys, or their absence, in answer to this question and turn."""
        loaded = await self._loaded(contact, call_sid)
        if turn is None:
            return await self._answer(loaded)
        after = dialogue.press(loaded.call, asked, turn, keys)
        if after.step == "checking" and after != loaded.call.progress:
            after = with_(after, at_ms=_now_ms())
        if after != loaded.call.progress:
            kept = await self._legs.keep(call_sid, loaded.call.progress, after)
            loaded = await self._loaded(contact, call_sid)
            if kept and after.step == "checking":
                await self._check(loaded, keys or "")
                loaded = await self._loaded(contact, call_sid)
        return await self._answer(loaded)

    async def connected(self, contact: UUID, call_sid: str, handling: UUID) -> str:
        """The call was moved, or a callback answered: it is on its way into the room."""
        loaded = await self._loaded(contact, call_sid)
        connecting = loaded.call.connecting
        if dialogue.question(loaded.call) != "room" or connecting is None:
            return await self._answer(loaded)
        answer = await self._answer(loaded)
        if connecting.handling == handling and not connecting.caller_in:
            await self._legs.mark(call_sid, sent=str(handling))
            await self._contacts.connected(handling)
        return answer

    async def done(self, contact: UUID, call_sid: str, handling: UUID) -> str:
        """The caller came out of the room."""
        loaded = await self._loaded(contact, call_sid)
        connecting = loaded.call.connecting
        if connecting is not None and connecting.handling == handling:
            await self._legs.mark(call_sid, left=str(handling))
            if loaded.reach != "softphone":
                # a telephone has no other way to say that the conversation is over
                await self._end(loaded, outcome="completed", by="agent", by_id=loaded.agent)
            loaded = await self._loaded(contact, call_sid)
        return await self._answer(loaded)

    async def lost(self, contact: UUID, call_sid: str, handling: UUID) -> str:
        """Out of the room, and the desk has not said that it is over: the agent was lost."""
        loaded = await self._loaded(contact, call_sid)
        connecting = loaded.call.connecting
        if connecting is not None and connecting.handling == handling and connecting.left:
            await self._contacts.release(handling, "lost")
            now = loaded.call.progress
            after = with_(now, turn=now.turn + 1, step="line", said="lost")
            await self._legs.keep(call_sid, now, after)
            loaded = await self._loaded(contact, call_sid)
        return await self._answer(loaded)

    async def recorded(self, contact: UUID, call_sid: str, message: Message | None) -> str:
        """The caller has left a message: staff find it in the timeline, once."""
        loaded = await self._loaded(contact, call_sid)
        now = loaded.call.progress
        if message is not None and dialogue.question(loaded.call) == "voicemail":
            after = with_(now, turn=now.turn + 1, step="recorded")
            async with self._pool.acquire() as conn, conn.transaction():
                if await self._legs.keep(call_sid, now, after, conn=conn):
                    await self._conversations.note(
                        conn,
                        loaded.leg.workspace_id,
                        contact,
                        "voicemail",
                        {
                            "recording": message.sid,
                            "address": message.address,
                            "seconds": message.seconds,
                        },
                        visible="staff",
                        author="person",
                    )
            loaded = await self._loaded(contact, call_sid)
        return await self._answer(loaded)

    async def hung_up(self, leg: Leg) -> Literal["unreached"] | None:
        """The caller's leg is over: what that makes of the contact. Repeats change nothing.

        unreached: a callback that nobody answered, for the connection to try again.
        """
        loaded = await self._legs.load(leg.call_sid, leg.contact_id)
        if loaded is None:
            return None
        outcome = dialogue.hung_up(loaded.call)
        if outcome == "unreached":
            return "unreached"
        if outcome is not None:
            await self._end(loaded, outcome=outcome, by="person")
        return None

    async def never_began(self, call_sid: str) -> None:
        """A call that ended before its leg was kept (its first webhook died half-way)."""
        row = await self._pool.fetchrow(
            # by workspace, for the index begins with it
            "select c.workspace_id, c.id from workspace w join contact c"
            " on c.workspace_id = w.id and c.provider_key = $1 where c.state <> 'ended'",
            f"voice:{call_sid}",
        )
        if row is not None:
            await self._contacts.end(
                row["workspace_id"], row["id"], outcome="abandoned", by="person"
            )

    async def on_hold(self, contact: UUID | None) -> str:
        """What the caller hears whom the agent has put on hold."""
        row = await self._pool.fetchrow(
            "select to_jsonb(e) as entry, w.country, c.language from contact c"
            " join entry_point e on e.id = c.entry_point_id"
            " join workspace w on w.id = c.workspace_id where c.id = $1",
            contact,
        )
        if row is None:
            return twiml.hold(DEFAULT_LANGUAGE, None)
        return twiml.hold(row["language"], Entry.of(row["entry"], row["country"]))

    def language_of(self, known_as: str | None) -> str:
        """The language of a contact (its id) or number, without asking any store."""
        return self._languages.get(known_as or "", DEFAULT_LANGUAGE)

    def _remember(self, known_as: str, language: str) -> None:
        if len(self._languages) >= LANGUAGES_KEPT:
            self._languages.clear()  # only apologies speak from it
        self._languages[known_as] = language

    # What all of them rest on -----------------------------------------------------------

    async def _loaded(self, contact: UUID, call_sid: str) -> Loaded:
        loaded = await self._legs.load(call_sid, contact)
        if loaded is None:
            raise NotFound("There is no such call.")
        if await self._settle(loaded):
            loaded = await self._legs.load(call_sid, contact)
            assert loaded is not None
        return loaded

    async def _answer(self, loaded: Loaded) -> str:
        call = loaded.call
        self._remember(str(call.contact), call.spoken_language)
        await self._legs.alive(loaded.leg.call_sid)
        if call.state == "waiting" and dialogue.question(call) == "wait":
            contact = await self._contacts.get(loaded.leg.workspace_id, call.contact)
            try:
                standing = await self._contacts.standing(contact, told=True)
            except Exception as error:  # the live store is away: the line holds without figures
                log.warning("voice.no_standing", error=repr(error))
            else:
                call = replace(
                    call,
                    position=standing.position,
                    wait_s=standing.expected_wait_s,
                    servable=standing.servable,
                )
        return twiml.answer(call, self._addresses)

    async def _settle(self, loaded: Loaded) -> bool:
        """Make the contact agree with what the caller has chosen. True: something changed."""
        call, progress = loaded.call, loaded.call.progress
        match call.state, progress.step:
            case "arriving", "line" if not call.callback_to:
                await self._enter(loaded)
            case "arriving", "checking" if (progress.at_ms or 0) < _now_ms() - CHECK_MS:
                again = with_(progress, turn=progress.turn + 1, step="who", at_ms=None)
                await self._legs.keep(loaded.leg.call_sid, progress, again)
            case "waiting", "callback" if not call.callback_to and progress.to:
                await self._call_back(loaded, progress.to)
            case "waiting", "voicemail":
                await self._end(loaded, outcome="voicemail", by="person")
            case "ended", "rated" if call.rateable and progress.stars and loaded.handling:
                await self._rate(loaded.leg.workspace_id, loaded.handling, progress.stars)
            case _:
                return False
        return True

    async def _enter(self, loaded: Loaded) -> None:
        progress = loaded.call.progress
        if progress.language or progress.topic:
            await self._contacts.identify(
                loaded.call.contact,
                Identity(loaded.person, loaded.role, loaded.assurance),
                language=progress.language,
                topic=progress.topic,
            )
        try:
            await self._contacts.enter(loaded.call.contact)
        except Closed:
            await self._end(loaded, outcome="closed", by="system")

    async def _call_back(self, loaded: Loaded, to: str) -> None:
        """Races with an agent's accept; whoever loses goes on as if nothing had been asked."""
        try:
            await self._contacts.callback(loaded.call.contact, to)
        except Conflict:
            await self._step_back(loaded)

    async def _step_back(self, loaded: Loaded) -> None:
        now = loaded.call.progress
        after = with_(now, turn=now.turn + 1, step="line", to=None)
        await self._legs.keep(loaded.leg.call_sid, now, after)

    async def _check(self, loaded: Loaded, pin: str) -> None:
        """The claim on `checking` is ours: two equal webhooks must not count as two tries."""
        call = loaded.call
        throttled, identity = False, None
        try:
            identity = await self._people.by_pin(
                loaded.leg.workspace_id,
                call.progress.expert_number or "",
                pin,
                caller=call.number,
            )
        except TooMany:
            throttled = True
        if identity is not None:
            await self._contacts.identify(call.contact, identity, language=call.progress.language)
        after = dialogue.checked(call, right=identity is not None, throttled=throttled)
        await self._legs.keep(loaded.leg.call_sid, call.progress, after)

    async def _end(
        self, loaded: Loaded, *, outcome: Outcome, by: By, by_id: UUID | None = None
    ) -> None:
        try:
            await self._contacts.end(
                loaded.leg.workspace_id, loaded.call.contact, outcome=outcome, by=by, by_id=by_id
            )
        except Conflict:
            await self._step_back(loaded)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
