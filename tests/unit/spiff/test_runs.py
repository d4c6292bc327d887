"""How far a run goes, how much it may hold, and what a failing branch does to the others."""

import pytest

from engine.problems import Invalid
from engine.spiff.calls import Failure
from engine.spiff.execution import Execution
from engine.spiff.records import Budget
from tests.unit.spiff.drawing import (
    MONDAY,
    Answers,
    Play,
    each,
    end,
    flow,
    fork,
    process,
    script,
    service,
    start,
    user,
    when,
    xor,
)


def counting(turns: int):
    return process(
        start(),
        xor("again"),
        script("count", "{ n: n + 1 }"),
        xor("more", "more_to_end"),
        end(),
        flow("start", "again", "count", "more", "end"),
        when("more", "again", f"n < {turns}"),
    )


def test_a_loop_of_two_thousand_turns_comes_to_its_end():
    order = Play(counting(2_000), {"n": 0}, restored=False)
    assert order.completed
    assert order.variables == {"n": 2_000}


def test_a_spent_budget_stops_between_two_steps_and_the_next_run_goes_on():
    model = counting(1_000_000)
    instance = Execution.start(model, {"n": 0}, now=MONDAY)
    result = instance.run(Answers(), now=MONDAY, budget=Budget(steps=300))
    assert (result.steps, result.spent) == (300, True)
    first = instance.variables["n"]
    again = Execution.restore(model, instance.dump())
    assert again.run(Answers(), now=MONDAY, budget=Budget(steps=300)).spent
    assert again.variables["n"] == first + 100


def test_a_run_ends_when_its_seconds_are_over():
    instance = Execution.start(counting(100_000_000), {"n": 0}, now=MONDAY)
    assert instance.run(Answers(), now=MONDAY, budget=Budget(steps=100_000_000, seconds=0.05)).spent


@pytest.mark.parametrize("sequential", [False, True])
def test_a_thousand_items(sequential):
    body = script("double", "{ doubled: item * 2 }", each("items", "item", "all", "doubled", sequential=sequential))
    order = Play(process(start(), body, end(), flow("start", "double", "end")), {"items": list(range(1_000))}, restored=False)
    assert order.completed
    assert order.variables["all"] == [number * 2 for number in range(1_000)]


def test_a_thousand_people_asked_at_once_can_be_stored_and_answered():
    model = process(start(), user("ask", each("items", "item", "all", "answer")), end(), flow("start", "ask", "end"))
    order = Play(model, {"items": list(range(1_000))}, restored=False)
    order.instance = Execution.restore(model, order.instance.dump())
    for wait in reversed(order.instance.waits.user_tasks):
        order.instance.complete(wait.task_id, {"answer": wait.form_data["item"]})
    assert order.go().variables["all"] == list(range(1_000))


def test_two_hundred_branches():
    names = [f"b{number}" for number in range(200)]
    branches = [script(name, f"{{ {name}: true }}") for name in names]
    model = process(
        start(), fork("f"), *branches, fork("j"), end(), flow("start", "f"), *(flow("f", name, "j") for name in names), flow("j", "end")
    )
    order = Play(model, restored=False)
    assert order.completed
    assert len(order.variables) == 200


def straight(length: int):
    names = [f"s{number}" for number in range(length)]
    return process(start(), *(script(name, "{ n: n + 1 }") for name in names), end(), flow("start", *names, "end"))


def test_a_long_path_runs_and_one_too_long_is_refused_with_what_to_do():
    assert Play(straight(400), {"n": 0}, restored=False).variables == {"n": 400}
    with pytest.raises(Invalid, match="too many elements") as refusal:
        straight(2_000)
    assert "subprocess" in refusal.value.next_step


def test_a_failing_branch_leaves_the_others_alone(play):
    model = process(
        start(),
        fork("f"),
        script("wrong", '{ total: 1 + 1, "total.x": 2 }'),
        service("fails"),
        user("ask"),
        script("right", "{ right: true }"),
        fork("j"),
        end(),
        flow("start", "f"),
        *(flow("f", name, "j") for name in ("wrong", "fails", "ask", "right")),
        flow("j", "end"),
    )
    order = play(model, answer=lambda _request: Failure("broken", "Down."))
    assert {failed.element_id for failed in order.instance.waits.failed} == {"wrong", "fails"}
    assert order.variables["right"] is True
    assert order.waiting_at() == {"ask"}
    order.do("ask")
    for failed in order.instance.waits.failed:
        order.instance.skip(failed.task_id)
    assert order.go().completed


def test_a_failing_expression_says_where_it_is(play):
    order = play(process(start(), script("sum", '{ "order.total": 5 }'), end(), flow("start", "sum", "end")), {"order": "SO-1"})
    assert order.failure.element_id == "sum"
    assert "Script of sum" in order.failure.message
    assert order.failure.next_step
    assert order.steps("sum")[0].outcome == "failed"


@pytest.mark.parametrize("text", ["{ total: price * }", "{ total: ", "price * 2"])
def test_an_expression_that_is_no_feel_is_refused_with_its_element(text):
    with pytest.raises(Invalid) as refusal:
        process(start(), script("sum", text), end(), flow("start", "sum", "end"))
    assert refusal.value.element_id == "sum"
    assert "Script of sum" in refusal.value.detail


@pytest.mark.parametrize("text", ["__import__('os').popen('id').read()", "().__class__.__bases__", "open('/etc/passwd').read()"])
def test_python_in_a_model_does_not_run(text):
    with pytest.raises(Invalid, match="Condition of flow gate_to_end"):
        process(start(), xor("gate"), end(), flow("start", "gate"), when("gate", "end", text))


@pytest.mark.parametrize("text", ["__import__", "n.__class__", 'eval("1 = 1")'])
def test_what_looks_like_python_is_only_an_unknown_name(text):
    order = Play(process(start(), xor("gate"), end(), flow("start", "gate"), when("gate", "end", text)), {"n": 1}, restored=False)
    assert order.failure.kind == "condition_undecided"


def test_a_defect_of_ours_becomes_an_incident_with_its_traceback(play, monkeypatch):
    from engine.spiff.nodes.tasks import PlainTask

    def broken(self, token):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(PlainTask, "_run_hook", broken, raising=False)
    order = play(process(start(), '<bpmn:task id="think"/>', end(), flow("start", "think", "end")))
    assert order.failure.kind == "defect"
    assert "ZeroDivisionError: oh" in order.failure.traceback


def test_elements_with_the_names_spiffworkflow_gives_its_own_are_ordinary(play):
    model = process(start("Start"), script("End", "{ n: 1 }"), end("order.EndJoin"), flow("Start", "End", "order.EndJoin"))
    assert play(model).path == ["Start", "End", "order.EndJoin"]


def test_instances_of_one_process_do_not_touch_one_another():
    model = counting(3)
    first, second = (Play(model, {"n": number}, restored=False) for number in (0, 2))
    assert (first.variables, second.variables) == ({"n": 3}, {"n": 3})
    assert (len(first.path), len(second.path)) == (11, 5)
