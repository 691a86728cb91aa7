"""Events of the live store, handed to this process's sockets.

Each workspace has one stream. Scripts and `Hub.publish` append to it, what one script did as one
entry; every process reads it once, from where it stands, and hands each event to the local
subscribers of its topics.
A reader that falls behind is cut off and re-syncs by snapshot: memory stays bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from redis.exceptions import RedisError

from router.queues.keys import EVENTS_LENGTH, events_key
from router.store.live import BLOCK_MS, LiveStore
from router.tasks import stop

log = structlog.get_logger()

BUSY_S = 0.0015
"""Entries that come closer together than this on average are many."""
PAUSE_S = 0.01
"""A longer pause than this counts as one: the next busy moment is noticed soon."""
GATHER_S = 0.003
"""How long they are gathered then, in seconds: what it adds to the time until one is heard of."""

Event = dict[str, Any]
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def topics_of(event: Event) -> set[str]:
    """The topics that an event belongs to; `floor` gets what changes the supervisors' figures."""
    topics = set()
    if "agent" in event:
        topics.add(f"agent:{event['agent']}")
    if "contact" in event:
        topics.add(f"contact:{event['contact']}")
    if "account" in event:
        topics.add(f"account:{event['account']}")
    if event["t"] not in ("timeline", "signal", "session"):
        topics.add("floor")
    return topics


class Subscription:
    """One reader's events, oldest first. Iteration ends when the reader fell behind."""

    def __init__(self, topics: Iterable[str], limit: int) -> None:
        self.topics = set(topics)
        self.overflowed = False
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(limit)

    def put(self, event: Event) -> bool:
        """Hand over one event; False when the reader has no room left and is cut off."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.overflowed = True
            return False
        return True

    def close(self) -> None:
        """End the iteration once what is queued has been read, or at once when full."""
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        if self.overflowed:
            raise StopAsyncIteration
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        return event


class Listener(Subscription):
    """A reader that takes each event at once: `heard` must be quick, and not fail."""

    def __init__(self, heard: Callable[[Event], None]) -> None:
        super().__init__((), 1)
        self._heard = heard

    def put(self, event: Event) -> bool:
        self._heard(event)
        return True


class _Reader:
    """One workspace's stream in this process."""

    def __init__(self, redis: LiveStore, workspace_id: UUID) -> None:
        self._redis = redis
        self._key = events_key(workspace_id)
        self.subscriptions: set[Subscription] = set()
        self.by_topic: dict[str, set[Subscription]] = defaultdict(set)
        self.started = asyncio.Event()
        self._cursor = "$"
        self._read_at = 0.0
        # seconds between entries, on average over the last readings
        self._pace_s = PAUSE_S

    async def run(self) -> None:
        while True:
            try:
                if self._cursor == "$":
                    # fix the place to read from now: "$" anew in each call would skip events
                    newest = await self._redis.call("XREVRANGE", self._key, "+", "-", "COUNT", 1)
                    self._cursor = newest[0][0] if newest else "0-0"
                    self.started.set()
                answer = await self._redis.blocking(
                    *("XREAD", "COUNT", 500, "BLOCK", BLOCK_MS, "STREAMS", self._key, self._cursor)
                )
            except (RedisError, OSError) as error:
                log.warning("events.unreadable", error=str(error))
                self.started.set()
                await asyncio.sleep(0.5)
                continue
            entries = (answer or {}).get(self._key, ())
            for cursor, (_, told) in entries:
                self._cursor = cursor
                for event in _decode(told):
                    event["cursor"] = cursor
                    self._hand_out(event)
            await self._gather(len(entries))

    async def _gather(self, came: int) -> None:
        """In busy times, let some entries come together: each reading costs the same. Otherwise
        each is read at once, for an agent waits for it."""
        now = time.monotonic()
        pace_s = min(now - self._read_at, PAUSE_S) / max(came, 1)
        self._pace_s += (pace_s - self._pace_s) / 10
        self._read_at = now
        if self._pace_s < BUSY_S:
            await asyncio.sleep(GATHER_S)

    def _hand_out(self, event: Event) -> None:
        found = [here for topic in topics_of(event) if (here := self.by_topic.get(topic))]
        # a copy: a reader may follow others while it takes this
        readers: set[Subscription] = set().union(*found)
        for reader in readers:
            reader.put(event)


class Hub:
    """Publishes events of a workspace and reads them for this process's subscribers."""

    def __init__(self, redis: LiveStore) -> None:
        self._redis = redis
        self._readers: dict[UUID, _Reader] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def publish(self, workspace_id: UUID, event: Event) -> None:
        """Append an event; losing one delays its readers, who also look at the truth.

        event: `t` names its type; `agent`, `contact`, `account` decide its topics.
        """
        try:
            key = events_key(workspace_id)
            await self._redis.call(
                *("XADD", key, "MAXLEN", "~", EVENTS_LENGTH, "*", "e", _encode([event]))
            )
        except (RedisError, OSError) as error:
            log.warning("events.unpublished", type=event["t"], error=str(error))

    @contextlib.asynccontextmanager
    async def subscribe(
        self,
        workspace_id: UUID,
        topics: Iterable[str],
        *,
        limit: int = 1000,
        heard: Callable[[Event], None] | None = None,
    ) -> AsyncIterator[Subscription]:
        """Events of these topics from now on. Take a snapshot after entering, not before.

        heard: gets each event at once; without it the subscription is iterated over.
        """
        reader = self._readers.get(workspace_id)
        if reader is None:
            reader = self._readers[workspace_id] = _Reader(self._redis, workspace_id)
            self._tasks[workspace_id] = asyncio.create_task(reader.run())
        await reader.started.wait()
        subscription = Subscription((), limit) if heard is None else Listener(heard)
        reader.subscriptions.add(subscription)
        self.follow(workspace_id, subscription, *topics)
        try:
            yield subscription
        finally:
            self.unfollow(workspace_id, subscription, *subscription.topics)
            reader.subscriptions.discard(subscription)

    def follow(self, workspace_id: UUID, subscription: Subscription, *topics: str) -> None:
        """Add topics to a subscription."""
        by_topic = self._readers[workspace_id].by_topic
        for topic in topics:
            subscription.topics.add(topic)
            by_topic[topic].add(subscription)

    def unfollow(self, workspace_id: UUID, subscription: Subscription, *topics: str) -> None:
        """Take topics away from a subscription."""
        by_topic = self._readers[workspace_id].by_topic
        for topic in topics:
            subscription.topics.discard(topic)
            by_topic[topic].discard(subscription)
            if not by_topic[topic]:
                del by_topic[topic]

    async def close(self) -> None:
        """Stop reading; subscribers' iterations end."""
        await stop(*self._tasks.values())
        for reader in self._readers.values():
            for subscription in reader.subscriptions:
                subscription.close()
