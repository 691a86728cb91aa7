"""Contacts and agents of a scene, as the scripts take them: made by the service's own builders."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from router.queues.picture import enter_arguments, milliseconds
from router.queues.policy import parse
from router.queues.presence import presence_arguments
from router.queues.rules import Rules
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

Arguments = dict[str, Any]


def neighbours(queues: int) -> list[tuple[int, ...]]:
    """What agents know, so that each queue is known to some; few sets where queues are few."""
    stride = 1 if queues <= 100 else TOPICS_KNOWN
    return [
        tuple((first + n) % queues for n in range(min(TOPICS_KNOWN, queues)))
        for first in range(0, queues, stride)
    ]


class People:
    """Makes contacts and agents; chances repeat from run to run.

    Each queue has a topic of its own, and a policy of four steps. An agent knows eight topics, so
    that they qualify for 25 kinds.
    """

    def __init__(
        self,
        *,
        queues: int = 24,
        topics: Sequence[Sequence[int]] | None = None,
        policies: Sequence[Mapping[str, Any]] = (POLICY,),
        rules: Rules | None = None,
    ) -> None:
        """topics: what agents know, by the queues' numbers, one agent after another.
        policies: of the queues, in turn."""
        self.queues = [uuid4() for _ in range(queues)]
        self.policies = [parse(policy) for policy in policies]
        self.rules = rules or Rules()
        self.chance = random.Random(7)
        self._sets = itertools.cycle(topics or neighbours(queues))
        self._begin = datetime.now(UTC) - timedelta(hours=1)
        self._order = itertools.count()
        self._kinds: dict[Requirement, int] = {}
        self._by_skill: dict[tuple[str, ...], list[tuple[int, Requirement]]] = defaultdict(list)
        self._steps: dict[tuple[str, str, int], list[tuple[CompiledStep, int]]] = {}
        self._presences: dict[tuple[Any, ...], Arguments] = {}

    def speak(self, *languages: str) -> None:
        """Number what contacts in these languages require: before there are agents."""
        for language in languages:
            for role in ("customer", "expert"):
                for queue in range(len(self.queues)):
                    self._steps[language, role, queue] = self._compile(language, role, queue)

    def contact(self, language: str, queue: int | None = None, **differs: Any) -> Arguments:
        """What `enter` takes of somebody new: of any queue, or of this one."""
        n = self.chance.randrange(len(self.queues)) if queue is None else queue
        excluded = differs.pop("excluded", {})
        row = contact_row(
            language=language, queue_id=self.queues[n], arrived_at=self._next(), **differs
        )
        steps = self._steps[language, row["role"], n]
        return enter_arguments(row, self._policy(n), steps, excluded)

    def agent(self, language: str, *, know: int | None = None, **differs: Any) -> Arguments:
        """What `present` takes of somebody new, who knows the next topics."""
        return self._agent(language, tuple(next(self._sets))[:know], differs)

    def agent_of(self, language: str, **differs: Any) -> tuple[Arguments, int]:
        """The same, and one of the queues that they know."""
        topics = tuple(next(self._sets))
        return self._agent(language, topics, differs), self.chance.choice(topics)

    def _agent(
        self, language: str, topics: tuple[int, ...], differs: Mapping[str, Any]
    ) -> Arguments:
        band = self.chance.randrange(BANDS)
        like = (language, topics, band, repr(differs))
        if like not in self._presences:
            skills = [f"topic{n}" for n in topics]
            # only these can suit: going through thousands of kinds for each would take long
            kinds = list(self._by_skill[()])
            for skill in skills:
                kinds += self._by_skill[(skill,)]
            row = agent_row(languages=[language], skills=skills, band=band, **differs)
            self._presences[like] = presence_arguments(row, kinds, self.rules)
        since = milliseconds(self._next())
        return self._presences[like] | {"agent": uuid4(), "since_ms": since}

    def _next(self) -> datetime:
        return self._begin + timedelta(milliseconds=next(self._order))

    def _policy(self, queue: int) -> Any:
        return self.policies[queue % len(self.policies)]

    def _compile(self, language: str, role: str, queue: int) -> list[tuple[CompiledStep, int]]:
        row = contact_row(language=language, role=role, skills=[f"topic{queue}"])
        compiled = []
        for step in compile_steps(self._policy(queue), row):
            if step.requirement not in self._kinds:
                number = self._kinds[step.requirement] = len(self._kinds) + 1
                self._by_skill[step.requirement.skills].append((number, step.requirement))
            compiled.append((step, self._kinds[step.requirement]))
        return compiled


def agent_row(**differs: Any) -> dict[str, Any]:
    """An agent as the truth has them: available, English, tier 1."""
    return {
        "id": uuid4(),
        "version": 1,
        "presence": "available",
        "presence_reason": None,
        "presence_since": datetime.now(UTC),
        "tier": 1,
        "languages": ["en"],
        "skills": [],
        "capacity": {"voice": 1, "chat": 3, "video": 1},
        "band": 2,
        "rating_sum": 80,
        "rating_count": 20,
        "levels": {},
        "qualifications": [],
        "tags": [],
        "location": {},
        "attributes": {},
    } | differs


def contact_row(**differs: Any) -> dict[str, Any]:
    """A contact as the truth has it: a customer's chat that arrived now."""
    now = datetime.now(UTC)
    return {
        "id": uuid4(),
        "generation": 1,
        "channel": "chat",
        "role": "customer",
        "assurance": 0,
        "language": "en",
        "skills": [],
        "topic": None,
        "arrived_at": now,
        "queued_at": now,
        "line_at": now,
        "head_start": timedelta(),
        "prefer_agent_id": None,
        "network_size": 0,
        "attributes": {},
        "priority": 0,
    } | differs


def handling_row(agent: str, offer: str, queue: str, line_at: datetime) -> dict[str, Any]:
    """A chat in an agent's hands as the truth has it, accepted now."""
    return {
        "offer_id": offer,
        "agent_id": agent,
        "channel": "chat",
        "queue_id": queue,
        "state": "active",
        "accepted_at": datetime.now(UTC),
        "line_at": line_at,
    }
