"""What a filter consists of: values, names, comparisons, and how they are spelled. Pure.

A *value* is null, a flag, a number, a text or a list of texts or numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

LARGEST = 1e15
"""Numbers beyond this would not survive as text."""

Value = None | bool | int | float | str | tuple[Any, ...]
LISTS = (tuple, frozenset, list, set)
NUMBERS = frozenset((int, float))
_ITEMS = NUMBERS | {str}

OPPOSITES = {"==": "!=", "!=": "==", "IN": "NOT IN", "NOT IN": "IN"}
"""Of these alone the one holds exactly where the other does not, null included."""

MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""The operator with its sides exchanged."""


class Constant(msgspec.Struct, frozen=True):
    """A value as written, from offset `at`."""

    value: Value
    at: int = 0

    def __str__(self) -> str:
        return spelled(self.value)


class Name(msgspec.Struct, frozen=True):
    """A dotted name, such as agent.tier."""

    path: str
    at: int = 0

    def __str__(self) -> str:
        return self.path


Operand = Constant | Name


class Comparison(msgspec.Struct, frozen=True):
    """Two operands and what is said of them; `at` is where the operator stands.

    bare: a name alone was written, which says that it is true.
    """

    left: Operand
    operator: str
    right: Operand
    at: int = 0
    bare: bool = False

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


class Truth(msgspec.Struct, frozen=True):
    """What holds always, or never."""

    value: bool

    def __str__(self) -> str:
        return spelled(self.value)


class Not(msgspec.Struct, frozen=True):
    """The opposite of `part`."""

    part: Node
    depth: int = 0

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "depth", 1 + depth_of(self.part))

    def __str__(self) -> str:
        return f"NOT {_grouped(self.part)}"


class Every(msgspec.Struct, frozen=True):
    """All parts hold."""

    parts: tuple[Node, ...]
    depth: int = 0

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "depth", 1 + max(map(depth_of, self.parts)))

    def __str__(self) -> str:
        return " AND ".join(map(_grouped, self.parts))


class Some(msgspec.Struct, frozen=True):
    """At least one part holds."""

    parts: tuple[Node, ...]
    depth: int = 0

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "depth", 1 + max(map(depth_of, self.parts)))

    def __str__(self) -> str:
        return " OR ".join(map(_grouped, self.parts))


Node = Comparison | Truth | Not | Every | Some


def depth_of(node: Node) -> int:
    """How deep AND, OR and NOT are nested; known without walking, for a text may nest at will."""
    return node.depth if isinstance(node, (Not, Every, Some)) else 0


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, (Every, Some)) else str(node)


def names_in(node: Node) -> frozenset[str]:
    """All names that a filter looks at."""
    if isinstance(node, Comparison):
        return frozenset(x.path for x in (node.left, node.right) if isinstance(x, Name))
    if isinstance(node, Not):
        return names_in(node.part)
    if isinstance(node, (Every, Some)):
        return frozenset().union(*map(names_in, node.parts))
    return frozenset()


def spelled(value: Value) -> str:
    """A value as filters spell it."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def number_of(number: float) -> int | float:
    """A number in its one form: whole ones without a point."""
    return int(number) if abs(number) <= LARGEST and number == int(number) else number


def list_of(values: Iterable[Any]) -> tuple[Any, ...]:
    """A list in its one form: sorted, each value once. Its order means nothing to filters."""
    once = {(str(type(value)), value) for value in values}
    return tuple(value for _, value in sorted(once, key=lambda pair: (pair[0], spelled(pair[1]))))


def value_of(found: Any) -> Value:
    """Anything as a value of filters; what is none is null, so that nothing can go wrong later."""
    if found is None or isinstance(found, (bool, str)):
        return found
    if isinstance(found, (int, float)):
        return number_of(found) if math.isfinite(found) and abs(found) <= LARGEST else None
    if isinstance(found, LISTS):
        items = [value_of(item) for item in found]
        return list_of(item for item in items if type(item) in _ITEMS)
    return None
