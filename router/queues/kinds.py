"""Kinds and classes: requirements by number, and agents by what they qualify for. Pure.

A *kind* is an interned requirement. A *class* is the exact set of kinds that an agent qualifies
for, with the rating band: agents of one class are alike to the router, so that finding an idle
one never looks at the pool.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from router.filters import admits
from router.queues.policy import Strategy
from router.queues.steps import Requirement

LETTERS = {"voice": "v", "chat": "c", "video": "x"}
"""How the live store's names tell a channel."""

CHANNELS = tuple(LETTERS)

ORDERS: dict[Strategy, str] = {
    "longest_idle": "i",
    "least_loaded": "l",
    "best_rated": "b",
    "least_scarce": "s",
    "random": "r",
}
"""How the live store's names tell a strategy (`_agents.lua`)."""


class Profile(msgspec.Struct, frozen=True):
    """What of an agent decides whom they may serve. capacity: contacts at once per channel.

    facts: what filters may name of them (router/filters).
    """

    tier: int
    languages: frozenset[str]
    skills: frozenset[str]
    capacity: Mapping[str, int]
    band: int = 0
    newcomer: bool = False
    facts: Mapping[str, Any] = {}

    @property
    def house(self) -> bool:
        """Of the 2nd level: their capacity can be kept for experts."""
        return self.tier >= 2


class AgentClass(msgspec.Struct, frozen=True):
    """An agent's class: its name, and the kinds per channel."""

    name: str
    kinds: dict[str, list[str]]


def qualifies(profile: Profile, requirement: Requirement) -> bool:
    """Whether an agent of this profile may serve what is required."""
    return (
        profile.capacity.get(requirement.channel, 0) > 0
        and profile.tier in requirement.tiers
        and (requirement.language is None or requirement.language in profile.languages)
        and profile.skills.issuperset(requirement.skills)
        and (not requirement.filter or admits(requirement.filter, profile.facts))
    )


def kind_name(number: int, requirement: Requirement) -> str:
    """A kind's name in the live store: strategy, channel and lane can be read off it."""
    lane = "e" if requirement.lane == "expert" else "c"
    return f"{number}{ORDERS[requirement.strategy]}{LETTERS[requirement.channel]}{lane}"


def kind_number(name: str) -> int:
    """The number in a kind's name."""
    return int(name[:-3])


def classify(profile: Profile, kinds: Iterable[tuple[int, Requirement]]) -> AgentClass:
    """The class of an agent among the workspace's kinds.

    Two agents are in the same class when their kinds are the same, and what strategies and the
    reserve look at: rating band, whether they are newcomers, whether they are of the 2nd level.
    """
    served: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
    for number, requirement in sorted(kinds, key=lambda kind: kind[0]):
        if qualifies(profile, requirement):
            served[requirement.channel].append(kind_name(number, requirement))
    digest = hashlib.sha256(msgspec.json.encode(served)).hexdigest()[:16]
    # the scripts read these off the name (`_agents.lua`), without asking for each class
    rank = f"{profile.band}{int(profile.house)}{int(profile.newcomer)}"
    breadth = ".".join(str(len(served[channel])) for channel in CHANNELS)
    return AgentClass(f"{digest}.{rank}.{breadth}", served)


def spec_of(requirement: Requirement) -> str:
    """The one spelling of a requirement, by which it is interned."""
    return msgspec.json.encode(requirement).decode()


def requirement_of(spec: str) -> Requirement:
    """The requirement that `spec_of` spelled."""
    return msgspec.json.decode(spec, type=Requirement)
