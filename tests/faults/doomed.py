"""Processes that die at each wait of an operation in turn.

`python -m tests.faults.doomed DATABASE LIVE WORKSPACE VERB...`: for each verb a child is forked
that sets its scene and dies at the first wait of it, another that dies at the second, and so on
until one lives through it. Each prints what it is about to do, as a line of JSON, before it begins.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

from tests.faults.steps import Mortal, waited
from tests.house import House, until

LIVED = 0


async def scene(house: House, verb: str, name: str) -> Coroutine[Any, Any, Any]:
    """What is about to be done, by people and agents of its own, so that no line is shared."""
    key = uuid4().hex
    known = {"verb": verb, "name": name, "key": key}
    ws = house.workspace

    async def somebody(**more: Any) -> UUID:
        agent = await house.agent(
            f"A{uuid4().hex}", languages=(name,), capacity={"chat": 1}, **more
        )
        known["agent"] = str(agent)
        return agent

    if verb == "arrive":
        # its requirement is known, as it is for nearly everybody
        first = await house.arrive(language=name, key=f"before:{uuid4().hex}")
        await house.contacts.end(ws, first.id, outcome="closed", by="supervisor")
        work: Any = house.arrive(language=name, key=key)
    elif verb == "present":
        agent = await somebody(presence="offline")
        await house.arrive(language=name, key=key)
        work = house.contacts.set_presence(ws, agent, "available")
    else:
        agent = await somebody()
        contact = await house.arrive(language=name, key=key)
        offer = (await until(lambda: house.offer(agent), "it is offered"))["offer"]
        if verb == "accept":
            work = house.contacts.accept(ws, agent, offer)
        elif verb == "decline":
            work = house.contacts.decline(ws, agent, offer)
        elif verb == "withdraw":
            work = house.contacts.end(ws, contact.id, outcome="closed", by="supervisor")
        else:
            handling = await house.contacts.accept(ws, agent, offer)
            if verb == "wrap_up":
                await house.contacts.end(ws, contact.id, outcome="completed", by="agent")
            work = {
                "end": lambda: house.contacts.hang_up(ws, agent, contact.id),
                "release": lambda: house.contacts.release(handling.id),
                "wrap_up": lambda: house.contacts.wrap_up(ws, agent, handling.id, "resolved"),
            }[verb]()
    # what the scene has applied is deleted before anybody dies
    await house.outbox.close()
    print(json.dumps(known), flush=True)
    coroutine: Coroutine[Any, Any, Any] = work
    return coroutine


async def live_or_die(database: str, live: str, workspace: UUID, verb: str, at: int) -> None:
    house = await House.open(database, live, workspace)
    await waited(Mortal(await scene(house, verb, f"{verb}-{at}"), at))
    # what it would delete a moment later is left to others
    os._exit(LIVED)


def main() -> None:
    database, live, workspace, *verbs = sys.argv[1:]
    for verb in verbs:
        at = 1
        while True:
            child = os.fork()
            if child == 0:
                asyncio.run(live_or_die(database, live, UUID(workspace), verb, at))
            _, status = os.waitpid(child, 0)
            if os.WIFEXITED(status):
                assert os.WEXITSTATUS(status) == LIVED, f"{verb} fell at {at}"
                break
            at += 1
        print(json.dumps({"verb": verb, "waits": at - 1}), flush=True)


if __name__ == "__main__":
    main()
