"""`secondline simulate`: what it takes, prints and writes."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from router.__main__ import main
from router.policy import text
from router.policy.checks import check_text
from router.simulation import progress
from router.simulation.company import Company
from router.simulation.load import Duration, Escalation, Group, Load, Stream, parse_load

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


def test_another_policy_is_compared_for_the_very_same_people(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    policy, load = files
    other = tmp_path / "other.yaml"
    # nobody is asked for the first ten seconds, and half a minute is a wider target than ten
    slower = "    steps: [{tiers: [9], seconds: 10}, {}]\n"
    other.write_text(POLICY.replace("{seconds: 30}", "{seconds: 5}") + slower)
    assert main(["simulate", policy, str(other), "--load", load, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["runs"]) == {policy, str(other)}
    (row,) = told["differences"][str(other)]
    before, after = (told["runs"][name]["waits"][0] for name in (policy, str(other)))
    more = row["mean_wait"]["mean"]
    assert more == pytest.approx(after["mean_wait"]["mean"] - before["mean_wait"]["mean"])
    assert 5 < more < 12
    assert after["within"]["mean"] == 0
    assert row["within"]["mean"] == pytest.approx(-before["within"]["mean"])
    assert main(["simulate", policy, policy, str(other), "--load", load]) == 0
    assert "against" in capsys.readouterr().out


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
        (["--load", "{agents: [{name: a, count: 1}],\nstreams: []}"], "--load:2:1: streams:"),
        (["--load", "{"], "--load:2:1: "),
        (["--load", "{minutes: 3, streams: x}"], "--load:1:14: streams: "),
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


def test_a_policy_with_a_fault_is_refused_by_its_line(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(POLICY + "    steps:\n      - {filter: agent.ratin > 3}\n")
    assert main(["simulate", str(wrong), "--load", files[1]]) == 2
    assert "wrong.yaml:8:10: queues.support.steps[0].filter: " in capsys.readouterr().err


def test_a_load_for_a_queue_that_the_policy_lacks_is_refused(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    load = "{streams: [{queue: sales, rate: 2, service: 60}], agents: [{name: a, count: 5}]}"
    assert main(["simulate", files[0], "--load", load]) == 2
    assert "the policy has no queue sales; it has support" in capsys.readouterr().err


def test_files_that_are_not_there_are_named(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    assert main(["simulate", files[0], "--load", "missing.yaml"]) == 1
    assert "missing.yaml cannot be read" in capsys.readouterr().err
    assert main(["simulate", files[0]]) == 1
    assert "--load" in capsys.readouterr().err


def test_the_examples_of_the_docs_can_be_played():
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()
    policy, load = re.findall(r"```yaml\n(.*?)```", page, re.S)
    document, problems = check_text(policy, "ZZ")
    assert problems == []
    assert document is not None
    Company(document.queues, document.rules, parse_load(text.read(load).value))


@pytest.mark.parametrize("kind", [Stream, Group, Load, Escalation, Duration])
def test_every_word_of_a_load_is_told(kind: type[msgspec.Struct]):
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()
    examples = re.findall(r"```yaml\n.*?```", page, re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page, flags=re.S))
    told = set(re.findall(r"[a-z_]+", " ".join((*examples, *spans))))
    assert {field.name for field in msgspec.structs.fields(kind)} - told == set()
