"""Figures of steps and flows, worked out by hand."""

from datetime import UTC, datetime, timedelta

from engine.mining.figures import Counts, Observed, Spread, Standing, bottlenecks, count_flows, measure, spread
from engine.mining.graph import Graph, read_graph
from engine.mining.stays import Stay
from tests import tiny_models as m

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASK = m.bundle(
    "ask",
    m.start()
    + m.user("check")
    + m.gateway("fine")
    + m.user("repair")
    + m.gateway("again")
    + m.boundary("late", "check", "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>")
    + m.end()
    + m.end("given_up"),
    "start -> again -> check -> fine\nfine -> done [approved]\nfine -> repair [default]\nrepair -> again\nlate -> given_up",
)
GRAPH = read_graph(ASK.files)


def stays(element: str, *hours: tuple[float, float | None]) -> list[Stay]:
    """Stays at a user task: after how many hours it was over, and when it was claimed."""
    return [
        Stay(element, "userTask", NINE, NINE + timedelta(hours=over), None if claimed is None else NINE + timedelta(hours=claimed))
        for over, claimed in hours
    ]


def observed(**given: object) -> Observed:
    return Observed(**{"counts": (), "stays": (), "standing": (), "chosen": {}, **given})  # type: ignore[arg-type]


def test_median_and_nine_of_ten_lie_between_two_values_and_count_what_took_no_time():
    assert spread([10, 20, 30, 40], of=4) == Spread(100, 25, 37)
    assert spread([10, 30], of=5) == Spread(40, 0, 22)  # 0 0 0 10 30: the middle is 0, and 0.6 of the way from 10 to 30 is 22
    assert spread([], of=0) == Spread(0, 0, 0)
    assert spread([7], of=1) == Spread(7, 7, 7)
    assert spread([1.23456], of=1) == Spread(1.235, 1.235, 1.235)


def test_a_step_tells_how_often_it_was_done_how_long_it_waited_and_who_stands_there():
    counts = [Counts(1, "check", done=2, left=2, cancelled=1, failed=0), Counts(2, "check", done=1, left=1, cancelled=0, failed=0)]
    times = stays("check", (4, 1), (2, 2), (24, None), (1, 0.5))
    found = measure({1: GRAPH, 2: GRAPH}, GRAPH, observed(counts=counts, stays=times, standing=[Standing("check", 1800, 600)]))
    (check,) = [each for each in found if each.element_id == "check"]
    assert (check.done, check.cancelled, check.running) == (3, 1, 1)
    hour = 3600
    assert check.waiting == Spread(total=27.5 * hour, median=1.5 * hour, p90=62_640)  # 0.5, 1, 2, 24: 2 + 0.7 * 22
    assert check.working == Spread(total=3.5 * hour, median=0.25 * hour, p90=2.25 * hour)  # 0, 0, 0.5, 3: 0.5 + 0.7 * 2.5
    assert (check.waited, check.worked) == (27.5 * hour + 1800, 3.5 * hour + 600)


def test_what_was_given_up_at_once_counts_among_the_stays_that_took_no_time():
    counts, times = [Counts(1, "check", done=1, left=1, cancelled=2, failed=0)], stays("check", (10, None))
    (check,) = [each for each in measure({1: GRAPH}, GRAPH, observed(counts=counts, stays=times)) if each.element_id == "check"]
    assert (check.waiting.median, check.waiting.total) == (0, 36_000)


def test_steps_come_in_the_order_of_the_drawing_and_what_the_shown_version_lost_comes_last():
    old = read_graph(m.bundle("ask", m.start() + m.user("sign") + m.end(), "start -> sign -> done").files)
    counts = [Counts(1, "sign", done=4, left=4, cancelled=0, failed=0)]
    found = measure({1: old, 2: GRAPH}, GRAPH, observed(counts=counts))
    assert found[-1].element_id == "sign"
    assert {each.element_id: each.drawn for each in found} == {**dict.fromkeys(GRAPH, True), "sign": False}


def test_a_step_is_called_as_the_newest_version_calls_it_and_what_nobody_passed_in_an_old_one_is_left_out():
    def version(name: str) -> Graph:
        sign = m.user("sign").replace('name="sign"', f'name="{name}"')
        return read_graph(m.bundle("ask", m.start() + sign + m.user("stamp") + m.end(), "start -> sign -> stamp -> done").files)

    graphs = {1: version("Sign"), 2: version("Sign it"), 3: GRAPH}
    counts, standing = [Counts(1, "sign", 1, 1, 0, 0)], [Standing("stamp", 60, 0)]
    assert [each.name for each in measure(graphs, GRAPH, observed(counts=counts)) if not each.drawn] == ["Sign it"]
    assert [each.element_id for each in measure(graphs, GRAPH, observed(standing=standing)) if not each.drawn] == ["stamp"]
    named = {1: read_graph(m.bundle("f", m.start() + m.end(), "start -> done [old]").files)}
    newer = read_graph(
        {
            path: content.replace(b'name="old"', b'name="new"')
            for path, content in m.bundle("f", m.start() + m.end(), "start -> done [old]").files.items()
        }
    )
    assert [flow.name for flow in count_flows({**named, 2: newer}, observed())] == ["new"]


def test_a_gateway_that_only_joins_is_no_step_and_what_holds_others_has_no_time():
    joins = m.gateway("join", "parallel").replace('name="join?"', "")
    inner = '<bpmn:subProcess id="inner" name="inner"><bpmn:startEvent id="i"/></bpmn:subProcess>'
    elements = m.start() + m.gateway("split", "parallel") + m.user("a") + m.user("b") + joins + inner + m.end()
    graph = read_graph(m.bundle("j", elements, "start -> split -> a -> join -> inner -> done\nsplit -> b -> join").files)
    found = {each.element_id: each.timed for each in measure({1: graph}, graph, observed(counts=[Counts(1, "join", 3, 3, 0, 0)]))}
    assert "join" not in found
    assert (found["inner"], found["a"]) == (False, True)


def test_a_boundary_event_has_no_time_and_nobody_stands_on_it():
    found = measure({1: GRAPH}, GRAPH, observed(standing=[Standing("late", 900, 0)]))
    (late,) = [each for each in found if each.element_id == "late"]
    assert (late.timed, late.running, late.waited) == (False, 0, 0)


def test_flows_are_counted_by_what_gateways_chose_and_by_what_everything_else_left():
    counts = [
        Counts(1, "start", 5, 5, 0, 0), Counts(1, "again", 7, 7, 0, 0), Counts(1, "check", 6, 6, 1, 0),
        Counts(1, "fine", 6, 6, 0, 0), Counts(1, "repair", 2, 2, 0, 0), Counts(1, "late", 1, 1, 0, 0),
    ]  # fmt: skip
    chosen = {(1, "flow_fine_done"): 4, (1, "flow_fine_repair"): 2}
    found = {each.flow_id: each.count for each in count_flows({1: GRAPH}, observed(counts=counts, chosen=chosen))}
    assert found == {
        "flow_start_again": 5, "flow_again_check": 7, "flow_check_fine": 6, "flow_fine_done": 4, "flow_fine_repair": 2,
        "flow_repair_again": 2, "flow_late_given_up": 1,
    }  # fmt: skip


def test_behind_a_gateway_of_events_the_flow_is_that_of_the_event_that_came():
    waits = m.catch("paid", "m", "={a: 1}") + m.timer("tired", "P1D")
    graph = read_graph(
        m.bundle(
            "w", m.start() + m.gateway("first", "eventBased") + waits + m.end(), "start -> first -> paid -> done\nfirst -> tired -> done"
        ).files
    )
    counts = [Counts(1, "first", 5, 5, 0, 0), Counts(1, "paid", 3, 3, 0, 0), Counts(1, "tired", 1, 1, 0, 0)]
    found = {each.flow_id: each.count for each in count_flows({1: graph}, observed(counts=counts))}
    assert (found["flow_first_paid"], found["flow_first_tired"]) == (3, 1)
    assert {each.count for each in count_flows({1: graph}, observed())} == {0}


def test_a_step_with_conditions_of_its_own_counts_what_it_chose_and_a_gateway_that_opens_nothing_counts_what_left_it():
    elements = m.start() + m.gateway("one") + m.user("a") + m.gateway("fork", "parallel") + m.user("b") + m.end()
    graph = read_graph(
        m.bundle("c", elements, "start -> one\none -> a [x]\na -> fork [y]\na -> done [default]\nfork -> b -> done\nfork -> done").files
    )
    counts = [Counts(1, name, 4, 4, 0, 0) for name in ("start", "one", "a", "fork")]
    found = {each.flow_id: each.count for each in count_flows({1: graph}, observed(counts=counts, chosen={(1, "flow_a_fork"): 3}))}
    assert (found["flow_one_a"], found["flow_a_fork"], found["flow_a_done"]) == (4, 3, 0)
    assert (found["flow_fork_b"], found["flow_fork_done"]) == (4, 4)


def test_bottlenecks_are_ranked_by_all_waiting_also_of_those_that_still_wait():
    counts = [Counts(1, "check", 1, 1, 0, 0), Counts(1, "repair", 1, 1, 0, 0)]
    times = [*stays("check", (6, 5)), *stays("repair", (1, None))]
    found = measure({1: GRAPH}, GRAPH, observed(counts=counts, stays=times, standing=[Standing("repair", 14 * 3600, 0)]))
    assert [(each.element_id, each.waited / 3600, each.share, each.running) for each in bottlenecks(found)] == [
        ("repair", 15, 75, 1),
        ("check", 5, 25, 0),
    ]
    assert bottlenecks(measure({1: GRAPH}, GRAPH, observed())) == []
    (short,) = bottlenecks(measure({1: GRAPH}, GRAPH, observed(standing=[Standing("repair", 0.5, 0)])))
    assert (short.waited, short.share) == (0.5, 100)
