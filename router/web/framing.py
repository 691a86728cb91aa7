"""WebSocket frames as a server sends them (RFC 6455, 5.2): whole, and not masked. Pure."""

from __future__ import annotations

import struct

PING = b"\x89\x00"
_TEXT = 0x81
_HEAD_16 = struct.Struct("!BBH")
_HEAD_64 = struct.Struct("!BBQ")


def head(size: int) -> bytes:
    """What stands before the text of a frame of so many bytes."""
    if size < 126:
        return bytes((_TEXT, size))
    if size < 65_536:
        return _HEAD_16.pack(_TEXT, 126, size)
    return _HEAD_64.pack(_TEXT, 127, size)
