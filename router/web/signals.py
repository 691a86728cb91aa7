"""What two browsers tell each other to find their way for a picture; opaque but for its size."""

from __future__ import annotations

from typing import Any

import msgspec

from router.errors import Invalid

SIGNAL_BYTES = 16 * 1024
"""A session description with room to spare. Signals pass through the live store's stream of
events, which must not become a store of whatever somebody sends."""


def check_signal(data: dict[str, Any]) -> None:
    """Raises Invalid for a signal that is too long."""
    if len(msgspec.json.encode(data)) > SIGNAL_BYTES:
        raise Invalid(f"A signal may have at most {SIGNAL_BYTES} bytes.", field="data")
