"""Why a waiting contact is not offered to somebody: each reason, as the stores give it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from router.channels.contacts import HandOver
from router.errors import NotFound
from router.explanations.facts import Check
from router.explanations.reader import Explanations
from router.queues.presence import agent_changed
from tests.house import House


class Answer:
    """What is said of one contact and agent."""

    def __init__(self, verdict: str, checks: list[Check], later: int | None) -> None:
        self.verdict, self.checks, self.later = verdict, checks, later

    @property
    def against(self) -> list[str]:
        return [check.code for check in self.checks if not check.passes]

    def text(self, code: str) -> str:
        return next(check.text for check in self.checks if check.code == code)

    def until(self, code: str) -> int:
        found = next(check.until_ms for check in self.checks if check.code == code)
        assert found is not None
        return found


async def why(house: House, contact: Any, agent: UUID) -> Answer:
    contact_id = getattr(contact, "id", contact)
    reader = Explanations(house.pool, house.engine)
    return Answer(*await reader.agent(house.workspace, contact_id, agent))


async def changed(house: House, agent: UUID, **columns: Any) -> None:
    """The agent as an admin changes them."""
    async with house.pool.acquire() as connection, connection.transaction():
        for name, value in columns.items():
            await connection.execute(f"update agent set {name} = $2 where id = $1", agent, value)
        pending = await agent_changed(connection, house.workspace, agent)
    await house.outbox.apply(pending)


async def rules(house: House, **given: Any) -> None:
    await house.pool.execute(
        "update workspace set policy = $2 where id = $1", house.workspace, given
    )


async def test_nothing_stands_against_who_it_is_offered_to(house: House) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive()
    found = await why(house, contact, ana)
    assert found.against == []
    assert found.verdict == "It is offered to Ana now."
    assert found.checks[0].code == "offered"
    assert {"presence", "tier", "language"} <= {check.code for check in found.checks}


async def test_it_is_offered_to_another(house: House) -> None:
    await house.agent("Ana")
    ben = await house.agent("Ben")
    contact = await house.arrive()
    found = await why(house, contact, ben)
    assert found.against == ["offered_to_another"]
    assert "offered to Ana" in found.verdict
    assert found.until("offered_to_another") > 0


async def test_it_is_in_the_hands_of_another_or_in_theirs(house: House) -> None:
    ana, ben = await house.agent("Ana"), await house.agent("Ben")
    contact = await house.arrive()
    await house.accept(ana)
    assert (await why(house, contact, ben)).verdict == "It is in the hands of Ana."
    assert (await why(house, contact, ana)).verdict == "It is in their hands already."


async def test_it_is_over_or_not_in_line_yet(house: House) -> None:
    ana = await house.agent("Ana", presence="offline")
    contact = await house.arrive(channel="voice", line=False)
    assert (await why(house, contact, ana)).against == ["arriving"]
    await house.contacts.end(house.workspace, contact.id, outcome="abandoned", by="person")
    assert (await why(house, contact, ana)).against == ["over"]


async def test_they_are_signed_out_or_on_a_break(house: House) -> None:
    contact = await house.arrive()
    ana = await house.agent("Ana", presence="offline")
    found = await why(house, contact, ana)
    assert (found.against, found.verdict) == (["presence"], "They are signed out.")
    await house.contacts.set_presence(house.workspace, ana, "break", "lunch")
    assert (await why(house, contact, ana)).verdict == "They are on a break (lunch)."


async def test_another_contact_is_offered_to_them(house: House) -> None:
    ana = await house.agent("Ana", capacity={"voice": 1, "chat": 3, "video": 1})
    await house.arrive()
    second = await house.arrive()
    found = await why(house, second, ana)
    assert found.against == ["open_offer"]


async def test_their_channel_is_full_or_off(house: House) -> None:
    ana = await house.agent("Ana", capacity={"voice": 0, "chat": 1, "video": 0})
    await house.arrive()
    await house.accept(ana)
    chat, call = await house.arrive(), await house.arrive(channel="voice")
    found = await why(house, chat, ana)
    assert (found.against, found.text("capacity")) == (["capacity"], "They hold 1 of 1 chats.")
    assert (await why(house, call, ana)).against == ["channel"]


async def test_they_hold_as_many_in_all_as_they_may(house: House) -> None:
    ana = await house.agent("Ana", capacity={"voice": 1, "chat": 2, "video": 1, "all": 1})
    await house.arrive()
    await house.accept(ana)
    call = await house.arrive(channel="voice")
    found = await why(house, call, ana)
    assert found.against == ["capacity_in_all"]
    assert found.text("capacity_in_all") == "They hold 1 of 1 contacts in all."


async def test_a_call_blocks_video(house: House) -> None:
    ana = await house.agent("Ana")
    await house.arrive(channel="voice")
    await house.accept(ana)
    video = await house.arrive(channel="video")
    found = await why(house, video, ana)
    assert (found.against, found.verdict) == (["blocked"], "They have calls, which block videos.")
    assert (await why(house, await house.arrive(), ana)).against == []


async def test_tier_language_and_skills_are_told_one_by_one(house: House) -> None:
    await house.queue(
        "customers",
        {"steps": [{"tiers": [2], "seconds": 60}, {"skills": False, "language": False}]},
    )
    ana = await house.agent("Ana", tier=1, languages=("en",), skills=("router",))
    contact = await house.arrive(language="de", skills=("router", "billing"))
    found = await why(house, contact, ana)
    assert found.against == ["tier", "language", "skills"]
    assert found.text("tier") == "Tier 2 is asked for; theirs is 1."
    assert found.text("language") == "“de” is asked for; they speak “en”."
    assert "they lack “billing”" in found.text("skills")
    # the second step asks for less
    assert found.later == 2
    line_ms = round((await _line_at(house, contact.id)).timestamp() * 1000)
    assert abs(found.until("tier") - line_ms - 60_000) < 1000


async def _line_at(house: House, contact: UUID) -> Any:
    return await house.pool.fetchval("select line_at from contact where id = $1", contact)


async def test_each_condition_of_a_filter_is_told_with_what_was_found(house: House) -> None:
    await house.queue(
        "customers",
        {"steps": [{"filter": "agent.levels.router >= 3 AND agent.tags HAS 'mentor'"}]},
    )
    ana = await house.agent("Ana", skills=("router",))
    await changed(house, ana, levels={"router": 2}, tags=["mentor"])
    contact = await house.arrive()
    found = await why(house, contact, ana)
    assert found.against == ["filter"]
    told = {check.text: check.passes for check in found.checks if check.code == "filter"}
    assert told == {
        "agent.levels.router >= 3: agent.levels.router is 2.": False,
        'agent.tags HAS "mentor": agent.tags is “mentor”.': True,
    }
    await changed(house, ana, levels={"router": 3})
    assert (await why(house, contact, ana)).against == []


async def test_a_requirement_that_is_new_is_being_looked_up(house: House) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive(language="en")
    # as before it is built
    await house.pool.execute("update kind set built_at = null")
    other = await house.agent("Ben", presence="offline")
    assert "building" in (await why(house, contact, other)).against
    assert "building" in (await why(house, contact, ana)).against


async def test_who_declined_is_not_asked_again_for_a_while(house: House) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive()
    offer = await house.offer(ana)
    assert offer is not None
    await house.contacts.decline(house.workspace, ana, offer["offer"])
    found = await why(house, contact, ana)
    assert found.against == ["excluded"]
    assert found.verdict == "They declined it and are not asked again for a while."
    now_ms = await house.engine.now_ms()
    assert 100_000 < found.until("excluded") - now_ms <= 120_000


async def test_who_passed_it_on_is_not_asked_again_for_a_while(house: House) -> None:
    await house.queue("experts", {"steps": [{"tiers": [1, 2], "skills": False}]})
    ana = await house.agent("Ana", capacity={"voice": 1, "chat": 2, "video": 1})
    contact = await house.arrive()
    handling = await house.accept(ana)
    await house.contacts.escalate(
        house.workspace, ana, handling.id, HandOver("too hard", "all", "much")
    )
    found = await why(house, contact, ana)
    assert found.against == ["excluded"]
    assert found.verdict == "They passed it on and are not asked again for a while."


async def test_it_waits_for_somebody_else_alone(house: House) -> None:
    await house.queue("customers", {"steps": [{"tiers": [1]}], "choice": {"prefer_seconds": 600}})
    ana = await house.agent("Ana", capacity={"voice": 1, "chat": 1, "video": 1})
    contact = await house.arrive()
    handling = await house.accept(ana)
    ben = await house.agent("Ben", presence="break")
    # lost by accident: the same agent is asked first, and busy just now
    await house.contacts.set_presence(house.workspace, ana, "break", "lunch")
    await house.contacts.release(handling.id)
    await house.contacts.set_presence(house.workspace, ben, "available")
    found = await why(house, contact, ben)
    assert found.against == ["preferred"]
    assert found.verdict == "It waits for Ana alone."
    assert (await why(house, contact, ana)).against == ["presence"]


async def test_the_last_of_the_second_level_are_kept_for_experts(house: House) -> None:
    await house.queue("customers", {"steps": [{"tiers": [1, 2]}]})
    ana = await house.agent("Ana", tier=2)
    await house.engine.run(house.workspace, "reserve", {"share": 0.5})
    contact = await house.arrive()
    found = await why(house, contact, ana)
    assert found.against == ["reserve"]
    assert found.verdict == "50% of the 2nd level are kept for experts; 1 of 1 are free."
    expert = await house.arrive(role="expert")
    assert (await why(house, expert, ana)).verdict == "It is offered to Ana now."


async def test_others_are_ahead_of_it(house: House) -> None:
    ana = await house.agent("Ana")
    await house.arrive()
    await house.accept(ana)
    contacts = [await house.arrive() for _ in range(3)]
    found = await why(house, contacts[2], ana)
    assert found.against == ["capacity", "ahead"]
    assert found.text("ahead") == "2 contacts are ahead of it for them."
    assert found.verdict == "They hold 1 of 1 chats. (1 more against it)"
    assert (await why(house, contacts[0], ana)).against == ["capacity"]


async def test_nothing_is_told_of_what_is_not_there(house: House) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive()
    with pytest.raises(NotFound):
        await why(house, uuid4(), ana)
    with pytest.raises(NotFound):
        await why(house, contact, uuid4())


async def test_an_escalated_contact_is_explained_by_its_new_queue(house: House) -> None:
    ana = await house.agent("Ana")
    contact = await house.arrive()
    handling = await house.accept(ana)
    await house.contacts.escalate(
        house.workspace, ana, handling.id, HandOver("beyond_me", "why?", "all")
    )
    found = await why(house, contact, ana)
    assert "tier" in found.against
