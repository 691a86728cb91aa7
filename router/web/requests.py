"""What clients send us, made into typed values, or refused with the field's name.

Bodies and frames are `Body` structs: unknown fields are refused, for a typing error in a
field's name would otherwise be lost without a word.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from router.errors import Invalid, Malformed, NotFound

BODY_LIMIT = 64 * 1024
"""Bytes of a JSON body or of a socket frame."""

T = TypeVar("T")

# in JSON a NUL can only be written so; a raw one is not JSON
NUL_AS_TEXT, NUL_AS_BYTES = "\\u0000", b"\\u0000"


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request's body, query or frame: its fields are all there is.

    A subclass with a required field says `kw_only=True` again, where it inherits optional ones.
    """


Stars = Annotated[int, Meta(ge=1, le=5, description="1 (worst) to 5 (best)")]
Language = Annotated[
    str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, description="BCP 47")
]
Key = Annotated[
    str,
    Meta(pattern=r"^[\x21-\x7e]{1,64}$", description="the client's own, makes a repeat harmless"),
]

_PATH = re.compile(r" - at (?:`key` in )?`\$\.?(?P<path>.*)`$", re.DOTALL)
_NAMED = re.compile(
    r"^Object (?:contains unknown|missing required) field `(?P<name>.*)`$", re.DOTALL
)
# newline and tab are text; the rest of C0, DEL and C1 is not
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def decode(raw: bytes | str, kind: type[T]) -> T:
    """One JSON value of this type.

    Raises Malformed when it is not JSON, Invalid naming the field when it is not of the type
    or has a NUL in it, which the database cannot store.
    """
    try:
        value = msgspec.json.decode(raw, type=kind)
        if NUL_AS_TEXT in raw if isinstance(raw, str) else NUL_AS_BYTES in raw:
            _refuse_nul(msgspec.to_builtins(value), "")
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Malformed(f"This is not JSON: {_reason(error)}.") from None
    except RecursionError:
        raise Malformed("This is not JSON that we read: it is nested too deeply.") from None
    return value


def convert(value: Any, kind: type[T]) -> T:
    """The same for a value that was JSON already (a policy inside of a body). Raises Invalid."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except RecursionError:
        raise Invalid("This is nested too deeply.") from None


async def raw_body(request: web.Request, *, limit: int = BODY_LIMIT) -> bytes:
    """The body's bytes, at most `limit`. Raises Invalid when there are more."""
    if (request.content_length or 0) > limit:
        raise Invalid(f"The body may have at most {limit} bytes.")
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > limit:
            raise Invalid(f"The body may have at most {limit} bytes.")
    return bytes(raw)


async def body(request: web.Request, kind: type[T], *, limit: int = BODY_LIMIT) -> T:
    """The request's JSON body. Raises Malformed or Invalid, see `decode`."""
    return decode(await raw_body(request, limit=limit), kind)


def query(request: web.Request, kind: type[T]) -> T:
    """The request's query as a struct; numbers and booleans may come as text. Raises Invalid."""
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise Invalid("This parameter is given twice.", field=name)
        if "\0" in value:
            raise Invalid("NUL is not allowed here.", field=name)
        values[name] = value
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None


def path_id(request: web.Request, name: str = "id") -> UUID:
    """An id in the path. Raises NotFound for what cannot be one."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise NotFound("There is no such thing.") from None


def text(value: str, field: str, *, longest: int = 4000) -> str:
    """Text of several lines, stripped: 1 to `longest` characters, no control characters.

    Markup is text like any other; the pages show it as such. Raises Invalid.
    """
    return _checked(value, field, longest, _CONTROL)


def line(value: str, field: str, *, longest: int = 200) -> str:
    """The same for text of one line, such as a name. Raises Invalid."""
    return _checked(value, field, longest, _CONTROL_LINE)


def _checked(value: str, field: str, longest: int, refused: re.Pattern[str]) -> str:
    value = value.strip()
    if not value:
        raise Invalid("This must not be empty.", field=field)
    if len(value) > longest:
        raise Invalid(f"This may have at most {longest} characters.", field=field)
    if found := refused.search(value):
        raise Invalid(
            f"The control character U+{ord(found[0]):04X} is not allowed here.", field=field
        )
    return value


def _invalid(message: str) -> Invalid:
    """msgspec's message, with its path as the field's name: `Expected … - at `$.a[0]``."""
    path = ""
    if at := _PATH.search(message):
        path, message = at["path"], message[: at.start()]
    if named := _NAMED.match(message):
        path = f"{path}.{named['name']}" if path else named["name"]
        missing = "missing" in message[: named.start("name")]
        message = "This field is missing." if missing else "There is no such field."
    elif not message.endswith("."):
        message += "."
    # a client's own field name comes back to it; a long one would only fill logs
    return Invalid(message[:300], field=path[:100] or None)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ")


def _refuse_nul(value: Any, path: str) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Invalid("NUL is not allowed here.", field=path[:100] or None)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(name, str) and "\0" in name:
                raise Invalid("NUL is not allowed in a field's name.", field=path[:100] or None)
            _refuse_nul(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            _refuse_nul(inner, f"{path}[{place}]")
