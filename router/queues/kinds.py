"""Kinds and classes: requirements by number, and agents by what they qualify for. Pure.

A *kind* is an interned requirement. A *class* is the exact set of kinds that an agent qualifies
for, with the rating band: agents of one class are alike to the router, so that finding an idle
one never looks at the pool.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from router.queues.steps import Requirement

CHANNELS = ("voice", "chat", "video")


class Profile(msgspec.Struct, frozen=True):
    """What of an agent decides whom they may serve. capacity: contacts at once per channel."""

    tier: int
    languages: frozenset[str]
    skills: frozenset[str]
    capacity: Mapping[str, int]
    band: int = 0


class AgentClass(msgspec.Struct, frozen=True):
    """An agent's class: its name, the kinds per channel, and the rating band."""

    name: str
    kinds: dict[str, list[str]]
    band: int


def qualifies(profile: Profile, requirement: Requirement) -> bool:
    """Whether an agent of this profile may serve what is required."""
    return (
        profile.capacity.get(requirement.channel, 0) > 0
        and profile.tier in requirement.tiers
        and (requirement.language is None or requirement.language in profile.languages)
        and profile.skills.issuperset(requirement.skills)
    )


def classify(profile: Profile, kinds: Iterable[tuple[int, Requirement]]) -> AgentClass:
    """The class of an agent among the workspace's kinds.

    Two agents with the same kinds and band are in the same class, whatever else differs.
    """
    served: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
    for number, requirement in sorted(kinds, key=lambda kind: kind[0]):
        if qualifies(profile, requirement):
            served[requirement.channel].append(str(number))
    text = msgspec.json.encode([served, profile.band])
    return AgentClass(hashlib.sha256(text).hexdigest()[:16], served, profile.band)


def spec_of(requirement: Requirement) -> str:
    """The one spelling of a requirement, by which it is interned."""
    return msgspec.json.encode(requirement).decode()


def requirement_of(spec: str) -> Requirement:
    """The requirement that `spec_of` spelled."""
    return msgspec.json.decode(spec, type=Requirement)
