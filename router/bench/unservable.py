"""Ten thousand wait with nobody signed in who could serve them: what they cost.

Once with a real server process over its stores: the processor time that the process and the
stores use while nothing else happens, less nothing. And in a live picture: the server time of a
match for others, with and without those ten thousand.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from redis.asyncio import Redis

from router.bench.comparison import both_ways, compare
from router.bench.floor.company import Company, Size, company
from router.bench.pictures import live_store
from router.bench.rows import Broken, Row, Tell, at_most
from router.bench.scenes import MATCHES, Scene
from router.queues.keys import key
from router.store.live import open_live

WAITING = 10_000
SETTLE_S = 6.0
WATCH_S = 12.0
PATIENCE_S = 120.0

# they came over the last ten minutes, so that they are in all steps of the policy
_CONTACTS = """
insert into contact (workspace_id, channel, provider_key, person_id, role, assurance, language,
  queue_id, state, arrived_at, queued_at, line_at)
select $1, 'chat', 'unservable-' || n, (select id from person limit 1), 'customer', 0, 'en',
  (select id from queue limit 1), 'waiting', at, at, at
from generate_series(1, $2) n, lateral (select now() - make_interval(secs => n * 0.06) as at) came
"""


def run(name: str, tell: Tell) -> list[Row]:
    """The share of a core that the server process uses, and the ratio for others."""
    return [_process(name, tell), _others(name, tell)]


def _process(name: str, tell: Tell) -> Row:
    with company(Size(registered=50, signed_in=0, customers=1, servers=1)) as made:
        tell("an idle service")
        idle = _watch(made)
        made.stop_serving()
        tell(f"{WAITING:,} contacts that nobody can serve")
        asyncio.run(_line_up(made))
        made.serve()
        asyncio.run(_all_in_line(made))
        tell(f"a service with {WAITING:,} who wait")
        used = _watch(made)
        asyncio.run(_all_in_line(made))
    stores = used["postgresql"] + used["valkey"]
    note = (
        f"of a core by the server process ({idle['servers']:.1f} % when nobody waits),"
        f" and {stores:.1f} % by the stores ({idle['postgresql'] + idle['valkey']:.1f} %)"
    )
    return at_most(name, used["servers"], 2, "% of a core", note)


def _watch(made: Company) -> dict[str, float]:
    """Percent of a core by what used it, after what is busy with its start has settled."""
    time.sleep(SETTLE_S)
    before, begun = made.processor_time(), time.monotonic()
    time.sleep(WATCH_S)
    after, seconds = made.processor_time(), time.monotonic() - begun
    return {what: 100 * (after[what] - before[what]) / seconds for what in before}


async def _line_up(made: Company) -> None:
    """Written into the truth; the live picture is made of it when a process starts."""
    await made.ask(_CONTACTS, made.workspace, WAITING)
    async with open_live(made.redis_url) as redis:
        await redis.flushall()


async def _all_in_line(made: Company) -> None:
    """Everybody is in line, none was given up, and their pages still hold them there."""
    epoch, queue = (
        await made.ask(
            "select w.epoch, q.id from workspace w, queue q where w.id = $1", made.workspace
        )
    )[0].values()
    contacts = await made.ask("select id from contact where state = 'waiting'")
    async with open_live(made.redis_url) as redis:
        deadline = time.monotonic() + PATIENCE_S
        order = key(made.workspace, epoch, "order", str(queue))
        while (found := await redis.zcard(order)) != WAITING or len(contacts) != WAITING:
            if time.monotonic() > deadline:
                raise Broken(f"of {WAITING} contacts {found} are in line")
            await asyncio.sleep(0.1)
        await _hold_on(redis, key(made.workspace, epoch, "visitors"), contacts)


async def _hold_on(redis: Redis, visitors: str, contacts: list[Any]) -> None:
    """As their pages would do by their sockets: nobody has left for an hour."""
    seconds, _ = await redis.time()
    leases = {str(row["id"]): (int(seconds) + 3600) * 1000 for row in contacts}
    await redis.zadd(visitors, leases)


def _others(name: str, tell: Tell) -> Row:
    def scene(url: str, unservable: int) -> Scene:
        made = Scene(url, tell)
        made.idle(500)
        made.waiting(1_000 + MATCHES)
        made.busy(MATCHES)
        made.waiting(unservable, "pt")
        return made

    with live_store() as none, live_store() as many:
        ratio, told = compare(scene(none, 0), scene(many, WAITING), both_ways(), tell)
    return at_most(name, ratio, 1.2, "x a match without them", told)
