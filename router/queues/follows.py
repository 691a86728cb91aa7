"""Which policy the steps of a waiting contact were made of. Pure."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import msgspec

from router.queues.policy import Policy

READ_LATER = frozenset(
    {
        "name",  # of a queue, which policy documents have beside its policy
        "target",
        "chat",
        "wrap_up_seconds",
        "callback",
        "callback_tries",
        "voicemail",
        "voicemail_hours",
        "escalates_to",
        "hours",
        "closed",
        "head_start_seconds",
        "expert_head_start_seconds",
        "network_seconds",
        "network_cap",
        "head_starts",
    }
)
"""Fields that are read when they are needed, and head starts, which are given once."""


def follows(policy: Policy) -> str:
    """A name for all that a contact in line got from its queue's policy: 16 hexadecimal digits.

    Equal for policies that give waiting contacts the same steps and offers.
    """
    return _name(msgspec.json.encode(policy))


@lru_cache(maxsize=4096)
def _name(document: bytes) -> str:
    parts = msgspec.json.decode(document)
    kept = {name: value for name, value in parts.items() if name not in READ_LATER}
    return hashlib.blake2b(msgspec.json.encode(kept), digest_size=8).hexdigest()
