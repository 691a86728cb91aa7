"""Every key of the live store, named here and nowhere else.

All keys of a workspace share one hash tag, so that a script never crosses slots. Keys of the
picture carry the epoch: a rebuild writes beside what scripts of the older epoch still see.
Python calls `key(...)`; scripts get the same names as functions `K.contact(id)` (`lua_keys`).
"""

from __future__ import annotations

from uuid import UUID

EVENTS_LENGTH = 20_000
"""About how many events a workspace's stream keeps."""

TEMPLATES: dict[str, tuple[str, ...]] = {
    # name: what its parts are, in order                            type: content
    "contact": ("contact",),  # hash: the live contact with its open offer, or its tombstone
    "line": ("kind",),  # zset: waiting contacts by effective arrival; offered ones are out
    "order": ("queue",),  # zset: who has had to wait, offered or not, by effective arrival
    "age": ("queue",),  # zset: the same by arrival
    "lines": (),  # zset: kinds with somebody waiting, by their head's score or less
    "own": ("agent",),  # zset: waiting contacts that prefer this agent
    "routes": ("queue",),  # hash: kinds of all steps → how many wait with these
    "agent": ("agent",),  # hash: presence, class, size, load, open offer, stand
    "hands": ("agent",),  # hash: offer → channel, or channel/wrapup: what they have in hand
    "released": ("offer",),  # string: this hand is done, a late script must not hold it again
    "class": ("class",),  # hash: how many are signed in, and per room how its stand is listed
    "kinds": ("class",),  # set: what agents of the class may serve
    "stand": ("stand",),  # zset: idle agents of one class and room, by idle since
    "stands": ("kind",),  # zset: stands with somebody idle for this kind, by since or less
    "dropped": ("stand",),  # set: kinds that list it no more, for nobody was idle
    "passed": ("kind",),  # string: how often the longest idle was passed over in a row
    "held_back": (),  # zset: kinds held back for the reserve, by since when
    "house": (),  # hash: reserve share, 2nd-level agents available and idle by room
    "able_classes": ("kind",),  # set: classes that have somebody signed in for this kind
    "due": (),  # zset: offers by deadline, accepting ones by lease
    "wake": (),  # zset: waiting contacts by next step or end of an exclusion
    "agents": (),  # set: agents who are signed in or hold something
    "open": (),  # zset: live contacts by arrival
    "today": ("queue", "day"),  # hash: what was answered and abandoned
    "pace": ("queue",),  # hash: how fast the line moves
    "desks": (),  # zset: agents by the end of their desk's lease
    "visitors": (),  # zset: chat and video contacts by the end of their customer's lease
}


def root(workspace_id: UUID) -> str:
    """The part that all keys of a workspace begin with: its hash tag."""
    return "{" + workspace_id.hex + "}:"


def events_key(workspace_id: UUID) -> str:
    """The workspace's stream of events; it outlives epochs."""
    return root(workspace_id) + "events"


def epoch_key(workspace_id: UUID) -> str:
    """The epoch that scripts must name: a number, or `rebuilding:` and the next number."""
    return root(workspace_id) + "epoch"


def rate_key(workspace_id: UUID, name: str, who: str) -> str:
    """How often this address did this lately; a counter that expires and outlives epochs."""
    return f"{root(workspace_id)}rate:{name}:{who}"


def server_key(workspace_id: UUID) -> str:
    """The run id of the server that the picture was made on."""
    return root(workspace_id) + "server"


def key(workspace_id: UUID, epoch: int, name: str, *parts: str) -> str:
    """One key of the picture, for example `key(ws, 1, "line", "7")`."""
    if len(parts) != len(TEMPLATES[name]):
        raise ValueError(f"{name} takes {TEMPLATES[name]}")
    return f"{root(workspace_id)}{epoch}:{':'.join((name, *parts))}"


def lua_keys() -> str:
    """The same names as Lua functions over `P`, the prefix of root and epoch of one call."""
    lines = ["local P", "local K = {}"]
    for name, parts in TEMPLATES.items():
        names = [f"p{n}" for n in range(len(parts))]
        expression = "..':'..".join([f"P..'{name}'", *names])
        lines.append(f"K['{name}'] = function({', '.join(names)}) return {expression} end")
    lines.append(f"local EVENTS_LENGTH = {EVENTS_LENGTH}")
    return "\n".join(lines)
