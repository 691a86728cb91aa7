"""The embedded stores: kept data, one holder, nothing left running, nobody else let in."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from router.embedded import postgres
from router.embedded.account import open_tree, open_way
from router.embedded.process import CannotStart, socket_folder
from router.embedded.stores import InUse, Stores

HOLD = """
import sys, time
from pathlib import Path
from router.commands.service import interruptible
from router.embedded.stores import Stores
from router.web import logs
logs.configure()
interruptible()
try:
    print("starting", flush=True)
    with Stores(Path(sys.argv[1])):
        print("up", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    pass
"""


@pytest.fixture(scope="module")
def served(temporary: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="sl-", dir=temporary, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder) / "data"


@pytest.fixture
def data(served: Path) -> Path:
    """A data folder that was served before, emptied: making one takes most of a second."""

    async def empty(stores: Stores) -> None:
        connection = await asyncpg.connect(stores.database_url)
        await connection.execute("drop table if exists kept")
        await connection.close()

    with Stores(served) as stores:
        asyncio.run(empty(stores))
        with Redis.from_url(stores.redis_url) as client:
            client.flushall()
    return served


@pytest.fixture
def fresh(temporary: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="sl-", dir=temporary, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder) / "data"


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def write(stores: Stores, value: int) -> None:
    async def truth() -> None:
        connection = await asyncpg.connect(stores.database_url)
        await connection.execute("create table if not exists kept (value int)")
        await connection.execute("insert into kept values ($1)", value)
        await connection.close()

    asyncio.run(truth())
    with Redis.from_url(stores.redis_url) as client:
        client.rpush("kept", value)


def read(stores: Stores) -> tuple[list[int], list[int]]:
    async def truth() -> list[int]:
        connection = await asyncpg.connect(stores.database_url)
        rows = await connection.fetch("select value from kept order by value")
        await connection.close()
        return [row["value"] for row in rows]

    with Redis.from_url(stores.redis_url) as client:
        return asyncio.run(truth()), [int(value) for value in client.lrange("kept", 0, -1)]


def servers(data: Path) -> list[psutil.Process]:
    """Who works in this data folder, whoever started them."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(data.resolve())):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def hold(data: Path, until: str = "up") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, data], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    while (said := process.stdout.readline()) != f"{until}\n":
        assert said, "it has ended"
    return process


def test_data_is_there_again_after_a_restart_and_nothing_stays_running(data: Path):
    with Stores(data) as stores:
        write(stores, 1)
        assert servers(data)
    assert servers(data) == []
    with Stores(data) as stores:
        write(stores, 2)
        assert read(stores) == ([1, 2], [1, 2])
    assert servers(data) == []


def test_two_folders_serve_at_the_same_time_and_do_not_mix(data: Path, fresh: Path):
    with Stores(data) as one, Stores(fresh) as two:
        write(one, 1)
        write(two, 2)
        assert read(one) == ([1], [1])
        assert read(two) == ([2], [2])


def test_a_folder_in_use_is_refused_with_the_holders_number_and_joined_where_asked(data: Path):
    with Stores(data) as stores:
        write(stores, 1)
        with pytest.raises(InUse, match=rf"in use by process {os.getpid()}\b"), Stores(data):
            pytest.fail("two services on one folder")
        with Stores(data, attach=True) as beside:
            assert read(beside) == ([1], [1])
        # leaving does not stop what belongs to another
        assert read(stores) == ([1], [1])


def test_after_a_kill_the_next_start_stops_what_was_left_and_has_all_data(data: Path):
    holder = hold(data)
    with Stores(data, attach=True) as beside:
        write(beside, 1)
        time.sleep(1.1)  # the live store writes to its file every second: that much may be lost
    holder.kill()
    holder.wait()
    left = {process.pid for process in servers(data)}
    assert left
    with Stores(data) as stores:
        assert read(stores) == ([1], [1])
        assert not left & {process.pid for process in servers(data)}
    assert servers(data) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_both_servers_in_time(data: Path, sign: signal.Signals):
    holder = hold(data)
    begin = time.monotonic()
    holder.send_signal(sign)
    holder.wait(5)
    assert time.monotonic() - begin < 5
    assert servers(data) == []


def test_the_terminals_ctrl_c_does_not_reach_the_servers(data: Path):
    with Stores(data):
        for process in servers(data):
            assert os.getsid(process.pid) != os.getsid(0)


def test_a_fallen_server_is_started_again_with_its_data(data: Path):
    async def back(stores: Stores) -> None:
        watch = asyncio.create_task(stores.watch())
        for process in servers(data):
            process.kill()

        def whole() -> bool:
            try:
                return read(stores) == ([1], [1])
            except (OSError, asyncpg.PostgresError, RedisConnectionError):
                return False

        await asyncio.to_thread(until, whole)
        watch.cancel()

    with Stores(data) as stores:
        write(stores, 1)
        time.sleep(1.1)  # as above
        asyncio.run(back(stores))


def test_a_path_longer_than_a_sockets_is_no_obstacle(fresh: Path):
    deep = fresh / ("x" * 60) / ("y" * 60)
    with Stores(deep) as stores:
        write(stores, 1)
    with Stores(deep) as stores:
        assert read(stores) == ([1], [1])
    for name in ("postgres", "valkey"):
        short = socket_folder(deep / name, "s" * 14)
        assert short.parent == Path("/tmp")
        assert short.stat().st_mode & 0o777 == 0o700
        short.rmdir()


def test_a_socket_folder_that_somebody_else_made_first_is_refused(fresh: Path):
    deep = fresh / ("x" * 60) / ("y" * 60)
    trap = socket_folder(deep / "valkey", "s" * 14)
    trap.symlink_to("/var")
    try:
        with pytest.raises(CannotStart, match="belongs to somebody else"), Stores(deep):
            pytest.fail("walked into the trap")
    finally:
        trap.unlink()
    assert servers(deep) == []


def test_other_accounts_cannot_look_into_the_data(data: Path):
    with Stores(data):
        for name in ("postgres", "valkey"):
            assert (data / name).stat().st_mode & 0o077 == 0


def test_a_pid_file_that_names_a_stranger_neither_hurts_them_nor_keeps_us_from_starting(data: Path):
    with Stores(data) as stores:
        write(stores, 1)
    stranger = subprocess.Popen(["sleep", "60"])
    (data / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n/elsewhere\n")
    (data / "valkey" / "valkey.pid").write_text(f"{stranger.pid}\n")
    try:
        with Stores(data) as stores:
            assert read(stores) == ([1], [1])
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_data_of_another_major_version_is_refused_and_left_alone(data: Path):
    with Stores(data) as stores:
        write(stores, 1)
    (data / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match="is of PostgreSQL 17, and this is 18"), Stores(data):
        pytest.fail("opened")
    assert servers(data) == []
    (data / "postgres" / "PG_VERSION").write_text("18\n")
    with Stores(data) as stores:
        assert read(stores) == ([1], [1])


def test_a_start_that_was_cut_off_while_making_the_database_is_begun_anew(fresh: Path):
    (fresh / "postgres.new").mkdir(parents=True)
    (fresh / "postgres.new" / "PG_VERSION").write_text("18\n")
    with Stores(fresh) as stores:
        write(stores, 1)
        assert read(stores) == ([1], [1])


def test_a_stop_in_the_moment_that_its_thread_begins_leaves_nothing_running(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
):
    begun: list[threading.Thread] = []
    begin = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        begin(thread)
        begun.append(thread)
        raise KeyboardInterrupt  # before anybody knows that there is a thread to wait for

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), Stores(fresh):
        pytest.fail("not interrupted")
    for thread in begun:
        thread.join()
    assert begun
    assert servers(fresh) == []


def test_a_start_that_is_stopped_in_between_is_over_at_once_and_can_be_made_again(fresh: Path):
    for moment in (0, 0.1, 0.3, 0.5):
        holder = hold(fresh, until="starting")
        time.sleep(moment)
        for _ in range(2):  # impatient
            holder.send_signal(signal.SIGINT)
            time.sleep(0.01)
        holder.wait(5)
        assert servers(fresh) == []
    with Stores(fresh) as stores:
        write(stores, 1)
        assert read(stores) == ([1], [1])


def test_a_database_that_could_not_be_made_is_not_taken_for_made(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres, "DATABASE", "template1")  # there is one of this name
    with pytest.raises(CannotStart, match="already exists"), Stores(fresh):
        pytest.fail("opened")
    monkeypatch.undo()
    with Stores(fresh) as stores:
        write(stores, 1)


def test_a_folder_that_cannot_be_written_is_named(fresh: Path):
    fresh.write_text("a file")
    with pytest.raises(CannotStart, match="cannot be used"), Stores(fresh):
        pytest.fail("opened")


def test_the_database_never_runs_as_root_and_reaches_data_where_only_root_may_go(fresh: Path):
    root = os.geteuid() == 0
    fresh.parent.chmod(0o700)
    with Stores(fresh) as stores:
        write(stores, 1)
        [postmaster] = [
            process
            for process in servers(fresh)
            if process.name() == "postgres" and process.ppid() == os.getpid()
        ]
        assert (postmaster.uids().effective == os.geteuid()) is not root
    # passing through is allowed where it must be, looking around never
    assert fresh.parent.stat().st_mode & 0o777 == (0o701 if root else 0o700)


def test_programs_installed_under_a_strict_umask_are_opened_for_reading_and_running(fresh: Path):
    tree = fresh / "pginstall" / "bin"
    tree.mkdir(parents=True)
    (tree / "postgres").touch()
    (tree / "share.sql").touch()
    for path, mode in (
        (tree / "postgres", 0o711),  # so pip leaves it
        (tree / "share.sql", 0o600),
        (tree, 0o700),
        (tree.parent, 0o700),
        (fresh, 0o700),
    ):
        path.chmod(mode)
    open_way(tree.parent)
    open_tree(tree.parent)
    found = {path: path.stat().st_mode & 0o007 for path in (fresh, *fresh.rglob("*"))}
    assert found == {
        fresh: 0o001,
        tree.parent: 0o005,
        tree: 0o005,
        tree / "postgres": 0o005,
        tree / "share.sql": 0o004,
    }
