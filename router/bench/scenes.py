"""A call center of a given size in a live picture, to time a match in it from both directions.

Each queue has a topic of its own, and a policy of four steps. An agent knows eight topics, so
that they qualify for 25 kinds. English agents are idle; German ones are all busy, and German
contacts wait for them. So an English contact finds somebody at once, and a German agent who
becomes free finds the oldest who waits, while the size of the scene stays as it is.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from router.bench.pictures import (
    Answer,
    Picture,
    Timing,
    accept_arguments,
    agent_row,
    close_arguments,
    contact_row,
    release_arguments,
)
from router.bench.rows import Broken, Tell
from router.queues.picture import enter_arguments, held_arguments
from router.queues.policy import parse
from router.queues.presence import presence_arguments
from router.queues.steps import CompiledStep, Requirement, compile_steps

POLICY: Mapping[str, Any] = {
    "steps": [
        {"tiers": [1], "seconds": 60},
        {"tiers": [1, 2], "seconds": 60},
        {"tiers": [1, 2, 3], "seconds": 60},
        {"tiers": [1], "skills": False},
    ]
}
TOPICS_KNOWN = 8
BANDS = 5
LANGUAGES = ("en", "de")

Compiled = list[tuple[CompiledStep, int]]


class Scene:
    """Queues, agents and contacts over one live store; ids and chances repeat with the seed."""

    def __init__(
        self, url: str, *, queues: int = 24, policy: Mapping[str, Any] = POLICY, tell: Tell
    ) -> None:
        self.picture = Picture(url)
        self.policy = parse(policy)
        self.queues = [uuid4() for _ in range(queues)]
        self._tell = tell
        self._chance = random.Random(7)
        self._begin = datetime.now(UTC) - timedelta(hours=1)
        self._order = itertools.count()
        self._kinds: dict[Requirement, int] = {}
        self._by_skill: dict[tuple[str, ...], list[tuple[int, Requirement]]] = defaultdict(list)
        self._steps = {
            (language, n): self._compile(language, n)
            for language in LANGUAGES
            for n in range(queues)
        }
        stride = 1 if queues <= 100 else TOPICS_KNOWN
        self._topics = [
            tuple((first + n) % queues for n in range(min(TOPICS_KNOWN, queues)))
            for first in range(0, queues, stride)
        ]
        self._presences: dict[tuple[Any, ...], Answer] = {}
        self._busy: list[tuple[str, str, str]] = []  # agent, offer, contact

    # Filling -----------------------------------------------------------------------------------

    def idle(self, agents: int) -> None:
        """So many idle English agents, of five rating bands."""
        self._fill("present", (self._agent("en") for _ in range(agents)), agents, "idle agents")

    def registered(self, agents: int) -> None:
        """So many who have been there and are offline."""
        away = [self._agent("en") for _ in range(agents)]
        self._fill("present", away, agents, "agents who come")
        gone = (each | {"version": 2, "state": "offline"} for each in away)
        self._fill("present", gone, agents, "agents who go")

    def waiting(self, contacts: int, language: str = "de") -> None:
        """So many contacts who wait."""
        args = (self._contact(language) for _ in range(contacts))
        self._fill("enter", args, contacts, "contacts who wait")

    def busy(self, agents: int) -> None:
        """So many German agents, each with one of those who wait in hand."""
        arguments = [
            self._agent("de", capacity={"voice": 0, "chat": 1, "video": 0}) for _ in range(agents)
        ]
        offers = [answer.get("offer") for answer in self.picture.call("present", arguments)]
        self._take(
            [(str(each["agent"]), offer) for each, offer in zip(arguments, offers, strict=True)]
        )

    def _fill(self, verb: str, arguments: Any, total: int, what: str) -> None:
        done = 0
        for more in self.picture.fill(verb, arguments):
            done += more
            self._tell(f"{what}: {done:,} of {total:,}")

    # Matching ----------------------------------------------------------------------------------

    def arrive(self, contacts: int) -> Timing:
        """English contacts arrive, and each is offered at once; they leave again after."""
        entered = [self._contact("en") for _ in range(contacts)]
        answers, timing = self.picture.timed("enter", entered)
        offers = [str(answer.get("offer") or "") for answer in answers]
        self._check(offers)
        agents = {agent for (agent,) in self.picture.fields("offer", offers, "agent")}
        if len(agents) != contacts or "" in agents:
            raise Broken(f"{contacts} contacts were offered to {len(agents)} agents")
        self.picture.call(
            "close",
            [close_arguments(str(c["contact"]), c["gen"] + 1, str(c["queue"])) for c in entered],
        )
        return timing

    def become_free(self) -> Timing:
        """Every busy agent becomes free, takes the oldest who waits, and one more comes to wait."""
        self.picture.call("enter", [self._contact("de") for _ in self._busy])
        held = self.picture.fields("contact", (contact for _, _, contact in self._busy), "queue")
        self.picture.call(
            "close",
            [
                close_arguments(contact, 3, queue)
                for (_, _, contact), (queue,) in zip(self._busy, held, strict=True)
            ],
        )
        answers, timing = self.picture.timed(
            "release",
            [release_arguments(contact, agent, offer) for agent, offer, contact in self._busy],
        )
        agents = [agent for agent, _, _ in self._busy]
        self._take([(a, answer.get("offer")) for a, answer in zip(agents, answers, strict=True)])
        return timing

    def _take(self, offered: list[tuple[str, str | None]]) -> None:
        """Each agent accepts, and has the contact in hand."""
        offers = [offer or "" for _, offer in offered]
        self._check(offers)
        self.picture.call("accept", [accept_arguments(agent, o or "") for agent, o in offered])
        contacts = [offer.split(".")[0] for offer in offers]
        fields = self.picture.fields("contact", contacts, "queue", "role", "arrival", "gen")
        held = []
        for (agent, offer), contact, (queue, role, arrival, generation) in zip(
            offered, contacts, fields, strict=True
        ):
            arrived = datetime.fromtimestamp(float(arrival) / 1000, UTC)
            row = contact_row(
                id=contact, generation=int(generation) + 1, role=role, arrived_at=arrived
            )
            handling = {
                "offer_id": offer,
                "agent_id": agent,
                "channel": "chat",
                "queue_id": queue,
                "state": "active",
                "accepted_at": datetime.now(UTC),
                "line_at": arrived,
            }
            held.append(held_arguments(row, handling, self.policy, "UTC"))
        for answer in self.picture.call("hold", held):
            if answer["state"] != "handling":
                raise Broken(f"an accepted contact is {answer['state']}")
        self._busy = [
            (agent, offer, contact)
            for (agent, _), offer, contact in zip(offered, offers, contacts, strict=True)
        ]

    def _check(self, offers: list[str]) -> None:
        if "" in offers:
            raise Broken(f"{offers.count('')} of {len(offers)} matches found nobody")
        if len({offer.split(".")[0] for offer in offers}) != len(offers):
            raise Broken("a contact was offered twice")

    # What the scripts take ---------------------------------------------------------------------

    def _contact(self, language: str) -> Answer:
        n = self._chance.randrange(len(self.queues))
        row = contact_row(
            language=language,
            queue_id=self.queues[n],
            arrived_at=self._begin + timedelta(milliseconds=next(self._order)),
        )
        return enter_arguments(row, self.policy, self._steps[language, n], {})

    def _agent(self, language: str, **differs: Any) -> Answer:
        topics = self._chance.choice(self._topics)
        band = self._chance.randrange(BANDS)
        like = (language, topics, band, tuple(differs))
        if like not in self._presences:
            skills = [f"topic{n}" for n in topics]
            kinds = [*self._by_skill[()]]
            for skill in skills:
                kinds += self._by_skill[(skill,)]
            row: Any = agent_row(languages=[language], skills=skills, band=band, **differs)
            self._presences[like] = presence_arguments(row, kinds)
        since = self._begin + timedelta(milliseconds=next(self._order))
        return self._presences[like] | {
            "agent": uuid4(),
            "since_ms": int(since.timestamp() * 1000),
        }

    def _compile(self, language: str, n: int) -> Compiled:
        steps = compile_steps(self.policy, contact_row(language=language, skills=[f"topic{n}"]))
        compiled = []
        for step in steps:
            if step.requirement not in self._kinds:
                number = self._kinds[step.requirement] = len(self._kinds) + 1
                self._by_skill[step.requirement.skills].append((number, step.requirement))
            compiled.append((step, self._kinds[step.requirement]))
        return compiled
