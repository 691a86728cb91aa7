"""What supervisors see of the live picture: rows of queues, agents and contacts, by number alone.

Names, targets and masking are the truth's and are joined by the caller. Reads are bounded and
each row is of one moment; the rows of one answer may be a few milliseconds apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from router.errors import Unavailable
from router.queues.engine import Engine
from router.queues.keys import events_key, key
from router.queues.kinds import CHANNELS
from router.queues.waits import expected_wait_s
from router.store.link import Command
from router.store.live import LiveStore

CONTACTS_SHOWN = 500
"""The oldest contacts that a snapshot lists; the figures count all."""


class Floor:
    """Reads rows; agents and contacts that are gone have none."""

    def __init__(self, redis: LiveStore, engine: Engine) -> None:
        self._redis = redis
        self._engine = engine

    async def _pipe(self, commands: Sequence[Command]) -> list[Any]:
        try:
            return await self._redis.calls(commands)
        except (RedisError, OSError) as error:
            raise Unavailable("the live store does not answer") from error

    async def cursor(self, workspace_id: UUID) -> str:
        """The newest event's id: rows read after it are at least as new."""
        newest = (
            await self._pipe([("XREVRANGE", events_key(workspace_id), "+", "-", "COUNT", 1)])
        )[0]
        return str(newest[0][0]) if newest else "0-0"

    async def queues(
        self, workspace_id: UUID, queue_ids: Iterable[UUID], day: str
    ) -> list[dict[str, Any]]:
        """One row a queue: {id, waiting, longest_wait_since_ms, servable, unservable,
        expected_wait_s, today}.

        day: the workspace's date, whose figures are counted: today = {arrived, answered,
        answered_within, abandoned, wait_ms}.
        """
        epoch = await self._engine.epoch(workspace_id)
        ids = [str(queue_id) for queue_id in queue_ids]

        def name(what: str, *parts: str) -> str:
            return key(workspace_id, epoch, what, *parts)

        commands: list[tuple[Any, ...]] = []
        for queue_id in ids:
            commands += [
                ("ZCARD", name("order", queue_id)),
                ("ZRANGE", name("age", queue_id), 0, 0, "WITHSCORES"),
                ("HGETALL", name("today", queue_id, day)),
                ("HGET", name("pace", queue_id), "gap"),
                ("HGETALL", name("routes", queue_id)),
            ]
        answers = await self._pipe(commands)
        routes = {queue_id: answers[5 * n + 4] for n, queue_id in enumerate(ids)}
        able = await self._able(workspace_id, epoch, routes.values())
        rows = []
        for n, queue_id in enumerate(ids):
            waiting, oldest, today, gap = answers[5 * n : 5 * n + 4]
            unservable = sum(
                int(count)
                for route, count in routes[queue_id].items()
                if able.isdisjoint(route.split())
            )
            since = oldest[0][1] if oldest else None
            servable = not oldest or unservable < waiting
            gap_ms = float(gap or 0) or await self._engine.paces.gap_ms(
                workspace_id, UUID(queue_id)
            )
            answered, abandoned = int(today.get("answered", 0)), int(today.get("abandoned", 0))
            rows.append(
                {
                    "id": queue_id,
                    "waiting": waiting,
                    "longest_wait_since_ms": int(float(since)) if since is not None else None,
                    "servable": servable,
                    "unservable": unservable,
                    "expected_wait_s": expected_wait_s(waiting + 1, gap_ms, servable=servable),
                    "today": {
                        "arrived": answered + abandoned + waiting,
                        "answered": answered,
                        "answered_within": int(today.get("within", 0)),
                        "abandoned": abandoned,
                        "wait_ms": int(today.get("wait_ms", 0)),
                    },
                }
            )
        return rows

    async def _able(
        self, workspace_id: UUID, epoch: int, routes: Iterable[dict[str, str]]
    ) -> set[str]:
        """Those kinds of these routes that somebody signed in could serve."""
        kinds = sorted({kind for found in routes for route in found for kind in route.split()})
        answers = await self._pipe(
            [("EXISTS", key(workspace_id, epoch, "able_classes", kind)) for kind in kinds]
        )
        return {kind for kind, known in zip(kinds, answers, strict=True) if known}

    async def agents(
        self, workspace_id: UUID, agent_ids: Iterable[str] | None = None
    ) -> list[dict[str, Any]]:
        """One row an agent who is signed in or holds something; None: all of them.

        {id, state, reason, since_ms, load {channel: n}, capacity {channel: n}, tier}.
        """
        epoch = await self._engine.epoch(workspace_id)
        if agent_ids is None:
            agent_ids = (await self._pipe([("SMEMBERS", key(workspace_id, epoch, "agents"))]))[0]
        ids = sorted(agent_ids)
        fields = ("shown", "shown_since", "reason", "tier", "st", "load", "size")
        answers = await self._pipe(
            [
                (
                    "HMGET",
                    key(workspace_id, epoch, "agent", agent_id),
                    *fields,
                )
                for agent_id in ids
            ]
        )
        rows = []
        for agent_id, (shown, since, reason, tier, state, load, size) in zip(
            ids, answers, strict=True
        ):
            if state is None:
                continue
            rows.append(
                {
                    "id": agent_id,
                    "state": shown,
                    "reason": reason or None,
                    "since_ms": int(since),
                    "tier": int(tier),
                    "load": by_channel(load),
                    "capacity": by_channel(size),
                }
            )
        return rows

    async def contacts(
        self, workspace_id: UUID, contact_ids: Iterable[str] | None = None
    ) -> list[dict[str, Any]]:
        """One row a live contact, oldest first; None: the oldest `CONTACTS_SHOWN`.

        {id, channel, queue, state, role, since_ms (arrival), agent, attempt}.
        """
        epoch = await self._engine.epoch(workspace_id)
        if contact_ids is None:
            contact_ids = (
                await self._pipe(
                    [("ZRANGE", key(workspace_id, epoch, "open"), 0, CONTACTS_SHOWN - 1)]
                )
            )[0]
        ids = list(contact_ids)
        fields = ("st", "channel", "queue", "role", "arrival", "agent", "attempt")
        answers = await self._pipe(
            [("HMGET", key(workspace_id, epoch, "contact", id_), *fields) for id_ in ids]
        )
        rows = []
        for id_, (state, channel, queue, role, arrival, agent, attempt) in zip(
            ids, answers, strict=True
        ):
            if state is None or state == "ended":
                continue
            rows.append(
                {
                    "id": id_,
                    "channel": channel,
                    "queue": queue,
                    "state": "offered" if state == "accepting" else state,
                    "role": role,
                    "since_ms": int(float(arrival)),
                    "agent": agent if state == "handling" else None,
                    "attempt": int(attempt or 0),
                }
            )
        return sorted(rows, key=lambda row: row["since_ms"])


NO_LOAD = "0 0 0"
"""Of an agent who never had anything."""


def by_channel(text: str) -> dict[str, int]:
    """An agent's load or size, as the scripts keep it (`_agents.lua`): contacts per channel."""
    return dict(zip(CHANNELS, map(int, text.split(" ", 3)[:3]), strict=True))
