"""What holds for a whole workspace, whatever the queue. Pure.

Rules are a part of the workspace's policy document; `parse_rules` gives them back as values with
every default filled in, or raises `Invalid` with the field at fault.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from router.errors import Invalid
from router.filters import Vocabulary
from router.hours.schedule import Schedule, check
from router.ratings.rules import Policy as RatingPolicy

ChannelName = Literal["voice", "chat", "video"]
Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]


class Attributes(Vocabulary, frozen=True, forbid_unknown_fields=True):
    """The workspace's own names of agents and contacts, with their types, for filters.

    claims: those of contacts that a page may state without its host site's signature.
    """

    claims: tuple[str, ...] = ()


class Blocks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which channels somebody who is busy on one is not offered.

    By default a call blocks video and video blocks calls, for one person has one voice, and chats
    go on beside both; who chats may be interrupted by a call. How many of one channel an agent
    takes is their capacity.
    """

    voice: tuple[ChannelName, ...] = ("video",)
    chat: tuple[ChannelName, ...] = ()
    video: tuple[ChannelName, ...] = ("voice",)


Cents = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Country = Annotated[str, msgspec.Meta(pattern="^([A-Z]{2}|default)$")]


class CallbackRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom we call back, when, how often, and what it may cost.

    countries: of the numbers (ISO 3166); none: the workspace's own. premium_ok: numbers of
    premium and shared cost too. per_number_a_day: so often one number is asked to be called.
    cents_a_minute: what a call costs, by country or `default`. cents_a_day: what all calls of a
    day may cost, cents_a_day_per_number: those to one number.
    slot_minutes, per_slot: how many callbacks are promised for each so many minutes of a queue.
    days: how far ahead. notice_minutes: not sooner than this.
    """

    countries: tuple[Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")], ...] = ()
    premium_ok: bool = False
    per_number_a_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    cents_a_minute: dict[Country, Cents] = msgspec.field(default_factory=lambda: {"default": 10.0})
    cents_a_day: Cents = 10_000.0
    cents_a_day_per_number: Cents = 500.0
    slot_minutes: Literal[5, 10, 15, 20, 30, 60] = 15
    per_slot: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 4
    days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 7
    notice_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 30


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workspace's rules.

    reserve_share: of the 2nd-level agents who are available, this share is kept idle for
    experts. newcomer_ratings: an agent with fewer revealed ratings is a newcomer. kinds_most:
    how many requirements may be known at once; kind_days: one that was not used so long is
    forgotten. attributes: own names for filters. schedules: opening hours, by the name that
    queues know them by. callbacks: whom we call back.
    ratings: until when both sides may rate. statistics_days: the figures of a quarter of an hour
    are kept so long. demo: its passwords are known to everybody.
    """

    reserve_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    blocks: Blocks = Blocks()
    newcomer_ratings: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 5
    kinds_most: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 5_000
    kind_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 7
    attributes: Attributes = Attributes()
    schedules: dict[Slug, Schedule] = {}
    callbacks: CallbackRules = CallbackRules()
    ratings: RatingPolicy = RatingPolicy()
    statistics_days: Annotated[int, msgspec.Meta(ge=31, le=36_500)] = 1_100
    demo: bool = False


@lru_cache(maxsize=1024)
def _parsed(document: bytes) -> Rules:
    try:
        rules = msgspec.json.decode(document, type=Rules)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise Invalid(text, field=("rules" + path.rstrip("`")) if path else "rules") from error
    for name, schedule in rules.schedules.items():
        check(schedule, f"rules.schedules.{name}")
    for name in rules.attributes.claims:
        if name not in rules.attributes.contact:
            raise Invalid(f"“{name}” is not declared.", field="rules.attributes.claims")
    return rules


def parse_rules(document: Any) -> Rules:
    """The rules of a document as it came from JSON; remembered by content.

    Raises Invalid naming the field.
    """
    return _parsed(msgspec.json.encode(document))
