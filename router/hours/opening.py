"""Whether a schedule is open at a moment, when it opens next, and which times it offers. Pure.

Open is what the wall clock says: when it is turned back, the hour that comes twice counts
twice; when it is turned forward, the hour that never is cannot be open. Moments are aware;
`zone` is the time zone of schedules that name none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from router.hours.schedule import DAY_MINUTES, Schedule, day_of, minutes

HORIZON_DAYS = 400
"""A schedule that does not open within so long does not open."""
_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)


def _zone(schedule: Schedule, zone: str) -> ZoneInfo:
    return ZoneInfo(schedule.time_zone or zone)


def open_at(schedule: Schedule, moment: dt.datetime, *, zone: str) -> bool:
    """Whether it is open at this moment; at the end of an interval it is not any more."""
    local = moment.astimezone(_zone(schedule, zone))
    minute = local.hour * 60 + local.minute
    today = any(
        begin <= minute < end for begin, end in map(minutes, day_of(schedule, local.date()).hours)
    )
    return today or any(
        minute < end - DAY_MINUTES
        for _, end in map(minutes, day_of(schedule, local.date() - _DAY).hours)
    )


def next_opening(schedule: Schedule, moment: dt.datetime, *, zone: str) -> dt.datetime | None:
    """The first moment from this one on at which it is open, in UTC; None: it never opens."""
    if open_at(schedule, moment, zone=zone):
        return moment.astimezone(dt.UTC)
    place = _zone(schedule, zone)
    first = moment.astimezone(place).date() - _DAY
    for days in range(HORIZON_DAYS):
        found = [
            begin
            for begin in _changes(schedule, first + days * _DAY, place)
            if begin >= moment and open_at(schedule, begin, zone=zone)
        ]
        if found:
            return min(found)
    return None


def _changes(schedule: Schedule, date: dt.date, place: ZoneInfo) -> Iterator[dt.datetime]:
    """Every moment of this day at which it may open: begins, and turns of the clock."""
    midnight = dt.datetime.combine(date, dt.time())
    for begin, _ in map(minutes, day_of(schedule, date).hours):
        wall = midnight + dt.timedelta(minutes=begin)
        for fold in (0, 1):  # the hour that comes twice begins twice
            yield wall.replace(tzinfo=place, fold=fold).astimezone(dt.UTC)
    yield from _turns(date, place)


def _turns(date: dt.date, place: ZoneInfo) -> Iterator[dt.datetime]:
    """When the clock is turned on this day, to the second."""
    at = dt.datetime.combine(date, dt.time(), place).astimezone(dt.UTC) - 2 * _HOUR

    def offset(moment: dt.datetime) -> dt.timedelta | None:
        return moment.astimezone(place).utcoffset()

    for _ in range(30):
        if offset(at) != offset(at + _HOUR):
            before, after = at, at + _HOUR
            while after - before > dt.timedelta(seconds=1):
                middle = (before + (after - before) / 2).replace(microsecond=0)
                if offset(middle) == offset(before):
                    before = middle
                else:
                    after = middle
            if after.astimezone(place).date() == date:
                yield after
        at += _HOUR


def offered_times(
    schedule: Schedule | None,
    moment: dt.datetime,
    *,
    zone: str,
    slot: dt.timedelta,
    days: int,
    most: int,
    room: Callable[[dt.datetime], bool],
) -> list[dt.datetime]:
    """The next times that can be promised, in UTC: begins of slots that are open and have room.

    schedule: None: always open. moment: no time before it. slot: how far apart, a divisor of a
    day; slots begin at whole multiples of it since midnight UTC. days: how far ahead. most: how
    many. room: whether a slot takes one more promise.
    """
    step = int(slot.total_seconds())
    at = _up(moment.astimezone(dt.UTC), step)
    last = moment + dt.timedelta(days=days)
    found: list[dt.datetime] = []
    while at < last and len(found) < most:
        if schedule is not None and not open_at(schedule, at, zone=zone):
            opens = next_opening(schedule, at, zone=zone)
            if opens is None:
                break
            at = _up(opens, step)
            # an opening shorter than a slot may be over by then
            if not open_at(schedule, at, zone=zone):
                continue
        if at < last and room(at):
            found.append(at)
        at += slot
    return found


def _up(moment: dt.datetime, step: int) -> dt.datetime:
    """The next whole multiple of so many seconds."""
    seconds = -(-moment.timestamp() // step) * step
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
