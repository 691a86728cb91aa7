"""What every history must satisfy, whatever failed on the way. Pure; tested on wrong histories.

| rule | says |
|---|---|
| kept | whoever was told that they are in line has exactly one contact: ended, waiting or in hand |
| asked | no contact that nobody asked for, none for whom was refused, no ghost is offered |
| one offer | a contact is held out to one agent at a time, and an agent has one open offer |
| one agent | a contact is in one agent's hands at a time |
| load | no agent holds more than their capacity, or is offered more |
| order | nobody is offered before those who wait in the same line for longer |
| absorbs | an end is the last of a contact, and stays as it was told |
| rest | when all is quiet the live picture is what the truth says, and nobody is reserved |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.faults.history import Contact, History

SKEW_S = 0.5
"""Around the loss of the live store: what happens so close to it may be seen on either side."""


SAME_S = 0.0015
"""Places in line are whole milliseconds; who came in the same one is in no order."""

SETTLES_S = 0.5
"""A line that was just rebuilt is offered a piece at a time: who comes in that moment may be
offered before its end."""


class Fault(NamedTuple):
    rule: str
    says: str


def faults_of(history: History) -> list[Fault]:
    """What is wrong with a history; nothing is the good answer."""
    return [
        Fault(rule, says)
        for rule, check in (
            ("kept", _kept),
            ("asked", _asked),
            ("one offer", _one_offer),
            ("one agent", _one_agent),
            ("load", _load),
            ("load", _offered_beyond),
            ("order", _order),
            ("absorbs", _absorbs),
            ("rest", _rest),
        )
        for says in check(history)
    ]


def _kept(history: History) -> Iterator[str]:
    by_key: dict[str, list[Contact]] = defaultdict(list)
    for contact in history.contacts:
        by_key[contact.key].append(contact)
    for key, contacts in by_key.items():
        if len(contacts) > 1:
            yield f"{key} is {len(contacts)} contacts"
    held = {hand.contact for hand in history.hands if hand.left is None}
    for operation in history.of("arrive", "done"):
        found = by_key.get(operation.key)
        if not found:
            yield f"{operation.key} was accepted and is lost"
        elif operation.contact not in {contact.id for contact in found}:
            yield f"{operation.key} was told {operation.contact}, and is {found[0].id}"
    for contact in history.contacts:
        if contact.state == "handling" and contact.id not in held:
            yield f"{contact.id} is in hand, and in nobody's"
        if contact.state != "handling" and contact.id in held:
            yield f"{contact.id} is {contact.state} and in somebody's hands"
        if (contact.state == "ended") != (contact.outcome is not None):
            yield f"{contact.id} is {contact.state} with the outcome {contact.outcome}"


def _asked(history: History) -> Iterator[str]:
    asked = {operation.key for operation in history.of("arrive")}
    results: dict[str, set[str]] = defaultdict(set)
    for operation in history.of("arrive"):
        results[operation.key].add(operation.result)
    for contact in history.contacts:
        if contact.key not in asked:
            yield f"{contact.id} came from nowhere"
        elif results[contact.key] == {"failed"}:
            yield f"{contact.key} was refused and is there"
    known = {contact.id for contact in history.contacts}
    for contact_id in {event.contact for event in history.told if event.what == "offer"} - known:
        yield f"{contact_id} was offered and is nobody"


def _one_offer(history: History) -> Iterator[str]:
    by_contact: dict[str, str] = {}
    by_agent: dict[str, str] = {}
    for event in history.told:
        match event.what:
            case "offer":
                if open_offer := by_contact.get(event.contact):
                    yield f"{event.contact} has the offers {open_offer} and {event.offer}"
                if open_offer := by_agent.get(event.agent):
                    yield f"{event.agent} has the offers {open_offer} and {event.offer}"
                by_contact[event.contact] = by_agent[event.agent] = event.offer
            case "offer_gone":
                if by_contact.get(event.contact) == event.offer:
                    del by_contact[event.contact]
                if by_agent.get(event.agent) == event.offer:
                    del by_agent[event.agent]
            case "handling" | "ended":
                offer = by_contact.pop(event.contact, None)
                for agent in [each for each, its in by_agent.items() if its == offer]:
                    del by_agent[agent]
            case "emptied":
                by_contact.clear()
                by_agent.clear()


def _one_agent(history: History) -> Iterator[str]:
    by_contact = defaultdict(list)
    for hand in history.hands:
        by_contact[hand.contact].append(hand)
    for contact, hands in by_contact.items():
        hands.sort(key=lambda hand: hand.accepted)
        for before, after in pairwise(hands):
            if before.left is None or before.left > after.accepted:
                yield f"{contact} is with {before.agent} and {after.agent}"


def _load(history: History) -> Iterator[str]:
    steps: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for hand in history.hands:
        of = steps[(hand.agent, hand.channel)]
        of.append((hand.accepted, 1))
        if hand.done is not None:
            of.append((hand.done, -1))
    for (agent, channel), changes in steps.items():
        most, holds = history.capacity.get((agent, channel), 0), 0
        for _, change in sorted(changes):
            holds += change
            if holds > most:
                yield f"{agent} holds {holds} of {most} on {channel}"
                break


def _offered_beyond(history: History) -> Iterator[str]:
    """An offer to somebody whose hands are full, for as long as it takes to be sure of it."""
    for event in history.told:
        if event.what != "offer":
            continue
        full = [
            hand
            for hand in history.hands
            if hand.agent == event.agent
            and hand.accepted < event.at - SKEW_S
            and (hand.done is None or hand.done > event.at + SKEW_S)
        ]
        if full and len(full) >= history.capacity.get((event.agent, full[0].channel), 0):
            yield f"{event.agent} was offered {event.contact} with their hands full"


def _order(history: History) -> Iterator[str]:
    contacts = {contact.id: contact for contact in history.contacts if not contact.moved}
    waiting: set[str] = set()
    passed: set[tuple[str, str]] = set()
    lost_at = settled_at = 0.0
    for event in history.told:
        if lost_at and not settled_at and event.what != "emptied":
            settled_at = event.at + SETTLES_S
        match event.what:
            case "waiting":
                waiting.add(event.contact)
            case "offer":
                waiting.discard(event.contact)
                mine = contacts.get(event.contact)
                if mine and mine.arrived > lost_at and event.at < settled_at:
                    continue
                for other in map(contacts.get, waiting) if mine else ():
                    if (
                        other is not None
                        and mine is not None
                        and other.line == mine.line
                        and other.arrived + SAME_S < mine.arrived
                        and (other.id, event.agent) not in passed
                    ):
                        yield f"{mine.id} was offered before {other.id}, who waited for longer"
            case "offer_gone":
                waiting.add(event.contact)
                passed.add((event.contact, event.agent))
            case "handling" | "ended":
                waiting.discard(event.contact)
            case "emptied":
                waiting = _waited_through(history, event.at)
                lost_at, settled_at = event.at - SKEW_S, 0.0
                passed.clear()


def _waited_through(history: History, at: float) -> set[str]:
    """Who was in line by the truth around this moment."""
    taken = {
        hand.contact
        for hand in history.hands
        if hand.accepted < at + SKEW_S and (hand.left is None or hand.left > at - SKEW_S)
    }
    return {
        contact.id
        for contact in history.contacts
        if contact.arrived < at - SKEW_S
        and (contact.ended is None or contact.ended > at + SKEW_S)
        and contact.id not in taken
    }


def _absorbs(history: History) -> Iterator[str]:
    by_id = {contact.id: contact for contact in history.contacts}
    for seen in history.ends:
        now = by_id.get(seen.contact)
        if now is None or now.outcome != seen.outcome:
            is_now = "gone" if now is None else now.outcome or now.state
            yield f"{seen.contact} ended as {seen.outcome} and is {is_now}"
    for hand in history.hands:
        contact = by_id.get(hand.contact)
        if contact is not None and contact.ended is not None and hand.accepted > contact.ended:
            yield f"{contact.id} was accepted after its end"
    over: set[str] = set()
    for event in history.told:
        if event.what == "ended":
            over.add(event.contact)
        elif event.contact in over and event.what in ("waiting", "offer", "handling"):
            yield f"{event.contact} was told {event.what} after its end"


def _rest(history: History) -> Iterator[str]:
    rest = history.rest
    if rest is None:
        return
    held: dict[tuple[str, str], int] = defaultdict(int)
    for hand in history.hands:
        if hand.done is None:
            held[(hand.agent, hand.channel)] += 1
    for who in sorted(held.keys() | rest.loads.keys()):
        if held[who] != rest.loads.get(who, 0):
            yield f"{who[0]} holds {held[who]} on {who[1]}, and counts for {rest.loads.get(who, 0)}"
    for agent, offer in sorted(rest.offers.items()):
        if offer not in rest.ringing:
            yield f"{agent} is reserved for {offer}, which nobody can answer"
    wait = {contact.id for contact in history.contacts if contact.state == "waiting"}
    for contact in sorted(wait - rest.waiting):
        yield f"{contact} waits, and is not in line"
    for contact in sorted(rest.waiting - wait):
        yield f"{contact} is in line, and does not wait"
    if rest.outbox:
        yield f"{rest.outbox} operations were never applied"
