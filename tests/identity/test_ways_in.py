"""Queues and entry points: what admins may write, and what is refused with its field."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from router.errors import Invalid
from router.web import ways_in
from tests.house import House
from tests.web.service import Service


async def test_a_queue_is_made_with_every_default_filled_in(
    service: Service, house: House, admin: UUID
) -> None:
    body = {"slug": "sales", "name": " Sales ", "policy": {"escalates_to": "experts"}}
    status, made = await service.call("POST", "/api/queues", json=body, by=admin)
    assert status == 201
    assert (made["name"], made["closed"]) == ("Sales", None)
    assert made["policy"]["steps"][0]["tiers"] == [1]
    assert made["policy"]["target"].items() >= {"seconds": 20, "share": 0.8}.items()
    _, listed = await service.call("GET", "/api/queues", by=admin)
    assert [queue["slug"] for queue in listed["queues"]] == ["sales", "customers", "experts"]
    # what is read can be written back
    path = f"/api/queues/{made['id']}"
    status, again = await service.call("PATCH", path, json={"policy": made["policy"]}, by=admin)
    assert (status, again) == (200, made)


WRONG_QUEUES = [
    ({"slug": "Big Words"}, 422, "slug"),
    ({"slug": "experts"}, 409, "slug"),
    ({"name": "\n"}, 422, "name"),
    ({"policy": {"steps": []}}, 422, "policy.steps"),
    ({"policy": {"steps": [{"tiers": []}]}}, 422, "policy.steps[0].tiers"),
    ({"policy": {"steps": [{"tiers": ["1"]}]}}, 422, "policy.steps[0].tiers[0]"),
    ({"policy": {"speed": 1}}, 422, "policy.speed"),
    ({"policy": {"escalates_to": "nowhere"}}, 422, "policy.escalates_to"),
    (
        {"policy": {"chat": {"warn_seconds": 60, "end_seconds": 60}}},
        422,
        "policy.chat.end_seconds",
    ),
    ({"policy": []}, 422, "policy"),
    ({"closed": None}, 422, "closed"),
]


async def test_a_queue_that_will_not_do_is_told_with_its_field(
    service: Service, house: House, admin: UUID
) -> None:
    for change, status, field in WRONG_QUEUES:
        body = {"slug": "sales", "name": "Sales", **change}
        got, answer = await service.call("POST", "/api/queues", json=body, by=admin)
        assert (got, answer["error"].get("field")) == (status, field), change
        path = f"/api/queues/{house.queues['customers']}"
        got, answer = await service.call("PATCH", path, json=change, by=admin)
        assert got == status
        assert await house.pool.fetchval("select count(*) from queue") == 2


async def test_a_queue_that_others_pass_on_to_keeps_its_short_name(
    service: Service, house: House, admin: UUID
) -> None:
    path = f"/api/queues/{house.queues['experts']}"
    status, answer = await service.call("PATCH", path, json={"slug": "house"}, by=admin)
    assert (status, answer["error"]["field"]) == (409, "slug")
    status, _ = await service.call("PATCH", path, json={"slug": "experts", "name": "E"}, by=admin)
    assert status == 200
    status, _ = await service.call("PATCH", f"/api/queues/{uuid4()}", json={}, by=admin)
    assert status == 404


async def test_an_entry_point_is_made_and_changed(
    service: Service, house: House, admin: UUID
) -> None:
    queues = {
        "customer_queue_id": str(house.queues["customers"]),
        "expert_queue_id": str(house.queues["experts"]),
    }
    body = {
        "kind": "phone",
        "address": "030 5550100",
        "name": "Hotline",
        "language": "de",
        "languages": ["de", "en"],
        "menu": [{"key": "1", "topic": "router", "label": {"de": "Router", "en": ""}}],
        "prompts": {"de": {"greeting": "Hallo bei {name}.", "music": ""}, "en": {}},
        **queues,
    }
    status, made = await service.call("POST", "/api/entry-points", json=body, by=admin)
    assert (status, made["address"]) == (201, "+49305550100")
    assert made["menu"] == [{"key": "1", "topic": "router", "label": {"de": "Router"}}]
    assert made["prompts"] == {"de": {"greeting": "Hallo bei {name}."}}
    path = f"/api/entry-points/{made['id']}"
    change = {"name": "Line", "languages": ["de"], "menu": []}
    status, changed = await service.call("PATCH", path, json=change, by=admin)
    assert (status, changed) == (200, {**made, **change})
    status, answer = await service.call("POST", "/api/entry-points", json=body, by=admin)
    assert (status, answer["error"]["field"]) == (409, "address")


async def test_an_entry_point_says_how_urgent_its_contacts_are_and_what_filters_may_name(
    service: Service, house: House, admin: UUID
) -> None:
    await house.pool.execute(
        "update workspace set policy = policy || $1", {"attributes": {"contact": {"plan": "text"}}}
    )
    path = f"/api/entry-points/{house.entry_point}"
    said = {"priority": 7, "attributes": {"plan": "gold"}}
    status, changed = await service.call("PATCH", path, json=said, by=admin)
    assert (status, changed | said) == (200, changed)
    call = await house.arrive(channel="voice", line=False)
    row = await house.pool.fetchrow("select * from contact where id = $1", call.id)
    assert (row["priority"], row["attributes"]) == (7, {"plan": "gold"})
    for wrong, field in (
        ({"priority": 10}, "priority"),
        ({"attributes": {"plan": 3}}, "attributes.plan"),
        ({"attributes": {"rank": "x"}}, "attributes.rank"),
    ):
        status, answer = await service.call("PATCH", path, json=wrong, by=admin)
        assert (status, answer["error"]["field"]) == (422, field)


async def test_a_widgets_key_is_drawn_and_works(
    service: Service, house: House, admin: UUID
) -> None:
    body = {
        "kind": "widget",
        "name": "Shop",
        "origins": ["https://Shop.example.com/", "https://shop.example.com:443"],
        "customer_queue_id": str(house.queues["customers"]),
        "expert_queue_id": str(house.queues["experts"]),
    }
    status, made = await service.call("POST", "/api/entry-points", json=body, by=admin)
    assert status == 201
    assert (made["languages"], made["origins"]) == (["en"], ["https://shop.example.com"])
    opened = await service.open(widget=made["address"])
    assert opened["contact"]


WRONG_ENTRY_POINTS = [
    ({"address": "12"}, "address"),
    ({"address": None}, "address"),
    ({"address": "anonymous"}, "address"),
    ({"name": ""}, "name"),
    ({"name": "a\0"}, "name"),
    ({"languages": ["de"]}, "language"),
    ({"languages": ["en", "English!"]}, "languages"),
    ({"menu": [{"key": "12", "topic": "a"}]}, "menu[0].key"),
    ({"menu": [{"key": "1", "topic": "a"}, {"key": "1", "topic": "b"}]}, "menu[1].key"),
    ({"menu": [{"key": "1", "topic": "A b"}]}, "menu[0].topic"),
    ({"menu": [{"key": "1", "topic": "a", "label": {"en": "x\ny"}}]}, "menu[0].label.en"),
    ({"menu": [{"key": "1"}]}, "menu[0].topic"),
    ({"prompts": {"en": {"nonsense": "x"}}}, "prompts.en.nonsense"),
    ({"prompts": {"en": {"greeting": "{secret}"}}}, "prompts.en.greeting"),
    ({"prompts": {"en": {"greeting": "a\u0007b"}}}, "prompts.en.greeting"),
    ({"origins": ["shop.example.com"]}, "origins[0]"),
    ({"origins": ["http://shop.example.com"]}, "origins[0]"),
    ({"customer_queue_id": str(uuid4())}, "customer_queue_id"),
    ({"expert_queue_id": "x"}, "expert_queue_id"),
    ({"kind": "fax"}, "kind"),
]


async def test_an_entry_point_that_will_not_do_is_told_with_its_field(
    service: Service, house: House, admin: UUID
) -> None:
    for change, field in WRONG_ENTRY_POINTS:
        body = {
            "kind": "phone",
            "address": "030 5550100",
            "name": "Hotline",
            "languages": ["en"],
            "customer_queue_id": str(house.queues["customers"]),
            "expert_queue_id": str(house.queues["experts"]),
            **change,
        }
        status, answer = await service.call("POST", "/api/entry-points", json=body, by=admin)
        assert (status, answer["error"].get("field")) == (422, field), change


async def test_another_companys_queue_is_no_queue_here(
    service: Service, house: House, admin: UUID
) -> None:
    theirs = await house.pool.fetchval(
        "with w as (insert into workspace (slug, name) values ('other', 'O') returning id)"
        " insert into queue (workspace_id, slug, name) select id, 'q', 'Q' from w returning id"
    )
    status, answer = await service.call(
        "PATCH", f"/api/entry-points/{house.entry_point}",
        json={"customer_queue_id": str(theirs)}, by=admin,
    )  # fmt: skip
    assert (status, answer["error"]["field"]) == (422, "customer_queue_id")


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" https://WWW.example.com/ ", "https://www.example.com"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://example.com", None),
        ("https://", None),
        ("https://*.example.com", None),
        ("https://example.com/shop", None),
        ("https://example.com?x", None),
        ("https://me@example.com", None),
        ("https://example.com:99999", None),
        ("https://exa mple.com", None),
        ("https://example.com\0", None),
        ("javascript:alert(1)", None),
        ("null", None),
        ("*", None),
    ],
)
def test_a_site_is_written_as_browsers_name_it(site: str, origin: str | None) -> None:
    if origin is not None:
        assert ways_in.origins([site]) == [origin]
    else:
        with pytest.raises(Invalid) as caught:
            ways_in.origins([site])
        assert caught.value.field == "origins[0]"
