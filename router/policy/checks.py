"""A document as a whole: what its parts name exists, and nobody is sent in a circle. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from router.errors import Invalid
from router.filters import checked_attributes, parse
from router.identity.numbers import COUNTRIES
from router.policy import document, text
from router.policy.document import Document, Queue
from router.policy.text import Problem
from router.queues.policy import Then


def check(value: Any, country: str) -> tuple[Document | None, list[Problem]]:
    """The document of plain values, and everything that is wrong with it, in order of fields.

    country: as for `document.read`. The document is None where there is a problem.
    """
    made, problems = document.read(value, country)
    if made is not None:
        problems = list(whole(made))
    return (None if problems else made), problems


def check_text(source: str, country: str) -> tuple[Document | None, list[Problem]]:
    """The same for a YAML text; each problem has its line and column."""
    try:
        reading = text.read(source)
    except text.Unreadable as error:
        return None, [error.problem]
    made, problems = check(reading.value, country)
    placed = [reading.placed(problem) for problem in problems]
    return made, sorted(placed, key=lambda problem: (problem.line or 0, problem.column or 0))


def whole(made: Document) -> Iterator[Problem]:
    """What is wrong between the parts of a document."""
    for slug, queue in made.queues.items():
        for field, target in _named(queue):
            if target not in made.queues:
                yield Problem(f"queues.{slug}.{field}", f"There is no queue “{target}”.")
            elif target == slug and field != "escalates_to":
                yield Problem(f"queues.{slug}.{field}", "This leads to the queue itself.")
        if queue.hours is not None and queue.hours not in made.rules.schedules:
            yield Problem(f"queues.{slug}.hours", f"There is no schedule “{queue.hours}”.")
        for place, step in enumerate(queue.steps):
            try:
                parse(step.filter, made.rules.attributes, f"queues.{slug}.steps[{place}].filter")
            except Invalid as error:
                yield Problem(error.field or "", error.message)
    yield from _circles(made)
    yield from _entry_points(made)
    yield from _countries(made)


def asked_skills(made: Document) -> Iterator[tuple[str, str]]:
    """The skills that topics ask of agents, with the field; not where no step looks at them."""
    for place, point in enumerate(made.entry_points):
        queues = (made.queues[slug] for slug in (point.customers, point.experts))
        if not any(step.skills for queue in queues for step in queue.steps):
            continue
        for nth, item in enumerate(point.menu):
            field = f"entry_points[{place}].menu[{nth}]"
            if not item.skills:
                yield f"{field}.topic", item.topic
            for skill in item.skills:
                yield f"{field}.skills", skill


def hints(source: str, made: Document, known: Container[str]) -> list[Problem]:
    """What is no fault of the text and odd all the same. known: the skills that agents have.

    A skill that nobody has may be one that the next import brings: until then its contacts wait.
    """
    reading = text.read(source)
    return [
        reading.placed(Problem(field, f"No agent has the skill “{skill}”."))
        for field, skill in asked_skills(made)
        if skill not in known
    ]


def _leads(queue: Queue) -> Iterator[tuple[str, Then, bool]]:
    """Where the queue leads: the field, what comes then, and whether it may come at once."""
    waited = False
    for place, step in enumerate(queue.steps):
        # a step that is skipped takes no time while nobody could serve it
        waited = waited or not (step.seconds == 0 or step.skip)
        if step.then.to != "next":
            yield f"steps[{place}].then", step.then, not waited
            break
    for place, overflow in enumerate(queue.overflow):
        at_once = overflow.on == "length" or overflow.most == 0
        yield f"overflow[{place}].then", overflow.then, at_once
    yield "closed", queue.closed, queue.hours is not None


def _named(queue: Queue) -> Iterator[tuple[str, str]]:
    """Other queues that this one names, with the field; steps never reached name theirs too."""
    for place, step in enumerate(queue.steps):
        if step.then.queue is not None:
            yield f"steps[{place}].then.queue", step.then.queue
    for place, overflow in enumerate(queue.overflow):
        if overflow.then.queue is not None:
            yield f"overflow[{place}].then.queue", overflow.then.queue
    if queue.closed.queue is not None:
        yield "closed.queue", queue.closed.queue
    if queue.escalates_to is not None:
        yield "escalates_to", queue.escalates_to


def _circles(made: Document) -> Iterator[Problem]:
    """Queues that pass a contact on at once, back to where it was: it would go round for ever."""
    at_once = {
        slug: [
            (field, then.queue)
            for field, then, soon in _leads(queue)
            if soon and then.queue in made.queues and then.queue != slug
        ]
        for slug, queue in made.queues.items()
    }
    done: set[str] = set()
    for start in at_once:
        # depth first, without recursion: thousands of queues may stand in one chain
        path: list[str] = []
        open_: list[tuple[str, Iterator[tuple[str, str | None]]]] = []
        if start not in done:
            path, open_ = [start], [(start, iter(at_once[start]))]
        while open_:
            slug, edges = open_[-1]
            edge = next(edges, None)
            if edge is None:
                done.add(slug)
                open_.pop()
                path.pop()
                continue
            field, target = edge
            assert target is not None
            if target in path:
                way = " → ".join([*path[path.index(target) :], target])
                yield Problem(
                    f"queues.{slug}.{field}", f"This leads in a circle without waiting: {way}."
                )
            elif target not in done:
                path.append(target)
                open_.append((target, iter(at_once[target])))


def _entry_points(made: Document) -> Iterator[Problem]:
    known: dict[tuple[str, str], int] = {}
    for place, point in enumerate(made.entry_points):
        path = f"entry_points[{place}]"
        first = known.setdefault((point.kind, point.address), place)
        if first != place:
            yield Problem(f"{path}.address", f"This is the address of entry_points[{first}] too.")
        for field in ("customers", "experts"):
            target = getattr(point, field)
            if target not in made.queues:
                yield Problem(f"{path}.{field}", f"There is no queue “{target}”.")
        try:
            checked_attributes(
                point.attributes, made.rules.attributes.contact, f"{path}.attributes"
            )
        except Invalid as error:
            yield Problem(error.field or "", error.message)


def _countries(made: Document) -> Iterator[Problem]:
    """A code that no number has (UK for GB) would refuse every call there."""
    rules = made.rules.callbacks
    named = [(f"countries[{place}]", code) for place, code in enumerate(rules.countries)]
    priced = [(f"cents_a_minute.{code}", code) for code in rules.cents_a_minute]
    for field, code in named + priced:
        if code not in COUNTRIES and code != "default":
            yield Problem(f"rules.callbacks.{field}", f"There is no country “{code}”.")
