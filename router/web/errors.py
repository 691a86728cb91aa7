"""The one mapping of errors to answers, over HTTP and over sockets."""

from __future__ import annotations

from typing import Any

import asyncpg
import structlog
from aiohttp import web
from redis.exceptions import ConnectionError as LiveConnectionError
from redis.exceptions import TimeoutError as LiveTimeoutError

from router.errors import Invalid, SecondlineError, Unavailable
from router.web.routes import json

log = structlog.get_logger()

# codes of what aiohttp refuses by itself
_HTTP_CODES = {404: "not_found", 405: "not_found", 413: "invalid", 401: "unauthenticated"}


def known(error: BaseException) -> SecondlineError | None:
    """The error of our tree that this one means to a client; None: a fault of ours."""
    match error:
        case SecondlineError():
            return error
        case asyncpg.CharacterNotInRepertoireError() | asyncpg.UntranslatableCharacterError():
            return Invalid("The text has a character that cannot be stored.")
        case (
            LiveConnectionError()
            | LiveTimeoutError()
            | asyncpg.PostgresConnectionError()
            | asyncpg.InterfaceError()
            | asyncpg.CannotConnectNowError()
            | asyncpg.TooManyConnectionsError()
            | asyncpg.AdminShutdownError()
            | asyncpg.QueryCanceledError()
            | TimeoutError()
            | ConnectionError()
        ):
            return Unavailable("A store does not answer. Please try again in a moment.")
    return None


def describe(error: BaseException, **where: Any) -> dict[str, str]:
    """The error's body; a fault of ours is logged with its trace and answered without."""
    if mine := known(error):
        if isinstance(mine, Unavailable):
            log.warning("store.unavailable", error=repr(error), **where)
        return mine.describe()
    log.error("fault", exc_info=error, **where)
    return {"code": "error", "message": "Something went wrong on our side. It has been noted."}


def frame(error: BaseException, request_id: str | None = None, **where: Any) -> dict[str, Any]:
    """The error as a socket frame, answering the request of this id."""
    answer: dict[str, Any] = {"type": "error", "error": describe(error, **where)}
    if request_id is not None:
        answer["id"] = request_id
    return answer


@web.middleware
async def answer_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Errors become `{"error": {…}}` with the status of their kind."""
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except web.HTTPException as error:
        if error.status < 400 or error.content_type == "application/json":
            raise
        code = _HTTP_CODES.get(error.status, "malformed")
        answer = json({"error": {"code": code, "message": f"{error.reason}."}}, status=error.status)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception as error:
        mine = known(error)
        body = describe(error, method=request.method, path=request.match_info.route.name or "api")
        answer = json({"error": body}, status=mine.status if mine else 500)
        if isinstance(mine, Unavailable):
            answer.headers["Retry-After"] = "1"
        return answer
