"""The supervisors' live picture."""

import asyncio
import time

from tests.house import until


class Board:
    """What a page that applies snapshot and patches would show."""

    def __init__(self, peer) -> None:
        self.peer = peer

    def now(self):
        queues, agents, contacts = {}, {}, {}
        for frame in self.peer.frames:
            if frame["type"] == "snapshot":
                queues, agents, contacts = {}, {}, {}
            if frame["type"] in ("snapshot", "patch"):
                queues |= {row["id"]: row for row in frame["queues"]}
                agents |= {row["id"]: row for row in frame["agents"]}
                contacts |= {row["id"]: row for row in frame["contacts"]}
                for gone in frame.get("gone", ()):
                    contacts.pop(gone, None)
        return queues, agents, contacts

    def queue(self, id_):
        return self.now()[0][str(id_)]

    def agent(self, id_):
        return self.now()[1].get(str(id_))

    def contact(self, id_):
        return self.now()[2].get(str(id_))


async def _board(service):
    supervisor = await service.account("supervisor")
    peer = await service.peer("/ws/floor", by=supervisor)
    await peer.until("snapshot")
    return Board(peer)


async def test_a_contact_moves_over_the_floor_within_a_second_of_each_step(service, house):
    board = await _board(service)
    queue = house.queues["customers"]
    opened = await service.open(name="Kim")
    contact = opened["contact"]
    await until(lambda: board.contact(contact), "it arrives", seconds=1)
    row = board.contact(contact)
    assert (row["state"], row["person"], row["agent"]) == ("waiting", "Kim", None)
    shown = board.queue(queue)
    assert (shown["waiting"], shown["servable"]) == (1, False)
    assert abs(shown["longest_wait_since_ms"] - time.time() * 1000) < 5000

    agent = await house.agent("Ana")
    await until(lambda: board.contact(contact)["state"] == "offered", "offered", seconds=1)
    assert board.agent(agent)["state"] == "offered"
    assert board.queue(queue)["servable"]
    handling = await house.accept(agent)
    await until(lambda: board.contact(contact)["state"] == "handling", "in hand", seconds=1)
    assert board.contact(contact)["agent"] == str(agent)
    row = board.agent(agent)
    assert (row["state"], row["load"]["chat"], row["name"]) == ("busy", 1, "Ana")
    today = board.queue(queue)["today"]
    assert (today["arrived"], today["answered"], today["service_level"]) == (1, 1, 1.0)

    await house.contacts.end(house.workspace, handling.contact_id, outcome="completed", by="agent")
    await until(lambda: board.contact(contact) is None, "gone", seconds=1)
    await until(lambda: board.agent(agent)["state"] == "wrapup", "wrap-up", seconds=1)
    await house.contacts.wrap_up(house.workspace, agent, handling.id, "resolved")
    await until(lambda: board.agent(agent)["state"] == "available", "free", seconds=1)


async def test_who_signs_out_is_shown_offline_and_not_in_the_next_snapshot(service, house):
    board = await _board(service)
    agent = await house.agent("Ana")
    await until(lambda: board.agent(agent), "signed in", seconds=1)
    await house.contacts.set_presence(house.workspace, agent, "offline")
    await until(lambda: board.agent(agent)["state"] == "offline", "signed out", seconds=1)
    late = await _board(service)
    assert late.agent(agent) is None


async def test_who_gives_up_counts_against_the_service_level(service, house):
    board = await _board(service)
    opened = await service.open()
    customer = await service.customer(opened)
    await customer.ok("end")
    await until(
        lambda: board.queue(house.queues["customers"])["today"]["abandoned"] == 1, "counted"
    )
    assert board.queue(house.queues["customers"])["today"]["service_level"] == 0.0


async def test_supervisors_share_one_view_and_ticks_say_that_it_lives(service, house):
    boards = [await _board(service) for _ in range(3)]
    await service.open()
    for board in boards:
        await until(lambda b=board: b.peer.of("patch"), "each hears of it", seconds=1)
        await board.peer.until("tick", seconds=3)
    from router.web.keys import FLOORS

    assert len(service.app[FLOORS]._views) == 1
    for board in boards:
        await board.peer.close()
    await until(lambda: not service.app[FLOORS]._views, "nobody looks: nothing is read")


async def test_the_same_picture_is_there_over_http(service, house):
    await house.agent("Ana")
    supervisor = await service.account("supervisor")
    status, floor = await service.call("GET", "/api/floor", by=supervisor)
    assert status == 200
    assert {row["name"] for row in floor["queues"]} == {"customers", "experts"}
    assert [row["name"] for row in floor["agents"]] == ["Ana"]
    assert floor["now_ms"] > 0


async def test_agents_do_not_see_the_floor(service, house):
    agent = await house.agent("Ana")
    assert (await service.call("GET", "/api/floor", by=agent))[0] == 403
    assert (await service.call("GET", "/api/floor"))[0] == 401
    assert (await service.call("GET", "/ws/floor", by=agent))[0] == 403


async def test_closing_a_queue_announces_it_and_takes_nothing_new(service, house):
    board = await _board(service)
    supervisor = await service.account("supervisor")
    queue = house.queues["customers"]
    bad = await service.call(
        "POST", f"/api/queues/{queue}/close", by=supervisor, json={"announcement": {}}
    )
    assert (bad[0], bad[1]["error"]["field"]) == (422, "announcement")
    said = {"announcement": {"en": "Back at nine.", "de": "Ab neun wieder."}}
    assert (await service.call("POST", f"/api/queues/{queue}/close", by=supervisor, json=said))[
        0
    ] == 204
    await until(lambda: board.queue(queue)["closed"], "shown as closed", seconds=1)
    widget = await service.widget()
    _, form = await service.call("GET", f"/api/widgets/{widget}?language=en")
    assert form["closed"] == "Back at nine."
    status, answer = await service.call(
        "POST", "/api/contacts", json={"widget": widget, "channel": "chat", "key": "k" * 20}
    )
    assert (status, answer["error"]["state"]) == (409, "closed")
    assert answer["error"]["message"] == "Back at nine."
    assert (await service.call("POST", f"/api/queues/{queue}/open", by=supervisor))[0] == 204
    await service.open()
    actions = await house.pool.fetch("select action from audit order by id")
    assert [row["action"] for row in actions] == ["queue.close", "queue.open"]


async def test_a_supervisor_moves_and_closes_contacts_and_is_told_when_it_is_too_late(
    service, house
):
    supervisor = await service.account("supervisor")
    opened = await service.open()
    customer = await service.customer(opened)
    path = f"/api/contacts/{opened['contact']}"
    experts = str(house.queues["experts"])
    assert (await service.call("POST", f"{path}/move", by=supervisor, json={"queue": experts}))[
        0
    ] == 204
    status, record = await service.call("GET", path, by=supervisor)
    assert (status, record["queue"]["name"]) == (200, "experts")
    assert (await service.call("POST", f"{path}/close", by=supervisor))[0] == 204
    await until(
        lambda: any(f["contact"]["state"] == "ended" for f in customer.of("contact")), "told"
    )
    for verb, body in (("close", None), ("move", {"queue": experts})):
        status, answer = await service.call("POST", f"{path}/{verb}", by=supervisor, json=body)
        assert (status, answer["error"]["state"]) == (409, "ended")


async def test_a_contacts_record_is_for_those_who_had_it_and_for_the_house(service, house):
    agent, other = await house.agent("Ana"), await house.agent("Eve", presence="offline")
    opened = await service.open(message="hello", name="Kim")
    await until(lambda: house.offered(agent), "offered")
    handling = await house.accept(agent)
    path = f"/api/contacts/{opened['contact']}"
    assert (await service.call("GET", path, by=other))[0] == 404
    status, record = await service.call("GET", path, by=agent)
    assert status == 200
    assert [entry["kind"] for entry in record["timeline"]] == ["queued", "message", "joined"]
    assert record["handlings"][0]["handling"] == str(handling.id)
    assert record["handlings"][0]["agent"]["name"] == "Ana"
    assert record["offers"][0]["outcome"] == "accepted"
    assert record["person"]["name"] == "Kim"
    assert record["ratings"] == []


async def test_the_floor_comes_back_after_the_live_store_was_emptied(service, house):
    board = await _board(service)
    opened = await service.open()
    await until(lambda: board.contact(opened["contact"]), "shown")
    await house.redis.flushall()
    agent = await house.agent("Ana", presence="offline")
    await until(
        lambda: _available(house, agent), "presence is taken again after the rebuild", seconds=10
    )
    await until(
        lambda: (board.contact(opened["contact"]) or {}).get("state") == "offered",
        "the contact is there and offered",
        seconds=15,
    )


async def _available(house, agent):
    from router.errors import Unavailable

    try:
        await house.contacts.set_presence(house.workspace, agent, "available")
    except Unavailable:
        await asyncio.sleep(0.1)
        return False
    return True


async def test_a_patch_is_encoded_once_however_many_look(service, house, monkeypatch):
    from router.web import floor_view

    boards = [await _board(service) for _ in range(20)]
    encoded = []
    real = floor_view.encode
    monkeypatch.setattr(floor_view, "encode", lambda frame: encoded.append(frame) or real(frame))
    await house.agent("Ana")
    for board in boards:
        await until(lambda b=board: b.peer.of("patch"), "each hears of it")
    patches = [frame for frame in encoded if frame["type"] == "patch"]
    assert len(patches) == len(boards[0].peer.of("patch"))
