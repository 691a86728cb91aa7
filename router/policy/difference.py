"""What differs between two documents, by field and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import msgspec

LONGEST = 120
"""Characters of one value in words."""


class Change(msgspec.Struct, frozen=True):
    """One field that differs, in plain values. text: a sentence about it.

    what: added (before is null), dropped (after is null), changed.
    """

    field: str
    what: str
    before: Any
    after: Any
    text: str


def difference(before: Any, after: Any) -> list[Change]:
    """All changes between two documents in plain values, defaults filled in, in their order.

    Entry points are told apart by kind and address, other lists by what stayed the same.
    """
    return list(_between("", _keyed(before), _keyed(after)))


def _keyed(document: Any) -> Any:
    if not isinstance(document, dict) or "entry_points" not in document:
        return document
    points = {f"{p['kind']} {p['address']}": p for p in document["entry_points"]}
    return {**document, "entry_points": points}


def _between(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            if key not in after:
                yield _change(inner, "dropped", before[key], None)
            elif key not in before:
                yield _change(inner, "added", None, after[key])
            else:
                yield from _between(inner, before[key], after[key])
    elif _of_parts(before) and _of_parts(after):
        yield from _between_lists(path, before, after)
    elif before != after:
        yield _change(path, "changed", before, after)


def _of_parts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _between_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    """Items that stayed are found first, so that one put in front does not change all behind."""
    known = [msgspec.json.encode(item, order="sorted") for item in before]
    given = [msgspec.json.encode(item, order="sorted") for item in after]
    for what, i, i_end, j, j_end in SequenceMatcher(None, known, given, False).get_opcodes():
        if what == "equal":
            continue
        paired = min(i_end - i, j_end - j)
        for n in range(paired):
            yield from _between(f"{path}[{j + n}]", before[i + n], after[j + n])
        for n in range(i + paired, i_end):
            yield _change(f"{path}[{n}]", "dropped", before[n], None)
        for n in range(j + paired, j_end):
            yield _change(f"{path}[{n}]", "added", None, after[n])


def _change(field: str, what: str, before: Any, after: Any) -> Change:
    if what == "added":
        text = f"{field} is new: {_said(after)}"
    elif what == "dropped":
        text = f"{field} is dropped; it was {_said(before)}"
    else:
        text = f"{field} was {_said(before)}, becomes {_said(after)}"
    return Change(field, what, before, after, text)


def _said(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        words = f"“{value}”" if value else "empty"
    elif isinstance(value, dict):
        words = ", ".join(f"{key} {_said(inner)}" for key, inner in value.items()) or "empty"
    elif isinstance(value, list):
        words = f"[{', '.join(_said(item) for item in value)}]"
    else:
        words = str(value)
    words = words.replace("\n", " ")
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
