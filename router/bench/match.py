"""Server time of a match with everything switched on, and what a bare script needs for its like.

Five strategies in turn, filters, steps with head starts and skipping, a bound on passing over,
newcomers, five rating bands, a reserve for experts, experts with the head start of their network,
preferred agents, agents who declined, capacity per channel and in all. Half of the matches are
contacts that arrive among a thousand idle agents, half are agents who become free with a
thousand waiting. Rounds alternate with the bare script on the same store.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from router.bench.people import POLICY, Arguments, People
from router.bench.pictures import Picture, Timing, live_store
from router.bench.rows import Row, Tell, at_least, at_most, figure
from router.bench.scenes import Scene
from router.queues.rules import Rules

IDLE = 1_000
WAITING = 1_000
MATCHES = 300
ROUNDS = 11
RESERVE = 0.1

# What any router would have to do at the least: read the contact and the head of the idle set,
# take the agent out, write offer, contact and agent, set a deadline, count, and tell.
NINE = """
redis.call('HGETALL', KEYS[1] .. 'c')
redis.call('ZRANGE', KEYS[1] .. 'i', 0, 0)
redis.call('ZREM', KEYS[1] .. 'i', ARGV[1])
redis.call('ZADD', KEYS[1] .. 'i', 1, ARGV[1])
redis.call('HSET', KEYS[1] .. 'o', 'st', 'offered', 'agent', ARGV[1])
redis.call('HSET', KEYS[1] .. 'c', 'st', 'offered')
redis.call('ZADD', KEYS[1] .. 'due', 1, ARGV[1])
redis.call('HINCRBY', KEYS[1] .. 'a', 'n', 1)
redis.call('XADD', KEYS[1] .. 'bare', 'MAXLEN', '~', 1000, '*', 'e', ARGV[1])
return 1
"""


def policies() -> list[dict[str, Any]]:
    """One for each strategy; the steps narrow by filters, count ahead, and may be skipped."""
    made = []
    for strategy, narrow in (
        ("longest_idle", ""),
        ("least_loaded", "agent.rating >= 2"),
        ("best_rated", "agent.rating >= 2 AND agent.languages HAS contact.language"),
        ("least_scarce", "agent.location.country IN ['DE', 'AT'] OR agent.ratings >= 1"),
        ("random", "NOT agent.tags HAS 'trainee'"),
    ):
        steps = [{**step, "strategy": strategy} for step in POLICY["steps"]]
        steps[0] |= {"filter": narrow, "skip": True}
        steps[1] |= {"head_start_seconds": 60}
        steps[2] |= {"head_start_seconds": 120}
        if strategy == "random":
            # where the 2nd level is asked at once, the reserve for experts counts
            steps[0] |= {"tiers": [1, 2, 3, 4]}
        made.append({"steps": steps, "choice": {"newcomer_share": 0.1, "pass_over_most": 20}})
    return made


class Everybody(People):
    """One in ten of the 2nd level, one in five a newcomer; one in ten who contact us an expert."""

    def __init__(self) -> None:
        super().__init__(policies=policies(), rules=Rules(reserve_share=RESERVE))
        self._known: dict[str, list[Any]] = {"en": [], "de": []}

    def agent(self, language: str, *, know: int | None = None, **differs: Any) -> Arguments:
        differs |= {"capacity": {"voice": 1, "chat": 3, "video": 1, "all": 3}}
        if self.chance.random() < 0.1:
            # fewer topics, for they qualify for experts' kinds besides: 25 in all
            differs |= {"tier": 2}
            know = 6
        elif self.chance.random() < 0.2:
            differs |= {"rating_count": 2, "rating_sum": 8}
        return self._remember(language, super().agent(language, know=know, **differs))

    def agent_of(self, language: str, **differs: Any) -> tuple[Arguments, int]:
        made, queue = super().agent_of(language, **differs)
        return self._remember(language, made), queue

    def contact(self, language: str, queue: int | None = None, **differs: Any) -> Arguments:
        if language == "en" and self.chance.random() < 0.1:
            network = self.chance.randrange(300)
            differs |= {"role": "expert", "head_start": timedelta(minutes=30, seconds=network)}
        known = self._known[language]
        if known and self.chance.random() < 0.1:
            differs |= {"prefer_agent_id": self.chance.choice(known)}
        if known and self.chance.random() < 0.25:
            until_ms = 4_000_000_000_000
            differs |= {"excluded": {str(each): until_ms for each in self.chance.sample(known, 2)}}
        return super().contact(language, queue, **differs)

    def _remember(self, language: str, made: Arguments) -> Arguments:
        self._known[language].append(made["agent"])
        return made


def scene(url: str, tell: Tell, picture: type[Picture] = Picture) -> Scene:
    """Everything switched on."""
    made = Scene(url, tell, Everybody(), picture)
    made.picture.call("reserve", [{"share": RESERVE}])
    made.idle(IDLE)
    made.waiting(WAITING + MATCHES)
    made.busy(MATCHES)
    return made


def run(name: str, tell: Tell) -> list[Row]:
    """Mean and p99 of a match's server time, and the ratio bare ÷ match."""
    means, p99s, ratios = [], [], []
    arrivals: list[Timing] = []
    freed: list[Timing] = []
    bares: list[Timing] = []
    with live_store(durable=True) as url:
        full = scene(url, tell)
        for n in range(ROUNDS):
            tell(f"round {n + 1} of {ROUNDS}")
            bares.append(full.picture.bare(NINE, 2 * MATCHES))
            arrivals.append(full.arrive(MATCHES))
            freed.append(full.become_free())
            means.append((arrivals[-1].mean + freed[-1].mean) / 2)
            p99s.append(max(arrivals[-1].p99, freed[-1].p99))
            ratios.append(bares[-1].mean / means[-1])
    told = f"arrives {_middle(arrivals)} µs, becomes free {_middle(freed)} µs"
    return [
        at_most(name, figure(means), 60, "µs, mean", told),
        at_most(name, figure(p99s), 250, "µs, p99"),
        at_least(name, figure(ratios), 0.2, "of nine bare commands", f"bare {_middle(bares)} µs"),
    ]


def _middle(timings: list[Timing]) -> str:
    return f"{figure([timing.mean for timing in timings]).value:.1f}"
