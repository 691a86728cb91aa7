"""One company on the shared servers, its people and agents at light work, and what is recorded.

People come in over HTTP and repeat themselves, with the same key, until they are answered. Agents
sit at sockets, accept, decline or ignore what rings, end what they hold, and come back when their
socket is lost. Everything is chance with a seed, which is printed.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import secrets
import time
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import msgspec
from redis.exceptions import RedisError

from router.identity.sessions import hash_of
from router.queues.keys import epoch_key, events_key, key, root
from router.standin import Call
from tests.faults.agent import HANDS_OFF, Agent, Habits
from tests.faults.checker import faults_of
from tests.faults.history import End, History, Told
from tests.faults.proxy import Proxy
from tests.faults.reading import read
from tests.faults.rig import Process, Rig
from tests.house import until

_numbers = itertools.count(1)
POLICY: dict[str, Any] = {
    "steps": [{"tiers": [1]}],
    "offer_seconds": {"chat": 5, "voice": 20},
    "retry_seconds": 1,
    "wrap_up_seconds": 0,
    "refusals": {"misses": 0},
    "chat": {"vanished_seconds": 3600, "warn_seconds": 3600, "end_seconds": 7200},
    "escalates_to": "experts",
}
QUIET_S = 12.0
_LEFT = """
select c.id, c.state, c.generation, h.agent_id, h.state as hand from contact c
left join handling h on h.contact_id = c.id and h.state <> 'done'
where c.workspace_id = $1 and (c.state <> 'ended' or h.state <> 'done')
"""


class Center:
    """A workspace, and the history of what was done in it. number: its telephone number."""

    def __init__(self, rig: Rig, name: str) -> None:
        self.rig = rig
        self.id = uuid4()
        self.seed = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(1_000_000))
        print(f"{name}: FAULTS_SEED={self.seed}")
        self.chance = random.Random(self.seed)
        self.history = History()
        self.queues: dict[str, UUID] = {}
        self.widget = f"widget-{self.id.hex}"
        self.number = f"+4930{1_000_000 + next(_numbers)}"
        self.agents: list[Agent] = []
        self.refused = 0
        self.waits: list[float] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listening: asyncio.Task[None] | None = None
        self._cursor = "0-0"
        self._supervisor = ""
        self._ahead_ms: int | None = None

    @classmethod
    async def open(cls, rig: Rig, name: str) -> Center:
        made = cls(rig, name)
        await made._found()
        return made

    async def _found(self) -> None:
        pool = self.rig.pool
        await pool.execute(
            "insert into workspace (id, slug, name) values ($1, $2, 'Center')",
            self.id,
            f"center-{self.id.hex}",
        )
        await self.policy("experts", {"steps": [{"tiers": [2], "skills": False}]})
        await self.policy("customers")
        for kind, address in (("widget", self.widget), ("phone", self.number)):
            await pool.execute(
                "insert into entry_point (workspace_id, kind, address, name, customer_queue_id,"
                " expert_queue_id, prompts) values ($1, $2, $3, 'Center', $4, $5, '{}')",
                self.id,
                kind,
                address,
                self.queues["customers"],
                self.queues["experts"],
            )
        self.rig.number(self.number)
        await until(self.built, "the live picture is there", 10)
        self._listening = asyncio.create_task(self._listen())
        # while a requirement is new, who arrives in that moment may be offered first: it is known
        # before anybody is there
        first = await self.arrive()
        assert first is not None
        await self.close_contact(first)

    async def close_contact(self, contact: str) -> int:
        """A supervisor ends it; the status."""
        if not self._supervisor:
            _, self._supervisor = await self.account("supervisor")
        operation = self.history.invoked("close", contact=contact)
        status, answer = await self.ask(
            "POST", f"/api/contacts/{contact}/close", cookie=self._supervisor
        )
        if status < 300:
            operation.done()
        elif status < 500:
            operation.failed(answer["error"]["code"])
        else:
            operation.unknown(str(status))
        return status

    async def policy(self, slug: str, changed: dict[str, Any] | None = None) -> UUID:
        """A queue with this policy; what is not named is as in `POLICY`."""
        found: UUID = await self.rig.pool.fetchval(
            "insert into queue (workspace_id, slug, name, policy) values ($1, $2, $2, $3)"
            " on conflict (workspace_id, slug) do update set policy = $3 returning id",
            self.id,
            slug,
            POLICY | (changed or {}),
        )
        self.queues[slug] = found
        return found

    async def built(self) -> bool:
        """Whether the live store holds the picture that the truth speaks of."""
        epoch = await self.rig.pool.fetchval("select epoch from workspace where id = $1", self.id)
        try:
            return await self.rig.redis.get(epoch_key(self.id)) == str(epoch)
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        for agent in self.agents:
            await agent.leave()
        tasks = [*self._tasks, *([self._listening] if self._listening else [])]
        left = {task for task in tasks if not task.done()}
        while left:
            # again: a wait that ended at the same moment swallows it
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=1)

    # Who is there -------------------------------------------------------------------------------

    async def account(self, role: str) -> tuple[UUID, str]:
        """Somebody of the staff, and the cookie of their session."""
        account: UUID = await self.rig.pool.fetchval(
            "insert into account (workspace_id, email, name, role) values ($1, $2, $3, $4)"
            " returning id",
            self.id,
            f"{secrets.token_hex(6)}@example.com",
            role.title(),
            role,
        )
        token = secrets.token_urlsafe(32)
        await self.rig.pool.execute(
            "insert into session (token_hash, workspace_id, account_id, expires_at)"
            " values ($1, $2, $3, now() + interval '2 hours')",
            hash_of(token),
            self.id,
            account,
        )
        return account, f"secondline_session={token}"

    async def agent(
        self,
        habits: Habits | None = None,
        *,
        chats: int = 1,
        calls: int = 0,
        at: Process | None = None,
        tier: int = 1,
        phone: str | None = None,
        through: Proxy | None = None,
        ready: bool = True,
    ) -> Agent:
        """An agent at a desk, available.

        at: the process of their socket; None: by the front. through: their own line to it.
        """
        account, cookie = await self.account("agent")
        await self.rig.pool.execute(
            "insert into agent (id, workspace_id, tier, languages, capacity, reach, reach_address)"
            " values ($1, $2, $3, '{en}', $4, $5, $6)",
            account,
            self.id,
            tier,
            {"voice": calls, "chat": chats, "video": 0},
            "phone" if phone else "softphone",
            phone,
        )
        self.history.capacity |= {(str(account), "chat"): chats, (str(account), "voice"): calls}
        address = at.address if at else f"127.0.0.1:{(through or self.rig.front).port}"
        agent = Agent(
            self.rig.http,
            address,
            account,
            cookie,
            self.history,
            habits or Habits(),
            random.Random(self.chance.random()),
        )
        self.agents.append(agent)
        agent.sit_down()
        await agent.there()
        if ready:
            await agent.available()
        return agent

    def twin(self, agent: Agent, *, at: Process | None = None) -> Agent:
        """The same agent at one more desk, who does only what a test asks for."""
        twin = Agent(
            self.rig.http,
            at.address if at else agent.address,
            agent.account,
            agent.cookie,
            self.history,
            HANDS_OFF,
            self.chance,
        )
        self.agents.append(twin)
        twin.sit_down()
        return twin

    # People -------------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        path: str,
        *,
        at: Process | None = None,
        cookie: str = "",
        seconds: float = 15,
        **how: Any,
    ) -> tuple[int, Any]:
        """Status and JSON of a request. Raises aiohttp.ClientError and TimeoutError."""
        base = at.url if at else f"http://127.0.0.1:{self.rig.front.port}"
        async with self.rig.http.request(
            method,
            base + path,
            headers={"Cookie": cookie} if cookie else {},
            timeout=aiohttp.ClientTimeout(seconds),
            **how,
        ) as answer:
            body = await answer.json() if answer.content_type == "application/json" else None
            return answer.status, body

    async def arrive(
        self,
        *,
        at: Process | None = None,
        patience_s: float = 30,
        seconds: float = 15,
        person_key: str | None = None,
        **body: Any,
    ) -> str | None:
        """A person who repeats until they are in line; the contact. None: never answered for."""
        name = person_key or secrets.token_hex(16)
        request = {"widget": self.widget, "channel": "chat", "key": name, **body}
        deadline = time.monotonic() + patience_s
        while True:
            operation = self.history.invoked("arrive", key=name)
            begun = time.monotonic()
            try:
                status, answer = await self.ask(
                    "POST", "/api/contacts", at=at, seconds=seconds, json=request
                )
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                operation.unknown(repr(error))
            else:
                self.waits.append(time.monotonic() - begun)
                if status == 201:
                    operation.done(answer["contact"])
                    contact: str = answer["contact"]
                    return contact
                code = answer["error"]["code"] if answer else str(status)
                if status < 500:
                    operation.failed(code)
                    return None
                operation.unknown(code)
                self.refused += 1
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(0.2)

    async def caller(self, **more: Any) -> Call:
        """Somebody who has called and is in line; recorded as an arrival of the call's SID."""
        call = await self.rig.standin.call(
            from_=f"+49151{self.chance.randrange(10**7, 10**8)}", to=self.number, **more
        )
        operation = self.history.invoked("arrive", key=call.sid)
        await call.hears("expert number")
        await call.answers("#")

        async def waits() -> Any:
            return await self.rig.pool.fetchval(
                "select id from contact where provider_key = $1 and state = 'waiting'",
                f"voice:{call.sid}",
            )

        operation.done(str(await until(waits, "the caller is in line")))
        return call

    def load(self, count: int, per_second: float, **how: Any) -> asyncio.Task[None]:
        """So many people arrive at random."""

        async def come() -> None:
            coming = []
            for _ in range(count):
                await asyncio.sleep(self.chance.expovariate(per_second))
                coming.append(self.begin(self.arrive(**how)))
            await asyncio.gather(*coming)

        return self.begin(come())

    def begin(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # What is recorded ---------------------------------------------------------------------------

    async def _listen(self) -> None:
        """What the live store tells, in its own order, past all wires."""
        while True:
            try:
                answer: Any = await self.rig.redis.xread(
                    {events_key(self.id): self._cursor}, count=500, block=200
                )
            except (RedisError, OSError):
                await asyncio.sleep(0.02)
                continue
            streams = answer.items() if isinstance(answer, dict) else answer or ()
            for _, entries in streams:
                for cursor, fields in entries:
                    self._cursor = cursor
                    for event in msgspec.json.decode(fields["e"]):
                        self._hear(event)

    def _hear(self, event: dict[str, Any]) -> None:
        what = event["t"]
        if what == "contact":
            what = event.get("state", "")
            if what not in ("waiting", "handling", "ended"):
                return
        elif what not in ("offer", "offer_gone"):
            return
        self.history.told.append(
            Told(
                time.time(),
                what,
                event["contact"],
                event.get("agent", ""),
                event.get("offer", ""),
                event.get("why", ""),
            )
        )

    async def lose_store(self, how: Any) -> None:
        """Make the live store forget everything; `how` does it."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await how()
        self.history.told.append(Told(time.time(), "emptied"))
        self._cursor = "0-0"
        self._listening = asyncio.create_task(self._listen())

    async def look(self) -> None:
        """Note which contacts have ended as what; they must stay so."""
        for row in await self.rig.pool.fetch(
            "select id, outcome from contact where workspace_id = $1 and state = 'ended'", self.id
        ):
            self.history.ends.append(End(str(row["id"]), row["outcome"]))

    async def contact(self, contact: str) -> Any:
        return await self.rig.pool.fetchrow("select * from contact where id = $1", UUID(contact))

    async def is_state(self, contact: str, *states: str) -> bool:
        return (await self.contact(contact))["state"] in states

    async def hands(self, contact: str) -> list[Any]:
        rows: list[Any] = await self.rig.pool.fetch(
            "select * from handling where contact_id = $1 order by accepted_at", UUID(contact)
        )
        return rows

    async def live(self, name: str, *parts: str) -> str:
        """A key of the live picture."""
        epoch = await self.rig.pool.fetchval("select epoch from workspace where id = $1", self.id)
        return key(self.id, epoch, name, *parts)

    # Time ---------------------------------------------------------------------------------------

    async def stop_time(self) -> None:
        """The live store's clock stands still for this company, until time passes again.

        Scripts read it where a simulator sets it.
        """
        await self.rig.redis.set(root(self.id) + "clock", int(time.time() * 1000))

    async def pass_time(self, seconds: float) -> None:
        """The live store's clock is so much further on at once, and goes on from there."""
        begins = self._ahead_ms is None
        self._ahead_ms = (self._ahead_ms or 0) + int(seconds * 1000)
        await self._tick()
        if begins:
            self.begin(self._go_on())

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            await self._tick()

    async def _tick(self) -> None:
        now = int(time.time() * 1000) + (self._ahead_ms or 0)
        await self.rig.redis.set(root(self.id) + "clock", now)

    # The end ------------------------------------------------------------------------------------

    async def all_over(self, seconds: float = QUIET_S) -> None:
        """Until every contact has ended and every hand is free."""

        async def over() -> bool:
            open_: int = await self.rig.pool.fetchval(
                "select (select count(*) from contact where workspace_id = $1"
                " and state <> 'ended')"
                " + (select count(*) from handling where workspace_id = $1 and state <> 'done')",
                self.id,
            )
            return open_ == 0

        try:
            await until(over, f"every contact has ended (FAULTS_SEED={self.seed})", seconds)
        except AssertionError as error:
            left = await self.rig.pool.fetch(_LEFT, self.id)
            seen = [f"{row} {self._about(str(row['id']))[-6:]}" for row in left[:3]]
            hands = {str(row["agent_id"]) for row in left}
            seen += [
                f"{agent.address} {agent.frames[-4:]}" for agent in self.agents if agent.id in hands
            ]
            seen += [str(o) for o in self.history.operations if o.agent in hands][-8:]
            raise AssertionError(f"{error}; {len(left)} are left: {seen}") from None

    async def quiet(self, seconds: float = 6) -> None:
        """Until nothing is left to apply."""

        async def applied() -> bool:
            return (
                await self.rig.pool.fetchval(
                    "select count(*) from outbox where workspace_id = $1", self.id
                )
                == 0
                and await self.built()
            )

        await until(applied, "everything is applied", seconds)

    async def check(self) -> None:
        """Read what is there at the end, and judge the whole history."""
        await self.quiet()
        # events of what was just applied
        await asyncio.sleep(0.1)
        assert self._listening is not None
        assert not self._listening.done(), self._listening
        assert self.history.told or not self.history.of("arrive", "done"), "nothing was heard"
        await read(self.history, self.rig.pool, self.rig.redis, self.id)
        found = faults_of(self.history)
        assert found == [], "\n".join(
            [f"FAULTS_SEED={self.seed}", *map(str, found), *self._about(found[0].says)]
        )

    def _about(self, says: str) -> list[str]:
        """What was told of those whom a fault names, and of agents whom they were offered to."""
        told = self.history.told
        agents = {each.agent for each in told if each.contact in says and each.agent}
        return [str(each) for each in told if each.contact in says or each.agent in agents][-60:]
