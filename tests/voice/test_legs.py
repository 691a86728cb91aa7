"""Whatever order Twilio's callbacks come in, and however often, a leg ends up the same."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from router.channels.voice.legs import Event, Joined, Left, Leg, Status, heard
from tests.voice.calls import CONTACT, HANDLING

LEG = Leg("CA" + "0" * 32, UUID(int=1), CONTACT, HANDLING, "caller", "ringing")
FIRST, SECOND = f"{CONTACT}.2.1", f"{CONTACT}.4.2"
STORY: list[Event] = [
    Status("initiated"),
    Status("ringing"),
    Status("in-progress"),
    Joined(FIRST, "CF1", 2),
    Left(FIRST, "CF1", 5),
    Joined(SECOND, "CF2", 1),
    Left(SECOND, "CF2", 3),
    Joined(SECOND, "CF2", 4),
]


def play(events: list[Event]) -> Leg:
    leg = LEG
    for event in events:
        leg = heard(leg, event)
    return leg


def test_a_leg_rings_lives_joins_and_leaves() -> None:
    states = []
    leg = LEG
    for event in STORY:
        leg = heard(leg, event)
        states.append(leg.state)
    assert states == [
        "ringing", "ringing", "live", "joined", "live", "joined", "live", "joined",
    ]  # fmt: skip


@given(st.permutations(STORY + STORY[2:]))
def test_reordered_and_doubled_events_lead_to_the_same_leg(events: list[Event]) -> None:
    leg, straight = play(events), play(STORY)
    assert (leg.state, leg.room, leg.sequence) == (straight.state, straight.room, straight.sequence)


@given(st.lists(st.sampled_from([*STORY, Status("completed"), Status("busy")]), max_size=20))
def test_the_end_absorbs(events: list[Event]) -> None:
    leg = heard(LEG, Status("completed"))
    for event in events:
        leg = heard(leg, event)
    assert leg.state == "ended"
    assert leg.data["status"] == "completed"


def test_a_late_leave_of_an_older_room_does_not_take_the_caller_out_of_the_newer() -> None:
    leg = play([Status("in-progress"), Joined(SECOND, "CF2", 1), Left(FIRST, "CF1", 99)])
    assert (leg.state, leg.room) == ("joined", SECOND)


def test_rooms_of_ten_attempts_and_more_are_in_order() -> None:
    leg = play([Joined(f"{CONTACT}.9.9", "CF1", 1), Joined(f"{CONTACT}.10.1", "CF2", 1)])
    assert leg.room == f"{CONTACT}.10.1"


@given(st.text(max_size=20))
def test_states_that_twilio_has_not_invented_yet_change_nothing(status: str) -> None:
    if not Status(status).last and status not in ("ringing", "in-progress", "answered"):
        assert heard(LEG, Status(status)) == LEG


def test_a_leg_that_ended_in_a_room_stays_ended_when_the_leave_comes_late() -> None:
    leg = play([Joined(FIRST, "CF1", 2), Status("completed"), Left(FIRST, "CF1", 5)])
    assert leg.state == "ended"
