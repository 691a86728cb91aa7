"""Asking for a picture, and what the two browsers tell each other."""

import json

from tests.house import until


async def _talking(service, house, channel="chat"):
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    opened = await service.open(channel=channel)
    customer = await service.customer(opened)
    offer = await desk.until("offer", contact=opened["contact"])
    assert offer["channel"] == channel
    await desk.ok("accept", offer=offer["offer"])
    await desk.until("handling", state="active")
    return desk, opened["contact"], customer, opened


async def test_a_chat_becomes_a_picture_when_the_agent_agrees(service, house):
    desk, contact, customer, _ = await _talking(service, house)
    refused = await customer.ask("video", state="on")
    assert refused["error"]["code"] == "forbidden"
    await customer.ok("video", state="asked")
    await until(lambda: _states(desk) == ["asked"], "the agent is asked")
    await desk.ok("video", contact=contact, state="on")
    await until(lambda: _states(customer) == ["asked", "on"], "it is on")
    again = await customer.ask("video", state="asked")
    assert (again["error"]["code"], again["error"]["state"]) == ("conflict", "on")
    await customer.ok("video", state="off")
    await customer.ok("video", state="off")
    await until(lambda: _states(desk) == ["asked", "on", "off"], "it is off, once")


async def test_a_video_contact_is_on_from_its_accept(service, house):
    desk, _, customer, opened = await _talking(service, house, "video")
    assert (await desk.until("handling", state="active"))["video"] == "on"
    await until(lambda: any(f["contact"].get("video") == "on" for f in customer.of("contact")), "")
    late = await service.customer(opened)
    assert late.frames[0]["contact"]["video"] == "on"


async def test_signals_reach_the_other_side_alone_and_unchanged(service, house):
    desk, contact, customer, _ = await _talking(service, house)
    offer = {"kind": "description", "from": "a", "sdp": "v=0\r\n", "deep": {"list": [1, None, "é"]}}
    await desk.ok("signal", contact=contact, data=offer)
    assert (await customer.until("signal"))["data"] == offer
    await customer.ok("signal", data={"kind": "bye"})
    assert await desk.until("signal") == {
        "type": "signal",
        "contact": contact,
        "data": {"kind": "bye"},
    }
    assert len(desk.of("signal")) == len(customer.of("signal")) == 1


async def test_a_signal_that_is_too_long_is_refused_by_name(service, house):
    desk, contact, customer, _ = await _talking(service, house)
    answer = await customer.ask("signal", data={"sdp": "x" * 17_000})
    assert answer["error"]["field"] == "data"
    answer = await desk.ask("signal", contact=contact, data=json.loads('{"a":"b"}'))
    assert answer["type"] == "ok"


async def test_nobody_signals_into_an_empty_room(service, house):
    opened = await service.open()
    customer = await service.customer(opened)
    for kind, body in (("signal", {"data": {}}), ("video", {"state": "asked"})):
        answer = await customer.ask(kind, **body)
        assert (answer["error"]["code"], answer["error"]["state"]) == ("conflict", "waiting")


async def test_relay_credentials_go_to_who_may_use_them(house, database, live):
    from tests.web.service import serving

    changed = {
        "stun_urls": ("stun:stun.example:3478",),
        "turn_urls": ("turn:turn.example:3478",),
        "turn_secret": "s" * 40,
    }
    async with serving(house, database, live, **changed) as service:
        opened = await service.open()
        status, ice = await service.call("GET", "/api/ice", params=opened)
        assert status == 200
        assert ice["ice_servers"][0] == {"urls": ["stun:stun.example:3478"]}
        assert ice["ice_servers"][1]["username"].endswith(f":contact-{opened['contact']}")
        assert ice["ice_servers"][1]["credential"]
        wrong = {**opened, "secret": "0" * 64}
        assert (await service.call("GET", "/api/ice", params=wrong))[0] == 401
        assert (await service.call("GET", "/api/ice"))[0] == 401
        half = await service.call("GET", "/api/ice", params={"contact": opened["contact"]})
        assert (half[0], half[1]["error"]["field"]) == (422, "secret")
        agent = await house.agent("Ana")
        assert (await service.call("GET", "/api/ice", by=agent))[0] == 200


def _states(peer):
    entries = [f["entry"] for f in peer.of("entry") if f["entry"]["kind"] == "video"]
    return [entry["data"]["state"] for entry in entries]
