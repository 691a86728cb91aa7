"""What becomes of a contact that leaves its line: another queue, an offer, a message, the end.

The live store says when (`wake`); the truth decides what, fenced by state and generation: who
was accepted or moved meanwhile is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from router.channels.admission import Admitted, Closed, announcement
from router.channels.messages import Messages, out_of_line
from router.channels.records import By, Contact, Outcome
from router.queues.outbox import Pending
from router.queues.picture import OVERFLOWS_MOST, policy_of
from router.queues.policy import Then
from router.queues.steps import leads_to
from router.store.truth import Connection, Row

FINISHED_AFTER = "5 seconds"
"""A close that its process did not live to finish."""

TOLD = {
    "voicemail": {
        "en": "Nobody can answer at the moment. Leave us a message here: we will answer it.",
        "de": "Zurzeit kann niemand antworten. Schreiben Sie uns hier: Wir melden uns.",
        "pt": "De momento ninguém pode responder. Deixe aqui uma mensagem: responderemos.",
        "ru": "Сейчас никто не может ответить. Оставьте здесь сообщение: мы ответим.",
    },
    "callback": {
        "en": "This is taking longer. We can call you instead.",
        "de": "Es dauert noch. Wir können Sie stattdessen anrufen.",
        "pt": "Vai demorar mais. Podemos telefonar-lhe em vez disso.",
        "ru": "Придётся подождать. Мы можем вам позвонить.",
    },
}
"""What is written to people where the policy says nothing."""


class Leaving(Messages):
    """Takes contacts out of their line by the queue's policy."""

    async def leave_line(
        self, workspace_id: UUID, contact_id: UUID, generation: int, waited_ms: int, *, alone: bool
    ) -> None:
        """The contact has waited so long in its queue; what then comes is done, once.

        generation: of the contact as the live store held it. alone: nobody signed in could
        serve it. Who does not leave after all stays where it is.
        """
        row = await self._pool.fetchrow(
            "select c.*, to_jsonb(q) as queue from contact c join queue q on q.id = c.queue_id"
            " where c.workspace_id = $1 and c.id = $2 and c.state = 'waiting'"
            " and c.generation = $3 and c.due_at is null",
            workspace_id,
            contact_id,
            generation,
        )
        if row is None:
            return
        then = leads_to(policy_of(row["queue"]["policy"]), waited_ms, alone=alone)
        admitted: Admitted | None = None
        if then is not None and then.to == "queue":
            admitted = await self._onward(row, then)
            then = admitted.then if admitted is not None else None
        if admitted is not None and then is None:
            await self._overflow(row, admitted)
        elif then is None or row["callback_to"] is not None:
            # whoever is to be called keeps their place
            await self._stay(row)
        else:
            await self._lead(row, then)

    async def _onward(self, row: Row, then: Then) -> Admitted | None:
        """Where the other queue takes it, or what that one does instead; None: it does not."""
        queue = await self._pool.fetchrow(
            "select * from queue where workspace_id = $1 and slug = $2",
            row["workspace_id"],
            then.queue,
        )
        if queue is None or queue["id"] == row["queue_id"]:
            return None
        try:
            admitted = await self._admit(queue, row["language"])
        except Closed:
            return None
        return None if admitted.queue["id"] == row["queue_id"] else admitted

    async def _overflow(self, row: Row, admitted: Admitted) -> None:
        """Into the other queue, with arrival and history; its steps begin anew there."""
        steps = await self._kinds.compile(admitted.policy, row, admitted.queue["id"])
        async with self._pool.acquire() as connection, connection.transaction():
            if not await _still_waits(connection, row):
                return
            ahead = await self._ahead(connection, row, admitted.policy)
            await self._leave_line(connection, row["id"])
            moved = await connection.fetchrow(
                "update contact set queue_id = $3, generation = generation + 1, line_at = now(),"
                " told_position = null, head_start = $2, overflowed = overflowed + 1"
                " where id = $1 returning *",
                row["id"],
                ahead,
                admitted.queue["id"],
            )
            assert moved is not None
            entry = await self._conversations.note(
                connection,
                row["workspace_id"],
                row["id"],
                "queued",
                {
                    "queue": admitted.queue["name"],
                    "from": [row["queue"]["name"], *admitted.passed],
                },
            )
            pending = await self._put_in_line(connection, moved, admitted.policy, steps)
        await self._outbox.apply(pending)
        await self._conversations.announce(row["workspace_id"], row["id"], entry.seq)

    async def _stay(self, row: Row, then: Then | None = None) -> Contact | None:
        """In line as before, but for good. then: what is offered to it besides."""
        policy = policy_of(row["queue"]["policy"])
        steps = await self._kinds.compile(policy, row)
        async with self._pool.acquire() as connection, connection.transaction():
            kept = await connection.fetchrow(
                "update contact set generation = generation + 1, overflowed = $3,"
                " leads = coalesce($4, leads)"
                " where id = $1 and state = 'waiting' and generation = $2 returning *",
                row["id"],
                row["generation"],
                OVERFLOWS_MOST,
                msgspec.to_builtins(then),
            )
            if kept is None:
                return None
            if then is not None:
                await self._say(connection, row, then)
            pending = await self._put_in_line(connection, kept, policy, steps)
        await self._outbox.apply(pending)
        return Contact.of(kept)

    async def _lead(self, row: Row, then: Then) -> None:
        """A callback or a message is offered, or the contact ends with a word of why."""
        contact: Contact | None
        if then.to == "close":
            contact = await self._close(row, then)
        elif then.to == "voicemail" and row["channel"] == "voice":
            contact = await self._out(row, then)
        elif then.to == "voicemail":
            # what the person has written is the message, and they may go on writing
            contact = await self.leave_message(row["id"])
            if contact.due_at is None:
                return  # an agent was quicker
            async with self._pool.acquire() as connection, connection.transaction():
                await self._say(connection, row, then)
            contact = await self.get(contact.workspace_id, contact.id)
        else:
            contact = await self._stay(row, then)
        if contact is None:
            return
        await self._conversations.announce(row["workspace_id"], row["id"], contact.last_seq)
        await self._call_hooks("led", contact, None)

    async def _close(self, row: Row, then: Then) -> Contact | None:
        contact = await self._out(row, then)
        return contact and await self._finish(contact)

    async def _finish(self, contact: Contact) -> Contact:
        return await self.end(contact.workspace_id, contact.id, outcome="closed", by="system")

    async def _out(self, row: Row, then: Then) -> Contact | None:
        """Out of line, fenced: from here on nobody can accept it."""
        async with self._pool.acquire() as connection, connection.transaction():
            out = await connection.fetchrow(
                "update contact set state = 'arriving', generation = generation + 1, leads = $3,"
                " told_position = null"
                " where id = $1 and state = 'waiting' and generation = $2 returning *",
                row["id"],
                row["generation"],
                msgspec.to_builtins(then),
            )
            if out is None:
                return None
            await self._say(connection, row, then)
            pending: Pending = await out_of_line(connection, out)
        await self._outbox.apply(pending)
        return Contact.of(out)

    async def _say(self, connection: Connection, row: Row, then: Then) -> None:
        """Callers hear it; who writes reads it."""
        if row["channel"] != "voice":
            said = announcement(then.message or TOLD.get(then.to, {}), row["language"])
            await self._conversations.note(
                connection, row["workspace_id"], row["id"], "told", {"text": said}
            )

    async def finish_closing(self) -> int:
        """Ends contacts that were taken out of line to be closed by a process that died."""
        rows = await self._pool.fetch(_UNFINISHED, FINISHED_AFTER)
        for row in rows:
            await self._finish(Contact.of(row))
        return len(rows)

    if TYPE_CHECKING:  # of `Contacts`, which puts these together

        async def end(
            self, workspace_id: UUID, contact_id: UUID, *, outcome: Outcome, by: By
        ) -> Contact: ...


async def _still_waits(connection: Connection, row: Row) -> bool:
    """Locks the contact if it is as it was read."""
    found = await connection.fetchval(
        "select true from contact where id = $1 and state = 'waiting' and generation = $2"
        " for no key update",
        row["id"],
        row["generation"],
    )
    return bool(found)


_UNFINISHED = """
select c.* from contact c where c.state = 'arriving' and c.leads->>'to' = 'close'
and c.line_at is not null and c.line_at < now() - $1::text::interval limit 100
"""
