"""`secondline simulate`: what it takes, prints and writes."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from router.__main__ import main
from router.simulation import progress

POLICY = """
queues:
  support:
    name: Support
    target: {seconds: 30}
    wrap_up_seconds: 0
"""
LOAD = """
minutes: 60
warm_up: 10
replications: 2
streams:
  - {queue: support, rate: 3, service: 120, patience: 60}
agents:
  - {name: crowd, count: 8}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "load.yaml").write_text(LOAD)
    return str(tmp_path / "policy.yaml"), str(tmp_path / "load.yaml")


def test_the_report_tells_waits_service_level_abandonment_and_occupancy(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    policy, load = files
    assert main(["simulate", policy, "--load", load]) == 0
    told = capsys.readouterr().out
    for word in ("support", "gave up", "mean wait", "99 %", "within", "occupancy", "± is 95 %"):
        assert word in told


def test_machines_get_one_object_with_intervals(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    policy, load = files
    assert main(["simulate", policy, "--load", load, "--seed", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = told["waits"]
    assert row["queue"] == "support"
    assert row["came"] == pytest.approx(300, abs=80)
    assert 0 < row["within"]["mean"] <= 1
    assert row["within"]["half"] > 0
    assert told["work"][0]["occupancy"]["mean"] == pytest.approx(0.7, abs=0.2)


def test_a_load_may_stand_in_braces_and_options_go_before_it(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    load = "{streams: [{queue: support, rate: 2, service: 60}], agents: [{name: a, count: 5}]}"
    options = ["--minutes", "30", "--warm-up", "5", "--replications", "1", "--json"]
    assert main(["simulate", files[0], "--load", load, *options]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counted_minutes"] == 25
    assert told["replications"] == 1


def test_charts_are_written_as_pictures_that_can_be_read(files: tuple[str, str], tmp_path: Path):
    policy, load = files
    folder = tmp_path / "charts"
    assert main(["simulate", policy, "--load", load, "--charts", str(folder)]) == 0
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["line.svg", "occupancy.svg", "waits.svg"]
    for name in names:
        picture = ElementTree.parse(folder / name).getroot()
        assert picture.tag.endswith("svg")
        assert picture.get("aria-label")


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is_and_nothing_is_left_of_the_bar(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    policy, load = files
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setattr(progress, "EVERY_S", 0)
    assert main(["simulate", policy, "--load", load]) == 0
    assert re.search(
        r"█+░* 1?\d\d%  [\d,]+ contacts  [\d,]+ a second  0:\d\d to go", shown.getvalue()
    )
    assert shown.getvalue().endswith("\r\033[K")
    assert "█" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--load", "{streams: []}"], "load.streams"),
        (["--load", "{"], "not YAML"),
        (["--load", "missing.yaml"], "cannot be read"),
        ([], "--load"),
    ],
)
def test_what_cannot_be_played_is_told_and_nothing_is_started(
    files: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    word: str,
):
    assert main(["simulate", files[0], *arguments]) == 2
    assert word in capsys.readouterr().err
