"""What the scripts are told of made-up contacts and agents: the routing's own builders. Pure.

Rows have the columns of the truth (`router/store/schema.sql`) that the builders read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from router.errors import Invalid
from router.queues.head_starts import Claim, head_start_seconds
from router.queues.picture import enter_arguments, held_arguments
from router.queues.policy import Policy
from router.queues.presence import presence_arguments
from router.queues.rules import Rules
from router.queues.steps import CompiledStep, Requirement, compile_steps
from router.ratings.rules import PRIOR_MEAN, PRIOR_WEIGHT, band
from router.simulation.load import Group, Load, Stream

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
"""The Monday on which every run begins."""
BEGIN_MS = int(BEGIN.timestamp() * 1000)
TIME_ZONE = "UTC"
MIDDLE_BAND = 2

# the builders cut to whole milliseconds, and a float may be a hair below one
_HAIR = timedelta(microseconds=500)


def moment(ms: int) -> datetime:
    """The time of so many milliseconds since 1970."""
    return BEGIN + timedelta(milliseconds=ms - BEGIN_MS) + _HAIR


class Company:
    """Policies, kinds and agents of one simulated workspace. Queues go by their slugs."""

    def __init__(self, policies: Mapping[str, Policy], rules: Rules, load: Load) -> None:
        self.policies = policies
        self.rules = rules
        self.load = load
        self._kinds: dict[Requirement, int] = {}
        self._steps: dict[tuple[str, int], list[tuple[CompiledStep, int]]] = {}
        for place, stream in enumerate(load.streams):
            self._compile(stream.queue, place, f"streams[{place}].queue")
            if stream.escalation is not None:
                field = f"streams[{place}].escalation.queue"
                self._compile(self.escalates_to(stream, field), place, field)
        for slug in load.trunks:
            if slug not in policies:
                raise Invalid(f"the policy has no queue {slug}", field="trunks")

    def _compile(self, slug: str, place: int, field: str) -> None:
        if slug not in self.policies:
            known = ", ".join(sorted(self.policies))
            raise Invalid(f"the policy has no queue {slug}; it has {known}", field=field)
        if (slug, place) in self._steps:
            return
        stream = self.load.streams[place]
        contact = {
            "channel": stream.channel,
            "role": stream.role,
            "language": stream.language,
            "skills": stream.skills,
            "topic": stream.topic,
            "queue": slug,
            "entry_point": stream.entry_point,
            "assurance": 2 if stream.role == "expert" else 0,
            "priority": stream.priority,
            "network_size": stream.network_size,
            "attributes": stream.attributes,
        }
        self._steps[slug, place] = [
            (step, self._kinds.setdefault(step.requirement, len(self._kinds) + 1))
            for step in compile_steps(self.policies[slug], contact)
        ]
        policy = self.policies[slug]
        for then in (*(step.then for step in policy.steps), *(o.then for o in policy.overflow)):
            if then.queue is not None:
                self._compile(then.queue, place, f"queues.{slug}")

    @property
    def kinds(self) -> list[tuple[int, Requirement]]:
        """All requirements that this load can bring, by number."""
        return [(number, requirement) for requirement, number in self._kinds.items()]

    def escalates_to(self, stream: Stream, field: str = "streams") -> str:
        """The queue that tier 1 passes contacts of this stream on to. Raises Invalid."""
        assert stream.escalation is not None
        slug = stream.escalation.queue or self.policies[stream.queue].escalates_to
        if slug is None:
            raise Invalid(f"the queue {stream.queue} escalates to no other", field=field)
        return slug

    def head_start(self, stream: Stream, slug: str, escalations: int = 0) -> timedelta:
        """How much older than it is a contact of this stream counts in this queue."""
        claim = Claim(stream.role, stream.network_size, stream.priority, escalations)
        return timedelta(seconds=head_start_seconds(self.policies[slug], claim))

    def enter(self, row: dict[str, Any], place: int) -> dict[str, Any]:
        """What `enter` takes. row: as `contact_row` gives it. place: the stream's."""
        slug = row["queue_id"]
        return enter_arguments(row, self.policies[slug], self._steps[slug, place], {})

    def hold(self, row: dict[str, Any], handling: dict[str, Any]) -> dict[str, Any]:
        """What `hold` takes. handling: offer_id, agent_id, channel, queue_id, line_at,
        accepted_at, state."""
        policy = self.policies[row["queue_id"]]
        return held_arguments(row, handling, policy, TIME_ZONE)

    def present(self, agent: str, version: int, state: str, since_ms: int, group: Group) -> Any:
        """What `present` takes. state: available, break or offline."""
        row: Any = {
            "id": agent,
            "version": version,
            "presence": state,
            "presence_reason": None,
            "presence_since": moment(since_ms),
            "tier": group.tier,
            "languages": list(group.languages),
            "skills": list(group.skills),
            "levels": group.levels,
            "capacity": group.capacity,
            "band": band(MIDDLE_BAND, group.rating),
            "rating_count": group.ratings,
            "rating_sum": round(
                group.rating * (PRIOR_WEIGHT + group.ratings) - PRIOR_WEIGHT * PRIOR_MEAN
            ),
            "qualifications": list(group.qualifications),
            "tags": list(group.tags),
            "location": group.location,
            "attributes": group.attributes,
        }
        return presence_arguments(row, self.kinds, self.rules)


def contact_row(contact: str, stream: Stream, at_ms: int, head_start: timedelta) -> dict[str, Any]:
    """A contact that has just been put in its first line."""
    at = moment(at_ms)
    return {
        "id": contact,
        "generation": 1,
        "queue_id": stream.queue,
        "channel": stream.channel,
        "role": stream.role,
        "language": stream.language,
        "skills": list(stream.skills),
        "priority": stream.priority,
        "attributes": stream.attributes,
        "arrived_at": at,
        "line_at": at,
        "overflowed": 0,
        "due_at": None,
        "head_start": head_start,
        "prefer_agent_id": None,
    }
