"""The timeline of a contact: messages and what happened, read by cursor.

An entry's `seq` counts from 1 within its contact, without gaps, in the order of commits; who
has read up to n asks for what comes after n. Some entries are for staff alone, so a person's
reader sees gaps there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from router.errors import Conflict, Invalid, NotFound
from router.store.hub import Hub
from router.store.truth import Connection

Author = Literal["person", "agent", "supervisor", "system"]

MAX_TEXT = 4000
# a database refuses NUL; the rest of the control characters only deceive readers
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Entry:
    """One line of the timeline, ready to be sent: see `wire`."""

    seq: int
    kind: str
    author: Author
    name: str | None
    at: datetime
    data: dict[str, Any]
    client_key: str | None

    def wire(self) -> dict[str, Any]:
        """As JSON: {seq, kind, author, name?, at (RFC 3339), data, key?}."""
        body: dict[str, Any] = {
            "seq": self.seq,
            "kind": self.kind,
            "author": self.author,
            "at": self.at,
            "data": self.data,
        }
        if self.name is not None:
            body["name"] = self.name
        if self.client_key is not None:
            body["key"] = self.client_key
        return body


def clean_text(text: str, *, field: str = "text") -> str:
    """A message as it is stored: trimmed, with plain line ends. Markup stays text.

    Raises Invalid when it is empty, longer than 4,000 characters or has control characters.
    """
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("a message needs some text", field=field)
    if len(text) > MAX_TEXT:
        raise Invalid(f"a message has at most {MAX_TEXT} characters", field=field)
    if _FORBIDDEN.search(text):
        raise Invalid("a message cannot hold control characters", field=field)
    return text


_READ = (
    "select e.seq, e.kind, e.author, e.at, e.data, e.client_key, a.name"
    " from contact_event e left join account a on a.id = e.author_id"
    " where e.workspace_id = $1 and e.contact_id = $2"
)


class Conversations:
    """Writes and reads timelines; tells readers in all processes of new entries."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], hub: Hub) -> None:
        self._pool = pool
        self._hub = hub

    async def say(
        self,
        workspace_id: UUID,
        contact_id: UUID,
        *,
        author: Author,
        author_id: UUID | None,
        text: str,
        client_key: str,
    ) -> Entry:
        """Store one message, once per author and client_key; a repeat answers the first.

        Raises Invalid for the text, NotFound, and Conflict when the contact has ended.
        """
        text = clean_text(text)
        async with self._pool.acquire() as connection, connection.transaction():
            contact = await connection.fetchrow(
                "select state, due_at from contact where workspace_id = $1 and id = $2"
                " for no key update",
                workspace_id,
                contact_id,
            )
            if contact is None:
                raise NotFound("there is no such contact")
            state = contact["state"]
            # under the contact's lock: a repeat on another process has waited here
            row = await connection.fetchrow(
                f"{_READ} and e.author = $3 and e.client_key = $4",
                workspace_id,
                contact_id,
                author,
                client_key,
            )
            if row is not None:
                return Entry(**row)
            if state == "ended":
                raise Conflict("the conversation has ended", state=state)
            entry = await self.note(
                connection,
                workspace_id,
                contact_id,
                "message",
                {"text": text},
                author=author,
                author_id=author_id,
                client_key=client_key,
            )
            if author == "agent" and contact["due_at"] is not None:
                # a message was only read until now: with this word somebody answers it
                await connection.execute(
                    "update handling set connected_at = clock_timestamp() where contact_id = $1"
                    " and state = 'active' and connected_at is null and channel <> 'voice'",
                    contact_id,
                )
        await self.announce(workspace_id, contact_id, entry.seq)
        return entry

    async def note(
        self,
        connection: Connection,
        workspace_id: UUID,
        contact_id: UUID,
        kind: str,
        data: dict[str, Any],
        *,
        visible: Literal["all", "staff"] = "all",
        author: Author = "system",
        author_id: UUID | None = None,
        client_key: str | None = None,
    ) -> Entry:
        """Write an entry in the caller's transaction; `announce` it after the commit."""
        row = await connection.fetchrow(
            "with next as (update contact set last_seq = last_seq + 1"
            "   where workspace_id = $1 and id = $2 returning last_seq),"
            " written as (insert into contact_event"
            "   (contact_id, seq, workspace_id, kind, visible, author, author_id, client_key, data)"
            "   select $2, last_seq, $1, $3, $4, $5, $6, $7, $8 from next"
            "   returning seq, kind, author, author_id, at, data, client_key)"
            " select w.seq, w.kind, w.author, w.at, w.data, w.client_key, a.name"
            " from written w left join account a on a.id = w.author_id",
            workspace_id,
            contact_id,
            kind,
            visible,
            author,
            author_id,
            client_key,
            data,
        )
        if row is None:
            raise NotFound("there is no such contact")
        return Entry(**row)

    async def announce(self, workspace_id: UUID, contact_id: UUID, seq: int) -> None:
        """Tell readers that there is something up to `seq`; a lost word only delays them."""
        await self._hub.publish(
            workspace_id, {"t": "timeline", "contact": str(contact_id), "seq": seq}
        )

    async def read(
        self,
        workspace_id: UUID,
        contact_id: UUID,
        after: int,
        *,
        staff: bool,
        limit: int = 500,
    ) -> list[Entry]:
        """Entries after the cursor, oldest first, at most `limit`; staff sees all of them."""
        rows = await self._pool.fetch(
            f"{_READ} and e.seq > $3 and (e.visible = 'all' or $4) order by e.seq limit $5",
            workspace_id,
            contact_id,
            after,
            staff,
            limit,
        )
        return [Entry(**row) for row in rows]
