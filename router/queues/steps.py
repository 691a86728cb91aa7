"""A policy's steps for one contact: what is required when, and when it leaves the line. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from router.filters import read
from router.queues.policy import Policy, Strategy, Then

Lane = Literal["expert", "customer"]


class Requirement(msgspec.Struct, frozen=True, order=True):
    """What a contact asks of an agent: interned, it is a kind.

    filter: a bound expression over agent.* (router/filters), empty for none. lane: who is asked
    for; customers are not given the capacity that is kept for experts. strategy: who of those who
    qualify is asked first; the live store keeps them in that order.
    """

    channel: str
    tiers: tuple[int, ...]
    language: str | None
    skills: tuple[str, ...]
    filter: str = ""
    lane: Lane = "customer"
    strategy: Strategy = "longest_idle"


class CompiledStep(msgspec.Struct, frozen=True):
    """One step for one contact.

    from_ms: its begin after being put in line. ahead_ms: counts as so much older in it.
    skip: passed over while nobody signed in could serve it.
    """

    requirement: Requirement
    from_ms: int
    ahead_ms: int = 0
    skip: bool = False


def compile_steps(policy: Policy, contact: Mapping[str, Any]) -> tuple[CompiledStep, ...]:
    """The steps of one contact, without those that are the same as the one before.

    contact: channel, role, language, skills, and what filters name besides. Experts never meet
    tier 1, whatever the policy says: a step that asks for tier 1 alone asks for tier 2 instead.
    Steps behind one that leads elsewhere are never reached.
    """
    steps: list[CompiledStep] = []
    begin = 0
    for step in policy.steps:
        tiers = set(step.tiers)
        if contact["role"] == "expert":
            tiers = (tiers - {1}) or {2}
        compiled = CompiledStep(
            Requirement(
                channel=contact["channel"],
                tiers=tuple(sorted(tiers)),
                language=contact["language"] if step.language else None,
                skills=tuple(sorted(set(contact["skills"]))) if step.skills else (),
                filter=read(step.filter).bind(contact),
                lane="expert" if contact["role"] == "expert" else "customer",
                strategy=step.strategy,
            ),
            begin * 1000,
            step.head_start_seconds * 1000,
            step.skip,
        )
        if not steps or msgspec.structs.replace(steps[-1], from_ms=compiled.from_ms) != compiled:
            steps.append(compiled)
        begin += step.seconds
        if step.then.to != "next":
            break
    return tuple(steps)


class Leaving(msgspec.Struct, frozen=True):
    """When a contact leaves its line for something else, after being put in it.

    after_ms: whatever happens; alone_ms: when nobody signed in could serve it then. None: never.
    """

    after_ms: int | None
    alone_ms: int | None


def leaving(policy: Policy) -> Leaving:
    """When contacts of this queue leave it."""
    ends = [overflow.most * 1000 for overflow in policy.overflow if overflow.on == "wait"]
    elapsed = 0
    for step in policy.steps:
        elapsed += step.seconds
        if step.then.to != "next":
            ends.append(elapsed * 1000)
            break
    alone = [overflow.most * 1000 for overflow in policy.overflow if overflow.on == "nobody"]
    return Leaving(min(ends, default=None), min(alone, default=None))


def leads_to(policy: Policy, waited_ms: int, *, alone: bool) -> Then | None:
    """What comes for a contact that has waited so long in this queue; None: it goes on waiting.

    alone: nobody signed in could serve it in any step. What was due first comes first.
    """
    due: list[tuple[int, Then]] = []
    elapsed = 0
    for step in policy.steps:
        elapsed += step.seconds * 1000
        if step.then.to != "next":
            due.append((elapsed, step.then))
            break
    for overflow in policy.overflow:
        if overflow.on == "wait" or (overflow.on == "nobody" and alone):
            due.append((overflow.most * 1000, overflow.then))
    due = [(at, then) for at, then in due if at <= waited_ms]
    return min(due, key=lambda pair: pair[0])[1] if due else None
