"""The product's own Python, read and parsed once for all tests of how it is built."""

import ast
import os
from functools import cache
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
_ROOMS = ("engine", "handlers", "api", "ui")


@cache
def sources() -> dict[str, str]:
    """The text of each file, by its path from the root."""
    found = {}
    for room in _ROOMS:
        for folder, subfolders, files in os.walk(HOUSE / room):
            subfolders[:] = sorted(set(subfolders) - {"node_modules", "__pycache__"})
            for name in sorted(files):
                if name.endswith(".py"):
                    path = Path(folder, name)
                    found[path.relative_to(HOUSE).as_posix()] = path.read_text()
    return found


@cache
def trees() -> dict[str, ast.Module]:
    """What each file says, by its path from the root. Nobody changes them."""
    return {path: ast.parse(text) for path, text in sources().items()}


@cache
def calls(path: str) -> tuple[ast.Call, ...]:
    """Every call in a file."""
    return tuple(node for node in ast.walk(trees()[path]) if isinstance(node, ast.Call))
