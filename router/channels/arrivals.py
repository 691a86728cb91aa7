"""How a contact arrives, is identified and gets into line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from router.channels.admission import Admitted, Closed, announcement
from router.channels.preferences import preferred_agent
from router.channels.promises import Promises
from router.channels.records import Channel, Contact
from router.errors import Invalid, NotFound
from router.identity.people import Identity
from router.queues.follows import follows
from router.queues.head_starts import Claim, head_start_seconds
from router.queues.outbox import Pending
from router.queues.picture import enter_arguments, policy_of
from router.queues.policy import Policy, Then
from router.store.truth import Row


@dataclass(frozen=True)
class Found:
    """What one look at the truth found for an arrival that had no contact yet.

    entry: the entry point. queue: its customers'. now: the truth's time of this look, which is
    when the contact has arrived.
    """

    entry: Row
    queue: Row
    now: datetime


@dataclass(frozen=True)
class Newcomer:
    """A person who is made together with the contact, under the identity's `person_id`.

    What they say of themselves is a claim.
    """

    name: str | None
    mail: str | None


@dataclass(frozen=True)
class Arrival:
    """A request at an entry point.

    provider_key: the provider's or client's own key; the same key is the same contact.
    topic: a key of the entry point's menu; it brings the skills that the menu names for it.
    asked_agent: whom the person asked for. priority: 0 to 9, None: the entry point's.
    attributes: the workspace's own names, for filters, before those of the entry point.
    secret_hash: sha256 of what the customer of a chat or video proves themselves with.
    """

    workspace_id: UUID
    channel: Channel
    entry_point_id: UUID
    provider_key: str
    identity: Identity
    language: str
    skills: tuple[str, ...] = ()
    topic: str | None = None
    secret_hash: bytes | None = None
    asked_agent: UUID | None = None
    priority: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    found: Found | None = None
    newcomer: Newcomer | None = None


def skills_of(menu: list[dict[str, Any]], topic: str | None) -> tuple[str, ...]:
    """The skills that a menu names for a topic; naming none, the topic is the skill. Pure.

    Raises Invalid for a topic that the menu lacks.
    """
    if topic is None:
        return ()
    for choice in menu:
        if choice.get("topic") == topic:
            return tuple(choice.get("skills") or (topic,))
    raise Invalid("this entry point has no such topic", field="topic")


# One statement and so one transaction: the contact, its first entry, what the live store must
# hear, and the person where nobody knows them. Times are the truth's, of the look before.
_ARRIVE = """
with made as (
  insert into contact (id, workspace_id, channel, entry_point_id, provider_key, person_id, role,
    assurance, language, skills, topic, queue_id, state, secret_hash, head_start, priority,
    attributes, follows, prefer_agent_id, arrived_at, queued_at, line_at, last_seq)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'waiting', $13, $14, $15, $16, $17,
    $18, $19, $19, $19, 1)
  on conflict (workspace_id, provider_key) do nothing returning *
), met as (
  insert into person (id, workspace_id, name, provisional, claimed_mail)
  select person_id, workspace_id, $23, true, $24 from made where $22
), noted as (
  insert into contact_event (contact_id, seq, workspace_id, kind, author, data)
  select id, 1, workspace_id, 'queued', 'system', $20 from made
), put as (
  insert into outbox (workspace_id, subject, operation, arguments)
  select workspace_id, id, 'enter', $21 from made returning id
)
select made.*, put.id as operation from made, put
"""


class Arrivals(Promises):
    """From the first word of a contact to its place in line."""

    async def arrive(self, a: Arrival, *, line: bool = True) -> Contact:
        """Commit a contact, idempotent by provider_key: a repeat answers the first.

        line: put it in line at once; else it stays `arriving` until `enter` (a phone call
        that is still finding out who calls). Raises Closed when its queue takes nothing new.
        """
        if a.found is not None:
            entry: Row | None = a.found.entry
        else:
            known = await self._pool.fetchrow(
                "select * from contact where workspace_id = $1 and provider_key = $2",
                a.workspace_id,
                a.provider_key,
            )
            if known is not None:
                return Contact.of(known)
            entry = await self._pool.fetchrow(
                "select customer_queue_id, expert_queue_id, menu, priority, attributes"
                " from entry_point where workspace_id = $1 and id = $2",
                a.workspace_id,
                a.entry_point_id,
            )
        if entry is None:
            raise NotFound("there is no such entry point")
        a = replace(
            a,
            priority=entry["priority"] if a.priority is None else a.priority,
            attributes={**entry["attributes"], **a.attributes},
        )
        skills = a.skills or skills_of(entry["menu"], a.topic)
        queue_id = entry[f"{a.identity.role}_queue_id"]
        if line:
            return await self._arrive_in_line(a, queue_id, skills)
        return await self._arrive(a, queue_id, skills)

    async def _arrive(
        self, a: Arrival, queue_id: UUID, skills: tuple[str, ...], leads: Then | None = None
    ) -> Contact:
        """A contact that is in no line yet. leads: what comes instead of one."""
        row = await self._pool.fetchrow(
            "insert into contact (workspace_id, channel, entry_point_id, provider_key, person_id,"
            " role, assurance, language, skills, topic, queue_id, state, secret_hash, priority,"
            " attributes, leads)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'arriving', $12, $13, $14,"
            " $15)"
            # a change of nothing, so that a repeat at the same moment answers the first row
            " on conflict (workspace_id, provider_key) do update set provider_key = $4"
            " returning *",
            a.workspace_id,
            a.channel,
            a.entry_point_id,
            a.provider_key,
            a.identity.person_id,
            a.identity.role,
            a.identity.assurance,
            a.language,
            list(skills),
            a.topic,
            queue_id,
            a.secret_hash,
            a.priority,
            a.attributes,
            msgspec.to_builtins(leads),
        )
        assert row is not None
        return Contact.of(row)

    async def _arrive_in_line(self, a: Arrival, queue_id: UUID, skills: tuple[str, ...]) -> Contact:
        if a.found is not None and a.found.queue["id"] == queue_id:
            first: Row | None = a.found.queue
        else:
            first = await self._pool.fetchrow("select * from queue where id = $1", queue_id)
        assert first is not None
        admitted = await self._admit(first, a.language)
        if admitted.then is not None:
            return await self._arrive_led(a, admitted, admitted.then, skills)
        policy, queue_id = admitted.policy, admitted.queue["id"]
        draft = {
            "workspace_id": a.workspace_id,
            "channel": a.channel,
            "role": a.identity.role,
            "language": a.language,
            "skills": skills,
            "topic": a.topic,
            "assurance": a.identity.assurance,
            "person_id": a.identity.person_id,
            "entry_point_id": a.entry_point_id,
            "queue_id": queue_id,
            "priority": a.priority,
            "attributes": a.attributes,
        }
        steps = await self._kinds.compile(policy, draft)
        ahead = head_start_seconds(
            policy,
            Claim(
                role=a.identity.role,
                network_size=a.identity.network_size,
                priority=a.priority or 0,
                repeats=await self._repeats(a.workspace_id, a.identity.person_id, policy),
            ),
        )
        now = a.found.now if a.found is not None else await self._pool.fetchval("select now()")
        async with self._pool.acquire() as connection:
            contact_id = uuid4()
            contact = {
                **draft,
                "id": contact_id,
                "generation": 1,
                "arrived_at": now,
                "line_at": now,
                "head_start": timedelta(seconds=ahead),
                "prefer_agent_id": await preferred_agent(
                    connection,
                    a.workspace_id,
                    a.identity.person_id,
                    a.identity.role,
                    policy,
                    a.asked_agent,
                ),
            }
            # nobody has let it pass yet
            arguments = msgspec.to_builtins(enter_arguments(contact, policy, steps, {}))
            row = await connection.fetchrow(
                _ARRIVE,
                contact_id,
                a.workspace_id,
                a.channel,
                a.entry_point_id,
                a.provider_key,
                a.identity.person_id,
                a.identity.role,
                a.identity.assurance,
                a.language,
                list(skills),
                a.topic,
                queue_id,
                a.secret_hash,
                contact["head_start"],
                a.priority,
                a.attributes,
                follows(policy),
                contact["prefer_agent_id"],
                now,
                queued(admitted),
                arguments,
                a.newcomer is not None,
                a.newcomer.name if a.newcomer is not None else None,
                a.newcomer.mail if a.newcomer is not None else None,
            )
        if row is None:
            # the same key came in by another request at the same moment
            return await self._by_key(a.workspace_id, a.provider_key)
        await self._outbox.apply(
            Pending(row["operation"], a.workspace_id, contact_id, "enter", arguments)
        )
        return Contact.of(row)

    async def _arrive_led(
        self, a: Arrival, admitted: Admitted, then: Then, skills: tuple[str, ...]
    ) -> Contact:
        """What comes instead of waiting: nothing, a message, or the offer of a callback."""
        if then.to == "close":
            raise Closed(announcement(then.message or {}, a.language), state="closed")
        if a.newcomer is not None:
            await self._pool.execute(
                "insert into person (id, workspace_id, name, provisional, claimed_mail)"
                " values ($1, $2, $3, true, $4)",
                a.identity.person_id,
                a.workspace_id,
                a.newcomer.name,
                a.newcomer.mail,
            )
        contact = await self._arrive(a, admitted.queue["id"], skills, then)
        if then.to == "voicemail" and contact.state == "arriving":
            return await self.leave_message(contact.id)
        return contact

    async def _repeats(self, workspace_id: UUID, person_id: UUID, policy: Policy) -> int:
        """How many contacts of this person ended within the policy's days; 0 where none count."""
        rules = policy.head_starts
        if rules.repeat_seconds == 0:
            return 0
        count: int = await self._pool.fetchval(
            "select count(*) from (select from contact where workspace_id = $1 and person_id = $2"
            " and arrived_at > now() - make_interval(days => $3) and state = 'ended' limit $4) c",
            workspace_id,
            person_id,
            rules.repeat_days,
            rules.repeat_cap,
        )
        return count

    async def _by_key(self, workspace_id: UUID, provider_key: str) -> Contact:
        row = await self._pool.fetchrow(
            "select * from contact where workspace_id = $1 and provider_key = $2",
            workspace_id,
            provider_key,
        )
        if row is None:
            raise NotFound("there is no such contact")
        return Contact.of(row)

    async def identify(
        self,
        contact_id: UUID,
        identity: Identity,
        *,
        language: str | None = None,
        topic: str | None = None,
    ) -> Contact:
        """While arriving: who it is, in which language, about what. Later it changes nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "select c.*, p.customer_queue_id, p.expert_queue_id, p.menu from contact c"
                " join entry_point p on p.id = c.entry_point_id"
                " where c.id = $1 for no key update of c",
                contact_id,
            )
            if row is None:
                raise NotFound("there is no such contact")
            if row["state"] != "arriving":
                return Contact.of(row)
            skills = row["skills"] if topic is None else list(skills_of(row["menu"], topic))
            changed = await connection.fetchrow(
                "update contact set person_id = $2, role = $3, assurance = $4, queue_id = $5,"
                " language = coalesce($6, language), topic = coalesce($7, topic), skills = $8"
                " where id = $1 returning *",
                contact_id,
                identity.person_id,
                identity.role,
                identity.assurance,
                row[f"{identity.role}_queue_id"],
                language,
                topic,
                skills,
            )
        assert changed is not None
        return Contact.of(changed)

    async def enter(self, contact_id: UUID) -> Contact:
        """arriving → waiting, with the head start that the policy gives. A repeat does nothing.

        Raises Closed when the queue takes nothing new; the contact stays arriving.
        """
        row = await self._pool.fetchrow(
            "select c.*, to_jsonb(q) as queue from contact c join queue q on q.id = c.queue_id"
            " where c.id = $1",
            contact_id,
        )
        if row is None:
            raise NotFound("there is no such contact")
        if row["state"] != "arriving":
            return Contact.of(row)
        queue = {**row["queue"], "id": row["queue_id"], "workspace_id": row["workspace_id"]}
        if row["callback_to"] is None:
            admitted = await self._admit(queue, row["language"])
        else:
            # whoever was promised a call is not asked again whether it suits
            admitted = Admitted(queue, policy_of(queue["policy"]))
        if admitted.then is not None:
            return await self._led(row, admitted.queue["id"], admitted.then)
        policy = admitted.policy
        steps = await self._kinds.compile(policy, row, admitted.queue["id"])
        async with self._pool.acquire() as connection, connection.transaction():
            ahead = await self._ahead(connection, row, policy)
            held, ahead = await self._hold_callback(connection, row, admitted.queue["id"], ahead)
            entered = await connection.fetchrow(
                "update contact set state = 'waiting', generation = generation + 1,"
                " head_start = $2, queue_id = $4, queued_at = now(), line_at = now(),"
                " prefer_agent_id = coalesce(prefer_agent_id, $5)"
                " where id = $1 and state = 'arriving' and generation = $3 returning *",
                contact_id,
                ahead,
                row["generation"],
                admitted.queue["id"],
                await preferred_agent(
                    connection, row["workspace_id"], row["person_id"], row["role"], policy, None
                ),
            )
            if entered is not None:
                await self._conversations.note(
                    connection,
                    row["workspace_id"],
                    contact_id,
                    "queued",
                    queued(admitted),
                )
                pending = await self._put_in_line(connection, entered, policy, steps)
        if entered is None:
            return await self.get(row["workspace_id"], contact_id)
        await self._outbox.apply(*held, pending)
        return Contact.of(entered)

    async def _led(self, row: Row, queue_id: UUID, then: Then) -> Contact:
        """An arriving contact that is taken in no line: what comes is kept, for its channel."""
        led = await self._pool.fetchrow(
            "update contact set leads = $2, queue_id = $3 where id = $1 and state = 'arriving'"
            " and generation = $4 returning *",
            row["id"],
            msgspec.to_builtins(then),
            queue_id,
            row["generation"],
        )
        if led is None:
            return await self.get(row["workspace_id"], row["id"])
        if then.to == "close":
            raise Closed(announcement(then.message or {}, row["language"]), state="closed")
        return Contact.of(led)


def queued(admitted: Admitted) -> dict[str, Any]:
    """What the timeline says of a contact that gets in line. Pure."""
    said: dict[str, Any] = {"queue": admitted.queue["name"]}
    if admitted.passed:
        said["from"] = admitted.passed
    return said
