"""Reads what earlier releases stored, as the newest format has it.

Format 1 was written by an engine with steps of its own in place of SpiffWorkflow's: a scope began and ended with one, the places of steps
counted by other names, and what had come for an event was kept under `fact`.
"""

from collections.abc import Mapping
from typing import Any, Final

from engine.spiff.nodes.boundary import BoundarySplit
from engine.spiff.nodes.events import CatchEvent
from engine.spiff.process import CompiledProcess
from engine.spiff.process_spec import DRAWN, END, JOINED, START, ProcessSpec

_ABOVE: Final = 1
_PLACE: Final = 2
_INTERNAL: Final = 7


def from_format_1(state: dict[str, Any], process: CompiledProcess) -> dict[str, Any]:
    """The same state in format 2; the given one is changed."""
    for scope in state["scopes"]:
        spec = process.spec if scope[1] is None else process.scopes[scope[0]]
        places = _places(spec)
        for row in scope[3]:
            row[_PLACE] = places[row[_PLACE]]
            if len(row) > _INTERNAL and row[_INTERNAL] and isinstance(spec.nodes_in_order[row[_PLACE]], CatchEvent):
                row[_INTERNAL] = _came(row[_INTERNAL])
        _hang_higher(scope[3], scope[2], spec)
    return {**state, "format": 2}


def _places(spec: ProcessSpec) -> list[int]:
    """For each place of format 1 the one of today."""
    old: dict[str, str] = {}
    for name in spec.task_specs:
        if name == START:
            old["(start)"] = name
        elif name.endswith(JOINED) and spec.end.name == name:
            old["(end)"] = name
        elif name != END and not name.endswith(".BoundaryEventJoin"):
            old[name.replace(DRAWN, "")] = name
    return [spec.places[old[name]] for name in sorted(old)]


def _hang_higher(rows: list[list[Any]], first: int, spec: ProcessSpec) -> None:
    """What follows a boundary event hung on the split that holds its activity; that now holds only its own."""
    for row in rows:
        above = rows[row[_ABOVE] - first] if row[_ABOVE] >= 0 else None
        if above is None:
            continue
        split, step = (spec.nodes_in_order[found[_PLACE]] for found in (above, row))
        if isinstance(split, BoundarySplit) and step not in split.outputs:
            row[_ABOVE] = above[_ABOVE]


def _came(internal: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(internal)
    if "fact" in kept:
        fact = kept.pop("fact")
        kept["event_fired"] = True
        if fact is not None:
            kept["payload"] = fact
    return kept
