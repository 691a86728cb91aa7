"""Opening hours: weekdays, holidays, exceptions, nights, and the days on which clocks turn."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import Invalid
from router.hours.opening import next_opening, offered_times, open_at
from router.hours.schedule import DAYS, Schedule, check, day_of

ZONE = "Europe/Berlin"


def schedule(**parts: object) -> Schedule:
    made = msgspec.convert(parts, Schedule)
    check(made, "schedules.office")
    return made


OFFICE = schedule(
    weekly={day: ["08:00-12:00", "13:00-17:00"] for day in DAYS[:5]},
    holidays={"country": "DE", "subdivision": "BY"},
    exceptions=[
        {"date": "2026-12-24", "hours": ["08:00-12:00"], "name": "Christmas Eve"},
        {"date": "2026-12-25", "hours": ["10:00-12:00"], "name": "Emergency desk"},
        {"date": "2026-11-24", "closed": True, "name": "Inventory"},
    ],
)


def local(text: str, zone: str = ZONE) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-23T07:59", False),
        ("2026-11-23T08:00", True),
        ("2026-11-23T12:00", False),  # the end is not in it
        ("2026-11-23T12:59", False),
        ("2026-11-23T16:59:59", True),
        ("2026-11-22T10:00", False),  # a Sunday
        ("2026-11-24T10:00", False),  # an exception that closes
        ("2026-01-06T10:00", False),  # Epiphany, in Bavaria
        ("2026-12-24T11:00", True),
        ("2026-12-24T14:00", False),  # an exception with hours of its own
        ("2026-12-25T11:00", True),  # an exception wins over a holiday
    ],
)
def test_it_is_open_by_weekday_holiday_and_exception(at: str, is_open: bool):
    assert open_at(OFFICE, local(at), zone=ZONE) is is_open


def test_a_holiday_of_another_part_of_the_country_is_a_working_day():
    berlin = schedule(weekly={"tue": ["08:00-17:00"]}, holidays={"country": "DE"})
    assert open_at(berlin, local("2026-01-06T10:00"), zone=ZONE)
    assert day_of(OFFICE, dt.date(2026, 1, 6)).name  # as the calendar calls it


def test_it_opens_again_after_a_weekend_a_holiday_and_an_exception():
    opens = next_opening(OFFICE, local("2026-11-23T17:00"), zone=ZONE)
    assert opens == local("2026-11-25T08:00")
    assert next_opening(OFFICE, local("2026-12-31T18:00"), zone=ZONE) == local("2027-01-04T08:00")
    now = local("2026-11-23T09:30")
    assert next_opening(OFFICE, now, zone=ZONE) == now


def test_what_never_opens_says_so():
    assert next_opening(schedule(), local("2026-11-23T09:00"), zone=ZONE) is None


def test_a_night_belongs_to_the_day_on_which_it_begins():
    night = schedule(
        weekly={"fri": ["22:00-06:00"]}, exceptions=[{"date": "2026-11-28", "closed": True}]
    )
    assert open_at(night, local("2026-11-27T23:00"), zone=ZONE)
    assert open_at(night, local("2026-11-28T05:59"), zone=ZONE)
    assert not open_at(night, local("2026-11-28T06:00"), zone=ZONE)
    assert not open_at(night, local("2026-11-27T05:00"), zone=ZONE)


def test_hours_are_those_of_the_schedules_zone_and_else_of_the_workspaces():
    tokyo = schedule(time_zone="Asia/Tokyo", weekly={"mon": ["09:00-17:00"]})
    assert open_at(tokyo, local("2026-11-23T09:00", "Asia/Tokyo"), zone=ZONE)
    assert not open_at(tokyo, local("2026-11-23T09:00"), zone=ZONE)
    plain = schedule(weekly={"mon": ["09:00-17:00"]})
    assert open_at(plain, local("2026-11-23T16:59", "Asia/Tokyo"), zone="Asia/Tokyo")


def test_the_hour_that_comes_twice_is_open_twice_and_the_one_that_never_is_is_not():
    early = schedule(weekly={"sun": ["02:00-02:30"]})
    back = dt.datetime(2026, 10, 25, 0, 0, tzinfo=dt.UTC)  # 02:00 summer time, 03:00 is 01:00 UTC
    opens = [
        minute
        for minute in range(0, 180, 10)
        if open_at(early, back + dt.timedelta(minutes=minute), zone=ZONE)
    ]
    assert opens == [0, 10, 20, 60, 70, 80]
    again = next_opening(early, back + dt.timedelta(minutes=40), zone=ZONE)
    assert again == back + dt.timedelta(minutes=60)
    forward = dt.datetime(2026, 3, 29, 0, 0, tzinfo=dt.UTC)
    assert next_opening(early, forward, zone=ZONE) == local("2026-04-05T02:00")


def _intervals() -> st.SearchStrategy[list[str]]:
    def spelled(cuts: list[int]) -> list[str]:
        pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
        return [
            f"{a // 60:02}:{a % 60:02}-{b // 60 % 24:02}:{b % 60:02}" for a, b in pairs if b < 1440
        ]

    day = st.lists(st.integers(0, 94).map(lambda n: n * 15), unique=True, max_size=4)
    return day.map(sorted).map(spelled)


@settings(max_examples=60, deadline=None)
@given(
    days=st.fixed_dictionaries({day: _intervals() for day in DAYS}),
    nights=st.sets(st.sampled_from(DAYS)),
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC"]
    ),
    # around the turns of 2026 in these zones, and any time
    day=st.sampled_from([(3, 28), (10, 24), (3, 7), (10, 31), (4, 4), (10, 3), (9, 5), (7, 1)]),
    minute=st.integers(0, 3 * 1440),
)
def test_the_next_opening_is_the_one_that_looking_at_every_minute_finds(
    days: dict[str, list[str]], nights: set[str], zone: str, day: tuple[int, int], minute: int
):
    weekly = {
        name: hours + (["23:30-01:30"] if name in nights else []) for name, hours in days.items()
    }
    made = schedule(weekly=weekly)
    begin = dt.datetime(2026, *day, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
    found = next_opening(made, begin, zone=zone)
    # turns and hours fall on whole quarters of an hour
    at = begin
    for _ in range(9 * 96):
        if open_at(made, at, zone=zone):
            break
        at = dt.datetime.fromtimestamp((at.timestamp() // 900 + 1) * 900, dt.UTC)
    else:
        assert found is None
        return
    assert found == at


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"time_zone": "Europe/Atlantis"}, "schedules.office.time_zone"),
        ({"weekly": {"mon": ["08:00-08:00"]}}, "schedules.office.weekly.mon[0]"),
        ({"weekly": {"mon": ["08:00-12:00", "11:00-13:00"]}}, "schedules.office.weekly.mon[1]"),
        ({"holidays": {"country": "XX"}}, "schedules.office.holidays.country"),
        (
            {"holidays": {"country": "DE", "subdivision": "ZZ"}},
            "schedules.office.holidays.subdivision",
        ),
        ({"exceptions": [{"date": "2026-01-01"}]}, "schedules.office.exceptions[0].hours"),
        (
            {"exceptions": [{"date": "2026-01-01", "closed": True, "hours": ["08:00-09:00"]}]},
            "schedules.office.exceptions[0].closed",
        ),
        (
            {"exceptions": [{"date": "2026-01-01", "closed": True}] * 2},
            "schedules.office.exceptions[1].date",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(parts: dict[str, object], field: str):
    with pytest.raises(Invalid) as refused:
        schedule(**parts)
    assert refused.value.field == field


def _offered(moment: str, full: str = "", days: int = 3) -> list[str]:
    times = offered_times(
        OFFICE,
        local(moment),
        zone=ZONE,
        slot=dt.timedelta(minutes=30),
        days=days,
        most=4,
        room=lambda at: at.astimezone(ZoneInfo(ZONE)).strftime("%a %H:%M") != full,
    )
    return [at.astimezone(ZoneInfo(ZONE)).strftime("%a %H:%M") for at in times]


def test_offered_times_are_open_have_room_and_lie_ahead():
    assert _offered("2026-11-26T11:10") == ["Thu 11:30", "Thu 13:00", "Thu 13:30", "Thu 14:00"]
    assert _offered("2026-11-26T16:40", full="Fri 08:00")[:1] == ["Fri 08:30"]
    # Monday afternoon and the closed Tuesday in between, no further than a day ahead
    assert _offered("2026-11-23T16:40", days=1) == []


def test_whoever_has_no_schedule_offers_any_time():
    at = dt.datetime(2026, 11, 22, 3, 1, tzinfo=dt.UTC)
    times = offered_times(
        None,
        at,
        zone=ZONE,
        slot=dt.timedelta(minutes=15),
        days=1,
        most=2,
        room=lambda _: True,
    )
    assert [time.minute for time in times] == [15, 30]
