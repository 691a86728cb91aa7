"""A long past of a call center, made by the database; and what its statements read of it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from router.statistics.definitions import NAMES
from tests.house import House

DAYS = 400

TABLES = (
    "contact", "contact_event", "handling", "offer", "rating", "presence_span", "line_left", "leg",
    "message_left",
    "callback", "callback_refused", "call_cost", "statistics_interval", "person", "address",
)  # fmt: skip
"""Those that grow with what happens, and so never stop."""

_fillings = itertools.count(30)

# $1 workspace; $2 contacts; $3 over how long until now, one after the other, each with all that
# it leaves; $4 makes ids of their own. Agents are few, so that what is read of one is not little
# by luck.
_STATEMENTS = (
    # each of them comes twice
    "insert into person (id, workspace_id, name, provisional)"
    " select md5('p' || $4 || n)::uuid, $1, 'Person ' || n, false"
    " from generate_series(1, $2 / 2) n",
    "insert into address (workspace_id, kind, value, person_id)"
    " select $1, 'phone', $4 || (10000000 + n), md5('p' || $4 || n)::uuid"
    " from generate_series(1, $2 / 2) n",
    "create temporary table past as select n, md5('c' || $4 || n)::uuid as id,"
    " md5('p' || $4 || 1 + n % ($2 / 2))::uuid as person,"
    " (array(select id from agent where workspace_id = $1 order by id))[1 + n % 50] as agent,"
    " (array(select id from queue where workspace_id = $1 order by id))[1 + n % 2] as queue,"
    " (array['voice', 'chat', 'video'])[1 + n % 3] as channel,"
    " now() - interval '10 minutes' - $3 * (n::float8 / $2) as at"
    " from generate_series(1, $2) n",
    "insert into contact (id, workspace_id, channel, entry_point_id, provider_key, person_id, role,"
    " assurance, language, queue_id, state, generation, arrived_at, queued_at, line_at, last_seq,"
    " outcome, ended_by, ended_at, due_at)"
    " select id, $1, channel, (select id from entry_point where workspace_id = $1),"
    " 'past:' || $4 || n, person, 'customer', 0, 'en', queue, 'ended', 3, at, at, at, 2,"
    " case when n % 10 = 0 then 'abandoned' when n % 2 = 1 then 'voicemail' else 'completed' end,"
    " 'person', at + interval '5 minutes', case when n % 2 = 1 then at + interval '1 day' end"
    " from past",
    "insert into contact_event (contact_id, seq, workspace_id, kind, author, at)"
    " select id, seq, $1, case when seq = 1 then 'queued' else 'ended' end, 'system', at"
    " from past, generate_series(1, 2) seq",
    "insert into offer (id, workspace_id, contact_id, agent_id, outcome, made_at, at, queue_id,"
    " channel, tier) select id || '.1.1', $1, id, agent, case when n % 10 = 0 then 'missed'"
    " else 'accepted' end, at, at + interval '20 seconds', queue, channel, 1 from past",
    "insert into handling (id, workspace_id, contact_id, agent_id, offer_id, channel, queue_id,"
    " line_at, state, accepted_at, connected_at, ended_at, done_at, ending, tier)"
    " select md5('h' || $4 || n)::uuid, $1, id, agent, id || '.1.1', channel, queue, at, 'done',"
    " at + interval '20 seconds', at + interval '25 seconds', at + interval '5 minutes',"
    " at + interval '6 minutes', 'completed', 1 from past where n % 10 <> 0",
    "insert into rating (handling_id, direction, workspace_id, agent_id, person_id, stars,"
    " given_at, revealed_at)"
    " select md5('h' || $4 || n)::uuid, direction, $1, agent, person, 4, at, at + interval '1 hour'"
    " from past, unnest(array['of_agent', 'of_person']) direction where n % 10 between 1 and 4",
    "insert into presence_span (workspace_id, agent_id, tier, presence, began_at, ended_at)"
    " select $1, agent, 1, case when n % 4 = 0 then 'break' else 'available' end, at,"
    " at + interval '9 minutes' from past",
    "insert into line_left (workspace_id, contact_id, queue_id, channel, line_at, left_at)"
    " select $1, id, queue, channel, at, at + interval '15 seconds' from past where n % 5 = 0",
    "insert into message_left (contact_id, workspace_id, queue_id, channel, left_at, due_at)"
    " select id, $1, queue, channel, at, at + interval '1 day' from past where n % 2 = 1",
    "insert into leg (call_sid, workspace_id, contact_id, handling_id, party, state, heard_at)"
    " select party || $4 || n, $1, id, case when party = 'agent' and n % 10 <> 0"
    "   then md5('h' || $4 || n)::uuid end, party, 'ended', at + interval '5 minutes'"
    " from past, unnest(array['agent', 'caller']) party where channel = 'voice'",
    "insert into callback (contact_id, workspace_id, number, at, queue_id, asked_by, asked_at)"
    " select id, $1, '+4930' || (10000000 + n % 5000), case when n % 2 = 0 then at end, queue,"
    " 'person', at from past where channel = 'voice'",
    "insert into callback_refused (workspace_id, contact_id, number, why, at)"
    " select $1, id, '+4930' || (10000000 + n % 5000), 'premium', at from past"
    " where channel = 'voice'",
    "insert into call_cost (name, workspace_id, contact_id, number, day, cents, seconds, at,"
    " queue_id)"
    " select 'call ' || $4 || n, $1, id, '+4930' || (10000000 + n % 5000), at::date, 12.5, 200, at,"
    " queue"
    " from past where channel = 'voice'",
    "insert into statistics_interval select $1, dimension, case dimension when 'all' then ''"
    " when 'queue' then queue::text when 'agent' then agent::text when 'tier' then '1'"
    " else channel end, date_bin('15 minutes', at, '2000-01-01 00:00:00+00'), "
    + ", ".join(["1"] * len(NAMES))
    + " from past, unnest(array['all', 'queue', 'agent', 'tier', 'channel']) dimension"
    " on conflict do nothing",
)


async def fill(
    house: House, contacts: int, *, within: timedelta = timedelta(days=DAYS), known: bool = True
) -> None:
    """So many contacts that are over, evenly within so long until now, with what they left.

    known: the planner knows of them.
    """
    number = f"+49{next(_fillings)}"
    if await house.pool.fetchval("select count(*) from agent") == 0:
        for n in range(50):
            await house.agent(f"Past-{n}", presence="offline")
    given = {
        "$1": f"'{house.workspace}'::uuid",
        "$2": f"{contacts}",
        "$3": f"interval '{within.total_seconds()} seconds'",
        "$4": f"'{number}'",
    }
    async with house.pool.acquire() as connection, connection.transaction():
        # what is made here points to what is there; asking for each row would take minutes
        await connection.execute("set local session_replication_role = replica")
        for statement in _STATEMENTS:
            for name, value in given.items():
                statement = statement.replace(name, value)
            await connection.execute(statement, timeout=600)
        await connection.execute("drop table past")
    if known:
        await house.pool.execute("analyze", timeout=300)


@dataclass(frozen=True)
class Scan:
    """One place in a plan that read a table. rows: read, also those that were of no use."""

    table: str
    how: str
    rows: float
    statement: str


class Plans:
    """Every plan that the server carries out in this database, also within functions.

    From auto_explain, so that plans are those of the service's own prepared statements with
    the values that it gave, and no statement can be forgotten.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._from = log.stat().st_size

    @classmethod
    async def kept(cls, database: str, log: Path) -> Plans:
        """Begin. Connections that are open already are not heard."""
        connection = await asyncpg.connect(database)
        name = await connection.fetchval("select current_database()")
        for setting, value in {
            "session_preload_libraries": "auto_explain",
            "auto_explain.log_min_duration": "0",
            "auto_explain.log_analyze": "on",
            "auto_explain.log_timing": "off",
            "auto_explain.log_nested_statements": "on",
            "auto_explain.log_format": "json",
        }.items():
            await connection.execute(f"alter database {name} set {setting} = '{value}'")
        await connection.close()
        return cls(log)

    def _plans(self) -> Iterator[tuple[dict[str, Any], str]]:
        with self._log.open() as lines:
            lines.seek(self._from)
            text = lines.read()
        # what belongs to one entry is indented by a tab
        for found in re.finditer(r"  plan:\n((?:\t.*\n)+)", text):
            entry = json.loads(found.group(1))
            yield entry["Plan"], " ".join(entry["Query Text"].split())

    def scans(self) -> Iterator[Scan]:
        """What was read of the tables that grow."""
        for plan, statement in self._plans():
            for node in _nodes(plan):
                if node.get("Relation Name") in TABLES and "Scan" in node["Node Type"]:
                    yield Scan(node["Relation Name"], node["Node Type"], _rows(node), statement)

    def most(self, beginning: str) -> float:
        """The most rows that any place in the plans of such a statement had to do with."""
        plans = (plan for plan, statement in self._plans() if statement.startswith(beginning))
        return max(_rows(node) for plan in plans for node in _nodes(plan))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _rows(node: dict[str, Any]) -> float:
    removed = ("by Filter", "by Index Recheck", "by Join Filter")
    each = node["Actual Rows"] + sum(node.get(f"Rows Removed {why}", 0) for why in removed)
    return float(each * node["Actual Loops"])
