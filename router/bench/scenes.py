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
from collections.abc import Iterator, Mapping, Sequence
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
MATCHES = 50
SAMPLE = 100
LANGUAGES = ("en", "de", "pt")
"""Of who is idle, of who is busy, and of nobody."""

Compiled = list[tuple[CompiledStep, int]]


def neighbours(queues: int) -> list[tuple[int, ...]]:
    """What agents know, so that each queue is known to some; few sets where queues are few."""
    stride = 1 if queues <= 100 else TOPICS_KNOWN
    return [
        tuple((first + n) % queues for n in range(min(TOPICS_KNOWN, queues)))
        for first in range(0, queues, stride)
    ]


class Scene:
    """Queues, agents and contacts over one live store; ids and chances repeat with the seed."""

    def __init__(
        self,
        url: str,
        tell: Tell,
        *,
        queues: int = 24,
        topics: Sequence[Sequence[int]] | None = None,
        policy: Mapping[str, Any] = POLICY,
    ) -> None:
        """topics: what agents know, by the number of the queue, one after another."""
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
        self._sets = itertools.cycle(topics or neighbours(queues))
        self._presences: dict[tuple[Any, ...], Answer] = {}
        self._here: list[Answer] = []
        self._lined: list[str] = []
        self.closing: Timing | None = None
        self._busy: list[tuple[str, str, str]] = []  # agent, offer, contact
        self._served: list[int] = []  # a queue of each busy agent

    # Filling -----------------------------------------------------------------------------------

    def idle(self, agents: int) -> None:
        """So many idle English agents, of five rating bands."""
        here = [self._agent("en") for _ in range(agents)]
        self._fill("present", here, agents, "idle agents")
        self._here = here[:SAMPLE]

    def registered(self, agents: int) -> None:
        """So many who have been there and are offline."""
        away = [self._agent("en") for _ in range(agents)]
        self._fill("present", away, agents, "agents who come")
        gone = (each | {"version": 2, "state": "offline"} for each in away)
        self._fill("present", gone, agents, "agents who go")

    def waiting(self, contacts: int, language: str = "de") -> None:
        """So many contacts who wait."""
        every = max(1, contacts // SAMPLE)
        self._lined = []

        def arguments() -> Iterator[Answer]:
            for n in range(contacts):
                found = self._contact(language)
                if n % every == 0:
                    self._lined.append(str(found["contact"]))
                yield found

        self._fill("enter", arguments(), contacts, "contacts who wait")

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

    def arrive(self, contacts: int, queues: Sequence[int] | None = None) -> Timing:
        """English contacts arrive, and each is offered at once; they leave again after.

        queues: where they come to; anywhere.
        """
        to = queues or range(len(self.queues))
        entered = [self._contact("en", self._chance.choice(to)) for _ in range(contacts)]
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
        """Every busy agent becomes free, takes the oldest who waits, and one more comes to wait.

        `closing` is what the ends of their conversations took before.
        """
        self.picture.call("enter", [self._contact("de", queue) for queue in self._served])
        held = self.picture.fields("contact", (contact for _, _, contact in self._busy), "queue")
        _, self.closing = self.picture.timed(
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

    def toggle(self) -> tuple[Timing, Timing]:
        """Idle agents go on break, and come back."""
        for each in self._here:
            each["version"] += 2
        pause = [each | {"state": "break", "version": each["version"] - 1} for each in self._here]
        return self.picture.timed("present", pause)[1], self.picture.timed("present", self._here)[1]

    def stand(self) -> Timing:
        """Contacts from all over the lines ask for their place and expected wait."""
        answers, timing = self.picture.timed("standing", [{"contact": c} for c in self._lined])
        if any("position" not in answer for answer in answers):
            raise Broken("somebody who waits has no place in line")
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

    def _contact(self, language: str, queue: int | None = None) -> Answer:
        n = self._chance.randrange(len(self.queues)) if queue is None else queue
        row = contact_row(
            language=language,
            queue_id=self.queues[n],
            arrived_at=self._begin + timedelta(milliseconds=next(self._order)),
        )
        return enter_arguments(row, self.policy, self._steps[language, n], {})

    def _agent(self, language: str, **differs: Any) -> Answer:
        topics = next(self._sets)
        if language == "de":
            self._served.append(self._chance.choice(topics))
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
