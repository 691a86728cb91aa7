"""Made-up days of a call center: the truth's rows, and apart from them what must be counted.

What is expected is made from the story as it is told, event by event, never from the rows that
the story leaves in the database.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from router.statistics.definitions import INTERVAL_S, Counts, held
from tests.house import House

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TARGET_S, SHORT_S = 20, 5

Key = tuple[str, str, datetime]


def at(seconds: float) -> datetime:
    """So many seconds after the beginning."""
    return BEGIN + timedelta(milliseconds=round(seconds * 1000))


def interval(second: float) -> datetime:
    return at(second // INTERVAL_S * INTERVAL_S)


@dataclass
class Story:
    """What happened, and what follows for the figures."""

    house: House
    until: float
    """The moment at which it is counted, in seconds after the beginning."""
    expected: dict[Key, Counts] = field(default_factory=lambda: defaultdict(Counts))
    handlings: list[tuple[Any, ...]] = field(default_factory=list)
    contacts: list[tuple[Any, ...]] = field(default_factory=list)
    offers: list[tuple[Any, ...]] = field(default_factory=list)
    spans: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    tiers: dict[UUID, int] = field(default_factory=dict)
    busy: dict[UUID, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    present: dict[UUID, list[tuple[float, float, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    people: UUID = field(default_factory=uuid4)

    # What is counted --------------------------------------------------------------------

    def count(self, second: float, *, queue: UUID | None = None, channel: str | None = None,
              agent: UUID | None = None, **counts: int) -> None:  # fmt: skip
        """These counts, for all and for each whom they concern."""
        subjects = {"all": "", "queue": queue, "channel": channel, "agent": agent}
        subjects["tier"] = None if agent is None else self.tiers[agent]
        for dimension, subject in subjects.items():
            if subject is not None:
                key = (dimension, str(subject), interval(second))
                self.expected[key] = self.expected[key] + Counts(**counts)

    def entered(self, second: float, queue: UUID, channel: str) -> None:
        self.count(second, queue=queue, channel=channel, entered=1)

    def _spread(self, begin: float, end: float) -> list[tuple[float, int]]:
        """The pieces of a time in each interval: where, and how many ms."""
        pieces = []
        while begin < end:
            cut = min(end, (begin // INTERVAL_S + 1) * INTERVAL_S)
            pieces.append((begin, round(cut * 1000) - round(begin * 1000)))
            begin = cut
        return pieces

    def settle(self) -> dict[Key, Counts]:
        """All that is expected, with the agents' time, in which two things at once are one."""
        for agent in self.tiers:
            busy = self.busy[agent]
            present = self.present[agent]
            for name, times in (
                ("busy_ms", busy),
                ("staffed_ms", busy + [(b, e) for b, e, what in present if what == "available"]),
                ("signed_in_ms", busy + [(b, e) for b, e, _ in present]),
            ):
                for begin, end in _united(times):
                    for where, ms in self._spread(begin, end):
                        self.count(where, agent=agent, **{name: ms})
        return {key: counts for key, counts in self.expected.items() if counts != Counts()}

    # What happens -----------------------------------------------------------------------

    def agent(self, id_: UUID, tier: int) -> None:
        self.tiers[id_] = tier

    def is_present(self, agent: UUID, begin: float, end: float, what: str) -> None:
        """end: past the moment of counting means that it goes on."""
        open_ = end >= self.until
        self.spans.append((agent, self.tiers[agent], what, at(begin), None if open_ else at(end)))
        self.present[agent].append((begin, min(end, self.until), what))

    def offer(self, second: float, agent: UUID, queue: UUID, channel: str, outcome: str) -> None:
        self.offers.append((str(uuid4()), agent, outcome, at(second), queue, channel,
                            self.tiers[agent]))  # fmt: skip
        self.count(second, queue=queue, channel=channel, agent=agent, **{f"offers_{outcome}": 1})

    def left(self, entered: float, second: float, queue: UUID, channel: str, how: str) -> None:
        waited = round(second * 1000) - round(entered * 1000)
        counts = {"longest_wait_ms": waited}
        if how == "abandoned":
            counts |= {"abandoned": 1, "abandoned_wait_ms": waited}
            counts["abandoned_short"] = int(waited < SHORT_S * 1000)
        else:
            counts["left_message" if how == "message" else "left_otherwise"] = 1
        self.count(second, queue=queue, channel=channel, **counts)

    def message(self, contact: UUID, queue: UUID, channel: str, *, line: float | None,
                left: float, due: float, agent: UUID | None = None, ended: float | None = None,
                ) -> None:  # fmt: skip
        """A message that was left, and until when somebody is to deal with it.

        line: since when its person had waited in line. agent: who has dealt with it, at `ended`.
        """
        self.messages.append((contact, queue, channel, at(left), at(due)))
        if line is not None:
            self.lines.append((contact, queue, channel, at(line), at(left)))
        whose = {"queue": queue, "channel": channel}
        self.count(left, **whose, messages=1)
        if due < self.until and (ended is None or ended > due):
            self.count(due, **whose, messages_overdue=1)
        if ended is not None:
            after = round(ended * 1000) - round(left * 1000)
            self.count(ended, **whose, agent=agent, messages_answered=1,
                       messages_in_time=int(ended <= due), messages_answer_ms=after)  # fmt: skip

    def handling(
        self,
        contact: UUID,
        queue: UUID,
        channel: str,
        agent: UUID,
        *,
        line: float,
        entered: float,
        accepted: float,
        connected: float | None,
        ended: float | None,
        done: float | None,
        ending: str | None,
        told: tuple[float, int] | None = None,
        message: bool = False,
    ) -> None:
        """told: when and what wait (s), in this stay. What lies past the counting is not yet.

        message: one was heard.
        """
        state = "connecting"
        if done is not None:
            state = "done"
        elif ended is not None:
            state = "wrapup"
        elif connected is not None:
            state = "active"
        self.handlings.append(
            (contact, agent, f"{contact}.{len(self.handlings)}", channel, queue, at(line), state,
             at(accepted), _at(connected), _at(ended), _at(done), ending, self.tiers[agent],
             told and told[1], told and at(told[0]))
        )  # fmt: skip
        whose = {"queue": queue, "channel": channel, "agent": agent}
        if connected is not None:
            waited = round(connected * 1000) - round(entered * 1000)
            counts = {"answered": 1, "wait_ms": waited, "longest_wait_ms": waited}
            counts["answered_within"] = int(waited <= TARGET_S * 1000)
            if told is not None:
                came = round(connected * 1000) - round(told[0] * 1000)
                error = told[1] * 1000 - came
                counts |= {"estimates": 1, "estimate_error_ms": error}
                counts |= {"estimate_absolute_error_ms": abs(error)}
                counts["estimates_held"] = int(held(told[1] * 1000, came))
            self.count(connected, **whose, **counts)
        if done is not None and connected is not None and ended is not None:
            self.count(
                done,
                **whose,
                handled=1,
                connecting_ms=round(connected * 1000) - round(accepted * 1000),
                conversation_ms=round(ended * 1000) - round(connected * 1000),
                wrap_up_ms=round(done * 1000) - round(ended * 1000),
            )
        elif done is not None and not message:
            self.count(done, **whose, not_connected=1)
        over = self.until if done is None else done
        self.busy[agent].append((accepted, over))
        for where, ms in self._spread(accepted, over):
            self.count(where, **whose, handling_ms=ms)

    def contact(self, id_: UUID, queue: UUID, channel: str, state: str, *, line: float,
                outcome: str | None = None, ended: float | None = None) -> None:  # fmt: skip
        due = next((each[4] for each in self.messages if each[0] == id_), None)
        self.contacts.append((id_, channel, queue, state, at(line), outcome, _at(ended), due))

    # Into the database ------------------------------------------------------------------

    async def write(self) -> None:
        """The rows, as the service leaves them."""
        pool, ws = self.house.pool, self.house.workspace
        await pool.execute(
            "insert into person (id, workspace_id, name) values ($1, $2, 'All of them')"
            " on conflict (id) do nothing",
            self.people,
            ws,
        )
        await pool.executemany(
            "insert into contact (id, workspace_id, channel, provider_key, person_id, role,"
            " assurance, language, queue_id, state, line_at, outcome, ended_at, queued_at,"
            f" due_at) values ($1, '{ws}', $2, gen_random_uuid()::text, '{self.people}',"
            " 'customer', 0, 'en', $3, $4, $5, $6, $7, $5, $8)",
            self.contacts,
        )
        await pool.executemany(
            "insert into handling (workspace_id, contact_id, agent_id, offer_id, channel,"
            " queue_id, line_at, state, accepted_at, connected_at, ended_at, done_at, ending,"
            f" tier, estimate_s, estimated_at) values ('{ws}', $1, $2, $3, $4, $5, $6, $7, $8,"
            " $9, $10, $11, $12, $13, $14, $15)",
            self.handlings,
        )
        if self.contacts:
            await pool.executemany(
                "insert into offer (id, workspace_id, contact_id, agent_id, outcome, made_at, at,"
                f" queue_id, channel, tier) values ($1, '{ws}', '{self.contacts[0][0]}', $2, $3,"
                " $4, $4, $5, $6, $7)",
                self.offers,
            )
        await pool.executemany(
            "insert into presence_span (workspace_id, agent_id, tier, presence, began_at,"
            f" ended_at) values ('{ws}', $1, $2, $3, $4, $5)",
            self.spans,
        )
        await pool.executemany(
            "insert into line_left (workspace_id, contact_id, queue_id, channel, line_at, left_at)"
            f" values ('{ws}', $1, $2, $3, $4, $5)",
            self.lines,
        )
        await pool.executemany(
            "insert into message_left (workspace_id, contact_id, queue_id, channel, left_at,"
            f" due_at) values ('{ws}', $1, $2, $3, $4, $5)",
            self.messages,
        )
        self.contacts, self.handlings, self.offers, self.spans = [], [], [], []
        self.lines, self.messages = [], []


def _at(second: float | None) -> datetime | None:
    return None if second is None else at(second)


def _united(times: list[tuple[float, float]]) -> list[tuple[float, float]]:
    united: list[tuple[float, float]] = []
    for begin, end in sorted(times):
        if united and begin <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        elif begin < end:
            united.append((begin, end))
    return united


def tell(story: Story, chance: random.Random, agents: list[UUID], queues: list[UUID],
         contacts: int) -> None:  # fmt: skip
    """A story by chance: people come, wait, give up, are served, passed on, lost, taken back."""

    def some(most: float) -> float:
        return round(chance.uniform(0.001, most), 3)

    for agent in agents:
        second = some(1200)
        while second < story.until:
            end = round(second + some(3000), 3)
            story.is_present(agent, second, end, chance.choice(["available", "break"]))
            # sometimes at once, sometimes after a time away
            second = end if chance.random() < 0.5 else round(end + some(900), 3)
    for _ in range(contacts):
        _life(story, chance, some, agents, queues)


def _message(story: Story, chance: random.Random, some: Any, agents: list[UUID], id_: UUID,
             queue: UUID, channel: str, line: float, left: float) -> None:  # fmt: skip
    """What becomes of a message: heard in time or late, taken back, or nobody came to it."""
    due, heard = round(left + some(2500), 3), round(left + some(2500), 3)
    kept = {"line": line, "left": left, "due": due}
    if heard >= story.until:
        story.message(id_, queue, channel, **kept)
        story.contact(id_, queue, channel, "waiting", line=left)
        return
    agent = chance.choice(agents)
    if chance.random() < 0.2:
        # closed by a supervisor: nobody has dealt with it
        story.message(id_, queue, channel, **kept)
        if due < story.until and due > heard:
            story.count(due, queue=queue, channel=channel, messages_overdue=-1)
        story.contact(id_, queue, channel, "ended", line=left, outcome="closed", ended=heard)
        return
    story.offer(heard, agent, queue, channel, "accepted")
    ended: float | None = round(heard + some(300), 3)
    done: float | None = round(heard + 300 + some(200), 3)
    ended = ended if ended is not None and ended < story.until else None
    done = done if done is not None and done < story.until else None
    story.handling(id_, queue, channel, agent, line=left, entered=left, accepted=heard,
                   connected=None, ended=ended, done=done, ending=ended and "completed",
                   message=True)  # fmt: skip
    story.message(id_, queue, channel, **kept, agent=agent, ended=ended)
    story.contact(id_, queue, channel, "ended" if ended else "handling", line=left,
                  outcome=ended and "voicemail", ended=ended)  # fmt: skip


def _life(story: Story, chance: random.Random, some: Any, agents: list[UUID],
          queues: list[UUID]) -> None:  # fmt: skip
    id_, channel = uuid4(), chance.choice(["voice", "chat"])
    queue, line = chance.choice(queues), some(story.until - 1)
    entered = since = line
    story.entered(line, queue, channel)
    while True:
        wait = chance.choice([some(4), some(30), some(1500)])
        left = round(since + wait, 3)
        if left >= story.until:
            story.contact(id_, queue, channel, "waiting", line=line)
            return
        agent = chance.choice(agents)
        if chance.random() < 0.3:
            story.offer(left, agent, queue, channel,
                        chance.choice(["declined", "missed", "withdrawn"]))  # fmt: skip
        if chance.random() < 0.25:
            how = chance.choice(["abandoned", "left", "message"])
            story.left(entered, left, queue, channel, how)
            if how == "message":
                _message(story, chance, some, agents, id_, queue, channel, line, left)
                return
            outcome = how if how == "abandoned" else chance.choice(["voicemail", "closed"])
            story.contact(id_, queue, channel, "ended", line=line, outcome=outcome, ended=left)
            return
        story.offer(left, agent, queue, channel, "accepted")
        what = {"contact": id_, "queue": queue, "channel": channel, "agent": agent}
        times = {"line": line, "entered": entered, "accepted": left}
        connected = round(left + some(20), 3) if channel == "voice" else left
        if channel == "voice" and chance.random() < 0.2:
            # the leg never came: the caller waits on
            end: float | None = connected if connected < story.until else None
            story.handling(**what, **times, connected=None, ended=end, done=end,
                           ending=end and "no_connect")  # fmt: skip
            if end is None:
                story.contact(id_, queue, channel, "handling", line=line)
                return
            since = end
            continue
        if connected >= story.until:
            story.handling(**what, **times, connected=None, ended=None, done=None, ending=None)
            story.contact(id_, queue, channel, "handling", line=line)
            return
        told = None
        if chance.random() < 0.6:
            told = (round(entered + (left - entered) * 0.1, 3), chance.choice([30, 60, 300]))
        ended = round(connected + some(1400), 3)
        if ended >= story.until:
            story.handling(**what, **times, connected=connected, ended=None, done=None,
                           ending=None, told=told)  # fmt: skip
            story.contact(id_, queue, channel, "handling", line=line)
            return
        ending = chance.choice(["completed", "completed", "escalated", "lost"])
        done: float | None = ended if ending == "lost" else round(ended + some(200), 3)
        if done is not None and done >= story.until:
            done = None
        story.handling(**what, **times, connected=connected, ended=ended, done=done,
                       ending=ending, told=told)  # fmt: skip
        if ending == "completed":
            story.contact(id_, queue, channel, "ended", line=line, outcome="completed",
                          ended=ended)  # fmt: skip
            return
        entered = since = ended
        if ending == "escalated":
            queue, line = chance.choice(queues), ended
        story.entered(entered, queue, channel)
