"""Steps and flows in numbers, and where most time is lost."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine.mining.graph import CONTAINERS, Edge, Graph, Place
from engine.mining.stays import Stay, divide

_CENT: Final = 100
_MILLISECONDS: Final = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations of stays that are over, in seconds: their sum, the middle one, and the one that nine of ten do not exceed.

    Median and 90th percentile lie between two values as `percentile_cont` of SQL does.
    """

    total: float = 0.0
    median: float = 0.0
    p90: float = 0.0


@dataclass(frozen=True, slots=True)
class Counts:
    """How often something happened at a step of one version.

    `done` counts turns of a repeated activity one by one; `left` how often a token went on behind it, once for all turns.
    """

    deployment_id: int
    element_id: str
    done: int
    left: int
    cancelled: int
    failed: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A token that stands at a step now, and since when where that is known, with the claim of its user task. In seconds until now."""

    element_id: str
    waiting: float
    working: float


@dataclass(frozen=True, slots=True)
class ElementFigures:
    """A step in numbers.

    `done` how often it was completed or skipped, `cancelled` given up or refused, `failed` attempts that failed; `running` tokens that
    stand there now. `waiting` and `working` spread over the stays that are over, `waiting_so_far` and `working_so_far` are the seconds of
    those that are not. `timed` is false of what has no time of its own. `drawn` is false of a step that the shown version does not have.
    """

    element_id: str
    name: str
    kind: str
    lane: str
    path: str
    done: int = 0
    cancelled: int = 0
    failed: int = 0
    running: int = 0
    timed: bool = True
    drawn: bool = True
    waiting: Spread = field(default_factory=Spread)
    working: Spread = field(default_factory=Spread)
    waiting_so_far: float = 0.0
    working_so_far: float = 0.0

    @property
    def waited(self) -> float:
        """Seconds waited in all, by those that are over and those that still wait."""
        return self.waiting.total + self.waiting_so_far

    @property
    def worked(self) -> float:
        """Seconds worked in all."""
        return self.working.total + self.working_so_far


@dataclass(frozen=True, slots=True)
class FlowFigures:
    """How often a sequence flow was gone along, over all versions of the filter that have it."""

    flow_id: str
    name: str
    source: str
    target: str
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """A step by the time that was lost there: all waiting, and its share of the waiting everywhere, in percent."""

    element_id: str
    name: str
    waited: float
    share: float
    running: int
    median: float


@dataclass(frozen=True, slots=True)
class Observed:
    """The rows that the figures are made of: counts and stays as the history has them, tokens as they stand now."""

    counts: Sequence[Counts]
    stays: Sequence[Stay]
    standing: Sequence[Standing]
    #: How often a gateway chose a flow, by version and flow.
    chosen: Mapping[tuple[int, str], int]


def spread(durations: Collection[float], of: int) -> Spread:
    """Over `of` stays, those that are not among the durations having taken no time."""
    values = sorted(durations)
    zeros = max(of - len(values), 0)
    return Spread(round(sum(values), _MILLISECONDS), _percentile(values, zeros, 0.5), _percentile(values, zeros, 0.9))


def measure(graphs: Mapping[int, Graph], shown: Graph, observed: Observed) -> list[ElementFigures]:
    """Every step of the shown version in reading order, then those that only other versions have, the latest version first."""
    known = dict(shown)
    for number in sorted(graphs, reverse=True):
        known = {**graphs[number], **known}
    counts: dict[str, list[Counts]] = {}
    for each in observed.counts:
        counts.setdefault(each.element_id, []).append(each)
    times: dict[str, list[tuple[float, float]]] = {}
    for stay in observed.stays:
        times.setdefault(stay.element_id, []).append(divide(stay))
    standing: dict[str, list[Standing]] = {}
    for token in observed.standing:
        standing.setdefault(token.element_id, []).append(token)
    places = sorted(known.values(), key=lambda place: (place.id not in shown, place.path, place.order))
    return [
        _figures(place, place.id in shown, (counts.get(place.id, ()), times.get(place.id, ()), standing.get(place.id, ())))
        for place in places
        if place.told and (place.id in shown or place.id in counts or place.id in standing)
    ]


def count_flows(graphs: Mapping[int, Graph], observed: Observed) -> list[FlowFigures]:
    """How often each flow was gone along.

    A gateway that chose has said so. Out of anything else a token goes along all flows; behind a gateway of events along that whose
    event came. Out of a step with conditions that has not said what it chose, nothing is known, and nothing counted.
    """
    left = {(each.deployment_id, each.element_id): each.left for each in observed.counts}
    found: dict[str, FlowFigures] = {}
    for number in sorted(graphs, reverse=True):
        for place in graphs[number].values():
            for edge in place.outgoing:
                count = _gone(place, edge, number, observed.chosen, left)
                first = found.setdefault(edge.id, FlowFigures(edge.id, edge.name, edge.source, edge.target, place.path, 0))
                found[edge.id] = replace(first, count=first.count + count)
    return list(found.values())


def bottlenecks(figures: Iterable[ElementFigures]) -> list[Bottleneck]:
    """Steps by the time waited at them, the most first; those at which nothing waited are none."""
    waited = [each for each in figures if each.waited > 0]
    everywhere = sum(each.waited for each in waited)
    ranked = sorted(waited, key=lambda each: (-each.waited, each.element_id))
    return [
        Bottleneck(each.element_id, each.name, each.waited, each.waited * _CENT / everywhere, each.running, each.waiting.median)
        for each in ranked
    ]


def _figures(
    place: Place, drawn: bool, found: tuple[Sequence[Counts], Sequence[tuple[float, float]], Sequence[Standing]]
) -> ElementFigures:
    counts, times, standing = found
    done, cancelled = sum(each.done for each in counts), sum(each.cancelled for each in counts)
    over = done + cancelled
    # Beside its activity an event waits, too; no token stands there.
    here = [] if place.tag == "boundaryEvent" else list(standing)
    timed = place.tag not in CONTAINERS and place.tag != "boundaryEvent"
    return ElementFigures(
        element_id=place.id,
        name=place.name,
        kind=place.kind,
        lane=place.lane,
        path=place.path,
        done=done,
        cancelled=cancelled,
        failed=sum(each.failed for each in counts),
        running=len(here),
        timed=timed,
        drawn=drawn,
        waiting=spread([waiting for waiting, _ in times], over),
        working=spread([working for _, working in times], over),
        waiting_so_far=sum(each.waiting for each in here),
        working_so_far=sum(each.working for each in here),
    )


def _gone(source: Place, edge: Edge, version: int, chosen: Mapping[tuple[int, str], int], left: Mapping[tuple[int, str], int]) -> int:
    if source.tag == "eventBasedGateway":
        return left.get((version, edge.target), 0)
    if len(source.outgoing) > 1 and any(each.conditional for each in source.outgoing):
        return chosen.get((version, edge.id), 0)
    return left.get((version, source.id), 0)


def _percentile(values: Sequence[float], zeros: int, part: float) -> float:
    """Between the two nearest of `zeros` zeros and the sorted values."""
    size = zeros + len(values)
    if not size:
        return 0.0
    place = (size - 1) * part
    low = int(place)
    high = min(low + 1, size - 1)

    def at(index: int) -> float:
        return 0.0 if index < zeros else values[index - zeros]

    return round(at(low) + (at(high) - at(low)) * (place - low), _MILLISECONDS)
