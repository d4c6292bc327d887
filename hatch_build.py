"""Puts the bundled pages into the wheel, so that an installed product needs no Node."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PagesHook(BuildHookInterface[Any]):
    """Builds `ui/static/dist` before the files are gathered. An editable install builds by `python -m ui.build` instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # the interface gives it
        """Build; a failure ends the wheel with one sentence."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root)))
        from ui.build import build

        build()
