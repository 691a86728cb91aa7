"""One call between Twilio and one party: its states, its line, and who may end or move it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from router.standin.progress import Progress, StatusCallback, places
from router.standin.transcript import Part, Transcript

if TYPE_CHECKING:
    from router.standin.exchange import Standin

log = logging.getLogger(__name__)
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
KEYS = frozenset("0123456789*#")


class Step(Protocol):
    """Something that a call does next; returns what comes after it, None: the end."""

    async def take(self, call: Call) -> Step | None: ...


class Over(Exception):
    """The call ends with this status."""

    def __init__(self, status: str = "completed") -> None:
        super().__init__(status)
        self.status = status


class Listener(Protocol):
    """Whoever takes key presses just now; false: this key was not wanted."""

    def take(self, key: str) -> bool: ...


class Call:
    """ring: what a called party does with the ringing: answered, busy, no-answer, failed.

    media: how messages reach the browser of this party; None: it has none.
    """

    def __init__(
        self,
        standin: Standin,
        *,
        from_: str,
        to: str,
        direction: str,
        parent: Call | None = None,
        callbacks: tuple[StatusCallback, ...] = (),
        params: Mapping[str, str] | None = None,
    ) -> None:
        self.standin = standin
        self.sid = standin.new_sid("CA")
        self.from_, self.to, self.direction, self.parent = from_, to, direction, parent
        self.status = "ringing" if direction == "inbound" else "queued"
        self.created = standin.clock.now()
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.answered_by: str | None = None
        self.queue_seconds = 0.0
        self.transcript = Transcript()
        self.ring: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.media: Callable[[dict[str, Any]], None] | None = None
        self.leaving = "participant_hung_up"
        self.moving = False
        self._params = dict(params or {})
        self._progress = Progress(callbacks)
        self._listener: Listener | None = None
        self._work: asyncio.Future[Step | None] | None = None
        self._next: Step | None = None
        self._status = "completed"
        self._halted = False
        self._life: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._reached = asyncio.Event()

    # the party's side

    def press(self, keys: str) -> bool:
        """Press keys one after another. False: at least one fell on deaf ears, as keys do that
        are pressed while nothing asks for them."""
        if unknown := set(keys) - KEYS:
            raise ValueError(f"no such keys on a telephone: {''.join(sorted(unknown))}")
        heard = not self.over_now
        for key in keys:
            heard = (self._listener is not None and self._listener.take(key)) and heard
        self.add("pressed", keys=keys, heard=heard)
        return heard

    def speak(self, text: str = "(speaks)") -> None:
        """Say something into a recording."""
        self.add("spoke", text=text)

    def hang_up(self) -> None:
        self.leaving = "participant_hung_up"
        self.stop("completed")

    def pick_up(self) -> None:
        self._rung("answered")

    def refuse(self) -> None:
        self._rung("busy")

    def _rung(self, outcome: str) -> None:
        if not self.ring.done():
            self.ring.set_result(outcome)

    async def hears(self, text: str, within: float = 5.0) -> Part:
        """Wait for words, or a file's name; the next time looks behind them. Real seconds."""
        wanted = text.casefold()
        return await self.transcript.next(
            lambda part: part.kind in ("said", "played") and wanted in part.text.casefold(),
            within,
            f"{text!r}",
        )

    async def asked(self, within: float = 5.0) -> Part:
        """Wait until keys are asked for."""
        return await self.transcript.next(
            lambda part: part.kind in ("gather", "recording"), within, "question"
        )

    async def answers(self, keys: str, within: float = 5.0) -> None:
        """Wait until keys are asked for, and press these."""
        await self.asked(within)
        assert self.press(keys), f"nobody heard {keys} in:\n{self.transcript.text}"

    async def reaches(self, status: str, within: float = 5.0) -> None:
        """Wait for a status. Raises AssertionError when it ends in another. Real seconds."""
        try:
            async with asyncio.timeout(within):
                while self.status != status and not self.over_now:
                    self._reached.clear()
                    await self._reached.wait()
        except TimeoutError:
            pass
        where = f"the call is {self.status}, not {status}:\n{self.transcript.text}"
        assert self.status == status, where

    async def over(self, within: float | None = 5.0) -> str:
        """Wait for its end; the final status."""
        try:
            async with asyncio.timeout(within):
                await self._over.wait()
        except TimeoutError:
            raise AssertionError(f"the call goes on:\n{self.transcript.text}") from None
        return self.status

    # Twilio's side

    @property
    def over_now(self) -> bool:
        return self.status in ENDED

    @property
    def seconds(self) -> int:
        """How long they talked."""
        if self.answered_at is None:
            return 0
        return max(0, round((self.ended_at or self.standin.clock.now()) - self.answered_at))

    @property
    def params(self) -> dict[str, str]:
        """What Twilio sends of a call with every webhook.

        https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application
        """
        params = {
            "AccountSid": self.standin.config.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Called": self.to,
            "Caller": self.from_,
            "Direction": self.direction,
            "From": self.from_,
            "To": self.to,
            **places("From", "Caller", self.from_),
            **places("To", "Called", self.to),
            **self._params,
        }
        if self.parent is not None:
            params["ParentCallSid"] = self.parent.sid
        if self.answered_by is not None:
            params["AnsweredBy"] = self.answered_by
        return params

    def add(self, kind: str, **data: Any) -> None:
        self.transcript.add(Part(kind, self.standin.clock.now(), data))

    @contextlib.contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        self._listener = listener
        try:
            yield
        finally:
            self._listener = None

    def become(self, status: str) -> None:
        """A new state: told to watchers, and to those who asked for callbacks."""
        self.status = status
        if status == "in-progress" and self.answered_at is None:
            self.answered_at = self.standin.clock.now()
        if status in ENDED:
            self.ended_at = self.standin.clock.now()
            self.add("ended", why=status, callSid=self.sid)
        else:
            self.add("status", status=status, callSid=self.sid)
        self._progress.tell(self)
        self._reached.set()

    def answer(self) -> None:
        """Twilio picks up an incoming call (with the first verb that needs a line)."""
        if self.status == "ringing" and self.direction == "inbound":
            self.become("in-progress")

    def begin(self, step: Step) -> None:
        self._life = asyncio.ensure_future(self._live(step))

    def stop(self, status: str) -> None:
        """End it now; what it was at is undone on the way out."""
        if self._halted:
            return
        self._halted, self._next, self._status = True, None, status
        self.moving = False
        if self._work is not None:
            self._work.cancel()

    def move(self, step: Step) -> None:
        """Leave whatever it is at and go on with this."""
        if self._halted:
            return
        self._next = step
        self.moving = True
        self.leaving = "participant_updated_via_api"
        if self._work is not None:
            self._work.cancel()

    async def _live(self, first: Step) -> None:
        step: Step | None = first
        while step is not None and not self._halted:
            self._work = asyncio.ensure_future(step.take(self))
            try:
                await asyncio.wait({self._work})
            except asyncio.CancelledError:
                self._work.cancel()
                raise
            self.moving = False
            self.leaving = "participant_hung_up"
            step = self._after(self._work)
        status = self._status
        if status == "completed" and self.answered_at is None:
            status = "no-answer" if self.direction == "inbound" else "canceled"
        self.become(status)
        self._over.set()
        self.standin.ended(self)

    def _after(self, work: asyncio.Future[Step | None]) -> Step | None:
        moved, self._next = self._next, None
        if moved is not None or work.cancelled():
            return moved
        try:
            return work.result()
        except Over as over:
            if not self._halted:
                self._status = over.status
        except Exception:
            # a fault of the stand-in itself must not look like a caller who hung up
            log.exception("the stand-in failed on %s", self.sid)
            self.standin.webhooks_out.note(0, "the stand-in failed; see its log", self.sid)
            self._status = "failed"
        return None

    async def close(self) -> None:
        if self._life is not None and not self._life.done():
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
