"""The atomic scripts, as loaded from the files beside: one verb a file.

A file's header states its guarantee and its arguments; `_base`, `_agents`, `_lines` and
`_match` are included in front of each, after the key names of `keys.py`.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

from router.queues.keys import lua_keys

VERBS = (
    "absent",
    "accept",
    "close",
    "due",
    "enter",
    "hold",
    "present",
    "refuse",
    "release",
    "reserve",
    "standing",
    "stir",
    "touch",
    "wake",
)
INCLUDED = ("_base", "_agents", "_lines", "_match")


def _read(name: str) -> str:
    return files("router.queues").joinpath(f"scripts/{name}.lua").read_text("utf-8")


def source(verb: str) -> str:
    """The whole text of one script."""
    base, *others = (_read(name) for name in INCLUDED)
    # the prefix P must stand before the key functions that use it
    head, body = base.split("local P = ", 1)
    prefix, rest = body.split("\n", 1)
    return "\n".join([head, "local P = " + prefix, lua_keys(), rest, *others, _read(verb)])


SOURCES: dict[str, str] = {verb: source(verb) for verb in VERBS}
DIGESTS: dict[str, str] = {
    verb: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    for verb, text in SOURCES.items()
}
