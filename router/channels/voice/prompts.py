"""What callers hear, in their language: data files beside this module, with overrides.

An entry point's `prompts` replace single texts: `{"de": {"greeting": "…"}}`. A text that
begins with https:// is an audio file to play. `voice` names the voice that speaks, `music`
an audio file for the pauses of the waiting loop.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel import dates

from router.errors import Invalid

DEFAULT_LANGUAGE = "en"
LONGEST = 1000
"""Characters of one text: Twilio refuses a <Say> of more than 4,096."""
_EXTRA = ("voice", "music")  # no text of ours to replace, but an entry point may set them


@cache
def texts(language: str) -> Mapping[str, str]:
    """The texts of a language; English where we have none of it."""
    known = _FILES.get(language.partition("-")[0], _FILES[DEFAULT_LANGUAGE])
    loaded: dict[str, str] = yaml.safe_load(known.read_text(encoding="utf-8"))
    return loaded


_FILES = {path.stem: path for path in sorted((Path(__file__).parent / "prompts").glob("*.yaml"))}


def languages() -> tuple[str, ...]:
    """The languages that we bring texts in."""
    return tuple(_FILES)


class Prompts:
    """The texts of one entry point in one language.

    overrides: the entry point's `prompts`, as checked by `check`.
    """

    def __init__(self, language: str, overrides: Mapping[str, Mapping[str, str]] | None = None):
        self.language = language
        self._mine = (overrides or {}).get(language, {})

    @property
    def locale(self) -> str:
        """The <Say> language, BCP 47 with a region."""
        return self._mine.get("locale") or texts(self.language)["locale"]

    def extra(self, key: str) -> str | None:
        """`voice` or `music`, where the entry point sets one."""
        return self._mine.get(key)

    def text(self, key: str, /, **values: object) -> str:
        """The text with its values filled in."""
        return (self._mine.get(key) or texts(self.language)[key]).format_map(values)


def check(overrides: Any) -> None:
    """Refuse overrides that could not be spoken. Raises Invalid naming the field."""
    if not isinstance(overrides, dict):
        raise Invalid("Prompts are an object of languages.", field="prompts")
    ours = texts(DEFAULT_LANGUAGE)
    for language, mine in overrides.items():
        if not isinstance(mine, dict):
            raise Invalid("A language's prompts are an object.", field=f"prompts.{language}")
        for key, text in mine.items():
            where = f"prompts.{language}.{key}"
            if key not in ours and key not in _EXTRA:
                raise Invalid("There is no such prompt.", field=where)
            if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
                raise Invalid(f"A prompt is text of 1 to {LONGEST} characters.", field=where)
            foreign = placeholders(text, where) - placeholders(ours.get(key, ""), where)
            if foreign:
                raise Invalid(f"This prompt has no {{{min(foreign)}}}.", field=where)


def placeholders(text: str, field: str = "prompts") -> set[str]:
    """The names in braces. Raises Invalid when the braces are not in order."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        raise Invalid("The braces of this prompt are not in order.", field=field) from None
    names = {name for _, name, _, _ in parts if name is not None}
    if any(not name.isidentifier() for name in names) or any(s or c for _, _, s, c in parts):
        raise Invalid("A placeholder is a plain name in braces.", field=field)
    return names


_STEPS = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60)


def spoken_wait(seconds: float) -> tuple[str, int]:
    """The prompt for an expected wait, and its minutes, rounded up to few steps.

    Nobody is told a precision that nobody has.
    """
    minutes = next((step for step in _STEPS if seconds <= step * 60), None)
    if minutes is None:
        return "wait_hour", 60
    return ("wait_minute" if minutes == 1 else "wait_minutes"), minutes


def spoken_time(at_ms: int, locale: str, zone: str) -> str:
    """Day and time as one says them: `Monday, November 23, 14:30`; in the zone of those called."""
    at = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    tag = locale.replace("-", "_")
    # in full: a voice reads abbreviations as they stand
    order = "EEEE, MMMM d" if locale.startswith("en") else "EEEE, d MMMM"
    day = dates.format_date(at, order, locale=tag)
    return f"{day}, {dates.format_time(at, 'short', locale=tag)}"


def spoken_digits(number: str) -> str:
    """Digits one by one: a voice would read them as a quantity."""
    return " ".join(digit for digit in number if digit.isdigit())
