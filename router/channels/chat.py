"""What silence and absence mean in a written conversation: pure policy, and its timer.

Times are a queue's (`ChatTimes`). Only the person's silence counts: while an agent owes the
next word, nobody is warned. A chat that became a picture is not silent.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import asyncpg
import structlog

from router.errors import SecondlineError
from router.queues.picture import policy_of
from router.queues.policy import ChatTimes

if TYPE_CHECKING:
    from router.channels.contacts import Contacts
    from router.channels.conversation import Conversations

log = structlog.get_logger()

LOOK_SECONDS = 5.0

Verdict = Literal["warn", "end"]


def on_silence(
    times: ChatTimes,
    *,
    owed_by: Literal["person", "agent"],
    silent_s: float,
    warned_s: float | None,
) -> Verdict | None:
    """What a chat in an agent's hands is due after so much silence.

    owed_by: whose turn it is, that is, who did not write the last message.
    silent_s: since that message. warned_s: since the warning that followed it, if one did.
    A warning that came late (no timer ran) still leaves the whole time between the two.
    """
    if owed_by == "agent" or silent_s < times.warn_seconds:
        return None
    if warned_s is None:
        return "warn"
    return "end" if warned_s >= times.end_seconds - times.warn_seconds else None


def on_leaving(*, state: str, answered: bool) -> Literal["abandoned", "completed"]:
    """The outcome of a contact whose person left, with a word or without.

    state: the contact's. answered: an agent has written to the person, or shown them a picture.
    A conversation that took place is completed by leaving it; a wait, even a second one after
    an escalation, is abandoned.
    """
    return "completed" if state == "handling" and answered else "abandoned"


class Silences:
    """Warns and ends silent chats. Any process looks; the truth's locks keep it once."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        contacts: Contacts,
        conversations: Conversations,
    ) -> None:
        self._pool = pool
        self._contacts = contacts
        self._conversations = conversations

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except (SecondlineError, asyncpg.PostgresError, OSError) as error:
                log.warning("silences.failed", error=str(error))
            except Exception:
                log.exception("silences.broken")

    async def look(self) -> None:
        """Warn or end every chat that is due."""
        for row in await self._pool.fetch(_SILENT):
            if (verdict := _verdict(row)) == "warn":
                await self._warn(row)
            elif verdict == "end":
                await self._contacts.end(
                    row["workspace_id"], row["id"], outcome="completed", by="system"
                )

    async def _warn(self, row: asyncpg.Record) -> None:
        times = policy_of(row["policy"]).chat
        async with self._pool.acquire() as connection, connection.transaction():
            # between the look and the lock somebody may have written, or another process warned
            await connection.execute("select 1 from contact where id = $1 for update", row["id"])
            again = await connection.fetchrow(f"{_SILENT} and c.id = $1", row["id"])
            if again is None or _verdict(again) != "warn":
                return
            entry = await self._conversations.note(
                connection,
                row["workspace_id"],
                row["id"],
                "warned",
                {"ends_in_s": times.end_seconds - times.warn_seconds},
            )
        await self._conversations.announce(row["workspace_id"], row["id"], entry.seq)


def _verdict(row: asyncpg.Record) -> Verdict | None:
    return on_silence(
        policy_of(row["policy"]).chat,
        owed_by="agent" if row["author"] == "person" else "person",
        silent_s=row["silent_s"],
        warned_s=row["warned_s"],
    )


# the last word of either side (the agent's joining counts as one: it greets), and what came after
_SILENT = """
select c.id, c.workspace_id, q.policy, last.author,
       extract(epoch from now() - last.at)::float8 as silent_s,
       (select extract(epoch from now() - max(w.at))::float8 from contact_event w
        where w.contact_id = c.id and w.kind = 'warned' and w.seq > last.seq) as warned_s
from contact c
join queue q on q.id = c.queue_id
join lateral (
  select e.author, e.at, e.seq from contact_event e
  where e.contact_id = c.id and e.kind in ('message', 'joined') order by e.seq desc limit 1
) last on true
where c.state = 'handling' and c.channel = 'chat'
  and last.author <> 'person' and last.at < now() - interval '5 seconds'
  and coalesce((select v.data->>'state' from contact_event v
                where v.contact_id = c.id and v.kind = 'video' order by v.seq desc limit 1), 'off')
      <> 'on'
"""
