"""Reads and checks single settings; gathers everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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


class Reader:
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

    def twilio(self) -> dict[str, str] | None:
        """The vendor's settings by their names; None: no phone."""
        forms: dict[str, Callable[[str], bool]] = {
            "TWILIO_ACCOUNT_SID": _sid("AC"),
            "TWILIO_AUTH_TOKEN": _credential,
            "TWILIO_API_KEY_SID": _sid("SK"),
            "TWILIO_API_KEY_SECRET": _credential,
            "TWILIO_APP_SID": _sid("AP"),
        }
        values = {name: self.get(name) for name in forms}
        given = {name: value for name, value in values.items() if value is not None}
        if base := self.url("TWILIO_API_BASE", ("https", "http")):
            given["TWILIO_API_BASE"] = base
        if not given:
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
        return given


def _sid(prefix: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(prefix + "[0-9a-fA-F]{32}", value) is not None


def _credential(value: str) -> bool:
    return len(value) >= 16 and len(set(value)) >= 8 and not PLACEHOLDERS.search(value)
