"""What the desk's softphone needs to be a device of Twilio's, or of the stand-in for it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aiohttp import web
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from router.channels.voice.voice import VOICE
from router.errors import Forbidden, Unavailable
from router.settings import Settings, Twilio
from router.web.keys import POOL, SETTINGS
from router.web.routes import Route, add
from router.web.viewers import viewer

TOKEN_SECONDS = 3600
"""The desk asks for a new one before it ends."""


class Softphone(msgspec.Struct):
    """kind: whose device it is. url: the stand-in's socket; the token goes into its query."""

    kind: Annotated[str, msgspec.Meta(description="twilio or standin")]
    token: str
    url: str | None = None


def access_token(account: Twilio, agent: UUID) -> str:
    """A token with which a browser may place calls to our application, and nothing else.

    The identity is the account's id in hex: Twilio allows letters, digits and _ there.
    """
    grant = VoiceGrant(outgoing_application_sid=account.app_sid)
    token = AccessToken(
        account.account_sid,
        account.api_key_sid,
        account.api_key_secret,
        identity=agent.hex,
        ttl=TOKEN_SECONDS,
        grants=[grant],
    )
    return str(token.to_jwt())


async def softphone(request: web.Request) -> Softphone:
    """For agents who answer in the browser."""
    who = await viewer(request, "agent")
    voice = request.app.get(VOICE)
    if voice is None:
        raise Unavailable("This service has no telephone account.")
    reach = await request.app[POOL].fetchval(
        "select reach from agent where id = $1", who.account_id
    )
    if reach != "softphone":
        raise Forbidden("Your calls come to a telephone, not to the desk.")
    token = access_token(voice.account, who.account_id)
    if voice.account.api_base is None:
        return Softphone("twilio", token)
    return Softphone("standin", token, _socket(request.app[SETTINGS], voice.account.api_base))


def _socket(settings: Settings, api_base: str) -> str:
    """The stand-in's socket as the browser reaches it.

    Where the stand-in is in this very process, that is on whatever host served the page.
    """
    base = urlsplit(api_base)
    path = f"{base.path.rstrip('/')}/client"
    return path if settings.standin else base._replace(path=path).geturl()


ROUTES = [
    Route(
        "GET",
        "/api/softphone",
        softphone,
        "A token for the desk's softphone",
        who="agent",
        answer=Softphone,
        errors=(Forbidden, Unavailable),
    ),
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
