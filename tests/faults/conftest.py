"""Running servers that all tests of this folder share: stores, wires, processes, the stand-in.

They live in one event loop, the folder's own, which is that of its tests too.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.center import Center
from tests.faults.rig import Rig

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)
            if "center" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest.fixture(scope="package")
def rig_folder(temporary: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sl-", dir=temporary) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's account passes through
        yield folder


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def rig(rig_folder: Path) -> AsyncIterator[Rig]:
    made = Rig(rig_folder)
    try:
        await made.start()
        yield made
    finally:
        await made.close()


@pytest_asyncio.fixture(loop_scope="package")
async def center(rig: Rig, request: pytest.FixtureRequest) -> AsyncIterator[Center]:
    """A company of its own on the shared servers, which are whole again when a test begins."""
    await rig.whole()
    made = await Center.open(rig, request.node.name)
    try:
        yield made
    finally:
        rig.heal()
        await made.close()
