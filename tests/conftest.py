"""Real stores and a real browser for every test that asks for them.

postgres_url: a PostgreSQL server for the whole run (its `postgres` database).
database: a fresh, migrated database for one test; yields its URL.
valkey_url: a Valkey server for the whole run. live: the same, emptied for this test.
chromium: the path of a browser. browser: it, started; one for the whole run.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from redis import Redis

from router.embedded.postgres import Postgres, address
from router.embedded.valkey import Valkey
from router.store.migrate import migrate

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3

# three browsers on a small machine draw late
expect.set_options(timeout=15_000)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole run has two workers; what somebody chooses to run has none.

    Chosen tests start at once and can be debugged, and soaks measure. Each worker has stores and
    a browser of its own; more workers than cores would be late where a page is waited for.
    """
    everything = (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and not config.option.keyword
        and config.option.markexpr in config.getini("addopts")
    )
    return min(2, os.cpu_count() or 1) if everything else 0


@pytest.fixture(scope="session")
def temporary() -> Path:
    """Where data folders of tests go: in memory where there is room, for a database is made of
    hundreds of files (15 ms there, up to a second on a disk); a short path, as sockets need it."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return Path("/tmp")


@pytest.fixture(scope="session")
def stores_folder(temporary: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sl-", dir=temporary))
    folder.chmod(0o711)  # PostgreSQL's account passes through
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_folder(stores_folder: Path) -> Iterator[Path]:
    folder = stores_folder / "pg"
    server = Postgres(folder, stores_folder / "pg.log", throwaway=True)
    server.start()
    yield folder
    server.process.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres_folder: Path) -> str:
    return address(postgres_folder, "postgres")


@pytest.fixture(scope="session")
def template(postgres_folder: Path, postgres_url: str) -> str:
    """The name of a migrated, empty database, copied for each test."""

    async def make() -> None:
        connection = await asyncpg.connect(postgres_url)
        await connection.execute("create database template_migrated")
        await connection.close()
        await migrate(address(postgres_folder, "template_migrated"))

    asyncio.run(make())
    return "template_migrated"


_numbers = itertools.count(1)


@pytest.fixture
async def database(postgres_folder: Path, postgres_url: str, template: str) -> AsyncIterator[str]:
    name = f"test_{next(_numbers)}"
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(f"create database {name} template {template} strategy file_copy")
        yield address(postgres_folder, name)
        # a test that left a connection open must not keep its database
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def valkey_url(stores_folder: Path) -> Iterator[str]:
    server = Valkey(stores_folder / "vk", stores_folder / "vk.log", throwaway=True)
    server.start()
    yield server.url
    server.process.stop()


@pytest.fixture
def live(valkey_url: str) -> Iterator[str]:
    with Redis.from_url(valkey_url) as client:
        client.flushall()
        client.script_flush()
        client.config_resetstat()
        yield valkey_url


@pytest.fixture(scope="session")
def chromium() -> str:
    """A browser to run pages in. There is no skipping: without one, the pages are untested."""
    named = os.environ.get("SECONDLINE_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    for candidate in [named, *map(shutil.which, names), _playwrights_own()]:
        if candidate and _runs(candidate):
            return candidate
    pytest.fail(
        "No browser found for the tests. `sh install.sh test` installs one; or install "
        "chromium (apt-get install chromium) or name one in SECONDLINE_CHROMIUM."
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Started once, for a start takes a second. Whoever uses it runs on the session's loop."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                # two pages on one machine find each other without the network's help
                "--disable-features=WebRtcHideLocalIpsWithMdns",
            ],
        )
        yield launched
        await launched.close()


def _runs(browser: str) -> bool:
    """Whether it starts, and is no snap: those cannot see the tests' files."""
    try:
        printed = subprocess.run(
            [browser, "--version"], capture_output=True, text=True, timeout=30
        ).stdout
    except OSError:
        return False
    return "Chrom" in printed and "snap" not in printed


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path
