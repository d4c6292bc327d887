"""What an operator does with a running instance: move a token, go back, and take it to a new version."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.problems import Conflict
from engine.spiff.calls import Failure
from engine.spiff.execution import Execution
from engine.spiff.migration import propose_plan
from tests.unit.spiff.drawing import (
    MONDAY,
    boundary,
    catch,
    each,
    end,
    flow,
    fork,
    message,
    named,
    node,
    process,
    race,
    script,
    service,
    start,
    subprocess,
    timer,
    user,
)

NAMES = named(messages="quote.accepted")


def steps(*parts, chain=("start", "price", "approve", "send", "end")):
    return process(
        start(),
        script("price", "{ priced: true }"),
        user("approve", title='= "Approve " + quote_no'),
        boundary("late", "approve", timer("PT4H")),
        service("send"),
        end(),
        end("too_late"),
        *parts,
        flow(*chain),
        flow("late", "too_late"),
        beside=NAMES,
    )


QUOTE = {"quote_no": "Q-000001"}


def test_a_token_is_moved_with_its_variables_and_its_boundary_events_go(play):
    order = play(steps(), QUOTE)
    order.instance.move(order.task("approve"), "send", {"approved": True}, now=MONDAY)
    order.go()
    assert order.completed
    assert order.variables == {**QUOTE, "priced": True, "approved": True}
    assert [step.outcome for step in order.steps("approve")] == ["cancelled"]


def test_a_failed_step_is_moved_back_and_its_boundary_events_wait_anew(play):
    order = play(steps(), QUOTE, answer=lambda _request: Failure("broken", "No mail server."))
    order.do("approve", approved=True)
    order.instance.move(order.failure.task_id, "approve", now=MONDAY)
    order.go()
    assert order.waiting_at() == {"approve", "late"}
    assert order.after(timedelta(hours=4)).path[-1] == "too_late"


@pytest.mark.parametrize("target", ["start", "late", "nowhere", "(end)"])
def test_a_token_is_not_moved_to_what_is_no_place(play, target):
    order = play(steps(), QUOTE)
    with pytest.raises(Conflict):
        order.instance.move(order.task("approve"), target, now=MONDAY)
    assert order.waiting_at() == {"approve", "late"}


def test_a_token_is_not_moved_to_a_join_or_out_of_a_multi_instance(play):
    model = process(
        start(),
        fork("f"),
        user("a", each("people", "person")),
        user("b"),
        fork("j"),
        end(),
        flow("start", "f", "a", "j", "end"),
        flow("f", "b", "j"),
    )
    order = play(model, {"people": ["ann"]})
    with pytest.raises(Conflict, match="waits for several flows"):
        order.instance.move(order.task("b"), "j", now=MONDAY)
    with pytest.raises(Conflict, match="part of another step"):
        order.instance.move(order.task("a"), "b", now=MONDAY)


def test_a_token_behind_a_gateway_of_events_is_moved_with_all_its_events(play):
    model = steps(
        race("outcome"),
        catch("accepted", message("quote.accepted")),
        catch("expired", timer("P7D")),
        end("lost"),
        flow("expired", "lost"),
        flow("outcome", "expired"),
        chain=("start", "price", "outcome", "accepted", "approve", "send", "end"),
    )
    order = play(model, QUOTE)
    order.instance.move(order.task("accepted"), "send", now=MONDAY)
    assert order.go().completed


def test_going_back_begins_again_with_the_variables_of_that_time(play):
    order = play(steps(), QUOTE).do("approve", approved=False)
    assert order.completed
    order.instance.go_back("approve", {"quote_no": "Q-000001", "priced": True}, now=MONDAY)
    order.go()
    assert not order.completed
    assert order.waiting_at() == {"approve", "late"}
    order.do("approve", approved=True)
    assert order.completed
    assert order.variables == {**QUOTE, "priced": True, "approved": True}


def test_going_back_from_the_middle_gives_up_what_is_under_way(play):
    order = play(steps(), QUOTE)
    order.instance.go_back("price", QUOTE, now=MONDAY)
    order.go()
    assert len(order.instance.waits.user_tasks) == 1
    assert order.path.count("price") == 2


def taken(order, target, plan=None):
    """The same play in another version."""
    order.instance = order.instance.migrate(target, plan)
    order.model = target
    return order.go()


def test_a_waiting_task_keeps_its_id_its_title_and_its_timer_in_the_new_version(play):
    order = play(steps(), QUOTE)
    before = order.instance.waits
    order.now = MONDAY + timedelta(hours=1)
    longer = steps(script("check", "{ checked: true }"), chain=("start", "price", "approve", "check", "send", "end"))
    taken(order, longer)
    assert order.instance.waits == before
    assert order.do("approve", approved=True).variables == {**QUOTE, "priced": True, "approved": True, "checked": True}


def test_a_renamed_element_is_found_by_its_name_or_by_the_plan(play):
    def version(identity):
        return process(start(), node("userTask", identity, attributes='name="Approve quote"'), end(), flow("start", identity, "end"))

    assert propose_plan(version("task_1"), version("task_9"))["task_1"] == "task_9"
    order = taken(play(version("task_1")), version("task_9"))
    assert order.do("task_9", ok=True).completed
    unnamed = [process(start(), user(name), end(), flow("start", name, "end")) for name in ("a", "b")]
    order = play(unnamed[0])
    with pytest.raises(Conflict, match="a has no counterpart") as refusal:
        order.instance.migrate(unnamed[1])
    assert list(refusal.value.errors) == ["a"]
    assert taken(order, unnamed[1], {"a": "b"}).do("b").completed


def test_an_element_of_another_kind_is_no_counterpart(play):
    order = play(process(start(), user("step"), end(), flow("start", "step", "end")))
    with pytest.raises(Conflict, match="step has no counterpart"):
        order.instance.migrate(process(start(), service("step"), end(), flow("start", "step", "end")))
    assert order.do("step").completed


def test_boundary_events_that_are_new_begin_to_wait_and_those_that_are_gone_do_not(play):
    plain = process(start(), user("approve"), end(), flow("start", "approve", "end"))
    order = taken(play(plain), steps(chain=("start", "approve", "send", "price", "end")))
    assert order.waiting_at() == {"approve", "late"}
    assert order.instance.waits.timers[0].due_at == MONDAY + timedelta(hours=4)
    taken(order, plain)
    assert order.waiting_at() == {"approve"}
    assert order.do("approve").completed


def test_subprocesses_turns_and_joins_are_taken_over(play):
    def version(extra):
        inner = (start("in"), user("ask"), script("note", extra), end("out"), flow("in", "ask", "note", "out"))
        return process(
            start(),
            fork("f"),
            subprocess("work", *inner, repeat=each("people", "person", "answers", "answer")),
            script("quick", "{ quick: 1.50 }"),
            fork("j"),
            end(),
            flow("start", "f", "work", "j", "end"),
            flow("f", "quick", "j"),
        )

    order = play(version("{ v: 1 }"), {"people": ["ann", "bob"]}).do("ask", 0, answer="A")
    order.instance = Execution.restore(order.model, order.instance.dump())
    taken(order, version("{ answer: answer + person }"))
    assert order.do("ask", 0, answer="B").completed
    assert order.variables == {"people": ["ann", "bob"], "answers": ["A", "Bbob"], "quick": Decimal("1.50")}


def reminded(*more, name="remind"):
    """A person is asked, and reminded once after an hour."""
    reminder = boundary(name, "ask", timer("PT1H"), interrupting=False) + end("told") + flow(name, "told")
    return process(start(), user("ask"), reminder, *more, end(), flow("start", "ask", "end"))


def test_a_reminder_that_came_does_not_come_again_in_the_new_version_but_a_new_one_does(play):
    order = play(reminded()).after(timedelta(hours=2))
    taken(order, reminded(name="again"), {"remind": "again"})
    assert order.waiting_at() == {"ask"}
    late = boundary("late", "ask", timer("PT5H"), interrupting=False) + end("too_late") + flow("late", "too_late")
    taken(order, reminded(late, name="again"))
    assert order.waiting_at() == {"ask", "late"}
    assert order.after(timedelta(hours=9)).path.count("remind") == 1


def test_a_failed_step_can_be_repaired_by_a_new_version(play):
    def version(text):
        return process(start(), script("sum", text), end(), flow("start", "sum", "end"))

    order = play(version('{ "order.total": 5 }'), {"order": "SO-1"})
    taken(order, version("{ total: 5 }"))
    order.instance.retry(order.failure.task_id)
    assert order.go().variables == {"order": "SO-1", "total": 5}


def test_variables_are_changed_for_every_branch_and_subprocess_and_stay_so_to_the_end(play):
    inner = subprocess("work", start("in"), user("ask"), end("out"), flow("in", "ask", "out"))
    model = process(start(), fork("f"), inner, user("b"), fork("j"), end(), flow("start", "f", "work", "j", "end"), flow("f", "b", "j"))
    order = play(model, {"rate": 1, "kept": "as it was"})
    order.instance.change({"rate": 2, "law": "new"}, now=MONDAY)
    assert dict(order.variables) == {"rate": 2, "law": "new", "kept": "as it was"}
    assert order.do("ask").do("b").completed
    assert dict(order.variables) == {"rate": 2, "law": "new", "kept": "as it was"}
