"""A filter as a policy says it, and what becomes of it when a contact is known. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

import msgspec

from router.errors import Invalid
from router.filters.checking import check
from router.filters.folding import folded
from router.filters.grammar import fault, tree_of
from router.filters.terms import (
    Constant,
    Name,
    Operand,
    Truth,
    Value,
    depth_of,
    names_in,
    value_of,
)
from router.filters.vocabulary import Vocabulary

LENGTH_MOST = 2000
DEPTH_MOST = 20


class Filter(msgspec.Struct, frozen=True):
    """A filter in its one form. text: "" when it always holds, `false` when never.

    asks: the contact.* names in it.
    """

    text: str
    asks: tuple[str, ...] = ()

    def bind(self, contact: Mapping[str, Any]) -> str:
        """The same filter with this contact's values put in: only agent.* is left to ask.

        contact: what names say after `contact.`: channel, language, topic, role, queue,
        entry_point, skills, assurance, priority, network_size, and by name attributes. What is
        missing, and what is no value, is null.
        """
        if not self.asks:
            return self.text
        return _bound(self.text, *(_value(contact, name) for name in self.asks))


def parse(text: str, vocabulary: Vocabulary, field: str = "filter") -> Filter:
    """The filter of a text. Raises Invalid with `field`, the column, and the line with a caret."""
    if len(text) > LENGTH_MOST:
        raise Invalid(f"a filter has at most {LENGTH_MOST} characters", field=field)
    if not text.strip():
        return Filter("")
    tree = tree_of(text, field)
    if depth_of(tree) > DEPTH_MOST:
        raise Invalid(f"a filter is nested at most {DEPTH_MOST} deep", field=field)

    def at(offset: int, message: str) -> NoReturn:
        fault(text, offset, message, field)

    check(tree, vocabulary, at)
    found = read(text)
    if len(found.text) > LENGTH_MOST:
        # what NOT says of each part of a bracket is said of each when written out
        raise Invalid(
            f"a filter has at most {LENGTH_MOST} characters when NOT is written out", field=field
        )
    return found


@lru_cache(maxsize=4096)
def read(text: str) -> Filter:
    """The filter of a text that `parse` once agreed to; remembered. Raises Invalid."""
    if not text.strip():
        return Filter("")
    tree = folded(tree_of(text), lambda name: name)
    asks = sorted(name for name in names_in(tree) if name.startswith("contact."))
    return Filter("" if tree == Truth(True) else str(tree), tuple(asks))


# typed: 1 and true are different values, and equal keys
@lru_cache(maxsize=65_536, typed=True)
def _bound(text: str, *values: Value) -> str:
    known = dict(zip(read(text).asks, values, strict=True))

    def look(name: Name) -> Operand:
        return Constant(known[name.path]) if name.path in known else name

    tree = folded(tree_of(text), look)
    return "" if tree == Truth(True) else str(tree)


def _value(contact: Mapping[str, Any], path: str) -> Value:
    first, _, rest = path.removeprefix("contact.").partition(".")
    found = contact.get(first)
    return value_of((found or {}).get(rest) if rest else found)
