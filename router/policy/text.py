"""YAML in and out: plain values with the place of each, and values as readable text. Pure.

YAML 1.2's core schema: `on`, `no` and `12:30` are text, and nothing but true and false is a
truth value. Anchors, aliases and merge keys are followed, tags are refused, and a key that is
given twice is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import msgspec
import yaml

from router.errors import Invalid

LONGEST = 4 * 1024 * 1024
"""Characters of one document."""
DEEPEST = 30
MOST_VALUES = 500_000
"""With aliases written out: a short text must not grow without bounds."""

# the parser of libyaml where the wheel brings it: five thousand queues take a second, not ten
_Parser: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_Emitter: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# what begins with + or 0 is a telephone number, and stays text
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Problem(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """Something that is wrong with a document. field: dotted; empty: the whole.

    line, column: from 1, where a text was read.
    """

    field: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


@dataclass(frozen=True)
class Reading:
    """A text's values, and where each begins: {field: (line, column)}, both from 1."""

    value: Any
    places: dict[str, tuple[int, int]]

    def placed(self, problem: Problem) -> Problem:
        """The problem with its place: its field's, or that of the nearest field around it."""
        field = problem.field
        while field and field not in self.places:
            field = re.sub(r"(\.?[^.\[\]]+|\[[^\]]*\])$", "", field)
        line, column = self.places.get(field, (1, 1))
        return msgspec.structs.replace(problem, line=line, column=column)


class Unreadable(Invalid):
    """The text is not YAML that we read."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.problem = Problem("", message, line, column)


def read(text: str) -> Reading:
    """The values of a YAML document. Raises Unreadable with the place of the first fault."""
    if len(text) > LONGEST:
        raise Unreadable(f"A document may have at most {LONGEST} characters.")
    try:
        return _Composer(text).reading()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = (error.problem or "this cannot be read").strip()
        if mark is None:
            raise Unreadable(f"{said}.") from None
        raise Unreadable(f"{said}.", mark.line + 1, mark.column + 1) from None
    except yaml.reader.ReaderError as error:
        # libyaml gives the character's number, and its place in bytes
        code = error.character if isinstance(error.character, int) else ord(error.character)
        line = text.count("\n", 0, max(0, text.find(chr(code)))) + 1
        raise Unreadable(f"The character U+{code:04X} is refused.", line) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"{error}.") from None


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


class _Composer:
    """Makes values from the parser's events; depth and number are bounded, so that no text can
    exhaust the stack or the memory."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_Parser)
        self._places: dict[str, tuple[int, int]] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def reading(self) -> Reading:
        value: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fail(event, "There is a second document.")
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, "", 0)
        return Reading(value, self._places)

    def _fail(self, event: Any, message: str) -> NoReturn:
        raise Unreadable(message, *_place(event))

    def _next(self) -> Any:
        return next(self._events)

    def _value(self, event: Any, path: str, depth: int) -> Any:
        self._places.setdefault(path, _place(event))
        self._grow(event, 1)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                self._fail(event, f"Nothing is named &{event.anchor} before this.")
            value, size = self._anchors[event.anchor]
            self._grow(event, size)
            return value
        if event.tag not in (None, "!"):
            self._fail(event, f"Tags such as {event.tag} are not read.")
        if depth > DEEPEST:
            self._fail(event, "This is nested too deeply.")
        before = self._count
        if isinstance(event, yaml.MappingStartEvent):
            made: Any = self._mapping(path, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self._sequence(path, depth)
        else:
            made = self._scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (made, self._count - before)
        return made

    def _grow(self, event: Any, by: int) -> None:
        self._count += by
        if self._count > MOST_VALUES:
            self._fail(event, f"A document may have at most {MOST_VALUES} values.")

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.style is not None and event.style != "":
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text) and len(text) <= 19:
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _sequence(self, path: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, f"{path}[{len(items)}]", depth + 1))
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._fail(event, "A key is a word.")
            key: str = event.value
            inner = f"{path}.{key}" if path else key
            if key == "<<" and not event.style:
                self._merge(event, merged, self._value(self._next(), inner, depth + 1))
                continue
            if key in made:
                self._fail(event, f"{key} is given twice.")
            # a key's own place tells more than that of its value, which may be lines below
            self._places[inner] = _place(event)
            made[key] = self._value(self._next(), inner, depth + 1)
        return {**merged, **made} if merged else made

    def _merge(self, event: Any, merged: dict[str, Any], value: Any) -> None:
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                self._fail(event, "<< takes what an anchor names.")
            for key, inner in source.items():
                merged.setdefault(key, inner)


class _Writer(_Emitter):  # type: ignore[misc]  # chosen at import: libyaml's or Python's
    """Short lists of plain values on one line, long texts as blocks, no aliases."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, _pattern, _first in (
    ("null", re.compile("^(~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("bool", re.compile("^(true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    # as others read them: a number that is text to us is quoted for them
    ("int", re.compile("^[-+]?[0-9][0-9_:]*$"), list("-+0123456789")),
    ("float", re.compile(f"^[-+]?{_FLOAT.pattern[2:]}$"), list("-+.0123456789")),
    ("merge", re.compile("^<<$"), ["<"]),
):
    _Writer.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, _first)


def _on_one_line(value: Any) -> bool:
    """Whether it is short, of plain values or lists of these, and no thing with a name."""
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict) and ("name" in value or len(value) > 3):
        return False
    plain = all(
        not isinstance(item, dict) and (not isinstance(item, list | tuple) or _on_one_line(item))
        for item in inner
    )
    written = str(value)
    return plain and len(written) < 90 and "\\n" not in written


def _list(writer: Any, items: Any) -> Any:
    flat = all(not isinstance(item, list | tuple) for item in items) and _on_one_line(items)
    return writer.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flat)


def _text(writer: Any, text: str) -> Any:
    style = "|" if "\n" in text and not re.search(r"[^\S\n]\n|^\s|[^\S\n]$", text) else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _mapping(writer: Any, mapping: dict[str, Any]) -> Any:
    flat = _on_one_line(mapping)
    return writer.represent_mapping("tag:yaml.org,2002:map", mapping.items(), flow_style=flat)


_Writer.add_representer(list, _list)
_Writer.add_representer(tuple, _list)
_Writer.add_representer(str, _text)
_Writer.add_representer(dict, _mapping)


def write(value: Any) -> str:
    """The YAML text of plain values; `read` gives them back."""
    text: str = yaml.dump(
        value,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=110,
    )
    return text
