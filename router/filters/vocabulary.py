"""What filters may name, and of which type it is; attributes of a workspace's own. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from router.errors import Invalid
from router.filters.terms import LARGEST

AttributeType = Literal["number", "text", "flag", "list"]
AttributeName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}\Z")]
Attributes = Annotated[dict[AttributeName, AttributeType], msgspec.Meta(max_length=50)]

BUILT_IN: dict[str, AttributeType] = {
    "agent.id": "text",
    "agent.tier": "number",
    "agent.languages": "list",
    "agent.skills": "list",
    "agent.rating": "number",  # the mean as it is shown
    "agent.ratings": "number",  # how many it is made of
    "agent.qualifications": "list",
    "agent.tags": "list",
    "agent.location.country": "text",
    "agent.location.region": "text",
    "agent.location.city": "text",
    "contact.channel": "text",
    "contact.language": "text",
    "contact.topic": "text",
    "contact.role": "text",
    "contact.queue": "text",
    "contact.entry_point": "text",
    "contact.skills": "list",
    "contact.assurance": "number",
    "contact.priority": "number",
    "contact.network_size": "number",
}
"""Names that every workspace has, besides agent.levels.<skill or language>."""

LEVELS = "agent.levels."
TEXT_MOST = 200
LIST_MOST = 50


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a workspace declares for itself, of agents and of contacts, by name."""

    agent: Attributes = {}
    contact: Attributes = {}

    def type_of(self, path: str) -> AttributeType | None:
        """The type of a dotted name; None when there is no such name."""
        if path.startswith(LEVELS) and len(path) > len(LEVELS):
            return "number"
        side, _, name = path.partition(".attributes.")
        if name and side in ("agent", "contact"):
            return (self.agent if side == "agent" else self.contact).get(name)
        return BUILT_IN.get(path)

    def nearest(self, path: str) -> str | None:
        """The name that was probably meant."""
        names = [*BUILT_IN, *(f"agent.attributes.{name}" for name in self.agent)]
        names += [f"contact.attributes.{name}" for name in self.contact]
        found = difflib.get_close_matches(path.lower(), names, n=1, cutoff=0.75)
        if not found:  # the side or the word `attributes` was left out
            last = path.lower().rpartition(".")[2]
            found = [name for name in names if name.rpartition(".")[2] == last]
        return found[0] if found else None


def checked_attributes(
    given: Mapping[str, Any], declared: Mapping[str, AttributeType], field: str
) -> dict[str, Any]:
    """Attributes as they are kept: only declared names, each of its type, null ones left out.

    Raises Invalid naming the attribute.
    """
    kept: dict[str, Any] = {}
    for name, value in given.items():
        kind = declared.get(name)
        if kind is None:
            raise Invalid("this workspace declares no such attribute", field=f"{field}.{name}")
        if value is None:
            continue
        wrong = _wrong(value, kind)
        if wrong:
            raise Invalid(wrong, field=f"{field}.{name}")
        kept[name] = list(dict.fromkeys(value)) if kind == "list" else value
    return kept


def _wrong(value: Any, kind: AttributeType) -> str | None:
    if kind == "number":
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if right and abs(value) <= LARGEST else "this must be a number"
    if kind == "flag":
        return None if isinstance(value, bool) else "this must be true or false"
    if kind == "text":
        return None if _is_text(value) else f"this must be a text of at most {TEXT_MOST} characters"
    right = isinstance(value, list) and len(value) <= LIST_MOST and all(map(_is_text, value))
    return None if right else f"this must be a list of at most {LIST_MOST} texts"


def _is_text(value: Any) -> bool:
    # PostgreSQL stores no NUL
    return isinstance(value, str) and len(value) <= TEXT_MOST and "\x00" not in value
