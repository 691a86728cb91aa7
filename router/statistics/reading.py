"""What was counted, read for a page, a program or a table of numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from router.errors import Invalid
from router.statistics.definitions import (
    INTERVAL_S,
    LONGEST,
    NAMES,
    Counts,
    Dimension,
    Figures,
    figures,
)
from router.statistics.rollup import INTERVAL, beginning

By = Literal["all"] | Dimension

LONGEST_RANGE = timedelta(days=366)
MOST_INTERVALS = 20_000
"""Rows of intervals in one answer."""

_SUMS = ", ".join(
    f"{'max' if name == LONGEST else 'sum'}({name})::bigint as {name}" for name in NAMES
)


class Line(msgspec.Struct, kw_only=True):
    """One subject's counts and figures over the time asked for, or over one interval.

    id: a queue's or agent's, a tier's number, a channel's word; empty: all. name: for people.
    """

    id: str
    name: str
    starts_at: datetime | None = None
    counts: Counts
    figures: Figures


class Report(msgspec.Struct, kw_only=True):
    """The figures of a time. total: of all, or of the one asked for.

    begin, end: what was asked for, widened to whole intervals. counted_at: until when the
    truth's rows are in it; None: nothing was counted yet. settled_until: what is before never
    changes again. intervals: None where they were not asked for.
    """

    begin: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")
    by: By
    interval_s: int
    time_zone: str
    counted_at: datetime | None
    settled_until: datetime | None
    total: Line
    lines: list[Line]
    intervals: list[Line] | None


class Statistics:
    """Reads intervals of one dimension at a time; never the rows that they were counted from."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def report(
        self,
        workspace_id: UUID,
        *,
        begin: datetime | None,
        end: datetime | None,
        day: date | None = None,
        by: By,
        of: str | None = None,
        intervals: bool | None = None,
    ) -> Report:
        """The figures from begin until end, of each subject, or of one (`of`: its id).

        begin: by default today's midnight in the workspace's time zone; end: now. day: a whole
        one there, in place of the two. intervals:
        whether each quarter of an hour is wanted, too; by default unless that would be one for
        each agent. Raises Invalid for a time that ends before it begins, or is too long.
        """
        place = await self._pool.fetchrow(
            "select w.time_zone, now() as now, p.counted_at, p.settled_until from workspace w"
            " left join statistics_progress p on p.workspace_id = w.id where w.id = $1",
            workspace_id,
        )
        assert place is not None
        zone = ZoneInfo(place["time_zone"])
        if day is not None:
            if begin is not None or end is not None:
                raise Invalid("Ask for a day, or for from and to.", field="day")
            if not _has_figures(day):
                raise Invalid("There are no figures of that year.", field="day")
            begin, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        begin, end = _bounds(begin, end, place["now"].astimezone(zone))
        found = await self._sums(workspace_id, begin, end, by, of)
        names = await self._names(workspace_id, by, found)
        lines = [_line(row["subject"], names, _counts(row), by) for row in found]
        if by == "all" or of is not None:
            total = lines[0].counts if lines else Counts()
        else:
            rows = await self._sums(workspace_id, begin, end, "all", None)
            total = _counts(rows[0]) if rows else Counts()
        listed = None
        if intervals if intervals is not None else (by != "agent" or of is not None):
            listed = [
                _line(row["subject"], names, _counts(row), by, row["starts_at"])
                for row in await self._intervals(workspace_id, begin, end, by, of)
            ]
        return Report(
            begin=begin,
            end=end,
            by=by,
            interval_s=INTERVAL_S,
            time_zone=place["time_zone"],
            counted_at=place["counted_at"],
            settled_until=place["settled_until"],
            total=_line("", {}, total, by if of is not None else "all"),
            lines=sorted(lines, key=lambda line: (line.name.casefold(), line.id)),
            intervals=listed,
        )

    async def told_waits(self) -> list[tuple[str, str, Counts]]:
        """Workspace and queue (slugs) with the counts of the last hour, where waits were told."""
        rows = await self._pool.fetch(
            f"select w.slug as workspace, q.slug as queue, {_SUMS} from statistics_interval i"
            " join workspace w on w.id = i.workspace_id"
            " join queue q on q.workspace_id = w.id and q.id::text = i.subject"
            " where i.dimension = 'queue' and i.starts_at > now() - interval '1 hour'"
            " group by w.slug, q.slug having sum(estimates) > 0",
        )
        return [(row["workspace"], row["queue"], _counts(row)) for row in rows]

    async def _sums(
        self, workspace_id: UUID, begin: datetime, end: datetime, by: By, of: str | None
    ) -> list[asyncpg.Record]:
        return await self._pool.fetch(
            f"select subject, {_SUMS} from statistics_interval where workspace_id = $1"
            " and dimension = $2 and starts_at >= $3 and starts_at < $4"
            " and ($5::text is null or subject = $5) group by subject",
            workspace_id,
            by,
            begin,
            end,
            of,
        )

    async def _intervals(
        self, workspace_id: UUID, begin: datetime, end: datetime, by: By, of: str | None
    ) -> list[asyncpg.Record]:
        rows = await self._pool.fetch(
            "select * from statistics_interval where workspace_id = $1 and dimension = $2"
            " and starts_at >= $3 and starts_at < $4 and ($5::text is null or subject = $5)"
            " order by starts_at, subject limit $6",
            workspace_id,
            by,
            begin,
            end,
            of,
            MOST_INTERVALS + 1,
        )
        if len(rows) > MOST_INTERVALS:
            raise Invalid(
                f"There are more than {MOST_INTERVALS} intervals: ask for a shorter time, for"
                " one id (`of`), or for none (`intervals=false`).",
                field="intervals",
            )
        return rows

    async def _names(
        self, workspace_id: UUID, by: By, found: list[asyncpg.Record]
    ) -> dict[str, str]:
        if by not in ("queue", "agent") or not found:
            return {}
        rows = await self._pool.fetch(
            f"select id, name from {'queue' if by == 'queue' else 'account'}"
            " where workspace_id = $1 and id = any($2)",
            workspace_id,
            [UUID(row["subject"]) for row in found],
        )
        return {str(row["id"]): row["name"] for row in rows}


def _has_figures(at: date) -> bool:
    """Far from where calendars end: a bound may be moved by days and zones."""
    return 1970 < at.year < 9000


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)


def _bounds(
    begin: datetime | None, end: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    for field, at in (("from", begin), ("to", end)):
        if at is not None and at.tzinfo is None:
            raise Invalid("A time needs its offset, such as Z.", field=field)
        if at is not None and not _has_figures(at):
            raise Invalid("There are no figures of that year.", field=field)
    begin = begin or now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = end or now
    if end <= begin:
        raise Invalid("This is not after the beginning.", field="to")
    if end - begin > LONGEST_RANGE:
        raise Invalid(f"This is more than {LONGEST_RANGE.days} days.", field="to")
    # to the left by the smallest step, so that a bound of an interval is its own
    return beginning(begin), beginning(end - timedelta(microseconds=1)) + INTERVAL


def _counts(row: asyncpg.Record) -> Counts:
    return Counts(**{name: row[name] for name in NAMES})


def _line(
    subject: str, names: dict[str, str], counts: Counts, by: By, at: datetime | None = None
) -> Line:
    named = names.get(subject) or (f"Tier {subject}" if by == "tier" else subject or "All")
    return Line(id=subject, name=named, starts_at=at, counts=counts, figures=figures(counts, by))


def as_csv(report: Report) -> str:
    """The intervals, or without them the lines, with all counts and figures; times in UTC."""
    out = io.StringIO()
    writer = csv.writer(out)
    # a figure that has a count's name is its mean
    means = [f"mean_{name}" if name in NAMES else name for name in Figures.__struct_fields__]
    writer.writerow(["from", "by", "id", "name", *NAMES, *means])
    lines: Iterable[Line] = report.lines if report.intervals is None else report.intervals
    for line in lines:
        writer.writerow(
            [
                (line.starts_at or report.begin).isoformat().replace("+00:00", "Z"),
                report.by,
                line.id,
                _harmless(line.name),
                *(getattr(line.counts, name) for name in NAMES),
                *(_cell(getattr(line.figures, name)) for name in Figures.__struct_fields__),
            ]
        )
    return out.getvalue()


def _cell(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _harmless(name: str) -> str:
    """A spreadsheet takes text that begins so for a formula."""
    return "'" + name if name[:1] in "=+-@\t\r" and name else name
