"""A progress bar on stderr: what has been done, how fast, how long to go."""

from __future__ import annotations

import sys
import time
from types import TracebackType

WIDTH = 30
EVERY_S = 0.2


class Progress:
    """Of about `total` contacts. On a terminal one line that changes, elsewhere silent."""

    def __init__(self, total: int) -> None:
        self._total = max(1, total)
        self._done = 0
        self._shown = self._begin = time.monotonic()
        self._on = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._on:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def add(self, contacts: int) -> None:
        """So many more are done."""
        self._done += contacts
        if self._on and (now := time.monotonic()) - self._shown > EVERY_S:
            self._shown = now
            sys.stderr.write("\r\033[K" + self._line(now - self._begin))
            sys.stderr.flush()

    def _line(self, elapsed: float) -> str:
        share = min(1.0, self._done / self._total)
        full = round(share * WIDTH)
        left = elapsed / share - elapsed
        return (
            f"{'█' * full}{'░' * (WIDTH - full)} {share:4.0%}  {self._done:,} contacts"
            f"  {self._done / elapsed:,.0f} a second  {left // 60:.0f}:{left % 60:02.0f} to go"
        )
