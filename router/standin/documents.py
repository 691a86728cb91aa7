"""TwiML as Twilio reads it: parsed, checked against its vocabulary, addresses made absolute.

The vocabulary is read from the vendor's SDK, which generates it from Twilio's own schema.
"""

from __future__ import annotations

import inspect
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from twilio.twiml import TwiML, lower_camel
from twilio.twiml import voice_response as sdk

Note = Callable[[int, str], None]

SPOKEN = frozenset(
    {"Say", "Play", "Pause", "Gather", "Redirect", "Hangup", "Reject", "Record", "Dial"}
)
NOUNS = frozenset({"Conference", "Number", "Client", "Sip"})
CHILDREN = {"Gather": frozenset({"Say", "Play", "Pause"}), "Dial": NOUNS}
MARKUP = {"Say"}
"""Verbs with speech markup inside; its tags are not checked."""
_BODIES = {"self", "message", "url", "name", "number", "phone_number", "identity", "sip_url"}
_METHODS = {"GET", "POST"}
_UNPLAYED = {
    ("Conference", "record"),
    ("Dial", "record"),
    ("Dial", "referUrl"),
    ("Gather", "partialResultCallback"),
    ("Number", "machineDetection"),
    ("Number", "sendDigits"),
    ("Record", "transcribe"),
    ("Record", "transcribeCallback"),
    ("Sip", "machineDetection"),
}
"""Attributes that Twilio acts on and the stand-in does not."""
_OFF = {"false", "do-not-record", ""}


class Unreadable(Exception):
    """Not a document that Twilio can run (12100)."""


@dataclass(frozen=True)
class Verb:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Verb, ...] = ()

    def get(self, name: str, otherwise: str = "") -> str:
        return self.attributes.get(name, otherwise)

    def flag(self, name: str, otherwise: bool) -> bool:
        return self.attributes.get(name, str(otherwise)).strip().lower() == "true"

    def number(self, name: str, otherwise: float) -> float:
        """Whatever is no number counts as the default, as Twilio treats it."""
        try:
            return float(self.attributes[name])
        except (KeyError, ValueError):
            return otherwise

    def method(self, name: str = "method") -> str:
        method = self.get(name, "POST").upper()
        return method if method in _METHODS else "POST"


@dataclass(frozen=True)
class Document:
    """url: what relative addresses in it are relative to; None: it came in a REST call."""

    url: str | None
    verbs: tuple[Verb, ...]

    def address(self, given: str) -> str:
        """Absolute; an empty one is the document's own."""
        given = given.strip()
        return urljoin(self.url, given) if self.url else given

    def walk(self) -> Iterator[Verb]:
        for verb in self.verbs:
            yield verb
            yield from verb.children


def _attributes_of(owner: type[TwiML], method: str) -> frozenset[str]:
    names = set(inspect.signature(getattr(owner, method)).parameters) - _BODIES - {"kwargs"}
    return frozenset(lower_camel(TwiML.MAP.get(name, name)) for name in names)


def _vocabulary() -> dict[str, frozenset[str]]:
    known = {name: _attributes_of(sdk.VoiceResponse, name.lower()) for name in SPOKEN}
    known |= {name: _attributes_of(sdk.Dial, name.lower()) for name in NOUNS}
    for noun in NOUNS - {"Conference"}:
        known[noun] |= {"url"}  # elsewhere `url` is the body's name
    return known


VOCABULARY = _vocabulary()
UNSPOKEN = frozenset(n.title() for n in vars(sdk.VoiceResponse) if not n.startswith("_")) - SPOKEN
"""Verbs that Twilio speaks and the stand-in does not."""


def parse(text: str, url: str | None, note: Note) -> Document:
    """Read a document. Raises Unreadable after noting 12100; what Twilio only warns of (12200)
    is noted and left out. note(code, detail) writes into the debugger."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        note(12100, f"{error}: {text[:200]!r}")
        raise Unreadable from error
    if root.tag != "Response":
        note(12100, f"the root element is {root.tag}, not Response")
        raise Unreadable
    if (root.text or "").strip():
        note(12200, "text in Response")
    verbs = tuple(_verbs(root, SPOKEN, note))
    return Document(url, verbs)


def _verbs(parent: ET.Element, allowed: frozenset[str], note: Note) -> Iterator[Verb]:
    for element in parent:
        name = element.tag
        if not isinstance(name, str):  # a comment
            continue
        if name in UNSPOKEN:
            note(0, f"the stand-in does not speak {name}")
            raise Unreadable
        if name not in allowed:
            note(12200, f"{name} is not allowed in {parent.tag}")
            continue
        yield _verb(element, note)


def _verb(element: ET.Element, note: Note) -> Verb:
    name = element.tag
    attributes = {}
    for attribute, value in element.attrib.items():
        if attribute not in VOCABULARY[name]:
            note(12200, f"attribute {attribute!r} is not allowed in element {name!r}")
            continue
        if attribute.lower().endswith("method") and value.upper() not in _METHODS:
            code = 13234 if attribute == "waitMethod" else 12200
            note(code, f"{name} {attribute}={value!r} is neither GET nor POST")
            continue
        if (name, attribute) in _UNPLAYED and value.lower() not in _OFF:
            note(0, f"the stand-in does not speak {attribute}={value!r} of {name}")
        attributes[attribute] = value
    if name in MARKUP:
        return Verb(name, attributes, " ".join("".join(element.itertext()).split()))
    children = tuple(_verbs(element, CHILDREN.get(name, frozenset()), note))
    return Verb(name, attributes, (element.text or "").strip(), children)


def relative_addresses(document: Document) -> list[str]:
    """Addresses that cannot be resolved without a document's own (15004)."""
    bad = []
    for verb in document.walk():
        urls: dict[str, Any] = {k: v for k, v in verb.attributes.items() if _is_address(k)}
        if verb.name in ("Redirect", "Play"):
            urls["its address"] = verb.text
        if verb.name in ("Gather", "Record"):
            # without an action they ask the document's own address, and there is none
            urls.setdefault("action", "")
        bad += [f"{verb.name} {k}={v!r}" for k, v in urls.items() if not _full(v)]
    return bad


def _is_address(attribute: str) -> bool:
    return attribute in ("action", "url") or attribute.endswith(("Callback", "Url"))


def _full(url: str) -> bool:
    return url.strip().lower().startswith(("http://", "https://"))
