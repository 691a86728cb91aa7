"""The environment is read once, and every problem with it is named at once."""

from __future__ import annotations

import secrets
from dataclasses import fields
from pathlib import Path

import pytest

from router.settings import Settings, SettingsError

TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "0123456789abcdef" * 2,
    "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
    "TWILIO_API_KEY_SID": "SK" + "0123456789abcdef" * 2,
    "TWILIO_API_KEY_SECRET": secrets.token_hex(16),
    "TWILIO_APP_SID": "AP" + "0123456789abcdef" * 2,
}
GOOD = {"PUBLIC_URL": "https://calls.acme.test/", "SECRET_KEY": secrets.token_hex(24)}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return caught.value.problems


def test_the_least_that_production_needs():
    settings = Settings.from_env(GOOD)
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)
    assert settings.public_url == "https://calls.acme.test"
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.twilio is None
    assert settings.secure
    assert not settings.standin


def test_everything_that_is_missing_is_named_in_one_go():
    named = problems({"TWILIO_AUTH_TOKEN": TWILIO["TWILIO_AUTH_TOKEN"], "REDIS_URL": "redis://x"})
    for name in ("PUBLIC_URL", "SECRET_KEY", "DATABASE_URL", *(TWILIO.keys())):
        told = [line for line in named if line.startswith(f"{name} is missing")]
        assert len(told) == (name != "TWILIO_AUTH_TOKEN"), name


@pytest.mark.parametrize(
    "secret",
    [
        "a-few-bytes",
        "a" * 64,
        "changeme-changeme-changeme-changeme",
        "please-set-your-secret-key-in-the-environment",
        "1234567890123456789012345678901234567890",
    ],
)
def test_a_secret_that_can_be_guessed_is_refused_without_repeating_it(secret: str):
    [line] = problems(GOOD | {"SECRET_KEY": secret})
    assert line.startswith("SECRET_KEY")
    assert secret not in line


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://calls.acme.test", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]:8080", True),
        ("http://calls.acme.test", False),
        ("http://localhost.acme.test", False),
        ("https://calls.acme.test/path", False),
        ("https://calls.acme.test?x=1", False),
        ("https://me@calls.acme.test", False),
        ("https://host:port", False),
        ("calls.acme.test", False),
        ("ftp://calls.acme.test", False),
    ],
)
def test_a_public_address_is_https_or_this_machine(url: str, good: bool):
    environ = GOOD | {"PUBLIC_URL": url}
    if good:
        Settings.from_env(environ)
    else:
        [line] = problems(environ)
        assert "PUBLIC_URL" in line


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80a", "٨٠", "8080 8081"])
def test_a_port_that_is_none_is_named(port: str):
    [line] = problems(GOOD | {"PORT": port})
    assert line.startswith("PORT")


def test_the_phone_needs_all_of_its_settings_and_each_in_its_place():
    assert Settings.from_env(GOOD | TWILIO).twilio is not None
    swapped = TWILIO | {"TWILIO_ACCOUNT_SID": TWILIO["TWILIO_API_KEY_SID"]}
    [line] = problems(GOOD | swapped)
    assert line.startswith("TWILIO_ACCOUNT_SID")


def test_a_relay_for_video_needs_its_secret():
    [line] = problems(GOOD | {"TURN_URLS": "turn:turn.acme.test:3478"})
    assert line.startswith("TURN_SECRET is missing")
    settings = Settings.from_env(
        GOOD
        | {
            "TURN_URLS": "turn:turn.acme.test:3478, turns:turn.acme.test:5349",
            "TURN_SECRET": secrets.token_hex(16),
        }
    )
    assert settings.turn_urls == ("turn:turn.acme.test:3478", "turns:turn.acme.test:5349")


def test_every_setting_arrives_where_it_is_used():
    settings = Settings.from_env(
        GOOD
        | TWILIO
        | {
            "PORT": "9000",
            "HOST": "10.0.0.1",
            "SECONDLINE_DATA": "/srv/data",
            "DATABASE_URL": "postgresql://db/x",
            "REDIS_URL": "redis://live",
            "TWILIO_API_BASE": "http://localhost:9/standin",
            "STUN_URLS": "stun:a",
            "TURN_URLS": "turn:b",
            "TURN_SECRET": secrets.token_hex(16),
            "METRICS_TOKEN": secrets.token_hex(16),
            "TRUST_PROXY": "on",
            "CONTACTS_PER_MINUTE": "7",
        }
    )
    unset = Settings("0.0.0.0", 8080, "", "", Path("data"))
    same = {
        field.name
        for field in fields(Settings)
        if getattr(settings, field.name) == getattr(unset, field.name)
    }
    # only a demo is one
    assert same == {"demo"}


def test_the_demo_needs_nothing_and_makes_secrets_that_nobody_knows(tmp_path):
    one = Settings.for_demo({"PORT": "9123"}, tmp_path, "a" * 40)
    assert (one.host, one.port, one.public_url) == ("localhost", 9123, "http://localhost:9123")
    assert one.standin
    other = Settings.for_demo({}, tmp_path, "b" * 40)
    assert one.twilio
    assert other.twilio
    assert one.twilio.auth_token != other.twilio.auth_token
    Settings.for_demo({}, tmp_path, "a" * 40)


def test_with_a_real_account_the_demo_uses_it(tmp_path):
    settings = Settings.for_demo(TWILIO, tmp_path, "a" * 40)
    assert settings.twilio
    assert settings.twilio.account_sid == TWILIO["TWILIO_ACCOUNT_SID"]
    assert not settings.standin


def test_settings_do_not_print_their_secrets():
    settings = Settings.from_env(GOOD | TWILIO)
    assert GOOD["SECRET_KEY"] not in repr(settings)
    assert TWILIO["TWILIO_AUTH_TOKEN"] not in repr(settings.twilio)
