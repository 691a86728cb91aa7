"""`GET /api/statistics`: the figures by quarters of an hour, for supervisors."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from router.statistics.reading import By, Report, as_csv
from router.web.keys import STATISTICS
from router.web.requests import Body
from router.web.routes import Route, add
from router.web.viewers import viewer


class Asked(Body):
    """from, to: RFC 3339 with an offset; by default today. day: a whole one, in place of them.

    of: one id of what `by` names.
    """

    begin: datetime | None = msgspec.field(name="from", default=None)
    end: datetime | None = msgspec.field(name="to", default=None)
    day: date | None = None
    by: By = "queue"
    of: Annotated[str, Meta(max_length=100)] | None = None
    intervals: bool | None = None
    format: Literal["json", "csv"] = "json"


async def _read(request: web.Request, asked: Asked) -> Report | web.Response:
    who = await viewer(request, "supervisor")
    report = await request.app[STATISTICS].report(
        who.workspace_id,
        begin=asked.begin,
        end=asked.end,
        day=asked.day,
        by=asked.by,
        of=asked.of,
        intervals=asked.intervals,
    )
    if asked.format == "json":
        return report
    name = f"statistics-{report.by}-{report.begin:%Y%m%d-%H%M}.csv"
    return web.Response(
        text=as_csv(report),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )


ROUTES = [
    Route(
        "GET",
        "/api/statistics",
        _read,
        "Figures by queue, agent, tier or channel, in quarters of an hour; JSON or CSV",
        who="supervisor",
        query=Asked,
        answer=Report,
    )
]


def add_routes(router: web.UrlDispatcher) -> None:
    add(router, ROUTES)
