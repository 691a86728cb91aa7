"""Filters in their one form: constants folded, NOT moved inwards, operands in order. Pure.

Two filters that differ in the order of what commutes get the same text, so they share kinds.
"""

from __future__ import annotations

from collections.abc import Callable

from router.filters.evaluation import holds
from router.filters.terms import (
    MIRRORED,
    OPPOSITES,
    Comparison,
    Constant,
    Every,
    Name,
    Node,
    Not,
    Operand,
    Some,
    Truth,
)

Look = Callable[[Name], Operand]
"""What stands for a name: itself, or the value that is known by now."""


def folded(node: Node, look: Look) -> Node:
    """The same filter in its one form, with what `look` knows put in."""
    if isinstance(node, Comparison):
        return _comparison(node, look)
    if isinstance(node, Not):
        return opposite(folded(node.part, look))
    if isinstance(node, (Every, Some)):
        return _joined(type(node), [folded(part, look) for part in node.parts])
    return node


def opposite(node: Node) -> Node:
    """What holds exactly where the other does not, of a filter in its one form."""
    if isinstance(node, Truth):
        return Truth(not node.value)
    if isinstance(node, Not):
        return node.part
    if isinstance(node, (Every, Some)):
        other = Some if isinstance(node, Every) else Every
        return _joined(other, [opposite(part) for part in node.parts])
    if node.operator in OPPOSITES:
        return Comparison(node.left, OPPOSITES[node.operator], node.right)
    # a missing value makes both sides of < and >= false, so that they are no opposites
    return Not(node)


def _joined(kind: type[Every] | type[Some], parts: list[Node]) -> Node:
    ends = kind is Some  # one part of this truth decides; of the other, it adds nothing
    found: dict[str, Node] = {}
    for part in parts:
        if isinstance(part, Truth):
            if part.value is ends:
                return part
            continue
        for inner in part.parts if isinstance(part, kind) else (part,):
            found[str(inner)] = inner
    if any(str(opposite(part)) in found for part in found.values()):
        return Truth(ends)
    if not found:
        return Truth(not ends)
    if len(found) == 1:
        return next(iter(found.values()))
    return kind(tuple(found[text] for text in sorted(found)))


def _comparison(node: Comparison, look: Look) -> Node:
    left = look(node.left) if isinstance(node.left, Name) else node.left
    right = look(node.right) if isinstance(node.right, Name) else node.right
    operator = node.operator
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Truth(holds(left.value, operator, right.value))
    if operator == "NOT IN":
        return opposite(_comparison(Comparison(left, "IN", right), look))
    if operator in MIRRORED:
        if isinstance(left, Constant) or (isinstance(right, Name) and right.path < left.path):
            left, right, operator = right, left, MIRRORED[operator]
    elif operator == "IN" and isinstance(left, Constant):
        # who is in a list, the list has; two lists with something in common have it either way
        operator = "IN" if isinstance(left.value, tuple) else "HAS"
        left, right = right, left
    constants = [x.value for x in (left, right) if isinstance(x, Constant)]
    if constants:
        return _decided(left, operator, right, constants[0])
    return Comparison(left, operator, right)


def _decided(left: Operand, operator: str, right: Operand, value: object) -> Node:
    """A name against a value: some are decided whatever the name stands for."""
    if operator == "HAS" and isinstance(right, Constant) and isinstance(right.value, tuple):
        if not right.value:
            return Truth(True)
        if len(right.value) == 1:
            right = Constant(right.value[0])
    elif (operator == "IN" and value == ()) or (value is None and operator not in ("==", "!=")):
        return Truth(False)
    return Comparison(left, operator, right)
