"""Variants: which ways are one, and which are not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.mining.graph import read_graph
from engine.mining.ways import Travelled, variants, way_of
from tests import tiny_models as m

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BESIDE = read_graph(
    m.bundle(
        "beside",
        m.start()
        + m.gateway("split", "parallel")
        + m.user("pack")
        + m.user("label")
        + m.user("bill")
        + m.gateway("join", "parallel")
        + m.end(),
        "start -> split -> pack -> label -> join -> done\nsplit -> bill -> join",
    ).files
)
LOOP = read_graph(
    m.bundle(
        "loop",
        m.start() + m.user("check") + m.gateway("fine") + m.user("repair") + m.end(),
        "start -> check -> fine\nfine -> done [approved]\nfine -> repair [default]\nrepair -> check",
    ).files
)


def test_branches_beside_each_other_make_one_way_whichever_is_faster():
    orders = (
        "start split pack label bill join done",
        "start split bill pack label join done",
        "start split pack bill label join done",
    )
    ways = {way_of(BESIDE, nodes.split()) for nodes in orders}
    assert len(ways) == 1
    (way,) = ways
    assert way.steps.index("pack") < way.steps.index("label") < way.steps.index("join")
    assert len(way.flows) == 7


def test_the_order_within_one_branch_and_each_round_of_a_loop_count():
    once = way_of(LOOP, ["start", "check", "fine", "done"])
    twice = way_of(LOOP, ["start", "check", "fine", "repair", "check", "fine", "done"])
    assert once.steps == ("start", "check", "fine", "done")
    assert twice.steps == ("start", "check", "fine", "repair", "check", "fine", "done")
    assert set(twice.flows) - set(once.flows) == {"flow_fine_repair", "flow_repair_check"}


def test_a_step_that_an_operator_moved_to_follows_the_one_before_it():
    moved = way_of(LOOP, ["start", "check", "repair", "check", "fine", "done"])
    assert moved.steps == ("start", "check", "repair", "check", "fine", "done")
    assert "flow_fine_repair" not in moved.flows


def test_what_happens_inside_lies_between_what_led_to_it_and_its_end():
    inner = m.start("begin") + m.user("count") + m.end("counted")
    flows = (
        '<bpmn:sequenceFlow id="a" sourceRef="begin" targetRef="count"/><bpmn:sequenceFlow id="b" sourceRef="count" targetRef="counted"/>'
    )
    outer = f'{m.start()}<bpmn:subProcess id="stock" name="stock">{inner}{flows}</bpmn:subProcess>{m.end()}'
    graph = read_graph(m.bundle("s", outer, "start -> stock -> done").files)
    way = way_of(graph, ["start", "begin", "count", "counted", "stock", "done"])
    assert way.steps == ("start", "begin", "count", "counted", "stock", "done")
    assert way.flows == ("a", "b", "flow_start_stock", "flow_stock_done")


def test_variants_are_counted_with_their_share_their_median_and_their_latest_instances():
    def travelled(number: int, path: str, hours: float | None, state: str = "completed") -> Travelled:
        ended = None if hours is None else NINE + timedelta(hours=hours)
        return Travelled(UUID(int=number), f"SO-{number}", 1, state, NINE, ended, path)

    short, long = "start check fine done", "start check fine repair check fine done"
    found = variants(
        {1: LOOP},
        [
            travelled(5, short, 2),
            travelled(4, "start check", None, "waiting"),
            travelled(3, short, 5),
            travelled(2, long, 9),
            travelled(1, short, 1),
        ],
    )
    first = found[0]
    assert (first.state, first.instances, first.share, first.median) == ("completed", 3, 60, 2 * 3600)
    assert {(each.state, each.instances, each.median) for each in found[1:]} == {("running", 1, None), ("completed", 1, 9 * 3600)}
    assert [each.business_key for each in first.examples] == ["SO-5", "SO-3", "SO-1"]
    assert len({each.id for each in found}) == 3


@pytest.mark.parametrize("nodes", [[], ["unknown"], ["check", "check"]])
def test_nothing_is_lost_of_what_no_diagram_explains(nodes: list[str]):
    assert way_of(LOOP, nodes).steps == tuple(nodes)


def test_an_endless_loop_is_told_by_its_beginning():
    path = "start " + "check fine repair " * 2_000
    (found,) = variants({1: LOOP}, [Travelled(UUID(int=1), None, 1, "incident", NINE, None, path)])
    assert len(found.steps) == 1_000
