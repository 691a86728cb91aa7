"""Password and PIN hashes: argon2, off the event loop and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from router.errors import Unavailable

T = TypeVar("T")

# OWASP's second choice for argon2id (19 MiB, 2 passes): about 30 ms. A shift of 500 signs in
# within seconds, and a flood of guesses holds little memory; the throttle does the rest.
# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
_argon2 = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)

# a hash of nothing that anybody knows: verifying against it takes as long as against a real one
_NOBODY = _argon2.hash("\0nobody")


class Hasher:
    """Hashes and verifies in a few threads of its own.

    threads: at once; each works on 19 MiB. waiting: beyond this, callers are sent away, so that
    a flood of logins does not pile up.
    """

    def __init__(self, *, threads: int = 2, waiting: int = 500) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._limit = waiting
        self._at_work = 0

    async def hash(self, secret: str) -> str:
        """The hash to store. Raises Unavailable when too many wait already."""
        return await self._run(lambda: _argon2.hash(secret))

    async def verify(self, stored: str | None, secret: str) -> bool:
        """Whether the secret is the stored one. None takes as long and is never right.

        Raises Unavailable when too many wait already.
        """
        return await self._run(lambda: _verify(stored or _NOBODY, secret) and stored is not None)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._at_work >= self._limit:
            raise Unavailable("Too many people sign in at this moment. Please try again.")
        self._at_work += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._at_work -= 1

    def close(self) -> None:
        """Let the threads end; what waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _verify(stored: str, secret: str) -> bool:
    try:
        return _argon2.verify(stored, secret)
    except (VerificationError, InvalidHashError):
        return False
