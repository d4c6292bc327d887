import re
from pathlib import Path

import pytest

from api.cli import main

HOUSE = Path(__file__).resolve().parents[2]
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
    long_files = {}
    for room in ("engine", "handlers", "api", "ui"):
        for path in (HOUSE / room).rglob("*.py"):
            if "node_modules" not in path.parts:
                lines = path.read_text().count("\n")
                if lines > 400:
                    long_files[str(path.relative_to(HOUSE))] = lines
    assert long_files == {}
