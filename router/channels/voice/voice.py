"""The phone of one process: its parts, made once, and found in the application by `VOICE`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
from aiohttp import web
from twilio.request_validator import RequestValidator

from router.channels.voice.agents import Agents
from router.channels.voice.attempts import Attempts
from router.channels.voice.callers import Callers
from router.channels.voice.connections import Connections
from router.channels.voice.dialling import Dialling
from router.channels.voice.documents import Addresses
from router.channels.voice.legs import Event, Party, Status
from router.channels.voice.provider import Provider
from router.channels.voice.settling import Rate, Settling
from router.channels.voice.store import Legs
from router.identity.people import People
from router.settings import Twilio

if TYPE_CHECKING:
    from router.channels.contacts import Contacts
    from router.channels.conversation import Conversations


class Voice:
    """Telephony. Made inside a running loop; `close` ends its connections.

    rate: keeps a rating by keypad. public_url: where Twilio reaches us, without a slash.
    """

    def __init__(
        self,
        *,
        account: Twilio,
        public_url: str,
        pool: asyncpg.Pool[asyncpg.Record],
        contacts: Contacts,
        conversations: Conversations,
        people: People,
        rate: Rate,
        provider: Provider | None = None,
    ):
        self.account = account
        self.addresses = Addresses(public_url)
        self.validator = RequestValidator(account.auth_token)
        self.provider = provider or Provider(account)
        self.legs = Legs(pool)
        self.contacts = contacts
        self.callers = Callers(
            pool=pool,
            contacts=contacts,
            conversations=conversations,
            people=people,
            legs=self.legs,
            addresses=self.addresses,
            settling=Settling(contacts=contacts, people=people, legs=self.legs, rate=rate),
        )
        attempts = Attempts(pool)
        self.agents = Agents(attempts=attempts, legs=self.legs, addresses=self.addresses)
        self.connections = Connections(
            pool=pool,
            contacts=contacts,
            callers=self.callers,
            attempts=attempts,
            dialling=Dialling(
                attempts=attempts,
                legs=self.legs,
                provider=self.provider,
                addresses=self.addresses,
                enter_cost=contacts.enter_cost,
            ),
            legs=self.legs,
            provider=self.provider,
            addresses=self.addresses,
        )

    async def close(self) -> None:
        """Let what is under way end, then the connections to Twilio."""
        await self.connections.close()
        await self.provider.close()

    async def hear(self, call_sid: str, event: Event) -> None:
        """What Twilio reports of a leg: applied once, with all that follows from it."""
        change = await self.legs.hear(call_sid, event)
        if change is not None:
            await self.connections.heard(*change)
        elif isinstance(event, Status) and event.last:
            await self.callers.never_began(call_sid)

    async def adopt(self, call_sid: str, handling: UUID, party: Party) -> None:
        """A call that we asked for speaks to us before its request was answered."""
        for name in await self.legs.intended_for(handling, party):
            await self.legs.adopt(name, call_sid)

    async def hold(self, workspace: UUID, agent: UUID, contact: UUID, *, on: bool) -> None:
        """The agent's caller on hold, or back. Raises NotFound, Conflict, Unavailable."""
        await self.connections.hold(workspace, agent, contact, on=on)


VOICE: web.AppKey[Voice] = web.AppKey("voice")
