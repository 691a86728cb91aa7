"""f09: the same agent in two tabs and on two devices: all show, and the policy is told."""

from __future__ import annotations

from tests.faults.agent import HANDS_OFF
from tests.faults.center import Center
from tests.house import until


async def test_f09_all_desks_of_an_agent_show_the_same_and_one_gone_is_no_loss(
    center: Center,
) -> None:
    first, second = center.rig.processes
    tab = await center.agent(HANDS_OFF, at=first, chats=2)
    device = center.twin(tab, at=second)
    await device.there()
    for desk in (tab, device):
        assert desk.snapshot is not None
        assert desk.snapshot["policy"] == {"tabs": "the newest desk rings, all show"}
    contact = await center.arrive()
    assert contact is not None
    offer = (await tab.rings(contact))["offer"]
    assert (await device.rings(contact))["offer"] == offer
    answer = await device.accept(offer)
    assert answer["type"] == "ok"

    def shows(desk) -> bool:
        return any(frame["contact"] == contact for frame in desk.of("handling")) and any(
            frame["offer"] == offer for frame in desk.of("offer_gone")
        )

    await until(lambda: shows(tab) and shows(device), "both show the conversation")
    # one of them is closed: the lease is the agent's, not the socket's
    tab.stay_away()
    tab.cut()
    await center.pass_time(20)
    await until(lambda: len(device.of("tick")) > 0, "leases are renewed", 8)
    await center.pass_time(20)
    assert (await device.ask("say", contact=contact, key="k", text="still here"))["type"] == "ok"
    row = await center.rig.pool.fetchrow("select presence from agent where id = $1", tab.account)
    assert row["presence"] == "available"
    assert len(await center.hands(contact)) == 1
    await device.end(contact)
    await center.all_over()
    await center.check()
