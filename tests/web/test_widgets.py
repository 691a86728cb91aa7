"""The widget's addresses: who may embed it, and what opening a contact takes and refuses."""

import json
import secrets

import pytest
import websockets

from router.identity.visitors import make_token
from tests.house import until
from tests.web.service import serving

HOST = "https://shop.example"


@pytest.fixture
async def embedded(service, house):
    await house.pool.execute(
        "update entry_point set origins = $2, languages = '{en,de}', name = 'Shop',"
        " menu = $3 where id = $1",
        house.entry_point,
        [HOST],
        [{"key": "1", "topic": "router", "label": {"en": "Router"}}],
    )
    return service


async def _answer(service, method, path, **how):
    async with service.http.request(method, path, **how) as response:
        return response.status, response.headers, await response.read()


async def test_the_form_comes_in_the_visitors_language(embedded):
    widget = await embedded.widget()
    status, form = await embedded.call("GET", f"/api/widgets/{widget}?language=de-AT")
    assert status == 200
    assert form == {
        "name": "Shop",
        "language": "de",
        "languages": ["en", "de"],
        "topics": [{"topic": "router", "label": {"en": "Router"}}],
        "video": True,
        "closed": None,
    }
    _, form = await embedded.call("GET", f"/api/widgets/{widget}?language=fr")
    assert form["language"] == "en"
    status, answer = await embedded.call("GET", "/api/widgets/nothing")
    assert (status, answer["error"]["code"]) == (404, "not_found")
    status, answer = await embedded.call("GET", f"/api/widgets/{widget}?language=<b>")
    assert (status, answer["error"]["field"]) == (422, "language")


async def test_a_host_site_may_open_contacts_from_its_pages(embedded):
    widget = await embedded.widget()
    status, headers, _ = await _answer(
        embedded,
        "OPTIONS",
        "/api/contacts",
        headers={
            "Origin": HOST,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == HOST
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    status, headers, _ = await _answer(
        embedded, "GET", f"/api/widgets/{widget}", headers={"Origin": HOST}
    )
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, HOST)
    assert "Origin" in headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in headers
    body = {"widget": widget, "channel": "chat", "key": secrets.token_hex(16)}
    status, headers, _ = await _answer(
        embedded, "POST", "/api/contacts", headers={"Origin": HOST}, json=body
    )
    assert (status, headers["Access-Control-Allow-Origin"]) == (201, HOST)


async def test_a_refusal_can_be_read_by_the_host_sites_page(embedded):
    status, headers, _ = await _answer(
        embedded, "POST", "/api/contacts", headers={"Origin": HOST}, data="{"
    )
    assert (status, headers["Access-Control-Allow-Origin"]) == (400, HOST)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://shop.example", "https://shop.example:444"]
)
async def test_a_foreign_page_is_refused_everywhere(embedded, house, origin):
    widget = await embedded.widget()
    agent = await house.agent("Ana")
    cookie = await embedded.sign_in(agent)
    opened = await embedded.open()
    for method, path in (
        ("POST", "/api/contacts"),
        ("GET", f"/api/widgets/{widget}"),
        ("POST", f"/api/contacts/{opened['contact']}/close"),
        ("POST", "/api/nothing"),
        ("GET", "/ws/desk"),
    ):
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"} if "/ws/" in path else {}
        status, headers, _ = await _answer(
            embedded, method, path, headers={"Origin": origin, **cookie, **upgrade}
        )
        assert status == 403, path
        assert "Access-Control-Allow-Origin" not in headers
    status, headers, _ = await _answer(
        embedded,
        "OPTIONS",
        "/api/contacts",
        headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
    )
    assert status == 403
    for path in ("/ws/desk", "/ws/contact", "/ws/floor"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await embedded.peer(path, by=agent, origin=origin)
        assert refused.value.response.status_code == 403


async def test_a_host_site_has_the_widgets_addresses_alone(embedded, house):
    agent = await house.agent("Ana")
    for path in ("/ws/desk", "/ws/floor"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await embedded.peer(path, by=agent, origin=HOST)
        assert refused.value.response.status_code == 403
    status, _, _ = await _answer(
        embedded,
        "OPTIONS",
        "/api/logout",
        headers={"Origin": HOST, "Access-Control-Request-Method": "POST"},
    )
    assert status == 403


async def test_one_host_site_cannot_open_anothers_contact(embedded, house):
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
        " expert_queue_id, origins) values ($1, 'widget', 'other', 'Other', $2, $2, $3)",
        house.workspace,
        house.queues["customers"],
        ["https://other.example"],
    )
    opened = await embedded.open()
    peer = await embedded.customer(opened, origin=HOST)
    assert peer.frames[0]["contact"]["id"] == opened["contact"]
    other = await embedded.peer("/ws/contact", origin="https://other.example")
    await other.connection.send(json.dumps({"type": "hello", **opened}))
    assert await other.closed() == 4403


async def test_the_same_key_is_the_same_contact_and_secret(embedded, house):
    key = secrets.token_hex(16)
    one = await embedded.open(key=key, message="hello")
    two = await embedded.open(key=key, message="hello")
    assert one == two
    assert await house.pool.fetchval("select count(*) from contact") == 1
    assert await house.pool.fetchval("select count(*) from person") == 1
    said = "select count(*) from contact_event where kind = 'message'"
    assert await house.pool.fetchval(said) == 1


async def test_what_the_host_site_vouches_for_is_believed_and_nothing_else(embedded, house):
    secret = await house.pool.fetchval("select token_secret from workspace")
    person = await house.person("Kim Expert", network_size=120)
    number = await house.pool.fetchval("select number from expert where person_id = $1", person)
    opened = await embedded.open(token=make_token(secret, "u1", expert_number=number))
    row = await house.pool.fetchrow("select * from contact where id = $1", opened["contact"])
    assert (row["role"], row["assurance"], row["person_id"]) == ("expert", 3, person)
    assert row["queue_id"] == house.queues["experts"]
    widget = await embedded.widget()
    status, answer = await embedded.call(
        "POST",
        "/api/contacts",
        json={
            "widget": widget,
            "channel": "chat",
            "key": "k" * 16,
            "token": make_token("x" * 40, "u1", expert_number=number),
        },
    )
    assert (status, answer["error"]["field"]) == (401, "token")


async def test_a_page_states_what_the_rules_leave_to_it_and_the_host_site_signs_the_rest(
    embedded, house
):
    await house.pool.execute(
        "update workspace set policy = $2 where id = $1",
        house.workspace,
        {
            "attributes": {
                "contact": {"plan": "text", "product": "text"},
                "claims": ["product"],
            }
        },
    )
    secret = await house.pool.fetchval("select token_secret from workspace")

    async def kept(opened):
        row = await house.pool.fetchrow("select * from contact where id = $1", opened["contact"])
        return row["attributes"], row["priority"]

    signed = make_token(secret, "u1", attributes={"plan": "gold", "product": "r2"}, priority=7)
    assert await kept(await embedded.open(attributes={"product": "r1"})) == ({"product": "r1"}, 0)
    assert await kept(await embedded.open(token=signed, attributes={"product": "r1"})) == (
        {"plan": "gold", "product": "r2"},
        7,
    )
    # an entry point's word counts before a page's, and after the host site's
    await house.pool.execute(
        "update entry_point set priority = 4, attributes = $1",
        {"plan": "silver", "product": "r3"},
    )
    assert await kept(await embedded.open(attributes={"product": "r1"})) == (
        {"plan": "silver", "product": "r3"},
        4,
    )
    assert await kept(await embedded.open(token=signed)) == ({"plan": "gold", "product": "r2"}, 7)
    # what the rules do not know of a signed word is left out: nobody is shut out for it
    odd = make_token(secret, "u1", attributes={"plan": 3, "rank": "x", "product": "r2"})
    assert await kept(await embedded.open(token=odd)) == ({"plan": "silver", "product": "r2"}, 4)
    for changed, field in (
        ({"attributes": {"plan": "gold"}}, "attributes.plan"),
        ({"attributes": {"product": 3}}, "attributes.product"),
        ({"token": make_token(secret, "u1", priority=10)}, "token"),
        ({"priority": 9}, "priority"),
    ):
        body = {"widget": await embedded.widget(), "channel": "chat", "key": "k" * 16, **changed}
        status, answer = await embedded.call("POST", "/api/contacts", json=body)
        assert status in (401, 422)
        assert answer["error"]["field"] == field


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"widget": 3}, "widget"),
        ({"widget": "nope"}, "widget"),
        ({"widget": "a\0b"}, "widget"),
        ({"channel": "voice"}, "channel"),
        ({"key": "short"}, "key"),
        ({"key": None}, "key"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"mail": "nobody"}, "mail"),
        ({"language": "!"}, "language"),
        ({"topic": "weather"}, "topic"),
        ({"message": "x" * 4001}, "message"),
        ({"message": "\x07"}, "message"),
        ({"token": "a.b.c"}, "token"),
        ({"skills": ["admin"]}, "skills"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_opened(embedded, house, changed, field):
    body = {"widget": await embedded.widget(), "channel": "chat", "key": "k" * 16, **changed}
    status, answer = await embedded.call("POST", "/api/contacts", json=body)
    assert 400 <= status < 500
    assert answer["error"]["field"] == field
    assert await house.pool.fetchval("select count(*) from contact") == 0


async def test_markup_stays_text(embedded, house):
    name = "<script>alert(1)</script>"
    opened = await embedded.open(name=name, message="<img src=x onerror=alert(1)>")
    customer = await embedded.customer(opened)
    texts = [e["data"].get("text") for e in customer.frames[0]["entries"]]
    assert "<img src=x onerror=alert(1)>" in texts
    assert await house.pool.fetchval("select name from person") == name


async def test_one_address_opens_only_so_many_a_minute(house, database, live):
    async with serving(house, database, live, contacts_per_minute=3) as service:
        key = secrets.token_hex(16)
        await service.open(key=key)
        for _ in range(2):
            await service.open()
        body = {"widget": await service.widget(), "channel": "chat", "key": "k" * 16}
        status, answer = await service.call("POST", "/api/contacts", json=body)
        assert (status, answer["error"]["code"]) == (429, "too_many")
        # a client that asks again for what it has is not another one
        await service.open(key=key)
        # the header is a claim while no proxy is trusted
        claimed = {"X-Forwarded-For": "203.0.113.9"}
        status, _ = await service.call("POST", "/api/contacts", json=body, headers=claimed)
        assert status == 429
    async with serving(house, database, live, contacts_per_minute=3, trust_proxy=True) as service:
        behind = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
        body = {"widget": await service.widget(), "channel": "chat", "key": "k" * 16}
        assert (await service.call("POST", "/api/contacts", json=body, headers=behind))[0] == 201


async def test_a_wrong_secret_opens_nothing(embedded):
    opened = await embedded.open()
    for hello in (
        {**opened, "secret": "0" * 64},
        {**opened, "contact": "00000000-0000-0000-0000-000000000000"},
    ):
        peer = await embedded.peer("/ws/contact")
        await peer.connection.send(json.dumps({"type": "hello", **hello}))
        assert await peer.closed() == 4401
        assert peer.frames == [
            {
                "type": "error",
                "error": {"code": "not_found", "message": "There is no such contact."},
            }
        ]


async def test_who_does_not_say_hello_is_sent_away(embedded, monkeypatch):
    monkeypatch.setattr("router.web.contact_socket.HELLO_SECONDS", 0.2)
    peer = await embedded.peer("/ws/contact")
    assert await peer.closed() == 1008


async def test_a_place_in_line_is_told_and_never_gets_worse(embedded, house, monkeypatch):
    monkeypatch.setattr("router.web.contact_socket.TICK_SECONDS", 0.2)
    first = await embedded.open()
    second = await embedded.customer(await embedded.open())
    assert second.frames[0]["contact"]["position"] == 2
    ahead = await house.arrive(role="customer")
    await house.pool.execute(
        "update contact set arrived_at = arrived_at - interval '1 hour' where id = $1", ahead.id
    )
    await (await embedded.customer(first)).ok("end")
    await until(
        lambda: any(f["contact"].get("position") == 1 for f in second.of("contact")), "next"
    )
    places = [f["contact"]["position"] for f in second.of("contact")]
    assert places == sorted(places, reverse=True)
