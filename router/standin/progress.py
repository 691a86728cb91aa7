"""What Twilio tells of a call's way: status callbacks, and where its numbers are from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers

from router.standin.clock import stamp

if TYPE_CHECKING:
    from router.standin.calls import Call

_EVENTS = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}


@dataclass(frozen=True)
class StatusCallback:
    """events: initiated, ringing, answered, completed."""

    url: str
    events: frozenset[str] = frozenset({"completed"})
    method: str = "POST"


class Progress:
    """Tells a call's states to those who asked."""

    def __init__(self, callbacks: tuple[StatusCallback, ...]) -> None:
        self._callbacks = callbacks
        self._sequence = 0

    def tell(self, call: Call) -> None:
        """https://www.twilio.com/docs/voice/api/call-resource#statuscallback"""
        event = _EVENTS.get(call.status, "completed")
        for callback in self._callbacks:
            if event not in callback.events:
                continue
            params = {
                **call.params,
                "CallbackSource": "call-progress-events",
                "SequenceNumber": str(self._sequence),
                "Timestamp": stamp(call.standin.clock.now()),
            }
            self._sequence += 1
            if call.over_now:
                params["CallDuration"] = str(call.seconds)
                params["Duration"] = str(-(-call.seconds // 60))
            call.standin.webhooks_out.tell(
                "call-status",
                callback.url,
                callback.method,
                params,
                source=call.sid,
                call_sid=call.sid,
            )


def places(one: str, other: str, address: str) -> dict[str, str]:
    """Where a number is from; Twilio knows the country, and the rest in America.

    A withheld number looks like one of Lesotho: +266696687 spells ANONYMOUS.
    """
    if not address.startswith("+"):
        return {}
    try:
        country = phonenumbers.region_code_for_country_code(
            phonenumbers.parse(address).country_code or 0
        )
    except phonenumbers.NumberParseException:
        country = ""
    return {
        f"{name}{what}": country if what == "Country" else ""
        for name in (one, other)
        for what in ("City", "State", "Zip", "Country")
    }
