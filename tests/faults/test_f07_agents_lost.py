"""f07: an agent's socket aborted, half-open or closed: at an offer, at an accept, in a chat."""

from __future__ import annotations

import asyncio

from tests.faults.agent import HANDS_OFF, Agent, Habits
from tests.faults.center import Center
from tests.faults.proxy import Proxy
from tests.house import until

LEASE_S = 32.0
RENEWED_S = 5.3
"""Open sockets renew their leases so often."""
PHONE = "+4930555123"


async def lose(agent: Agent, line: Proxy, how: str) -> None:
    match how:
        case "aborted":
            agent.stay_away()
            agent.cut()
        case "closed":
            agent.stay_away()
            assert agent.socket is not None
            await agent.socket.close()
        case "half-open":
            line.stall()


async def test_f07_whoever_is_lost_gives_back_and_whoever_returns_keeps(center: Center) -> None:
    # time stands still while the scene is set
    await center.stop_time()
    lost: list[tuple[Agent, str, str, str]] = []
    lines = []
    for how in ("aborted", "closed", "half-open"):
        for stage in ("offer", "accept", "chat"):
            line = Proxy(*center.rig.front.targets)
            await line.start()
            lines.append(line)
            agent = await center.agent(HANDS_OFF, through=line)
            contact = await center.arrive()
            assert contact is not None
            offer = (await agent.rings(contact))["offer"]
            if stage == "chat":
                await agent.accept(offer)
            lost.append((agent, contact, stage, how))
    # whose socket breaks and comes back
    keeper = await center.agent(HANDS_OFF)
    kept = await center.arrive()
    await keeper.accept((await keeper.rings(kept))["offer"])
    # a call in progress, with the agent on a telephone
    phone = center.rig.standin.phone(PHONE, answers_after=0.1, presses="1")
    speaker = await center.agent(HANDS_OFF, phone=PHONE, chats=0, calls=1)
    call = await center.caller()
    spoken = center.history.of("arrive", "done")[-1].contact
    await speaker.accept((await speaker.rings(spoken))["offer"])

    async def speaking() -> bool:
        return (await center.hands(spoken))[0]["state"] == "active"

    await until(speaking, "the conversation")

    opened = keeper.opened
    keeper.cut()
    speaker.stay_away()
    speaker.cut()
    for (agent, contact, stage, how), line in zip(lost, lines, strict=True):
        if stage == "accept":
            center.begin(agent.accept((await agent.rings(contact))["offer"]))
            await asyncio.sleep(0)
        await lose(agent, line, how)
    await until(lambda: keeper.opened > opened and keeper.snapshot, "the keeper is back")

    # a half-open socket is noticed by its silence
    await asyncio.sleep(4)
    await center.pass_time(LEASE_S * 0.6)
    await asyncio.sleep(RENEWED_S)
    await center.pass_time(LEASE_S * 0.4)

    async def all_noticed() -> bool:
        rows = await center.rig.pool.fetch(
            "select presence_reason from agent where id = any($1)",
            [agent.account for agent, *_ in lost] + [speaker.account],
        )
        return {row["presence_reason"] for row in rows} == {"connection_lost"}

    await until(all_noticed, "all who are lost are offline", 5)
    for _, contact, stage, how in lost:
        await until(
            lambda contact=contact: center.is_state(contact, "waiting"),
            f"{stage} {how}: in line",
            5,
        )
        hands = await center.hands(contact)
        if stage == "chat":
            assert [hand["ending"] for hand in hands] == ["lost"], (stage, how)
        assert {hand["ending"] for hand in hands} <= {"lost"}, (stage, how)
    assert [frame["contact"] for frame in keeper.snapshot["handlings"]] == [kept]
    ended = await keeper.end(kept)
    assert ended["type"] == "ok", ended
    # the desk is gone, the call goes on until somebody hangs up
    assert call.status == "in-progress"
    assert (await center.hands(spoken))[0]["state"] == "active"
    call.hang_up()
    await until(lambda: center.is_state(spoken, "ended"), "the call's contact has ended")
    assert len(phone.calls) == 1

    await center.agent(Habits(holds_s=(0, 0.01)), chats=3)
    await center.all_over()
    await center.check()
    for line in lines:
        await line.close()
