"""The only place that calls Twilio: its REST API through its own SDK, asynchronously.

A time-out of a POST does not mean that nothing happened. So a request that got no answer
raises `Unanswered`, and whoever made it asks before repeating (`find`, `status`).
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
import structlog
from prometheus_client import Histogram
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from router.errors import Unavailable
from router.settings import Twilio
from router.web.metrics import REGISTRY

log = structlog.get_logger()

TIMEOUT_SECONDS = 5.0
NOT_IN_PROGRESS = 21220
NOT_FOUND = 20404
GONE = frozenset({NOT_IN_PROGRESS, NOT_FOUND})
"""What an update of a call says when there is no call to update any more."""
OPEN_STATUSES = ("queued", "initiated", "ringing", "in-progress")
CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]

T = TypeVar("T")

REQUESTS = Histogram(
    "secondline_twilio_request_seconds",
    "Requests to Twilio's REST API by outcome: done, refused, unanswered.",
    ["outcome"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5),
    registry=REGISTRY,
)


class Unanswered(Unavailable):
    """No answer: the request may have been carried out, or not."""


class Refused(Unavailable):
    """Twilio said no. vendor_code: its error code, as in its documentation."""

    def __init__(self, vendor_code: int, message: str):
        super().__init__(message)
        self.vendor_code = vendor_code


class Provider:
    """Twilio's REST API for one account. Made inside a running loop, closed with `close`."""

    def __init__(self, account: Twilio, *, timeout: float = TIMEOUT_SECONDS):
        self._timeout = timeout
        # our own connections die with us; without retries, for only we know what may be repeated
        self._http = AsyncTwilioHttpClient()
        self._client = Client(
            account.api_key_sid,
            account.api_key_secret,
            account_sid=account.account_sid,
            http_client=self._http,
        )
        if account.api_base is not None:
            self._client.api.base_url = account.api_base

    async def close(self) -> None:
        await self._http.close()

    async def call(
        self, to: str, from_: str, *, url: str, status_callback: str, ring_seconds: int
    ) -> str:
        """Call a number or SIP address; its SID. url: the TwiML once it is answered.

        Raises Unanswered (look with `find` before repeating) or Refused.
        """
        made = await self._ask(
            self._client.calls.create_async(
                to=to,
                from_=from_,
                url=url,
                method="POST",
                status_callback=status_callback,
                status_callback_method="POST",
                status_callback_event=CALL_EVENTS,
                timeout=ring_seconds,
            )
        )
        return str(made.sid)

    async def find(self, to: str, from_: str, *, since: datetime) -> Sequence[str]:
        """Open calls to this address made since then, newest first."""
        found = await self._ask(self._client.calls.list_async(to=to, from_=from_, limit=20))
        return [
            str(call.sid)
            for call in found
            if call.status in OPEN_STATUSES
            and (call.date_created is None or _aware(call.date_created) >= since)
        ]

    async def status(self, call_sid: str) -> str | None:
        """The call's state as Twilio names it; None: it has no such call."""
        try:
            return str((await self._ask(self._client.calls(call_sid).fetch_async())).status)
        except Refused as error:
            if error.vendor_code == NOT_FOUND:
                return None
            raise

    async def move(self, call_sid: str, url: str) -> bool:
        """Send a call in progress to another address. False: the call is gone.

        Moving twice is harmless: the address answers for the call's current state.
        """
        return await self._update(call_sid, url=url, method="POST")

    async def hang_up(self, call_sid: str) -> bool:
        """End a call, ringing or in progress. False: it was over already."""
        return await self._update(call_sid, status="completed")

    async def recordings(self, call_sid: str) -> list[dict[str, Any]]:
        """What was recorded of a call, oldest first: {recording, address, seconds}."""
        found = await self._ask(self._client.recordings.list_async(call_sid=call_sid, limit=20))
        return [
            {
                "recording": str(each.sid),
                "address": f"{self._client.api.base_url}{each.uri.removesuffix('.json')}",
                "seconds": int(each.duration or 0),
            }
            for each in sorted(found, key=lambda each: _aware(each.date_created))
        ]

    async def sound(self, recording: str) -> bytes | None:
        """A recording as WAV; None: there is none of this SID. Raises Unanswered, Refused."""
        api = self._client.api
        address = f"{api.base_url}/2010-04-01/Accounts/{self._client.account_sid}"
        return await self._ask(self._fetch(f"{address}/Recordings/{recording}.wav"))

    async def _fetch(self, address: str) -> bytes | None:
        pair = f"{self._client.username}:{self._client.password}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(address) as answer,
        ):
            if answer.status == HTTPStatus.NOT_FOUND:
                return None
            answer.raise_for_status()
            return await answer.read()

    async def hold(self, conference: str, call_sid: str, *, on: bool, hold_url: str) -> bool:
        """Take a participant out of the conversation, or back. False: not in there."""
        participant = self._client.conferences(conference).participants(call_sid)
        options = {"hold_url": hold_url, "hold_method": "POST"} if on else {}
        return await self._there(participant.update_async(hold=on, **options))

    async def participants(self, room: str) -> tuple[str, Sequence[str]] | None:
        """The SID of the running conference of this name and of the calls in it; None: none."""
        found = await self._ask(self._client.conferences.list_async(friendly_name=room, limit=5))
        # one who is alone in a room has not started it: `init`
        going_on = next((each for each in found if each.status != "completed"), None)
        if going_on is None:
            return None
        inside = await self._ask(going_on.participants.list_async(limit=20))
        return str(going_on.sid), [str(each.call_sid) for each in inside]

    async def _update(self, call_sid: str, **change: str) -> bool:
        return await self._there(self._client.calls(call_sid).update_async(**change))

    async def _there(self, request: Awaitable[Any]) -> bool:
        try:
            await self._ask(request)
        except Refused as error:
            if error.vendor_code in GONE:
                return False
            raise
        return True

    async def _ask(self, request: Awaitable[T]) -> T:
        begun, outcome = time.monotonic(), "unanswered"
        try:
            # the SDK's client does not apply a time limit of its own
            async with asyncio.timeout(self._timeout):
                answer = await request
            outcome = "done"
            return answer
        except TimeoutError:
            raise Unanswered("Twilio did not answer in time.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unanswered(f"Twilio cannot be reached: {type(error).__name__}.") from error
        except (TwilioRestException, TwilioServiceException) as error:
            # it broke on their side, before or after doing it; or we are to come again later
            if error.status >= 500 or error.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise Unanswered(f"Twilio answered with {error.status}.") from error
            outcome = "refused"
            code = int(error.code or error.status)
            log.info("twilio.refused", code=code, status=error.status)
            raise Refused(code, f"Twilio refused the request with code {code}.") from error
        finally:
            REQUESTS.labels(outcome).observe(time.monotonic() - begun)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
