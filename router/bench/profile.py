"""Where the time of each script goes: in calls of the store, by command, and in Lua itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from router.bench.match import MATCHES, scene
from router.bench.pictures import Answer, Picture, Timing, live_store
from router.bench.rows import Tell, figure

ROUNDS = 5
TOLD = 6
HEADINGS = ("script", "µs", "calls", "in calls", "Lua", "calls of one script x µs each")
WIDTHS = (34, 7, 7, 9, 7)

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


class Watched(Picture):
    """Keeps what every run of a script took."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.seen: dict[tuple[str, str], list[Timing]] = defaultdict(list)

    def call(self, verb: str, arguments: Iterable[Answer]) -> list[Answer]:
        answers, timing = super().timed(verb, arguments)
        self.seen[verb, "called"].append(timing)
        return answers

    def timed(self, verb: str, arguments: Iterable[Answer]) -> tuple[list[Answer], Timing]:
        answers, timing = super().timed(verb, arguments)
        self.seen[verb, "timed"].append(timing)
        return answers, timing


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


def _line(what: str, timings: list[Timing]) -> tuple[str, ...]:
    def middle(values: Iterable[float]) -> float:
        return figure(list(values)).value

    mean, inside = middle(t.mean for t in timings), middle(t.inside for t in timings)
    # of the round in the middle, so that its parts belong together
    chosen = sorted(timings, key=lambda timing: timing.mean)[len(timings) // 2]
    most = sorted(chosen.commands.items(), key=lambda each: -each[1][0] * each[1][1])[:TOLD]
    told = ", ".join(f"{name} {times:.1f} x {each:.1f}" for name, (times, each) in most)
    asked = middle(t.asked for t in timings)
    return what, f"{mean:.0f}", f"{asked:.1f}", f"{inside:.0f}", f"{mean - inside:.0f}", told
