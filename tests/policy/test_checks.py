"""A document as a whole: everything that is wrong with it is told, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.policy import text
from router.policy.checks import check_text, hints
from router.policy.document import Document, EntryPoint, sparse

GOOD = """
rules:
  attributes: {agent: {author_value: number}, contact: {plan: text}}
  schedules:
    office: {time_zone: Europe/Berlin, weekly: {mon: ["09:00-17:00"]}}
queues:
  experts: {name: Experts, steps: [{tiers: [2], skills: false}]}
  customers:
    name: Customers
    hours: office
    closed: {to: callback}
    escalates_to: experts
    steps:
      - {tiers: [1], filter: agent.attributes.author_value > 3, seconds: 30}
      - {tiers: [1, 2], seconds: 60, then: {to: queue, queue: experts}}
    overflow:
      - {on: wait, most: 600, then: {to: queue, queue: experts}}
entry_points:
  - kind: phone
    address: 030 23125100
    name: Hotline
    customers: customers
    experts: experts
    menu: [{key: 1, topic: router, label: {en: Router}}]
  - {kind: widget, address: shop, name: Shop, customers: customers, experts: experts}
"""


def told(source: str) -> list[tuple[str, int | None, str]]:
    _, problems = check_text(source, "DE")
    return [(problem.field, problem.line, problem.message) for problem in problems]


def test_a_document_is_made_in_its_one_form() -> None:
    document, problems = check_text(GOOD, "DE")
    assert problems == []
    assert document is not None
    phone = document.entry_points[0]
    assert (phone.address, phone.languages, phone.menu[0].key) == ("+493023125100", ("en",), "1")
    written = text.write(sparse(document))
    assert check_text(written, "DE") == (document, [])
    assert "offer_seconds" not in written, "what has its default is left out"


def test_nothing_is_a_policy_too() -> None:
    assert check_text("queues: {}", "DE") == (Document(), [])
    assert told("")[0][2].startswith("A policy is a mapping")
    assert told("[1]")[0][2].startswith("A policy is a mapping")


REPLACED = [
    ("name: Customers", "nam: Customers", "queues.customers.nam", "no such field"),
    ("name: Customers", "name: ''", "queues.customers.name", "empty"),
    ("tiers: [1],", "tiers: [],", "queues.customers.steps[0].tiers", ""),
    ("seconds: 30", "secnds: 30", "queues.customers.steps[0].secnds", "no such field"),
    ("to: callback", "to: callbck", "queues.customers.closed.to", ""),
    ("to: callback", "to: next", "queues.customers.closed.to", "no next step"),
    ("escalates_to: experts", "escalates_to: x", "queues.customers.escalates_to", "“x”"),
    ("60, then: {to: queue, queue: experts}", "60, then: {to: queue, queue: x}",
     "queues.customers.steps[1].then.queue", "“x”"),
    ("600, then: {to: queue, queue: experts}", "600, then: {to: queue, queue: customers}",
     "queues.customers.overflow[0].then.queue", "itself"),
    ("hours: office", "hours: holiday", "queues.customers.hours", "“holiday”"),
    ("author_value > 3", "athor_value > 3", "queues.customers.steps[0].filter", "author_value"),
    ("author_value > 3", "author_value > '3'", "queues.customers.steps[0].filter", "column"),
    ("address: 030 23125100", "address: hello", "entry_points[0].address", "phone number"),
    ("address: shop", "address: s", "entry_points[1].address", "widget"),
    ("name: Shop, customers: customers", "name: Shop, customers: x", "entry_points[1].customers",
     "“x”"),
    ("name: Shop, customers", "name: Shop, language: de, languages: [en], customers",
     "entry_points[1].language", "one of the languages"),
    ("name: Shop,", "name: Shop, priority: 12,", "entry_points[1].priority", ""),
    ("name: Shop,", "name: Shop, attributes: {plan: 3},",
     "entry_points[1].attributes.plan", "text"),
    ("name: Shop,", "name: Shop, attributes: {x: 3},", "entry_points[1].attributes.x", "declares"),
    ("contact: {plan: text}}", "contact: {plan: text}, claims: [x]}",
     "rules.attributes.claims", "“x”"),
    ("contact: {plan: text}}", "contact: {Plan: text}}", "rules.attributes.contact", ""),
    ("contact: {plan: text}}", "contact: {plan: word}}", "rules.attributes.contact.plan", ""),
    ("key: 1", "key: 12", "entry_points[0].menu[0].key", "digit"),
    ("mon:", "mo:", "rules.schedules.office.weekly.mo", "no such field"),
    ("time_zone: Europe/Berlin", "time_zone: Europe/Bärlin", "rules.schedules.office.time_zone",
     "time zone"),
    ("closed: {to: callback}", "closed: {to: queue, queue: x}", "queues.customers.closed.queue",
     "“x”"),
    ("rules:\n", "rules:\n  callbacks: {countries: [DE, UK]}\n",
     "rules.callbacks.countries[1]", "“UK”"),
    ("rules:\n", "rules:\n  callbacks: {cents_a_minute: {ZZ: 3}}\n",
     "rules.callbacks.cents_a_minute.ZZ", "“ZZ”"),
    ("to: queue, queue: experts}}\n    overflow", "to: queue}}\n    overflow",
     "queues.customers.steps[1].then.queue", "queue"),
    ("experts: experts\n    menu", "experts: x\n    menu", "entry_points[0].experts", "“x”"),
    ("rules:\n", "rules:\n  demo: true\n", "rules.demo", "not for a policy"),
    ("entry_points:", "entrypoints:", "entrypoints", "no such field"),
    ("experts: {name", "Experts!: {name", "queues.Experts!", "short name"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "field", "said"), REPLACED)
def test_what_is_wrong_is_told_at_its_field_and_line(
    old: str, new: str, field: str, said: str
) -> None:
    assert GOOD.count(old) == 1, old
    source = GOOD.replace(old, new)
    found = {each[0]: each for each in told(source)}
    assert field in found, found
    line = source[: source.index(new)].count("\n") + 1
    assert found[field][1] in (line, line - 1, line + 1)
    assert said in found[field][2]


def test_one_fault_does_not_hide_the_others() -> None:
    source = GOOD.replace("seconds: 30", "seconds: -1").replace("address: shop", "address: s")
    assert [field for field, *_ in told(source)] == [
        "queues.customers.steps[0].seconds",
        "entry_points[1].address",
    ]


def test_a_skill_that_no_agent_has_is_told_and_stands_in_nobodys_way() -> None:
    document, problems = check_text(GOOD, "DE")
    assert (document is not None, problems) == (True, [])
    assert document
    ((hint),) = hints(GOOD, document, {"modem"})
    line = GOOD[: GOOD.index("menu:")].count("\n") + 1
    assert (hint.field, hint.line) == ("entry_points[0].menu[0].topic", line)
    assert "“router”" in hint.message
    assert hints(GOOD, document, {"router"}) == []
    # named by the topic, or its own
    own = GOOD.replace("topic: router,", "topic: router, skills: [modem],")
    document, _ = check_text(own, "DE")
    assert document
    assert [each.field for each in hints(own, document, {"router"})] == [
        "entry_points[0].menu[0].skills"
    ]
    # where nobody asks for skills, there is nothing to tell
    freely = GOOD.replace("tiers: [1],", "tiers: [1], skills: false,").replace(
        "tiers: [1, 2],", "tiers: [1, 2], skills: false,"
    )
    document, _ = check_text(freely, "DE")
    assert document
    assert hints(freely, document, set()) == []


def test_two_entry_points_cannot_have_one_address() -> None:
    again = (
        "  - {kind: phone, address: '+49 30 23125100', name: A,"
        " customers: experts, experts: experts}\n"
    )
    ((field, line, message),) = told(GOOD + again)
    assert (field, line) == ("entry_points[2].address", GOOD.count("\n") + 1)
    assert "entry_points[0]" in message


CIRCLE = """
queues:
  a: {name: A, overflow: [{on: length, most: 5, then: {to: queue, queue: b}}]}
  b: {name: B, steps: [{seconds: 0}, {seconds: 9, skip: true, then: {to: queue, queue: c}}]}
  c: {name: C, overflow: [{on: nobody, most: 0, then: {to: queue, queue: a}}]}
"""


def test_nobody_is_sent_in_a_circle_without_waiting() -> None:
    ((field, _, message),) = told(CIRCLE)
    assert field.startswith("queues.")
    assert "a → b → c → a" in message
    assert told(CIRCLE.replace("skip: true, ", "")) == [], "who waits a while may go round"
    assert told(CIRCLE.replace("most: 0", "most: 60")) == []


def test_a_chain_of_thousands_of_queues_is_checked_without_exhausting_anything() -> None:
    chain = "queues:\n" + "".join(
        f"  q{n}: {{name: Q, overflow: [{{on: length, most: 1,"
        f" then: {{to: queue, queue: q{n + 1}}}}}]}}\n"
        for n in range(2000)
    )
    assert told(chain + "  q2000: {name: Q}\n") == []


def test_every_field_of_an_entry_point_is_told() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
    assert [name for name in EntryPoint.__struct_fields__ if f"`{name}`" not in page] == []
