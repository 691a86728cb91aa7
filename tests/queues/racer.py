"""One of several processes that work the same line: `python -m tests.queues.racer`.

Arguments: database, live, workspace, this process's number, how many there are, contacts.
Prints what it was answered, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from collections import Counter
from uuid import UUID

from router.channels.contacts import Arrival
from router.errors import Conflict, Gone, SecondlineError
from router.identity.people import Identity
from tests.house import House


async def main(
    database: str, live: str, workspace: str, number: int, processes: int, contacts: int
) -> None:
    house = await House.open(database, live, UUID(workspace))
    chance = random.Random(number)
    answers: Counter[str] = Counter()
    accepted: list[str] = []
    ws = house.workspace
    person = await house.person("Racer")
    identity = Identity(person_id=person, role="customer", assurance=0)
    agents = [row["id"] for row in await house.pool.fetch("select id from agent order by id")]
    assert house.entry_point is not None

    async def arrive(n: int) -> None:
        assert house.entry_point is not None
        await house.contacts.arrive(
            Arrival(ws, "chat", house.entry_point, f"race:{number}:{n}", identity, "en")
        )

    async def work(agent: UUID, offer: str) -> None:
        try:
            if chance.random() < 0.03:
                await house.contacts.decline(ws, agent, offer)
                answers["declined"] += 1
                return
            if chance.random() < 0.05:
                with contextlib.suppress(Gone):  # somebody else's offer
                    await house.contacts.accept(ws, chance.choice(agents), offer)
                    answers["somebody else's offer accepted"] += 1
            handling = await house.contacts.accept(ws, agent, offer)
        except Gone:
            answers["gone"] += 1
            return
        answers["accepted"] += 1
        accepted.append(f"{handling.id}")
        if chance.random() < 0.03:
            await house.contacts.release(handling.id)
            answers["released"] += 1
            return
        await house.contacts.end(ws, handling.contact_id, outcome="completed", by="agent")
        try:
            await house.contacts.wrap_up(ws, agent, handling.id, "resolved")
        except Conflict:
            answers["in hand elsewhere"] += 1

    async def guarded(agent: UUID, offer: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            try:
                await work(agent, offer)
            except SecondlineError as error:
                answers[error.code] += 1
            except Exception as error:
                answers["broken"] += 1
                print(f"broken: {type(error).__name__}: {error}", file=sys.stderr, flush=True)

    house.timers.start()
    gate = asyncio.Semaphore(8)
    tasks: set[asyncio.Task[None]] = set()
    async with house.hub.subscribe(ws, ["floor"], limit=200_000) as events:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)

        async def feed() -> None:
            for n in range(number, contacts, processes):
                await arrive(n)

        async def take() -> None:
            async for event in events:
                # every offer is answered by two processes at once
                if event["t"] == "offer" and (
                    hash_of(event["offer"]) % processes in (number, (number + 1) % processes)
                ):
                    task = asyncio.create_task(guarded(UUID(event["agent"]), event["offer"], gate))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)

        taking = asyncio.create_task(take())
        await feed()
        while await house.pool.fetchval(
            "select exists (select from contact where state <> 'ended')"
            " or exists (select from handling where state <> 'done')"
            " or (select count(*) from contact) < $1",
            contacts,
        ):
            await asyncio.sleep(0.5)
            if number == 0:
                # whoever missed an offer on a slow machine comes back
                for row in await house.pool.fetch(
                    "select id from agent where presence = 'break' and workspace_id = $1", ws
                ):
                    await house.contacts.set_presence(ws, row["id"], "available")
        await asyncio.gather(*tasks, return_exceptions=True)
        taking.cancel()
    await house.close()
    print(json.dumps({"answers": answers, "accepted": accepted}), flush=True)


def hash_of(offer: str) -> int:
    """The same in every process, unlike hash()."""
    return sum(offer.encode())


if __name__ == "__main__":
    database, live, workspace, number, processes, contacts = sys.argv[1:]
    asyncio.run(main(database, live, workspace, int(number), int(processes), int(contacts)))
