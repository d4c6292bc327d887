"""What the tests of the whole product share: installations that are gone when the test is."""

import fcntl
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
        built.append(House(**{"ORDERCRAFT_METRICS": "everybody", **settings}))
        return built[-1]

    yield build
    for each in built:
        each.leave()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> dict[str, Any]:
    """The report of `ordercraft demo --headless --json` on an empty data directory, while nobody disturbs it.

    Whichever worker of a run asks first has it told; the others wait for it.
    """
    told = tmp_path_factory.getbasetemp().parent / f"undisturbed-{testrun_uid}.json"
    with told.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            told.write_text(_tell_undisturbed())
    answer: dict[str, Any] = json.loads(told.read_text())
    return answer


def _tell_undisturbed() -> str:
    house = House(ORDERCRAFT_METRICS="everybody")
    try:
        done = house.run("demo", "--headless", "--json")
        assert done.returncode == 0, done.stderr
        assert not house.postgres_runs()
    finally:
        house.leave()
    return done.stdout
