"""The live store on a virtual clock: each script runs at the simulated moment.

`Engine.evaluate` runs the scripts as it does in service; it is given this store in place of a
client. One message to the server carries the clock, the script, and the questions what it told
desks and when a timer is due next, so that a simulated event costs one exchange.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec
from redis.connection import UnixDomainSocketConnection
from redis.exceptions import ResponseError

from router.queues.engine import Answer, Engine
from router.queues.keys import epoch_key, events_key, key, root

EPOCH = 1
_OFFER = '"offer"'
_decode: Callable[[str], list[Answer]] = msgspec.json.Decoder(list[dict[str, Any]]).decode
T = TypeVar("T")


class _Turn:
    """Awaited between question and answer: whoever runs several runs takes another meanwhile."""

    def __await__(self) -> Generator[None]:
        yield


_TURN = _Turn()


def in_turn(runs: Iterable[Coroutine[Any, Any, T]], at_once: int) -> list[T]:
    """Run these to their ends, so many at once, and answer what they answer, in their order.

    While the server works on one's question, another computes. An event loop would do the same
    for three times the processor time. Runs may await nothing but this module's store.
    """
    waiting = deque(enumerate(runs))
    going: deque[tuple[int, Coroutine[Any, Any, T]]] = deque()
    done: dict[int, T] = {}
    try:
        while waiting or going:
            while waiting and len(going) < at_once:
                going.append(waiting.popleft())
            place, run = going.popleft()
            try:
                run.send(None)
            except StopIteration as end:
                done[place] = end.value
            else:
                going.append((place, run))
    finally:
        for _, run in (*going, *waiting):
            run.close()
    return [done[place] for place in sorted(done)]


class Scripts:
    """The real scripts of one simulated workspace, on a database of its own.

    Its `call` is what `Engine` takes for a client: one connection, one command at a
    time. offers: what scripts told desks since it was last emptied. wake_ms, due_ms: when the
    next waiting contact, and the next open offer, must be looked at; None: never.
    """

    def __init__(self, url: str, workspace_id: UUID, database: int) -> None:
        # its calls have no types, and one of its abstract parts is left out on purpose
        connect: Any = UnixDomainSocketConnection
        self._connection = connect(
            path=unquote(urlsplit(url).path), db=database, protocol=2, decode_responses=True
        )
        self._connection.connect()
        self._send("FLUSHDB")
        self._send("SET", epoch_key(workspace_id), str(EPOCH))
        self._workspace_id = workspace_id
        self._clock = root(workspace_id) + "clock"
        events = events_key(workspace_id)
        after = [
            ("XRANGE", events, "-", "+"),
            ("DEL", events),
            ("ZRANGE", key(workspace_id, EPOCH, "wake"), 0, 0, "WITHSCORES"),
            ("ZRANGE", key(workspace_id, EPOCH, "due"), 0, 0, "WITHSCORES"),
        ]
        self._after = b"".join(self._connection.pack_commands(after))
        # only scripts are run, in a given epoch: no truth is asked
        self._engine = Engine(self, None)  # type: ignore[arg-type]  # see above
        self._now_ms = 0
        self.offers: deque[Answer] = deque()
        self.wake_ms: int | None = None
        self.due_ms: int | None = None
        self.count = 0

    def run(self, now_ms: int, verb: str, arguments: Answer) -> Awaitable[Answer]:
        """One script's answer at this virtual moment."""
        self._now_ms = now_ms
        return self._engine.evaluate(self._workspace_id, EPOCH, verb, arguments)

    async def call(self, *command: Any) -> Any:
        """One command at the virtual moment. Raises what the server answers."""
        connection = self._connection
        packed = connection.pack_commands([("SET", self._clock, self._now_ms), command])
        # in one piece: a second would be a second message
        connection.send_packed_command([b"".join((*packed, self._after))])
        self.count += 1
        await _TURN
        read = connection.read_response
        read()
        trouble = None
        try:
            answer = read()
        except ResponseError as error:
            answer, trouble = None, error
        for _, fields in read():
            if _OFFER in fields[1]:
                self.offers.extend(event for event in _decode(fields[1]) if event["t"] == "offer")
        read()
        wake, due = read(), read()
        self.wake_ms = int(float(wake[1])) if wake else None
        # an offer may still be accepted at its deadline
        self.due_ms = int(float(due[1])) + 1 if due else None
        if trouble is not None:
            raise trouble
        return answer

    async def function_load(self, library: str) -> None:
        """Teach the server the scripts. Raises ResponseError where it knows them."""
        self._send("FUNCTION", "LOAD", library)

    def _send(self, *command: str) -> None:
        self._connection.send_command(*command)
        self._connection.read_response()

    def close(self) -> None:
        """Leave nothing behind on the server."""
        self._send("FLUSHDB")
        self._connection.disconnect()
