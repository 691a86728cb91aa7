"""An entry point's values, checked: the number or key, languages, menu, prompts, sites. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from router.channels.voice import prompts as spoken
from router.errors import Invalid
from router.identity import entries
from router.identity.numbers import normalise
from router.web.requests import line

MAX_MENU = 9
MAX_ORIGINS = 50

_KEY = re.compile(r"[A-Za-z0-9_-]{3,64}")
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]+\]")


def address(kind: str, text: str, country: str) -> str:
    """The number in E.164, or the widget's key. All of these raise Invalid naming the field."""
    if kind == "phone":
        number = normalise(text, country)
        if number is None:
            raise Invalid("This is not a phone number.", field="address")
        return number
    if not _KEY.fullmatch(text):
        raise Invalid(
            "A widget's key has 3 to 64 letters, digits, hyphens and underscores.", field="address"
        )
    return text


def languages(first: str, all_of_them: Iterable[str]) -> list[str]:
    """The languages, each once; the first one is among them."""
    tags = list(entries.languages(all_of_them))
    if not tags:
        raise Invalid("There must be at least one language.", field="languages")
    if first not in tags:
        raise Invalid("This must be one of the languages.", field="language")
    return tags


def menu(choices: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Choices of {key: one digit, topic, label: {language: text}, skills?}, each key once."""
    checked: list[dict[str, Any]] = []
    keys: set[str] = set()
    for place, choice in enumerate(choices):
        where = f"menu[{place}]"
        if choice["key"] not in tuple("0123456789"):
            raise Invalid("A key is one digit.", field=f"{where}.key")
        if choice["key"] in keys:
            raise Invalid("This key is taken by another topic.", field=f"{where}.key")
        keys.add(choice["key"])
        topic = choice["topic"].strip()
        for word, field in [(topic, "topic"), *((skill, "skills") for skill in choice["skills"])]:
            if not _WORD.fullmatch(word):
                raise Invalid(
                    "This is a short word in lower case, such as “router”.",
                    field=f"{where}.{field}",
                )
        labels: dict[str, str] = {}
        for tag, text in choice["label"].items():
            if text.strip():
                entries.languages([tag])
                labels[tag] = line(text, f"{where}.label.{tag}", longest=100)
        item: dict[str, Any] = {"key": choice["key"], "topic": topic, "label": labels}
        if choice["skills"]:
            item["skills"] = list(choice["skills"])
        checked.append(item)
    if len(checked) > MAX_MENU:
        raise Invalid(f"There may be at most {MAX_MENU} topics.", field="menu")
    return checked


def prompts(overrides: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Overrides of what is spoken, by language; empty ones are left out."""
    kept = {
        language: {key: text for key, text in mine.items() if text.strip()}
        for language, mine in overrides.items()
    }
    kept = {language: mine for language, mine in kept.items() if mine}
    spoken.check(kept)
    for language, mine in kept.items():
        for key, text in mine.items():
            line(text.replace("\n", " "), f"prompts.{language}.{key}", longest=spoken.LONGEST)
    return kept


def origins(sites: Iterable[str]) -> list[str]:
    """Sites as browsers name them, `https://www.example.com`, each once.

    Without encryption only this machine: a page that others can change would read along.
    """
    found: dict[str, None] = {}
    for place, site in enumerate(sites):
        where = f"origins[{place}]"
        try:
            parts = urlsplit(site.strip())
            port = parts.port
        except ValueError:
            raise _no_site(where) from None
        host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
        local = host.lower() in ("localhost", "127.0.0.1", "[::1]")
        plain = not parts.username and parts.path in ("", "/") and not parts.query + parts.fragment
        if not plain or not _HOST.fullmatch(host.lower()):
            raise _no_site(where)
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise _no_site(where)
        usual = {"https": 443, "http": 80}[parts.scheme]
        named = "" if port in (None, usual) else f":{port}"
        found[f"{parts.scheme}://{host.lower()}{named}"] = None
    if len(found) > MAX_ORIGINS:
        raise Invalid(f"There may be at most {MAX_ORIGINS} sites.", field="origins")
    return list(found)


def _no_site(where: str) -> Invalid:
    return Invalid("A site is written as https://www.example.com, without a path.", field=where)
