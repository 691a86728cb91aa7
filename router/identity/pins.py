"""Experts' PINs for the keypad: what one is, and how one is drawn. Pure.

Hashing is `hashing.py`, the limit on tries `throttle.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import pairwise

DIGITS = 6


def draw(below: Callable[[int], int] = secrets.randbelow) -> str:
    """A fresh PIN of six digits, none that somebody would try first.

    below: gives a number from 0 to just under its argument.
    """
    while True:
        pin = f"{below(10**DIGITS):0{DIGITS}}"
        if not trivial(pin):
            return pin


def trivial(pin: str) -> bool:
    """Whether people try this one first: repeated, counted up or down, or a short pattern."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    return len(steps) == 1 or pin == pin[:2] * 3 or pin == pin[:3] * 2


def well_formed(pin: str) -> bool:
    """Whether this can be a PIN at all: six ASCII digits."""
    return len(pin) == DIGITS and pin.isascii() and pin.isdigit()
