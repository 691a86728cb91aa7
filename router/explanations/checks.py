"""Why this waiting contact is or is not offered to this agent, condition by condition. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.explanations.facts import Candidate, Check, Step, Waiting
from router.filters import conditions
from router.queues.kinds import qualifies

CHANNELS = {"voice": "calls", "chat": "chats", "video": "videos"}


def checks(waiting: Waiting, agent: Candidate) -> list[Check]:
    """Every condition, in the order in which people ask: contact, presence, capacity, skills, turn.

    Nothing fails when the contact is offered to this agent, or will be at the next look.
    """
    found = [_contact(waiting, agent)]
    if waiting.state in ("handling", "ended", "arriving"):
        return found
    found += _presence(agent)
    if waiting.with_agent is None or waiting.with_agent.id != agent.agent.id:
        found += _room(waiting, agent)
    if waiting.current is not None:
        found += _requirement(waiting, waiting.current, agent)
    found += _turn(waiting, agent)
    return found


def later_step(waiting: Waiting, agent: Candidate) -> Step | None:
    """The next step, after the present one, that this agent qualifies for."""
    for step in waiting.steps:
        fits = step.requirement is not None and qualifies(agent.profile, step.requirement)
        if step.n > waiting.step and fits:
            return step
    return None


def verdict(waiting: Waiting, agent: Candidate, found: list[Check]) -> str:
    """The whole in one sentence."""
    name = agent.agent.name
    against = [check for check in found if not check.passes]
    if against:
        more = f" ({len(against) - 1} more against it)" if len(against) > 1 else ""
        return against[0].text + more
    if waiting.with_agent is not None and waiting.with_agent.id == agent.agent.id:
        return f"It is offered to {name} now."
    return f"Nothing stands against it: {name} is asked at the next look."


def _contact(waiting: Waiting, agent: Candidate) -> Check:
    other = waiting.with_agent.name if waiting.with_agent else "somebody"
    mine = waiting.with_agent is not None and waiting.with_agent.id == agent.agent.id
    match waiting.state:
        case "ended":
            return Check("over", False, "The contact is over.")
        case "arriving":
            return Check("arriving", False, "The contact is not in line yet.")
        case "handling" if mine:
            return Check("in_hand", False, "It is in their hands already.")
        case "handling":
            return Check("in_hand", False, f"It is in the hands of {other}.")
        case "offered" | "accepting" if mine:
            return Check("offered", True, "It is offered to them now.", waiting.deadline_ms)
        case "offered" | "accepting":
            text = f"It is offered to {other} just now."
            return Check("offered_to_another", False, text, waiting.deadline_ms)
    return Check("waiting", True, "The contact waits.")


def _presence(agent: Candidate) -> Iterator[Check]:
    because = f" ({agent.reason.replace('_', ' ')})" if agent.reason else ""
    if agent.presence == "available":
        yield Check("presence", True, "They are available.")
    elif agent.presence == "break":
        yield Check("presence", False, f"They are on a break{because}.")
    else:
        yield Check("presence", False, f"They are signed out{because}.")


def _room(waiting: Waiting, agent: Candidate) -> Iterator[Check]:
    channel, load = waiting.channel, agent.load
    word, most = CHANNELS[channel], agent.profile.capacity.get(channel, 0)
    held = load.get(channel, 0)
    if agent.offered:
        yield Check("open_offer", False, "Another contact is offered to them just now.")
    if most == 0:
        yield Check("channel", False, f"They take no {word}.")
        return
    yield Check("capacity", held < most, f"They hold {held} of {most} {word}.")
    if agent.most is not None:
        total = sum(load.values())
        text = f"They hold {total} of {agent.most} contacts in all."
        yield Check("capacity_in_all", total < agent.most, text)
    for holds, blocked in sorted(agent.blocks):
        # beside itself a channel is bounded by capacity
        if blocked == channel != holds and load.get(holds, 0) > 0:
            yield Check("blocked", False, f"They have {CHANNELS[holds]}, which block {word}.")


def _requirement(waiting: Waiting, step: Step, agent: Candidate) -> Iterator[Check]:
    need, profile = step.requirement, agent.profile
    if need is None:
        return
    later = later_step(waiting, agent)
    # what passes by itself, because a later step asks for less
    then = None
    if later is not None and waiting.line_ms is not None:
        then = waiting.line_ms + later.from_ms
    tiers = " or ".join(map(str, need.tiers))
    fits = profile.tier in need.tiers
    yield _wanted("tier", fits, f"Tier {tiers} is asked for; theirs is {profile.tier}.", then)
    if need.language is not None:
        fits = need.language in profile.languages
        theirs = _listed(profile.languages)
        yield _wanted(
            "language", fits, f"“{need.language}” is asked for; they speak {theirs}.", then
        )
    lacking = sorted(set(need.skills) - profile.skills)
    if need.skills:
        asked = f"Skills asked for: {_listed(need.skills)}"
        says = f"{asked}; they lack {_listed(lacking)}." if lacking else f"{asked}."
        yield _wanted("skills", not lacking, says, then)
    for condition in conditions(need.filter, profile.facts):
        theirs = "; ".join(f"{name} is {_value(value)}" for name, value in condition.found.items())
        says = f"{condition.text}: {theirs}." if theirs else f"{condition.text}."
        yield _wanted("filter", condition.holds, says, then)
    if not step.built:
        yield Check("building", False, "This requirement is new; agents are being looked up.")


def _wanted(code: str, fits: bool, text: str, then: int | None) -> Check:
    return Check(code, fits, text, None if fits else then)


def _turn(waiting: Waiting, agent: Candidate) -> Iterator[Check]:
    if agent.excluded is not None:
        said = {
            "declined": "declined it",
            "missed": "missed it",
            "escalated": "passed it on",
        }.get(agent.excluded.outcome, "did not come to it")
        text = f"They {said} and are not asked again for a while."
        yield Check("excluded", False, text, agent.excluded.until_ms)
    preferred = waiting.preferred
    alone = preferred is not None and (preferred.until_ms or 0) > waiting.now_ms
    if alone and preferred is not None and preferred.agent.id != agent.agent.id:
        text = f"It waits for {preferred.agent.name} alone."
        yield Check("preferred", False, text, preferred.until_ms)
    customer = waiting.role != "expert"
    if customer and agent.profile.house and waiting.reserve.keeps:
        share = f"{waiting.reserve.share:.0%}"
        text = (
            f"{share} of the 2nd level are kept for experts; {waiting.reserve.idle} of"
            f" {waiting.reserve.available} are free."
        )
        yield Check("reserve", False, text)
    if agent.ahead and waiting.state == "waiting":
        others = "contact is" if agent.ahead == 1 else "contacts are"
        yield Check("ahead", False, f"{agent.ahead} {others} ahead of it for them.")


def _listed(words: Any) -> str:
    return ", ".join(f"“{word}”" for word in sorted(words)) or "none"


def _value(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, list):
        return _listed(value) if value else "empty"
    return f"“{value}”" if isinstance(value, str) else str(value).lower()
