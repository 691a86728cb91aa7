"""Exact values of the classical queues, as the yardstick of simulations. Pure.

Contacts come at random (Poisson), services and patience are exponential, all agents are alike,
first come first served: a birth-death chain over the number of contacts present. With limited
`places` it is M/M/c/K, with patience Erlang-A, without either Erlang-C.
Source: A. K. Erlang 1917; C. Palm 1957 (patience); any textbook on queues.
"""

from __future__ import annotations

from dataclasses import dataclass

NEGLIGIBLE = 1e-15


@dataclass(frozen=True)
class Exact:
    """Long-run values. Shares are between 0 and 1, times in the unit of the service time.

    waits: share of admitted contacts who find no agent free. mean_wait: of admitted contacts,
    those who give up included. blocked: share of all who are turned away. abandoned: share of
    admitted who give up. occupancy: busy time of agents. present: mean number in line or served.
    """

    waits: float
    mean_wait: float
    blocked: float
    abandoned: float
    occupancy: float
    present: float


def queue(
    *,
    agents: int,
    rate: float,
    service: float,
    places: int | None = None,
    patience: float | None = None,
) -> Exact:
    """The values of one pool.

    rate: contacts for each unit of time. service, patience: means. places: contacts present at
    most, in line and served; None: no limit. Raises ValueError where the line would grow for ever.
    """
    if places is None and patience is None and rate * service >= agents:
        raise ValueError("more comes in than the agents can serve, and nobody gives up")
    shares = _shares(agents, rate, service, places, patience)
    in_line = sum(max(0, n - agents) * share for n, share in enumerate(shares))
    blocked = shares[-1] if places is not None else 0.0
    admitted = rate * (1 - blocked)
    full = sum(shares[agents:]) - blocked
    present = sum(n * share for n, share in enumerate(shares))
    return Exact(
        waits=full / (1 - blocked),
        mean_wait=in_line / admitted,
        blocked=blocked,
        abandoned=0.0 if patience is None else in_line / patience / admitted,
        occupancy=(present - in_line) / agents,
        present=present,
    )


def _shares(
    agents: int, rate: float, service: float, places: int | None, patience: float | None
) -> list[float]:
    """How much of the time so many contacts are present, from 0 on."""
    weights = [1.0]
    total = 1.0
    while places is None or len(weights) <= places:
        n = len(weights)
        leaving = min(n, agents) / service
        if patience is not None:
            leaving += max(0, n - agents) / patience
        weight = weights[-1] * rate / leaving
        if weight > 1e200:  # far from the middle of a large system; what came before counts not
            weights = [each / weight for each in weights]
            total /= weight
            weight = 1.0
        weights.append(weight)
        total += weight
        if places is None and n > agents and weight < NEGLIGIBLE * total:
            break
    return [weight / total for weight in weights]
