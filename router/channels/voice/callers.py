"""The caller's side: what comes in, what was keyed, and the answer that all of it gets.

Every webhook does the same three things: apply what it says, once; make the contact agree
with what the caller has chosen (`settling.py`); answer for the state that there is now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import asyncpg
import msgspec
import structlog
from msgspec.structs import replace as with_

from router.channels.arrivals import Arrival
from router.channels.voice import dialogue, documents, twiml
from router.channels.voice.call import Entry
from router.channels.voice.documents import Addresses
from router.channels.voice.legs import Leg
from router.channels.voice.prompts import DEFAULT_LANGUAGE
from router.channels.voice.settling import Settling, now_ms
from router.channels.voice.store import Legs, Loaded
from router.identity.numbers import normalise
from router.identity.people import People

if TYPE_CHECKING:
    from router.channels.contacts import Contacts
    from router.channels.conversation import Conversations

log = structlog.get_logger()

FULLY_ATTESTED = "TN-Validation-Passed-A"
"""The one value of StirVerstat that vouches for the number: `-Diverted` verifies the diverter."""
LANGUAGES_KEPT = 20_000


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
        addresses: Addresses,
        settling: Settling,
    ):
        self._pool = pool
        self._contacts = contacts
        self._conversations = conversations
        self._people = people
        self._legs = legs
        self._addresses = addresses
        self._settling = settling
        self._languages: dict[str, str] = {}

    async def incoming(self, call: Incoming) -> str:
        """The contact is committed before the caller hears that they are with us."""
        leg = await self._legs.get(call.call_sid)
        if leg is None:
            entry = await self._legs.entry(normalise(call.dialled, "US") or call.dialled)
            if entry is None:
                log.warning("voice.no_entry_point")
                return documents.refuse()
            self._remember(call.dialled, entry.language)
            leg = await self._arrive(call, entry)
        return await self.now(leg.contact_id, call.call_sid)

    async def _arrive(self, call: Incoming, entry: Entry) -> Leg:
        number = normalise(call.caller, entry.country)
        attested = call.attestation == FULLY_ATTESTED
        identity = await self._people.by_phone(entry.workspace_id, number, attested=attested)
        progress = dialogue.begin(
            entry, identified=identity.assurance > 0, speaks=identity.languages
        )
        contact = await self._contacts.arrive(
            Arrival(
                workspace_id=entry.workspace_id,
                channel="voice",
                entry_point_id=entry.id,
                provider_key=f"voice:{call.call_sid}",
                identity=identity,
                language=progress.language or entry.language,
            ),
            line=False,  # settling puts it there when nothing is left to ask
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
        return await self._answer(await self._settling.load(contact, call_sid))

    async def pressed(
        self, contact: UUID, call_sid: str, asked: str, turn: int | None, keys: str | None
    ) -> str:
        """Keys, or their absence, in answer to this question and turn."""
        loaded = await self._settling.load(contact, call_sid)
        if turn is None:
            return await self._answer(loaded)
        after = dialogue.press(loaded.call, asked, turn, keys)
        if after.step == "checking" and after != loaded.call.progress:
            after = with_(after, at_ms=now_ms())
        if after.step == "times" and not after.times:
            after = dialogue.offered(after, await self._settling.times(loaded))
        if after != loaded.call.progress:
            kept = await self._legs.keep(call_sid, loaded.call.progress, after)
            loaded = await self._settling.load(contact, call_sid)
            if kept and after.step == "checking":
                await self._settling.check(loaded, keys or "")
                loaded = await self._settling.load(contact, call_sid)
        return await self._answer(loaded)

    async def connected(self, contact: UUID, call_sid: str, handling: UUID) -> str:
        """The call was moved, or a callback answered: it is on its way into the room."""
        loaded = await self._settling.load(contact, call_sid)
        connecting = loaded.call.connecting
        arrived = connecting is not None and connecting.handling == handling
        if arrived and dialogue.question(loaded.call) == "room":
            await self._contacts.connected(handling)
        return await self._answer(loaded)

    async def done(self, contact: UUID, call_sid: str, handling: UUID) -> str:
        """The caller came out of the room."""
        loaded = await self._settling.load(contact, call_sid)
        connecting = loaded.call.connecting
        if connecting is not None and connecting.handling == handling:
            await self._legs.mark(call_sid, left=str(handling))
            if loaded.reach != "softphone":
                # a telephone has no other way to say that the conversation is over
                await self._settling.end(
                    loaded, outcome="completed", by="agent", by_id=loaded.agent
                )
            loaded = await self._settling.load(contact, call_sid)
        return await self._answer(loaded)

    async def lost(self, contact: UUID, call_sid: str, handling: UUID) -> str:
        """Out of the room, and the desk has not said that it is over: the agent was lost."""
        loaded = await self._settling.load(contact, call_sid)
        connecting = loaded.call.connecting
        if connecting is not None and connecting.handling == handling and connecting.left:
            await self._contacts.release(handling, "lost")
            now = loaded.call.progress
            after = with_(now, turn=now.turn + 1, step="line", said="lost")
            await self._legs.keep(call_sid, now, after)
            loaded = await self._settling.load(contact, call_sid)
        return await self._answer(loaded)

    async def recorded(self, contact: UUID, call_sid: str, message: Message | None) -> str:
        """The caller has left a message: in line for an agent, once."""
        loaded = await self._settling.load(contact, call_sid)
        if message is not None and dialogue.question(loaded.call) == "voicemail":
            await self._contacts.leave_message(
                contact,
                {
                    "recording": message.sid,
                    "address": message.address,
                    "seconds": message.seconds,
                },
            )
            loaded = await self._settling.load(contact, call_sid)
        elif message is not None and loaded.call.state == "ended":
            log.error("voice.message_too_late", contact=str(contact), recording=message.sid)
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
            await self._settling.end(loaded, outcome=outcome, by="person")
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
            return documents.hold(DEFAULT_LANGUAGE, None)
        return documents.hold(row["language"], Entry.of(row["entry"], row["country"]))

    def language_of(self, known_as: str | None) -> str:
        """The language of a contact (its id) or number, without asking any store."""
        return self._languages.get(known_as or "", DEFAULT_LANGUAGE)

    def _remember(self, known_as: str, language: str) -> None:
        if len(self._languages) >= LANGUAGES_KEPT:
            self._languages.clear()  # only apologies speak from it
        self._languages[known_as] = language

    # What all of them rest on -----------------------------------------------------------

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
