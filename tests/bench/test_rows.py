"""The table of benchmarks: what a row says, and what the command prints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from router.__main__ import main
from router.bench import BENCHES, match, peers
from router.bench import bullmq as bullmq_bench
from router.bench.rows import Broken, Figure, at_least, at_most, figure, unmeasured

ROOT = Path(__file__).parents[2]


def rows_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the benchmark `match` answer these rows, or raise."""

    def answers(*given: object) -> None:
        def run(_name: str, _tell: object) -> list[object]:
            if given and isinstance(given[0], Exception):
                raise given[0]
            return list(given)

        monkeypatch.setattr(match, "run", run)

    return answers


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (at_most("match", 60.0, 60, "µs"), True),
        (at_most("match", 60.1, 60, "µs"), False),
        (at_least("bullmq", 1.0, 1, "x"), True),
        (at_least("bullmq", 0.99, 1, "x"), False),
        (unmeasured("bullmq", "≥ 1", "x", "no network"), False),
    ],
)
def test_a_goal_holds_up_to_its_edge_and_never_without_a_value(row, holds):
    assert row.holds is holds


def test_a_figure_is_the_median_of_its_repeats_with_the_least_and_the_most():
    assert figure([9.0, 1.0, 4.0]) == Figure(4.0, 1.0, 9.0)


def test_json_has_one_object_a_row_with_exactly_the_promised_names(measured, capsys):
    measured(
        at_most("match", figure([50.0, 70.0, 55.55555]), 60, "µs, mean", "for people alone"),
        unmeasured("match", "≥ 0.2", "ratio", "why"),
    )
    assert main(["bench", "match", "--json"]) == 0
    assert rows_of(capsys.readouterr().out) == [
        {"name": "match", "value": 55.56, "unit": "µs, mean", "goal": "≤ 60", "holds": True},
        {"name": "match", "value": None, "unit": "ratio", "goal": "≥ 0.2", "holds": False},
    ]


def test_people_see_the_spread_too_and_stderr_alone_how_far_it_is(measured, capsys):
    measured(at_most("match", figure([50.0, 70.0, 55.0]), 60, "µs, mean", "for people"))
    assert main(["bench", "match"]) == 0
    said = capsys.readouterr()
    assert re.search(r"match +55\.0 +µs, mean +≤ 60 +yes +50\.0 to 70\.0 +for people", said.out)
    assert "[1/1] 0:00 match: starting" in said.err
    assert "starting" not in said.out


def test_a_bench_that_breaks_is_a_row_that_says_so_and_a_failure_at_the_end(measured, capsys):
    measured(Broken("a contact was offered twice"))
    assert main(["bench", "match"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"match +- .* no +failed: Broken: a contact was offered twice", said)


def test_a_peer_that_cannot_be_had_is_a_row_without_a_value(monkeypatch, capsys):
    def none(_tell: object) -> Path:
        raise peers.NotInstalled("the registry does not answer")

    monkeypatch.setattr(bullmq_bench.peers, "bullmq", none)
    assert main(["bench", "bullmq", "--json"]) == 0
    (row,) = rows_of(capsys.readouterr().out)
    assert (row["value"], row["holds"], row["goal"]) == (None, False, "≥ 1")


def test_what_is_fetched_is_pinned_and_goes_to_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SECONDLINE_DATA", str(tmp_path))
    assert peers.cache() == (tmp_path / "cache").resolve()
    assert all(re.fullmatch(r"[a-z-]+@\d+\.\d+\.\d+", package) for package in peers.PACKAGES)
    assert re.fullmatch(r"[a-z-]+==\d+\.\d+\.\d+", peers.NODE)


def test_every_benchmark_has_its_module_and_its_place_on_the_page():
    told = (ROOT / "docs" / "performance.md").read_text()
    for name, module in BENCHES.items():
        assert (ROOT / "router" / "bench" / f"{module}.py").exists(), name
        assert f"`{name}`" in told, name
