"""Ratings in the database: given blind, revealed together, counted when revealed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from router.errors import Conflict, Forbidden, Invalid, NotFound
from router.queues.outbox import Outbox, Pending
from router.queues.presence import agent_changed, hold_kinds
from router.queues.rules import Rules
from router.ratings import rules
from router.store.truth import Connection

log = structlog.get_logger()

# The workspace and the agent are what was proven. $1 proves it: it is the workspace itself, or
# the contact's secret, or a session. Who proves nothing gets no row, and nothing is written.
_GIVE = (
    "rating_give({workspace}, $2, $3, $4, null, {agent}, $6, $7, $8, $9, $10, $11, $12, $13) given"
)
_KNOWN = "select $1::uuid as workspace_id, given.* from " + _GIVE.format(
    workspace="$1::uuid", agent="$5"
)
_BY_SECRET = (
    "select c.workspace_id, given.* from contact c cross join lateral "
    + _GIVE.format(workspace="c.workspace_id", agent="$5")
    + " where c.id = $2 and c.secret_hash = $1"
)

BATCH = 500
NEWCOMER_RATINGS = Rules().newcomer_ratings

_HANDLING = """
select h.agent_id, h.state, h.connected_at, h.ended_at, c.person_id, w.policy, now() as now
from handling h join contact c on c.id = h.contact_id join workspace w on w.id = h.workspace_id
where h.workspace_id = $1 and h.id = $2 for no key update of h
"""


@dataclass(frozen=True)
class Proof:
    """Who somebody is, to be found out in the statement that it is for.

    query: answers one row of workspace_id and agent_id, or none, from its $1, which is `of`.
    """

    query: str
    of: bytes


class Ratings:
    """Takes ratings of agents and of people, and reveals them."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], outbox: Outbox) -> None:
        self._pool = pool
        self._outbox = outbox

    async def rate_agent(
        self,
        ws: UUID,
        contact_id: UUID,
        *,
        stars: int,
        comment: str | None = None,
        handling_id: UUID | None = None,
    ) -> None:
        """The person's word on the agent, once for each handling of their contact.

        handling_id: None: the last one that is over. comment: cleaned already, at most 2,000
        characters. Raises NotFound; Conflict with state "rated", "closed", or what the contact
        or handling is in.
        """
        given = await self._try(_KNOWN, ws, contact_id, handling_id, "of_agent", stars, comment)
        assert given is not None
        await self._of_agent(given, contact_id, handling_id, stars, comment)

    async def rate_agent_by_secret(
        self,
        secret_hash: bytes,
        contact_id: UUID,
        *,
        stars: int,
        comment: str | None = None,
        handling_id: UUID | None = None,
    ) -> None:
        """The same by whoever has the contact's secret, of which this is the sha256.

        Raises Forbidden as well: for a contact that does not exist, too.
        """
        given = await self._try(
            _BY_SECRET, secret_hash, contact_id, handling_id, "of_agent", stars, comment
        )
        if given is None:
            raise Forbidden("This is not the contact's secret.", field="secret")
        await self._of_agent(given, contact_id, handling_id, stars, comment)

    async def rate_person(
        self, ws: UUID, handling_id: UUID, agent_id: UUID, *, stars: int, comment: str | None = None
    ) -> None:
        """The agent's word on the person, once for each handling of their own.

        Raises NotFound; Forbidden for somebody else's handling; Conflict as `rate_agent`.
        """
        given = await self._try(
            _KNOWN, ws, None, handling_id, "of_person", stars, comment, agent_id
        )
        assert given is not None
        await self._of_person(given, handling_id, stars, comment)

    async def rate_person_by(
        self, proof: Proof, handling_id: UUID, *, stars: int, comment: str | None = None
    ) -> bool:
        """The same by the agent whom this proves; False: nobody."""
        source = (
            f"select v.workspace_id, given.* from ({proof.query}) v cross join lateral "
            + _GIVE.format(workspace="v.workspace_id", agent="coalesce($5, v.agent_id)")
        )
        given = await self._try(source, proof.of, None, handling_id, "of_person", stars, comment)
        if given is None:
            return False
        await self._of_person(given, handling_id, stars, comment)
        return True

    async def _of_agent(
        self,
        given: asyncpg.Record,
        contact_id: UUID,
        handling_id: UUID | None,
        stars: int,
        comment: str | None,
    ) -> None:
        if given["verdict"] == "given":
            return
        ws = given["workspace_id"]
        if given["verdict"] == "none" and handling_id is None:
            state = await self._pool.fetchval(
                "select state from contact where workspace_id = $1 and id = $2", ws, contact_id
            )
            raise Conflict("There is no conversation to rate yet.", state=state)
        if given["verdict"] == "none":
            raise NotFound("This contact has no such handling.", field="handling")
        await self._give(ws, given["handling_id"], "of_agent", stars, comment)

    async def _of_person(
        self, given: asyncpg.Record, handling_id: UUID, stars: int, comment: str | None
    ) -> None:
        match given["verdict"]:
            case "given":
                return
            case "none":
                raise NotFound("There is no such handling.")
            case "other":
                raise Forbidden("Only who handled the contact rates the person.")
        await self._give(given["workspace_id"], handling_id, "of_person", stars, comment)

    async def _try(
        self,
        source: str,
        proof: UUID | bytes,
        contact: UUID | None,
        handling: UUID | None,
        direction: str,
        stars: int,
        comment: str | None,
        agent: UUID | None = None,
    ) -> asyncpg.Record | None:
        """The whole of it in one call; None when nothing is proven. The verdict says why it was
        not given: where the agent's class may change by it, `_give` does it step by step."""
        if not 1 <= stars <= 5:
            raise Invalid("Stars go from 1 to 5.", field="stars")
        row = await self._pool.fetchrow(
            source,
            proof,
            contact,
            handling,
            direction,
            agent,
            stars,
            comment,
            rules.Policy().window_hours,
            NEWCOMER_RATINGS,
            rules.PRIOR_MEAN,
            float(rules.PRIOR_WEIGHT),
            list(rules.BORDERS),
            rules.MARGIN,
        )
        match row and row["verdict"]:
            case "rated":
                raise Conflict("This has been rated already.", state="rated")
            case "revealed":
                raise Conflict("The time to rate is over.", state="closed")
        return row

    async def rate_by_keypad(self, ws: UUID, handling_id: UUID, stars: int) -> None:
        """The caller's word on the agent; a key pressed or delivered twice counts once."""
        try:
            await self._give(ws, handling_id, "of_agent", stars, None)
        except Conflict as error:
            log.info("rating.not_taken", handling=str(handling_id), state=error.state)

    async def reveal_due(self) -> int:
        """Reveal what the other side has left alone until its time was up; how many handlings.

        Any number of processes may call it at once, now and then.
        """
        revealed = 0
        workspaces = await self._pool.fetch(
            "select id, policy from workspace"
            " where id in (select workspace_id from rating where revealed_at is null)"
        )
        for workspace in workspaces:
            due = await self._pool.fetch(
                "select distinct r.handling_id"
                " from rating r join handling h on h.id = r.handling_id"
                " where r.revealed_at is null and r.workspace_id = $1"
                " and h.ended_at <= now() - $2::interval limit $3",
                workspace["id"],
                rules.window(workspace["policy"]),
                BATCH,
            )
            for row in due:
                async with self._pool.acquire() as conn, conn.transaction():
                    locked = await conn.fetchrow(_HANDLING, workspace["id"], row["handling_id"])
                    assert locked is not None
                    pending = await _reveal(
                        conn, workspace["id"], row["handling_id"], locked["agent_id"]
                    )
                await self._apply(pending)
                revealed += 1
        return revealed

    async def _give(
        self, ws: UUID, handling_id: UUID, direction: str, stars: int, comment: str | None
    ) -> None:
        if not 1 <= stars <= 5:
            raise Invalid("Stars go from 1 to 5.", field="stars")
        pending: Pending | None = None
        async with self._pool.acquire() as conn, conn.transaction():
            # the handling's row is the lock: of two ratings at once, the second finds the first
            handling = await conn.fetchrow(_HANDLING, ws, handling_id)
            if handling is None:
                raise NotFound("There is no such handling.")
            rules.check_open(
                state=handling["state"],
                connected_at=handling["connected_at"],
                ended_at=handling["ended_at"],
                now=handling["now"],
                window=rules.window(handling["policy"]),
            )
            given = await conn.fetch(
                "select direction, revealed_at from rating where handling_id = $1", handling_id
            )
            if any(row["direction"] == direction for row in given):
                raise Conflict("This has been rated already.", state="rated")
            if any(row["revealed_at"] for row in given):
                # somebody who waited for the lock while the time ran out
                raise Conflict("The time to rate is over.", state="closed")
            await conn.execute(
                "insert into rating (handling_id, direction, workspace_id, agent_id, person_id,"
                " stars, comment) values ($1, $2, $3, $4, $5, $6, $7)",
                handling_id,
                direction,
                ws,
                handling["agent_id"],
                handling["person_id"],
                stars,
                comment,
            )
            if given:
                pending = await _reveal(conn, ws, handling_id, handling["agent_id"])
        await self._apply(pending)

    async def _apply(self, pending: Pending | None) -> None:
        if pending is not None:
            await self._outbox.apply(pending)


async def _reveal(conn: Connection, ws: UUID, handling_id: UUID, agent_id: UUID) -> Pending | None:
    """Reveal a handling's ratings, under its lock; the agent's figures count from here on."""
    rows = await conn.fetch(
        "update rating set revealed_at = now() where handling_id = $1 and revealed_at is null"
        " returning direction, stars",
        handling_id,
    )
    stars = next((row["stars"] for row in rows if row["direction"] == "of_agent"), None)
    if stars is None:
        return None
    await hold_kinds(conn, ws)
    agent = await conn.fetchrow(
        "update agent set rating_sum = rating_sum + $2, rating_count = rating_count + 1"
        " where id = $1 returning rating_sum, rating_count, band",
        agent_id,
        stars,
    )
    assert agent is not None
    figure = rules.mean(agent["rating_sum"], agent["rating_count"])
    await conn.execute(
        "update agent set band = $2 where id = $1", agent_id, rules.band(agent["band"], figure)
    )
    return await agent_changed(conn, ws, agent_id)
