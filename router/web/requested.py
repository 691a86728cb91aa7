"""What an agent's desk asks for: each request checked for its contact, then done by its room."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from aiohttp import web

from router.channels.records import HandOver
from router.channels.voice.voice import VOICE
from router.errors import Conflict, NotFound
from router.web import frames
from router.web.frames import DeskFrame
from router.web.keys import CONTACTS, CONVERSATIONS, HUB, POOL, VIDEOS
from router.web.requests import line, text
from router.web.signals import check_signal
from router.web.viewers import Viewer

MAX_HAND_OVER = 2000


class Shown(Protocol):
    """The desk that asks."""

    async def snapshot(self) -> None: ...


class Requested:
    """Answers one agent's requests."""

    def __init__(self, app: web.Application, viewer: Viewer, desk: Shown) -> None:
        self._app = app
        self._viewer = viewer
        self._desk = desk
        self._ws, self._agent = viewer.workspace_id, viewer.account_id

    async def answer(self, frame: DeskFrame) -> dict[str, Any] | None:
        """Do what the frame asks; what its `ok` carries. Raises errors of the tree."""
        contacts = self._app[CONTACTS]
        match frame:
            case frames.Presence():
                reason = line(frame.reason, "reason", longest=100) if frame.reason else None
                await contacts.set_presence(
                    self._ws, self._agent, frame.state, reason, by=self._agent
                )
            case frames.Accept():
                handling = await contacts.accept(self._ws, self._agent, frame.offer)
                return {"handling": handling.id}
            case frames.Decline():
                await contacts.decline(self._ws, self._agent, frame.offer)
            case frames.Escalate():
                hand_over = HandOver(
                    text(frame.reason, "reason", longest=MAX_HAND_OVER),
                    text(frame.asked, "asked", longest=MAX_HAND_OVER),
                    text(frame.tried, "tried", longest=MAX_HAND_OVER),
                )
                await contacts.escalate(self._ws, self._agent, frame.handling, hand_over)
            case frames.WrapUp():
                outcome = line(frame.outcome, "outcome", longest=100)
                note = text(frame.note, "note") if frame.note and frame.note.strip() else None
                await contacts.wrap_up(self._ws, self._agent, frame.handling, outcome, note)
            case frames.Sync():
                await self._desk.snapshot()
            case _:
                return await self._about_contact(frame)
        return None

    async def _about_contact(self, frame: Any) -> dict[str, Any] | None:
        contact = frame.contact
        if isinstance(frame, frames.End):
            await self._app[CONTACTS].hang_up(self._ws, self._agent, contact)
            return None
        await self._require_hand(contact, open_only=not isinstance(frame, frames.Read))
        match frame:
            case frames.Say():
                entry = await self._app[CONVERSATIONS].say(
                    self._ws,
                    contact,
                    author="agent",
                    author_id=self._agent,
                    text=frame.text,
                    client_key=frame.key,
                )
                return {"seq": entry.seq}
            case frames.Read():
                entries = await self._app[CONVERSATIONS].read(
                    self._ws, contact, frame.after, staff=True
                )
                return {"entries": [entry.wire() for entry in entries]}
            case frames.Video():
                await self._app[VIDEOS].change(
                    self._ws, contact, frame.state, by="agent", by_id=self._agent
                )
            case frames.Signal():
                check_signal(frame.data)
                await self._app[HUB].publish(
                    self._ws,
                    {"t": "signal", "contact": str(contact), "from": "agent", "data": frame.data},
                )
            case frames.Hold():
                voice = self._app.get(VOICE)
                if voice is None:
                    raise Conflict("There is no phone here.", state="no_phone")
                await voice.hold(self._ws, self._agent, contact, on=frame.on)
        return None

    async def _require_hand(self, contact_id: UUID, *, open_only: bool) -> None:
        """Raises NotFound for a contact that this agent never had, Conflict for one they had."""
        state = await self._app[POOL].fetchval(
            "select state from handling where workspace_id = $1 and contact_id = $2"
            " and agent_id = $3 order by accepted_at desc limit 1",
            self._ws,
            contact_id,
            self._agent,
        )
        if state is None:
            raise NotFound("This contact was never in your hands.", field="contact")
        if open_only and state not in ("connecting", "active"):
            raise Conflict("This contact is no longer in your hands.", state=state)
