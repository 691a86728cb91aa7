"""Work conservation: how much of what the agents could do gets done, over real sockets.

`drain-N`: N agents come at once to a line of waiting contacts; what they could have done in the
time that it took is set against what they did: backlog x holding / agents, divided by the time
from the first one's coming to the last end. `busy-N`: the same with a staggered start, and only
the agents' own time counts: holding, against holding and the gap to the next contact.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from router.bench.floor.company import Company, Size, company
from router.bench.floor.crew import Figures
from router.bench.floor.crews import crews, now
from router.bench.rows import Broken, Row, Tell, at_least

PATIENCE_S = 120.0


@dataclass(frozen=True)
class Shape:
    """goal: the least share of the time that is spent in conversation."""

    agents: int
    backlog: int
    holding_s: float
    goal: float


SHAPES = {
    "drain-10": Shape(10, 300, 0.1, 0.90),
    "drain-100": Shape(100, 1_000, 1.0, 0.96),
    "drain-1000": Shape(1_000, 2_000, 2.0, 0.80),
    "drain-10000": Shape(1_000, 10_000, 2.0, 0.93),
    "busy-10": Shape(10, 300, 0.1, 0.92),
    "busy-100": Shape(100, 1_000, 1.0, 0.98),
    "busy-1000": Shape(1_000, 4_000, 2.0, 0.97),
}

_TRUTH = """
select (select count(*) from contact) - (select count(*) from contact where outcome = 'completed')
    as lost,
  (select count(*) from handling) - (select count(distinct contact_id) from handling) as double
"""


def run(name: str, tell: Tell) -> list[Row]:
    shape = SHAPES[name]
    many = shape.agents >= 1_000
    size = Size(registered=shape.agents, signed_in=shape.agents, servers=2 if many else 1)
    with company(size) as made:
        took_s, figures = asyncio.run(measure(made, shape, tell, staggered=name.startswith("busy")))
    return [row(name, shape, took_s, figures)]


def row(name: str, shape: Shape, took_s: float, figures: Figures) -> Row:
    """The table's row."""
    if name.startswith("busy"):
        share = figures.holding_s / (figures.holding_s + figures.gap_s)
        note = f"gap {figures.gap_s / figures.gaps * 1000:.1f} ms on average, {figures.gaps} gaps"
        # the last contact of each agent has no gap after it
        unit = "of the agents' time"
    else:
        ideal_s = shape.backlog * shape.holding_s / shape.agents
        share = ideal_s / took_s
        note = f"{shape.backlog:,} on {shape.agents:,}: {took_s:.2f} s, at best {ideal_s:.2f} s"
        unit = "of agents ÷ holding time"
    return at_least(name, share, shape.goal, unit, note)


async def measure(
    made: Company, shape: Shape, tell: Tell, *, staggered: bool
) -> tuple[float, Figures]:
    """From the first agent's coming to the last end, in seconds; and what happened.

    Raises Broken when a contact was with two agents, or not served.
    """
    holding = (shape.holding_s, shape.holding_s)
    processes = made.size.servers
    async with crews(made, agents=shape.agents, processes=processes, holding_s=holding) as load:
        tell(f"{shape.backlog:,} line up")
        await load.line_up(shape.backlog)
        await load.all("open")
        tell(f"{shape.agents:,} agents drain them")
        begin = now()
        await load.all("present", spread_s=shape.holding_s if staggered else 0.0)
        await _all_over(made, shape.backlog)
        await load.all("settle")
        figures = await load.figures()
    truth = (await made.ask(_TRUTH))[0]
    if truth["lost"] or truth["double"]:
        raise Broken(f"{truth['lost']} lost, {truth['double']} double; {figures.trouble}")
    return max(figures.ended.values()) - begin, figures


async def _all_over(made: Company, contacts: int) -> None:
    deadline = now() + PATIENCE_S
    while now() < deadline:
        rows = await made.ask("select count(*) from contact where state = 'ended'")
        if rows[0][0] == contacts:
            return
        await asyncio.sleep(0.25)
    raise Broken(f"{rows[0][0]} of {contacts} were served in {PATIENCE_S:.0f} s")
