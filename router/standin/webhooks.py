"""Requests to the service: documents that a call waits for, and callbacks that nobody waits for."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from router.standin.clock import Clock
from router.standin.config import Config
from router.standin.facts import FACTS
from router.standin.faults import Faults
from router.standin.signatures import Signer

LARGEST_DOCUMENT = 64 * 1024
XML_TYPES = {"text/xml", "application/xml", "text/html", "application/xhtml+xml"}
"""https://www.twilio.com/docs/voice/twiml#twilio-understands-mime-types"""
AUDIO_TYPES = ("audio/",)
KEPT = 10_000
"""Requests and errors that are remembered: a demo runs for days."""


@dataclass(frozen=True)
class Notice:
    """An entry of Twilio's debugger. code: of FACTS; 0: the stand-in itself does not speak it."""

    code: int
    message: str
    call_sid: str | None
    at: float
    warning: bool = False
    source: str = ""


@dataclass
class Webhook:
    """One request as it was sent. status: of the answer; None: none came (yet)."""

    event: str
    method: str
    url: str
    params: dict[str, str]
    at: float
    status: int | None = None


@dataclass(frozen=True)
class Answer:
    url: str
    content_type: str
    text: str

    @property
    def audio(self) -> bool:
        return self.content_type.startswith(AUDIO_TYPES)


class Unobtainable(Exception):
    """A document could not be had; it is in the debugger already."""


class Webhooks:
    """sent: every request, oldest first. errors: Twilio's debugger."""

    def __init__(self, config: Config, clock: Clock, faults: Faults) -> None:
        self.sent: list[Webhook] = []
        self.errors: list[Notice] = []
        self._config = config
        self._clock = clock
        self._faults = faults
        self._signer = Signer(config.auth_token)
        self._session: aiohttp.ClientSession | None = None
        self._last: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, list[Callable[[], None]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def note(self, code: int, detail: str = "", call_sid: str | None = None) -> None:
        """Into the debugger. code 0: something that only the stand-in refuses."""
        fact = FACTS.get(code)
        del self.errors[:-KEPT]
        says = fact.says if fact else "the stand-in does not speak this"
        self.errors.append(
            Notice(
                code=code,
                message=f"{says}: {detail}" if detail else says,
                call_sid=call_sid,
                at=self._clock.now(),
                warning=fact.warning if fact else False,
                source=fact.source if fact else "",
            )
        )

    async def fetch(
        self, event: str, url: str, method: str, params: Mapping[str, str], call_sid: str | None
    ) -> Answer:
        """Ask for a document. Raises Unobtainable after noting why.

        Shielded: a caller who hangs up does not take back a request that is on its way.
        """
        task = self._keep(self._fetch(event, url, method, params, call_sid))
        answer: Answer = await asyncio.shield(task)
        return answer

    def _keep(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # an abandoned request may fail with nobody listening
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _fetch(
        self, event: str, url: str, method: str, params: Mapping[str, str], call_sid: str | None
    ) -> Answer:
        if not absolute(url):
            self.note(11100, url, call_sid)
            raise Unobtainable
        if delay := self._faults.take("delay", event):
            await self._clock.sleep(delay.seconds)
        if self._faults.take("drop", event):
            self.note(11200, f"{url} (dropped on demand)", call_sid)
            raise Unobtainable
        if self._faults.take("duplicate", event):
            await self._send(event, url, method, params)
        status, content_type, text = await self._send(event, url, method, params)
        if not 200 <= status < 300:
            why = f"answered {status}" if status else text
            self.note(11200, f"{method} {url} {why}", call_sid)
            raise Unobtainable
        if len(text.encode()) > LARGEST_DOCUMENT:
            self.note(11750, url, call_sid)
            raise Unobtainable
        answer = Answer(url, content_type, text)
        if content_type not in XML_TYPES and not answer.audio:
            self.note(12300, f"{url} answered {content_type or 'no Content-Type'}", call_sid)
            raise Unobtainable
        return answer

    def tell(
        self,
        event: str,
        url: str,
        method: str,
        params: Mapping[str, str],
        *,
        source: str,
        call_sid: str | None = None,
    ) -> None:
        """Send a callback some time soon. source: what its order is kept within (a SID)."""
        if self._faults.take("drop", event):
            return

        late = self._faults.take("delay", event)

        def send() -> None:
            if late is not None:
                # out of the order: the ones behind it do not wait
                self._keep(self._tell(late.seconds, None, event, url, method, params, call_sid))
                return
            before = self._last.get(source)
            task = self._keep(self._tell(0, before, event, url, method, params, call_sid))
            self._last[source] = task
            task.add_done_callback(forget)

        def forget(task: asyncio.Task[None]) -> None:
            if self._last.get(source) is task:
                del self._last[source]

        if self._faults.take("reorder", event):
            self._held.setdefault(source, []).append(send)
            return
        send()
        for held in self._held.pop(source, []):
            held()

    async def _tell(
        self,
        seconds: float,
        before: asyncio.Task[None] | None,
        event: str,
        url: str,
        method: str,
        params: Mapping[str, str],
        call_sid: str | None,
    ) -> None:
        if seconds:
            await self._clock.sleep(seconds)
        if before is not None:
            await asyncio.wait({before})
        if not absolute(url):
            self.note(11100, url, call_sid)
            return
        times = 2 if self._faults.take("duplicate", event) else 1
        for _ in range(times):
            status, _type, text = await self._send(event, url, method, params)
            if not 200 <= status < 300:
                of_conference = event.startswith(("participant-", "conference-"))
                code = 16011 if of_conference else 15003
                self.note(code, f"{method} {url} {status or text}", call_sid)

    async def _send(
        self, event: str, url: str, method: str, params: Mapping[str, str]
    ) -> tuple[int, str, str]:
        """Status (0: none), content type, and body or what went wrong."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        whole = {**params, **self._config.extra_params}
        address, body, headers = self._signer.request(method, url, whole)
        if self._config.via is not None and address.startswith(self._config.via[0]):
            address = self._config.via[1] + address.removeprefix(self._config.via[0])
        headers["I-Twilio-Idempotency-Token"] = str(uuid.uuid4())
        record = Webhook(event, method, url, whole, self._clock.now())
        self.sent.append(record)
        del self.sent[:-KEPT]
        timeout = aiohttp.ClientTimeout(total=self._config.webhook_timeout)
        with self._clock.working():
            try:
                async with self._session.request(
                    method, URL(address, encoded=True), data=body, headers=headers, timeout=timeout
                ) as response:
                    text = await response.text(errors="replace")
                    record.status = response.status
                    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
                    return response.status, kind, text
            except (TimeoutError, aiohttp.ClientError) as error:
                return 0, "", f"{type(error).__name__} {error}".strip()


def absolute(url: str) -> bool:
    """Whether Twilio takes it for a full address."""
    try:
        parsed = URL(url, encoded=True)
    except ValueError:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)
