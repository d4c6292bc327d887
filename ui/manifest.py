"""Turns Vite's manifest into the tags that load an island with everything it needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from engine.problems import NotFound
from ui.build import DIST

BASE = "/assets/"


@dataclass(frozen=True, slots=True)
class Assets:
    """The files one island needs: its script, the chunks that script imports, and the style sheets of all of them."""

    script: str
    chunks: tuple[str, ...]
    styles: tuple[str, ...]

    def tags(self) -> Markup:
        """The `<link>` and `<script>` tags, style sheets first."""
        lines = [Markup('<link rel="stylesheet" href="{}{}">').format(BASE, name) for name in self.styles]
        lines += [Markup('<link rel="modulepreload" href="{}{}">').format(BASE, name) for name in self.chunks]
        lines.append(Markup('<script type="module" src="{}{}"></script>').format(BASE, self.script))
        return Markup("\n").join(lines)


@dataclass(slots=True)
class Manifest:
    """Vite's manifest, read once per build."""

    path: Path = DIST / ".vite" / "manifest.json"
    _entries: Mapping[str, Any] = field(default_factory=dict)
    _read_at: float = 0.0

    def assets(self, island: str) -> Assets:
        """What the island needs. A shared chunk's style sheet hangs on the chunk, so the imports are walked. Raises NotFound."""
        entries = self._load()
        key = f"src/{island}.js"
        if key not in entries:
            raise NotFound(f"The island {island!r} is not in the build.", code="pages_not_built", next_step="Run `python -m ui.build`.")
        seen = _with_imports(entries, key)
        styles = dict.fromkeys(style for name in seen for style in entries[name].get("css", ()))
        chunks = [entries[name]["file"] for name in seen if name != key]
        return Assets(entries[key]["file"], tuple(chunks), tuple(styles))

    def _load(self) -> Mapping[str, Any]:
        if not self.path.is_file():
            raise NotFound("The pages are not built.", code="pages_not_built", next_step="Run `python -m ui.build`.")
        changed = self.path.stat().st_mtime
        if changed != self._read_at:
            self._entries, self._read_at = json.loads(self.path.read_bytes()), changed
        return self._entries


def _with_imports(entries: Mapping[str, Any], key: str) -> list[str]:
    """The entry and everything it imports, the imported before the importing."""
    found: list[str] = []

    def walk(name: str) -> None:
        if name in found:
            return
        for imported in entries[name].get("imports", ()):
            walk(imported)
        found.append(name)

    walk(key)
    return found
