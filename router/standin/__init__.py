"""Plays Twilio's part in development, tests and the demo. See docs/standin.md."""

from __future__ import annotations

from router.standin.app import MOUNT, make_standin, serving
from router.standin.calls import Call
from router.standin.config import Caller, Config, Number
from router.standin.exchange import Standin
from router.standin.phones import Phone
from router.standin.rest.door import STANDIN

__all__ = [
    "MOUNT",
    "STANDIN",
    "Call",
    "Caller",
    "Config",
    "Number",
    "Phone",
    "Standin",
    "make_standin",
    "serving",
]
