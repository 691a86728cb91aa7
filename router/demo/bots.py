"""Simulated agents: they sign in, take what is offered, talk, escalate, wrap up and rate.

They work by HTTP and `/ws/desk` alone, and by a softphone at the stand-in's socket.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from router.demo import words
from router.demo.cast import Member
from router.demo.peer import GONE, Client, Frame, Refused, Socket
from router.demo.play import Begin, Play

PRESENCE_AGAIN_S = (6.0, 15.0)
SILENT_S = 45.0


@dataclass
class Hand:
    """A contact in a bot's hands. heard: what the person wrote. over: it is for wrapping up."""

    handling: str
    contact: str
    channel: str
    language: str
    topic: str
    hand_over: bool
    heard: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    may_rate: bool = True

    @classmethod
    def of(cls, frame: Frame) -> Hand:
        return cls(
            frame["handling"],
            frame["contact"],
            frame["channel"],
            frame["language"] if frame["language"] in words.GREETING else "en",
            frame.get("topic") or "it",
            frame.get("hand_over") is not None,
        )


class Bot:
    """One simulated agent."""

    def __init__(self, play: Play, member: Member, password: str) -> None:
        self._play = play
        self._member = member
        self._password = password
        self._client: Client = play.client()
        self._hands: dict[str, Hand] = {}

    async def run(self) -> None:
        """Shift after shift, until cancelled: a lost socket is opened again."""
        while True:
            with contextlib.suppress(*GONE, Refused):
                await self._client.log_in(self._member.email, self._password)
                async with self._client.socket("/ws/desk") as desk, self._play.crew() as begin:
                    await self._shift(desk, begin)
            await self._play.pause(2, 5)

    async def _shift(self, desk: Socket, begin: Begin) -> None:
        self._hands = {}
        async for frame in desk.frames():
            match frame["type"]:
                case "snapshot":
                    begin(desk.ask("presence", state="available"))
                    for handling in frame["handlings"]:
                        self._handling(desk, handling, begin)
                    for offer in frame["offers"]:
                        begin(self._answer(desk, offer))
                case "offer":
                    begin(self._answer(desk, frame))
                case "handling":
                    self._handling(desk, frame, begin)
                case "entry":
                    self._entry(frame)
                case "presence" if frame["state"] != "available":
                    begin(self._come_back(desk, frame))

    def _handling(self, desk: Socket, frame: Frame, begin: Begin) -> None:
        hand = self._hands.get(frame["handling"])
        if frame["state"] in ("connecting", "active") and hand is None:
            hand = self._hands[frame["handling"]] = Hand.of(frame)
            begin(self._serve(desk, hand))
        elif frame["state"] == "wrapup" and (hand is None or not hand.over.is_set()):
            hand = self._hands.setdefault(frame["handling"], Hand.of(frame))
            hand.may_rate = frame["may_rate"]
            hand.over.set()
            begin(self._wrap_up(desk, hand))
        elif frame["state"] == "done" and hand is not None:
            hand.over.set()
            del self._hands[frame["handling"]]

    def _entry(self, frame: Frame) -> None:
        entry = frame["entry"]
        if entry["kind"] == "message" and entry["author"] == "person":
            for hand in self._hands.values():
                if hand.contact == frame["contact"]:
                    hand.heard.put_nowait(entry["data"]["text"])

    async def _come_back(self, desk: Socket, frame: Frame) -> None:
        """From a missed offer soon; what a supervisor or admin has set is not undone."""
        if frame.get("reason") in ("missed", "no_connect", "short_break"):
            await self._play.pause(*PRESENCE_AGAIN_S)
            await desk.ask("presence", state="available")

    async def _answer(self, desk: Socket, offer: Frame) -> None:
        await self._play.pause(1, 6)
        chance = self._play.chance()
        if offer["channel"] == "video" or not await self._play.may_take(offer):
            # there is no face, and no voice, to meet a real person with
            await desk.ask("decline", offer=offer["offer"])
        elif chance < 0.94:
            await desk.ask("accept", offer=offer["offer"])
        elif chance < 0.98:
            await desk.ask("decline", offer=offer["offer"])
        # else they do not hear it ring

    async def _serve(self, desk: Socket, hand: Hand) -> None:
        if hand.channel == "voice":
            await self._talk(desk, hand)
        elif hand.channel == "chat":
            await self._write(desk, hand)

    async def _write(self, desk: Socket, hand: Hand) -> None:
        language = hand.language
        greeting = words.GREETING[language].format(name=self._member.name.partition(" ")[0])
        await self._play.pause(1, 3)
        await self._say(desk, hand, greeting)
        answers = list(words.ANSWERS[language])
        self._play.random.shuffle(answers)
        rounds = self._play.random.randint(2, 4)
        for number, answer in enumerate(answers[:rounds]):
            if not await self._hears(hand):
                break
            if number == 1 and self._passes_on(hand):
                await self._escalate(desk, hand)
                return
            await self._play.pause(3, 9)
            await self._say(desk, hand, answer)
        await self._hears(hand)
        await self._play.pause(2, 5)
        await self._say(desk, hand, words.GOODBYE[language])
        await self._play.pause(2, 4)
        await desk.ask("end", contact=hand.contact)

    async def _say(self, desk: Socket, hand: Hand, text: str) -> None:
        await desk.ask("say", contact=hand.contact, key=self._play.key(), text=text)

    async def _hears(self, hand: Hand) -> bool:
        """Whether the person writes something within a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._play.seconds(SILENT_S)):
                await hand.heard.get()
                return True
        return False

    def _passes_on(self, hand: Hand) -> bool:
        tier = self._member.agent.tier if self._member.agent else 1
        return tier == 1 and not hand.hand_over and self._play.chance() < 0.15

    async def _escalate(self, desk: Socket, hand: Hand) -> None:
        await desk.ask(
            "escalate",
            handling=hand.handling,
            reason=self._play.random.choice(words.REASONS),
            asked=f"About the {hand.topic}: see the conversation.",
            tried=words.TRIED[hand.language],
        )

    async def _talk(self, desk: Socket, hand: Hand) -> None:
        """The agent's leg comes first; then so long a talk, which either side may end."""
        phone = await self._client.request("GET", "/api/softphone")
        address = f"{phone['url']}?token={phone['token']}"
        async with self._client.socket(address) as line, self._play.crew() as begin:
            begin(self._hold_the_line(line, hand))
            if not await self._over(hand, self._play.random.uniform(20, 70)):
                if self._passes_on(hand):
                    await self._escalate(desk, hand)
                else:
                    await desk.ask("end", contact=hand.contact)
            # hanging up before the service has heard of the end would look like a lost line
            await self._over(hand, 20)

    async def _over(self, hand: Hand, seconds: float) -> bool:
        """Whether the conversation is over within so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._play.seconds(seconds)):
                await hand.over.wait()
        return hand.over.is_set()

    async def _hold_the_line(self, line: Socket, hand: Hand) -> None:
        async for frame in line.frames():
            match frame["type"]:
                case "ready":
                    await line.tell("connect", params={"handling": hand.handling})
                case "disconnected" | "error":
                    return

    async def _wrap_up(self, desk: Socket, hand: Hand) -> None:
        await self._play.pause(3, 12)
        random = self._play.random
        if hand.may_rate and self._play.chance() < 0.8:
            stars = random.choices((2, 3, 4, 5), (1, 2, 5, 6))[0]
            with contextlib.suppress(Refused):
                await self._client.request(
                    "POST", f"/api/handlings/{hand.handling}/rating", {"stars": stars}
                )
        outcome = random.choices(("resolved", "unresolved", "follow_up"), (8, 1, 1))[0]
        note = random.choice(words.NOTES)
        await desk.ask("wrap_up", handling=hand.handling, outcome=outcome, note=note)
        if self._play.chance() < 0.05:
            await desk.ask("presence", state="break", reason="short_break")
