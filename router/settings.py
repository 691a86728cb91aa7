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
| TRUST_PROXY | "on": one proxy in front names the client's address in X-Forwarded-For |
| CONTACTS_PER_MINUTE | how many contacts one client address may open by itself; 30 |
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}

# what manuals, templates and impatient people write where a secret belongs
PLACEHOLDERS = re.compile(
    r"change.?(me|this|it)|placeholder|example|your[-_ ]|secret[-_ ]?key|password|insert[-_ ]"
    r"|12345678|demo[-_ ]|dummy|not[-_ ]?a[-_ ]?secret",
    re.IGNORECASE,
)


class SettingsError(Exception):
    """The environment is not fit to start on.

    problems: one sentence each, naming the setting and what to do.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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
        reader = _Reader(environ)
        database_url, redis_url = reader.stores()
        settings = cls(
            host=reader.get("HOST") or "0.0.0.0",
            port=reader.port(),
            public_url=reader.public_url(),
            secret_key=reader.secret("SECRET_KEY", needed=True) or "",
            data=data_folder(environ),
            database_url=database_url,
            redis_url=redis_url,
            twilio=reader.twilio(),
            stun_urls=reader.addresses("STUN_URLS", ("stun:", "stuns:")),
            turn_urls=reader.addresses("TURN_URLS", ("turn:", "turns:")),
            turn_secret=reader.secret("TURN_SECRET", needed=bool(reader.get("TURN_URLS"))),
            trust_proxy=reader.switch("TRUST_PROXY"),
            contacts_per_minute=reader.number("CONTACTS_PER_MINUTE", 30, most=100_000),
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
        reader = _Reader(environ)
        port = reader.port() if port is None else port
        host = reader.get("HOST") or "127.0.0.1"
        near = "127.0.0.1" if host in {"0.0.0.0", "::", "localhost"} else host
        settings = cls(
            host=host,
            port=port,
            public_url=reader.public_url(otherwise=f"http://localhost:{port}"),
            secret_key=secret_key,
            data=data,
            twilio=reader.twilio() or standin_account(secret_key, f"http://{near}:{port}/standin"),
            stun_urls=reader.addresses("STUN_URLS", ("stun:", "stuns:")),
            turn_urls=reader.addresses("TURN_URLS", ("turn:", "turns:")),
            turn_secret=reader.secret("TURN_SECRET", needed=bool(reader.get("TURN_URLS"))),
            trust_proxy=reader.switch("TRUST_PROXY"),
            contacts_per_minute=reader.number("CONTACTS_PER_MINUTE", 30, most=100_000),
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
    reader = _Reader(environ)
    url = reader.url("DATABASE_URL", ("postgresql", "postgres"))
    reader.finish()
    return url


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


class _Reader:
    """Reads settings and gathers what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def finish(self) -> None:
        if self.problems:
            raise SettingsError(self.problems)

    def get(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def port(self) -> int:
        raw = self.get("PORT") or "8080"
        if re.fullmatch(r"[0-9]{1,5}", raw) and 1 <= int(raw) <= 65535:
            return int(raw)
        self.problems.append(f"PORT is {raw!r}; it must be a whole number from 1 to 65535")
        return 8080

    def number(self, name: str, otherwise: int, *, most: int) -> int:
        raw = self.get(name)
        if raw is None:
            return otherwise
        if re.fullmatch(r"[0-9]{1,9}", raw) and 1 <= int(raw) <= most:
            return int(raw)
        self.problems.append(f"{name} is {raw!r}; it must be a whole number from 1 to {most}")
        return otherwise

    def switch(self, name: str) -> bool:
        raw = self.get(name) or "off"
        if raw not in {"on", "off"}:
            self.problems.append(f"{name} is {raw!r}; it must be on or off")
        return raw == "on"

    def public_url(self, otherwise: str | None = None) -> str:
        raw = self.get("PUBLIC_URL") or otherwise
        if raw is None:
            self.problems.append(
                "PUBLIC_URL is missing; set it to the address that people use, "
                "like https://support.example.com"
            )
            return ""
        try:
            parts = urlsplit(raw)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if not host or parts.scheme not in {"http", "https"}:
            self.problems.append(f"PUBLIC_URL is {raw!r}; it must look like https://host")
        elif parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
            self.problems.append("PUBLIC_URL must be a scheme and a host alone, without a path")
        elif parts.scheme == "http" and host not in LOCAL_NAMES:
            self.problems.append(
                "PUBLIC_URL must begin with https: browsers give a microphone and a camera, and "
                "keep session cookies safe, on https alone (http is good for localhost)"
            )
        return raw.rstrip("/")

    def secret(self, name: str, *, needed: bool, least: int = 32) -> str | None:
        value = self.get(name)
        advice = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        if value is None:
            if needed:
                self.problems.append(f"{name} is missing; {advice}")
            return None
        if len(value.encode()) < least:
            self.problems.append(f"{name} is shorter than {least} bytes; {advice}")
        elif len(set(value)) < 10 or PLACEHOLDERS.search(value):
            self.problems.append(f"{name} is a default or can be guessed; {advice}")
        return value

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.get(name)
        if value is not None and value.partition("://")[0] not in schemes:
            self.problems.append(f"{name} must begin with {schemes[0]}://")
        return value

    def stores(self) -> tuple[str | None, str | None]:
        database = self.url("DATABASE_URL", ("postgresql", "postgres"))
        live = self.url("REDIS_URL", ("redis", "rediss", "unix"))
        if (database is None) != (live is None):
            lacking = "DATABASE_URL" if database is None else "REDIS_URL"
            self.problems.append(
                f"{lacking} is missing; set both DATABASE_URL and REDIS_URL, "
                f"or neither for the embedded stores"
            )
        return database, live

    def addresses(self, name: str, schemes: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(filter(None, re.split(r"[,\s]+", self.get(name) or "")))
        for address in found:
            if not address.startswith(schemes):
                self.problems.append(f"{name} has {address!r}; each must begin with {schemes[0]}")
        return found

    def twilio(self) -> Twilio | None:
        forms: dict[str, Callable[[str], bool]] = {
            "TWILIO_ACCOUNT_SID": _sid("AC"),
            "TWILIO_AUTH_TOKEN": _credential,
            "TWILIO_API_KEY_SID": _sid("SK"),
            "TWILIO_API_KEY_SECRET": _credential,
            "TWILIO_APP_SID": _sid("AP"),
        }
        values = {name: self.get(name) for name in forms}
        given = {name: value for name, value in values.items() if value is not None}
        base = self.url("TWILIO_API_BASE", ("https", "http"))
        if not given and base is None:
            return None
        for name, form in forms.items():
            if name not in given:
                self.problems.append(
                    f"{name} is missing; set all of {', '.join(forms)}, or none for no phone"
                )
            elif not form(given[name]):
                self.problems.append(
                    f"{name} does not look like one; copy it from Twilio's console"
                )
        return Twilio(
            account_sid=given.get("TWILIO_ACCOUNT_SID", ""),
            auth_token=given.get("TWILIO_AUTH_TOKEN", ""),
            api_key_sid=given.get("TWILIO_API_KEY_SID", ""),
            api_key_secret=given.get("TWILIO_API_KEY_SECRET", ""),
            app_sid=given.get("TWILIO_APP_SID", ""),
            api_base=base,
        )


def _sid(prefix: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(prefix + "[0-9a-fA-F]{32}", value) is not None


def _credential(value: str) -> bool:
    return len(value) >= 16 and len(set(value)) >= 8 and not PLACEHOLDERS.search(value)
