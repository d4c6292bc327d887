"""What the tests of the whole product share: installations that are gone when the test is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.system.house import House


@pytest.fixture
def house() -> Iterator[Callable[..., House]]:
    """Makes installations: `house(ORDERCRAFT_LEASE_SECONDS="10")`."""
    built: list[House] = []

    def build(**settings: str) -> House:
        built.append(House(**settings))
        return built[-1]

    yield build
    for each in built:
        each.leave()


@pytest.fixture(scope="session")
def undisturbed() -> dict[str, Any]:
    """The report of `ordercraft demo --headless --json` on an empty data directory, while nobody disturbs it."""
    house = House()
    try:
        done = house.run("demo", "--headless", "--json")
        assert done.returncode == 0, done.stderr
        assert not house.postgres_runs()
    finally:
        house.leave()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
