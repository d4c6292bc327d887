"""What docs/security.md says is shown by a test is shown by one that is there."""

import re

from tests.architecture.sources import HOUSE

ROWS = re.findall(
    r"^\| (\d+)\.(\d+)\.(\d+) \| ([123]) \| .+ \| `([^`]+)::(\w+)` \|$", (HOUSE / "docs" / "security.md").read_text(), re.MULTILINE
)


def test_each_item_names_a_test_that_is_there():
    missing = [f"{path}::{test}" for *_, path, test in ROWS if f"def {test}(" not in (HOUSE / path).read_text()]
    assert missing == []
    assert len(ROWS) > 60


def test_the_items_stand_in_the_order_of_the_standard():
    numbers = [tuple(map(int, row[:3])) for row in ROWS]
    assert numbers == sorted(numbers)
