"""Every lock is taken in engine/store/locks.py: one order, one register of numbers."""

import re

from tests.architecture.sources import sources

_LOCKS = re.compile(
    r"\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE)\b|\bFOR\s+KEY\s+SHARE\b|\bLOCK\s+TABLE\b|with_for_update|pg_(try_)?advisory", re.IGNORECASE
)


def test_locks_are_taken_in_one_module():
    assert {path for path, text in sources().items() if _LOCKS.search(text)} == {"engine/store/locks.py"}
