"""What happened as heat on a diagram: which colour and number each step and flow gets, and what the colours mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from engine.mining.figures import ElementFigures, FlowFigures
from engine.mining.ways import Variant
from ui.formats import lasting, quantity

LEVELS: Final = 5
#: What can be painted, and how it is called.
MEASURES: Final[Mapping[str, str]] = {"frequency": "How often", "waiting": "Waiting time", "working": "Working time"}


@dataclass(frozen=True, slots=True)
class Scale:
    """The figure of the hottest step by measure; and over how many instances figures are told, 1 where they are told as they are."""

    tops: Mapping[str, float]
    average: bool = False

    def level(self, measure: str, value: float) -> int:
        """From 1 to LEVELS in equal parts of the hottest; 0 is no heat."""
        top = self.tops[measure]
        return min(LEVELS, ceil(LEVELS * value / top)) if value > 0 and top > 0 else 0

    def legend(self, measure: str) -> list[tuple[int, str]]:
        """Each level with its upper bound; of whole numbers only the levels that hold one."""
        top = self.tops[measure]
        if measure != "frequency" or self.average:
            return [(number, self.written(measure, top * number / LEVELS)) for number in range(1, LEVELS + 1)] if top > 0 else []
        bounds = [int(top) * number // LEVELS for number in range(LEVELS + 1)]
        return [(number, quantity(bounds[number])) for number in range(1, LEVELS + 1) if bounds[number] > bounds[number - 1]]

    def written(self, measure: str, value: float) -> str:
        """A figure as it stands on the diagram."""
        if measure != "frequency":
            return lasting(value)
        return f"{value:.2f}" if self.average else quantity(round(value))


def value_of(each: ElementFigures, measure: str) -> float:
    """The figure of a step."""
    return {"frequency": float(each.done), "waiting": each.waited, "working": each.worked}[measure]


def scale_of(sides: Iterable[tuple[Iterable[ElementFigures], int]], *, average: bool = False) -> Scale:
    """One scale for the steps of one or two filters, each with its number of instances; with `average` figures are per instance."""
    told = [(each, max(instances, 1) if average else 1) for elements, instances in sides for each in elements]
    return Scale({measure: max((value_of(each, measure) / by for each, by in told), default=0.0) for measure in MEASURES}, average)


def island(
    scale: Scale, figures: tuple[Iterable[ElementFigures], Iterable[FlowFigures]], instances: int, ways: Iterable[Variant]
) -> dict[str, Any]:
    """What the diagram's island paints: by measure and element the level, the number and the words for those who hear it."""
    by = max(instances, 1) if scale.average else 1
    elements, flows = list(figures[0]), list(figures[1])
    measures: dict[str, Any] = {
        measure: {
            "elements": {
                each.element_id: [scale.level(measure, value), (text := scale.written(measure, value)), _words(each, measure, text, scale)]
                for each in elements
                if (value := value_of(each, measure) / by) > 0
            }
        }
        for measure in MEASURES
    }
    branching = {source for source in {flow.source for flow in flows} if sum(1 for flow in flows if flow.source == source) > 1}
    measures["frequency"]["flows"] = {
        flow.flow_id: [
            scale.level("frequency", flow.count / by),
            scale.written("frequency", flow.count / by) if flow.source in branching else "",
        ]
        for flow in flows
        if flow.count
    }
    return {"measures": measures, "ways": {way.id: {"elements": way.passed, "flows": way.flows} for way in ways}}


def _words(each: ElementFigures, measure: str, text: str, scale: Scale) -> str:
    """What is heard in place of the number, which it repeats as it stands there."""
    if measure == "frequency":
        here = f", {each.running} there now" if each.running else ""
        return f"done {text} {'time' if text == '1' else 'times'}{' per instance' if scale.average else here}"
    did, middle = ("waited", each.waiting.median) if measure == "waiting" else ("worked on for", each.working.median)
    return f"{did} {text} {'per instance' if scale.average else 'in all'}, half of them at most {lasting(middle)}"
