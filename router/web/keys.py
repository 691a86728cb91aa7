"""Names of what `router/app.py` makes and the web modules use: `request.app[POOL]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import asyncpg

    from router.channels.contacts import Contacts
    from router.channels.conversation import Conversations
    from router.channels.video import Videos
    from router.identity.accounts import Accounts
    from router.identity.experts import Experts
    from router.identity.hashing import Hasher
    from router.identity.invitations import Invitations
    from router.identity.people import People
    from router.identity.sessions import Sessions
    from router.policy.versions import Versions
    from router.queues.engine import Engine
    from router.ratings.store import Ratings
    from router.settings import Settings
    from router.statistics.reading import Statistics
    from router.store.hub import Hub
    from router.store.live import LiveStore
    from router.web.clock import LiveClock
    from router.web.desks import Desks
    from router.web.floor_view import Floors
    from router.web.leases import Leases
    from router.web.timelines import Timelines

SETTINGS: web.AppKey[Settings] = web.AppKey("settings")
POOL: web.AppKey[asyncpg.Pool[asyncpg.Record]] = web.AppKey("pool")
LIVE: web.AppKey[LiveStore] = web.AppKey("live")
HUB: web.AppKey[Hub] = web.AppKey("hub")
ENGINE: web.AppKey[Engine] = web.AppKey("engine")
CONTACTS: web.AppKey[Contacts] = web.AppKey("contacts")
CONVERSATIONS: web.AppKey[Conversations] = web.AppKey("conversations")
VIDEOS: web.AppKey[Videos] = web.AppKey("videos")
HASHER: web.AppKey[Hasher] = web.AppKey("hasher")
SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions")
RATINGS: web.AppKey[Ratings] = web.AppKey("ratings")
PEOPLE: web.AppKey[People] = web.AppKey("people")
ACCOUNTS: web.AppKey[Accounts] = web.AppKey("accounts")
INVITATIONS: web.AppKey[Invitations] = web.AppKey("invitations")
EXPERTS: web.AppKey[Experts] = web.AppKey("experts")
POLICY: web.AppKey[Versions] = web.AppKey("policy")

STATISTICS: web.AppKey[Statistics] = web.AppKey("statistics")

CLOCK: web.AppKey[LiveClock] = web.AppKey("clock")
DESKS: web.AppKey[Desks] = web.AppKey("desks")
LEASES: web.AppKey[Leases] = web.AppKey("leases")
TIMELINES: web.AppKey[Timelines] = web.AppKey("timelines")
FLOORS: web.AppKey[Floors] = web.AppKey("floors")
