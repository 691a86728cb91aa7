"""Simulated experts and customers: they chat by HTTP and `/ws/contact`, and call by telephone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from router.demo import cast, words
from router.demo.peer import Frame, Socket
from router.demo.play import Begin, Play
from router.demo.telephone import FULL
from router.identity.visitors import make_token
from router.standin import Call, Standin
from router.standin.transcript import Part

STAR_WEIGHTS = (1, 1, 2, 6, 9)
LONGEST_S = 600.0
CALLBACKS = 0.06
"""How many of those who wait would rather be called back, each time that it is offered."""


class Visitor:
    """Somebody who chats. token: the host site's word on who they are."""

    def __init__(self, play: Play, *, language: str, token: str | None) -> None:
        self._play = play
        self._client = play.client()
        self._language = language
        self._token = token
        self._matter = play.random.choice(words.MATTERS[language])
        self._left = list(self._matter.more)
        self._patience = play.random.uniform(20, 150)
        self._waits = True
        self._over = False

    async def chat(self) -> None:
        """From the form to the rating. Raises Refused, and GONE."""
        play = self._play
        asked = {
            "widget": cast.WIDGET,
            "channel": "chat",
            "key": play.key(),
            "language": self._language,
            "topic": self._matter.topic,
            "message": self._matter.first,
        }
        asked |= (
            {"token": self._token} if self._token else {"name": play.random.choice(words.CUSTOMERS)}
        )
        opened = await self._client.request("POST", "/api/contacts", asked)
        play.counts["arrived"] += 1
        async with (
            asyncio.timeout(play.seconds(LONGEST_S)),
            self._client.socket("/ws/contact") as socket,
            play.crew() as begin,
        ):
            await socket.tell("hello", after=0, **opened)
            begin(self._lose_patience(socket))
            async for frame in socket.frames():
                if frame["type"] == "entry" and _answered(frame["entry"]):
                    begin(self._reply(socket))
                elif isinstance(frame.get("contact"), dict):
                    self._state(socket, frame["contact"], begin)

    def _state(self, socket: Socket, contact: Frame, begin: Begin) -> None:
        self._waits = contact["state"] == "waiting"
        if contact["state"] == "ended" and not self._over:
            self._over = True
            begin(self._leave(socket, met="handling" in contact))

    async def _leave(self, socket: Socket, *, met: bool) -> None:
        try:
            if met and self._play.chance() < 0.7:
                await self._rate(socket)
        finally:
            await socket.close()

    async def _reply(self, socket: Socket) -> None:
        await self._play.pause(3, 10)
        text = self._left.pop(0) if self._left else words.THANKS[self._language]
        await socket.ask("say", key=self._play.key(), text=text)

    async def _rate(self, socket: Socket) -> None:
        await self._play.pause(1, 4)
        stars = self._play.random.choices((1, 2, 3, 4, 5), STAR_WEIGHTS)[0]
        comment = self._play.random.choice((None, None, *words.COMMENTS)) if stars > 3 else None
        await socket.ask("rate", stars=stars, **({"comment": comment} if comment else {}))
        self._play.counts["rated"] += 1

    async def _lose_patience(self, socket: Socket) -> None:
        await asyncio.sleep(self._play.seconds(self._patience))
        if self._waits:
            await socket.ask("end")
            self._play.counts["gave up"] += 1


def _answered(entry: Frame) -> bool:
    return bool(entry["kind"] == "message" and entry["author"] == "agent")


@dataclass(frozen=True)
class Caller:
    """Somebody with a telephone. pin: with the expert number, where they key it in."""

    number: str
    stir: str | None = None
    expert: str | None = None
    pin: str | None = None


# parts of what is said, by which a caller knows what they are asked; see voice/prompts
_QUESTIONS = {
    "language": ("for english",),
    "who": ("expert number", "expertennummer"),
    "pin": ("your pin", "ihre pin"),
    "topic": ("router: press", "router: drücken"),
    "callback": ("called back, press 1", "zurückgerufen werden"),
    "confirm": ("press 1 if that is right", "wenn das stimmt"),
    "rate": ("from 1 to 5", "von 1 bis 5"),
}


class Telephone:
    """A caller who hears what is asked, presses keys, waits, and hangs up in the end."""

    def __init__(self, play: Play, exchange: Standin, caller: Caller) -> None:
        self._play = play
        self._exchange = exchange
        self._caller = caller
        self._asked: asyncio.Queue[str] = asyncio.Queue()
        self._spoken = ""
        self._met = False

    async def call(self, to: str) -> None:
        """From the first ring to the last word. Raises LookupError for a number that is gone."""
        play, caller = self._play, self._caller
        line = await self._exchange.call(from_=caller.number, to=to, stir=caller.stir)
        play.counts["arrived"] += 1
        play.calls.append(line.sid)
        try:
            line.transcript.watch(self._hear)
            async with play.crew() as begin:
                begin(self._press(line))
                begin(self._lose_patience(line))
                begin(self._have_talked(line))
                await line.over(play.seconds(LONGEST_S))
        finally:
            line.hang_up()

    def _has_phone(self) -> bool:
        """Somebody whose number is seen can be called back, and picks up."""
        if not self._caller.number.startswith("+"):
            return False
        self._exchange.phone(self._caller.number, answers_after=4.0)
        return True

    def _hear(self, part: Part) -> None:
        if part.kind == "said":
            self._spoken = part.text.casefold()
            self._recognise()
        elif part.kind == "conference" and part.data.get("event") == "joined":
            self._met = True

    def _recognise(self) -> None:
        for question, parts in _QUESTIONS.items():
            if any(each in self._spoken for each in parts):
                self._asked.put_nowait(question)
                return

    async def _press(self, line: Call) -> None:
        random = self._play.random
        while True:
            question = await self._asked.get()
            await self._play.pause(1, 3)
            match question:
                case "language":
                    keys = random.choice("112")
                case "who":
                    keys = f"{self._caller.expert}#" if self._caller.expert else "*"
                case "pin":
                    keys = f"{self._caller.pin}#"
                case "topic":
                    keys = random.choice("123")
                case "callback" if self._play.chance() > CALLBACKS or not self._has_phone():
                    continue
                case "callback" | "confirm":
                    keys = "1"
                case _:
                    keys = str(random.choices((1, 2, 3, 4, 5), STAR_WEIGHTS)[0])
                    self._play.counts["rated"] += 1
            line.press(keys)

    async def _lose_patience(self, line: Call) -> None:
        await self._play.pause(35, 180)
        if not self._met:
            self._play.counts["gave up"] += 1
            line.hang_up()

    async def _have_talked(self, line: Call) -> None:
        """Some hang up before the agent ends it; they are not asked for a rating then."""
        while not self._met:
            await self._play.pause(1, 2)
        await self._play.pause(20, 150)
        line.hang_up()


def caller(expert: cast.Expert | None, chance: float) -> Caller:
    """With a telephone: an expert at their own, or withheld with a PIN; or some customer. Pure."""
    if expert is None:
        return Caller(f"+49176040690{30 + int(chance * 25)}")
    if chance < 0.5:
        return Caller(expert.phones[0], FULL)
    return Caller("anonymous", None, expert.number, expert.pin)


def token(expert: cast.Expert | None, secret: str) -> str | None:
    """What the company's site says of a visitor: experts are signed in there."""
    if expert is None:
        return None
    return make_token(secret, expert.account, name=expert.name, expert_number=expert.number)


CROWD = (
    cast.Expert("472100", "Wanda Lis", ("+4917604069011",), "739154", ("de", "en"), 80, "crowd-1"),
    cast.Expert("472200", "Jorge Pinto", ("+4917604069012",), "284607", ("en",), 150, "crowd-2"),
    cast.Expert("472300", "Heike Vogt", ("+4917604069013",), "650918", ("de",), 35, "crowd-3"),
    cast.Expert("472400", "Mikko Aalto", ("+4917604069014",), "417382", ("en",), 210, "crowd-4"),
)
"""The experts who are simulated; those of the cast are left to whoever tries the demo."""
