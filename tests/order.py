"""In which order tests run: what takes long first and dealt out among the workers, so that the end of a run is not one worker's alone."""

from collections.abc import Sequence
from itertools import groupby

import pytest

#: About how long a test takes, in seconds, by where it stands; the first that fits. What is not named is short.
_SECONDS = {
    "tests/life": 100.0,
    "tests/system/test_killed_server.py": 80.0,
    "tests/system/test_plain_server_and_two_workers.py": 40.0,
    "tests/system/test_openapi_holds.py": 30.0,
    "tests/system/test_worst_inputs.py": 90.0,
    "tests/system/test_bad_input.py": 0.3,
    "tests/system": 3.0,
    "tests/crash": 15.0,
    "tests/integration/golden/test_random_life.py": 15.0,
    "tests/browser/test_analysts_journey.py": 25.0,
    "tests/browser/test_modeler.py": 6.0,
    "tests/browser/test_dry_run.py": 6.0,
    "tests/browser/test_camunda_modeler.py": 6.0,
    "tests/browser": 3.0,
    "tests/integration/invariants": 0.2,  # one company for all of them
    "tests/integration": 0.6,
    "tests/upgrade": 2.0,
    "tests/architecture": 0.2,
}
_ALONE = 10.0
#: What is not split, for its tests share what is dear to make.
_TOGETHER = ("tests/integration/invariants", "tests/architecture")


def dealt(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests of each worker, one after the other, in shares of equal number as xdist hands out; each share begins with what is long."""
    files = [list(each) for _, each in groupby(items, key=_unit)]
    long = sorted((each for each in files if _seconds(each[0])), key=lambda each: -len(each) * _seconds(each[0]))
    short = [item for each in files if not _seconds(each[0]) for item in each]
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for each in long:
        min(shares, key=lambda share: sum(map(_seconds, share))).extend(each)
    left = len(items)
    for number, share in enumerate(shares):
        share.sort(key=_seconds, reverse=True)
        missing = max(0, left // (workers - number) - len(share))
        share.extend(short[:missing])
        del short[:missing]
        left -= len(share)
    return [item for share in shares for item in share]


def _path(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _unit(item: pytest.Item) -> str:
    """What is dealt as a whole: a file, for its tests share what they set up, or one test that takes very long."""
    if _seconds(item) > _ALONE:
        return item.nodeid
    return next((room for room in _TOGETHER if _path(item).startswith(room)), _path(item))


def _seconds(item: pytest.Item) -> float:
    return next((seconds for place, seconds in _SECONDS.items() if _path(item).startswith(place)), 0.0)
