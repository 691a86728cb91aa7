"""Whether a filter makes sense: known names, and operands of the right types. Pure."""

from __future__ import annotations

from router.filters.grammar import Faulter
from router.filters.terms import (
    LARGEST,
    Comparison,
    Constant,
    Every,
    Name,
    Node,
    Not,
    Operand,
    Some,
    Value,
)
from router.filters.vocabulary import Vocabulary

LIST_MOST = 100
_ORDERED = ("<", "<=", ">", ">=")


def check(node: Node, vocabulary: Vocabulary, fault: Faulter) -> None:
    """Calls `fault` with an offset and what is wrong there, at the first thing that is."""
    if isinstance(node, Not):
        check(node.part, vocabulary, fault)
    elif isinstance(node, (Every, Some)):
        for part in node.parts:
            check(part, vocabulary, fault)
    elif isinstance(node, Comparison):
        _compare(node, _Types(vocabulary, fault))


class _Types:
    def __init__(self, vocabulary: Vocabulary, fault: Faulter) -> None:
        self._vocabulary = vocabulary
        self.fault = fault

    def of(self, operand: Operand) -> str:
        """number, text, flag, null, list, or list of numbers."""
        if isinstance(operand, Constant):
            return self._constant(operand)
        found = self._vocabulary.type_of(operand.path)
        if found is None:
            meant = self._vocabulary.nearest(operand.path)
            hint = f"; did you mean {meant}?" if meant else ""
            if operand.path.rstrip(".") in ("agent.levels", "agent.location"):
                hint = "; it goes on, such as agent.levels.en or agent.location.country"
            self.fault(operand.at, f"there is no name {operand.path}{hint}")
        return found

    def _constant(self, constant: Constant) -> str:
        value = constant.value
        if isinstance(value, tuple):
            if len(value) > LIST_MOST:
                self.fault(constant.at, f"a list has at most {LIST_MOST} values")
            kinds = {self._scalar(item, constant.at) for item in value}
            if kinds - {"text", "number"} or len(kinds) > 1:
                self.fault(constant.at, "a list has texts, or it has numbers")
            return "list of numbers" if kinds == {"number"} else "list"
        return self._scalar(value, constant.at)

    def _scalar(self, value: Value, at: int) -> str:
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "flag"
        if isinstance(value, str):
            if any(ord(character) < 32 for character in value):
                self.fault(at, "a text has no line breaks or control characters")
            return "text"
        assert isinstance(value, (int, float))
        if not abs(value) <= LARGEST:
            self.fault(at, "this number is too large")
        return "number"


def _compare(node: Comparison, types: _Types) -> None:
    left, right = types.of(node.left), types.of(node.right)
    operator, fault = node.operator, types.fault
    if node.bare:
        if left != "flag":
            fault(node.at, f"{_is(node.left, left)}: an operator such as == is missing after it")
    elif operator in ("==", "!="):
        if "null" in (left, right):
            return
        for operand, kind in ((node.left, left), (node.right, right)):
            if kind.startswith("list"):
                fault(operand.at, f"{_is(operand, kind)}: use HAS or IN in place of {operator}")
        if left != right:
            fault(node.right.at, f"{_is(node.left, left)}, {_is(node.right, right)}")
    elif operator in _ORDERED or operator == "CONTAINS":
        wanted = "text" if operator == "CONTAINS" else "number"
        for operand, kind in ((node.left, left), (node.right, right)):
            if kind != wanted:
                hint = "; use HAS" if operator == "CONTAINS" and kind.startswith("list") else ""
                fault(operand.at, f"{_is(operand, kind)}, {operator} compares {wanted}s{hint}")
    else:
        listed, other = (node.left, node.right) if operator == "HAS" else (node.right, node.left)
        side = "left" if operator == "HAS" else "right"
        of_list, of_other = (left, right) if operator == "HAS" else (right, left)
        if not of_list.startswith("list"):
            fault(listed.at, f"{_is(listed, of_list)}, {operator} takes a list on its {side}")
        if _holds_nothing(listed) or _holds_nothing(other):
            return
        item = "number" if of_list == "list of numbers" else "text"
        if of_other not in (item, of_list):
            fault(other.at, f"{_is(other, of_other)}, the list holds {item}s")


def _holds_nothing(operand: Operand) -> bool:
    return isinstance(operand, Constant) and operand.value == ()


def _is(operand: Operand, kind: str) -> str:
    name = operand.path if isinstance(operand, Name) else str(operand)[:40]
    return f"{name} is null" if kind == "null" and name != "null" else _worded(name, kind)


def _worded(name: str, kind: str) -> str:
    return "null is no value" if kind == "null" else f"{name} is a {kind}"
