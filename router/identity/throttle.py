"""How often somebody may guess at a password or PIN.

A try is counted before it is looked at, in one statement: however many arrive at once, no more
than the limit get past. The subject is what is guessed at, whether it exists or not, so that
being locked tells nothing about who exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from router.errors import TooMany
from router.store.truth import Connection


@dataclass(frozen=True)
class Limit:
    """So many tries; then locked for `lock`, twice that after as many more, up to `longest`.

    A day without a try forgives everything.
    """

    tries: int = 5
    lock: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=8)


GUESSES = Limit()
# one telephone may serve a whole shop, each of whom mistypes
CALLER = Limit(tries=10)

# power(): the exponent is capped before it is used, for 2^1000 is no interval
_COUNT = """
insert into throttle as t (subject, failures, locked_until)
values ($1, 1, case when $2 = 1 then now() + $3::interval end)
on conflict (subject) do update set
  tried_at = now(),
  failures = case when t.tried_at < now() - interval '1 day' then 1 else t.failures + 1 end,
  locked_until = case
    when t.tried_at < now() - interval '1 day'
      then case when $2 = 1 then now() + $3::interval end
    when (t.failures + 1) % $2 = 0
      then now() + least(
        $3::interval * power(2, least((t.failures + 1) / $2 - 1, 20)), $4::interval)
    end
where t.locked_until is null or t.locked_until <= now()
returning failures
"""


async def count(conn: Connection, subject: str, limit: Limit = GUESSES) -> None:
    """Count one try, before it is looked at. The last one allowed locks already, and is looked at.

    Raises TooMany while locked; the lock does not grow by that.
    """
    allowed = await conn.fetchval(_COUNT, subject, limit.tries, limit.lock, limit.longest)
    if allowed is None:
        raise TooMany("Too many wrong tries. Please wait a while and try again.")


async def clear(conn: Connection, subject: str) -> None:
    """The try was right, or somebody in charge says so: start afresh."""
    await conn.execute("delete from throttle where subject = $1", subject)


async def take_back(conn: Connection, subject: str) -> None:
    """The try was right, but says nothing about the ones before it.

    A caller who knows one PIN must not get rid of the count of guesses at others.
    """
    await conn.execute(
        "update throttle set failures = failures - 1, locked_until = null"
        " where subject = $1 and failures > 0",
        subject,
    )


async def forget_old(conn: Connection) -> None:
    """Drop what a day has forgiven; called now and then, so that the table stays small."""
    await conn.execute(
        "delete from throttle where tried_at < now() - interval '1 day'"
        " and (locked_until is null or locked_until < now())"
    )
