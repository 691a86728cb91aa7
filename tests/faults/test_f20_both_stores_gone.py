"""f20: both stores are gone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.faults.agent import Habits
from tests.faults.center import Center
from tests.faults.test_f10_webhooks import contact_of, incoming, webhook

STATIC_S = 5.0


async def test_f20_callers_hear_a_static_answer_and_everything_comes_back(center: Center) -> None:
    agent = await center.agent(Habits())
    contact = await center.arrive()
    await center.all_over()
    for process in center.rig.processes:
        process.live.gone()
        process.truth.gone()
    forms = [incoming(center) for _ in range(6)]

    async def one(number: int) -> None:
        begun = time.monotonic()
        process = center.rig.processes[number % 2]
        status, body = await webhook(center, process, "/incoming", **forms[number])
        assert status == 200
        assert "<Say" in body
        assert "<Redirect" in body
        assert time.monotonic() - begun < STATIC_S

    await asyncio.gather(*map(one, range(6)))
    for process in center.rig.processes:
        status, _ = await center.ask("GET", "/healthz", at=process)
        assert status == 200, "it lives"
        status, _ = await center.ask("GET", "/readyz", at=process)
        assert status == 503, "and is not ready"
    center.rig.heal()
    for process in center.rig.processes:
        await process.ready()
    for form in forms:
        # the call asks again, and is one contact
        status, _ = await webhook(center, center.rig.processes[0], "/incoming", **form)
        assert status == 200
        await contact_of(center, form["CallSid"])
        await webhook(
            center, center.rig.processes[1], "/status", **form | {"CallStatus": "completed"}
        )
    assert await center.arrive() is not None
    await center.all_over()
    await center.check()
    del agent, contact


def test_f20_the_docs_set_up_twilios_own_fallback() -> None:
    """For when we are gone altogether: Twilio needs to be told before."""
    text = (Path(__file__).parents[2] / "docs" / "voice.md").read_text()
    assert "Primary handler fails" in text
