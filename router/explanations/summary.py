"""A contact's routing in words: where it stands, and why an agent was chosen. Pure."""

from __future__ import annotations

from typing import Any

from router.explanations.facts import Step, Waiting
from router.queues.steps import Requirement


def standing(waiting: Waiting) -> str:
    """Where the contact stands, in one sentence."""
    who = waiting.with_agent.name if waiting.with_agent else "somebody"
    match waiting.state:
        case "ended":
            return f"It is over: {waiting.outcome}."
        case "arriving":
            return "It is not in line yet."
        case "handling":
            return f"It is in the hands of {who}."
        case "offered":
            return f"It is offered to {who}."
        case "accepting":
            return f"{who} is taking it."
    step = waiting.current
    if step is None:
        return "It waits."
    return _waits(waiting, step)


def _waits(waiting: Waiting, step: Step) -> str:
    preferred = waiting.preferred
    if preferred is not None and (preferred.until_ms or 0) > waiting.now_ms:
        return f"It waits for {preferred.agent.name} alone."
    if not step.built:
        return "What it asks for is new; agents are being looked up."
    if all(each.count.signed_in == 0 for each in waiting.steps):
        return "Nobody who is signed in could serve it, in any step."
    if step.count.signed_in == 0:
        later = next(s for s in waiting.steps if s.count.signed_in > 0)
        if later.n > step.n:
            return (
                f"Nobody who is signed in could serve this step; some could from step {later.n} on."
            )
        return "Nobody who is signed in could serve this step."
    could = _people(step.count.signed_in, exact=step.count.exact)
    free = step.count.free - waiting.free_declined
    if step.count.free == 0:
        return f"{could} could serve it; none of them is free."
    if free <= 0:
        return f"{could} could serve it; those who are free let it pass of late."
    if waiting.role != "expert" and waiting.reserve.keeps:
        return f"{could} could serve it; those who are free are kept for experts."
    return f"{could} could serve it, {free} of them free: it is looked at next."


def _people(count: int, *, exact: bool) -> str:
    about = "" if exact else "About "
    return f"{about}{count} {'agent' if count == 1 else 'agents'} signed in"


def chosen(why: dict[str, Any], made_ms: int) -> str | None:
    """Why this agent, as the script told when it made the offer; None: it is not known."""
    of = why.get("of") or 1
    among = f", first of {of} compared" if of > 1 else ""
    idle = _span(made_ms - why["since"]) if why.get("since") else None
    for_so_long = f" for {idle}" if idle else ""
    match why.get("why"):
        case "longest_idle":
            return f"was idle longest{for_so_long}{among}"
        case "least_loaded":
            return f"held least ({why.get('load', 0)}){among}"
        case "best_rated":
            return f"was in the highest rating band ({why.get('band', 0)} of 0 to 4){among}"
        case "newcomer":
            return f"is a newcomer, and this contact was one for newcomers{among}"
        case "least_scarce":
            return f"is the one who can serve least else{among}"
        case "random":
            return f"was drawn by lot{among}"
        case "turn":
            return f"had been passed over too often, idle{for_so_long}"
        case "preferred":
            return "is whom this contact prefers"
        case "freed":
            return "became free, and this was the oldest that they may serve"
    return None


def _span(ms: int) -> str:
    seconds = max(0, round(ms / 1000))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def asked_for(need: Requirement) -> str:
    """What a step requires, in words; its filter speaks for itself."""
    parts = ["tier " + " or ".join(map(str, need.tiers))]
    if need.language is not None:
        parts.append(f"speaks {need.language}")
    if need.skills:
        parts.append("skilled in " + ", ".join(need.skills))
    return "; ".join(parts)
