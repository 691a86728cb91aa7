"""f11: our call to Twilio gets no answer after it acted: asked before it is repeated."""

from __future__ import annotations

from tests.faults.agent import HANDS_OFF
from tests.faults.center import Center
from tests.house import until


async def test_f11_neither_agent_nor_customer_is_called_twice(center: Center) -> None:
    customer = "+4915212345000"
    call = await center.rig.standin.call(from_=customer, to=center.number)
    operation = center.history.invoked("arrive", key=call.sid)
    await call.hears("expert number")
    await call.answers("#")
    await call.hears("press 1")
    call.press("1")
    await call.hears("ends in")
    call.press("1")
    await call.over()
    row = await center.rig.pool.fetchrow(
        "select * from contact where provider_key = $1", f"voice:{call.sid}"
    )
    assert row["callback_to"] == customer
    contact = str(row["id"])
    operation.done(contact)

    agents_phone = center.rig.standin.phone("+4930555300", answers_after=0.1, presses="1")
    customers_phone = center.rig.standin.phone(customer, answers="human")
    agent = await center.agent(HANDS_OFF, phone="+4930555300", chats=0, calls=1)
    traps = [
        process.twilio.trap("/Calls.json", "cut reply", times=2) for process in center.rig.processes
    ]
    await agent.accept((await agent.rings(contact))["offer"])

    async def talking() -> bool:
        return (await center.hands(contact))[0]["state"] == "active"

    await until(talking, "they speak", 13)
    assert any(trap.taken.is_set() for trap in traps)
    assert (len(agents_phone.calls), len(customers_phone.calls)) == (1, 1)
    await agent.end(contact)
    await center.all_over()
    await center.check()


async def test_f11_a_call_that_never_left_is_placed_again(center: Center) -> None:
    """The other side of it: the request was lost on its way, so nothing rings."""
    phone = center.rig.standin.phone("+4930555301", answers_after=0.1, presses="1")
    agent = await center.agent(HANDS_OFF, phone="+4930555301", chats=0, calls=1)
    await center.caller()
    contact = center.history.of("arrive", "done")[-1].contact
    traps = [process.twilio.trap("/Calls.json", "cut") for process in center.rig.processes]
    await agent.accept((await agent.rings(contact))["offer"])

    async def talking() -> bool:
        return (await center.hands(contact))[0]["state"] == "active"

    await until(talking, "they speak", 14)
    assert any(trap.taken.is_set() for trap in traps)
    assert len(phone.calls) == 1
    await agent.end(contact)
    await center.all_over()
    await center.check()
