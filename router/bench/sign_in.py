"""A crowd that comes back after a restart: until everybody has a contact again.

Harder than a quick restart, which agents hardly notice: the processes were away for longer than
the desks' leases, so that everybody is offline. They connect with the sessions that they have,
say that they are there, and each is matched with one of those who waited.
"""

from __future__ import annotations

import asyncio

from router.bench.floor.company import Company, Size, company
from router.bench.floor.crews import crews, now
from router.bench.rows import Broken, Row, Tell, at_most

SIZE = Size(registered=110_000, signed_in=10_000, servers=2)
GOAL_S = 20.0
PATIENCE_S = 180.0
FOREVER_S = (3600.0, 3600.0)


def run(name: str, tell: Tell) -> list[Row]:
    tell(f"making a company of {SIZE.registered:,} agents")
    with company(SIZE) as made:
        connected_s, matched_s = asyncio.run(measure(made, tell))
    note = f"{SIZE.signed_in:,} agents; all sockets open after {connected_s:.1f} s"
    return [at_most(name, matched_s, GOAL_S, "s, until all are matched", note)]


async def measure(made: Company, tell: Tell) -> tuple[float, float]:
    """Seconds from the servers' first answer until all sockets are open, and all matched.

    Raises Broken when somebody is left without a contact.
    """
    agents = made.size.signed_in
    async with crews(made, agents=0, processes=2, holding_s=FOREVER_S) as people:
        tell(f"{agents:,} people line up")
        await people.line_up(agents)
    await asyncio.to_thread(made.stop_serving)
    await asyncio.to_thread(made.serve)
    async with crews(made, agents=agents, processes=2, holding_s=FOREVER_S) as load:
        await load.all("settle")
        tell(f"{agents:,} agents come back")
        begin = now()
        await load.all("come_back")
        connected = now()
        while now() < begin + PATIENCE_S:
            rows = await made.ask("select count(*) from handling")
            if rows[0][0] == agents:
                break
            await asyncio.sleep(0.25)
        figures = await load.figures()
    if len(figures.offered) < agents:
        raise Broken(f"{agents - len(figures.offered)} were not matched; {figures.trouble}")
    return connected - begin, max(figures.offered.values()) - begin
