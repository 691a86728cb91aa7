"""The policy of a workspace as one document: rules, queues and entry points. Pure.

    rules: {…}                      # router/queues/rules.py
    queues:
      customers: {name: …, …}       # by short name; the rest is router/queues/policy.py
    entry_points:
      - {kind: phone, address: …, customers: customers, experts: experts, …}

`read` makes a document of plain values and says everything that is wrong with it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from router.errors import Invalid
from router.policy.text import Problem
from router.queues.policy import Policy, parse
from router.queues.rules import Rules, parse_rules
from router.web import ways_in
from router.web.requests import convert, line

T = TypeVar("T")

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
Text = Annotated[str, msgspec.Meta(max_length=1000)]


class Queue(Policy, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A queue: its name, and its policy's fields beside it."""

    name: str


class MenuItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A topic that callers and visitors choose. key: one digit. skills: none: the topic itself."""

    key: str | int
    topic: Text
    label: dict[str, Text] = {}
    skills: Annotated[tuple[Text, ...], msgspec.Meta(max_length=10)] = ()


class EntryPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number or widget. address: E.164, or the widget's key. customers, experts: the queues
    (short names) that they wait in. prompts: by language and key. priority, attributes: of its
    contacts."""

    kind: Literal["phone", "widget"]
    address: Text
    name: Text
    language: str = "en"
    languages: Annotated[tuple[str, ...], msgspec.Meta(max_length=30)] = ()
    customers: str
    experts: str
    menu: Annotated[tuple[MenuItem, ...], msgspec.Meta(max_length=20)] = ()
    prompts: dict[str, dict[str, Text]] = {}
    origins: Annotated[tuple[Text, ...], msgspec.Meta(max_length=100)] = ()
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    attributes: Annotated[dict[str, Any], msgspec.Meta(max_length=50)] = {}


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole policy. queues: by short name."""

    rules: Rules = Rules()
    queues: dict[str, Queue] = {}
    entry_points: tuple[EntryPoint, ...] = ()


def policy_of(queue: Queue) -> dict[str, Any]:
    """A queue's policy without its name, as its row keeps it: defaults left out."""
    plain: dict[str, Any] = sparse(queue)
    del plain["name"]
    return plain


def sparse(value: Any) -> Any:
    """Plain values without what has its default, in the order of the fields."""
    if isinstance(value, msgspec.Struct):
        kept = {}
        for name, default in _defaults(type(value)):
            mine = getattr(value, name)
            if mine != default:
                kept[name] = sparse(mine)
        return kept
    if isinstance(value, dict):
        return {key: sparse(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [sparse(inner) for inner in value]
    return msgspec.to_builtins(value)


@functools.cache
def _defaults(kind: type[msgspec.Struct]) -> list[tuple[str, Any]]:
    """The fields with their defaults, those that must be given first: a name before its policy."""
    found = []
    for field in msgspec.structs.fields(kind):
        default: Any = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        found.append((field.name, default))
    return sorted(found, key=lambda pair: pair[1] is not msgspec.NODEFAULT)


def read(value: Any, country: str) -> tuple[Document | None, list[Problem]]:
    """The document of plain values, in its one form, and all that is wrong with it by itself.

    country: where a phone number without a country code is dialled. None where a part cannot
    be made; `checks.check` looks at the parts together.
    """
    reader = _Reader()
    document = reader.document(value, country)
    return (None if reader.problems else document), reader.problems


class _Reader:
    """Makes the parts one by one, so that one fault does not hide the others."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def _wrong(self, field: str, message: str) -> None:
        self.problems.append(Problem(field, message))

    def _try(self, path: str, make: Callable[[], T], *, inside: str = "") -> T | None:
        """What is made; a refusal is noted at its field below `path`, `inside` taken off it."""
        try:
            return make()
        except Invalid as error:
            below = (error.field or "").removeprefix(inside).removeprefix(".")
            joined = path if not below or below.startswith("[") else f"{path}."
            self._wrong(f"{joined}{below}".removeprefix("."), error.message)
            return None

    def document(self, value: Any, country: str) -> Document:
        if not isinstance(value, dict):
            self._wrong("", "A policy is a mapping of rules, queues and entry_points.")
            return Document()
        for key in value.keys() - set(Document.__struct_fields__):
            self._wrong(str(key), "There is no such field.")
        return Document(
            self._rules(value.get("rules") or {}),
            self._queues(value.get("queues") or {}),
            tuple(self._entry_points(value.get("entry_points") or [], country)),
        )

    def _rules(self, value: Any) -> Rules:
        made = self._try("rules", lambda: _convert(value, Rules))
        if made is None:
            return Rules()
        if made.demo:
            # whose passwords are known to everybody is no matter of policy, and never undone by one
            self._wrong("rules.demo", "This is not for a policy to say.")
        return self._try("rules", lambda: parse_rules(value), inside="rules") or Rules()

    def _queues(self, value: Any) -> dict[str, Queue]:
        if not isinstance(value, dict):
            self._wrong("queues", "Queues are a mapping by short name.")
            return {}
        made = {}
        for slug, given in value.items():
            path = f"queues.{slug}"
            if not SLUG.fullmatch(str(slug)):
                self._wrong(
                    path,
                    "A short name has 1 to 63 small letters, digits and hyphens, no hyphen first.",
                )
            queue = self._queue(path, given)
            if queue is not None:
                made[str(slug)] = queue
        return made

    def _queue(self, path: str, given: Any) -> Queue | None:
        queue = self._try(path, lambda: _convert(given, Queue))
        if queue is None:
            return None
        name = self._try(path, lambda: line(queue.name, "name"))
        if self._try(path, lambda: parse(policy_of(queue)), inside="policy") is None:
            return None
        return None if name is None else msgspec.structs.replace(queue, name=name)

    def _entry_points(self, value: Any, country: str) -> Iterator[EntryPoint]:
        if not isinstance(value, list):
            self._wrong("entry_points", "Entry points are a list.")
            return
        for place, given in enumerate(value):
            made = self._entry_point(f"entry_points[{place}]", given, country)
            if made is not None:
                yield made

    def _entry_point(self, path: str, given: Any, country: str) -> EntryPoint | None:
        point = self._try(path, lambda: _convert(given, EntryPoint))
        if point is None:
            return None
        before = len(self.problems)
        plain: dict[str, Any] = msgspec.to_builtins(point)
        spoken = plain["languages"] or [point.language]
        # a digit need not be quoted
        menu = [{**item, "key": str(item["key"])} for item in plain["menu"]]
        checks: dict[str, Callable[[], Any]] = {
            "address": lambda: ways_in.address(point.kind, point.address, country),
            "name": lambda: line(point.name, "name"),
            "languages": lambda: ways_in.languages(point.language, spoken),
            "menu": lambda: ways_in.menu(menu),
            "prompts": lambda: ways_in.prompts(plain["prompts"]),
            "origins": lambda: ways_in.origins(plain["origins"]),
        }
        for name, check in checks.items():
            plain[name] = self._try(path, check)
        return convert(plain, EntryPoint) if len(self.problems) == before else None


def _convert(value: Any, kind: type[T]) -> T:
    """`convert`, with the keys of mappings in the field too: `schedules.office.week`.

    msgspec does not tell them: a mapping with one key at a time says which it is.
    """
    try:
        return convert(value, kind)
    except Invalid as error:
        field = error.field or ""
        while "[...]" in field:
            around, _, rest = field.partition("[...]")
            mapping = _at(value, around)
            for key in mapping:
                alone = _with(value, around, {key: mapping[key]})
                try:
                    convert(alone, kind)
                except Invalid as inner:
                    if (inner.field or "").startswith(f"{around}[...]"):
                        value, field = alone, f"{around}.{key}{rest}"
                        break
            else:
                field = around
        raise Invalid(error.message, field=field or None) from None


def _parts(field: str) -> list[str | int]:
    found = re.findall(r"\[(\d+)\]|([^.\[\]]+)", field)
    return [int(place) if place else name for place, name in found]


def _at(value: Any, field: str) -> Any:
    for part in _parts(field):
        value = value[part]
    return value


def _with(value: Any, field: str, inner: Any) -> Any:
    """The value with what is at this field replaced; what it was stays as it is."""
    parts = _parts(field)
    if not parts:
        return inner
    first = parts[0]
    rest = re.sub(r"^(\[\d+\]|[^.\[\]]+)\.?", "", field)
    changed: Any = list(value) if isinstance(value, list) else dict(value)
    changed[first] = _with(value[first], rest, inner)
    return changed
