"""A queue's policy: who may serve it, for how long, in which order. Pure.

A policy is a JSON document of a queue; `parse` gives it back as values with every default
filled in, or raises `Invalid` with the field at fault. `compile_steps` turns it into what one
contact requires.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from router.errors import Invalid

Strategy = Literal["longest_idle", "least_loaded", "best_rated"]
Tier = Annotated[int, msgspec.Meta(ge=1, le=9)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 3600)]
OfferSeconds = Annotated[int, msgspec.Meta(ge=5, le=600)]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a waiting contact requires of an agent, and for how long.

    tiers: any of these. language, skills: whether the contact's must be the agent's too.
    strategy: the choice among several. seconds: until the next step; the last one stays.
    """

    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1)] = (1,)
    language: bool = True
    skills: bool = True
    strategy: Strategy = "longest_idle"
    seconds: Seconds = 60


class OfferTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long an offer is held out on each channel, in seconds."""

    voice: OfferSeconds = 20
    chat: OfferSeconds = 30
    video: OfferSeconds = 30


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Service level: this share answered within so many seconds."""

    seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 20
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8


class ChatTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a silent chat is warned and ended, and when a customer who is gone has abandoned."""

    warn_seconds: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 300
    end_seconds: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 600
    vanished_seconds: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 120


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a queue's waiting, choosing and offering follows.

    head_start_seconds: how much older than they are its contacts count.
    expert_head_start_seconds: the same for experts, in place of the former when larger.
    network_seconds, network_cap: each customer of an expert's network adds so many seconds,
    for at most network_cap customers.
    retry_seconds: an agent who declined or missed a contact is not asked for it again so long.
    wrap_up_seconds: a wrap-up ends by itself after this. escalates_to: the house's queue (slug).
    callback, voicemail: what waiting callers are offered. callback_tries: before unreachable.
    """

    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=10)] = (Step(),)
    offer_seconds: OfferTimes = OfferTimes()
    head_start_seconds: Seconds = 0
    expert_head_start_seconds: Seconds = 1800
    network_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    network_cap: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 300
    retry_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 120
    wrap_up_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 120
    target: Target = Target()
    chat: ChatTimes = ChatTimes()
    escalates_to: str | None = None
    callback: bool = True
    callback_tries: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    voicemail: bool = False

    def offer_ms(self, channel: str) -> int:
        """How long an offer on this channel is held out, in milliseconds."""
        return int(getattr(self.offer_seconds, channel)) * 1000


def parse(document: Any) -> Policy:
    """The policy of a document as it came from JSON.

    Raises Invalid naming the field.
    """
    try:
        policy = msgspec.convert(document, Policy)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise Invalid(text, field=("policy" + path.rstrip("`")) if path else "policy") from error
    if policy.chat.end_seconds <= policy.chat.warn_seconds:
        raise Invalid("a chat must be warned before it is ended", field="policy.chat.end_seconds")
    return policy


def head_start_seconds(policy: Policy, *, role: str, network_size: int, escalated: bool) -> float:
    """How much older than it is a contact counts in this queue, in seconds.

    An expert counts for a network: the larger, the further ahead, up to the cap. An escalated
    customer keeps the queue's own head start; the original arrival is kept elsewhere.
    """
    if role == "expert":
        network = min(network_size, policy.network_cap) * policy.network_seconds
        return max(policy.head_start_seconds, policy.expert_head_start_seconds) + network
    return float(policy.head_start_seconds)


class Requirement(msgspec.Struct, frozen=True, order=True):
    """What a contact asks of an agent: interned, it is a kind."""

    channel: str
    tiers: tuple[int, ...]
    language: str | None
    skills: tuple[str, ...]


class CompiledStep(msgspec.Struct, frozen=True):
    """One step for one contact: its requirement, choice and begin after being put in line."""

    requirement: Requirement
    strategy: Strategy
    from_ms: int


def compile_steps(
    policy: Policy, *, channel: str, role: str, language: str, skills: tuple[str, ...]
) -> tuple[CompiledStep, ...]:
    """The steps of one contact, without those that require the same as the one before.

    Experts never meet tier 1, whatever the policy says: a step that asks for tier 1 alone
    asks for tier 2 instead.
    """
    steps: list[CompiledStep] = []
    begin = 0
    for step in policy.steps:
        tiers = set(step.tiers)
        if role == "expert":
            tiers = (tiers - {1}) or {2}
        requirement = Requirement(
            channel=channel,
            tiers=tuple(sorted(tiers)),
            language=language if step.language else None,
            skills=tuple(sorted(set(skills))) if step.skills else (),
        )
        compiled = CompiledStep(requirement, step.strategy, begin * 1000)
        if not steps or (steps[-1].requirement, steps[-1].strategy) != (
            requirement,
            step.strategy,
        ):
            steps.append(compiled)
        begin += step.seconds
    return tuple(steps)
