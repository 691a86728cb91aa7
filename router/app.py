"""The only place where the parts are wired together.

`make_app` answers an application that opens its resources when it starts and closes them when
it ends, in the reverse order. Any number of processes may run it over the same stores.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import structlog
from aiohttp import web

from router.channels.chat import Silences
from router.channels.contacts import Contacts
from router.channels.conversation import Conversations
from router.channels.timers import Timers
from router.channels.video import Videos
from router.channels.voice import softphone, webhooks
from router.channels.voice.sweep import Sweep
from router.channels.voice.voice import VOICE, Voice
from router.errors import SecondlineError
from router.identity import tidying
from router.identity.accounts import Accounts
from router.identity.experts import Experts
from router.identity.hashing import Hasher
from router.identity.invitations import Invitations
from router.identity.people import People
from router.identity.sessions import Sessions
from router.policy.versions import Versions
from router.queues.engine import Engine
from router.queues.floor import Floor
from router.queues.interning import Kinds
from router.queues.outbox import Outbox
from router.queues.rebuild import Rebuilder, Watch
from router.ratings.store import Ratings
from router.settings import Settings
from router.statistics.reading import Statistics
from router.statistics.rollup import Rollup
from router.store.hub import Hub
from router.store.live import open_live
from router.store.truth import open_pool
from router.tasks import stop
from router.web import (
    admin,
    callbacks,
    contact_socket,
    contacts,
    desk,
    drain,
    errors,
    explanations,
    floor,
    guests,
    health,
    ice,
    keys,
    logs,
    me,
    metrics,
    openapi,
    origins,
    pages,
    shortages,
    statistics,
    told_waits,
    widgets,
    workspace,
)
from router.web.clock import LiveClock
from router.web.desks import Desks
from router.web.floor_rows import Rows
from router.web.floor_view import Floors, FloorView
from router.web.hands import Hands
from router.web.leases import Leases
from router.web.timelines import Timelines

log = structlog.get_logger(__name__)

REVEAL_SECONDS = 60.0

ROOMS = (
    health,
    me,
    admin,
    workspace,
    widgets,
    guests,
    contacts,
    callbacks,
    explanations,
    floor,
    statistics,
    ice,
    desk,
    contact_socket,
    softphone,
    webhooks,
)


def make_app(settings: Settings) -> web.Application:
    """The service over the stores that the settings name."""
    app = web.Application(
        middlewares=[
            logs.request_log,
            metrics.measured,
            errors.answer_errors,
            origins.check_origin,
        ]
    )
    app[keys.SETTINGS] = settings
    app[origins.HOST_SITES] = origins.HostSites()
    app.on_response_prepare.append(origins.let_read)
    drain.add_drain(app)
    app.cleanup_ctx.extend([metrics.loop_lag, _stores, _identity, _contacts, _statistics, _sockets])
    if settings.twilio is not None:
        app.cleanup_ctx.append(_voice)
    for room in ROOMS:
        room.add_routes(app.router)
    if settings.demo:
        # here, for production loads nothing of it
        from router.demo import host_site, telephone

        host_site.add_routes(app.router)
        if settings.standin:
            telephone.mount(app)
    pages.add_pages(app)
    openapi.add_description(app)
    return app


async def _stores(app: web.Application) -> AsyncIterator[None]:
    settings = app[keys.SETTINGS]
    if settings.database_url is None or settings.redis_url is None:
        raise RuntimeError("the stores are started before the application is")
    async with await open_pool(settings.database_url) as pool:
        live = open_live(settings.redis_url)
        app[keys.POOL], app[keys.LIVE], app[keys.HUB] = pool, live, Hub(live)
        try:
            yield
        finally:
            await app[keys.HUB].close()
            await live.aclose()


async def _identity(app: web.Application) -> AsyncIterator[None]:
    hasher = Hasher()
    app[keys.PEOPLE] = People(app[keys.POOL], hasher)
    sessions = app[keys.SESSIONS] = Sessions(app[keys.POOL], hasher, app[keys.HUB])
    app[keys.INVITATIONS] = Invitations(app[keys.POOL], hasher, sessions)
    app[keys.EXPERTS] = Experts(app[keys.POOL], hasher)
    app[keys.HASHER] = hasher
    app[keys.POLICY] = Versions(app[keys.POOL])
    async with _beside(tidying.run(app[keys.POOL])):
        yield
    hasher.close()


async def _contacts(app: web.Application) -> AsyncIterator[None]:
    pool, live, hub = app[keys.POOL], app[keys.LIVE], app[keys.HUB]
    engine = app[keys.ENGINE] = Engine(live, pool)
    outbox = Outbox(pool, engine)
    kinds = Kinds(pool, outbox)
    rebuilder = Rebuilder(pool, live, engine, kinds)
    conversations = app[keys.CONVERSATIONS] = Conversations(pool, hub)
    contacts = app[keys.CONTACTS] = Contacts(pool, engine, outbox, kinds, hub, conversations)
    app[keys.VIDEOS] = Videos(pool, conversations)
    ratings = app[keys.RATINGS] = Ratings(pool, outbox)
    app[keys.ACCOUNTS] = Accounts(pool, app[keys.HASHER], app[keys.SESSIONS], outbox)
    timers = Timers(pool, engine, outbox, contacts, kinds)
    silences = Silences(pool, contacts, conversations)
    for row in await pool.fetch("select id from workspace order by id"):
        # without the picture we start all the same: the watch makes it when it can
        with contextlib.suppress(SecondlineError, OSError):
            await rebuilder.ensure(row["id"])
    timers.start()
    async with _beside(Watch(pool, rebuilder).run_forever(), silences.run(), _reveal(ratings)):
        yield
    await timers.close()
    await kinds.close()
    await rebuilder.close()
    await outbox.close()


async def _statistics(app: web.Application) -> AsyncIterator[None]:
    statistics_read = app[keys.STATISTICS] = Statistics(app[keys.POOL])
    rollup = Rollup(app[keys.POOL])
    floor = Floor(app[keys.LIVE], app[keys.ENGINE])
    async with _beside(
        rollup.run_forever(),
        told_waits.run(statistics_read),
        shortages.run(app[keys.POOL], floor),
    ):
        yield


async def _sockets(app: web.Application) -> AsyncIterator[None]:
    pool, engine, hub = app[keys.POOL], app[keys.ENGINE], app[keys.HUB]
    clock = app[keys.CLOCK] = LiveClock(engine)
    leases = app[keys.LEASES] = Leases(engine)
    timelines = app[keys.TIMELINES] = Timelines(pool, app[keys.CONVERSATIONS])
    desks = app[keys.DESKS] = Desks(pool, engine, Hands(pool), clock)
    rows = Floor(app[keys.LIVE], engine)
    app[keys.FLOORS] = Floors(lambda ws: FloorView(Rows(pool, rows, ws), hub, clock, ws))
    await clock.refresh()
    async with _beside(clock.run(), leases.run(), timelines.run(), desks.run()):
        yield


async def _voice(app: web.Application) -> AsyncIterator[None]:
    settings = app[keys.SETTINGS]
    assert settings.twilio is not None
    voice = app[VOICE] = Voice(
        account=settings.twilio,
        public_url=settings.public_url,
        pool=app[keys.POOL],
        contacts=app[keys.CONTACTS],
        conversations=app[keys.CONVERSATIONS],
        people=app[keys.PEOPLE],
        rate=app[keys.RATINGS].rate_by_keypad,
    )
    sweep = Sweep(voice, app[keys.POOL])
    sweep.start()
    yield
    await sweep.close()
    await voice.close()


async def _reveal(ratings: Ratings) -> None:
    """Show ratings whose other side never came, once their time is up."""
    while True:
        try:
            await ratings.reveal_due()
        except Exception:
            log.exception("ratings.unrevealed")
        await asyncio.sleep(REVEAL_SECONDS)


@contextlib.asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs these beside the service; they end with it."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        await stop(*tasks)
