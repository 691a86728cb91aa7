"""A caller's message over the whole telephone: spoken, listed, heard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.house import House, until
from tests.voice.telephone import Telephone, opened


@pytest.fixture
async def telephone(house: House) -> AsyncIterator[Telephone]:
    async with opened(house) as made:
        yield made


async def test_a_spoken_message_is_listed_by_its_call_and_can_be_heard(
    telephone: Telephone,
) -> None:
    house = telephone.house
    await house.queue("customers", {"steps": [{"tiers": [1]}], "voicemail": True})
    call = await telephone.customer()
    await call.hears("leave a message")
    await call.answers("2")
    await call.hears("after the tone")

    def spoken() -> bool:
        call.speak("My line is down, please call me back")
        return call.press("#")

    await until(spoken, "it is being recorded")

    async def left() -> bool:
        contact = await telephone.contact(call)
        return contact["due_at"] is not None

    await until(left, "the message")
    found = await telephone.voice.provider.recordings(call.sid)
    assert len(found) == 1
    assert await telephone.voice.provider.recordings("CA" + "0" * 32) == []
    sound = await telephone.voice.provider.sound(found[0]["recording"])
    assert sound is not None
    assert sound.startswith(b"RIFF")
    assert await telephone.voice.provider.sound("RE" + "0" * 32) is None
