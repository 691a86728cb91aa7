"""What calls to people may cost, and what they came to: limits, and the ledger of a day.

A call is entered before it is placed, at what three minutes of it cost; when it is over, at
what it came to. So calls that go on count, and many at once cannot pass the limit together.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from router.channels.admission import Admission, House
from router.errors import Invalid, SecondlineError, TooMany
from router.identity.numbers import tariff
from router.queues.rules import CallbackRules
from router.store.truth import Connection

log = structlog.get_logger()

EXPECTED_MINUTES = 3
UNHEARD_SECONDS = 60
"""A call of which nothing is known any more so long after it was entered cost nothing."""

Why = Literal["country", "premium", "number_often", "money", "number_money"]

SAID: dict[Why, str] = {
    "country": "We cannot call numbers of this country.",
    "premium": "We cannot call numbers of this kind.",
    "number_often": "This number has been asked to be called too often today.",
    "money": "Today no more calls can be made.",
    "number_money": "Today this number cannot be called any more.",
}


def may_not_be_called(rules: CallbackRules, e164: str, home: str) -> Why | None:
    """Why the rules do not allow this number at all. Pure. home: the workspace's country."""
    country, dear = tariff(e164)
    if country not in (rules.countries or (home,)):
        return "country"
    if dear and not rules.premium_ok:
        return "premium"
    return None


def cents_of(rules: CallbackRules, e164: str, seconds: float) -> float:
    """What a call of so many seconds costs; each begun minute counts. Pure."""
    country, _ = tariff(e164)
    prices = rules.cents_a_minute
    a_minute = prices.get(country or "default", prices.get("default", 0.0))
    return float(-(-seconds // 60) * a_minute)


def beyond(
    rules: CallbackRules, *, more: float, spent: float, spent_on_number: float
) -> Why | None:
    """Which limit `more` cents would pass. Pure."""
    if spent + more > rules.cents_a_day:
        return "money"
    return "number_money" if spent_on_number + more > rules.cents_a_day_per_number else None


def refusal(why: Why) -> SecondlineError:
    """The answer to whoever asked."""
    if why in ("country", "premium"):
        return Invalid(SAID[why], field="number")
    return TooMany(SAID[why], field="number", state=why)


class Spending(Admission):
    """The ledger."""

    async def _check_number(
        self, connection: Connection, house: House, workspace_id: UUID, contact: UUID, e164: str
    ) -> Why | None:
        """Why a callback to this number is refused now; kept for supervisors."""
        rules = house.rules.callbacks
        why = may_not_be_called(rules, e164, house.country)
        if why is None:
            asked = await connection.fetchval(
                "select count(*) from callback where workspace_id = $1 and number = $2"
                " and asked_at >= $3 and contact_id <> $4",
                workspace_id,
                e164,
                begin_of_day(house),
                contact,
            )
            why = "number_often" if asked >= rules.per_number_a_day else None
        if why is None:
            why = beyond(
                rules,
                more=cents_of(rules, e164, 60),
                spent=await self._spent(connection, workspace_id, house),
                spent_on_number=await self._spent(connection, workspace_id, house, e164),
            )
        return why

    async def enter_cost(self, contact_id: UUID, name: str, e164: str) -> Why | None:
        """A call is about to be placed. name: of its leg; entered again it is entered once.

        Why it may not be, by the limits in money; else None.
        """
        contact = await self._pool.fetchrow(
            "select workspace_id, queue_id from contact where id = $1", contact_id
        )
        assert contact is not None
        workspace_id = contact["workspace_id"]
        house = await self.house(workspace_id)
        rules = house.rules.callbacks
        async with self._pool.acquire() as connection, connection.transaction():
            # one at a time: two must not pass the limit together
            await connection.execute(
                "select pg_advisory_xact_lock(hashtextextended($1, 5))", f"spending {workspace_id}"
            )
            if await connection.fetchval("select true from call_cost where name = $1", name):
                return None
            more = cents_of(rules, e164, EXPECTED_MINUTES * 60)
            why = beyond(
                rules,
                more=more,
                spent=await self._spent(connection, workspace_id, house),
                spent_on_number=await self._spent(connection, workspace_id, house, e164),
            )
            if why is None:
                await connection.execute(
                    "insert into call_cost"
                    " (name, workspace_id, contact_id, number, day, cents, queue_id)"
                    " values ($1, $2, $3, $4, $5, $6, $7)",
                    name,
                    workspace_id,
                    contact_id,
                    e164,
                    today(house),
                    more,
                    contact["queue_id"],
                )
        if why is not None:
            await self._refused(workspace_id, contact_id, e164, why)
        return why

    async def settle_costs(self) -> int:
        """Enter what calls that are over came to; answers how many."""
        rows = await self._pool.fetch(_OVER, float(UNHEARD_SECONDS))
        houses: dict[UUID, House] = {}
        for row in rows:
            workspace_id = row["workspace_id"]
            if workspace_id not in houses:
                houses[workspace_id] = await self.house(workspace_id)
            seconds = max(0, int(row["seconds"]))
            await self._pool.execute(
                "update call_cost set seconds = $2, cents = $3 where name = $1",
                row["name"],
                seconds,
                cents_of(houses[workspace_id].rules.callbacks, row["number"], seconds),
            )
        return len(rows)

    async def _refused(
        self, workspace_id: UUID, contact_id: UUID | None, e164: str, why: Why
    ) -> None:
        log.warning("callback.refused", workspace=str(workspace_id), why=why)
        await self._pool.execute(
            "insert into callback_refused (workspace_id, contact_id, number, why)"
            " values ($1, $2, $3, $4)",
            workspace_id,
            contact_id,
            e164,
            why,
        )
        await self._hub.publish(workspace_id, {"t": "callback", "why": why})

    async def _spent(
        self, connection: Connection, workspace_id: UUID, house: House, e164: str | None = None
    ) -> float:
        cents = await connection.fetchval(
            "select coalesce(sum(cents), 0) from call_cost where workspace_id = $1 and day = $2"
            " and ($3::text is null or number = $3)",
            workspace_id,
            today(house),
            e164,
        )
        return float(cents)


def today(house: House) -> dt.date:
    """The day in the workspace's time zone."""
    return house.now.astimezone(ZoneInfo(house.zone)).date()


def begin_of_day(house: House) -> dt.datetime:
    """Its first moment."""
    return dt.datetime.combine(today(house), dt.time(), ZoneInfo(house.zone))


# a leg that is known by its SID has the handling, one that never came to be is gone
_OVER = """
select k.name, k.workspace_id, k.number,
       coalesce((l.data->>'seconds')::float8,
         case when l.data->>'status' in ('busy', 'failed', 'no-answer', 'canceled') then 0
              else extract(epoch from l.heard_at - k.at) end, 0)::float8 as seconds
from call_cost k
left join lateral (
  select * from leg where contact_id = k.contact_id and party = 'caller'
    and handling_id = split_part(k.name, ':', 2)::uuid order by heard_at desc limit 1
) l on true
where k.seconds is null
  and (l.state = 'ended' or l.call_sid is null and k.at < now() - make_interval(secs => $1))
limit 100
"""
