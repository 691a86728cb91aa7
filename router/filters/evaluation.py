"""Whether a filter holds for an agent: compiled once, asked often. Pure.

Values are compared as what they are, whatever was declared once: what does not fit the operator
makes it false, as null does. So a filter that outlives a declaration raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from router.filters.grammar import tree_of
from router.filters.terms import (
    LISTS,
    NUMBERS,
    Comparison,
    Constant,
    Every,
    Name,
    Node,
    Not,
    Operand,
    Truth,
    names_in,
)

Agent = Mapping[str, Any]
Test = Callable[[Agent], bool]
_NOTHING: Mapping[str, Any] = {}


class Condition(msgspec.Struct, frozen=True):
    """One condition of a filter for one agent: its text, whether it holds, and what was found.

    found: each name in it with the agent's value, null where there is none.
    """

    text: str
    holds: bool
    found: dict[str, Any]


def admits(bound: str, agent: Agent) -> bool:
    """Whether a bound filter admits this agent.

    agent: what names say after `agent.`: tier, languages, skills, rating, ratings,
    qualifications, tags, id, and by name levels, location, attributes. What is missing is null.
    """
    return _compiled(bound)(agent)


def conditions(bound: str, agent: Agent) -> list[Condition]:
    """What a bound filter asks, one by one, and what this agent has; all must hold."""
    if not bound:
        return []
    node = tree_of(bound)
    parts = node.parts if isinstance(node, Every) else (node,)
    return [Condition(str(part), _test(part)(agent), _found(part, agent)) for part in parts]


def holds(left: Any, operator: str, right: Any) -> bool:
    """What an operator says of two values."""
    return _OPERATORS[operator](left, right)


@lru_cache(maxsize=65_536)
def _compiled(bound: str) -> Test:
    return _test(tree_of(bound)) if bound else lambda agent: True


def _found(node: Node, agent: Agent) -> dict[str, Any]:
    found = {}
    for path in sorted(names_in(node)):
        value = _getter(path)(agent)
        found[path] = sorted(value, key=str) if isinstance(value, LISTS) else value
    return found


def _getter(path: str) -> Callable[[Agent], Any]:
    first, _, rest = path.partition(".")[2].partition(".")
    if not rest:
        return lambda agent: agent.get(first)
    return lambda agent: (agent.get(first) or _NOTHING).get(rest)


def _test(node: Node) -> Test:
    if isinstance(node, Comparison):
        return _comparison(node)
    if isinstance(node, Truth):
        value = node.value
        return lambda agent: value
    if isinstance(node, Not):
        inner = _test(node.part)
        return lambda agent: not inner(agent)
    tests = tuple(map(_test, node.parts))
    decides = not isinstance(node, Every)

    def joined(agent: Agent) -> bool:
        for test in tests:  # a generator costs twice as much here
            if test(agent) is decides:
                return decides
        return not decides

    return joined


def _comparison(node: Comparison) -> Test:
    left, right = node.left, node.right
    if isinstance(left, Name) and isinstance(right, Constant):
        return _against(_getter(left.path), node.operator, right.value)
    compare = _OPERATORS[node.operator]
    this, that = _operand(left), _operand(right)
    return lambda agent: compare(this(agent), that(agent))


def _operand(operand: Operand) -> Callable[[Agent], Any]:
    if isinstance(operand, Name):
        return _getter(operand.path)
    value = operand.value
    return lambda agent: value


def _against(get: Callable[[Agent], Any], operator: str, value: Any) -> Test:
    """A name against a value, the usual case: what is known of the value is decided now."""
    if operator == "HAS" and not isinstance(value, tuple):

        def has(agent: Agent) -> bool:
            found = get(agent)
            return isinstance(found, LISTS) and value in found

        return has
    if operator in ("==", "!="):
        kind, wanted = type(value), operator == "=="
        if kind is str or value is None:
            return lambda agent: (get(agent) == value) is wanted
    compare = _OPERATORS[operator]
    if operator in ("IN", "NOT IN", "HAS"):
        value = frozenset(value) if isinstance(value, tuple) else value
    return lambda agent: compare(get(agent), value)


def _same(left: Any, right: Any) -> bool:
    # true is no 1 here
    return bool(left == right) and (type(left) is bool) is (type(right) is bool)


def _has(left: Any, right: Any) -> bool:
    if isinstance(right, LISTS) and not right:
        return True
    if not isinstance(left, LISTS):
        return False
    if isinstance(right, LISTS):
        return all(item in left for item in right)
    return right is not None and right in left


def _in(left: Any, right: Any) -> bool:
    if left is None or not isinstance(right, LISTS):
        return False
    if isinstance(left, LISTS):
        return any(item in right for item in left)
    return left in right


def _numbers(left: Any, right: Any) -> bool:
    return type(left) in NUMBERS and type(right) in NUMBERS


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<": lambda left, right: _numbers(left, right) and left < right,
    "<=": lambda left, right: _numbers(left, right) and left <= right,
    ">": lambda left, right: _numbers(left, right) and left > right,
    ">=": lambda left, right: _numbers(left, right) and left >= right,
    "CONTAINS": lambda left, right: type(left) is str and type(right) is str and right in left,
    "HAS": _has,
    "IN": _in,
    "NOT IN": lambda left, right: not _in(left, right),
}
