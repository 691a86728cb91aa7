"""What differs between two documents is told by field, in words, and nothing else is."""

from __future__ import annotations

from router.policy.checks import check_text
from router.policy.difference import Change, difference
from router.policy.document import Document
from tests.policy.test_checks import GOOD


def made(source: str) -> Document:
    document, problems = check_text(source, "DE")
    assert document is not None, problems
    return document


def changes(old: str, new: str) -> list[Change]:
    assert old in GOOD
    return difference(made(GOOD), made(GOOD.replace(old, new)))


def test_nothing_differs_where_only_the_writing_does() -> None:
    assert changes("name: Customers\n", "name: 'Customers' # ours\n    retry_seconds: 120\n") == []
    moved = GOOD.split("  - {kind: widget")
    front = moved[0].replace("entry_points:\n", "entry_points:\n  - {kind: widget" + moved[1])
    assert difference(made(GOOD), made(front)) == [], "the order of entry points says nothing"


def test_a_field_is_told_with_what_it_was_and_becomes() -> None:
    (change,) = changes("seconds: 30", "seconds: 45")
    assert change == Change(
        "queues.customers.steps[0].seconds",
        "changed",
        30,
        45,
        "queues.customers.steps[0].seconds was 30, becomes 45",
    )
    (change,) = changes("hours: office", "hours: null")
    assert change.text == "queues.customers.hours was “office”, becomes none"
    (change,) = changes("tiers: [1],", "tiers: [1, 3],")
    assert change.text.endswith("was [1], becomes [1, 3]")


def test_a_step_put_in_front_leaves_those_behind_as_they_are() -> None:
    (change,) = changes(
        "      - {tiers: [1], filter", "      - {tiers: [3]}\n      - {tiers: [1], filter"
    )
    assert (change.field, change.what) == ("queues.customers.steps[0]", "added")
    assert change.text == "queues.customers.steps[0] is new: tiers: [3]"


def test_queues_and_entry_points_come_and_go_by_their_names() -> None:
    (change,) = changes("  customers:\n", "  sales: {name: Sales}\n  customers:\n")
    assert change.text == "queues.sales is new: name: “Sales”"
    old = "  - {kind: widget, address: shop"
    found = changes(old, "  - {kind: widget, address: store")
    assert [(each.field, each.what) for each in found] == [
        ("entry_points.widget shop", "dropped"),
        ("entry_points.widget store", "added"),
    ]
    (change,) = changes("name: Shop,", "name: Store,")
    assert change.text == "entry_points.widget shop.name was “Shop”, becomes “Store”"
