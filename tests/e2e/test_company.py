"""The demo company is made once, marked, and never served in production."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys

import pytest
from aiohttp.test_utils import unused_port

from router.demo import cast
from router.demo.company import seed
from router.embedded.process import CannotStart
from tests.e2e.stage import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABLES = ("workspace", "account", "agent", "person", "address", "expert", "queue", "entry_point")


async def test_the_company_is_made_once_and_left_alone_from_then_on(stage: Company) -> None:
    async def everything() -> list[object]:
        # an epoch is raised whenever the live store is rebuilt, which is nobody's doing here
        return [
            await stage.pool.fetch(
                f"select to_jsonb({table}) - 'epoch' as row from {table} order by row"
            )
            for table in TABLES
        ]

    before = await everything()
    await stage.pool.execute("update queue set name = 'Our customers' where slug = 'customers'")
    changed = await everything()
    assert changed != before
    logins = await seed(stage.app)
    assert await everything() == changed
    assert {login.password for login in logins} == {cast.PASSWORD}
    assert len(logins) == len(cast.STAFF) == len({login.email for login in logins})


async def test_another_companys_database_gets_no_passwords_that_everybody_knows(
    stage: Company,
) -> None:
    await stage.pool.execute("insert into workspace (slug, name) values ('acme', 'Acme')")
    with pytest.raises(CannotStart, match="--data"):
        await seed(stage.app)


async def test_a_service_in_production_refuses_the_demos_database(
    stage: Company, database: str, live: str
) -> None:
    port = unused_port()
    refused = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "router", "serve"],
        env={
            "PATH": os.environ["PATH"],
            "PORT": str(port),
            "HOST": "localhost",
            "PUBLIC_URL": f"http://localhost:{port}",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": database,
            "REDIS_URL": live,
        },
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert refused.returncode == 1
    assert "demo company" in refused.stderr
    assert "Traceback" not in refused.stderr
