"""An expert as the company registers one: each value checked, from a file or by the API. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from router.errors import Invalid
from router.identity.numbers import normalise

MAX_PHONES = 10
MAX_LANGUAGES = 20
MAX_NETWORK = 1_000_000

# half a character (a lone surrogate) cannot be stored either
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBER = re.compile(r"[0-9]{4,12}", re.ASCII)
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,7}", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """What is known of one expert, keyed by their number.

    None: nothing is said, what is known stays. An empty value says that there is none.
    line: of the file, from 1; 0 where there is no file.
    """

    number: str
    name: str | None = None
    phones: tuple[str, ...] | None = None
    mail: str | None = None
    account: str | None = None
    languages: tuple[str, ...] | None = None
    network_size: int | None = None
    active: bool | None = None
    line: int = 0

    def addresses(self, kind: str) -> tuple[str, ...] | None:
        """The addresses of this kind that it states; None: it says nothing about them."""
        if kind == "phone":
            return self.phones
        value = self.mail if kind == "mail" else self.account
        return None if value is None else (value,) if value else ()


def expert_number(text: str) -> str:
    """4 to 12 digits; zeros in front count. Raises Invalid, as all of these do."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise Invalid("An expert number has 4 to 12 digits.", field="number")
    return text


def name(text: str) -> str:
    """1 to 200 characters of one line, in composed form, so that equal names are equal."""
    return unicodedata.normalize("NFC", _line(text, "name", 200))


def phones(texts: Iterable[str], country: str) -> tuple[str, ...]:
    """E.164, each once, in order; empty ones are left out."""
    found: dict[str, None] = {}
    for text in texts:
        if not text.strip():
            continue
        number = normalise(text, country)
        if number is None:
            raise Invalid(f"“{_quoted(text)}” is not a phone number.", field="phones")
        found[number] = None
    if len(found) > MAX_PHONES:
        raise Invalid(f"There may be at most {MAX_PHONES} phones.", field="phones")
    return tuple(found)


def mail(text: str) -> str:
    """In lower case; empty: none."""
    text = text.strip().lower()
    if text and not (len(text) <= 254 and _MAIL.fullmatch(text) and not _CONTROL.search(text)):
        raise Invalid(f"“{_quoted(text)}” is not a mail address.", field="mail")
    return text


def account(text: str) -> str:
    """The host site's name for the account (`sub` of its tokens); empty: none."""
    return _line(text, "account", 200) if text.strip() else ""


def languages(texts: Iterable[str]) -> tuple[str, ...]:
    """BCP 47 tags, each once, in order; empty ones are left out."""
    found: dict[str, None] = {}
    for text in texts:
        tag = text.strip()
        if not tag:
            continue
        if len(tag) > 35 or not _LANGUAGE.fullmatch(tag):
            raise Invalid(f"“{_quoted(tag)}” is not a language such as “de”.", field="languages")
        found[tag] = None
    if len(found) > MAX_LANGUAGES:
        raise Invalid(f"There may be at most {MAX_LANGUAGES} languages.", field="languages")
    return tuple(found)


def network_size(value: str | int) -> int:
    """How many customers the expert looks after; empty: none."""
    text = str(value).strip()
    if not text:
        return 0
    if not _COUNT.fullmatch(text) or int(text) > MAX_NETWORK:
        raise Invalid(
            f"The network's size is a whole number from 0 to {MAX_NETWORK}.", field="network_size"
        )
    return int(text)


def phrase(text: str, field: str) -> str:
    """1 to 100 characters of one line, in composed form: a tag, a qualification, a place."""
    return unicodedata.normalize("NFC", _line(text, field, 100))


def split(cell: str) -> Sequence[str]:
    """The parts of a cell that holds several values."""
    return cell.split(";")


def _line(text: str, field: str, longest: int) -> str:
    text = text.strip()
    if not text:
        raise Invalid("This must not be empty.", field=field)
    if len(text) > longest:
        raise Invalid(f"This may have at most {longest} characters.", field=field)
    if found := _CONTROL.search(text):
        raise Invalid(f"The character U+{ord(found[0]):04X} is not allowed here.", field=field)
    return text


def _quoted(text: str) -> str:
    """Somebody's input, short and printable, for a message that says what is wrong with it."""
    shown = "".join(c if c.isprintable() else "�" for c in text.strip()[:41])
    return shown if len(shown) <= 40 else shown[:40] + "…"
