"""With which examples a property is tried: in `make test` always the same, so that who changes something else is not stopped by what
nobody has seen before; `make prove` looks for that, with others and many times as many."""

import os
from typing import Any

from hypothesis import settings

TIMES = int(os.environ.get("ORDERCRAFT_PROVE_EXAMPLES", "0"))


def load_profile() -> None:
    """Before any test is imported. How long an example takes says nothing, and a busy machine takes long."""
    if TIMES:
        settings.register_profile("ordercraft", deadline=None, max_examples=100 * TIMES)
    else:
        settings.register_profile("ordercraft", deadline=None, derandomize=True, database=None)
    settings.load_profile("ordercraft")


def examples(number: int, **more: Any) -> settings:
    """So many examples, in `make test`."""
    return settings(max_examples=number * max(TIMES, 1), **more)
