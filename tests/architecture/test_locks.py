"""Every lock is taken in engine/store/locks.py: one order, one register of numbers."""

import re

from tests.architecture.house_sql import HOUSE

_LOCKS = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE)\b|\bFOR\s+KEY\s+SHARE\b|with_for_update|pg_(try_)?advisory", re.IGNORECASE)
#: Who still takes locks by itself. An entry that is no longer needed is refused too, so the list can only become shorter.
LOCKSMITHS = {
    "api/auth/accounts.py",
    "api/demo/company.py",
    "api/intake/inbox.py",
}


def test_locks_are_taken_in_one_module():
    found = {
        str(path.relative_to(HOUSE))
        for room in ("engine", "handlers", "api", "ui")
        for path in (HOUSE / room).rglob("*.py")
        if "node_modules" not in path.parts and _LOCKS.search(path.read_text())
    } - {"engine/store/locks.py"}
    assert found - LOCKSMITHS == set()
    assert LOCKSMITHS - found == set(), "These no longer take locks by themselves: take them off the list."
