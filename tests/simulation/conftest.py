"""A server for the simulated runs of one module."""

from collections.abc import Iterator

import pytest

from router.simulation.replications import server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as address:
        yield address
