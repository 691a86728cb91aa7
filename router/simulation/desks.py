"""Made-up agents: presence, what they do with offers, and how busy they are. Pure."""

from __future__ import annotations

from collections import deque

from router.queues.policy import Refusals
from router.simulation.agenda import Agenda
from router.simulation.company import BEGIN_MS, Company
from router.simulation.load import Chance, duration
from router.simulation.people import Agent


class Desks:
    """All agents of a run."""

    def __init__(self, company: Company, agenda: Agenda, chance: Chance) -> None:
        self._company = company
        self._agenda = agenda
        self._chance = chance
        self.agents: dict[str, Agent] = {}

    def expect(self) -> None:
        """Everybody signs in and out when their group does."""
        for place, group in enumerate(self._company.load.agents):
            for _ in range(group.count):
                agent = Agent(f"a{len(self.agents):06}", place, group)
                self.agents[agent.id] = agent
                self._agenda.at(round(group.starts * 60_000), self.show, agent, "available")
                if group.ends is not None:
                    self._agenda.at(round(group.ends * 60_000), self.show, agent, "offline")

    async def show(self, agent: Agent, state: str) -> None:
        """The agent is available, on break or offline from now on."""
        self.count(agent)
        agent.state = state
        agent.version += 1
        since = BEGIN_MS + self._agenda.now
        arguments = self._company.present(agent.id, agent.version, state, since, agent.group)
        await self._agenda.ask("present", arguments)

    def reaction(self, agent: Agent) -> tuple[str, int]:
        """What the agent does with an offer (accept, decline or miss), and after so many ms."""
        group = agent.group
        will = self._chance.random() if group.declines or group.misses else 1.0
        if will < group.misses:
            return "miss", 0
        after = duration(group.reaction).draw(self._chance)
        return ("decline" if will < group.misses + group.declines else "accept"), after

    async def let_pass(self, agent: Agent, why: str, refusals: Refusals) -> None:
        """The agent declined or missed an offer: on break when the policy says so."""
        now = self._agenda.now
        if why == "missed":
            agent.misses += 1
            over = 0 < refusals.misses <= agent.misses
        else:
            agent.declines.append(now)
            while agent.declines[0] < now - refusals.decline_minutes * 60_000:
                agent.declines.popleft()
            over = 0 < refusals.declines <= len(agent.declines)
        if over and agent.state == "available":
            agent.misses, agent.declines = 0, deque()
            await self.show(agent, "break")
            back = duration(agent.group.back).draw(self._chance)
            self._agenda.at(now + back, self._return, agent)

    async def _return(self, agent: Agent) -> None:
        if agent.state == "break":
            await self.show(agent, "available")

    def take(self, agent: Agent) -> None:
        """The agent has one more in hand."""
        self.count(agent)
        agent.hands += 1
        agent.misses = 0

    def let_go(self, agent: Agent) -> None:
        """The agent has one less in hand."""
        self.count(agent)
        agent.hands -= 1

    def count(self, agent: Agent) -> None:
        """Adds the time since the agent's last change to what they did, as far as it counts."""
        agenda = self._agenda
        begin, end = max(agent.changed, agenda.warm), min(agenda.now, agenda.end)
        if end > begin:
            if agent.hands:
                agent.busy_ms += end - begin
            if agent.hands or agent.state != "offline":
                agent.in_ms += end - begin
        agent.changed = agenda.now
