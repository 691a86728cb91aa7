"""Structured logs: JSON, or readable on a terminal; no numbers, addresses or messages in clear.

Everything goes through here, the libraries' own lines as well. Masking works on keys (what is
named like a person's data never appears) and on values (what looks like a number or an address
is masked wherever it turns up, tracebacks included: a database names the offending value).
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from aiohttp import web

log = structlog.get_logger("web")

METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
"""A client may make up others, and write into them what it likes."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# said by people, or proof of who they are: not even masked
DROPPED = frozenset(
    [
        "text",
        "body",
        "comment",
        "asked",
        "tried",
        "reason",
        "note",
        "speech",
        "prompt",
        "transcript",
        "password",
        "pin",
        "token",
        "secret",
        "authorization",
        "cookie",
        "key_secret",
    ]
)
# somebody's address, whatever it looks like
MASKED = frozenset(
    [
        "phone",
        "number",
        "e164",
        "caller",
        "called",
        "from",
        "from_",
        "to",
        "address",
        "mail",
        "email",
        "expert_number",
    ]
)

_NUMBER = re.compile(
    r"""(?<![\w.+-])(?:
        (?:\+|%2[Bb]|00)\d(?:[\s()./-]{0,2}\d){5,16}   # international, however it is written
        |\d{9,15}                                      # bare digits, longer than a count
    )(?![\w-])""",
    re.VERBOSE,
)
_MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def mask(text: str) -> str:
    """The text with numbers cut to their last two digits, and mail addresses to their domain."""
    text = _CREDENTIALS.sub("•••@", text)
    text = _MAIL.sub(r"•••@\1", text)
    return _NUMBER.sub(lambda found: f"•••{found[0][-2:]}", text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _field(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_clean(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value))


def _field(key: str, value: Any) -> Any:
    name = key.lower()
    if name in DROPPED:
        return "[dropped]"
    if name in MASKED and value is not None:
        return f"•••{str(value)[-2:]}"
    return _clean(value)


def private(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor that masks; after tracebacks have become text."""
    return {
        # times are digits too
        key: value if key in {"timestamp", "level", "_record"} else _field(key, value)
        for key, value in event.items()
    }


_REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_encode = msgspec.json.Encoder().encode
# the handler of `configure`, where it writes JSON
_plain: logging.StreamHandler[Any] | None = None


def _identified(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor that says which request a line belongs to."""
    if (request_id := _REQUEST_ID.get()) is not None:
        event.setdefault("request_id", request_id)
    return event


def configure(*, level: str = "INFO", console: bool | None = None) -> None:
    """Send all logs of this process to stderr. console: readable lines; None: on a terminal."""
    global _plain
    console = sys.stderr.isatty() if console is None else console
    before: list[structlog.typing.Processor] = [
        _identified,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    render: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        private,
    ]
    if console:
        render.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    else:
        render.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=render)
    )
    _plain = None if console else handler
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # these write whole requests at their lower levels
    for name in ("twilio", "twilio.http_client", "aiohttp.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _request_line(request_id: str, **what: Any) -> None:
    """The line of a request that went well. It names nobody, so there is nothing to mask, and
    it is written for each request: all the way of the others took a twentieth of the service's
    processor time."""
    handler = _plain
    at_work = handler is not None and handler in logging.getLogger().handlers
    if handler is None or not at_work or not logging.getLogger("web").isEnabledFor(logging.INFO):
        log.info("request", **what)
        return
    line = {
        "event": "request",
        "request_id": request_id,
        "level": "info",
        "logger": "web",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        **what,
    }
    text = _encode(line).decode() + handler.terminator
    handler.acquire()
    try:
        handler.stream.write(text)
        handler.flush()
    except (OSError, ValueError):
        # as logging does: a full disk or a closed stream stops no request
        handler.handleError(logging.LogRecord("web", logging.INFO, __file__, 0, "", (), None))
    finally:
        handler.release()


def template(request: web.Request) -> str:
    """The route as it was declared: paths carry ids, and queries carry secrets."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


@web.middleware
async def request_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line for each request, with an id that all lines of the request carry.

    A proxy's own X-Request-Id is kept; the answer has it.
    """
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    begin = time.perf_counter()
    status = 500
    mark = _REQUEST_ID.set(request_id)
    try:
        response = await handler(request)
        status = response.status
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
        return response
    except web.HTTPException as error:
        status = error.status
        error.headers["X-Request-Id"] = request_id
        raise
    finally:
        quiet = status < 400 and request.path in {"/healthz", "/readyz", "/metrics"}
        what = {
            "method": request.method,
            "route": template(request),
            "status": status,
            "ms": round((time.perf_counter() - begin) * 1000, 1),
        }
        if quiet:
            log.debug("request", **what)
        elif status < 400 and request.method in METHODS:
            _request_line(request_id, **what)
        else:
            log.info("request", **what)
        _REQUEST_ID.reset(mark)
