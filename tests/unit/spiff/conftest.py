"""Each test that plays a process plays it twice: at once, and restored from its bytes after every element."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.unit.spiff.drawing import Play


@pytest.fixture(params=[False, True], ids=["in-memory", "restored-after-every-element"])
def play(request: pytest.FixtureRequest) -> Callable[..., Play]:
    return partial(Play, restored=request.param)
