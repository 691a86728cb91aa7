"""Who talks to whom: browsers on one line exchange sound directly, so they are told of each
other, and what they signal is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from router.standin.calls import Call

if TYPE_CHECKING:
    from router.standin.conferences import Conference

Links = dict[tuple[Call, Call], bool]
"""From one call to another: whether the first may be heard by the second."""


class Peers:
    """A group is a conference or a caller who dialled somebody."""

    def __init__(self) -> None:
        self._groups: dict[str, Links] = {}
        self._pairs: dict[str, tuple[Call, Call]] = {}
        self._rooms: dict[Call, Conference] = {}
        self._muted: set[Call] = set()

    def seat(self, conference: Conference) -> None:
        """Somebody came, left, was put on hold, muted, or coaches now."""
        for call in [c for c, room in self._rooms.items() if room is conference]:
            del self._rooms[call]
        links: Links = {}
        if conference.status == "in-progress":
            seated = [p for p in conference.people.values() if not p.hold]
            for one in seated:
                self._rooms[one.call] = conference
                for other in seated:
                    if one is not other:
                        whispers = one.coach is not None and one.coach != other.call.sid
                        speaks = not (one.muted or whispers or one.call in self._muted)
                        links[one.call, other.call] = speaks
        self._become(conference.sid, links)

    def pair(self, caller: Call, called: Call) -> None:
        self._pairs[caller.sid] = (caller, called)
        links = {
            (caller, called): caller not in self._muted,
            (called, caller): called not in self._muted,
        }
        self._become(caller.sid, links)

    def part(self, caller: Call) -> None:
        self._pairs.pop(caller.sid, None)
        self._become(caller.sid, {})

    def mute(self, call: Call, on: bool) -> None:
        """Mutes itself, wherever it talks."""
        (self._muted.add if on else self._muted.discard)(call)
        if (room := self._rooms.get(call)) is not None:
            self.seat(room)
        for one, other in list(self._pairs.values()):
            if call in (one, other):
                self.pair(one, other)

    def forget(self, call: Call) -> None:
        self._muted.discard(call)
        self._rooms.pop(call, None)

    def relay(self, call: Call, to: str, data: Any) -> bool:
        """Pass on to a peer of this call; false: it is none (any more)."""
        for links in self._groups.values():
            for one, other in links:
                if one is call and other.sid == to and other.media is not None:
                    message = {"type": "signal", "callSid": to, "from": call.sid, "data": data}
                    other.media(message)
                    return True
        return False

    def _become(self, group: str, links: Links) -> None:
        links = {pair: on for pair, on in links.items() if pair[0].media and pair[1].media}
        before = self._groups.pop(group, {})
        if links:
            self._groups[group] = links
        for one, other in before.keys() - links.keys():
            self._tell(one, {"type": "unpeer", "callSid": one.sid, "peer": other.sid})
        for (one, other), speak in links.items():
            if before.get((one, other)) != speak:
                message = {
                    "type": "peer",
                    "callSid": one.sid,
                    "peer": other.sid,
                    "polite": one.sid > other.sid,
                    "speak": speak,
                }
                self._tell(one, message)

    @staticmethod
    def _tell(call: Call, message: dict[str, Any]) -> None:
        if call.media is not None:
            call.media(message)
