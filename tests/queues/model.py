"""The rules of matching in plain Python: what the scripts must do, without keys or sets.

It is slow and looks at everybody. A model follows what the scripts say they did and complains
where they chose otherwise than the rules say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

OWN_AHEAD_MS = 600_000
CHANNELS = ("voice", "chat", "video")
BLOCKS = {"voice": ("video",), "video": ("voice",), "chat": ()}


@dataclass(frozen=True)
class Step:
    """kind: its live name. most: passes of whom is idle longest; share: newcomers asked first."""

    kind: str
    rule: str
    from_ms: int
    ahead_ms: int = 0
    skip: bool = False
    most: int = 0
    share: float = 0.0


@dataclass
class Contact:
    id: str
    queue: str
    channel: str
    score: int
    line_at: int
    steps: tuple[Step, ...]
    prefer: str | None = None
    prefer_until: int = 0
    gen: int = 1
    st: str = "waiting"
    step: int = 0
    offer: str | None = None
    agent: str | None = None
    excluded: dict[str, int] = field(default_factory=dict)
    # waits for the preferred agent alone: judged when it looks, and when they leave
    held: bool = False
    # has been in line: who is offered at once has not
    queued: bool = False

    @property
    def now_in(self) -> Step:
        return self.steps[self.step]

    @property
    def effective(self) -> int:
        return self.score - self.now_in.ahead_ms


@dataclass
class Agent:
    id: str
    kinds: dict[str, frozenset[str]]
    band: int
    newcomer: bool
    house: bool
    capacity: dict[str, int]
    st: str = "available"
    idle: int = 0
    version: int = 1
    offer: str | None = None
    hands: dict[str, str] = field(default_factory=dict)

    def held_out(self) -> dict[str, str]:
        """The open offer, as a hand."""
        return {self.offer: self.hands[self.offer]} if self.offer else {}

    def load(self, channel: str) -> int:
        return sum(held.split("/")[0] == channel for held in self.hands.values())

    def idle_on(self, channel: str) -> bool:
        if self.st != "available" or self.offer is not None:
            return False
        if self.load(channel) >= self.capacity.get(channel, 0):
            return False
        if len(self.hands) >= self.capacity.get("all", 99):
            return False
        return not any(
            self.load(busy) and channel in blocked
            for busy, blocked in BLOCKS.items()
            if busy != channel
        )


class Model:
    """What is so, by what was done. `now`: the virtual clock."""

    def __init__(self) -> None:
        self.now = 0
        self.share = 0.0
        self.agents: dict[str, Agent] = {}
        self.contacts: dict[str, Contact] = {}
        self.passed: dict[str, int] = {}

    # who could, who may

    def able(self, kind: str) -> bool:
        return any(
            kind in kinds
            for agent in self.agents.values()
            if agent.st != "offline"
            for kinds in agent.kinds.values()
        )

    def kept(self, channel: str) -> bool:
        """Whether the last idle 2nd-level agents of this channel are left to experts."""
        house = [agent for agent in self.agents.values() if agent.house]
        there = sum(agent.st == "available" for agent in house)
        idle = sum(agent.idle_on(channel) for agent in house)
        return self.share > 0 and idle - 1 < math.ceil(self.share * there)

    def excluded(self, contact: Contact, agent: Agent) -> bool:
        return contact.excluded.get(agent.id, 0) > self.now

    def waits_for_one(self, contact: Contact) -> bool:
        """For the preferred agent alone, who is there and could serve it."""
        agent = self.agents.get(contact.prefer or "")
        return (
            agent is not None
            and agent.st != "offline"
            and self.now < contact.prefer_until
            and not self.excluded(contact, agent)
            and self.knows(contact, agent)
        )

    def knows(self, contact: Contact, agent: Agent) -> bool:
        return any(step.kind in agent.kinds[contact.channel] for step in contact.steps)

    def candidates(self, contact: Contact) -> list[Agent]:
        """Idle agents who may be asked for a waiting contact, longest idle first."""
        kind = contact.now_in.kind
        found = [
            agent
            for agent in self.agents.values()
            if agent.idle_on(contact.channel)
            and kind in agent.kinds[contact.channel]
            and not self.excluded(contact, agent)
            and not (agent.house and kind.endswith("c") and self.kept(contact.channel))
        ]
        return sorted(found, key=lambda agent: (agent.idle, agent.id))

    # what the scripts did

    def moved(self, contact: Contact) -> None:
        """The step that the waiting time says, past those to be skipped."""
        at = max(
            n
            for n, step in enumerate(contact.steps)
            if n == 0 or self.now >= contact.line_at + step.from_ms
        )
        while (
            contact.steps[at].skip
            and at + 1 < len(contact.steps)
            and not self.able(contact.steps[at].kind)
        ):
            at += 1
        contact.step = at
        contact.held = self.waits_for_one(contact)

    def offered(self, offer: str, agent_id: str, why: str) -> None:
        """An offer that was made: complains where the rules say otherwise."""
        contact = self.contacts[offer.split(".")[0]]
        agent = self.agents[agent_id]
        assert contact.st == "waiting", "one live offer a contact"
        assert agent.idle_on(contact.channel), f"{why}: an offer to somebody who has no room"
        assert not self.excluded(contact, agent), "asked again too soon"
        if why == "freed":
            assert contact.id == self.oldest_for(agent)[0], "the oldest who may be served is first"
        elif why == "preferred":
            assert contact.prefer == agent.id
            assert self.knows(contact, agent)
        else:
            self.chosen(contact, agent, why)
        contact.st, contact.offer, contact.agent = "offered", offer, agent.id
        agent.offer = offer
        agent.hands[offer] = contact.channel

    def oldest_for(self, agent: Agent) -> tuple[str | None, float]:
        """The contact that an agent who becomes free must be given."""
        best: tuple[float, str] | None = None
        for contact in self.contacts.values():
            if contact.st != "waiting" or not agent.idle_on(contact.channel):
                continue
            if self.excluded(contact, agent):
                continue
            ahead: list[float] = []
            if contact.prefer == agent.id and self.knows(contact, agent):
                ahead.append(contact.effective - OWN_AHEAD_MS)
            if not contact.held and agent in self.candidates(contact):
                ahead.append(contact.effective)
            for at in ahead:
                if best is None or (at, contact.id) < best:
                    best = (at, contact.id)
        return (None, 0.0) if best is None else (best[1], best[0])

    def chosen(self, contact: Contact, agent: Agent, why: str) -> None:
        """The step's strategy, and its bound on passing over who is idle longest."""
        step, found = contact.now_in, self.candidates(contact)
        assert agent in found, "an offer to somebody who may not be asked"
        longest = found[0].idle
        if step.rule != "longest_idle" and step.most:
            if agent.idle == longest:
                self.passed[step.kind] = 0
            else:
                self.passed[step.kind] = self.passed.get(step.kind, 0) + 1
                assert self.passed[step.kind] <= step.most, "passed over too often"
        if why == "turn":
            assert agent.idle == longest
            return
        best = min(found, key=lambda each: self.rank(each, contact))
        assert self.rank(agent, contact)[:-1] == self.rank(best, contact)[:-1], (
            f"{step.rule} asks somebody else"
        )

    def rank(self, agent: Agent, contact: Contact) -> tuple[float, ...]:
        """Lower is asked first; the last part is a tie."""
        step = contact.now_in
        first: tuple[float, ...] = ()
        if step.rule == "least_loaded":
            first = (agent.load(contact.channel),)
        elif step.rule == "best_rated":
            newcomer = agent.newcomer and step.share == 1
            first = (-(agent.band + 10 * newcomer),)
        elif step.rule == "least_scarce":
            first = (len(agent.kinds[contact.channel]),)
        elif step.rule == "random":
            return (0, 0)
        return (*first, agent.idle, 0)

    def unserved(self) -> Iterator[tuple[Contact, Agent]]:
        """Who waits although somebody idle could serve them: at rest nobody."""
        for contact in self.contacts.values():
            if contact.st == "waiting" and not contact.held:
                for agent in self.candidates(contact):
                    yield contact, agent
