"""What differs between two documents, by field and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import msgspec

from router.policy.document import Document, EntryPoint, sparse

LONGEST = 120
"""Characters of one value in words."""


class Change(msgspec.Struct, frozen=True):
    """One field that differs, in plain values without defaults. text: a sentence about it.

    what: added (before is null), dropped (after is null), changed.
    """

    field: str
    what: str
    before: Any
    after: Any
    text: str


def difference(before: Document, after: Document) -> list[Change]:
    """All changes between two documents, in their order.

    Entry points are told apart by kind and address, other lists by what stayed the same.
    """
    changes: list[Change] = []
    for name in Document.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if name == "entry_points":
            old, new = _by_address(old), _by_address(new)
        changes += _between(name, old, new)
    return changes


def _by_address(points: tuple[EntryPoint, ...]) -> dict[str, EntryPoint]:
    return {f"{point.kind} {point.address}": point for point in points}


def _between(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, msgspec.Struct) and type(before) is type(after):
        for name in before.__struct_fields__:
            yield from _between(f"{path}.{name}", getattr(before, name), getattr(after, name))
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            if key not in after:
                yield _change(f"{path}.{key}", "dropped", before[key], None)
            elif key not in before:
                yield _change(f"{path}.{key}", "added", None, after[key])
            else:
                yield from _between(f"{path}.{key}", before[key], after[key])
    elif _of_parts(before) and _of_parts(after):
        yield from _between_lists(path, before, after)
    else:
        yield _change(path, "changed", before, after)


def _of_parts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(v, msgspec.Struct) for v in value)


def _between_lists(path: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[Change]:
    """Items that stayed are found first, so that one put in front does not change all behind."""
    known = [msgspec.json.encode(item) for item in before]
    given = [msgspec.json.encode(item) for item in after]
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
    before, after = sparse(before), sparse(after)
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
        words = (
            "all defaults"
            if not value
            else ", ".join(f"{key}: {_said(inner)}" for key, inner in value.items())
        )
    elif isinstance(value, list):
        said = (f"{{{_said(v)}}}" if isinstance(v, dict) else _said(v) for v in value)
        words = f"[{', '.join(said)}]"
    else:
        words = str(value)
    words = words.replace("\n", " ")
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
