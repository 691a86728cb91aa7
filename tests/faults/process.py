"""`secondline` as a process whose clock is wrong: `python -m tests.faults.process serve`.

FAULTS_CLOCK_S: so many seconds its clock is ahead of the machine's. Everything that asks for the
time of day gets the wrong one; the monotonic clock is as it is.
"""

from __future__ import annotations

import datetime
import os
import sys
import time

AHEAD_S = float(os.environ.pop("FAULTS_CLOCK_S", "0"))

if AHEAD_S:
    right_time, right_ns = time.time, time.time_ns

    class Datetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Datetime:
            return cls.fromtimestamp(time.time(), tz)

    time.time = lambda: right_time() + AHEAD_S
    time.time_ns = lambda: right_ns() + int(AHEAD_S * 1e9)
    datetime.datetime = Datetime  # type: ignore[misc] # before anybody imports it

if __name__ == "__main__":
    from router.__main__ import main

    sys.exit(main())
