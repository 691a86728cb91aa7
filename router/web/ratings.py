"""Both sides rate a handling; neither sees the other's word before both are in or time is up."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta

from router.errors import Conflict, Forbidden, NotFound
from router.identity.sessions import AGENT, hash_of
from router.ratings.store import Proof
from router.web import origins
from router.web.keys import POOL, RATINGS
from router.web.requests import Body, Stars, path_id, text
from router.web.routes import Route, add
from router.web.viewers import COOKIE, viewer

COMMENT = 2000
Comment = Annotated[str, Meta(max_length=COMMENT * 2)]


class AgentRating(Body, kw_only=True):
    """secret: the contact's. handling: the last one that is over if absent."""

    secret: Annotated[str, Meta(max_length=200)]
    stars: Stars
    comment: Comment | None = None
    handling: UUID | None = None


class PersonRating(Body, kw_only=True):
    stars: Stars
    comment: Comment | None = None


async def _rate_agent(request: web.Request, body: AgentRating) -> None:
    contact_id = path_id(request)
    if origins.foreign(request) is not None:
        allowed = await request.app[POOL].fetchval(
            "select p.origins from contact c join entry_point p on p.id = c.entry_point_id"
            " where c.id = $1 and c.secret_hash = $2",
            contact_id,
            hash_of(body.secret),
        )
        # a contact that does not exist and a wrong secret are one answer
        if allowed is None:
            raise Forbidden("This is not the contact's secret.", field="secret")
        origins.allow_embedding(request, allowed)
    await request.app[RATINGS].rate_agent_by_secret(
        hash_of(body.secret),
        contact_id,
        stars=body.stars,
        comment=_comment(body.comment),
        handling_id=body.handling,
    )


async def _rate_person(request: web.Request, body: PersonRating) -> None:
    handling_id, comment = path_id(request), _comment(body.comment)
    ratings = request.app[RATINGS]
    if token := request.cookies.get(COOKIE):
        # who it is and what they say, in one statement: both are true at the same moment
        proof = Proof(AGENT, hash_of(token))
        if await ratings.rate_person_by(proof, handling_id, stars=body.stars, comment=comment):
            return
    # nobody of that session; this says why
    who = await viewer(request, "agent")
    await ratings.rate_person(
        who.workspace_id, handling_id, who.account_id, stars=body.stars, comment=comment
    )


def _comment(given: str | None) -> str | None:
    return text(given, "comment", longest=COMMENT) if given and given.strip() else None


ROUTES = [
    Route("POST", "/api/contacts/{id}/rating", _rate_agent, "The person rates the agent, once",
          who="person", body=AgentRating, errors=(Forbidden, NotFound, Conflict),
          origins="widget"),
    Route("POST", "/api/handlings/{id}/rating", _rate_person, "The agent rates the person, once",
          who="agent", body=PersonRating, errors=(NotFound, Conflict)),
]  # fmt: skip


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
