"""The policy of a workspace in versions: each change makes one, and the newest is active.

Whatever changes the policy comes through `change`, so that the versions are its whole history.
The rows that the service reads are written in the same transaction, under the lock of the
workspace's row.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from router.errors import Conflict, Invalid, NotFound
from router.identity import audit
from router.policy import checks, rows, text, writing
from router.policy.difference import difference
from router.policy.document import Document, sparse
from router.policy.rows import Draft
from router.policy.text import Problem
from router.store.truth import Connection

TOLD = 50
"""Changes that the audit tells one by one."""

_NEWEST = (
    "select v.*, a.name as author from policy_version v left join account a on a.id = v.account_id"
    " where v.workspace_id = $1 and v.number = $2"
)


class Refused(Invalid):
    """A document that will not do. problems: everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        where = "" if first.line is None else f"line {first.line}, column {first.column}: "
        more = "" if len(problems) == 1 else f" (and {len(problems) - 1} more)"
        super().__init__(f"{where}{first.message}{more}", field=first.field or None)
        self.problems = problems


@dataclass(frozen=True)
class Version:
    """A state of the policy. source: as somebody wrote it; None: it was made by a form.

    author: the account's name; None: the command line. restores: the version whose content it
    brought back. at: None: these rows were written past us, and no version of them exists yet.
    """

    number: int
    draft: Draft
    source: str | None
    note: str
    author: str | None
    restores: int | None
    at: datetime | None

    @property
    def document(self) -> Document:
        return self.draft.document

    @property
    def text(self) -> str:
        """As YAML: as it was written, or made from the document."""
        return self.source or text.write(sparse(self.document) or {"queues": {}})


@dataclass(frozen=True)
class Activated:
    """What a change made of the policy. queues: whose rows changed."""

    version: Version
    queues: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class By:
    """Who changes the policy, and how the audit calls it. account: None: the command line."""

    account: UUID | None
    note: str
    action: str = "policy.activate"
    subject: object = None
    detail: dict[str, Any] | None = None


Alter = Callable[[Draft], Draft]


async def country_of(conn: Connection, workspace_id: UUID) -> str:
    """Where the workspace's phone numbers are dialled."""
    country: str = await conn.fetchval("select country from workspace where id = $1", workspace_id)
    return country


async def change(
    conn: Connection,
    workspace_id: UUID,
    by: By,
    alter: Alter,
    *,
    seen: int | None = None,
    source: str | None = None,
    restores: int | None = None,
) -> Activated:
    """Make a version of what `alter` makes of the active policy; in the caller's transaction.

    seen: the number that the change was made against. Nothing that differs: no new version.
    Raises Conflict where another one is active by now, Refused where the document as a whole
    is wrong in what it was not wrong in before, and as `writing.store` does.
    """
    number = await conn.fetchval(
        "select policy_number from workspace where id = $1 for no key update", workspace_id
    )
    active = await _active(conn, workspace_id, number)
    if active.at is None:
        active = await _write(conn, workspace_id, active, By(None, active.note))
    if seen is not None and seen != active.number:
        raise Conflict(
            f"Version {active.number} is active by now; look at what it changed first.",
            field="seen",
            state=str(active.number),
        )
    after = alter(active.draft)
    known = set(checks.whole(active.document))
    problems = [problem for problem in checks.whole(after.document) if problem not in known]
    if problems:
        raise Refused(problems)
    changed = difference(active.document, after.document)
    if not changed and source in (None, active.text):
        return Activated(active)
    stored = await writing.store(conn, workspace_id, active.draft, after)
    made = Version(active.number + 1, stored.draft, source, by.note, None, restores, None)
    version = await _write(conn, workspace_id, made, by)
    detail = {
        "version": version.number,
        "changes": [each.text for each in changed[:TOLD]],
        **({"more": len(changed) - TOLD} if len(changed) > TOLD else {}),
        **(by.detail or {}),
    }
    subject = f"version {version.number}" if by.subject is None else by.subject
    await audit.note(conn, workspace_id, by.account, by.action, subject, detail)
    return Activated(version, stored.queues)


async def _write(conn: Connection, workspace_id: UUID, made: Version, by: By) -> Version:
    await conn.execute(
        "insert into policy_version"
        " (workspace_id, number, document, ids, source, note, restores, account_id)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        workspace_id,
        made.number,
        sparse(made.document),
        made.draft.ids,
        made.source,
        by.note,
        made.restores,
        by.account,
    )
    await conn.execute(
        "update workspace set policy_number = $2 where id = $1", workspace_id, made.number
    )
    return _version(await conn.fetchrow(_NEWEST, workspace_id, made.number))


async def _active(conn: Connection, workspace_id: UUID, number: int) -> Version:
    """What is active by the rows; its version where they are as that one left them."""
    draft = await rows.load(conn, workspace_id)
    row = await conn.fetchrow(_NEWEST, workspace_id, number)
    if row is not None:
        # what an older Secondline kept may not be read any more: then the rows say it
        with contextlib.suppress(Invalid):
            newest = _version(row)
            if not difference(newest.document, draft.document):
                # entry points keep the order that they were written in
                return replace(newest, draft=replace(draft, document=newest.document))
    note = "As it was found" if row is None else "Changed past the policy"
    return Version(number + 1, draft, None, note, None, None, None)


def _version(row: asyncpg.Record | None) -> Version:
    assert row is not None
    return Version(
        row["number"],
        Draft.kept(rows.document_of(row["document"]), row["ids"]),
        row["source"],
        row["note"],
        row["author"],
        row["restores"],
        row["at"],
    )


class Versions:
    """The versions of all workspaces, for reading, and for changes of the whole document."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def active(self, workspace_id: UUID) -> Version:
        """What holds now. Raises NotFound."""
        async with (
            self._pool.acquire() as conn,
            conn.transaction(isolation="repeatable_read", readonly=True),
        ):
            number = await conn.fetchval(
                "select policy_number from workspace where id = $1", workspace_id
            )
            if number is None:
                raise NotFound("There is no such workspace.")
            return await _active(conn, workspace_id, number)

    async def version(self, workspace_id: UUID, number: int) -> Version:
        """One of them. Raises NotFound."""
        row = await self._pool.fetchrow(_NEWEST, workspace_id, number)
        if row is None:
            active = await self.active(workspace_id)
            if active.number == number:
                return active
            raise NotFound(f"There is no version {number}.")
        return _version(row)

    async def history(
        self, workspace_id: UUID, *, before: int | None = None, limit: int = 50
    ) -> list[Version]:
        """The newest first. before: only those of smaller numbers. The documents are empty."""
        found = await self._pool.fetch(
            "select v.number, v.note, v.restores, v.at, a.name as author"
            " from policy_version v left join account a on a.id = v.account_id"
            " where v.workspace_id = $1 and ($2::int is null or v.number < $2)"
            " order by v.number desc limit $3",
            workspace_id,
            before,
            limit,
        )
        empty = Draft(Document())
        return [
            Version(
                row["number"], empty, None, row["note"], row["author"], row["restores"], row["at"]
            )
            for row in found
        ]

    async def check(self, workspace_id: UUID, source: str) -> tuple[Document | None, list[Problem]]:
        """A text's document, and everything that is wrong with it."""
        async with self._pool.acquire() as conn:
            return checks.check_text(source, await country_of(conn, workspace_id))

    async def hints(self, workspace_id: UUID, source: str, document: Document) -> list[Problem]:
        """What is odd about a text that nothing is wrong with."""
        async with self._pool.acquire() as conn:
            asked = {skill for _, skill in checks.asked_skills(document)}
            known = await rows.known_skills(conn, workspace_id, asked)
        return checks.hints(source, document, known)

    async def activate(
        self, workspace_id: UUID, source: str, *, seen: int, note: str, account: UUID | None
    ) -> Activated:
        """Make a text the policy, at once and as a whole. seen: the version it was made against.

        Raises Refused with all that is wrong, and as `change` does.
        """
        document, problems = await self.check(workspace_id, source)
        if document is None:
            raise Refused(problems)
        made = document
        async with self._pool.acquire() as conn, conn.transaction():
            return await change(
                conn,
                workspace_id,
                By(account, note),
                lambda before: replace(before, document=made),
                seen=seen,
                source=source,
            )

    async def roll_back(
        self, workspace_id: UUID, number: int, *, seen: int, note: str, account: UUID | None
    ) -> Activated:
        """Bring back what a version was, as a new one, with the queues that it had.

        Raises NotFound, and as `change` does.
        """
        old = await self.version(workspace_id, number)
        async with self._pool.acquire() as conn, conn.transaction():
            return await change(
                conn,
                workspace_id,
                By(account, note or f"Back to version {number}", action="policy.rollback"),
                lambda _before: old.draft,
                seen=seen,
                source=old.source,
                restores=number,
            )
