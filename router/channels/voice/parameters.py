"""What Twilio sends, read by name: known names alone, each at most once, each of its form.

The signature joins names and values without a separator, so a body in which a name comes twice
is refused. New parameters appear at any time: they are ignored and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from prometheus_client import Counter

from router.errors import Malformed
from router.web.metrics import REGISTRY

UNKNOWN = Counter(
    "secondline_twilio_unknown_parameters_total",
    "Parameters of Twilio's webhooks that we do not know; a rise after months at rest: read "
    "Twilio's changelog.",
    registry=REGISTRY,
)

_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,500}")
_FORMS: dict[str, re.Pattern[str]] = {
    "CallSid": re.compile(r"CA[0-9a-fA-F]{32}"),
    "ConferenceSid": re.compile(r"CF[0-9a-fA-F]{32}"),
    "RecordingSid": re.compile(r"(RE[0-9a-fA-F]{32})?"),
    "RecordingDuration": re.compile(r"(-?[0-9]{1,6})?"),
    "CallDuration": re.compile(r"[0-9]{0,9}"),
    "SequenceNumber": re.compile(r"[0-9]{1,9}"),
    "Digits": re.compile(r"[0-9*#A-Da-dw]{0,64}|hangup"),
    "CallStatus": re.compile(r"[a-z-]{0,20}"),
    "StatusCallbackEvent": re.compile(r"[a-z-]{0,60}"),
    "handling": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "contact": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "turn": re.compile(r"[0-9]{1,6}"),
    "leg": re.compile(r"intended:[0-9a-f-]{36}:(agent|caller):[0-9]{1,3}"),
}
KNOWN = frozenset(_FORMS) | {"From", "To", "StirVerstat", "FriendlyName", "RecordingUrl"}
# sent with every request, of no use to us, and no news
_USUAL = frozenset(
    """
    AccountSid ApiVersion ApplicationSid Called CalledCity CalledCountry CalledState CalledZip
    Caller CallerCity CallerCountry CallerState CallerZip CallToken Direction ForwardedFrom
    FromCity FromCountry FromState FromZip ToCity ToCountry ToState ToZip StirPassportToken
    ParentCallSid Timestamp CallbackSource Duration msg FinishedOnKey
    ParticipantLabel Muted Hold Coaching EndConferenceOnExit StartConferenceOnEnter
    DialCallStatus DialCallSid DialCallDuration DialBridged ReasonParticipantLeft
    ParticipantCallStatus ReasonConferenceEnded CallSidEndingConference Reason AnsweredBy
    SipResponseCode RecordingStatus RecordingChannels RecordingSource RecordingStartTime
    ErrorCode ErrorUrl CallerName Speech SpeechResult Confidence DialSipCallId DialSipResponseCode
    """.split()  # noqa: SIM905 - a list of words is read more easily than a list of strings
)


class Parameters:
    """The parameters of one webhook. Raises Malformed when one comes twice.

    A value that is not of its form counts as absent: the caller hears our answer, not an error.
    """

    def __init__(self, sent: Iterable[tuple[str, object]]):
        seen: set[str] = set()
        self._values: dict[str, str] = {}
        for name, value in sent:
            if name in seen:
                raise Malformed("This parameter is given twice.", field=name[:100])
            seen.add(name)
            if name not in KNOWN:
                if name not in _USUAL:
                    UNKNOWN.inc()
            elif isinstance(value, str) and _FORMS.get(name, _TEXT).fullmatch(value):
                self._values[name] = value

    def __getitem__(self, name: str) -> str:
        """A value that must be there. Raises Malformed."""
        if name not in self._values:
            raise Malformed("This parameter is missing or not of its form.", field=name)
        return self._values[name]

    def get(self, name: str) -> str | None:
        """The value, or None where it is absent."""
        return self._values.get(name)

    def number(self, name: str) -> int | None:
        """The value as a whole number."""
        return int(self._values[name]) if self._values.get(name) else None

    def id(self, name: str) -> UUID | None:
        """The value as one of our ids."""
        return UUID(self._values[name]) if name in self._values else None
