"""Counts the lines that run: SpiffWorkflow's and those of `engine/spiff`, which extends it. FEEL and what reads models are left out."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

from api.benchmarks.dry_runs import happy_paths


@dataclass(frozen=True, slots=True)
class Lines:
    """How many lines were run, by whose they are."""

    theirs: int
    ours: int

    @property
    def share(self) -> float:
        """SpiffWorkflow's part of all, from 0 to 1."""
        return self.theirs / max(self.theirs + self.ours, 1)


def count_lines(act: Callable[[], Any]) -> Lines:
    """The lines that run in an act, in this thread."""
    rooms = {str(_folder("SpiffWorkflow")): "theirs", str(_folder("engine.spiff")): "ours"}
    counted = dict.fromkeys(rooms.values(), 0)

    def called(frame: FrameType, _event: str, _argument: Any) -> Any:
        room = next((room for path, room in rooms.items() if frame.f_code.co_filename.startswith(path)), None)

        def line(_frame: FrameType, event: str, _argument: Any) -> Any:
            counted[str(room)] += event == "line"
            return line

        return line if room else None

    before = sys.gettrace()
    sys.settrace(called)
    try:
        act()
    finally:
        sys.settrace(before)
    return Lines(counted["theirs"], counted["ours"])


def of_happy_paths() -> dict[str, Lines]:
    """For each of the five processes: the lines that run its happy path, once everything is compiled."""
    return {name: count_lines(play) for name, play in happy_paths()}


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise AssertionError(package)
    return Path(spec.origin).parent
