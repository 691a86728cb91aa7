"""A queue's policy: who may serve it, for how long, in which order. Pure.

A policy is a JSON document of a queue; `parse` gives it back as values with every default
filled in, or raises `Invalid` with the field at fault. `compile_steps` turns it into what one
contact requires.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from router.errors import Invalid

Strategy = Literal["longest_idle", "least_loaded", "best_rated", "least_scarce", "random"]
Tier = Annotated[int, msgspec.Meta(ge=1, le=9)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 3600)]
OfferSeconds = Annotated[int, msgspec.Meta(ge=5, le=600)]


class Then(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What comes after: the next step, another queue (slug), a callback offer, voicemail, a close.

    message: what is said before a close or an offer, by language.
    """

    to: Literal["next", "queue", "callback", "voicemail", "close"] = "next"
    queue: str | None = None
    message: dict[str, str] | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a waiting contact requires of an agent, and for how long.

    tiers: any of these. language, skills: whether the contact's must be the agent's too.
    filter: an expression over agent.* and contact.* besides (router/filters).
    strategy: the choice among several. seconds: until what comes then; a last step whose
    `then` is `next` stays. head_start_seconds: counts as so much older while in this step.
    skip: passed over at once while nobody signed in could serve it.
    """

    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1)] = (1,)
    language: bool = True
    skills: bool = True
    filter: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    strategy: Strategy = "longest_idle"
    seconds: Seconds = 60
    head_start_seconds: Seconds = 0
    skip: bool = False
    then: Then = Then()


class HeadStarts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much older than they are contacts count, in seconds; added up, to `most_seconds`.

    priority_seconds: for each level of priority (0 to 9). escalation_seconds: for each time that
    an agent passed it on. promise_seconds: a callback at a promised time, when that time has
    come. repeat_seconds: for each earlier contact of the same person within repeat_days, for at
    most repeat_cap of them.
    """

    priority_seconds: Seconds = 300
    escalation_seconds: Seconds = 0
    promise_seconds: Seconds = 900
    repeat_seconds: Seconds = 0
    repeat_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 7
    repeat_cap: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    most_seconds: Seconds = 7200


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What bounds and colours the choice among agents.

    newcomer_share: of contacts whose step prefers the best rated, this share asks newcomers first.
    pass_over_most: who has been idle longest is passed over at most so often in a row; 0: no bound.
    familiar_days: the agent who served this person last, within so many days, is asked first;
    0: not. prefer_seconds: for so long only they are asked while they are signed in.
    """

    newcomer_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    pass_over_most: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 20
    familiar_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    prefer_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 0


class Refusals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What follows when agents let offers pass; so that nobody who is paid picks the cherries.

    misses: an agent goes on a break after so many misses in a row; 0: never. declines: the same
    after so many declines within decline_minutes. go_last: who declined or missed counts as idle
    from then on.
    """

    misses: Annotated[int, msgspec.Meta(ge=0, le=100)] = 1
    declines: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    decline_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 30
    go_last: bool = True


class Overflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a contact goes elsewhere instead: `then` at the first that holds.

    on: length (contacts waiting, at least `most`, when it comes), wait (it has waited `most`
    seconds), nobody (nobody signed in could serve it in any step, for `most` seconds).
    """

    on: Literal["length", "wait", "nobody"]
    most: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    then: Then


class OfferTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long an offer is held out on each channel, in seconds."""

    voice: OfferSeconds = 20
    chat: OfferSeconds = 30
    video: OfferSeconds = 30


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Service level: this share answered within so many seconds.

    short_seconds: who gives up sooner could not have been answered and may be left out.
    """

    seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 20
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.8
    short_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 5


class ChatTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a silent chat is warned and ended, and when a customer who is gone has abandoned."""

    warn_seconds: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 300
    end_seconds: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 600
    vanished_seconds: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 120


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a queue's waiting, choosing and offering follows.

    head_start_seconds: how much older than they are its contacts count.
    expert_head_start_seconds: the same for experts, in place of the former when larger.
    network_seconds, network_cap: each customer of an expert's network adds so many seconds,
    for at most network_cap customers.
    retry_seconds: an agent who declined or missed a contact is not asked for it again so long.
    wrap_up_seconds: a wrap-up ends by itself after this. escalates_to: the house's queue (slug).
    callback, voicemail: what waiting callers are offered. callback_tries: before unreachable.
    hours: the name of a schedule of the workspace's rules, none: always open; closed: what
    comes then for who arrives out of hours. voicemail_hours: a voicemail is due so long after.
    """

    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=10)] = (Step(),)
    offer_seconds: OfferTimes = OfferTimes()
    head_start_seconds: Seconds = 0
    expert_head_start_seconds: Seconds = 1800
    network_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    network_cap: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 300
    retry_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 120
    wrap_up_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 120
    head_starts: HeadStarts = HeadStarts()
    choice: Choice = Choice()
    refusals: Refusals = Refusals()
    overflow: Annotated[tuple[Overflow, ...], msgspec.Meta(max_length=10)] = ()
    hours: str | None = None
    closed: Then = Then(to="close")
    target: Target = Target()
    chat: ChatTimes = ChatTimes()
    escalates_to: str | None = None
    callback: bool = True
    callback_tries: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    voicemail: bool = False
    voicemail_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24

    def offer_ms(self, channel: str) -> int:
        """How long an offer on this channel is held out, in milliseconds."""
        return int(getattr(self.offer_seconds, channel)) * 1000


def parse(document: Any) -> Policy:
    """The policy of a document as it came from JSON.

    Raises Invalid naming the field.
    """
    try:
        policy = msgspec.convert(document, Policy)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise Invalid(text, field=("policy" + path.rstrip("`")) if path else "policy") from error
    if policy.chat.end_seconds <= policy.chat.warn_seconds:
        raise Invalid("a chat must be warned before it is ended", field="policy.chat.end_seconds")
    for place, step in enumerate(policy.steps):
        _check_then(step.then, f"policy.steps[{place}].then")
    for place, overflow in enumerate(policy.overflow):
        _check_then(overflow.then, f"policy.overflow[{place}].then", next_too=False)
    _check_then(policy.closed, "policy.closed", next_too=False)
    return policy


def _check_then(then: Then, field: str, *, next_too: bool = True) -> None:
    if then.to == "next" and not next_too:
        raise Invalid("there is no next step here", field=f"{field}.to")
    if (then.to == "queue") != (then.queue is not None):
        raise Invalid("a queue is named where the contact goes to one", field=f"{field}.queue")
