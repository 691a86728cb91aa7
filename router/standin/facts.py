"""What Twilio refuses or complains about, with its code and the public page that says so.

The stand-in refuses with these and with nothing else: a code that has no source is not played.
"""

from __future__ import annotations

from dataclasses import dataclass

_ERRORS = "https://www.twilio.com/docs/api/errors/"


@dataclass(frozen=True)
class Fact:
    """code: Twilio's. status: of the HTTP answer where REST refuses. warning: the call goes on.

    source: the page.
    """

    code: int
    says: str
    source: str
    status: int = 400
    warning: bool = False


def _facts(*facts: Fact) -> dict[int, Fact]:
    return {fact.code: fact for fact in facts}


def _fact(code: int, says: str, *, status: int = 400, warning: bool = False) -> Fact:
    return Fact(code, says, f"{_ERRORS}{code}", status, warning)


FACTS = _facts(
    # fetching a document
    _fact(11100, "Invalid URL format"),
    _fact(11200, "HTTP retrieval failure: no answer in 15 s, or a status other than 2xx"),
    _fact(11750, "TwiML response body larger than 64 kB"),
    _fact(12100, "Document parse failure"),
    _fact(12200, "Schema validation warning", warning=True),
    _fact(12300, "Invalid Content-Type"),
    _fact(15003, "Call Progress: error response to callback URL", warning=True),
    _fact(16011, "Conference Event: error response to callback URL", warning=True),
    # verbs
    _fact(13214, "Dial: invalid callerId: not the caller's, nor one of the account", warning=True),
    _fact(13223, "Dial: invalid phone number format", warning=True),
    _fact(13234, "Dial->Conference: invalid waitMethod", warning=True),
    _fact(13238, "Only Say, Play, Pause and Redirect are allowed in waitUrl and holdUrl TwiML"),
    _fact(13240, "Dial->Conference: the call to coach is not in the conference"),
    _fact(13310, "Gather: invalid finishOnKey value", warning=True),
    _fact(16002, "Failed to validate conference attributes"),
    _fact(16023, "Conference: participant label invalid (max 128 chars, not CallSid, no '/')"),
    _fact(16025, "Dial->Conference: participant label is in use by another participant"),
    # REST: calls
    _fact(15004, "Action URL must be absolute when TwiML updates an in-progress call"),
    _fact(21201, "No 'To' number specified"),
    _fact(21205, "Invalid URL"),
    _fact(21208, "Invalid Timeout"),
    _fact(21210, "'From' phone number not verified"),
    _fact(21211, "Invalid 'To' phone number"),
    _fact(21213, "No 'From' number specified"),
    _fact(21220, "Invalid call state: call is not in-progress"),
    _fact(22005, "Call queue full: more than 24 hours of calls", status=429),
    _fact(32018, "TwiML size exceeded maximum allowed value of 4000 characters"),
    # REST: conferences
    _fact(16024, "Participant label invalid: max 128 chars, not a CallSid, no '/'"),
    _fact(16026, "Participant label is in use by another participant"),
    _fact(16027, "Participant to be whispered is on hold"),
    # REST: everything
    _fact(20001, "A parameter is missing or invalid"),
    _fact(20003, "Authenticate", status=401),
    _fact(20404, "The requested resource was not found", status=404),
    _fact(20429, "Too many requests", status=429),
    # access tokens and the voice SDK
    _fact(20101, "Invalid Access Token", status=401),
    _fact(20103, "Invalid Access Token issuer or subject", status=401),
    _fact(20104, "Access Token expired, or its life is longer than 24 hours", status=401),
    _fact(31103, "Length of parameters cannot exceed MAX_PARAM_LENGTH"),
    _fact(31204, "Invalid JWT token: identity or voice grant missing", status=401),
)

# Behaviour that carries no code, where the code would otherwise look arbitrary.
BEHAVIOUR = {
    "the first participant sets a conference's statusCallback and its events, later ones are "
    "ignored": "https://www.twilio.com/docs/voice/twiml/conference#attributes-status-callback",
    "a conference starts with two participants of whom one has startConferenceOnEnter": (
        "https://www.twilio.com/docs/voice/twiml/conference#attributes-status-callback-event"
    ),
    "after a conference, Dial's action gets DialCallStatus answered": (
        "https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus"
    ),
    "a call that is moved by REST while it dials still asks Dial's action (or a Redirect right "
    "after it), and the answer is ignored": (
        "https://www.twilio.com/changelog/changes-to-dial-behavior-for-enhanced-programmable-"
        "sip-feature-accounts"
    ),
    "a wait document that ends is followed by silence": (
        "https://www.twilio.com/docs/voice/twiml/conference#attributes-waiturl"
    ),
    "a wait document that cannot be had ends the Dial": (
        "https://www.twilio.com/docs/voice/twiml/conference#attributes-waiturl"
    ),
    "finishOnKey before any digit falls through to the next verb": (
        "https://www.twilio.com/docs/voice/twiml/gather#action"
    ),
    "an empty recording does not ask its action": (
        "https://www.twilio.com/docs/voice/twiml/record#action"
    ),
    "a called phone rings 5 s longer than its timeout": (
        "https://www.twilio.com/docs/voice/api/conference-participant-resource"
    ),
    "calls made over REST go out at 1 a second, the rest is queued": (
        "https://www.twilio.com/docs/voice/api/call-resource"
    ),
    "an answer is waited for 15 seconds": ("https://www.twilio.com/docs/api/errors/11200"),
}


class Refused(Exception):
    """What REST or the voice SDK's gateway answers instead of acting.

    code: one of FACTS. detail: what is wrong here, for the reader.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        self.fact = FACTS[code]
        self.message = self.fact.says + (f": {detail}" if detail else "")
        super().__init__(f"{code} {self.message}")

    @property
    def code(self) -> int:
        return self.fact.code
