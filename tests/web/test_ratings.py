"""Ratings over HTTP: who proves to be one of the two sides, and nobody else."""

import secrets
from uuid import uuid4

import pytest

from router.web.origins import HOST_SITES

HOST = "https://shop.example"


@pytest.fixture
async def served(service, house):
    """A contact whose conversation is over: the service, contact with secret, handling, agent."""
    agent = await house.agent("Ana")
    desk = await service.desk(agent)
    opened = await service.open()
    offer = await desk.until("offer", contact=opened["contact"])
    handling = (await desk.ok("accept", offer=offer["offer"]))["handling"]
    await desk.ok("end", contact=opened["contact"])
    return service, opened, handling, agent


async def _given(house):
    return await house.pool.fetchval("select count(*) from rating")


async def _agent_rated(service, opened, **how):
    body = {"secret": opened["secret"], "stars": 4, **how.pop("body", {})}
    return await service.call("POST", f"/api/contacts/{opened['contact']}/rating", json=body, **how)


async def _person_rated(service, handling, **how):
    path = f"/api/handlings/{handling}/rating"
    return await service.call("POST", path, json={"stars": 5}, **how)


async def test_both_sides_rate_once_and_the_second_reveals(served, house):
    service, opened, handling, agent = served
    assert (await _agent_rated(service, opened))[0] == 204
    assert (await _person_rated(service, handling, by=agent))[0] == 204
    assert await house.pool.fetchval("select bool_and(revealed_at is not null) from rating")
    for status, answer in (
        await _agent_rated(service, opened),
        await _person_rated(service, handling, by=agent),
    ):
        assert (status, answer["error"]["state"]) == (409, "rated")
    assert await _given(house) == 2


async def test_a_wrong_secret_and_an_unknown_contact_are_one_answer(served, house):
    service, opened, _, _ = served
    wrong = await _agent_rated(service, opened, body={"secret": secrets.token_hex(32)})
    unknown = await _agent_rated(service, {**opened, "contact": uuid4()})
    early = await service.open()
    before = await _agent_rated(service, early, body={"secret": "wrong"})
    assert wrong == unknown == before
    assert (wrong[0], wrong[1]["error"]["field"]) == (403, "secret")
    status, answer = await _agent_rated(service, early)
    assert (status, answer["error"]["state"]) == (409, "waiting")
    assert await _given(house) == 0


async def test_a_foreign_page_rates_where_its_widget_may_stand_alone(served, house):
    service, opened, _, _ = served
    status, _ = await _agent_rated(service, opened, headers={"Origin": HOST})
    assert status == 403
    # another widget's site: known here, and not to this contact
    await house.pool.execute(
        "insert into entry_point (workspace_id, kind, address, name, origins, customer_queue_id,"
        " expert_queue_id) select workspace_id, 'widget', 'other', 'Other', $2,"
        " customer_queue_id, expert_queue_id from entry_point where id = $1",
        house.entry_point,
        [HOST],
    )
    service.app[HOST_SITES]._read_at = float("-inf")
    assert (await _agent_rated(service, opened, headers={"Origin": HOST}))[0] == 403
    assert await _given(house) == 0
    await house.pool.execute(
        "update entry_point set origins = $2 where id = $1", house.entry_point, [HOST]
    )
    assert (await _agent_rated(service, opened, headers={"Origin": HOST}))[0] == 204


async def test_an_agent_rates_with_a_session_that_stands(served, house):
    service, _, handling, agent = served
    assert (await _person_rated(service, handling))[0] == 401
    forged = {"Cookie": "secondline_session=forged"}
    assert (await _person_rated(service, handling, headers=forged))[0] == 401
    supervisor = await service.account("supervisor")
    status, answer = await _person_rated(service, handling, by=supervisor)
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    other = await house.agent("Ben")
    status, answer = await _person_rated(service, handling, by=other)
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert (await _person_rated(service, uuid4(), by=agent))[0] == 404
    await service.sign_in(agent)
    await house.pool.execute("update session set revoked_at = now() where account_id = $1", agent)
    assert (await _person_rated(service, handling, by=agent))[0] == 401
    await house.pool.execute("update session set revoked_at = null where account_id = $1", agent)
    await house.pool.execute("update account set disabled_at = now() where id = $1", agent)
    assert (await _person_rated(service, handling, by=agent))[0] == 401
    assert await _given(house) == 0
