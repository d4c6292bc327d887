import re

import pytest

from api.cli import main
from tests.architecture.sources import HOUSE, sources

README = (HOUSE / "README.md").read_text()


@pytest.mark.parametrize("command", main.list_commands(None))
def test_the_readme_tells_every_command(command):
    assert f"ordercraft {command}" in README


def test_every_place_on_the_map_exists():
    map_rows = [line for line in README.splitlines() if line.startswith("| ") and " | `" in line]
    named = [path for row in map_rows for path in re.findall(r"`((?:bpmn|handlers|api|engine|ui|migrations)/[^`*]*)`", row)]
    missing = [path for path in named if "<" not in path and not (HOUSE / path).exists()]
    assert named
    assert missing == []


def test_no_file_is_longer_than_its_budget_of_400_lines():
    assert {path: text.count("\n") for path, text in sources().items() if text.count("\n") > 400} == {}
