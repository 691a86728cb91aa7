"""One load process: agents at their desks on real sockets, and people who arrive over HTTP.

`python -m router.bench.floor.crew` reads commands as JSON lines and answers each with one. Times
are of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import secrets
import socket
import sys
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import msgspec

from router.bench.floor.wire import Closed, Desk, Http

AT_ONCE = 64
"""How many sockets are being opened at a time."""

_encode = msgspec.json.encode


class Offer(msgspec.Struct):
    offer: str
    contact: str


class _Ok(msgspec.Struct):
    id: str = ""
    handling: str = ""


class _Snapshot(msgspec.Struct):
    offers: list[Offer]


class _Opened(msgspec.Struct):
    contact: str
    secret: str


_offer = msgspec.json.Decoder(Offer).decode
_ok = msgspec.json.Decoder(_Ok).decode
_snapshot = msgspec.json.Decoder(_Snapshot).decode
_opened = msgspec.json.Decoder(_Opened).decode


class Company(msgspec.Struct):
    """Where the load goes. widget, tokens: what people arrive with; peers: the crews' sockets."""

    servers: list[tuple[str, int]]
    agents: list[tuple[str, int]]
    widget: str
    peers: list[str]
    place: int
    languages: list[str]
    topics: list[str]
    tokens: list[str]
    holding_s: tuple[float, float]
    rate: bool = False
    seed: int = 1


class Agent:
    """What one desk is at. free_since: when it last became free, None before the first contact.

    ending: the contact and handling whose end is asked for.
    """

    __slots__ = (
        "begun_at",
        "contact",
        "cookie",
        "desk",
        "ending",
        "free_since",
        "handling",
        "offer",
        "server",
    )

    def __init__(self, token: str, server: int) -> None:
        self.cookie = f"secondline_session={token}"
        self.server = server
        self.desk: Desk | None = None
        self.offer = self.contact = self.handling = ""
        self.ending = ("", "")
        self.begun_at = 0.0
        self.free_since: float | None = None


class Figures(msgspec.Struct):
    """What happened, for the bench to read: times by contact, and what went wrong.

    rated: when the second of a handling's ratings was answered. gap_s: from an agent's end of one
    contact to their next one, `gaps` times.
    """

    intended: dict[str, float] = {}
    offered: dict[str, float] = {}
    ended: dict[str, float] = {}
    rated: list[float] = []
    holding_s: float = 0.0
    gap_s: float = 0.0
    gaps: int = 0
    trouble: dict[str, int] = {}


class Crew:
    """Some of the agents and some of the people."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._loop = asyncio.get_running_loop()
        self._random = random.Random(company.seed)
        self._https = [Http((host, port)) for host, port in company.servers]
        self._agents = [Agent(token, server) for token, server in company.agents]
        self._secrets: dict[str, str] = {}
        self._over: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._mail = _mailbox(company.peers[company.place])
        self._loop.add_reader(self._mail, self._read_mail)
        self._greeting = b""
        self.figures = Figures()
        self.trouble: Counter[str] = Counter()

    async def open(self) -> None:
        """Open every agent's socket."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(place: int, agent: Agent) -> None:
            async with slots:
                host, port = self._company.servers[agent.server]
                agent.desk = await Desk.connect((host, port), "/ws/desk", agent.cookie, self._heard)
                agent.desk.place = place
                if self._greeting:
                    agent.desk.send(self._greeting)

        await asyncio.gather(*(one(place, agent) for place, agent in enumerate(self._agents)))

    async def present(self, state: str, spread_s: float) -> None:
        """Every agent says so, evenly over so many seconds."""
        frame = _encode({"type": "presence", "id": "p", "state": state})
        begin = self._loop.time()
        for place, agent in enumerate(self._agents):
            at = begin + spread_s * place / len(self._agents)
            if (wait := at - self._loop.time()) > 0.001:
                await asyncio.sleep(wait)
            if agent.desk is not None:
                agent.desk.send(frame)

    async def come_back(self) -> None:
        """Every agent opens their socket and is available at once, as fast as it goes."""
        self._greeting = _encode({"type": "presence", "id": "p", "state": "available"})
        await self.open()

    async def arrive(self, count: int, rate: float, begin: float) -> None:
        """People arrive at random, so many a second, whatever became of those before them."""
        at = begin
        for number in range(count):
            at += self._random.expovariate(rate)
            if (wait := at - self._loop.time()) > 0:
                await asyncio.sleep(wait)
            self._begin(self._arrive(number, at))

    async def line_up(self, count: int) -> None:
        """So many people arrive as fast as it goes."""
        slots = asyncio.Semaphore(16)

        async def one(number: int) -> None:
            async with slots:
                await self._arrive(number, self._loop.time())

        await asyncio.gather(*(one(number) for number in range(count)))

    async def settle(self) -> None:
        """Until every request of this crew is answered."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def read_figures(self) -> Figures:
        """What happened since the last reading."""
        figures, self.figures = self.figures, Figures()
        figures.trouble = dict(self.trouble.most_common(20))
        return figures

    def close(self) -> None:
        self._loop.remove_reader(self._mail)
        for agent in self._agents:
            if agent.desk is not None:
                agent.desk.close()
        for http in self._https:
            http.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, server: int, path: str, body: Any, cookie: str = "") -> bytes | None:
        try:
            status, answer = await self._https[server].post(path, _encode(body), cookie)
        except (Closed, OSError) as error:
            self.trouble[f"{path.split('/')[-1]}: {error!r}"] += 1
            return None
        if status >= 300:
            self.trouble[f"{status} {answer[:200].decode()}"] += 1
            return None
        return answer

    async def _arrive(self, number: int, intended: float) -> None:
        company = self._company
        body = {
            "widget": company.widget,
            "channel": "chat",
            "key": secrets.token_hex(16),
            "language": company.languages[number % len(company.languages)],
            "topic": company.topics[number // 5 % len(company.topics)],
        }
        if company.tokens:
            body["token"] = company.tokens[number % len(company.tokens)]
        answer = await self._post(number % len(self._https), "/api/contacts", body)
        if answer is None:
            return
        opened = _opened(answer)
        self.figures.intended[opened.contact] = intended
        if company.rate:
            self._secrets[opened.contact] = opened.secret
            if opened.contact in self._over:
                self._over.discard(opened.contact)
                self._begin(self._rate_agent(opened.contact))

    def _heard(self, desk: Desk, raw: bytes) -> None:
        kind = raw[9:13]
        if kind == b"offe" and raw[14:16] == b'",':
            self._ring(self._agents[desk.place], _offer(raw))
        elif kind == b'ok",':
            self._answered(self._agents[desk.place], _ok(raw))
        elif kind == b"snap":
            for offer in _snapshot(raw).offers:
                self._ring(self._agents[desk.place], offer)
        elif kind == b"erro":
            self.trouble[raw[:200].decode()] += 1

    def _ring(self, agent: Agent, offer: Offer) -> None:
        if offer.offer == agent.offer:
            return
        agent.offer, agent.contact = offer.offer, offer.contact
        self.figures.offered[offer.contact] = self._loop.time()
        if agent.desk is not None:
            agent.desk.send(b'{"type":"accept","id":"a","offer":"' + offer.offer.encode() + b'"}')

    def _answered(self, agent: Agent, ok: _Ok) -> None:
        now = self._loop.time()
        if ok.id == "a":
            agent.handling = ok.handling
            agent.begun_at = now
            if agent.free_since is not None:
                self.figures.gap_s += now - agent.free_since
                self.figures.gaps += 1
            self._loop.call_later(self._random.uniform(*self._company.holding_s), self._end, agent)
        elif ok.id == "e" and self._company.rate:
            contact, handling = agent.ending
            self._begin(self._rate_person(agent, handling))
            if contact in self._secrets:
                self._begin(self._rate_agent(contact))
                return
            self._over.add(contact)
            for place, path in enumerate(self._company.peers):
                if place != self._company.place:
                    self._mail.sendto(contact.encode(), path)

    def _end(self, agent: Agent) -> None:
        now = self._loop.time()
        self.figures.holding_s += now - agent.begun_at
        self.figures.ended[agent.contact] = now
        agent.free_since = now
        agent.ending = (agent.contact, agent.handling)
        if agent.desk is not None:
            agent.desk.send(b'{"type":"end","id":"e","contact":"' + agent.contact.encode() + b'"}')

    def _read_mail(self) -> None:
        while True:
            try:
                contact = self._mail.recv(64).decode()
            except BlockingIOError:
                return
            if contact in self._secrets:
                self._begin(self._rate_agent(contact))
            else:
                # the answer to its arrival is still on its way
                self._over.add(contact)

    async def _rate_agent(self, contact: str) -> None:
        body = {"secret": self._secrets.pop(contact), "stars": self._random.randint(1, 5)}
        place = self._random.randrange(len(self._https))
        if await self._post(place, f"/api/contacts/{contact}/rating", body) is not None:
            self.figures.rated.append(self._loop.time())

    async def _rate_person(self, agent: Agent, handling: str) -> None:
        body = {"stars": self._random.randint(1, 5)}
        path = f"/api/handlings/{handling}/rating"
        if await self._post(agent.server, path, body, agent.cookie) is not None:
            self.figures.rated.append(self._loop.time())


class Command(msgspec.Struct):
    """do: open, come_back, present, arrive, line_up, settle, figures or close; what it takes."""

    do: str
    state: str = "available"
    spread_s: float = 0.0
    count: int = 0
    rate: float = 1.0
    begin: float = 0.0


async def main() -> None:
    """Obey until `close` or the end of the input."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # what lives long is not looked through again and again
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    crew = Crew(msgspec.json.decode(await lines.readline(), type=Company))
    while raw := await lines.readline():
        command = msgspec.json.decode(raw, type=Command)
        answer: Any = None
        match command.do:
            case "open":
                await crew.open()
            case "come_back":
                await crew.come_back()
            case "present":
                await crew.present(command.state, command.spread_s)
            case "arrive":
                await crew.arrive(command.count, command.rate, command.begin)
            case "line_up":
                await crew.line_up(command.count)
            case "settle":
                await crew.settle()
            case "figures":
                answer = crew.read_figures()
            case "close":
                break
        sys.stdout.buffer.write(_encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    crew.close()


def _mailbox(path: str) -> socket.socket:
    box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    box.bind(path)
    box.setblocking(False)
    return box


if __name__ == "__main__":
    asyncio.run(main())
