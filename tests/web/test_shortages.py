"""What routing is short of is told to whoever watches the service."""

from __future__ import annotations

from prometheus_client import generate_latest

from router.queues.floor import Floor
from router.web import shortages
from router.web.metrics import REGISTRY
from tests.house import House


async def told(house: House, name: str) -> list[str]:
    await shortages.read(house.pool, Floor(house.redis, house.engine))
    text = generate_latest(REGISTRY).decode()
    return [line for line in text.splitlines() if line.startswith(name + "{")]


async def test_contacts_that_nobody_could_serve_are_told_until_somebody_comes(house: House):
    await house.arrive(language="pt")
    await house.arrive(language="pt")
    lines = await told(house, "secondline_waiting_unservable")
    assert [line.rsplit(" ", 1)[1] for line in lines if 'queue="customers"' in line] == ["2.0"]
    await house.agent("Ana", languages=("pt",))
    assert await told(house, "secondline_waiting_unservable") == []


async def test_kinds_and_overdue_messages_are_counted(house: House):
    contact = await house.arrive()
    kinds = await told(house, "secondline_kinds")
    assert [line.rsplit(" ", 1)[1] for line in kinds if 'state="built"' in line] == ["1.0"]
    await house.pool.execute("update contact set due_at = now() - interval '1 minute'")
    assert len(await told(house, "secondline_messages_overdue")) == 1
    await house.contacts.end(house.workspace, contact.id, outcome="abandoned", by="person")
    assert await told(house, "secondline_messages_overdue") == []
