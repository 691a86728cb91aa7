"""A small call center over real stores, for tests: people, agents, queues, and the core."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from redis.asyncio import Redis

from router.channels.contacts import Arrival, Contact, Contacts
from router.channels.conversation import Conversations
from router.channels.timers import Timers
from router.identity.people import Identity
from router.queues.engine import Engine
from router.queues.interning import Kinds
from router.queues.outbox import Outbox
from router.queues.policy import Policy
from router.queues.rebuild import Rebuilder
from router.queues.steps import CompiledStep
from router.store.hub import Hub
from router.store.live import open_live
from router.store.truth import Row, open_pool

_numbers = itertools.count(1)


async def until(holds: Callable[[], Awaitable[Any] | Any], what: str, seconds: float = 10.0) -> Any:
    """The first true answer of `holds`; fails with `what` after the deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = holds()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)


class Told(Kinds):
    """Everybody signed in is told of a new kind before its first contact is in line.

    In the service a contact who comes meanwhile finds whoever knows of it already.
    """

    async def compile(
        self, policy: Policy, contact: Row, queue_id: UUID | None = None
    ) -> list[tuple[CompiledStep, int]]:
        steps = await super().compile(policy, contact, queue_id)
        await self.settled(contact["workspace_id"])
        return steps


@dataclass
class House:
    """One workspace with the core of the service over it, and shortcuts for scenarios."""

    pool: asyncpg.Pool[asyncpg.Record]
    redis: Redis
    hub: Hub
    engine: Engine
    outbox: Outbox
    kinds: Kinds
    conversations: Conversations
    contacts: Contacts
    rebuilder: Rebuilder
    timers: Timers
    workspace: UUID
    queues: dict[str, UUID] = field(default_factory=dict)
    entry_point: UUID | None = None

    @classmethod
    async def open(cls, database: str, live: str, workspace: UUID | None = None) -> House:
        """The core over these stores; a workspace is made unless one is given."""
        pool = await open_pool(database)
        redis = open_live(live)
        hub = Hub(redis)
        engine = Engine(redis, pool)
        outbox = Outbox(pool, engine)
        kinds = Told(pool, outbox)
        conversations = Conversations(pool, hub)
        contacts = Contacts(pool, engine, outbox, kinds, hub, conversations)
        house = cls(
            pool,
            redis,
            hub,
            engine,
            outbox,
            kinds,
            conversations,
            contacts,
            Rebuilder(pool, redis, engine, kinds),
            Timers(pool, engine, outbox, contacts, kinds),
            workspace or uuid4(),
        )
        if workspace is None:
            await house._found()
        else:
            await house._know()
        await house.rebuilder.ensure(house.workspace)
        return house

    async def _found(self) -> None:
        await self.pool.execute(
            "insert into workspace (id, slug, name) values ($1, $2, 'House')",
            self.workspace,
            f"house-{next(_numbers)}",
        )
        await self.queue("experts", {"steps": [{"tiers": [2], "skills": False}]})
        await self.queue(
            "customers",
            {"steps": [{"tiers": [1], "seconds": 60}], "escalates_to": "experts"},
        )
        self.entry_point = await self.pool.fetchval(
            "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
            " expert_queue_id) values ($1, 'widget', $2, 'Widget', $3, $4) returning id",
            self.workspace,
            f"widget-{uuid4()}",
            self.queues["customers"],
            self.queues["experts"],
        )

    async def _know(self) -> None:
        rows = await self.pool.fetch(
            "select slug, id from queue where workspace_id = $1", self.workspace
        )
        self.queues = {row["slug"]: row["id"] for row in rows}
        self.entry_point = await self.pool.fetchval(
            "select id from entry_point where workspace_id = $1 limit 1", self.workspace
        )

    async def close(self) -> None:
        await self.timers.close()
        await self.kinds.close()
        await self.rebuilder.close()
        await self.outbox.close()
        await self.hub.close()
        await self.redis.aclose()
        await self.pool.close()

    async def queue(self, slug: str, policy: dict[str, Any]) -> UUID:
        """Make a queue, or give it another policy."""
        found: UUID = await self.pool.fetchval(
            "insert into queue (workspace_id, slug, name, policy) values ($1, $2, $2, $3)"
            " on conflict (workspace_id, slug) do update set policy = $3 returning id",
            self.workspace,
            slug,
            policy,
        )
        self.queues[slug] = found
        return found

    async def agent(
        self,
        name: str,
        *,
        tier: int = 1,
        languages: tuple[str, ...] = ("en",),
        skills: tuple[str, ...] = (),
        capacity: dict[str, int] | None = None,
        presence: str = "available",
    ) -> UUID:
        """An agent, signed in unless said otherwise."""
        agent_id: UUID = await self.pool.fetchval(
            "insert into account (workspace_id, email, name, role) values ($1, $2, $3, 'agent')"
            " returning id",
            self.workspace,
            f"{name}-{next(_numbers)}@example.com".lower(),
            name,
        )
        await self.pool.execute(
            "insert into agent (id, workspace_id, tier, languages, skills, capacity)"
            " values ($1, $2, $3, $4, $5, $6)",
            agent_id,
            self.workspace,
            tier,
            list(languages),
            list(skills),
            capacity or {"voice": 1, "chat": 1, "video": 1},
        )
        if presence != "offline":
            await self.contacts.set_presence(self.workspace, agent_id, presence)
        return agent_id

    async def person(self, name: str | None = None, *, network_size: int | None = None) -> UUID:
        """A person; an expert when a network size is given."""
        person_id: UUID = await self.pool.fetchval(
            "insert into person (workspace_id, name, provisional) values ($1, $2, $3) returning id",
            self.workspace,
            name,
            name is None,
        )
        if network_size is not None:
            await self.pool.execute(
                "insert into expert (person_id, workspace_id, number, network_size)"
                " values ($1, $2, $3, $4)",
                person_id,
                self.workspace,
                str(100_000 + next(_numbers)),
                network_size,
            )
        return person_id

    async def arrive(
        self,
        *,
        role: str = "customer",
        channel: Any = "chat",
        language: str = "en",
        skills: tuple[str, ...] = (),
        network_size: int = 0,
        key: str | None = None,
        line: bool = True,
    ) -> Contact:
        """A contact of a new person."""
        person = await self.person("Somebody", network_size=network_size or None)
        identity = Identity(
            person_id=person, role=role, assurance=0, name=None, network_size=network_size
        )
        assert self.entry_point is not None
        contact = await self.contacts.arrive(
            Arrival(
                workspace_id=self.workspace,
                channel=channel,
                entry_point_id=self.entry_point,
                provider_key=key or str(uuid4()),
                identity=identity,
                language=language,
                skills=skills,
            ),
            line=line,
        )
        # a kind that is first seen is built off the live path
        await self.kinds.settled(self.workspace)
        return contact

    async def offer(self, agent: UUID) -> dict[str, Any] | None:
        """The agent's live offer, once kinds that were seen first are built."""
        await self.kinds.settled(self.workspace)
        offers = await self.engine.offers_of(self.workspace, agent)
        return offers[0] if offers else None

    async def offered(self, agent: UUID) -> UUID | None:
        """The contact that is offered to this agent."""
        offer = await self.offer(agent)
        return UUID(offer["contact"]) if offer else None

    async def accept(self, agent: UUID) -> Any:
        """The agent accepts what is offered to them, or is a moment later (by a new kind)."""
        offer = await until(lambda: self.offer(agent), "something is offered to this agent", 5)
        return await self.contacts.accept(self.workspace, agent, offer["offer"])

    async def serve(self, agent: UUID) -> UUID:
        """The agent accepts what is offered, ends it and wraps up."""
        handling = await self.accept(agent)
        await self.contacts.end(
            self.workspace, handling.contact_id, outcome="completed", by="agent"
        )
        await self.contacts.wrap_up(self.workspace, agent, handling.id, "resolved")
        contact_id: UUID = handling.contact_id
        return contact_id

    async def live_agent(self, agent: UUID) -> dict[str, str]:
        """The agent's live hash, and their load per channel as `n:chat` and so on."""
        from router.queues.floor import NO_LOAD, by_channel
        from router.queues.keys import key

        epoch = await self.engine.epoch(self.workspace)
        fields: dict[str, str] = await self.redis.hgetall(
            key(self.workspace, epoch, "agent", str(agent))
        )
        load = by_channel(fields.get("load", NO_LOAD))
        return fields | {f"n:{channel}": str(n) for channel, n in load.items()}
