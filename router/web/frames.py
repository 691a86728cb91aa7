"""What clients may ask over their sockets: one struct a request, `type` names it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from router.web.requests import Key, Stars
from router.web.socket import Frame

Cursor = Annotated[int, Meta(ge=0, le=2**53)]
# the conversation has its own words for what is wrong with a text
Text = Annotated[str, Meta(max_length=20_000)]
Short = Annotated[str, Meta(max_length=200)]
OfferId = Annotated[str, Meta(max_length=120)]
VideoWord = Literal["asked", "on", "off"]


class Presence(Frame, tag="presence", kw_only=True):
    state: Literal["available", "break", "offline"]
    reason: Short | None = None


class Accept(Frame, tag="accept", kw_only=True):
    offer: OfferId


class Decline(Frame, tag="decline", kw_only=True):
    offer: OfferId


class Say(Frame, tag="say", kw_only=True):
    contact: UUID
    key: Key
    text: Text


class Read(Frame, tag="read", kw_only=True):
    contact: UUID
    after: Cursor


class End(Frame, tag="end", kw_only=True):
    contact: UUID


class Escalate(Frame, tag="escalate", kw_only=True):
    handling: UUID
    reason: Text
    asked: Text
    tried: Text


class WrapUp(Frame, tag="wrap_up", kw_only=True):
    handling: UUID
    outcome: Short
    note: Text | None = None


class Video(Frame, tag="video", kw_only=True):
    contact: UUID
    state: VideoWord


class Signal(Frame, tag="signal", kw_only=True):
    contact: UUID
    data: dict[str, Any]


class Hold(Frame, tag="hold", kw_only=True):
    contact: UUID
    on: bool


class Sync(Frame, tag="sync"):
    pass


DeskFrame = (
    Presence
    | Accept
    | Decline
    | Say
    | Read
    | End
    | Escalate
    | WrapUp
    | Video
    | Signal
    | Hold
    | Sync
)


class Hello(Frame, tag="hello", kw_only=True):
    contact: UUID
    secret: Annotated[str, Meta(max_length=200)]
    after: Cursor = 0


class OwnSay(Frame, tag="say", kw_only=True):
    key: Key
    text: Text


class OwnRead(Frame, tag="read", kw_only=True):
    after: Cursor


class OwnEnd(Frame, tag="end"):
    pass


class OwnVideo(Frame, tag="video", kw_only=True):
    state: VideoWord


class OwnSignal(Frame, tag="signal", kw_only=True):
    data: dict[str, Any]


class OwnRate(Frame, tag="rate", kw_only=True):
    stars: Stars
    comment: Text | None = None


ContactFrame = OwnSay | OwnRead | OwnEnd | OwnVideo | OwnSignal | OwnRate


class FloorSync(Frame, tag="sync"):
    pass
