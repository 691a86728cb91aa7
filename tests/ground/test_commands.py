"""The commands as somebody types them: real processes, real stores, real ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from router.embedded.stores import Stores
from router.identity.hashing import Hasher

SECONDLINE = [sys.executable, "-m", "router"]

# no setting of whoever runs the tests gets in
PLAIN = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


@pytest.fixture
def folder(temporary: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="sl-", dir=temporary, ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


class Running:
    """A command at work, as in a terminal: a process group of its own, its words collected."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [*SECONDLINE, *arguments],
            cwd=folder,
            env=PLAIN | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def until_said(self, words: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def signal(self, sign: signal.Signals) -> tuple[int, float]:
        """Its exit code, and the seconds that it took to end."""
        begin = time.monotonic()
        # like a terminal: to everybody in the foreground
        os.killpg(self.process.pid, sign)
        code = self.process.wait(30)
        took = time.monotonic() - begin
        self._reader.join(5)
        return code, took

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def start() -> Iterator[Any]:
    started: list[tuple[Running, Path]] = []

    def run(folder: Path, *arguments: str, **environ: str) -> Running:
        running = Running(folder, *arguments, **environ)
        started.append((running, folder))
        return running

    yield run
    for running, folder in started:
        running.kill()
        for process in servers(folder):
            # asked first: a killed PostgreSQL leaves its shared memory behind
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT)


def servers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(f"{folder.resolve()}/"):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def once(folder: Path, *arguments: str, stdin: str = "", **environ: str) -> Any:
    return subprocess.run(
        [*SECONDLINE, *arguments],
        cwd=folder,
        env=PLAIN | environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def sql(url: str, statement: str, *arguments: object) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(run())


def test_a_demo_says_where_to_go_ends_in_time_and_has_its_data_again(folder, port, start):
    demo = start(folder, "demo", PORT=str(port))
    demo.until_said("Ctrl-C")
    for path in ("/desk", "/supervisor", "/admin", "/booth", "/login"):
        assert f"http://localhost:{port}{path}" in demo.said
    assert re.search(r"admin\s+\S+@\S+\s+\S+", demo.said)
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/desk", "/widget.js"):
        assert get(f"http://localhost:{port}{path}")[0] == 200, path
    with Stores(folder / "data", attach=True) as stores:
        accounts = sql(stores.database_url, "select count(*) from account")
        sql(stores.database_url, "create table kept ()")
    code, took = demo.signal(signal.SIGINT)
    assert code == 0, demo.said
    assert took < 5
    assert servers(folder) == []

    again = start(folder, "demo", PORT=str(port))
    again.until_said("Ctrl-C")
    with Stores(folder / "data", attach=True) as stores:
        assert sql(stores.database_url, "select count(*) from account") == accounts
        assert sql(stores.database_url, "select to_regclass('kept') is not null")
    # killed, not asked: nothing gets the chance to tidy up
    again.kill()
    assert servers(folder)

    third = start(folder, "demo", PORT=str(port))
    third.until_said("Ctrl-C")
    with Stores(folder / "data", attach=True) as stores:
        assert sql(stores.database_url, "select to_regclass('kept') is not null")
    code, took = third.signal(signal.SIGTERM)
    assert code == 0, third.said
    assert took < 5
    assert servers(folder) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_while_it_starts_leaves_nothing_running(folder, port, start, sign):
    demo = start(folder, "demo", PORT=str(port))
    demo.until_said("Starting")
    _, took = demo.signal(sign)
    assert took < 5
    assert servers(folder) == []
    assert "Traceback" not in demo.said


def test_two_demos_run_side_by_side_but_not_on_one_folder(folder, port, start):
    (folder / "one").mkdir()
    (folder / "two").mkdir()
    one = start(folder / "one", "demo", PORT=str(port))
    one.until_said("Ctrl-C")
    with socket.create_server(("localhost", 0)) as server:
        other = int(server.getsockname()[1])
    two = start(folder / "two", "demo", PORT=str(other))
    two.until_said("Ctrl-C")
    assert get(f"http://localhost:{port}/readyz")[0] == 200
    assert get(f"http://localhost:{other}/readyz")[0] == 200
    with socket.create_server(("localhost", 0)) as server:
        third = int(server.getsockname()[1])
    refused = once(folder, "demo", "--data", str(folder / "one" / "data"), PORT=str(third))
    assert refused.returncode == 1
    assert f"in use by process {one.process.pid}" in refused.stderr
    assert "--data" in refused.stderr
    assert get(f"http://localhost:{port}/readyz")[0] == 200


def test_a_port_that_is_taken_is_told_before_anything_is_started(folder):
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        refused = once(folder, "demo", PORT=str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stderr
    free = re.search(r"PORT=(\d+) secondline demo", refused.stderr)
    assert free
    assert int(free[1]) != port
    assert "Traceback" not in refused.stderr
    assert not (folder / "data" / "postgres").exists()


def test_a_port_that_is_none_is_named(folder):
    refused = once(folder, "demo", PORT="eighty")
    assert refused.returncode == 2
    assert "PORT" in refused.stderr
    assert not (folder / "data" / "postgres").exists()


def test_serve_names_everything_that_is_missing_at_once(folder):
    refused = once(folder, "serve", SECRET_KEY="changeme" * 8, TWILIO_APP_SID="AP" + "0" * 32)
    assert refused.returncode == 2
    for name in ("PUBLIC_URL", "SECRET_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        assert name in refused.stderr, name
    assert "changeme" not in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(folder.iterdir()) == []


def test_serve_without_stores_brings_its_own(folder, port, start):
    settings = {
        "PORT": str(port),
        "HOST": "localhost",
        "PUBLIC_URL": f"http://localhost:{port}",
        "SECRET_KEY": secrets.token_urlsafe(48),
    }
    serve = start(folder, "serve", **settings)
    serve.until_said('"serving"')
    assert json.loads(serve.lines[-1])["level"] == "info"
    status, body = get(f"http://localhost:{port}/readyz")
    assert (status, json.loads(body)["ready"]) == (200, True)
    assert get(f"http://localhost:{port}/booth")[0] == 404
    code, took = serve.signal(signal.SIGTERM)
    assert code == 0, serve.said
    assert took < 5
    assert servers(folder) == []


def test_serve_on_stores_of_its_own_waits_for_the_release_step(
    folder, port, start, postgres_url, live
):
    sql(postgres_url, "create database unmigrated")
    database = postgres_url.replace("/postgres?", "/unmigrated?")
    settings = {
        "PORT": str(port),
        "HOST": "localhost",
        "PUBLIC_URL": f"http://localhost:{port}",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": database,
        "REDIS_URL": live,
    }
    early = once(folder, "serve", **settings)
    assert early.returncode == 1
    assert "secondline migrate" in early.stderr
    nowhere = once(
        folder, "serve", **(settings | {"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x"})
    )
    assert nowhere.returncode == 1
    assert "DATABASE_URL: no connection" in nowhere.stderr
    assert "hunter2" not in nowhere.stderr
    assert "Traceback" not in nowhere.stderr
    # the release step, and a second one that comes too late
    first, second = (once(folder, "migrate", DATABASE_URL=database) for _ in range(2))
    assert "0001 first: applied" in first.stdout
    assert second.stdout == "The schema is current.\n"
    two = start(folder, "serve", **settings)
    two.until_said('"serving"')
    assert get(f"http://localhost:{port}/readyz")[0] == 200
    sql(database, "delete from schema_migration where number = 1")
    status, body = get(f"http://localhost:{port}/readyz")
    assert status == 503
    assert "secondline migrate" in json.loads(body)["migrations"]
    assert two.signal(signal.SIGTERM)[0] == 0
    assert list(folder.iterdir()) == []
    sql(postgres_url, "drop database unmigrated with (force)")


def test_the_first_administrator_gets_an_account_and_no_second_one(folder, postgres_url):
    sql(postgres_url, "create database fresh")
    database = postgres_url.replace("/postgres?", "/fresh?")
    who = ["--email", "Ana@Acme.test", "--name", "Ana", "--workspace", "Ächme & Söhne GmbH"]
    made = once(
        folder, "admin", *who, "--password-stdin", stdin="correct horse\n", DATABASE_URL=database
    )
    assert made.returncode == 0, made.stderr
    assert sql(database, "select slug from workspace") == "achme-sohne-gmbh"
    assert sql(database, "select email || ' ' || role from account") == "ana@acme.test admin"
    stored = sql(database, "select password_hash from account")
    assert asyncio.run(Hasher().verify(stored, "correct horse"))

    again = once(folder, "admin", *who, "--invite", DATABASE_URL=database)
    assert again.returncode == 1
    assert "has an admin already" in again.stderr
    assert sql(database, "select count(*) from workspace") == 1

    who[1], who[5] = "ben@acme.test", "Other"
    invited = once(
        folder, "admin", *who, "--invite", DATABASE_URL=database, PUBLIC_URL="https://a.test"
    )
    assert re.search(r"https://a\.test/login\?token=\S{40,}", invited.stdout)
    assert sql(database, "select count(*) from invitation") == 1
    sql(postgres_url, "drop database fresh with (force)")


@pytest.mark.parametrize(
    ("arguments", "stdin", "named"),
    [
        (["--name", "Ana"], "", "--email"),
        (
            ["--email", "no mail", "--name", "A", "--workspace", "B"],
            "",
            "This is not a mail address",
        ),
        (["--email", "a@b.c", "--name", "A", "--workspace", "B"], "", "--password-stdin"),
        (
            ["--email", "a@b.c", "--name", "A", "--workspace", "B", "--password-stdin"],
            "short\n",
            "at least 10",
        ),
    ],
)
def test_an_account_that_cannot_be_made_says_why(folder, arguments, stdin, named):
    refused = once(folder, "admin", *arguments, stdin=stdin)
    assert refused.returncode == 1
    assert named in refused.stderr
    assert list(folder.iterdir()) == []


def test_check_tells_what_is_not_fit(folder, database, live):
    fine = {
        "PUBLIC_URL": "https://calls.acme.test",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": database,
        "REDIS_URL": live,
    }
    good = once(folder, "check", **fine)
    assert (good.returncode, good.stdout) == (0, "Fit to serve.\n"), good.stderr
    bad = once(folder, "check", **(fine | {"REDIS_URL": "redis://127.0.0.1:1"}))
    assert bad.returncode == 1
    assert "REDIS_URL: no connection" in bad.stdout
