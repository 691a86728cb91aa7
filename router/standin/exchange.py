"""The stand-in itself: the account, its calls and rooms, and everybody who can be reached."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from router.standin.calls import Call
from router.standin.clock import Clock, ManualClock
from router.standin.conferences import Conference
from router.standin.config import Config, Number
from router.standin.documents import Document, Verb
from router.standin.faults import Faults
from router.standin.outbound import Pace
from router.standin.peers import Peers
from router.standin.phones import Phone
from router.standin.progress import StatusCallback
from router.standin.recordings import Recordings
from router.standin.seats import Seat
from router.standin.steps import Ask
from router.standin.webhooks import Notice, Webhook, Webhooks

KEPT = 5_000
"""Ended calls and conferences that REST still knows."""


class Bell:
    """Where calls ring: browsers' sockets and booths. Both may be given up by quiet()."""

    def rings(self, call: Call) -> bool:
        """Ring for this call; false: nobody is there."""
        raise NotImplementedError

    def quiet(self, call: Call) -> None:
        """It rings no longer: answered somewhere, refused, or given up."""
        raise NotImplementedError


class Standin:
    """base_url: where its REST API is reached, with the path that it is mounted at."""

    def __init__(self, config: Config, base_url: str = "http://127.0.0.1/standin") -> None:
        self.config = config
        self.base_url = base_url
        self.clock: Clock = ManualClock() if config.manual_clock else Clock(config.speed)
        self.faults = Faults()
        self.webhooks_out = Webhooks(config, self.clock, self.faults)
        self.peers = Peers()
        self.pace = Pace(config.calls_per_second)
        self.recordings = Recordings(self)
        self.calls: dict[str, Call] = {}
        self.conferences: dict[str, Conference] = {}
        self.rooms: dict[str, Conference] = {}
        self.phones: dict[str, Phone] = {}
        self.clients: Bell | None = None
        self.booths: Bell | None = None
        self.closing = asyncio.Event()
        self._watchers: list[Callable[[Call], None]] = []

    # for tests and the demo

    @property
    def webhooks(self) -> list[Webhook]:
        return self.webhooks_out.sent

    @property
    def errors(self) -> list[Notice]:
        return self.webhooks_out.errors

    async def call(
        self,
        *,
        from_: str,
        to: str,
        stir: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Call:
        """Somebody calls one of the account's numbers. from_: E.164, or what Twilio shows of a
        withheld number: `anonymous`, `+266696687`. stir: StirVerstat, None: not sent.
        params: further ones of the webhook (`ForwardedFrom`).

        Raises LookupError when the number is not the account's.
        """
        number = self.number(to)
        callbacks = (StatusCallback(number.status_callback),) if number.status_callback else ()
        more = dict(params or {}) | ({"StirVerstat": stir} if stir is not None else {})
        call = self.leg(from_=from_, to=to, direction="inbound", callbacks=callbacks, params=more)
        call.begin(Ask(number.voice_url, number.voice_method, "voice"))
        return call

    def number(self, number: str) -> Number:
        if number not in self.config.numbers:
            raise LookupError(f"{number} is not a number of this account")
        return self.config.numbers[number]

    def phone(self, address: str, **script: Any) -> Phone:
        """The telephone at an address; with a script, it behaves so from now on.

        script: the fields of Phone.
        """
        phone = self.phones.setdefault(address, Phone(address))
        for name, value in script.items():
            if not hasattr(phone, name):
                raise TypeError(f"a phone has no {name}")
            setattr(phone, name, value)
        return phone

    def watch(self, watcher: Callable[[Call], None]) -> None:
        """Be told of each new call."""
        self._watchers.append(watcher)

    # for the parts of the stand-in

    @staticmethod
    def new_sid(kind: str) -> str:
        return kind + uuid.uuid4().hex

    def leg(
        self,
        *,
        from_: str,
        to: str,
        direction: str,
        parent: Call | None = None,
        callbacks: tuple[StatusCallback, ...] = (),
        params: Mapping[str, str] | None = None,
    ) -> Call:
        call = Call(
            self,
            from_=from_,
            to=to,
            direction=direction,
            parent=parent,
            callbacks=callbacks,
            params=params,
        )
        self.calls[call.sid] = call
        for watcher in self._watchers:
            watcher(call)
        return call

    def ended(self, call: Call) -> None:
        self.peers.forget(call)
        call.media = None
        if len(self.calls) > KEPT:
            for sid in [sid for sid, old in self.calls.items() if old.over_now][: KEPT // 10]:
                del self.calls[sid]

    def reach(self, call: Call) -> Phone | None:
        """Ring whoever has the called address; the phone that a script plays, if one does."""
        address = call.to.partition("?")[0]
        if self.booths is not None and self.booths.rings(call):
            return None
        if self.clients is not None and self.clients.rings(call):
            return None
        phone = self.phones.get(address)
        if phone is not None:
            phone.rings(call, self.clock)
        elif address.startswith("client:"):
            # a device that is not registered does not ring at all
            call.ring.set_result("no-answer")
        return phone

    def quiet(self, call: Call) -> None:
        for bell in (self.booths, self.clients):
            if bell is not None:
                bell.quiet(call)

    def owns(self, number: str) -> bool:
        return number in self.config.numbers or number in self.config.verified

    def may_show(self, caller_id: str, call: Call) -> bool:
        """Whether a call may be dialled on with this caller ID."""
        return self.owns(caller_id) or caller_id in (call.from_, call.to)

    def conference(self, name: str, seat: Seat) -> Conference:
        """The one that is going on under this name, or a new one."""
        if (going_on := self.rooms.get(name)) is not None:
            return going_on
        conference = Conference(self, self.new_sid("CF"), name, self.clock.now(), seat)
        conference.updated = conference.created
        self.conferences[conference.sid] = self.rooms[name] = conference
        return conference

    def conference_over(self, conference: Conference) -> None:
        self.rooms.pop(conference.name, None)
        if len(self.conferences) > KEPT:
            ended = [c.sid for c in self.conferences.values() if c.status == "completed"]
            for sid in ended[: KEPT // 10]:
                del self.conferences[sid]

    def keep_recording(
        self, call: Call, verb: Verb, document: Document, seconds: int
    ) -> dict[str, str]:
        return self.recordings.keep(call, verb, document, seconds)

    async def close(self) -> None:
        self.closing.set()
        for call in list(self.calls.values()):
            await call.close()
        for conference in self.conferences.values():
            for participant in conference.people.values():
                participant.stop_playing()
        await self.webhooks_out.close()
