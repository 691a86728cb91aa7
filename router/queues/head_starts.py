"""How much older than they are contacts count: what puts one ahead of another. Pure.

A head start moves a contact ahead by so much time and no more. It is capped, so that nobody is
overtaken by who arrived more than `most_seconds` after them.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.queues.policy import Policy


@dataclass(frozen=True)
class Claim:
    """What a contact's head start is made of.

    network_size: customers that an expert looks after. priority: 0 to 9. escalations: how often
    it was passed on. repeats: earlier contacts of the person within the policy's days. promised:
    a callback whose promised time has come.
    """

    role: str
    network_size: int = 0
    priority: int = 0
    escalations: int = 0
    repeats: int = 0
    promised: bool = False


def head_start_seconds(policy: Policy, claim: Claim) -> float:
    """The head start in this queue, in seconds: parts added up, to the policy's most.

    An expert counts for a network: the larger, the further ahead, up to the cap.
    """
    rules = policy.head_starts
    parts = float(policy.head_start_seconds)
    if claim.role == "expert":
        network = min(claim.network_size, policy.network_cap) * policy.network_seconds
        parts = max(parts, float(policy.expert_head_start_seconds)) + network
    parts += claim.priority * rules.priority_seconds
    parts += claim.escalations * rules.escalation_seconds
    parts += min(claim.repeats, rules.repeat_cap) * rules.repeat_seconds
    if claim.promised:
        parts += rules.promise_seconds
    return min(parts, float(rules.most_seconds))
