"""What the live store knows of one contact and of one agent. Reads, and changes nothing.

Reads are bounded and off the live path; the parts of one answer may be a few milliseconds apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from router.errors import Rebuilding, Unavailable
from router.explanations.facts import Count, Reserve
from router.queues.engine import Engine
from router.queues.keys import epoch_key, key
from router.queues.kinds import CHANNELS, LETTERS
from router.queues.picture import excluded_in

CLASSES_SEEN = 200
"""Sorts of agents that are counted; of more, so many are drawn and the rest is estimated."""

LINES_SEEN = 300


class Live:
    """One workspace's live picture, in one epoch."""

    def __init__(self, engine: Engine, workspace_id: UUID, epoch: int) -> None:
        self._engine = engine
        self._redis = engine.redis
        self._ws = workspace_id
        self._epoch = epoch

    def name(self, what: str, *parts: str) -> str:
        return key(self._ws, self._epoch, what, *parts)

    async def read(self, *commands: tuple[Any, ...]) -> list[Any]:
        """The answers of these commands, in one round trip."""
        try:
            return await self._redis.calls(commands)
        except (RedisError, OSError) as error:
            raise Unavailable("the live store does not answer") from error

    async def contact(self, contact: str) -> tuple[dict[str, str], dict[str, str]]:
        """The contact's hash, its open offer included, and who is excluded until when.

        Raises Rebuilding when the picture is another one than this epoch's.
        """
        held, fields = await self.read(
            ("GET", epoch_key(self._ws)),
            ("HGETALL", self.name("contact", contact)),
        )
        if held != str(self._epoch):
            self._engine.forget_epoch(self._ws)
            raise Rebuilding("the live picture is being rebuilt; try again in a moment")
        return fields, excluded_in(fields)

    async def position(self, queue: str, contact: str) -> int | None:
        """The contact's place in its queue, from 1."""
        rank = (await self.read(("ZRANK", self.name("order", queue), contact)))[0]
        return None if rank is None else rank + 1

    async def reserve(self, channel: str) -> Reserve:
        """What is kept for experts on this channel."""
        rooms = list(_rooms(channel))
        share, there, *idle = (
            await self.read(
                ("HMGET", self.name("house"), "share", "in", *(f"idle:{room}" for room in rooms))
            )
        )[0]
        return Reserve(float(share or 0), int(there or 0), sum(int(n or 0) for n in idle))

    async def counts(self, kinds: Iterable[str], channel: str) -> dict[str, Count]:
        """How many signed in could serve each kind, and how many of them are free."""
        names = list(dict.fromkeys(kinds))
        listed = [self.name("able_classes", kind) for kind in names]
        answers = await self.read(
            *(
                command
                for key_ in listed
                for command in (("SCARD", key_), ("SRANDMEMBER", key_, CLASSES_SEEN))
            )
        )
        # the steps of a contact share most of their classes
        classes = sorted({name for drawn in answers[1::2] for name in drawn})
        found = await self.read(*(("HGETALL", self.name("class", name)) for name in classes))
        # a class's stands that were ever used are named by how they are listed
        stands = [
            (cls, f"{cls}/{room}")
            for cls, fields in zip(classes, found, strict=True)
            for what, _, room in (name.partition(":") for name in fields)
            if what == "raised" and LETTERS[channel] in room
        ]
        standing = await self.read(*(("ZCARD", self.name("stand", name)) for _, name in stands))
        signed = {c: int(fields.get("signed", 0)) for c, fields in zip(classes, found, strict=True)}
        idle = dict.fromkeys(classes, 0)
        for (cls, _), n in zip(stands, standing, strict=True):
            idle[cls] += n
        return {
            kind: _count(total, [signed[name] for name in drawn], [idle[name] for name in drawn])
            for kind, total, drawn in zip(names, answers[::2], answers[1::2], strict=True)
        }

    async def agent(self, agent: str) -> dict[str, str]:
        """The agent's hash, empty when the live store does not know them."""
        found: dict[str, str] = (await self.read(("HGETALL", self.name("agent", agent))))[0]
        return found

    async def free(self, agents: Iterable[str], channel: str, kind: str) -> int:
        """How many of these agents are idle on this channel and could serve this kind."""
        names = list(agents)
        found = await self.read(
            *(("HMGET", self.name("agent", name), "cls", "at") for name in names)
        )
        able = await self.read(
            *(
                ("SISMEMBER", self.name("kinds", cls), kind)
                for cls, at in found
                if cls and at and LETTERS[channel] in at.rpartition("/")[2]
            )
        )
        return sum(able)

    async def ahead(self, cls: str, channel: str, score: float, *, experts_only: bool) -> int:
        """Contacts of this channel that agents of this class would take before this score.

        experts_only: the reserve keeps them from customers.
        """
        kinds = (await self.read(("ZINTER", 2, self.name("lines"), self.name("kinds", cls))))[0]
        # channel and lane can be read off a kind's name
        kinds = [kind for kind in kinds if kind[-2] == LETTERS[channel]]
        if experts_only:
            kinds = [kind for kind in kinds if kind.endswith("e")]
        counts = await self.read(
            *(
                ("ZCOUNT", self.name("line", kind), "-inf", f"({score:.0f}")
                for kind in kinds[:LINES_SEEN]
            )
        )
        return sum(counts)


def _rooms(channel: str) -> Iterator[str]:
    """The letters of every room in which an agent can take one more on this channel."""
    for n in range(1, len(CHANNELS) + 1):
        for letters in combinations(LETTERS.values(), n):
            if LETTERS[channel] in letters:
                yield "".join(letters)


def steps_in(text: str) -> list[tuple[str, str, int, int, bool]]:
    """A contact's live steps: kind, strategy, from_ms, ahead_ms, skip."""
    found = []
    for step in text.split(";"):
        kind, strategy, from_ms, ahead_ms, skip = step.split()
        found.append((kind, strategy, int(from_ms), int(ahead_ms), skip == "1"))
    return found


def _count(classes: int, signed: list[int], idle: list[int]) -> Count:
    """Of all classes, from those that were drawn."""
    if classes <= len(signed) or not signed:
        return Count(sum(signed), sum(idle))
    share = classes / len(signed)
    return Count(round(sum(signed) * share), round(sum(idle) * share), exact=False)
