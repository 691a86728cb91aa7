"""Makes the contact agree with what the caller has chosen by keys.

A choice is kept first, with the leg, and acted upon after. So a process that dies in between
is made up for by the call's next webhook, and every action here may be asked for again.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec.structs import replace as with_

from router.channels.admission import Closed
from router.channels.records import By, Outcome
from router.channels.voice import dialogue
from router.channels.voice.store import Legs, Loaded
from router.errors import Conflict, Invalid, NotFound, TooMany
from router.identity.people import Identity, People

if TYPE_CHECKING:
    from router.channels.contacts import Contacts

STEPS = 3
"""One change may ask for the next: out of hours the line leads to times to choose from."""
CHECK_MS = 10_000
"""A PIN's check that has taken longer was lost with its process."""

Rate = Callable[[UUID, UUID, int], Awaitable[None]]
"""Keep the person's rating: workspace, handling, stars."""


class Settling:
    """Loads calls, settled."""

    def __init__(self, *, contacts: Contacts, people: People, legs: Legs, rate: Rate):
        self._contacts = contacts
        self._people = people
        self._legs = legs
        self._rate = rate

    async def load(self, contact: UUID, call_sid: str) -> Loaded:
        """The call, after everything that the caller has chosen was done. Raises NotFound."""
        loaded = await self._legs.load(call_sid, contact)
        if loaded is None:
            raise NotFound("There is no such call.")
        for _ in range(STEPS):
            if not await self._settle(loaded):
                break
            loaded = await self._legs.load(call_sid, contact)
            assert loaded is not None
        return loaded

    async def _settle(self, loaded: Loaded) -> bool:
        """Make the contact agree with what the caller has chosen. True: something changed."""
        call, progress = loaded.call, loaded.call.progress
        match call.state, progress.step:
            case "arriving", "line" if not call.callback_to and not call.leads:
                await self._enter(loaded)
            case "arriving", "line" if call.leads == "callback" and not call.callback_to:
                if progress.asked:
                    await self.end(loaded, outcome="closed", by="person")
                else:
                    again = with_(progress, turn=progress.turn + 1)
                    after = dialogue.offered(again, await self.times(loaded))
                    await self._legs.keep(loaded.leg.call_sid, progress, after)
            case "arriving", "checking" if (progress.at_ms or 0) < now_ms() - CHECK_MS:
                again = with_(progress, turn=progress.turn + 1, step="who", at_ms=None)
                await self._legs.keep(loaded.leg.call_sid, progress, again)
            case "waiting" | "arriving", "callback" if not call.callback_to and progress.to:
                await self._call_back(loaded, progress.to)
            case "waiting", "voicemail" if not call.message:
                await self._record(loaded)
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
            await self.end(loaded, outcome="closed", by="system")

    async def _call_back(self, loaded: Loaded, to: str) -> None:
        """Races with an agent's accept; whoever loses goes on as if nothing had been asked."""
        at_ms = loaded.call.progress.promised_ms
        at = datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else None
        try:
            await self._contacts.callback(loaded.call.contact, to, at=at)
        except Conflict:
            await self._step_back(loaded)
        except (Invalid, TooMany) as error:
            taken = isinstance(error, Invalid) and error.field == "at"
            await self._step_back(loaded, said="time_taken" if taken else "callback_refused")

    async def times(self, loaded: Loaded) -> list[int]:
        """The next times at which this caller can be called, in ms."""
        found = await self._contacts.offered_times(loaded.queue, most=dialogue.TIMES)
        return [int(at.timestamp() * 1000) for at in found]

    async def _record(self, loaded: Loaded) -> None:
        """Races with accept as well."""
        try:
            await self._contacts.begin_message(loaded.call.contact)
        except Conflict:
            await self._step_back(loaded)

    async def _step_back(self, loaded: Loaded, said: str | None = None) -> None:
        now = loaded.call.progress
        after = with_(
            now, turn=now.turn + 1, step="line", to=None, promised_ms=None, said=said, asked=True
        )
        await self._legs.keep(loaded.leg.call_sid, now, after)

    async def check(self, loaded: Loaded, pin: str) -> None:
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

    async def end(
        self, loaded: Loaded, *, outcome: Outcome, by: By, by_id: UUID | None = None
    ) -> None:
        try:
            await self._contacts.end(
                loaded.leg.workspace_id, loaded.call.contact, outcome=outcome, by=by, by_id=by_id
            )
        except Conflict:
            await self._step_back(loaded)


def now_ms() -> int:
    """Since 1970, by this machine's clock."""
    return time.time_ns() // 1_000_000
