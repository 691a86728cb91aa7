"""Both sides rate a handling, blind until both are in or the time is up."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from router.errors import Conflict, Forbidden, NotFound, SecondlineError
from router.ratings.store import Ratings
from tests.house import House, until
from tests.web.service import Service


@pytest.fixture
def ratings(house: House) -> Ratings:
    return Ratings(house.pool, house.outbox)


async def handled(house: House, agent: UUID) -> tuple[UUID, UUID]:
    """A contact that this agent has served: contact and handling."""
    contact = await house.arrive()
    handling = await house.accept(agent)
    assert handling.contact_id == contact.id
    await house.contacts.end(house.workspace, contact.id, outcome="completed", by="agent")
    await house.contacts.wrap_up(house.workspace, agent, handling.id, "resolved")
    return contact.id, handling.id


async def figures(house: House, agent: UUID) -> tuple[int, int]:
    row = await house.pool.fetchrow(
        "select rating_sum, rating_count from agent where id = $1", agent
    )
    return row["rating_sum"], row["rating_count"]


async def revealed(house: House, handling: UUID) -> set[str]:
    rows = await house.pool.fetch(
        "select direction from rating where handling_id = $1 and revealed_at is not null", handling
    )
    return {row["direction"] for row in rows}


async def state_of(call: Any) -> str | None:
    with pytest.raises(Conflict) as caught:
        await call
    return caught.value.state


async def age(house: House, handling: UUID, hours: float) -> None:
    await house.pool.execute(
        "update handling set ended_at = now() - make_interval(secs => $2 * 3600) where id = $1",
        handling,
        hours,
    )


async def test_nothing_shows_until_both_are_in(house: House, ratings: Ratings) -> None:
    agent = await house.agent("Ana")
    contact, handling = await handled(house, agent)
    await ratings.rate_agent(house.workspace, contact, stars=2, comment="slow")
    assert await revealed(house, handling) == set()
    assert await figures(house, agent) == (0, 0)
    await ratings.rate_person(house.workspace, handling, agent, stars=5)
    assert await revealed(house, handling) == {"of_agent", "of_person"}
    assert await figures(house, agent) == (2, 1)
    await house.outbox.forget()
    assert await house.pool.fetchval("select count(*) from outbox") == 0


async def test_each_side_rates_once(house: House, ratings: Ratings) -> None:
    agent = await house.agent("Ana")
    contact, handling = await handled(house, agent)
    await ratings.rate_agent(house.workspace, contact, stars=2)
    assert await state_of(ratings.rate_agent(house.workspace, contact, stars=5)) == "rated"
    await ratings.rate_by_keypad(house.workspace, handling, 5)
    assert await house.pool.fetchval("select stars from rating") == 2


async def test_both_at_the_same_moment_are_revealed_once(house: House, ratings: Ratings) -> None:
    agent = await house.agent("Ana")
    for _ in range(10):
        contact, handling = await handled(house, agent)
        await asyncio.gather(
            ratings.rate_agent(house.workspace, contact, stars=4),
            ratings.rate_person(house.workspace, handling, agent, stars=3),
        )
        assert await revealed(house, handling) == {"of_agent", "of_person"}
    assert await figures(house, agent) == (40, 10)


async def test_the_same_rating_ten_times_at_once_is_one(house: House, ratings: Ratings) -> None:
    agent = await house.agent("Ana")
    contact, _ = await handled(house, agent)
    tries = [ratings.rate_agent(house.workspace, contact, stars=4) for _ in range(10)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 9


async def test_after_the_window_one_side_is_revealed_and_the_other_refused(
    house: House, ratings: Ratings
) -> None:
    agent = await house.agent("Ana")
    contact, handling = await handled(house, agent)
    await ratings.rate_agent(house.workspace, contact, stars=1)
    await age(house, handling, 71.9)
    assert await ratings.reveal_due() == 0
    await age(house, handling, 72.1)
    counts = await asyncio.gather(*[ratings.reveal_due() for _ in range(5)])
    assert sum(counts) >= 1
    assert await revealed(house, handling) == {"of_agent"}
    assert await figures(house, agent) == (1, 1)
    late = ratings.rate_person(house.workspace, handling, agent, stars=1)
    assert await state_of(late) == "closed"
    assert await ratings.reveal_due() == 0


async def test_the_agents_word_alone_is_revealed_and_changes_no_figure(
    house: House, ratings: Ratings
) -> None:
    agent = await house.agent("Ana")
    _, handling = await handled(house, agent)
    await ratings.rate_person(house.workspace, handling, agent, stars=1)
    await age(house, handling, 80)
    assert await ratings.reveal_due() == 1
    assert await revealed(house, handling) == {"of_person"}
    assert await figures(house, agent) == (0, 0)


async def test_a_shorter_window_is_policy(house: House, ratings: Ratings) -> None:
    agent = await house.agent("Ana")
    contact, handling = await handled(house, agent)
    await ratings.rate_agent(house.workspace, contact, stars=1)
    await house.pool.execute("update workspace set policy = $1", {"ratings": {"window_hours": 1}})
    await age(house, handling, 1.1)
    assert await ratings.reveal_due() == 1


async def test_a_conversation_is_rated_only_when_it_is_over(house: House, ratings: Ratings) -> None:
    agent = await house.agent("Ana")
    contact = await house.arrive()
    assert await state_of(ratings.rate_agent(house.workspace, contact.id, stars=1)) == "waiting"
    handling = await house.accept(agent)
    early = ratings.rate_person(house.workspace, handling.id, agent, stars=1)
    assert await state_of(early) == "active"
    assert await state_of(ratings.rate_agent(house.workspace, contact.id, stars=1)) == "handling"


async def test_nobody_rates_another_agents_handling(house: House, ratings: Ratings) -> None:
    ana, ben = await house.agent("Ana"), await house.agent("Ben", presence="offline")
    contact, handling = await handled(house, ana)
    other, _ = await handled(house, ana)
    with pytest.raises(Forbidden):
        await ratings.rate_person(house.workspace, handling, ben, stars=1)
    with pytest.raises(NotFound):
        await ratings.rate_person(UUID(int=1), handling, ana, stars=1)
    with pytest.raises(NotFound):
        await ratings.rate_agent(house.workspace, other, stars=1, handling_id=handling)
    with pytest.raises(SecondlineError):
        await ratings.rate_agent(house.workspace, contact, stars=6)


async def test_many_good_ratings_move_the_agent_up_a_band_in_the_live_store(
    house: House, ratings: Ratings
) -> None:
    async def live_band() -> int:
        # a class's name ends with its rank, which begins with the band
        return int((await house.live_agent(agent))["cls"].partition(".")[2][0])

    agent = await house.agent("Ana")
    bands = []
    for _ in range(7):
        contact, handling = await handled(house, agent)
        await ratings.rate_agent(house.workspace, contact, stars=5)
        await ratings.rate_person(house.workspace, handling, agent, stars=5)
        bands.append(await live_band())
    assert bands == [2, 2, 2, 2, 2, 3, 3]


async def test_a_rating_by_http_from_both_sides(house: House, service: Service) -> None:
    agent = await house.agent("Ana")
    opened = await service.open()
    await until(lambda: house.offer(agent), "an offer")
    handling = await house.accept(agent)
    await house.contacts.end(house.workspace, handling.contact_id, outcome="completed", by="person")
    path = f"/api/contacts/{opened['contact']}/rating"
    good = {"secret": opened["secret"], "stars": 4, "comment": " <b>kind</b>\nand quick "}
    for bad, field in (
        ({**good, "stars": 0}, "stars"),
        ({**good, "stars": 5.5}, "stars"),
        ({**good, "stars": "5"}, "stars"),
        ({**good, "comment": "a\0b"}, "comment"),
        ({**good, "comment": "x" * 2001}, "comment"),
        ({**good, "grade": 1}, "grade"),
    ):
        status, answer = await service.call("POST", path, json=bad)
        assert (status, answer["error"]["field"]) == (422, field)
    wrong = await service.call("POST", path, json={**good, "secret": "x"})
    nobody = await service.call("POST", f"/api/contacts/{UUID(int=7)}/rating", json=good)
    assert (wrong[0], nobody[0]) == (403, 403)
    assert wrong == nobody
    assert await service.call("POST", path, json=good) == (204, None)
    status, answer = await service.call("POST", path, json=good)
    assert (status, answer["error"]["state"]) == (409, "rated")

    supervisor = await service.account("supervisor")
    record = f"/api/contacts/{opened['contact']}"
    for viewer in (agent, supervisor):
        status, seen = await service.call("GET", record, by=viewer)
        assert (status, seen["ratings"]) == (200, [])
    path = f"/api/handlings/{handling.id}/rating"
    assert (await service.call("POST", path, json={"stars": 3}))[0] == 401
    assert (await service.call("POST", path, json={"stars": 3}, by=supervisor))[0] == 403
    assert (await service.call("POST", path, json={"stars": 3}, by=agent))[0] == 204
    _, seen = await service.call("GET", record, by=supervisor)
    assert {r["direction"]: r["stars"] for r in seen["ratings"]} == {"of_agent": 4, "of_person": 3}
    assert (
        next(r for r in seen["ratings"] if r["stars"] == 4)["comment"] == "<b>kind</b>\nand quick"
    )


async def test_a_foreign_site_cannot_rate(house: House, service: Service) -> None:
    opened = await service.open()
    status, _ = await service.call(
        "POST",
        f"/api/contacts/{opened['contact']}/rating",
        json={"secret": opened["secret"], "stars": 1},
        headers={"Origin": "https://evil.example"},
    )
    assert status == 403


async def test_each_handling_of_an_escalated_contact_is_rated_by_itself(
    house: House, service: Service
) -> None:
    ana = await house.agent("Ana")
    eva = await house.agent("Eva", tier=2)
    opened = await service.open()
    await until(lambda: house.offer(ana), "an offer")
    first = await house.accept(ana)
    desk = await service.desk(ana)
    await desk.ok("escalate", handling=str(first.id), reason="r", asked="a", tried="t")
    await until(lambda: house.offer(eva), "an offer")
    second = await house.accept(eva)
    await house.contacts.end(house.workspace, second.contact_id, outcome="completed", by="person")
    path = f"/api/contacts/{opened['contact']}/rating"
    body = {"secret": opened["secret"], "stars": 5}
    assert (await service.call("POST", path, json=body))[0] == 204
    assert (await service.call("POST", path, json={**body, "handling": str(second.id)}))[0] == 409
    older = {**body, "stars": 2, "handling": str(first.id)}
    assert (await service.call("POST", path, json=older))[0] == 204
    rows = await house.pool.fetch("select agent_id, stars from rating")
    assert {(row["agent_id"], row["stars"]) for row in rows} == {(ana, 2), (eva, 5)}


async def test_a_message_is_rated_once_the_agent_has_answered_it(house: House, service: Service):
    """To hear what somebody left is no conversation; the first word back makes it one."""
    await house.queue("customers", {"steps": [{"tiers": [1]}], "hours": "never",
                                    "closed": {"to": "voicemail"}})  # fmt: skip
    await house.pool.execute(
        "update workspace set policy = $1", {"schedules": {"never": {"weekly": {}}}}
    )
    agent = await house.agent("Ana", capacity={"voice": 1, "chat": 2, "video": 1})
    desk = await service.desk(agent)
    unanswered = await service.open(message="My box is dead.")
    # the first of a kind waits until it is built, and the next one would be ahead of it
    await until(lambda: house.offer(agent), "an offer")
    answered = await service.open(message="My box is dead.")
    for opened in (unanswered, answered):
        await until(lambda: house.offer(agent), "an offer")
        offer = await house.offer(agent)
        assert offer
        assert offer["contact"] == opened["contact"]
        await desk.ok("accept", offer=offer["offer"])
        if opened is answered:
            await desk.ok("say", contact=opened["contact"], key="a", text="Pull its plug.")
        await desk.ok("end", contact=opened["contact"])
        wrapping = await desk.until("handling", contact=opened["contact"], state="wrapup")
        assert wrapping["may_rate"] == (opened is answered)
        await desk.ok("wrap_up", handling=wrapping["handling"], outcome="resolved", note="")
    for opened, expected in ((unanswered, 409), (answered, 204)):
        at = f"/api/contacts/{opened['contact']}/rating"
        status, _ = await service.call("POST", at, json={"secret": opened["secret"], "stars": 5})
        assert status == expected
