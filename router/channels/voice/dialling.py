"""Calls that we place: to an agent's telephone, and to the person who asked for a callback.

A leg is written down under the name of its attempt before Twilio is asked for it. So two
processes do not place the same call, and a request that got no answer is looked for
(`find`) before it is repeated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from router.channels.voice.attempts import Attempt, Attempts
from router.channels.voice.call import Progress
from router.channels.voice.documents import Addresses
from router.channels.voice.legs import Leg, Party
from router.channels.voice.provider import Provider, Refused
from router.channels.voice.store import Legs, intended

log = structlog.get_logger()

RING_SECONDS = 15
"""How long an agent's telephone may ring."""
CALLBACK_RING_SECONDS = 30
CLOCKS_APART = timedelta(seconds=30)


EnterCost = Callable[[UUID, str, str], Awaitable[str | None]]
"""Enter a call into the ledger: contact, the leg's name, number; why it may not be placed."""


class Refusal(Exception):
    """The call is not placed. why: as in the ledger."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class Dialling:
    """Places calls, each once."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        legs: Legs,
        provider: Provider,
        addresses: Addresses,
        enter_cost: EnterCost,
    ):
        self._enter_cost = enter_cost
        self._attempts = attempts
        self._legs = legs
        self._provider = provider
        self._addresses = addresses

    async def agent(self, handling: UUID) -> bool:
        """Call the agent's telephone; a softphone dials in by itself. False: refused."""
        attempt = await self._attempts.get(handling)
        if attempt is None or attempt.state != "connecting" or attempt.reach == "softphone":
            return True
        return await self._dial(
            attempt,
            "agent",
            1,
            attempt.reach_address or "",
            url=self._addresses.agent(handling, "whisper"),
            ring_seconds=RING_SECONDS,
        )

    async def person(self, attempt: Attempt) -> bool:
        """Call the person back, for an agent who is in the room. False: Twilio refused.

        Raises Refusal when the call would cost more than the rules allow.
        """
        if attempt.callback_to is None or attempt.state != "connecting":
            return True
        name = intended(attempt.handling, "caller", attempt.tries + 1)
        why = await self._enter_cost(attempt.contact, name, attempt.callback_to)
        if why is not None:
            raise Refusal(why)
        return await self._dial(
            attempt,
            "caller",
            attempt.tries + 1,
            attempt.callback_to,
            url=self._addresses.caller(attempt.contact, "connected", handling=attempt.handling),
            ring_seconds=CALLBACK_RING_SECONDS,
        )

    async def _dial(
        self, attempt: Attempt, party: Party, number: int, to: str, *, url: str, ring_seconds: int
    ) -> bool:
        name = intended(attempt.handling, party, number)
        data = {
            "outbound": True,
            "number": attempt.callback_to,
            # past the greeting of those who call us
            "progress": msgspec.to_builtins(Progress(turn=2)),
        }
        if not await self._legs.intend(
            name,
            attempt.workspace,
            attempt.contact,
            party=party,
            handling=attempt.handling,
            data=data if party == "caller" else {},
        ):
            return True  # asked for already; the sweep asks Twilio what became of it
        try:
            call_sid = await self._provider.call(
                to,
                attempt.entry.address,
                url=url,
                status_callback=self._addresses.plain("status", leg=name),
                ring_seconds=ring_seconds,
            )
        except Refused as error:
            log.warning("voice.call_refused", code=error.vendor_code, party=party)
            await self._legs.forget(name)
            return False
        await self._legs.adopt(name, call_sid)
        return True

    async def find(self, leg: Leg) -> bool:
        """What became of a call that was asked for without an answer. False: nothing.

        Found, it is adopted, or hung up where nobody needs it any more.
        """
        attempt = await self._attempts.get(leg.handling_id)
        if attempt is None:
            return True
        to = attempt.reach_address if leg.party == "agent" else attempt.callback_to
        since = (leg.heard_at or datetime.now(UTC)) - CLOCKS_APART
        known = {each.call_sid for each in await self._legs.of_contact(leg.contact_id)}
        found = await self._provider.find(to or "", attempt.entry.address, since=since)
        mine = next((call_sid for call_sid in found if call_sid not in known), None)
        if mine is None:
            await self._legs.forget(leg.call_sid)
            return False
        await self._legs.adopt(leg.call_sid, mine)
        if attempt.state not in ("connecting", "active"):
            await self._provider.hang_up(mine)
        return True
