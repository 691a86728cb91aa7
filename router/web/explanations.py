"""Why a contact was offered to whom it was, and why it is not offered to somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from router.errors import NotFound, Rebuilding
from router.explanations.facts import Check, Declined, Named, Offered, Reserve, Step, Waiting
from router.explanations.reader import Explanations
from router.explanations.summary import asked_for, chosen, standing
from router.web.keys import ENGINE, POOL
from router.web.requests import path_id
from router.web.routes import Route, add
from router.web.viewers import viewer


class StepRecord(msgspec.Struct):
    """A routing step. asks: in words, besides the filter. from_ms: when it begins.

    built: agents know of it. signed_in, free: how many could serve it; exact: they were counted.
    """

    n: int
    asks: str | None
    filter: str
    strategy: str
    from_ms: int
    current: bool
    built: bool
    signed_in: int
    free: int
    exact: bool


class OfferRecord(msgspec.Struct, omit_defaults=True):
    """An offer. chosen: why this agent, to be read after their name. how: as the script told."""

    offer: str
    agent: Named
    outcome: str
    made_at: datetime
    step: int | None
    chosen: str | None
    how: dict[str, Any]
    at: datetime | None = None


class Preference(msgspec.Struct, omit_defaults=True):
    agent: Named
    alone_until_ms: int | None = None


class Explanation(msgspec.Struct, omit_defaults=True):
    """standing: the whole in one sentence. Times in ms are the live store's."""

    contact: UUID
    state: str
    standing: str
    channel: str
    role: str
    queue: Named
    now_ms: int
    arrived_ms: int
    steps: list[StepRecord]
    offers: list[OfferRecord]
    declined: list[Declined]
    head_start_s: int = 0
    position: int | None = None
    step: int | None = None
    prefers: Preference | None = None
    reserve: Reserve | None = None


class AgentExplanation(msgspec.Struct, omit_defaults=True):
    """later_step: the number of a later step that they qualify for."""

    contact: UUID
    agent: UUID
    verdict: str
    checks: list[Check]
    later_step: int | None = None


async def _contact(request: web.Request) -> Explanation:
    who = await viewer(request, "supervisor")
    waiting, offers = await _reader(request).contact(who.workspace_id, path_id(request))
    prefers = waiting.preferred
    return Explanation(
        contact=waiting.contact,
        state=waiting.state,
        standing=standing(waiting),
        channel=waiting.channel,
        role=waiting.role,
        queue=waiting.queue,
        now_ms=waiting.now_ms,
        arrived_ms=waiting.arrived_ms,
        steps=[_step(waiting, step) for step in waiting.steps],
        offers=[_offer(offer) for offer in offers],
        declined=list(waiting.declined),
        head_start_s=waiting.head_start_ms // 1000,
        position=waiting.position,
        step=waiting.step or None,
        prefers=Preference(prefers.agent, prefers.until_ms) if prefers else None,
        reserve=waiting.reserve if waiting.reserve.share else None,
    )


async def _agent(request: web.Request) -> AgentExplanation:
    who = await viewer(request, "supervisor")
    contact, agent = path_id(request), path_id(request, "agent")
    verdict, checks, later = await _reader(request).agent(who.workspace_id, contact, agent)
    return AgentExplanation(contact, agent, verdict, checks, later)


def _reader(request: web.Request) -> Explanations:
    return Explanations(request.app[POOL], request.app[ENGINE])


def _step(waiting: Waiting, step: Step) -> StepRecord:
    need = step.requirement
    return StepRecord(
        n=step.n,
        asks=asked_for(need) if need else None,
        filter=need.filter if need else "",
        strategy=step.strategy,
        from_ms=(waiting.line_ms or 0) + step.from_ms,
        current=step.n == waiting.step,
        built=step.built,
        signed_in=step.count.signed_in,
        free=step.count.free,
        exact=step.count.exact,
    )


def _offer(offer: Offered) -> OfferRecord:
    return OfferRecord(
        offer=offer.offer,
        agent=offer.agent,
        outcome=offer.outcome,
        made_at=offer.made_at,
        step=offer.why.get("step"),
        chosen=chosen(offer.why, round(offer.made_at.timestamp() * 1000)),
        how=offer.why,
        at=offer.at,
    )


ROUTES = [
    Route(
        "GET",
        "/api/contacts/{id}/explanation",
        _contact,
        "Where a contact stands, who could serve it, and why it was offered to whom it was",
        who="supervisor",
        answer=Explanation,
        errors=(NotFound, Rebuilding),
    ),
    Route(
        "GET",
        "/api/contacts/{id}/explanation/{agent}",
        _agent,
        "Why a contact is or is not offered to this agent, condition by condition",
        who="supervisor",
        answer=AgentExplanation,
        errors=(NotFound, Rebuilding),
    ),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
