"""What the stand-in is told about the account that it plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Number:
    """A phone number of the account. voice_url, status_callback: absolute addresses."""

    voice_url: str
    status_callback: str | None = None
    label: str = ""
    voice_method: str = "POST"


@dataclass(frozen=True)
class Caller:
    """Somebody whom the phone booth suggests to call as. number: E.164, or `anonymous`.

    stir: what the carrier says of the number, `TN-Validation-Passed-A`; None: nothing.
    """

    number: str
    label: str
    stir: str | None = None


@dataclass(frozen=True, kw_only=True)
class Config:
    """account_sid … app_sid: as the service has them. numbers: by E.164.

    voice_url: of the TwiML app, asked for softphones. speed: how many times faster than the
    world's its clock runs. manual_clock: it stands still and a test advances it.
    calls_per_second: REST calls that go out; more are queued. webhook_timeout: real seconds.
    via: webhooks to addresses that begin with the first are delivered to the second, signed for
    the first (a public address that is not reached from in here). booth: whether the phone booth
    is mounted. extra_params: sent with every webhook, as Twilio
    adds new ones at any time.
    """

    account_sid: str = "AC" + "0" * 32
    auth_token: str = "stand-in auth token"
    api_key_sid: str = "SK" + "0" * 32
    api_key_secret: str = "stand-in api key secret, long enough"
    app_sid: str = "AP" + "0" * 32
    voice_url: str = ""
    numbers: Mapping[str, Number] = field(default_factory=dict)
    callers: tuple[Caller, ...] = ()
    verified: tuple[str, ...] = ()
    speed: float = 1.0
    manual_clock: bool = False
    calls_per_second: float = 1.0
    seconds_per_character: float = 0.06
    seconds_per_file: float = 5.0
    webhook_timeout: float = 15.0
    via: tuple[str, str] | None = None
    booth: bool = False
    extra_params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, account: Any, **more: Any) -> Config:
        """From anything with account_sid, auth_token, api_key_sid, api_key_secret and app_sid."""
        names = ("account_sid", "auth_token", "api_key_sid", "api_key_secret", "app_sid")
        return cls(**{name: getattr(account, name) for name in names}, **more)
