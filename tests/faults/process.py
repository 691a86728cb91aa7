"""`secondline` for tests of faults: `python -m tests.faults.process serve`.

FAULTS_CLOCK_S: so many seconds its clock is ahead of the machine's. Everything that asks for the
time of day gets the wrong one; the monotonic clock is as it is.
FAULTS_HEARTBEAT_S: how often sockets are asked whether they are there, instead of the product's
twenty seconds, so that a half-open one is noticed while a test waits.
"""

from __future__ import annotations

import datetime
import os
import sys
import time

AHEAD_S = float(os.environ.pop("FAULTS_CLOCK_S", "0"))
HEARTBEAT_S = float(os.environ.pop("FAULTS_HEARTBEAT_S", "20"))


class Wrong:
    """Stands where a module of the service has `datetime`, and gives the wrong present."""

    @staticmethod
    def now(zone: datetime.tzinfo | None = None) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(time.time(), zone)

    def __getattr__(self, name: str) -> object:
        return getattr(datetime.datetime, name)


def set_clock() -> None:
    """Everything of the service that reads the time of day reads it wrong from here on."""
    right_time, right_ns = time.time, time.time_ns
    time.time = lambda: right_time() + AHEAD_S
    time.time_ns = lambda: right_ns() + int(AHEAD_S * 1e9)
    from router import app
    from router.channels.voice import dialling
    from router.identity import guests, visitors

    del app
    for module in (dialling, guests, visitors):
        module.datetime = Wrong()  # type: ignore[attr-defined] # it stands for the class


if __name__ == "__main__":
    if AHEAD_S:
        set_clock()
    from router.__main__ import main
    from router.web import drain

    # a silent peer is asked after two looks at the latest, and has one more to answer
    drain.HEARTBEAT = HEARTBEAT_S / 2
    sys.exit(main())
