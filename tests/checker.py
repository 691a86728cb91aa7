"""What a recorded history of contacts and agents must satisfy. Pure; tested on wrong histories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Step(NamedTuple):
    """One thing that happened. at: seconds on one clock. what: see `faults_of`."""

    at: float
    what: str  # arrived, accepted, freed (the hand), left (the contact is with nobody), ended
    contact: str
    agent: str = ""


def faults_of(
    history: Iterable[Step], *, capacity: Mapping[str, int], settled: bool = True
) -> list[str]:
    """What is wrong with a history; nothing is the good answer.

    Checked: nobody is accepted who did not arrive; a contact is with one agent at a time; an
    agent holds at most their capacity; an end is the last of a contact and happens once; and
    when all is settled, every contact has ended and no hand is held.
    """
    faults: list[str] = []
    arrived: set[str] = set()
    ended: set[str] = set()
    with_agent: dict[str, str] = {}
    hands: dict[str, int] = defaultdict(int)
    order = {"freed": 0, "left": 1, "arrived": 2, "accepted": 3, "ended": 4}
    for step in sorted(history, key=lambda step: (step.at, order[step.what])):
        contact, agent = step.contact, step.agent
        if contact in ended and step.what in ("arrived", "accepted", "ended"):
            faults.append(f"{contact} {step.what} after its end")
        if step.what == "arrived":
            if contact in arrived:
                faults.append(f"{contact} arrived twice")
            arrived.add(contact)
        elif contact not in arrived:
            faults.append(f"{contact} {step.what} without having arrived")
        elif step.what == "accepted":
            if contact in with_agent:
                faults.append(f"{contact} is with {with_agent[contact]} and {agent}")
            with_agent[contact] = agent
            hands[agent] += 1
            if hands[agent] > capacity.get(agent, 0):
                faults.append(f"{agent} holds {hands[agent]} of {capacity.get(agent, 0)}")
        elif step.what == "freed":
            hands[agent] -= 1
            if hands[agent] < 0:
                faults.append(f"{agent} freed more than they held")
        elif step.what == "left":
            if with_agent.pop(contact, None) is None:
                faults.append(f"{contact} left nobody")
        elif step.what == "ended":
            ended.add(contact)
            with_agent.pop(contact, None)
    if settled:
        faults += [f"{contact} has no end" for contact in sorted(arrived - ended)]
        faults += [f"{agent} still holds {n}" for agent, n in sorted(hands.items()) if n > 0]
    return faults
