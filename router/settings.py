"""What the environment decides. Nothing else in the project reads it.

| name | means |
|---|---|
| PORT, HOST | where to listen; 8080 on all addresses (the demo: on this machine only) |
| PUBLIC_URL | the address that people and vendors use: https, unless it is this machine |
| SECRET_KEY | at least 32 random bytes: signs what the service hands out |
| DATABASE_URL, REDIS_URL | both: those stores; neither: embedded ones |
| SECONDLINE_DATA | the embedded stores' folder; ./data |
| TWILIO_ACCOUNT_SID, _AUTH_TOKEN, _API_KEY_SID, _API_KEY_SECRET, _APP_SID | all, or no phone |
| TWILIO_API_BASE | where the vendor's REST API is, when a stand-in plays it |
| STUN_URLS, TURN_URLS, TURN_SECRET | how video finds a way; addresses separated by commas |
| METRICS_TOKEN | what a reader of /metrics must bear; without it anybody may read |
| TRUST_PROXY | "on": one proxy in front names the client's address in X-Forwarded-For |
| CONTACTS_PER_MINUTE | how many contacts one client address may open by itself; 30 |
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from router.environment import Reader, SettingsError

__all__ = [
    "Settings",
    "SettingsError",
    "Twilio",
    "data_folder",
    "database_url",
    "environ",
    "public_url",
]


@dataclass(frozen=True, repr=False)
class Twilio:
    """An account at the telephony vendor.

    api_base: where its REST API is instead of the vendor's own place; None: there.
    """

    account_sid: str
    auth_token: str
    api_key_sid: str
    api_key_secret: str
    app_sid: str
    api_base: str | None = None


@dataclass(frozen=True, repr=False)
class Settings:
    """What a process runs on.

    public_url: without a slash at the end. database_url, redis_url: None until the embedded
    stores run. twilio: None: no phone. standin: the demo's stand-in plays Twilio in this process.
    """

    host: str
    port: int
    public_url: str
    secret_key: str
    data: Path
    database_url: str | None = None
    redis_url: str | None = None
    twilio: Twilio | None = None
    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str | None = None
    trust_proxy: bool = False
    contacts_per_minute: int = 30
    metrics_token: str | None = None
    demo: bool = False

    @property
    def standin(self) -> bool:
        return self.demo and self.twilio is not None and self.twilio.api_base is not None

    @property
    def secure(self) -> bool:
        """Whether browsers reach the service by https (and cookies can insist on it)."""
        return self.public_url.startswith("https:")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """For production. Raises SettingsError that names every problem at once."""
        reader = Reader(environ)
        database_url, redis_url = reader.stores()
        settings = cls(
            host=reader.get("HOST") or "0.0.0.0",
            port=reader.port(),
            public_url=reader.public_url(),
            secret_key=reader.secret("SECRET_KEY", needed=True) or "",
            data=data_folder(environ),
            database_url=database_url,
            redis_url=redis_url,
            twilio=_twilio(reader),
            stun_urls=reader.addresses("STUN_URLS", ("stun:", "stuns:")),
            turn_urls=reader.addresses("TURN_URLS", ("turn:", "turns:")),
            turn_secret=reader.secret("TURN_SECRET", needed=bool(reader.get("TURN_URLS"))),
            trust_proxy=reader.switch("TRUST_PROXY"),
            contacts_per_minute=reader.number("CONTACTS_PER_MINUTE", 30, most=100_000),
            metrics_token=reader.secret("METRICS_TOKEN", needed=False),
        )
        reader.finish()
        return settings

    @classmethod
    def for_demo(
        cls, environ: Mapping[str, str], data: Path, secret_key: str, *, port: int | None = None
    ) -> Settings:
        """For `secondline demo`: on this machine, with embedded stores and a stand-in for Twilio.

        secret_key: the data folder's own. PORT, HOST, PUBLIC_URL, the TWILIO_ and the video
        settings count here too. Raises SettingsError.
        """
        reader = Reader(environ)
        port = reader.port() if port is None else port
        host = reader.get("HOST") or "localhost"
        near = "127.0.0.1" if host in {"0.0.0.0", "::", "localhost"} else host
        settings = cls(
            host=host,
            port=port,
            public_url=reader.public_url(otherwise=f"http://localhost:{port}"),
            secret_key=secret_key,
            data=data,
            twilio=_twilio(reader) or standin_account(secret_key, f"http://{near}:{port}/standin"),
            stun_urls=reader.addresses("STUN_URLS", ("stun:", "stuns:")),
            turn_urls=reader.addresses("TURN_URLS", ("turn:", "turns:")),
            turn_secret=reader.secret("TURN_SECRET", needed=bool(reader.get("TURN_URLS"))),
            trust_proxy=reader.switch("TRUST_PROXY"),
            contacts_per_minute=reader.number("CONTACTS_PER_MINUTE", 30, most=100_000),
            metrics_token=reader.secret("METRICS_TOKEN", needed=False),
            demo=True,
        )
        reader.finish()
        return settings


def environ() -> Mapping[str, str]:
    """The process's environment, for the commands to hand on."""
    return os.environ


def data_folder(environ: Mapping[str, str]) -> Path:
    """Where the embedded stores keep their data."""
    return Path(environ.get("SECONDLINE_DATA") or "data")


def database_url(environ: Mapping[str, str]) -> str | None:
    """The database that `migrate` and `admin` work on; None: the embedded one.

    Raises SettingsError.
    """
    reader = Reader(environ)
    url = reader.url("DATABASE_URL", ("postgresql", "postgres"))
    reader.finish()
    return url


def public_url(environ: Mapping[str, str]) -> str:
    """For links that `admin` prints. Raises SettingsError."""
    reader = Reader(environ)
    url = reader.public_url(otherwise=f"http://localhost:{reader.port()}")
    reader.finish()
    return url


def _twilio(reader: Reader) -> Twilio | None:
    given = reader.twilio()
    if given is None:
        return None
    return Twilio(
        account_sid=given.get("TWILIO_ACCOUNT_SID", ""),
        auth_token=given.get("TWILIO_AUTH_TOKEN", ""),
        api_key_sid=given.get("TWILIO_API_KEY_SID", ""),
        api_key_secret=given.get("TWILIO_API_KEY_SECRET", ""),
        app_sid=given.get("TWILIO_APP_SID", ""),
        api_base=given.get("TWILIO_API_BASE"),
    )


def standin_account(secret_key: str, api_base: str) -> Twilio:
    """An account at the stand-in; its secrets come from the key, so that nobody else knows them."""

    def derived(name: str) -> str:
        return hmac.new(secret_key.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]

    return Twilio(
        account_sid="AC" + derived("account"),
        auth_token=derived("auth token"),
        api_key_sid="SK" + derived("api key"),
        api_key_secret=derived("api key secret"),
        app_sid="AP" + derived("app"),
        api_base=api_base,
    )
