"""A call center of a given size in a live picture, to time a match in it from both directions.

English agents are idle; German ones are all busy, and German contacts wait for them. So an English
contact finds somebody at once, and a German agent who becomes free finds the oldest who waits,
while the size of the scene stays as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from router.bench.people import People, contact_row, handling_row
from router.bench.pictures import (
    CHUNK,
    FILLERS,
    Answer,
    Picture,
    Timing,
    accept_arguments,
    close_arguments,
    release_arguments,
)
from router.bench.rows import Broken, Tell
from router.queues.picture import held_arguments

MATCHES = 50
SAMPLE = 100
AT_A_TIME = 500
LANGUAGES = ("en", "de", "pt")
"""Of who is idle, of who is busy, and of nobody."""


class Scene:
    """Queues, agents and contacts over one live store."""

    def __init__(
        self,
        url: str,
        tell: Tell,
        people: People | None = None,
        picture: type[Picture] = Picture,
    ) -> None:
        self.picture = picture(url)
        self.people = people or People()
        self.people.speak(*LANGUAGES)
        self.closing: Timing | None = None
        self._tell = tell
        self._here: list[Answer] = []
        self._lined: list[str] = []
        self._busy: list[tuple[str, str, str]] = []  # agent, offer, contact
        self._served: list[int] = []  # a queue of each busy agent

    # Filling -----------------------------------------------------------------------------------

    def idle(self, agents: int) -> None:
        """So many idle English agents, of five rating bands."""
        here = [self.people.agent("en") for _ in range(agents)]
        self._fill("present", here, agents, "idle agents")
        self._here = here[:SAMPLE]

    def registered(self, agents: int) -> None:
        """So many who have been there and are offline: they came and went, some at a time."""
        for begin in range(0, agents, AT_A_TIME):
            here = [self.people.agent("en") for _ in range(min(AT_A_TIME, agents - begin))]
            self.picture.call("present", here)
            gone = [each | {"version": 2, "state": "offline"} for each in here]
            self.picture.call("present", gone)
            self._tell(f"agents who come and go: {begin:,} of {agents:,}")

    def waiting(self, contacts: int, language: str = "de") -> None:
        """So many contacts who wait."""
        every = max(1, contacts // SAMPLE)
        self._lined = []

        def arguments() -> Iterator[Answer]:
            for n in range(contacts):
                found = self.people.contact(language)
                if n % every == 0:
                    self._lined.append(str(found["contact"]))
                yield found

        self._fill("enter", arguments(), contacts, "contacts who wait")

    def busy(self, agents: int) -> None:
        """So many German agents, each with one of those who wait in hand."""
        capacity = {"voice": 0, "chat": 1, "video": 0}
        made = [self.people.agent_of("de", capacity=capacity) for _ in range(agents)]
        arguments = [each for each, _ in made]
        self._served += [queue for _, queue in made]
        answers = self.picture.call("present", arguments)
        self._take([str(each["agent"]) for each in arguments], answers)

    def _fill(self, verb: str, arguments: Any, total: int, what: str) -> None:
        done = 0
        for more in self.picture.fill(verb, arguments):
            done += more
            self._tell(f"{what}: {done:,} of {total:,}")

    # Matching ----------------------------------------------------------------------------------

    def arrive(self, contacts: int, queues: Sequence[int] | None = None) -> Timing:
        """English contacts arrive, and each is offered at once; they leave again after.

        queues: where they come to; anywhere.
        """
        to = queues or range(len(self.people.queues))
        entered = [
            self.people.contact("en", self.people.chance.choice(to)) for _ in range(contacts)
        ]
        answers, timing = self.picture.timed("enter", entered)
        offers = [str(answer.get("offer") or "") for answer in answers]
        self._check(offers)
        offered = (offer.split(".")[0] for offer in offers)
        agents = {agent for (agent,) in self.picture.fields("contact", offered, "agent")}
        if len(agents) != contacts or "" in agents:
            raise Broken(f"{contacts} contacts were offered to {len(agents)} agents")
        self.picture.call(
            "close",
            [close_arguments(str(c["contact"]), c["gen"] + 1, str(c["queue"])) for c in entered],
        )
        return timing

    def pass_through(self, contacts: int) -> None:
        """English contacts arrive, are offered at once and end, as fast as it goes."""
        chunks = [
            [self.people.contact("en") for _ in range(CHUNK)] for _ in range(contacts // CHUNK)
        ]
        with ThreadPoolExecutor(FILLERS) as pool:
            offers = list(itertools.chain.from_iterable(pool.map(self._pass, chunks)))
        self._check(offers)

    def _pass(self, some: list[Answer]) -> list[str]:
        answers = self.picture.call("enter", some)
        self.picture.call(
            "close",
            [close_arguments(str(c["contact"]), c["gen"] + 1, str(c["queue"])) for c in some],
        )
        return [str(answer.get("offer") or "") for answer in answers]

    def become_free(self) -> Timing:
        """Every busy agent becomes free, takes the oldest who waits, and one more comes to wait.

        `closing` is what the ends of their conversations took before.
        """
        self.picture.call("enter", [self.people.contact("de", queue) for queue in self._served])
        held = self.picture.fields("contact", (contact for _, _, contact in self._busy), "queue")
        _, self.closing = self.picture.timed(
            "close",
            [
                close_arguments(contact, 3, queue)
                for (_, _, contact), (queue,) in zip(self._busy, held, strict=True)
            ],
        )
        answers, timing = self.picture.timed(
            "release",
            [release_arguments(contact, agent, offer) for agent, offer, contact in self._busy],
        )
        self._take([agent for agent, _, _ in self._busy], answers)
        return timing

    def toggle(self) -> tuple[Timing, Timing]:
        """Idle agents go on break, and come back."""
        for each in self._here:
            each["version"] += 2
        pause = [each | {"state": "break", "version": each["version"] - 1} for each in self._here]
        return self.picture.timed("present", pause)[1], self.picture.timed("present", self._here)[1]

    def stand(self) -> Timing:
        """Contacts from all over the lines ask for their place and expected wait."""
        answers, timing = self.picture.timed("standing", [{"contact": c} for c in self._lined])
        if any("position" not in answer for answer in answers):
            raise Broken("somebody who waits has no place in line")
        return timing

    def _take(self, agents: list[str], answers: list[Answer]) -> None:
        """Each agent accepts what the answer offers them, and has the contact in hand."""
        offers = [str(answer.get("offer") or "") for answer in answers]
        self._check(offers)
        self.picture.call("accept", map(accept_arguments, agents, offers))
        contacts = [offer.split(".")[0] for offer in offers]
        fields = self.picture.fields("contact", contacts, "queue", "role", "arrival", "gen")
        held = []
        for agent, offer, contact, (queue, role, arrival, generation) in zip(
            agents, offers, contacts, fields, strict=True
        ):
            arrived = datetime.fromtimestamp(float(arrival) / 1000, UTC)
            row = contact_row(
                id=contact, generation=int(generation) + 1, role=role, arrived_at=arrived
            )
            handling = handling_row(agent, offer, queue, arrived)
            held.append(held_arguments(row, handling, self.people.policies[0], "UTC"))
        for answer in self.picture.call("hold", held):
            if answer["state"] != "handling":
                raise Broken(f"an accepted contact is {answer['state']}")
        self._busy = list(zip(agents, offers, contacts, strict=True))

    def _check(self, offers: list[str]) -> None:
        if "" in offers:
            raise Broken(f"{offers.count('')} of {len(offers)} matches found nobody")
        if len({offer.split(".")[0] for offer in offers}) != len(offers):
            raise Broken("a contact was offered twice")
