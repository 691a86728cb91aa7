"""The two commands that the README promises, as a reader copies them and as CI runs them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)


def test_the_first_two_blocks_are_the_demo_and_the_tests_each_in_one_line():
    demo, tests = blocks()[:2]
    assert demo == "sh install.sh && .venv/bin/secondline demo\n"
    assert tests == "sh install.sh test && .venv/bin/pytest\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A tree with the real .ci/run and README, and programs that only tell they were called."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "install.sh").write_text("echo install $*\n")
    pytest_program = tmp_path / ".venv" / "bin" / "pytest"
    pytest_program.parent.mkdir(parents=True)
    pytest_program.write_text("#!/bin/sh\necho tests; exit 3\n")
    pytest_program.chmod(0o755)
    return tmp_path


def ci(copy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", ".ci/run"], cwd=copy, capture_output=True, text=True)


def test_ci_runs_the_readmes_second_command_and_hands_on_its_exit_code(copy: Path):
    done = ci(copy)
    assert done.stdout.splitlines() == [f"+ {blocks()[1].strip()}", "install test", "tests"]
    assert done.returncode == 3


def test_ci_fails_when_the_readme_no_longer_says_how_to_test(copy: Path):
    readme = copy / "README.md"
    readme.write_text(readme.read_text().replace(".venv/bin/pytest", "true"))
    done = ci(copy)
    assert done.returncode == 1
    assert "not the tests' command" in done.stderr


def test_the_lockfile_names_no_registry():
    lock = (ROOT / "dashboards" / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock


def test_every_setting_that_is_read_is_in_the_operators_page():
    read = set()
    for name in ("settings.py", "environment.py"):
        text = (ROOT / "router" / name).read_text()
        read |= set(re.findall(r'"([A-Z][A-Z]+(?:_[A-Z]+)*)"', text)) - {"AC", "SK", "AP"}
    assert {"PORT", "SECRET_KEY", "TWILIO_APP_SID", "SECONDLINE_DATA"} <= read
    page = (ROOT / "docs" / "operations.md").read_text()
    assert sorted(name for name in read if f"`{name}`" not in page) == []


def test_nothing_else_reads_the_environment():
    readers = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "router").rglob("*.py")
        if re.search(r"os\.environ|getenv", file.read_text())
    ]
    assert readers == ["router/settings.py"]
