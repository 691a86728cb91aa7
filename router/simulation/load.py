"""What comes in and who serves it, in a simulation: the document of `--load`. Pure.

`parse_load` gives a YAML or JSON document back as values, or raises Invalid with the field at
fault. Times are in seconds, rates in contacts a minute, the length of a run in minutes.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Protocol

import msgspec

from router.errors import Invalid

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Channel = Literal["voice", "chat", "video"]
Capacity = dict[Channel | Literal["all"], Annotated[int, msgspec.Meta(ge=0, le=20)]]
Level = Annotated[int, msgspec.Meta(ge=1, le=9)]


class Chance(Protocol):
    """What is asked of a source of chance; `random.Random` is one."""

    def random(self) -> float: ...
    def expovariate(self, lambd: float) -> float: ...
    def lognormvariate(self, mu: float, sigma: float) -> float: ...


class Duration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time by chance. mean: seconds. spread: standard deviation ÷ mean, of the lognormal."""

    mean: NotNegative
    shape: Literal["exponential", "lognormal", "fixed"] = "exponential"
    spread: Positive = 1.0

    def draw(self, chance: Chance) -> int:
        """One time in whole milliseconds."""
        if self.shape == "fixed" or self.mean == 0:
            return round(self.mean * 1000)
        if self.shape == "exponential":
            return round(chance.expovariate(1 / self.mean) * 1000)
        variance = math.log(1 + self.spread**2)
        mu = math.log(self.mean) - variance / 2
        return round(chance.lognormvariate(mu, math.sqrt(variance)) * 1000)


Time = Annotated[float, msgspec.Meta(ge=0)] | Duration
"""A duration, or its mean in seconds alone: exponential."""


def duration(time: Time) -> Duration:
    """The duration that is meant."""
    return time if isinstance(time, Duration) else Duration(mean=time)


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tier 1 passes on. share: of its contacts. queue: to which (slug); by default the one
    that the policy names. service: by whom it is passed on to."""

    share: Share
    service: Time
    queue: str | None = None


class Stream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Contacts that are alike.

    queue: where they arrive (slug). rate: contacts a minute; several: one after the other over
    equal parts of the run. service: from accept to end. wrap_up: after it, at most the policy's.
    patience: how long they wait before they give up; None: for ever. topic, entry_point,
    network_size, priority, attributes: what head starts and filters read.
    """

    queue: str
    rate: Positive | Annotated[tuple[NotNegative, ...], msgspec.Meta(min_length=1)]
    service: Time
    name: str = ""
    channel: Channel = "voice"
    role: Literal["customer", "expert"] = "customer"
    language: str = "en"
    skills: tuple[str, ...] = ()
    topic: str | None = None
    entry_point: str | None = None
    wrap_up: Time = 0.0
    patience: Time | None = None
    escalation: Escalation | None = None
    network_size: Annotated[int, msgspec.Meta(ge=0)] = 0
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    attributes: dict[str, Any] = {}

    def rate_at(self, share: float) -> float:
        """Contacts a minute when this share of the run has passed."""
        if isinstance(self.rate, tuple):
            return self.rate[min(int(share * len(self.rate)), len(self.rate) - 1)]
        return self.rate

    @property
    def most(self) -> float:
        """The highest rate of the run, contacts a minute."""
        return max(self.rate) if isinstance(self.rate, tuple) else self.rate


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Agents who are alike.

    capacity: contacts at once by channel. rating: the mean shown, which the band follows.
    attributes and what else filters read of an agent. starts, ends: minutes from the begin of
    the run; None: to its end. reaction: from offer to accept. declines, misses: shares of
    offers; back: how long who missed one is on break. resolves: share of contacts that need no
    second look. pace: service and wrap-up take so many times as long.
    """

    name: str
    count: Annotated[int, msgspec.Meta(ge=1, le=200_000)]
    tier: Level = 1
    languages: tuple[str, ...] = ("en",)
    skills: tuple[str, ...] = ()
    levels: dict[str, int] = {}
    capacity: dict[Channel | Literal["all"], Annotated[int, msgspec.Meta(ge=0, le=20)]] = (
        msgspec.field(default_factory=lambda: {"voice": 1})
    )
    rating: Annotated[float, msgspec.Meta(ge=1, le=5)] = 4.0
    ratings: Annotated[int, msgspec.Meta(ge=0)] = 50
    qualifications: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    location: dict[str, str] = {}
    attributes: dict[str, Any] = {}
    starts: NotNegative = 0.0
    ends: Positive | None = None
    reaction: Time = 0.0
    declines: Share = 0.0
    misses: Share = 0.0
    back: Time = Duration(mean=300, shape="fixed")
    resolves: Share = 1.0
    pace: Positive = 1.0


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One load. trunks: contacts at once by queue, in line and served; who comes beyond is
    turned away. minutes: the length, of which the first warm_up are not counted. replications:
    independent repeats. seed: the same seed, the same run."""

    streams: Annotated[tuple[Stream, ...], msgspec.Meta(min_length=1)]
    agents: Annotated[tuple[Group, ...], msgspec.Meta(min_length=1)]
    trunks: dict[str, Annotated[int, msgspec.Meta(ge=1)]] = {}
    minutes: Positive = 480.0
    warm_up: NotNegative = 60.0
    replications: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    seed: int = 1

    @property
    def expected(self) -> int:
        """About how many contacts arrive in all replications."""
        parts = (
            sum(s.rate) / len(s.rate) if isinstance(s.rate, tuple) else s.rate for s in self.streams
        )
        return round(sum(parts) * self.minutes * self.replications)


def parse_load(document: Any) -> Load:
    """The load of a document; streams without a name are named after queue, role and place.

    Raises Invalid naming the field.
    """
    try:
        load = msgspec.convert(document, Load)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise Invalid(text, field=path.rstrip("`").removeprefix(".") if path else None) from error
    if load.warm_up >= load.minutes:
        raise Invalid("nothing is left to count after the warm-up", field="warm_up")
    taken: set[str] = set()
    streams = []
    for place, stream in enumerate(load.streams):
        if stream.most <= 0:
            raise Invalid("somebody must come", field=f"streams[{place}].rate")
        name = stream.name or f"{stream.role}s"
        if name in taken:
            if stream.name:
                raise Invalid("each stream has a name", field=f"streams[{place}].name")
            name = f"{name} {place + 1}"
        taken.add(name)
        streams.append(msgspec.structs.replace(stream, name=name))
    names = [group.name for group in load.agents]
    if len(set(names)) < len(names):
        raise Invalid("each group of agents has a name of its own", field="agents")
    return msgspec.structs.replace(load, streams=tuple(streams))
