"""Variants: the ways that instances took through their diagrams, each told once.

The history is one sequence, in which the steps of parallel branches lie as they happened to end. So that this makes no variants of its
own, each step is tied to those that led to it (the latest ones before it on its incoming flows), and the way is told anew: a step after
what led to it and, of those that may come next, the one that is drawn first. Two instances that did the same on every branch have one
way, whichever branch was faster. A step that an operator moved to follows the one before it. A repeated activity is one step, whatever
the number of its turns; of a repeated sub-process the steps of every turn are told.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop, heappush
from statistics import median
from typing import Final
from uuid import UUID

from engine.mining.graph import Graph, Place

#: A longer way is told by its beginning: most likely a loop.
MOST_STEPS: Final = 1_000
EXAMPLES: Final = 5
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Way:
    """A way: its steps in order (a gateway that only joins is none), every node passed, and the flows that led from one to the next."""

    steps: tuple[str, ...]
    passed: tuple[str, ...]
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Travelled:
    """An instance and the nodes that it completed, in the order in which it did, with spaces between. `ended_at` is None while it runs."""

    id: UUID
    business_key: str | None
    deployment_id: int
    state: str
    started_at: datetime
    ended_at: datetime | None
    path: str


@dataclass(frozen=True, slots=True)
class Example:
    """An instance that went a way."""

    id: UUID
    business_key: str | None


@dataclass(frozen=True, slots=True)
class Variant:
    """A way and who went it. `id` stays the same from one day to the next; `state` is completed, cancelled or running (so far).

    `share` is in percent of all instances of the filter; `median` in seconds from start to end, None while they run; the examples are
    the latest.
    """

    id: str
    state: str
    steps: tuple[str, ...]
    passed: tuple[str, ...]
    flows: tuple[str, ...]
    instances: int
    share: float
    median: float | None
    examples: tuple[Example, ...]


def variants(graphs: Mapping[int, Graph], instances: Iterable[Travelled]) -> list[Variant]:
    """The variants of some instances (the latest first), the most frequent first."""
    ways: dict[tuple[int, str], Way] = {}
    known = _with_the_others(graphs)
    found: dict[tuple[str, tuple[str, ...]], tuple[Way, list[Travelled]]] = {}
    total = 0
    for each in instances:
        total += 1
        raw = each.deployment_id, each.path
        if raw not in ways:
            ways[raw] = way_of(known[each.deployment_id], each.path.split()[:MOST_STEPS])
        state = each.state if each.ended_at is not None else "running"
        found.setdefault((state, ways[raw].steps), (ways[raw], []))[1].append(each)
    made = [_variant(state, way, who, total) for (state, _), (way, who) in found.items()]
    return sorted(made, key=lambda variant: (-variant.instances, variant.id))


def _with_the_others(graphs: Mapping[int, Graph]) -> dict[int, Graph]:
    """Each version, and what only others have: an instance that was migrated has passed steps of both."""
    everything: dict[str, Place] = {}
    for graph in graphs.values():
        everything |= graph
    return {number: {**everything, **graph} for number, graph in graphs.items()}


def way_of(graph: Graph, nodes: Sequence[str]) -> Way:
    """The way of an instance that completed some nodes in this order."""
    led = _led_to(graph, nodes)
    ordered = _in_order(graph, nodes, led)
    steps = tuple(nodes[index] for index in ordered if (place := graph.get(nodes[index])) is None or place.told)
    flows = {flow for causes in led for _, flow in causes if flow}
    return Way(steps, tuple(sorted(set(nodes))), tuple(sorted(flows)))


def _variant(state: str, way: Way, who: Sequence[Travelled], total: int) -> Variant:
    name = hashlib.sha256(" ".join((state, *way.steps)).encode()).hexdigest()[:16]
    lasted = [(each.ended_at - each.started_at).total_seconds() for each in who if each.ended_at is not None]
    return Variant(
        id=name,
        state=state,
        steps=way.steps,
        passed=way.passed,
        flows=way.flows,
        instances=len(who),
        share=len(who) * _PERCENT / total,
        median=max(median(lasted), 0.0) if lasted else None,
        examples=tuple(Example(each.id, each.business_key) for each in who[:EXAMPLES]),
    )


def _led_to(graph: Graph, nodes: Sequence[str]) -> list[list[tuple[int, str]]]:
    """For each node that was completed, those before it that led to it, with the flow between. A flow leads from one to another once."""
    led: list[list[tuple[int, str]]] = []
    times: dict[str, list[int]] = {}
    used: set[tuple[str, str, int]] = set()
    for index, node in enumerate(nodes):
        place = graph.get(node)
        found = [] if place is None else _causes(place, times, used)
        if not found and index and (place is None or place.before):
            found = [(index - 1, "")]
        used.update((flow, node, before) for before, flow in found)
        led.append(found)
        times.setdefault(node, []).append(index)
    return led


def _causes(place: Place, times: Mapping[str, list[int]], used: set[tuple[str, str, int]]) -> list[tuple[int, str]]:
    """The latest on each way in that has not led here before: all of them for what joins, else the one that came last."""
    found = []
    for flow, source in place.before:
        latest = next((index for index in reversed(times.get(source, ())) if (flow, place.id, index) not in used), None)
        if latest is not None:
            found.append((latest, flow))
    return found if place.joins else found and [max(found)]


def _in_order(graph: Graph, nodes: Sequence[str], led: Sequence[Sequence[tuple[int, str]]]) -> list[int]:
    """Each after what led to it; among those that may come next, the one drawn first."""
    causes = [{before for before, _ in each} for each in led]
    leads: dict[int, list[int]] = {}
    for index, before in ((index, before) for index, each in enumerate(causes) for before in each):
        leads.setdefault(before, []).append(index)
    missing = [len(each) for each in causes]
    ready = [_turn(graph, nodes, index) for index, count in enumerate(missing) if not count]
    heapify(ready)
    ordered = []
    while ready:
        *_, index = heappop(ready)
        ordered.append(index)
        for following in leads.get(index, ()):
            missing[following] -= 1
            if not missing[following]:
                heappush(ready, _turn(graph, nodes, following))
    return ordered


def _turn(graph: Graph, nodes: Sequence[str], index: int) -> tuple[int, int]:
    """The place of a node in the drawing; one that the drawing does not have any more comes as soon as it may."""
    place = graph.get(nodes[index])
    return 0 if place is None else 1 + place.order, index
