"""f10: webhooks twice, on two processes at once, in every order, hours late, and never."""

from __future__ import annotations

import asyncio
import re
import uuid
from itertools import permutations
from typing import Any

import aiohttp
import pytest
from twilio.request_validator import RequestValidator

from tests.faults.agent import HANDS_OFF, Agent
from tests.faults.center import Center
from tests.faults.rig import Process
from tests.house import until
from tests.voice.conftest import ACCOUNT

SIGNED = RequestValidator(ACCOUNT.auth_token)


async def webhook(
    center: Center, process: Process, path: str, seconds: float = 15, **form: str
) -> tuple[int, str]:
    """Status and body of one webhook to this very process, signed for the public address."""
    public = f"http://127.0.0.1:{center.rig.front.port}/twilio/voice{path}"
    async with center.rig.http.post(
        f"{process.url}/twilio/voice{path}",
        data=form,
        headers={"X-Twilio-Signature": SIGNED.compute_signature(public, form)},
        timeout=aiohttp.ClientTimeout(seconds),
    ) as answer:
        return answer.status, await answer.text()


def incoming(center: Center) -> dict[str, str]:
    """What Twilio sends of a new call; it is recorded as asked for."""
    sid = f"CA{uuid.uuid4().hex}"
    center.history.invoked("arrive", key=sid)
    return {
        "CallSid": sid,
        "From": f"+49152{center.chance.randrange(10**7, 10**8)}",
        "To": center.number,
        "CallStatus": "ringing",
    }


async def contact_of(center: Center, sid: str) -> Any:
    rows = await center.rig.pool.fetch(
        "select * from contact where provider_key = $1", "voice:" + sid
    )
    assert len(rows) == 1, f"{len(rows)} contacts of {sid}"
    return rows[0]


async def speaker(center: Center, number: str) -> Agent:
    """An agent on a telephone, who presses 1."""
    center.rig.standin.phone(number, answers_after=0.1, presses="1")
    return await center.agent(HANDS_OFF, phone=number, chats=0, calls=1)


async def test_f10_a_call_whose_every_webhook_comes_twice_and_out_of_order(center: Center) -> None:
    faults = center.rig.standin.faults
    faults.duplicate("*")
    faults.reorder("call-status", times=None)
    agent = await speaker(center, "+4930555200")
    call = await center.caller()
    contact = center.history.of("arrive", "done")[-1].contact
    await agent.accept((await agent.rings(contact))["offer"])

    async def state(wanted: str) -> bool:
        return (await center.hands(contact))[0]["state"] == wanted

    await until(lambda: state("active"), "the conversation", 10)
    await agent.end(contact)
    await call.hears("1 to 5")
    call.press("4")
    await call.over()
    await center.all_over()
    await center.check()
    assert len(await center.hands(contact)) == 1
    stars = await center.rig.pool.fetch(
        "select stars from rating where workspace_id = $1", center.id
    )
    assert [row["stars"] for row in stars] == [4]


async def test_f10_the_same_webhook_on_two_processes_at_once_is_one_contact(center: Center) -> None:
    for _ in range(3):
        form = incoming(center)
        answers = await asyncio.gather(
            *(webhook(center, p, "/incoming", **form) for p in center.rig.processes * 3)
        )
        assert {status for status, _ in answers} == {200}
        assert len({body for _, body in answers}) == 1, "the same answer"
        contact = await contact_of(center, form["CallSid"])
        over = form | {"CallStatus": "completed"}
        await asyncio.gather(
            *(webhook(center, p, "/status", **over) for p in center.rig.processes * 2)
        )
        assert (await contact_of(center, form["CallSid"]))["state"] == "ended"
        await center.look()
        del contact
    await center.check()


async def test_f10_a_calls_states_in_every_order_and_hours_late(center: Center) -> None:
    orders = list(permutations(("ringing", "in-progress", "completed")))

    async def one(order: tuple[str, ...]) -> None:
        form = incoming(center)
        first, second = center.rig.processes
        status, body = await webhook(center, first, "/incoming", **form)
        assert status == 200
        address = re.search(r'action="[^"]*?/twilio/voice(/[^"?]+)', body)
        assert address is not None, body
        for place, each in enumerate(order):
            process = (first, second)[place % 2]
            await webhook(center, process, "/status", **form | {"CallStatus": each})
        assert (await contact_of(center, form["CallSid"]))["outcome"] == "abandoned"
        await center.look()
        # hours later, from a queue that was stuck somewhere
        for path in ("/status", "/incoming", address[1]):
            late = form | {"CallStatus": "in-progress", "Digits": "1"}
            status, _ = await webhook(center, second, path, **late)
            assert status == 200
        assert (await contact_of(center, form["CallSid"]))["outcome"] == "abandoned"

    await asyncio.gather(*map(one, orders))
    await center.check()


@pytest.mark.parametrize("what", ["in line", "before the line"])
async def test_f10_a_call_that_twilio_is_silent_about_is_asked_for(
    center: Center, what: str
) -> None:
    call = await center.caller()
    contact = center.history.of("arrive", "done")[-1].contact
    if what == "before the line":
        call = await center.rig.standin.call(from_="+4915100000001", to=center.number)
        center.history.invoked("arrive", key=call.sid)
        await call.hears("expert number")
        contact = str((await contact_of(center, call.sid))["id"])
    center.rig.standin.faults.drop("*")
    call.hang_up()
    await call.over()
    assert not await center.is_state(contact, "ended")

    async def asked_for() -> bool:
        # as if it had been silent for a minute and a half; what was on the way when the caller
        # hung up may be heard after this
        await center.rig.pool.execute(
            "update leg set heard_at = heard_at - interval '95 seconds'"
            " where contact_id = $1 and heard_at > now() - interval '90 seconds'",
            uuid.UUID(contact),
        )
        return await center.is_state(contact, "ended")

    await until(asked_for, "no zombie", 12)
    center.rig.standin.faults.clear()
    await center.check()
