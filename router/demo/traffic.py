"""`secondline demo --traffic`: a living call center, by simulated people at the real front doors.

Calls come by signed webhooks from the stand-in, chats by HTTP and sockets, agents sign in and
work at their desks. Their accounts are their own; whoever tries the demo works beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import math
import time
from collections.abc import Callable

import aiohttp
from aiohttp import web

from router.channels.voice.voice import VOICE
from router.commands.service import say
from router.demo import cast
from router.demo.bots import Bot
from router.demo.cast import Member
from router.demo.company import employ, register
from router.demo.crowd import CROWD, Telephone, Visitor, caller, token
from router.demo.play import Play
from router.demo.telephone import EXCHANGE
from router.identity.agents import Agent
from router.web.keys import HASHER, POOL, SETTINGS

AGENTS = (
    ("Marek Dvorak", 2, "en de"),
    ("Ines Carvalho", 2, "en"),
    ("Tarik Aydin", 2, "de en"),
    ("Svea Lindgren", 2, "en de"),
    ("Anouk Petit", 1, "en"),
    ("Bao Tran", 1, "en"),
    ("Carla Neri", 1, "en de"),
    ("Dario Costa", 1, "en"),
    ("Eva Stein", 1, "de en"),
    ("Fatou Diallo", 1, "en de"),
    ("Goran Ilic", 1, "de"),
    ("Hela Maas", 1, "en de"),
)
SKILLS = ("internet", "router", "invoice")

EVERY_S = 3.5
"""Between arrivals, on average; it swells and ebbs by a third in ten minutes."""
OPENING_S, OPENING_EVERY_S = 25.0, 1.2
CALLS, EXPERTS = 0.45, 0.25
"""How many of those who come call, and how many are experts."""
MOST_AT_ONCE = 26
"""Simulated people at once: beyond, nobody comes until somebody has gone."""
STATUS_S = 30.0


async def run(
    app: web.Application, *, tempo: float = 1.0, tell: Callable[[str], None] = say
) -> None:
    """Until cancelled. tempo: how many times faster than life. tell: takes the status lines."""
    members = [
        Member(f"sim{number:02}", name, "agent", "", _agent(tier, languages.split()))
        for number, (name, tier, languages) in enumerate(AGENTS, start=1)
    ]
    passwords = {member.email: _password(app, member.email) for member in members}
    await _hire(app, members, passwords)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        play = Play(app, http, tempo)
        try:
            async with play.crew() as begin:
                for member in members:
                    begin(Bot(play, member, passwords[member.email]).run())
                begin(_report(play, tell))
                await _arrivals(app, play)
        finally:
            await _hung_up(app)


async def _hung_up(app: web.Application) -> None:
    """Let the calls end before the port closes: nobody would hear of it afterwards."""
    if EXCHANGE not in app:
        return
    calls = [call for call in app[EXCHANGE].calls.values() if not call.over_now]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.8):
            await asyncio.gather(*(call.over(None) for call in calls))
            # what Twilio says of the end is on its way
            await asyncio.sleep(0.2)
            await app[VOICE].connections.settled()


def _agent(tier: int, languages: list[str]) -> Agent:
    return Agent(tier, tuple(languages), SKILLS, {"voice": 1, "chat": 2, "video": 0})


def _password(app: web.Application, email: str) -> str:
    """Known to nobody: only the simulation signs in with it."""
    key = app[SETTINGS].secret_key.encode()
    return hmac.new(key, f"simulated {email}".encode(), hashlib.sha256).hexdigest()


async def _hire(app: web.Application, members: list[Member], passwords: dict[str, str]) -> None:
    hasher = app[HASHER]
    hashed = {email: await hasher.hash(password) for email, password in passwords.items()}
    async with app[POOL].acquire() as conn, conn.transaction():
        ws = await conn.fetchval("select id from workspace where slug = $1", cast.SLUG)
        for member in members:
            await employ(conn, ws, member, hashed[member.email])
        await register(conn, ws, hasher, CROWD)


async def _arrivals(app: web.Application, play: Play) -> None:
    """People come, more of them at first, so that there is something to see within a minute."""
    secret = await app[POOL].fetchval(
        "select token_secret from workspace where slug = $1", cast.SLUG
    )
    begun = time.monotonic()
    here = 0
    busy: set[str] = set()

    async with play.crew() as begin:

        async def come() -> None:
            nonlocal here
            here += 1
            # nobody is in two conversations at once
            free = [expert for expert in CROWD if expert.number not in busy]
            expert = play.random.choice(free) if free and play.chance() < EXPERTS else None
            if expert is not None:
                busy.add(expert.number)
            try:
                await _contact(app, play, expert, secret)
            finally:
                here -= 1
                play.counts["gone"] += 1
                if expert is not None:
                    busy.discard(expert.number)

        while True:
            if here < MOST_AT_ONCE:
                begin(come())
            age = (time.monotonic() - begun) / play.seconds(1)
            swell = 1 + math.sin(age / 600 * math.tau) / 3
            every = OPENING_EVERY_S if age < OPENING_S else EVERY_S / swell
            await asyncio.sleep(play.seconds(play.random.expovariate(1 / every)))


async def _contact(
    app: web.Application, play: Play, expert: cast.Expert | None, secret: str
) -> None:
    if EXCHANGE in app and play.chance() < CALLS:
        line = play.random.choice(cast.LINES)
        who = caller(expert, play.chance())
        await Telephone(play, app[EXCHANGE], who).call(line.address)
    else:
        language = play.random.choice(("en", "en", "de"))
        await Visitor(play, language=language, token=token(expert, secret)).chat()


async def _report(play: Play, tell: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(play.seconds(STATUS_S))
        counts = play.counts
        tell(
            f"Simulated so far: {counts['arrived']} people came,"
            f" {counts['arrived'] - counts['gone']} are here now, {counts['gave up']} gave up"
            f" waiting, {counts['rated']} rated."
        )
