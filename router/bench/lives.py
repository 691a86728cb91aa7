"""Whole durable lives of contacts at the size of a large crowd, on one machine.

A life: a known person arrives over HTTP, is identified by the host site's token, is offered to an
agent on a real socket, accepted, served and ended, and both sides rate. Every step is committed
to a database that waits for its disk. Two server processes, so that offers cross between them;
two load processes, whose own processor time counts too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from router.bench.floor.company import Company, Size, company
from router.bench.floor.crews import Crews, crews, now
from router.bench.rows import Broken, Row, Tell, at_least, at_most
from router.store.live import open_live

RATE = 300.0
SECONDS = 60.0
WARM_S = 8.0
FINISH_S = 120.0
"""How long what came faster than it was served may take after the last arrival."""
HOLDING_S = (4.0, 6.0)
SIZE = Size(registered=110_000, signed_in=10_000, customers=50_000, servers=2, mixed=True)

# what the truth says afterwards
_TRUTH = """
select (select count(*) from contact) as contacts,
  (select count(*) from contact where state = 'ended' and outcome = 'completed') as completed,
  (select count(*) from handling) as handlings,
  (select count(distinct contact_id) from handling) as handled,
  (select count(*) from offer where outcome = 'accepted') as accepted,
  (select count(*) from rating) as ratings,
  (select count(*) from rating where revealed_at is not null) as revealed,
  (select sum(rating_count)::bigint from agent) as counted,
  (select count(*) from (
     select accepted_at, lag(done_at) over (partition by agent_id order by accepted_at) as before
     from handling) h where before > accepted_at) as overlapping
"""


def run(name: str, tell: Tell) -> list[Row]:
    tell(f"making a company of {SIZE.registered:,} agents")
    with company(SIZE) as made:
        found = asyncio.run(measure(made, tell))
    return rows(name, found)


def rows(name: str, found: Lives) -> list[Row]:
    """The table's rows. Raises Broken when a contact was lost, or with two agents."""
    if found.lost or found.double or found.unrated:
        raise Broken(
            f"{found.lost} lost, {found.double} double, {found.unrated} ratings missing"
            f" of {found.contacts}; {found.trouble}"
        )
    shares = ", ".join(f"{who} {ms:.2f}" for who, ms in found.processor_ms.items())
    return [
        at_least(name, found.per_second, RATE, "lives a second", f"{found.contacts} contacts"),
        at_most(name, sum(found.processor_ms.values()), 6, "ms of processor a life", shares),
        at_most(
            name,
            found.offer_ms[1],
            50,
            "ms, arrival to offer, p99",
            f"p50 {found.offer_ms[0]:.1f}; a life: {found.transactions:.1f} transactions,"
            f" {found.scripts:.1f} scripts in {found.packets:.1f} packets",
        ),
    ]


@dataclass(frozen=True)
class Lives:
    """What a run found. offer_ms: p50 and p99.

    For each life: processor_ms, transactions, and what the live store was asked: scripts, and
    packets that it read, of events as well.
    """

    per_second: float
    contacts: int
    offer_ms: tuple[float, float]
    processor_ms: dict[str, float]
    transactions: float
    scripts: float
    packets: float
    lost: int
    double: int
    unrated: int
    trouble: dict[str, int]


async def measure(
    made: Company,
    tell: Tell,
    *,
    rate: float = RATE,
    seconds: float = SECONDS,
    warm_s: float = WARM_S,
    holding_s: tuple[float, float] = HOLDING_S,
) -> Lives:
    """So many lives a second for so long, seen from the moment when they begin and end alike."""
    agents = made.size.signed_in
    async with crews(
        made, agents=agents, processes=2, holding_s=holding_s, rate=True, known=True
    ) as load:
        tell(f"{agents:,} agents open their desks")
        await load.all("open")
        await load.all("present", spread_s=agents / 1000)
        await all_available(made, agents)
        begin = now() + 0.5
        first = begin + warm_s + holding_s[1]
        last = first + seconds
        tell(f"{rate:g} people a second arrive for {last - begin:.0f} s")
        arriving = asyncio.create_task(load.arrive(int(rate * (last - begin + 1)), rate, begin))
        await asyncio.sleep(first - now())
        before, transactions = _used(made, load), await _transactions(made)
        asked = await _asked(made)
        await asyncio.sleep(last - now())
        used = {who: s - before[who] for who, s in _used(made, load).items()}
        transactions = await _transactions(made) - transactions
        scripts, packets = (
            late - early for late, early in zip(await _asked(made), asked, strict=True)
        )
        await arriving
        await asyncio.sleep(holding_s[1] + 1)
        await _finished(made, tell)
        await load.all("settle")
        figures = await load.figures()
    truth = (await made.ask(_TRUTH))[0]
    lives = sum(first <= at < last for at in figures.rated) / 2
    waits = sorted(
        figures.offered.get(contact, float("inf")) - intended
        for contact, intended in figures.intended.items()
        if first <= intended < last
    )
    contacts = len(figures.intended)
    return Lives(
        per_second=lives / seconds,
        contacts=contacts,
        offer_ms=(waits[len(waits) // 2] * 1000, waits[int(len(waits) * 0.99)] * 1000),
        processor_ms={who: s / lives * 1000 for who, s in used.items()},
        transactions=transactions / lives,
        scripts=scripts / lives,
        packets=packets / lives,
        # what was asked for and not answered counts as well, should the truth have it
        lost=max(contacts, truth["contacts"]) - truth["completed"],
        double=truth["handlings"] - truth["handled"] + truth["overlapping"],
        unrated=2 * contacts - truth["revealed"] + contacts - truth["counted"],
        trouble=figures.trouble,
    )


async def all_available(made: Company, agents: int) -> None:
    """Until the truth has everybody available."""
    while True:
        rows = await made.ask("select count(*) from agent where presence = 'available'")
        if rows[0][0] == agents:
            return
        await asyncio.sleep(0.2)


async def _finished(made: Company, tell: Tell) -> None:
    """Until who came faster than they were served has been: late is not lost."""
    deadline = now() + FINISH_S
    while now() < deadline:
        rows = await made.ask(
            "select (select count(*) from contact where state <> 'ended'),"
            " (select 2 * count(*) from contact) - (select count(*) from rating)"
        )
        if not any(rows[0]):
            return
        tell(f"{rows[0][0]:,} contacts and {rows[0][1]:,} ratings are still to come")
        await asyncio.sleep(1)


def _used(made: Company, load: Crews) -> dict[str, float]:
    return {**made.processor_time(), "load": load.processor_time()}


async def _transactions(made: Company) -> float:
    rows = await made.ask("select xact_commit from pg_stat_database where datname = 'secondline'")
    return float(rows[0][0])


async def _asked(made: Company) -> tuple[int, int]:
    """Scripts that the live store has run, and packets that it has read."""
    async with open_live(made.redis_url) as redis:
        scripts = (await redis.info("commandstats"))["cmdstat_fcall"]["calls"]
        packets = (await redis.info("stats"))["total_reads_processed"]
    return scripts, packets
