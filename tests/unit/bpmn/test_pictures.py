"""The diagrams are drawn for people: nothing overlaps, leaves the canvas, or runs through something else."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree

import bpmn

ROOT = Path(bpmn.__file__).parent
FILES = sorted(ROOT.glob("*/*.bpmn"))
MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: "Box", slack: float = 0) -> bool:
        apart_x = self.x + self.width - slack <= other.x or other.x + other.width - slack <= self.x
        apart_y = self.y + self.height - slack <= other.y or other.y + other.height - slack <= self.y
        return not (apart_x or apart_y)

    def holds(self, other: "Box") -> bool:
        inside_x = self.x <= other.x and other.x + other.width <= self.x + self.width
        return inside_x and self.y <= other.y and other.y + other.height <= self.y + self.height


Point = tuple[float, float]


@dataclass(frozen=True)
class Picture:
    boxes: dict[str, Box]
    labels: dict[str, Box]
    edges: dict[str, list[Point]]
    flows: dict[str, tuple[str, str]]
    hosts: dict[str, str]
    lanes: dict[str, list[str]]
    pool: str
    #: The subprocess that a step or a flow is drawn in.
    parents: dict[str, str]

    @property
    def nodes(self) -> dict[str, Box]:
        return {key: box for key, box in self.boxes.items() if key not in self.lanes and key != self.pool}

    def segments(self) -> list[tuple[str, Box]]:
        return [(flow, _segment(*pair)) for flow, points in self.edges.items() for pair in pairwise(points)]


def _segment(one: Point, other: Point) -> Box:
    return Box(min(one[0], other[0]), min(one[1], other[1]), abs(one[0] - other[0]), abs(one[1] - other[1]))


def _box(element) -> Box:
    return Box(*(float(element.get(name)) for name in ("x", "y", "width", "height")))


@cache
def picture(file: Path) -> Picture:
    root = etree.parse(file).getroot()
    shapes = {shape.get("bpmnElement"): shape for shape in root.iter(f"{DI}BPMNShape")}
    edges = {edge.get("bpmnElement"): edge for edge in root.iter(f"{DI}BPMNEdge")}
    labels = {key: item.find(f"{DI}BPMNLabel/{DC}Bounds") for key, item in (*shapes.items(), *edges.items())}
    return Picture(
        boxes={key: _box(shape.find(f"{DC}Bounds")) for key, shape in shapes.items()},
        labels={key: _box(bounds) for key, bounds in labels.items() if bounds is not None},
        edges={key: [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(WAYPOINT)] for key, edge in edges.items()},
        flows={flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef")) for flow in root.iter(f"{MODEL}sequenceFlow")},
        hosts={event.get("id"): event.get("attachedToRef") for event in root.iter(f"{MODEL}boundaryEvent")},
        lanes={lane.get("id"): [ref.text for ref in lane.iter(f"{MODEL}flowNodeRef")] for lane in root.iter(f"{MODEL}lane")},
        pool=next(root.iter(f"{MODEL}participant")).get("id"),
        parents={each.get("id"): box.get("id") for box in root.iter(f"{MODEL}subProcess") for each in box if each.get("id")},
    )


#: A page of 1,440 pixels shows as much at the scale below which no label can be read (`READABLE` of the viewer).
WIDEST = 3_000

every_diagram = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@every_diagram
def test_each_step_lies_in_its_lane_and_each_lane_in_the_pool(file):
    drawn = picture(file)
    for lane, members in drawn.lanes.items():
        assert drawn.boxes[drawn.pool].holds(drawn.boxes[lane]), lane
        outside = [key for key in members if not drawn.boxes[lane].holds(drawn.boxes[key])]
        assert outside == []
    assert sorted(key for members in drawn.lanes.values() for key in members) == sorted(set(drawn.nodes) - set(drawn.parents))
    assert [key for key, parent in drawn.parents.items() if key in drawn.nodes and not drawn.boxes[parent].holds(drawn.boxes[key])] == []


@every_diagram
def test_a_page_shows_the_whole_diagram_legibly(file):
    drawn = picture(file)
    assert drawn.boxes[drawn.pool].width <= WIDEST


@every_diagram
def test_no_two_steps_overlap(file):
    drawn = picture(file)
    pairs = combinations(drawn.nodes.items(), 2)
    assert [
        (one, other)
        for (one, box), (other, beside) in pairs
        if box.overlaps(beside)
        and other not in {drawn.hosts.get(one), drawn.parents.get(one), one}
        and one not in {drawn.hosts.get(other), drawn.parents.get(other)}
    ] == []


@every_diagram
def test_each_flow_runs_at_right_angles_from_border_to_border(file):
    drawn = picture(file)
    assert sorted(drawn.edges) == sorted(drawn.flows)
    for flow, points in drawn.edges.items():
        assert all(one[0] == other[0] or one[1] == other[1] for one, other in pairwise(points)), flow
        for node, (x, y) in zip(drawn.flows[flow], (points[0], points[-1]), strict=True):
            box = drawn.boxes[node]
            assert x in {box.x, box.x + box.width} or y in {box.y, box.y + box.height}, flow


@every_diagram
def test_no_flow_runs_through_a_step(file):
    drawn = picture(file)
    through = {
        (flow, node)
        for flow, segment in drawn.segments()
        for node, box in drawn.nodes.items()
        if box.overlaps(segment) and node not in {*drawn.flows[flow], drawn.hosts.get(drawn.flows[flow][0]), drawn.parents.get(flow)}
    }
    assert through == set()


@every_diagram
def test_no_two_flows_cross(file):
    drawn = picture(file)
    crossings = {
        (one, other)
        for (one, flat), (other, steep) in ((a, b) for a in drawn.segments() for b in drawn.segments() if a[0] != b[0])
        if not flat.height
        and not steep.width
        and flat.x < steep.x < flat.x + flat.width
        and steep.y < flat.y < steep.y + steep.height
        and drawn.flows[one][1] != drawn.flows[other][1]
    }
    assert crossings == set()


@every_diagram
def test_labels_are_clear_of_steps_of_flows_and_of_each_other(file):
    drawn = picture(file)
    on_steps = [
        (key, node)
        for key, label in drawn.labels.items()
        for node, box in drawn.nodes.items()
        if label.overlaps(box, 1) and drawn.parents.get(key) != node
    ]
    assert on_steps == []
    assert [(key, flow) for key, label in drawn.labels.items() for flow, line in drawn.segments() if label.overlaps(line, 1)] == []
    assert [(one, other) for (one, box), (other, near) in combinations(drawn.labels.items(), 2) if box.overlaps(near, 1)] == []


@every_diagram
def test_each_decision_asks_a_question_and_each_way_out_is_an_answer(file):
    root = etree.parse(file).getroot()
    names = {flow.get("id"): flow.get("name") for flow in root.iter(f"{MODEL}sequenceFlow")}
    for gateway in root.iter(f"{MODEL}exclusiveGateway"):
        ways = [way.text for way in gateway.iter(f"{MODEL}outgoing")]
        if len(ways) > 1:
            assert (gateway.get("name") or "").endswith("?"), gateway.get("id")
            assert gateway.get("default") in ways
            assert all(names[way] for way in ways), gateway.get("id")
    for event in root.iter(*(f"{MODEL}{kind}" for kind in ("startEvent", "endEvent", "intermediateCatchEvent", "boundaryEvent"))):
        assert event.get("name"), event.get("id")
