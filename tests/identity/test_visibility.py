"""What a viewer may see follows from assurance, tier and role, and grows with each."""

from __future__ import annotations

from dataclasses import astuple
from itertools import product

import pytest

from router.identity.visibility import visibility

TABLE = {
    # (assurance, viewer): what is seen
    (0, "freelancer"): "",
    (1, "freelancer"): "",
    (2, "freelancer"): "name",
    (3, "freelancer"): "name cases",
    (0, "house"): "network claims",
    (1, "house"): "network claims",
    (2, "house"): "name network numbers expert_number claims",
    (3, "house"): "name network numbers expert_number claims cases notes mails",
    (0, "admin"): "name network numbers expert_number claims cases notes mails",
}
VIEWERS = {"freelancer": (1, "agent"), "house": (2, "agent"), "admin": (0, "admin")}


@pytest.mark.parametrize(("case", "seen"), TABLE.items())
def test_each_viewer_sees_what_the_table_says(case: tuple[int, str], seen: str) -> None:
    assurance, viewer = case
    may = visibility(assurance, *VIEWERS[viewer])
    assert {name for name in may.__dataclass_fields__ if getattr(may, name)} == set(seen.split())


def test_a_supervisor_sees_what_the_house_sees_without_being_an_agent() -> None:
    for assurance in range(4):
        assert visibility(assurance, 0, "supervisor") == visibility(assurance, 2, "agent")


def test_more_assurance_or_a_higher_tier_never_shows_less() -> None:
    for assurance, tier, role in product(range(3), range(1, 9), ("agent", "supervisor", "admin")):
        seen = astuple(visibility(assurance, tier, role))
        surer = astuple(visibility(assurance + 1, tier, role))
        higher = astuple(visibility(assurance, tier + 1, role))
        assert all(a <= b for a, b in zip(seen, surer, strict=True))
        assert all(a <= b for a, b in zip(seen, higher, strict=True))


def test_no_agent_gets_a_freelancers_full_number_or_cases_below_their_assurance() -> None:
    for assurance in range(4):
        assert not visibility(assurance, 1, "agent").numbers
        assert visibility(assurance, 1, "agent").cases == (assurance == 3)
