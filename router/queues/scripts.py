"""The atomic scripts, as loaded from the files beside: one verb a file.

They are one function library of the live store: loaded once, so that a call defines nothing anew.
A file's header states its guarantee and its arguments; `_base`, `_agents`, `_lines`, `_choice` and
`_match` are what they share. The library's name tells its content, so that processes of two
versions call each their own.
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
INCLUDED = ("_base", "_agents", "_lines", "_choice", "_match")


def _read(name: str) -> str:
    return files("router.queues").joinpath(f"scripts/{name}.lua").read_text("utf-8")


def _verbs(digest: str) -> str:
    parts = []
    for verb in VERBS:
        parts.append(f"local function verb_{verb}()\n{_read(verb)}\nend\n")
        parts.append(
            f"redis.register_function('{verb}_{digest}', function(keys, args)\n"
            f"  return begin(keys, args) or verb_{verb}()\nend)\n"
        )
    return "".join(parts)


_SHARED = "\n".join([lua_keys(), *(_read(name) for name in INCLUDED)])
DIGEST = hashlib.sha256((_SHARED + _verbs("")).encode()).hexdigest()[:12]

LIBRARY = f"#!lua name=secondline_{DIGEST}\n{_SHARED}\n{_verbs(DIGEST)}"
"""The library's text, for FUNCTION LOAD."""

FUNCTIONS: dict[str, str] = {verb: f"{verb}_{DIGEST}" for verb in VERBS}
"""The function of each verb, for FCALL."""
