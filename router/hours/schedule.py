"""A schedule: when a queue is open. Pure.

Hours are wall clock in the schedule's time zone. An interval belongs to the day on which it
begins: `22:00-06:00` of a Friday ends on Saturday morning, whatever Saturday says.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import holidays as calendars
import msgspec

from router.errors import Invalid

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Interval = Annotated[str, msgspec.Meta(pattern=rf"^{_CLOCK}-({_CLOCK}|24:00)$")]
Hours = Annotated[tuple[Interval, ...], msgspec.Meta(max_length=10)]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60


class Weekly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hours of each day of the week; none: closed."""

    mon: Hours = ()
    tue: Hours = ()
    wed: Hours = ()
    thu: Hours = ()
    fri: Hours = ()
    sat: Hours = ()
    sun: Hours = ()


class Holidays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The public holidays of a country, or of a part of it: closed, unless hours are given.

    country: ISO 3166. subdivision: as ISO 3166-2 names it behind the hyphen (BY, CA).
    """

    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    subdivision: Annotated[str, msgspec.Meta(max_length=10)] | None = None
    closed: bool = False
    hours: Hours = ()


class Exceptional(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One day that is not like its weekday, nor like a holiday: closed, or with these hours."""

    date: dt.date
    closed: bool = False
    hours: Hours = ()
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a queue is open. time_zone: IANA name; none: the workspace's.

    What is more particular wins: an exception over a holiday over the weekday.
    """

    time_zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    weekly: Weekly = Weekly()
    holidays: Holidays | None = None
    exceptions: Annotated[tuple[Exceptional, ...], msgspec.Meta(max_length=1000)] = ()


class Day(msgspec.Struct, frozen=True):
    """One day's hours. name: of the holiday or exception."""

    hours: tuple[str, ...]
    name: str = ""


def check(schedule: Schedule, field: str) -> None:
    """Refuse what cannot be: an unknown zone or country, empty intervals, a day given twice.

    Raises Invalid naming the field.
    """
    if schedule.time_zone is not None:
        try:
            ZoneInfo(schedule.time_zone)
        except (KeyError, ValueError, OSError):
            raise Invalid("there is no such time zone", field=f"{field}.time_zone") from None
    for day in DAYS:
        _check_hours(getattr(schedule.weekly, day), f"{field}.weekly.{day}")
    public = schedule.holidays
    if public is not None:
        known = calendars.list_supported_countries()
        if public.country not in known:
            raise Invalid("no holidays are known there", field=f"{field}.holidays.country")
        if public.subdivision is not None and public.subdivision not in known[public.country]:
            raise Invalid("the country has no such part", field=f"{field}.holidays.subdivision")
        _check_day(public.hours, f"{field}.holidays", closed=public.closed, needed=False)
    seen: set[dt.date] = set()
    for place, day_off in enumerate(schedule.exceptions):
        where = f"{field}.exceptions[{place}]"
        if day_off.date in seen:
            raise Invalid("this day is given twice", field=f"{where}.date")
        seen.add(day_off.date)
        _check_day(day_off.hours, where, closed=day_off.closed, needed=True)


def _check_day(hours: tuple[str, ...], field: str, *, closed: bool, needed: bool) -> None:
    if closed and hours:
        raise Invalid("closed, or open at these hours, not both", field=f"{field}.closed")
    if needed and not closed and not hours:
        raise Invalid("say `closed: true`, or when it is open", field=f"{field}.hours")
    _check_hours(hours, f"{field}.hours")


def _check_hours(hours: tuple[str, ...], field: str) -> None:
    ends = -1
    for place, interval in enumerate(hours):
        begin, end = minutes(interval)
        if begin == end % DAY_MINUTES and interval != "00:00-24:00":
            raise Invalid("an interval needs two different times", field=f"{field}[{place}]")
        if begin < ends:
            raise Invalid("intervals follow each other", field=f"{field}[{place}]")
        ends = end


@lru_cache(maxsize=4096)
def minutes(interval: str) -> tuple[int, int]:
    """Begin and end in minutes since midnight; an end on the next day is beyond 1440."""
    begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in interval.split("-"))
    return begin, end if end > begin else end + DAY_MINUTES


@lru_cache(maxsize=512)
def _public(country: str, subdivision: str | None, year: int) -> dict[dt.date, str]:
    found = calendars.country_holidays(country, subdiv=subdivision, years=year)
    return dict(found.items())


def day_of(schedule: Schedule, date: dt.date) -> Day:
    """The hours of this day, by exception, holiday or weekday."""
    for day_off in schedule.exceptions:
        if day_off.date == date:
            return Day(day_off.hours, day_off.name)
    public = schedule.holidays
    if public is not None:
        name = _public(public.country, public.subdivision, date.year).get(date)
        if name is not None:
            return Day(public.hours, name)
    return Day(getattr(schedule.weekly, DAYS[date.weekday()]))
