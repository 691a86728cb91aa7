"""One simulated run: who comes, gives up, is answered and ends, and when. Pure.

Chance and the scripts are passed in. Timers run at the very moment at which the scripts' own sets
say that something is due; nothing polls.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

from router.queues.engine import ACCEPT_LEASE_MS
from router.queues.picture import OVERFLOWS_MOST
from router.queues.steps import leads_to
from router.simulation.agenda import Agenda, Scripts
from router.simulation.company import BEGIN_MS, Company, contact_row, moment
from router.simulation.desks import Desks
from router.simulation.load import Chance
from router.simulation.people import Agent, Contact, Outcome, Visit, arrival_after, draw_contact

TIMER = {"limit": 100, "lease_ms": 10_000}


class Play:
    """One run of a load over a company's scripts.

    chance: a source for each name, the same for the same name. watch: told of so many arrivals.
    """

    def __init__(
        self,
        company: Company,
        scripts: Scripts,
        chance: Callable[[str], Chance],
        watch: Callable[[int], None],
    ) -> None:
        self._company = company
        self._watch = watch
        self._load = load = company.load
        end = round(load.minutes * 60_000)
        self._agenda = agenda = Agenda(scripts, round(load.warm_up * 60_000), end)
        self._ask = agenda.ask
        self._desks = Desks(company, agenda, chance("agents"))
        self._numbers = itertools.count(1)
        self._contacts: dict[str, Contact] = {}
        self._waiting: Counter[str] = Counter()  # by queue
        self._present: Counter[str] = Counter()  # by the queue of arrival
        self._visits: list[Visit] = []
        self._offered_ms = 0
        self._chance = [
            (chance(f"{stream.name}/when"), chance(f"{stream.name}/who")) for stream in load.streams
        ]

    async def play(self) -> Outcome:
        """From the first sign-in until everybody who came in time has left the line."""
        agenda = self._agenda
        await self._ask("reserve", {"share": self._company.rules.reserve_share})
        self._desks.expect()
        for place in range(len(self._load.streams)):
            self._next_arrival(place)
        while agenda.now < agenda.end or self._waiting.total() > 0:
            if agenda.timer():
                await self._timers()
            elif (what := agenda.next()) is not None:
                do, arguments = what
                await do(*arguments)
            else:
                break
            while agenda.scripts.offers:
                await self._offered(agenda.scripts.offers.popleft())
        for contact in self._contacts.values():
            if contact.state == "waiting":
                self._left(contact, "left")
        for agent in self._desks.agents.values():
            self._desks.count(agent)
        return Outcome(self._visits, list(self._desks.agents.values()), self._offered_ms)

    def _next_arrival(self, place: int) -> None:
        agenda = self._agenda
        when, _ = self._chance[place]
        at = arrival_after(agenda.now, self._load.streams[place], when, agenda.end)
        if at is not None:
            agenda.at(at, self._arrive, place)

    async def _arrive(self, place: int) -> None:
        self._next_arrival(place)
        self._watch(1)
        now = self._agenda.now
        stream = self._load.streams[place]
        who = self._chance[place][1]
        contact = draw_contact(f"c{next(self._numbers):09}", place, stream, now, who)
        if now >= self._agenda.warm:
            self._offered_ms += contact.service_ms
        ahead = self._company.head_start(stream, stream.queue)
        contact.row = contact_row(contact.id, stream, BEGIN_MS + now, ahead)
        contact.line_ms = now
        trunks = self._load.trunks.get(stream.queue)
        if trunks is not None and self._present[stream.queue] >= trunks:
            return self._count(contact, "blocked")
        self._present[stream.queue] += 1
        self._contacts[contact.id] = contact
        await self._enter(contact)

    async def _enter(self, contact: Contact) -> None:
        """Into the line of the queue that the row says."""
        contact.state, contact.line_ms = "waiting", self._agenda.now
        contact.offer = contact.agent = None
        self._waiting[contact.row["queue_id"]] += 1
        answer = await self._ask("enter", self._company.enter(contact.row, contact.place))
        contact.waited = answer["state"] != "offered"
        queue = contact.row["queue_id"]
        moves = contact.waited and contact.row["overflowed"] < OVERFLOWS_MOST
        for overflow in self._company.policies[queue].overflow if moves else ():
            if overflow.on == "length" and self._waiting[queue] > overflow.most:
                return await self._go(contact, overflow.then.to, overflow.then.queue)
        if contact.patience_ms is not None:
            generation = contact.row["generation"]
            at = self._agenda.now + contact.patience_ms
            self._agenda.at(at, self._give_up, contact, generation)

    async def _move(self, contact: Contact, slug: str) -> None:
        row = contact.row
        row["generation"] += 1
        row["queue_id"] = slug
        row["line_at"] = moment(BEGIN_MS + self._agenda.now)
        row["head_start"] = self._company.head_start(contact.stream, slug, contact.escalations)
        await self._enter(contact)

    async def _offered(self, event: dict[str, Any]) -> None:
        contact = self._contacts.get(event["contact"])
        if contact is None or contact.state != "waiting":
            return
        agent, offer = self._desks.agents[event["agent"]], event["offer"]
        contact.offer, contact.agent = offer, agent
        will, after = self._desks.reaction(agent)
        at = self._agenda.now + after
        if will == "decline":
            self._agenda.at(at, self._refuse, contact, offer, "declined")
        elif will == "accept" and after:
            self._agenda.at(at, self._accept, contact, offer)
        elif will == "accept":
            await self._accept(contact, offer)
        # what is missed, its deadline finds

    async def _accept(self, contact: Contact, offer: str) -> None:
        agent = contact.agent
        if contact.offer != offer or contact.state != "waiting" or agent is None:
            return
        arguments = {"offer": offer, "agent": agent.id, "lease_ms": ACCEPT_LEASE_MS}
        if (await self._ask("accept", arguments))["state"] != "accepting":
            return
        row = contact.row
        row["generation"] += 1
        handling = {
            "offer_id": offer,
            "agent_id": agent.id,
            "channel": row["channel"],
            "queue_id": row["queue_id"],
            "line_at": row["line_at"],
            "accepted_at": moment(BEGIN_MS + self._agenda.now),
            "state": "active",
        }
        self._left(contact, "answered")
        self._desks.take(agent)
        service = round(contact.service_ms * agent.group.pace)
        self._agenda.at(self._agenda.now + service, self._finish, contact)
        await self._ask("hold", self._company.hold(row, handling))

    async def _refuse(self, contact: Contact, offer: str, why: str) -> None:
        agent = contact.agent
        if contact.offer != offer or contact.state != "waiting" or agent is None:
            return
        contact.offer = contact.agent = None
        policy = self._company.policies[contact.row["queue_id"]]
        await self._desks.let_pass(agent, why, policy.refusals)
        await self._ask(
            "refuse",
            {
                "offer": offer,
                "agent": agent.id,
                "why": why,
                "retry_ms": policy.retry_seconds * 1000,
                "go_last": policy.refusals.go_last,
            },
        )

    async def _timers(self) -> None:
        scripts, now_ms = self._agenda.scripts, BEGIN_MS + self._agenda.now
        if scripts.wake_ms is not None and scripts.wake_ms <= now_ms:
            for leaving in (await self._ask("wake", TIMER)).get("leaving", ()):
                contact = self._contacts[leaving["contact"]]
                policy = self._company.policies[contact.row["queue_id"]]
                then = leads_to(policy, leaving["waited_ms"], alone=leaving["alone"])
                if then is not None:
                    await self._go(contact, then.to, then.queue)
        if scripts.due_ms is not None and scripts.due_ms <= now_ms:
            for offer in (await self._ask("due", TIMER)).get("offers", ()):
                await self._refuse(self._contacts[offer["contact"]], offer["offer"], "missed")

    async def _go(self, contact: Contact, to: str, slug: str | None) -> None:
        """The policy leads the contact elsewhere; it takes what it is offered."""
        self._left(contact, "diverted")
        if to == "queue" and slug is not None:
            contact.row["overflowed"] += 1
            await self._move(contact, slug)
        else:
            await self._close(contact, "closed")

    async def _give_up(self, contact: Contact, generation: int) -> None:
        if contact.state == "waiting" and contact.row["generation"] == generation:
            self._left(contact, "abandoned")
            await self._close(contact, "abandoned")

    async def _finish(self, contact: Contact) -> None:
        agent, offer = contact.agent, contact.offer
        assert agent is not None
        limit = self._company.policies[contact.row["queue_id"]].wrap_up_seconds
        if contact.second is not None:
            (contact.service_ms, contact.patience_ms), contact.second = contact.second, None
            contact.escalations += 1
            await self._move(contact, self._company.escalates_to(contact.stream))
        else:
            await self._close(contact, "completed")
        wrap_ms = round(min(contact.wrap_ms * agent.group.pace, limit * 1000))
        arguments = {"agent": agent.id, "offer": offer, "contact": contact.id}
        if wrap_ms:
            self._agenda.at(self._agenda.now + wrap_ms, self._release, agent, arguments)
        else:
            await self._release(agent, arguments)

    async def _release(self, agent: Agent, arguments: dict[str, Any]) -> None:
        self._desks.let_go(agent)
        await self._ask("release", arguments)

    async def _close(self, contact: Contact, outcome: str) -> None:
        del self._contacts[contact.id]
        self._present[contact.stream.queue] -= 1
        day = {"day": moment(BEGIN_MS + self._agenda.now).date().isoformat()}
        await self._ask(
            "close",
            {
                "contact": contact.id,
                "gen": contact.row["generation"] + 1,
                "queue": contact.row["queue_id"],
                "outcome": outcome,
                "abandoned": day if outcome == "abandoned" else None,
            },
        )

    def _left(self, contact: Contact, outcome: str) -> None:
        """The contact's stay in this line is over."""
        self._waiting[contact.row["queue_id"]] -= 1
        contact.state = "handling" if outcome == "answered" else "gone"
        self._count(contact, outcome)

    def _count(self, contact: Contact, outcome: str) -> None:
        agent = contact.agent if outcome == "answered" else None
        now = self._agenda.now
        self._visits.append(
            Visit(
                contact.row["queue_id"],
                contact.place,
                contact.line_ms,
                now - contact.line_ms,
                now - contact.arrived_ms,
                outcome,
                contact.waited,
                agent.place if agent is not None else -1,
                agent is not None
                and contact.second is None
                and contact.luck < agent.group.resolves,
            )
        )
