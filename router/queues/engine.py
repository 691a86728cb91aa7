"""The live store's side of routing: runs the atomic scripts of a workspace in its epoch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from redis.exceptions import RedisError, ResponseError

from router.errors import Rebuilding, Unavailable
from router.queues.keys import key, root
from router.queues.paces import Paces
from router.queues.scripts import FUNCTIONS, LIBRARY
from router.store.live import LiveStore

Answer = dict[str, Any]
_encode = msgspec.json.Encoder().encode
_decode: Callable[[str], Answer] = msgspec.json.Decoder(dict[str, Any]).decode

ACCEPT_LEASE_MS = 10_000
"""How long the truth has to decide an accept before a timer asks it."""

DESK_LEASE_MS = 30_000
"""How long an agent without a socket keeps their place before they count as absent."""


def encode_arguments(arguments: Answer) -> bytes:
    """The JSON text that scripts take; UUIDs become strings."""
    return _encode(arguments)


class Engine:
    """Runs scripts, and reads what one contact's or agent's live state is.

    Raises Rebuilding while a workspace's picture is (being) rebuilt, and Unavailable when the
    store does not answer: the operation may or may not have been applied, and may be repeated,
    for every script is idempotent by generation, version or offer.
    """

    def __init__(self, redis: LiveStore, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self.redis = redis
        self._pool = pool
        self._epochs: dict[UUID, int] = {}
        self.paces = Paces(pool)
        # set by the rebuilder: told of workspaces whose picture is gone
        self.on_missing: Callable[[UUID], Awaitable[None]] | None = None

    async def epoch(self, workspace_id: UUID) -> int:
        """The workspace's epoch by the truth, remembered until a script says it is stale."""
        epoch = self._epochs.get(workspace_id)
        if epoch is None:
            epoch = await self._pool.fetchval(
                "select epoch from workspace where id = $1", workspace_id
            )
            if epoch is None:
                raise Unavailable("this workspace does not exist")
            self._epochs[workspace_id] = epoch
        return epoch

    async def run(self, workspace_id: UUID, verb: str, arguments: Answer) -> Answer:
        """One script's answer, with `now_ms` by the store's clock."""
        for _ in range(2):
            epoch = await self.epoch(workspace_id)
            try:
                return await self.evaluate(workspace_id, epoch, verb, arguments)
            except ResponseError as error:
                if not str(error).startswith("STALE"):
                    raise
                await self._stale(workspace_id, epoch, str(error)[len("STALE") :].strip())
        raise Rebuilding("the live picture changed hands twice; try again")

    async def evaluate(
        self, workspace_id: UUID, epoch: int, verb: str, arguments: Answer
    ) -> Answer:
        """Run a script in this very epoch. Raises ResponseError as the store gives it."""
        call = ("FCALL", FUNCTIONS[verb], "1", root(workspace_id), str(epoch), _encode(arguments))
        try:
            try:
                raw = await self.redis.call(*call)
            except ResponseError as error:
                # a restarted or switched store does not know the scripts
                if "Function not found" not in str(error):
                    raise
                await self.teach()
                raw = await self.redis.call(*call)
        except ResponseError:
            raise
        except (RedisError, OSError) as error:
            raise Unavailable("the live store does not answer") from error
        return _decode(raw)

    async def teach(self) -> None:
        """Load the scripts into the store, unless it knows them already."""
        try:
            await self.redis.function_load(LIBRARY)
        except ResponseError as error:
            if "already exists" not in str(error):
                raise

    async def _stale(self, workspace_id: UUID, epoch: int, held: str) -> None:
        """After STALE: learn the newer epoch, or have the picture rebuilt and say so."""
        self._epochs.pop(workspace_id, None)
        if held == str(await self.epoch(workspace_id)):
            return
        if self.on_missing is not None:
            await self.on_missing(workspace_id)
        raise Rebuilding("the live picture is being rebuilt; try again in a moment")

    def forget_epoch(self, workspace_id: UUID) -> None:
        """The epoch was raised: look at the truth again."""
        self._epochs.pop(workspace_id, None)

    async def touch_desks(self, workspace_id: UUID, agents: Sequence[UUID]) -> None:
        """Renew the leases of agents whose desk has a socket here; call every 10 s."""
        await self.run(
            workspace_id,
            "touch",
            {"what": "desks", "ids": list(agents), "lease_ms": DESK_LEASE_MS},
        )

    async def touch_visitors(
        self, workspace_id: UUID, contacts: Sequence[UUID], lease_ms: int
    ) -> None:
        """Renew the leases of chat and video contacts whose customer has a socket here.

        lease_ms: the policy's time until a vanished customer has abandoned.
        """
        await self.run(
            workspace_id,
            "touch",
            {"what": "visitors", "ids": list(contacts), "lease_ms": lease_ms},
        )

    async def offers_of(self, workspace_id: UUID, agent_id: UUID) -> list[Answer]:
        """The agent's live offers: offer, contact, channel, queue, attempt, made_ms, deadline_ms,
        and why (JSON text).
        """
        return (await self.offers_of_many(workspace_id, [agent_id]))[agent_id]

    async def offers_of_many(
        self,
        workspace_id: UUID,
        agent_ids: Sequence[UUID],
        heard: Mapping[UUID, str] | None = None,
    ) -> dict[UUID, list[Answer]]:
        """The same for many agents in two round trips, however many they are.

        heard: the open offers of all of them, where events have told: one round trip.
        """
        epoch = await self.epoch(workspace_id)
        try:
            if heard is None:
                open_offers = await self.redis.calls(
                    [
                        ("HGET", key(workspace_id, epoch, "agent", str(agent_id)), "offer")
                        for agent_id in agent_ids
                    ]
                )
            else:
                open_offers = [heard[agent_id] for agent_id in agent_ids]
            found = [pair for pair in zip(agent_ids, open_offers, strict=True) if pair[1]]
            contacts = [
                key(workspace_id, epoch, "contact", offer.partition(".")[0]) for _, offer in found
            ]
            answers = await self.redis.calls([("HGETALL", contact) for contact in contacts])
        except (RedisError, OSError) as error:
            raise Unavailable("the live store does not answer") from error
        offers: dict[UUID, list[Answer]] = {agent_id: [] for agent_id in agent_ids}
        for (agent_id, offer), fields in zip(found, answers, strict=True):
            if fields.get("st") != "offered" or fields["offer"] != offer:
                continue
            contact, _, attempt = offer.split(".")
            offers[agent_id].append(
                {
                    "offer": offer,
                    "contact": contact,
                    "channel": fields["channel"],
                    "queue": fields["queue"],
                    "attempt": int(attempt),
                    "made_ms": int(fields["made"]),
                    "deadline_ms": int(fields["deadline"]),
                    "why": fields["why"],
                }
            )
        return offers

    async def in_line(self, workspace_id: UUID, queue_id: UUID) -> int:
        """How many contacts wait in a queue; who is offered after having waited does so still."""
        epoch = await self.epoch(workspace_id)
        try:
            return int(await self.redis.zcard(key(workspace_id, epoch, "order", str(queue_id))))
        except (RedisError, OSError) as error:
            raise Unavailable("the live store does not answer") from error

    async def now_ms(self) -> int:
        """The store's clock, in milliseconds since 1970."""
        try:
            seconds, micros = await self.redis.time()
        except (RedisError, OSError) as error:
            raise Unavailable("the live store does not answer") from error
        return int(seconds) * 1000 + int(micros) // 1000
