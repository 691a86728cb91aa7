"""A chat from the widget to the wrap-up, over the sockets that the pages use."""

import asyncio

import pytest

from router.web.keys import HUB
from tests.house import until
from tests.web.service import serving


def _texts(frames):
    return [f["entry"]["data"]["text"] for f in frames if f["entry"]["kind"] == "message"]


async def _in_conversation(service, house, name="Ana"):
    agent = await house.agent(name)
    desk = await service.desk(agent)
    opened = await service.open(message="The router blinks red", name="Kim")
    offer = await desk.until("offer", contact=opened["contact"])
    customer = await service.customer(opened)
    await desk.ok("accept", offer=offer["offer"])
    handling = await desk.until("handling", contact=opened["contact"], state="active")
    return agent, desk, opened, customer, handling


async def test_a_chat_goes_from_the_widget_to_the_wrap_up(service, house):
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    opened = await service.open(message="The router blinks red", name="Kim")
    customer = await service.customer(opened)
    snapshot = customer.frames[0]
    assert _texts({"entry": e} for e in snapshot["entries"]) == ["The router blinks red"]
    offer = await desk.until("offer", contact=opened["contact"])
    assert offer["person"]["name"] == "Kim"
    assert offer["person"]["role"] == "customer"
    assert offer["queue"]["name"] == "customers"
    assert offer["deadline_ms"] > offer["wait_since_ms"]

    accepted = await desk.ok("accept", offer=offer["offer"])
    handling = await desk.until("handling", contact=opened["contact"], state="active")
    assert handling["handling"] == accepted["handling"]
    await desk.until("offer_gone", offer=offer["offer"], why="accepted")
    shown = await customer.until("contact")
    assert shown["contact"]["state"] == "handling"
    assert shown["contact"]["agent"] == {"name": "Ana"}

    history = await desk.ok("read", contact=opened["contact"], after=0)
    assert [e["kind"] for e in history["entries"]] == ["queued", "message", "joined"]
    said = await desk.ok("say", contact=opened["contact"], key="a1", text="Hello Kim")
    heard = await customer.until("entry")
    await until(lambda: _texts(customer.of("entry")) == ["Hello Kim"], "the agent's words arrive")
    assert heard["entry"]["seq"] < said["seq"] or heard["entry"]["kind"] == "message"
    await customer.ok("say", key="c2", text="<b>Hi</b> & thanks")
    await until(
        lambda: "<b>Hi</b> & thanks" in _texts(desk.of("entry")), "the customer's words arrive"
    )

    await desk.ok("end", contact=opened["contact"])
    wrap_up = await desk.until("handling", state="wrapup")
    assert wrap_up["may_rate"]
    assert wrap_up["wrapup_limit_ms"] > 0
    await until(
        lambda: any(f["contact"]["state"] == "ended" for f in customer.of("contact")), "the end"
    )
    await desk.ok("wrap_up", handling=handling["handling"], outcome="resolved", note="reset it")
    await desk.until("handling", state="done")
    await customer.ok("rate", stars=5, comment="quick")
    await until(lambda: any(f["contact"]["rated"] for f in customer.of("contact")), "rated")


async def test_a_message_sent_twice_is_stored_and_shown_once(service, house):
    _, desk, _, customer, _ = await _in_conversation(service, house)
    first = await customer.ok("say", key="k1", text="once")
    again = await customer.ok("say", key="k1", text="once")
    assert first["seq"] == again["seq"]
    await customer.ok("say", key="k2", text="last")
    await until(lambda: "last" in _texts(desk.of("entry")), "the last words arrive")
    assert _texts(desk.of("entry")).count("once") == 1
    await until(lambda: "last" in _texts(customer.of("entry")), "own words come back")
    mine = [f["entry"] for f in customer.of("entry") if f["entry"].get("key") == "k1"]
    assert len(mine) == 1


async def test_a_dropped_socket_loses_nothing_and_repeats_nothing(service, house):
    _, desk, opened, customer, _ = await _in_conversation(service, house)
    seen = []
    for round_ in range(4):
        for n in range(5):
            await desk.ok(
                "say", contact=opened["contact"], key=f"{round_}-{n}", text=f"{round_}{n}"
            )
        if round_ == 1:
            # these are only written down
            await customer.close()
            continue
        if round_ == 2:
            cursor = max(e["seq"] for e in seen)
            customer = await service.customer(opened, after=cursor)
            seen += customer.frames[0]["entries"]
        await until(
            lambda r=round_, c=customer: (
                f"{r}4"
                in _texts(c.of("entry")) + _texts({"entry": e} for e in c.frames[0]["entries"])
            ),
            "the round's last message",
        )
        if round_ == 0:
            seen = customer.frames[0]["entries"] + [f["entry"] for f in customer.of("entry")]
    seen += [f["entry"] for f in customer.of("entry")]
    texts = [e["data"]["text"] for e in seen if e["kind"] == "message" and e["author"] == "agent"]
    assert texts == [f"{r}{n}" for r in range(4) for n in range(5)]
    assert [e["seq"] for e in seen] == sorted({e["seq"] for e in seen})


async def test_a_lost_event_only_delays(service, house, monkeypatch):
    _, desk, opened, customer, _ = await _in_conversation(service, house)

    async def lost(*_):
        pass

    monkeypatch.setattr(service.app[HUB], "publish", lost)
    await desk.ok("say", contact=opened["contact"], key="k", text="without an event")
    await until(lambda: "without an event" in _texts(customer.of("entry")), "the sweep", seconds=12)


async def test_two_processes_show_one_conversation(service, house, database, live):
    agent = await house.agent("Ana")
    async with serving(house, database, live) as other:
        desk = await service.desk(agent)
        opened = await other.open(message="hello")
        customer = await other.customer(opened)
        offer = await desk.until("offer", contact=opened["contact"])
        await desk.ok("accept", offer=offer["offer"])
        await asyncio.gather(
            *(
                desk.ok("say", contact=opened["contact"], key=f"a{n}", text=f"a{n}")
                for n in range(9)
            ),
            *(customer.ok("say", key=f"c{n}", text=f"c{n}") for n in range(9)),
        )
        await until(lambda: len(_texts(customer.of("entry"))) == 18, "all on one side")
        await until(lambda: len(_texts(desk.of("entry"))) == 18, "all on the other side")
        both = [[f["entry"]["seq"] for f in p.of("entry")] for p in (customer, desk)]
        assert all(seqs == sorted(set(seqs)) for seqs in both)


async def test_a_second_tab_sees_what_the_first_one_does(service, house):
    agent = await house.agent("Ana")
    one, two = await service.desk(agent), await service.desk(agent)
    opened = await service.open()
    offer = await one.until("offer", contact=opened["contact"])
    await two.until("offer", offer=offer["offer"])
    await one.ok("accept", offer=offer["offer"])
    await two.until("offer_gone", offer=offer["offer"], why="accepted")
    await two.until("handling", contact=opened["contact"], state="active")
    late = await service.desk(agent)
    assert [h["contact"] for h in late.frames[0]["handlings"]] == [opened["contact"]]


async def test_an_offer_comes_back_with_the_snapshot(service, house):
    agent = await house.agent("Ana")
    opened = await service.open()
    await until(lambda: house.offered(agent), "the offer")
    desk = await service.desk(agent)
    assert [offer["contact"] for offer in desk.frames[0]["offers"]] == [opened["contact"]]
    assert desk.frames[0]["presence"]["state"] == "available"
    assert desk.frames[0]["me"]["agent"]["tier"] == 1


async def test_a_declined_offer_leaves_the_desk_and_the_customer_waits_on(service, house):
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    opened = await service.open()
    customer = await service.customer(opened)
    offer = await desk.until("offer")
    await desk.ok("decline", offer=offer["offer"])
    await desk.until("offer_gone", offer=offer["offer"], why="declined")
    contact = customer.frames[0]["contact"]
    assert contact["state"] == "waiting"
    assert contact["position"] == 1
    refused = await desk.ask("accept", offer=offer["offer"])
    assert refused["error"]["code"] == "gone"


async def test_escalating_moves_the_contact_on_and_this_handling_to_wrap_up(service, house):
    house_agent = await house.agent("Hans", tier=2)
    second = await service.desk(house_agent)
    _, desk, opened, customer, handling = await _in_conversation(service, house)
    words = {"reason": "needs the house", "asked": "why red?", "tried": "a restart"}
    missing = await desk.ask("escalate", handling=handling["handling"], **{**words, "tried": " "})
    assert missing["error"]["field"] == "tried"
    await desk.ok("escalate", handling=handling["handling"], **words)
    await desk.until("handling", state="wrapup", ending="escalated")
    offer = await second.until("offer", contact=opened["contact"])
    assert offer["escalated"] == words
    await second.ok("accept", offer=offer["offer"])
    taken = await second.until("handling", state="active")
    assert taken["hand_over"] == words
    told = [f["entry"] for f in customer.of("entry")]
    assert not any("needs the house" in str(entry) for entry in told)


async def test_an_agent_can_touch_only_what_is_in_their_hands(service, house):
    _, desk, opened, _, _ = await _in_conversation(service, house)
    stranger = await service.desk(await house.agent("Eve", presence="offline"))
    for request in (
        ("say", {"key": "k", "text": "psst"}),
        ("read", {"after": 0}),
        ("end", {}),
        ("video", {"state": "on"}),
        ("signal", {"data": {}}),
    ):
        answer = await stranger.ask(request[0], contact=opened["contact"], **request[1])
        assert answer["error"]["code"] == "not_found", request
    await desk.ok("end", contact=opened["contact"])
    late = await desk.ask("say", contact=opened["contact"], key="k", text="one more thing")
    assert (late["error"]["code"], late["error"]["state"]) == ("conflict", "wrapup")


@pytest.mark.parametrize("kind", ["session", "disabled"])
async def test_a_leaver_is_out_at_once(service, house, kind):
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    if kind == "session":
        await house.pool.execute("update session set revoked_at = now()")
    else:
        await house.pool.execute("update account set disabled_at = now() where id = $1", agent)
    await house.hub.publish(house.workspace, {"t": "session", "account": str(agent)})
    assert await desk.closed() == 4401


async def test_a_leaver_is_out_soon_even_if_nobody_told(service, house, monkeypatch):
    monkeypatch.setattr("router.web.desks.LOOK_AROUND_SECONDS", 0.2)
    desk = await service.desk(await house.agent("Ana"))
    await house.pool.execute("update session set revoked_at = now()")
    assert await desk.closed() == 4401


async def test_a_supervisors_presence_change_shows_on_the_desk(service, house):
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    supervisor = await service.account("supervisor")
    status, _ = await service.call(
        "POST",
        f"/api/agents/{agent}/presence",
        by=supervisor,
        json={"presence": "break", "reason": "training"},
    )
    assert status == 204
    shown = await desk.until("presence", state="break")
    assert shown["reason"] == "training"
    await desk.ok("presence", state="available")
    await desk.until("presence", state="available")
