"""Every lock is taken in engine/store/locks.py: one order, one register of numbers."""

import re

from tests.architecture.house_sql import HOUSE

_LOCKS = re.compile(
    r"\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE)\b|\bFOR\s+KEY\s+SHARE\b|\bLOCK\s+TABLE\b|with_for_update|pg_(try_)?advisory", re.IGNORECASE
)


def test_locks_are_taken_in_one_module():
    found = {
        str(path.relative_to(HOUSE))
        for room in ("engine", "handlers", "api", "ui")
        for path in (HOUSE / room).rglob("*.py")
        if "node_modules" not in path.parts and _LOCKS.search(path.read_text())
    } - {"engine/store/locks.py"}
    assert found == set()
