"""The stand-in for Twilio inside of the demo: it plays the vendor over HTTP, signatures and all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
from aiohttp import web

from router.demo import cast
from router.standin import Caller, Config, Number, Standin
from router.standin.app import MOUNT, make_standin
from router.standin.rest.door import STANDIN
from router.web.keys import POOL, SETTINGS

LOOK_SECONDS = 3.0
FULL = "TN-Validation-Passed-A"
"""What a carrier says that vouches for a caller's number in full."""

EXCHANGE: web.AppKey[Standin] = web.AppKey("exchange")


def mount(app: web.Application) -> None:
    """Put the stand-in under the application, with the demo's account and numbers."""
    settings = app[SETTINGS]
    assert settings.twilio is not None
    assert settings.twilio.api_base is not None
    # at once; what else there is, the database says a moment later
    numbers = {
        line.address: _number(settings.public_url, cast.COMPANY, line.label) for line in cast.LINES
    }
    config = Config.of(
        settings.twilio,
        numbers=numbers,
        callers=callers(),
        voice_url=f"{settings.public_url}/twilio/voice/agent",
        # the public address may lead elsewhere, or be that of a tunnel
        via=(settings.public_url, settings.twilio.api_base.removesuffix(MOUNT)),
        booth=True,
    )
    inside = make_standin(config, base_url=settings.twilio.api_base)
    app[EXCHANGE] = inside[STANDIN]
    app.add_subapp(MOUNT, inside)

    async def keep_numbers(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_follow(app, numbers), name="numbers of the demo")
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    app.cleanup_ctx.append(keep_numbers)


def callers() -> tuple[Caller, ...]:
    """Who the phone booth suggests to call as. Pure."""
    first, second, third = cast.EXPERTS
    known, _ = cast.CUSTOMERS
    return (
        Caller("+4917604069055", "Somebody new, a customer"),
        Caller(known.phone, f"{known.name}, a customer who is known"),
        Caller(first.phones[0], f"{first.name}, an expert, number vouched for", FULL),
        Caller(second.phones[0], f"{second.name}, an expert, number not vouched for"),
        Caller("anonymous", f"Number withheld: expert {third.number}, PIN {third.pin}"),
        Caller(cast.EMILS_PHONE, "Emil Novak, an agent who answers by telephone"),
    )


async def _follow(app: web.Application, numbers: dict[str, Number]) -> None:
    """Whatever number an admin gives an entry point can be dialled."""
    public = app[SETTINGS].public_url
    labels = {line.address: line.label for line in cast.LINES}
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(asyncpg.PostgresError, OSError, TimeoutError):
            rows = await app[POOL].fetch(
                "select p.address, p.name, w.name as company from entry_point p"
                " join workspace w on w.id = p.workspace_id"
                " where p.kind = 'phone' and p.retired_at is null order by p.created_at, p.address"
            )
            found = {
                row["address"]: _number(
                    public, row["company"], labels.get(row["address"], row["name"])
                )
                for row in rows
            }
            for gone in set(numbers) - set(found):
                del numbers[gone]
            numbers.update(found)


def _number(public_url: str, company: str, label: str) -> Number:
    return Number(
        f"{public_url}/twilio/voice/incoming",
        status_callback=f"{public_url}/twilio/voice/status",
        label=f"{company}: {label}",
    )
