"""What arrivals and handlings share: the way of a contact into the line, and hooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID

import asyncpg
import structlog

from router.channels.conversation import Conversations
from router.channels.presences import Presences
from router.channels.records import Contact, Handling
from router.errors import NotFound
from router.queues.engine import Engine
from router.queues.follows import follows
from router.queues.interning import Kinds
from router.queues.outbox import Outbox, Pending, put
from router.queues.picture import enter_arguments, excluded_of, policy_of
from router.queues.policy import Policy
from router.queues.steps import CompiledStep
from router.store.hub import Hub
from router.store.truth import Connection, Row

log = structlog.get_logger()

HookEvent = Literal["accepted", "ended", "released", "escalated", "led"]
Hook = Callable[[Contact, Handling | None], Awaitable[None]]


class Line:
    """Resources and steps that every change of a contact's state uses."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        engine: Engine,
        outbox: Outbox,
        kinds: Kinds,
        hub: Hub,
        conversations: Conversations,
    ) -> None:
        self._pool = pool
        self._engine = engine
        self._outbox = outbox
        self._kinds = kinds
        self._hub = hub
        self._conversations = conversations
        self._presences = Presences(pool)
        self._hooks: dict[str, list[Hook]] = {}

    def on(self, event: HookEvent, hook: Hook) -> None:
        """Call `hook(contact, handling | None)` after each commit of this event here.

        A hook that fails is logged; who must not miss anything sweeps as well.
        """
        self._hooks.setdefault(event, []).append(hook)

    async def _call_hooks(
        self, event: HookEvent, contact: Contact, handling: Handling | None
    ) -> None:
        for hook in self._hooks.get(event, ()):
            try:
                await hook(contact, handling)
            except Exception:
                log.exception("hook.failed", on=event, contact=str(contact.id))

    async def get(self, workspace_id: UUID, contact_id: UUID) -> Contact:
        """The contact as the truth has it. Raises NotFound."""
        row = await self._pool.fetchrow(
            "select * from contact where workspace_id = $1 and id = $2", workspace_id, contact_id
        )
        if row is None:
            raise NotFound("there is no such contact")
        return Contact.of(row)

    async def handling(self, handling_id: UUID) -> Handling:
        """The handling as the truth has it. Raises NotFound."""
        row = await self._pool.fetchrow("select * from handling where id = $1", handling_id)
        if row is None:
            raise NotFound("there is no such handling")
        return Handling.of(row)

    async def policy(self, queue_id: UUID) -> Policy:
        """The queue's policy as it is now. Raises NotFound."""
        document = await self._pool.fetchval("select policy from queue where id = $1", queue_id)
        if document is None:
            raise NotFound("there is no such queue")
        return policy_of(document)

    async def _leave_line(self, connection: Connection, contact_id: UUID) -> None:
        """Keep, for the figures, that a waiting contact leaves its line for another.

        Call it in the transaction that moves it, before its row says the other queue.
        """
        await connection.execute(
            "insert into line_left (workspace_id, contact_id, queue_id, channel, line_at)"
            " select workspace_id, id, queue_id, channel, line_at from contact"
            " where id = $1 and state = 'waiting' for no key update",
            contact_id,
        )

    async def _put_in_line(
        self,
        connection: Connection,
        row: Row,
        policy: Policy,
        steps: list[tuple[CompiledStep, int]],
    ) -> Pending:
        """The `enter` operation of a contact that the transaction made waiting."""
        mark = follows(policy)
        if row["follows"] != mark:
            await connection.execute(
                "update contact set follows = $2 where id = $1", row["id"], mark
            )
        return await put(
            connection,
            row["workspace_id"],
            row["id"],
            "enter",
            enter_arguments(row, policy, steps, await excluded_of(connection, row, policy)),
        )


async def put_release(connection: Connection, handling: Row) -> Pending:
    """The operation that frees the hand of a handling that is done.

    Its subject is the contact, so that it never overtakes the `hold` that took the hand.
    """
    return await put(
        connection,
        handling["workspace_id"],
        handling["contact_id"],
        "release",
        {
            "agent": handling["agent_id"],
            "offer": handling["offer_id"],
            "contact": handling["contact_id"],
        },
    )
