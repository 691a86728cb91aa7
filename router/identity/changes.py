"""A change of the register of experts, planned as a whole. Pure; `register.py` stores it.

A file states what shall be. So a phone that moves from one expert to another is taken where the
file also takes it away from the first, whatever the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from router.identity.entries import Entry
from router.identity.imports import Refusal

KINDS = ("phone", "mail", "account")

Address = tuple[str, str]
"""Kind and value."""


@dataclass(frozen=True)
class Known:
    """An expert as registered now."""

    person_id: UUID
    name: str | None
    languages: tuple[str, ...]
    network_size: int
    active: bool
    addresses: frozenset[Address]


@dataclass(frozen=True)
class Holder:
    """Who has an address now; expert: their number, None for people who are no experts."""

    person_id: UUID
    expert: str | None


@dataclass(frozen=True)
class Plan:
    """What to do: entries to create, to update and to leave, and what is refused and why."""

    created: tuple[Entry, ...]
    updated: tuple[Entry, ...]
    unchanged: tuple[Entry, ...]
    refused: tuple[Refusal, ...]


def plan(
    stated: Sequence[Entry], experts: Mapping[str, Known], holders: Mapping[Address, Holder]
) -> Plan:
    """What to do about these entries, each number and address among them stated once.

    An address of another expert is refused, unless that expert's own entry gives it up; an
    entry that is refused gives up nothing, which may refuse others in turn.
    """
    left = list(stated)
    refused: list[Refusal] = []
    while True:
        freed: set[Address] = set()
        for entry in left:
            if known := experts.get(entry.number):
                freed |= given_up(entry, known)
        stays: list[Entry] = []
        for entry in left:
            if fault := _taken(entry, holders, freed):
                refused.append(fault)
            else:
                stays.append(entry)
        if len(stays) == len(left):
            break
        left = stays
    known_ones = [(entry, experts.get(entry.number)) for entry in left]
    return Plan(
        created=tuple(entry for entry, known in known_ones if known is None),
        updated=tuple(e for e, known in known_ones if known and _differs(e, known)),
        unchanged=tuple(e for e, known in known_ones if known and not _differs(e, known)),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.line)),
    )


def given_up(entry: Entry, known: Known) -> set[Address]:
    """The addresses that the expert has and the entry no longer states."""
    stated = set(addresses(entry))
    silent = {kind for kind in KINDS if entry.addresses(kind) is None}
    return {a for a in known.addresses if a not in stated and a[0] not in silent}


def addresses(entry: Entry) -> Iterator[Address]:
    """Every address that the entry states."""
    for kind in KINDS:
        for value in entry.addresses(kind) or ():
            yield kind, value


def _taken(entry: Entry, holders: Mapping[Address, Holder], freed: set[Address]) -> Refusal | None:
    for kind, value in addresses(entry):
        holder = holders.get((kind, value))
        if holder and holder.expert not in (None, entry.number) and (kind, value) not in freed:
            return Refusal(
                entry.line,
                "phones" if kind == "phone" else kind,
                f"This belongs to the expert with the number {holder.expert}.",
            )
    return None


def _differs(entry: Entry, known: Known) -> bool:
    return (
        entry.name not in (None, known.name)
        or entry.languages not in (None, known.languages)
        or entry.network_size not in (None, known.network_size)
        or entry.active not in (None, known.active)
        or bool(given_up(entry, known))
        or not known.addresses.issuperset(addresses(entry))
    )
