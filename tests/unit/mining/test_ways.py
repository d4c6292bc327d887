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


def test_a_join_in_a_loop_takes_the_branches_of_its_own_round():
    elements = (
        m.start() + m.gateway("again") + m.gateway("split", "parallel") + m.user("left") + m.user("right") + m.gateway("join", "parallel")
        + m.gateway("fine") + m.end()
    )  # fmt: skip
    flows = "start -> again -> split -> left -> join -> fine\nsplit -> right -> join\nfine -> done [approved]\nfine -> again [default]"
    graph = read_graph(m.bundle("rounds", elements, flows).files)
    rounds = "start again split {} join fine again split {} join fine done"
    ways = {
        way_of(graph, rounds.format(first, second).split()).steps
        for first in ("left right", "right left")
        for second in ("left right", "right left")
    }
    assert ways == {tuple(rounds.format("left right", "left right").split())}


def test_of_two_that_could_have_led_to_a_step_the_latest_did():
    elements = m.start() + m.gateway("split", "parallel") + m.user("a") + m.user("b") + m.user("note") + m.end()
    graph = read_graph(m.bundle("merge", elements, "start -> split -> a -> note -> done\nsplit -> b -> note").files)
    way = way_of(graph, ["start", "split", "a", "b", "note", "done"])
    assert "flow_b_note" in way.flows
    assert "flow_a_note" not in way.flows
    assert len(way_of(graph, ["start", "split", "a", "b", "note", "note", "done", "done"]).flows) == 6


def test_gateways_that_only_join_are_passed_and_not_told():
    joins = m.gateway("join", "parallel").replace('name="join?"', "")
    elements = m.start() + m.gateway("split", "parallel") + m.user("a") + m.user("b") + joins + m.end()
    graph = read_graph(m.bundle("j", elements, "start -> split -> a -> join -> done\nsplit -> b -> join").files)
    way = way_of(graph, ["start", "split", "b", "a", "join", "done"])
    assert way.steps == ("start", "split", "a", "b", "done")
    assert way.passed == ("a", "b", "done", "join", "split", "start")


def test_a_step_that_the_drawing_has_lost_stays_where_it_happened_and_one_that_another_version_has_is_known():
    assert way_of(LOOP, ["start", "sign", "check", "fine", "done"]).steps == ("start", "sign", "check", "fine", "done")
    migrated = Travelled(UUID(int=1), None, 2, "completed", NINE, NINE, "start split bill pack check")
    (found,) = variants({1: BESIDE, 2: LOOP}, [migrated])
    assert found.steps == ("start", "split", "check", "pack", "bill")


def test_where_nothing_led_to_two_beginnings_the_drawing_says_which_is_told_first():
    graph = read_graph(m.bundle("two", m.start("first") + m.start("second") + m.end(), "first -> done\nsecond -> done").files)
    assert way_of(graph, ["second", "first"]).steps == ("first", "second")


def test_a_step_that_an_operator_moved_to_follows_the_one_before_it():
    moved = way_of(LOOP, ["start", "check", "repair", "check", "fine", "done"])
    assert moved.steps == ("start", "check", "repair", "check", "fine", "done")
    assert "flow_fine_repair" not in moved.flows
    back = way_of(LOOP, ["start", "check", "fine", "check", "fine", "done"])
    assert back.steps == ("start", "check", "fine", "check", "fine", "done")


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
            travelled(4, "start check", None, "waiting"),
            travelled(2, long, -1),
            *(travelled(number, short, hours) for number, hours in ((9, 2), (8, 5), (7, 1), (6, 2), (5, 2), (3, 9))),
        ],
    )
    first = found[0]
    assert (first.state, first.instances, first.share, first.median) == ("completed", 6, 75, 2 * 3600)
    assert {(each.state, each.instances, each.median) for each in found[1:]} == {("running", 1, None), ("completed", 1, 0)}
    assert [each.business_key for each in first.examples] == ["SO-9", "SO-8", "SO-7", "SO-6", "SO-5"]
    assert {len(each.id) for each in found} == {16}
    assert len({each.id for each in found}) == 3


@pytest.mark.parametrize("nodes", [[], ["unknown"], ["check", "check"]])
def test_nothing_is_lost_of_what_no_diagram_explains(nodes: list[str]):
    assert way_of(LOOP, nodes).steps == tuple(nodes)


def test_an_endless_loop_is_told_by_its_beginning():
    path = "start " + "check fine repair " * 2_000
    (found,) = variants({1: LOOP}, [Travelled(UUID(int=1), None, 1, "incident", NINE, None, path)])
    assert len(found.steps) == 1_000
