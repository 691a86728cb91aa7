"""Who changed what: one row for each action of staff on staff, people and ways in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from router.store.truth import Connection


async def note(
    conn: Connection,
    workspace_id: UUID,
    by: UUID | None,
    action: str,
    subject: object,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write a row in the caller's transaction, so that nothing is done without one.

    by: the account; None: the command line. action: `thing.verb`. detail: never a secret.
    """
    await conn.execute(
        "insert into audit (workspace_id, account_id, action, subject, detail)"
        " values ($1, $2, $3, $4, $5)",
        workspace_id,
        by,
        action,
        str(subject),
        detail or {},
    )
