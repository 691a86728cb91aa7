"""Where the time of each script goes: in calls of the store, by command, and in Lua itself.

Beside the store's own figures stands what the system says that the store's main thread was on a
processor, with reading the call and writing the answer: it stays the same on a busy machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from router.bench.match import MATCHES, scene
from router.bench.pictures import Answer, Picture, Timing, live_store
from router.bench.rows import Tell, figure

ROUNDS = 5
TOLD = 6
HEADINGS = ("script", "µs", "on cpu", "calls", "in calls", "Lua", "calls of one script x µs each")
WIDTHS = (28, 6, 6, 6, 8, 6)

WHAT = {
    ("enter", "timed"): "enter, offered at once",
    ("enter", "called"): "enter, has to wait",
    ("accept", "called"): "accept",
    ("hold", "called"): "hold",
    ("close", "called"): "close, an offer is withdrawn",
    ("close", "timed"): "close, on to wrap-up",
    ("release", "timed"): "release, finds the oldest",
    ("present", "timed"): "present, on break or back",
    ("standing", "timed"): "standing",
}


@dataclass(frozen=True)
class Seen:
    """Calls of one script. processor: microseconds of each, by the system; None: it tells not."""

    timing: Timing
    processor: float | None


class Watched(Picture):
    """Keeps what every run of a script took."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.seen: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        self._schedule = Path(f"/proc/{self.server()}/schedstat")

    def call(self, verb: str, arguments: Iterable[Answer]) -> list[Answer]:
        return self._watch(verb, "called", arguments)[0]

    def timed(self, verb: str, arguments: Iterable[Answer]) -> tuple[list[Answer], Timing]:
        return self._watch(verb, "timed", arguments)

    def _watch(
        self, verb: str, how: str, arguments: Iterable[Answer]
    ) -> tuple[list[Answer], Timing]:
        given = list(arguments)
        before = self._processor_us()
        answers, timing = super().timed(verb, given)
        after = self._processor_us()
        each = None if before is None or after is None else (after - before) / len(given)
        self.seen[verb, how].append(Seen(timing, each))
        return answers, timing

    def _processor_us(self) -> float | None:
        """Microseconds that the store's main thread has been on a processor; Linux tells."""
        try:
            return int(self._schedule.read_text().split()[0]) / 1000
        except OSError:
            return None


def run(tell: Tell) -> list[tuple[str, ...]]:
    """The lines of the table: medians over rounds in the scene of `match`."""
    with live_store(durable=True) as url:
        full = scene(url, tell, Watched)
        picture = full.picture
        assert isinstance(picture, Watched)
        picture.seen.clear()
        for n in range(ROUNDS):
            tell(f"round {n + 1} of {ROUNDS}")
            full.arrive(MATCHES)
            full.become_free()
            full.toggle()
        full.waiting(MATCHES)
        full.stand()
    return [_line(WHAT[key], picture.seen[key]) for key in WHAT if key in picture.seen]


def _line(what: str, seen: list[Seen]) -> tuple[str, ...]:
    def middle(values: Iterable[float]) -> float:
        return figure(list(values)).value

    timings = [each.timing for each in seen]
    mean, inside = middle(t.mean for t in timings), middle(t.inside for t in timings)
    # of the round in the middle, so that its parts belong together
    chosen = sorted(timings, key=lambda timing: timing.mean)[len(timings) // 2]
    most = sorted(chosen.commands.items(), key=lambda each: -each[1][0] * each[1][1])[:TOLD]
    told = ", ".join(f"{name} {times:.1f} x {each:.1f}" for name, (times, each) in most)
    asked = middle(t.asked for t in timings)
    on = [each.processor for each in seen if each.processor is not None]
    processor = f"{middle(on):.0f}" if on else "-"
    lua = f"{mean - inside:.0f}"
    return what, f"{mean:.0f}", processor, f"{asked:.1f}", f"{inside:.0f}", lua, told
