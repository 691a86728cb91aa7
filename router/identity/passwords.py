"""Which passwords staff may choose. Pure."""

from __future__ import annotations

import unicodedata

from router.errors import Invalid

SHORTEST = 10
LONGEST = 256


def form(password: str) -> str:
    """The password as it is hashed: the same however a keyboard composes its characters."""
    # bounded before it is normalised: a login takes anything
    return unicodedata.normalize("NFKC", password[: LONGEST * 4])


def check(password: str, *, email: str) -> str:
    """The form of a password that may be chosen. Raises Invalid saying why not."""
    chosen = form(password)
    if len(chosen) < SHORTEST:
        raise Invalid(f"Use at least {SHORTEST} characters.", field="password")
    if len(password) > LONGEST or len(chosen) > LONGEST:
        raise Invalid(f"Use at most {LONGEST} characters.", field="password")
    if len(set(chosen)) < 5 or chosen.isdigit():
        raise Invalid("This is too easy to guess. Use a few unrelated words.", field="password")
    name = email.partition("@")[0]
    if chosen.lower() == email or (len(name) > 3 and name in chosen.lower()):
        raise Invalid("Your mail address is no password.", field="password")
    return chosen
