"""Subprocesses, called processes and how a scope ends."""

import pytest

from engine.problems import Invalid
from tests.unit.spiff.drawing import (
    boundary,
    call,
    called,
    end,
    error,
    escalation,
    flow,
    fork,
    named,
    process,
    script,
    start,
    subprocess,
    throw,
    user,
    when,
)

TERMINATE = "<bpmn:terminateEventDefinition/>"


def test_a_subprocess_reads_and_writes_the_variables_around_it(play):
    inner = subprocess(
        "sub", start("in"), script("add", "{ n: n + 1, inside: true }"), user("ask"), end("out"), flow("in", "add", "ask", "out")
    )
    order = play(process(start(), inner, end(), flow("start", "sub", "end")), {"n": 1})
    assert order.variables == {"n": 2, "inside": True}
    order.do("ask", said="yes")
    assert order.variables == {"n": 2, "inside": True, "said": "yes"}
    assert order.path == ["start", "in", "add", "ask", "out", "sub", "end"]


def test_subprocesses_lie_in_one_another(play):
    innermost = subprocess("deep", start("s3"), user("ask"), end("e3"), flow("s3", "ask", "e3"))
    middle = subprocess("middle", start("s2"), innermost, end("e2"), flow("s2", "deep", "e2"))
    order = play(process(start(), middle, script("after", "{ after: said }"), end(), flow("start", "middle", "after", "end")))
    assert order.do("ask", said="yes").variables == {"said": "yes", "after": "yes"}


def test_a_called_process_runs_like_a_subprocess_and_may_call_itself(play):
    countdown = called(
        "countdown",
        start("s"),
        script("less", "{ n: n - 1 }"),
        '<bpmn:exclusiveGateway id="done" default="done_to_again"/>',
        call("again", "countdown"),
        end("e"),
        flow("s", "less", "done", "again", "e"),
        when("done", "e", "n = 0"),
    )
    order = play(process(start(), call("count", "countdown"), end(), flow("start", "count", "end"), beside=countdown), {"n": 5})
    assert order.completed
    assert order.variables == {"n": 0}
    assert order.path.count("less") == 5


def test_a_process_that_is_not_there_cannot_be_called():
    with pytest.raises(Invalid, match="nobody"):
        process(start(), call("count", "nobody"), end(), flow("start", "count", "end"))


def test_terminate_ends_its_scope_and_no_more(play):
    inner = subprocess(
        "sub",
        start("in"),
        fork("fork"),
        user("wait"),
        script("quick", "{ quick: true }"),
        end("stop", TERMINATE),
        end("out"),
        flow("in", "fork", "wait", "out"),
        flow("fork", "quick", "stop"),
    )
    order = play(
        process(start(), fork("f"), inner, user("outside"), end(), end("e2"), flow("start", "f", "sub", "end"), flow("f", "outside", "e2"))
    )
    assert order.waiting_at() == {"outside"}
    assert [step.outcome for step in order.steps("wait")] == ["cancelled"]
    assert order.do("outside").completed
    assert order.variables == {"quick": True}


def test_a_scope_ends_when_all_its_paths_have_ended(play):
    order = play(
        process(start(), fork("f"), user("a"), user("b"), end("e1"), end("e2"), flow("start", "f", "a", "e1"), flow("f", "b", "e2"))
    )
    order.do("a", a=1)
    assert not order.completed
    assert order.do("b", b=2).completed
    assert order.variables == {"a": 1, "b": 2}


ERRORS = named(errors="SHORT OTHER", escalations="LATE")


def failing(code, *handlers):
    inner = subprocess(
        "sub",
        start("in"),
        script("count", "{ counted: 2 }"),
        user("beside"),
        fork("f"),
        end("oops", error(code)),
        end("out"),
        flow("in", "count", "f", "oops"),
        flow("f", "beside", "out"),
    )
    return process(start(), inner, end(), flow("start", "sub", "end"), *handlers, beside=ERRORS)


def test_an_error_end_event_interrupts_the_subprocess_and_goes_to_the_boundary_event(play):
    order = play(
        failing("SHORT", boundary("short", "sub", error("SHORT"), resultVariable="problem"), end("handled"), flow("short", "handled"))
    )
    assert order.completed
    assert order.path == ["start", "in", "count", "f", "oops", "short", "handled"]
    assert order.variables == {"counted": 2, "problem": {"code": "SHORT", "message": ""}}
    assert {step.element_id for step in order.trace if step.outcome == "cancelled"} == {"sub", "beside"}


def test_the_boundary_event_for_the_code_comes_before_the_one_for_all(play):
    handlers = (
        boundary("any", "sub", error()),
        boundary("short", "sub", error("SHORT")),
        end("e_any"),
        end("e_short"),
        flow("any", "e_any"),
        flow("short", "e_short"),
    )
    assert play(failing("SHORT", *handlers)).path[-1] == "e_short"
    assert play(failing("OTHER", *handlers)).path[-1] == "e_any"


def test_an_error_goes_out_through_scopes_that_do_not_catch_it(play):
    inner = subprocess("inner", start("s2"), end("oops", error("SHORT")), flow("s2", "oops"))
    outer = subprocess(
        "outer",
        start("s1"),
        inner,
        end("e1"),
        flow("s1", "inner", "e1"),
        boundary("wrong", "inner", error("OTHER")),
        end("e3"),
        flow("wrong", "e3"),
    )
    model = process(
        start(),
        outer,
        end(),
        flow("start", "outer", "end"),
        boundary("right", "outer", error("SHORT")),
        end("handled"),
        flow("right", "handled"),
        beside=ERRORS,
    )
    assert play(model).path == ["start", "s1", "s2", "oops", "right", "handled"]


def test_an_error_that_nobody_catches_waits_for_an_operator(play):
    order = play(failing("SHORT"))
    assert order.failure.element_id == "oops"
    assert "SHORT" in order.failure.message
    assert order.waiting_at() == {"beside"}


def escalating(*, interrupting):
    inner = subprocess(
        "sub",
        start("in"),
        throw("late", escalation("LATE"), payload="= { days: 3 }"),
        user("go_on"),
        end("out"),
        flow("in", "late", "go_on", "out"),
    )
    handler = boundary("told", "sub", escalation("LATE"), interrupting=interrupting, resultVariable="told")
    return process(
        start(),
        inner,
        end(),
        flow("start", "sub", "end"),
        handler,
        script("note", "{ noted: told.payload.days }"),
        end("e2"),
        flow("told", "note", "e2"),
        beside=ERRORS,
    )


def test_an_escalation_that_does_not_interrupt_lets_the_subprocess_go_on(play):
    order = play(escalating(interrupting=False))
    assert order.waiting_at() == {"go_on"}
    assert order.variables["noted"] == 3
    assert order.do("go_on").completed


def test_an_escalation_that_interrupts_ends_the_subprocess(play):
    order = play(escalating(interrupting=True))
    assert order.completed
    assert order.variables["noted"] == 3


def test_an_escalation_that_nobody_takes_is_no_fault(play):
    assert play(process(start(), throw("late", escalation("LATE")), end(), flow("start", "late", "end"), beside=ERRORS)).completed
