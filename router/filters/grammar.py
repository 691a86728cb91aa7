"""The syntax of filters: text to a tree that knows where its parts stood. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from router.errors import Invalid
from router.filters.terms import (
    Comparison,
    Constant,
    Every,
    Name,
    Node,
    Not,
    Operand,
    Some,
    Truth,
    Value,
    list_of,
    number_of,
)

# words end where no name could go on, or `android` would begin with AND
_GRAMMAR = r"""
start: some
some: every (_OR every)*
every: single (_AND single)*
?single: _NOT single -> negation
       | "(" some ")"
       | operand OPERATOR operand -> comparison
       | operand -> bare
?operand: NAME -> name
        | STRING -> text
        | NUMBER -> number
        | WORD -> word
        | LEFT [literal ("," literal)*] "]" -> listed
?literal: STRING -> text
        | NUMBER -> number
        | WORD -> word

OPERATOR.3: /==|!=|>=|<=|>|<|(CONTAINS|HAS|IN|NOT\s+IN)(?![\w.-])/i
_AND.2: /AND(?![\w.-])/i
_OR.2: /OR(?![\w.-])/i
_NOT.2: /NOT(?![\w.-])/i
WORD.2: /(true|false|null)(?![\w.-])/i
NAME: /[A-Za-z_][\w.-]*/
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
NUMBER: /-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/
LEFT: "["
%ignore /\s+/
"""

WIDTH, BEFORE = 42, 18
"""Characters of the line that an error shows, and how many of them before the fault."""

_OPERANDS = {"NAME", "STRING", "NUMBER", "WORD", "LEFT"}


class _Tree(Transformer[Token, Node]):
    """Makes the tree while the text is parsed, so that no depth of brackets needs a stack."""

    def start(self, parts: list[Any]) -> Node:
        return parts[0]  # type: ignore[no-any-return]  # lark's children are Any

    def some(self, parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def every(self, parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def negation(self, parts: list[Node]) -> Node:
        return Not(parts[0])

    def comparison(self, parts: list[Any]) -> Node:
        left, operator, right = parts
        return Comparison(left, " ".join(operator.upper().split()), right, operator.start_pos)

    def bare(self, parts: list[Operand]) -> Node:
        operand = parts[0]
        if isinstance(operand, Constant) and isinstance(operand.value, bool):
            return Truth(operand.value)
        return Comparison(operand, "==", Constant(True), operand.at, bare=True)

    def name(self, parts: list[Token]) -> Operand:
        return Name(str(parts[0]), parts[0].start_pos or 0)

    def text(self, parts: list[Token]) -> Operand:
        return Constant(re.sub(r"\\(.)", r"\1", parts[0][1:-1], flags=re.S), _at(parts[0]))

    def number(self, parts: list[Token]) -> Operand:
        return Constant(number_of(float(parts[0])), _at(parts[0]))

    def word(self, parts: list[Token]) -> Operand:
        value: Value = {"true": True, "false": False, "null": None}[parts[0].lower()]
        return Constant(value, _at(parts[0]))

    def listed(self, parts: list[Any]) -> Operand:
        values = [part.value for part in parts[1:] if part is not None]
        return Constant(list_of(values), _at(parts[0]))


def _at(token: Token) -> int:
    return token.start_pos or 0


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Tree())


def tree_of(text: str, field: str = "filter") -> Node:
    """The tree of a filter's text. Raises Invalid that points at the column."""
    try:
        return _parser().parse(text)  # type: ignore[return-value]  # the transformer's, not Tree
    except UnexpectedInput as error:
        at = error.pos_in_stream
        if at is None or at < 0 or getattr(error, "token", Token("", "")).type == "$END":
            at = len(text)
        fault(text, at, _expected(text, at, error), field)


def _expected(text: str, at: int, error: UnexpectedInput) -> str:
    """What is wrong with the syntax there, for people."""
    rest = text[at:]
    wanted = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    wanted |= set(getattr(error, "allowed", None) or ())
    if rest[:1] in {'"', "'"} and rest.count(rest[0]) == 1:
        return "this text has no end"
    if re.match(r"=(?!=)", rest):
        return "to compare, write =="
    if re.match(r"&&|\|\|", rest):
        return "write AND or OR"
    word = re.split(r"[\s()]", rest)[0][:30] or rest[:1]
    found = f"not {word}" if rest else "but the filter ends here"
    if "OPERATOR" in wanted:
        return f"an operator such as == or HAS is expected, {found}"
    if wanted & _OPERANDS:
        return f"a name or a value is expected, {found}"
    if "_AND" in wanted:
        return f"AND or OR is expected, {found}"
    return f"{rest[0]} closes nothing" if rest else "a bracket is not closed"


def fault(text: str, at: int, message: str, field: str) -> NoReturn:
    """Raise Invalid: the column, counted from 1, what is wrong, and the line with a caret."""
    before, after = text[:at], text[at:]
    begin = before.rfind("\n") + 1
    column = at - begin + 1
    line = (text[begin:at] + after.split("\n")[0]).replace("\t", " ")
    # a long line is shown around the fault alone, so that it does not wrap on a telephone
    cut = max(0, column - 1 - BEFORE) if len(line) > WIDTH else 0
    excerpt = ("…" if cut else "") + line[cut : cut + WIDTH]
    excerpt += "…" if len(line) > cut + WIDTH else ""
    caret = " " * (column - 1 - cut + bool(cut)) + "^"
    lines = text.count("\n")
    where = f"line {before.count(chr(10)) + 1}, column {column}" if lines else f"column {column}"
    raise Invalid(f"{where}: {message}\n{excerpt}\n{caret}", field=field)


Faulter = Callable[[int, str], NoReturn]
