"""Eight processes race on one line; one checker reads what happened."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from tests.checker import Step, faults_of
from tests.house import House

PROCESSES = 8
AGENTS = 60
REPOSITORY = Path(__file__).parents[2]

GOOD = [
    Step(1, "arrived", "c1"),
    Step(2, "accepted", "c1", "a"),
    Step(3, "left", "c1"),
    Step(3, "freed", "c1", "a"),
    Step(4, "accepted", "c1", "b"),
    Step(5, "ended", "c1"),
    Step(6, "freed", "c1", "b"),
]


def test_the_checker_has_nothing_against_a_good_history() -> None:
    assert faults_of(GOOD, capacity={"a": 1, "b": 1}) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([*GOOD, Step(4.5, "accepted", "c1", "a")], "is with b and a"),
        ([*GOOD, Step(7, "ended", "c1")], "after its end"),
        ([*GOOD, Step(7, "accepted", "c1", "a")], "after its end"),
        ([*GOOD, Step(0, "arrived", "c1")], "arrived twice"),
        ([*GOOD, Step(2, "accepted", "c9", "a")], "without having arrived"),
        (GOOD[:5], "has no end"),
        (GOOD[:6], "still holds 1"),
        (
            [*GOOD, Step(1, "arrived", "c2"), Step(2.5, "accepted", "c2", "a")],
            "a holds 2 of 1",
        ),
        ([*GOOD, Step(8, "freed", "c1", "b")], "freed more than they held"),
    ],
)
def test_the_checker_finds_what_is_wrong(wrong: list[Step], said: str) -> None:
    assert any(said in fault for fault in faults_of(wrong, capacity={"a": 1, "b": 1}))


def start_racer(
    database: str, live: str, workspace: UUID, number: int, contacts: int
) -> subprocess.Popen[str]:
    arguments = (database, live, str(workspace), str(number), str(PROCESSES), str(contacts))
    return subprocess.Popen(
        # they race with each other, not with whatever else is tested at the same time
        ["nice", sys.executable, "-m", "tests.queues.racer", *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def finish(racer: subprocess.Popen[str]) -> str:
    output, _ = await asyncio.to_thread(racer.communicate)
    assert racer.returncode == 0, "a racer fell, and the others would wait for its contacts"
    return output


@pytest.mark.parametrize("contacts", [2_000, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_eight_processes_on_one_line_lose_and_double_none(
    database: str, live: str, contacts: int
) -> None:
    house = await House.open(database, live)
    await house.queue(
        "customers", {"offer_seconds": {"chat": 60}, "retry_seconds": 1, "wrap_up_seconds": 30}
    )
    agents = [await house.agent(f"A{n}", capacity={"chat": 1 + n % 3}) for n in range(AGENTS)]
    racers = [
        start_racer(database, live, house.workspace, number, contacts)
        for number in range(PROCESSES)
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            while (await asyncio.to_thread(racer.stdout.readline)).strip() != "ready":
                assert racer.poll() is None
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        outputs = await asyncio.wait_for(asyncio.gather(*map(finish, racers)), 400)
    finally:
        for racer in racers:
            racer.kill()
    answers: Counter[str] = Counter()
    for output in outputs:
        answers.update(json.loads(output.splitlines()[-1])["answers"])

    assert answers["broken"] == 0, answers
    history: list[Step] = []
    for row in await house.pool.fetch("select id, arrived_at, ended_at, outcome from contact"):
        history.append(Step(row["arrived_at"].timestamp(), "arrived", str(row["id"])))
        if row["ended_at"] is not None:
            history.append(Step(row["ended_at"].timestamp(), "ended", str(row["id"])))
    for row in await house.pool.fetch("select * from handling"):
        contact, agent = str(row["contact_id"]), str(row["agent_id"])
        history.append(Step(row["accepted_at"].timestamp(), "accepted", contact, agent))
        if row["ending"] == "lost":
            history.append(Step(row["ended_at"].timestamp(), "left", contact))
        if row["done_at"] is not None:
            history.append(Step(row["done_at"].timestamp(), "freed", contact, agent))
    capacity = {str(agent): 1 + n % 3 for n, agent in enumerate(agents)}
    assert faults_of(history, capacity=capacity) == []
    assert await house.pool.fetchval("select count(*) from contact") == contacts

    # at rest nobody is reserved, in the live store either
    await house.outbox.drain()
    await house.outbox.forget()
    assert await house.pool.fetchval("select count(*) from outbox") == 0
    for agent in agents:
        fields = await house.live_agent(agent)
        assert fields.get("n:chat", "0") == "0", fields
        assert not fields.get("offer")
    assert answers["gone"] > 100, "a race that nobody lost was no race"
    await house.close()
