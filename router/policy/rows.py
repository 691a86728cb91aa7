"""The document that the rows hold which the service reads; `writing.py` is the way back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from router.errors import Invalid
from router.policy.document import Document, EntryPoint
from router.queues.rules import Rules
from router.store.truth import Connection

RULES = frozenset(Rules.__struct_fields__) - {"demo"}
"""Those that are a policy's to say."""


@dataclass(frozen=True)
class Draft:
    """A document, with the rows that its parts are: queues by short name, entry points by
    `kind address`. What is not named is found by its name, or new."""

    document: Document
    queues: dict[str, UUID] = field(default_factory=dict)
    entry_points: dict[str, UUID] = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, dict[str, str]]:
        """The rows, as a version keeps them."""
        return {
            "queues": {slug: str(id_) for slug, id_ in self.queues.items()},
            "entry_points": {name: str(id_) for name, id_ in self.entry_points.items()},
        }

    @classmethod
    def kept(cls, document: Document, ids: dict[str, dict[str, str]]) -> Draft:
        """A version's document with its rows."""
        return cls(
            document,
            {slug: UUID(id_) for slug, id_ in ids["queues"].items()},
            {name: UUID(id_) for name, id_ in ids["entry_points"].items()},
        )


def name_of(point: EntryPoint) -> str:
    """What an entry point is known by."""
    return f"{point.kind} {point.address}"


async def load(conn: Connection, workspace_id: UUID) -> Draft:
    """The policy that the rows of this workspace hold."""
    rules = await conn.fetchval("select policy from workspace where id = $1", workspace_id)
    queues = await conn.fetch(
        "select id, slug, name, policy from queue"
        " where workspace_id = $1 and retired_at is null order by created_at, slug",
        workspace_id,
    )
    points = await conn.fetch(
        "select p.*, c.slug as customers, e.slug as experts from entry_point p"
        " join queue c on c.id = p.customer_queue_id join queue e on e.id = p.expert_queue_id"
        " where p.workspace_id = $1 and p.retired_at is null order by p.created_at, p.address",
        workspace_id,
    )
    document = document_of(
        {
            "rules": {name: value for name, value in rules.items() if name in RULES},
            "queues": {row["slug"]: {**row["policy"], "name": row["name"]} for row in queues},
            "entry_points": [
                {name: row[name] for name in EntryPoint.__struct_fields__} for row in points
            ],
        }
    )
    return Draft(
        document,
        {row["slug"]: row["id"] for row in queues},
        {f"{row['kind']} {row['address']}": row["id"] for row in points},
    )


def document_of(kept: Any) -> Document:
    """A document as it was kept. Raises Invalid where it has what this version does not know."""
    try:
        return msgspec.convert(kept, Document)
    except msgspec.ValidationError as error:
        raise Invalid(f"The policy that is kept cannot be read: {error}.") from None


async def known_skills(conn: Connection, workspace_id: UUID, asked: Iterable[str]) -> set[str]:
    """Those of the asked skills that some agent has."""
    found = await conn.fetch(
        "select skill from unnest($2::text[]) skill where exists"
        " (select from agent a where a.workspace_id = $1 and skill = any (a.skills))",
        workspace_id,
        list(asked),
    )
    return {row["skill"] for row in found}
