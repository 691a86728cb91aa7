"""Where a contact that comes may wait: opening hours, and lines that are too long.

A queue may send on whom it does not take. The way is bounded: no queue is asked twice, and at
the end of it the contact waits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from router.channels.line import Line
from router.errors import Conflict, NotFound, Unavailable
from router.hours.opening import next_opening, open_at
from router.hours.schedule import Schedule
from router.queues.picture import OVERFLOWS_MOST, policy_of
from router.queues.policy import Policy, Then
from router.queues.rules import Rules, parse_rules
from router.store.truth import Row

log = structlog.get_logger()

CLOSED = {
    "en": "We are closed at the moment.",
    "de": "Wir haben zurzeit geschlossen.",
    "pt": "De momento estamos encerrados.",
    "ru": "Сейчас мы не работаем.",
}
"""What is said where the policy says nothing."""


class Closed(Conflict):
    """The queue takes nothing new; the message is its announcement, in the person's language."""

    code = "closed"


def announcement(closed: Mapping[str, str], language: str) -> str:
    """What is said for a closed queue, in the caller's language if there is one. Pure."""
    texts = closed or CLOSED
    return texts.get(language) or texts.get("en") or next(iter(texts.values()))


@dataclass(frozen=True)
class House:
    """What of a workspace decides about hours. zone: IANA. country: ISO 3166."""

    rules: Rules
    zone: str
    country: str
    now: dt.datetime

    def schedule(self, policy: Policy) -> Schedule | None:
        """The queue's; None: always open, also where the schedule's name leads nowhere."""
        return self.rules.schedules.get(policy.hours) if policy.hours else None

    def is_open(self, policy: Policy) -> bool:
        schedule = self.schedule(policy)
        return schedule is None or open_at(schedule, self.now, zone=self.zone)

    def opens(self, policy: Policy, at: dt.datetime | None = None) -> dt.datetime | None:
        """When the queue is open, from `at` or now on; None: never."""
        schedule, moment = self.schedule(policy), at or self.now
        if schedule is None:
            return moment
        return next_opening(schedule, moment, zone=self.zone)


@dataclass(frozen=True)
class Admitted:
    """Where a contact is taken. then: what comes instead of waiting there; None: it waits.

    passed: the names of the queues that sent it on, in their order.
    """

    queue: Row
    policy: Policy
    then: Then | None = None
    passed: list[str] = field(default_factory=list)


class Admission(Line):
    """Decides before a contact is put in line."""

    async def house(self, workspace_id: UUID) -> House:
        """The workspace's rules and time. Raises NotFound."""
        row = await self._pool.fetchrow(
            "select policy, time_zone, country, now() as now from workspace where id = $1",
            workspace_id,
        )
        if row is None:
            raise NotFound("there is no such workspace")
        return House(parse_rules(row["policy"]), row["time_zone"], row["country"], row["now"])

    async def turned_away(self, queue_id: UUID, language: str) -> str | None:
        """What somebody who came to this queue now would be told instead of being taken."""
        queue = await self._pool.fetchrow("select * from queue where id = $1", queue_id)
        if queue is None:
            return None
        try:
            then = (await self._admit(queue, language)).then
        except Closed as closed:
            return closed.message
        return announcement(then.message or {}, language) if then and then.to == "close" else None

    async def _admit(self, queue: Row, language: str) -> Admitted:
        """Where a contact that comes to this queue waits, or what comes instead.

        queue: id, workspace_id, slug, name, policy, closed. Raises Closed when a supervisor has
        closed it.
        """
        passed: list[str] = []
        seen = {queue["id"]}
        while True:
            if queue["closed"] is not None:
                raise Closed(announcement(queue["closed"], language), state="closed")
            policy = policy_of(queue["policy"])
            then, full = await self._instead(queue, policy)
            if then is None or then.to != "queue" or len(passed) >= OVERFLOWS_MOST:
                elsewhere = then is not None and then.to != "queue"
                return Admitted(queue, policy, then if elsewhere else None, passed)
            onward = await self._pool.fetchrow(
                "select * from queue where workspace_id = $1 and slug = $2",
                queue["workspace_id"],
                then.queue,
            )
            known = onward is not None and onward["id"] not in seen
            if not known or (full and onward and onward["closed"] is not None):
                log.warning("queue.leads_nowhere", queue=queue["slug"], to=then.queue)
                return Admitted(queue, policy, None, passed)
            assert onward is not None
            passed.append(queue["name"])
            queue = onward
            seen.add(queue["id"])

    async def _instead(self, queue: Row, policy: Policy) -> tuple[Then | None, bool]:
        """What comes instead of this line, and whether because it is too long."""
        # a queue with neither pays for neither
        if policy.hours is not None:
            house = await self.house(queue["workspace_id"])
            if not house.is_open(policy):
                return policy.closed, False
        bounds = [rule for rule in policy.overflow if rule.on == "length"]
        if bounds:
            try:
                waiting = await self._engine.in_line(queue["workspace_id"], queue["id"])
            except Unavailable:
                # nobody is sent away for a figure that is not to be had
                return None, False
            for rule in bounds:
                if waiting >= rule.most:
                    return rule.then, True
        return None, False
