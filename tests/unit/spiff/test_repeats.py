"""Activities that are done more than once."""

import pytest

from tests.unit.spiff.drawing import each, end, flow, loop, process, script, service, start, subprocess, times, user, when

CASES = {"cases": [{"no": 1, "qty": 5}, {"no": 2, "qty": 7}, {"no": 3, "qty": 9}]}


def one(step, identity="work"):
    return process('<bpmn:property id="cases" name="cases"/>', start(), step, end(), flow("start", identity, "end"))


@pytest.mark.parametrize("sequential", [False, True])
def test_each_item_gives_its_result_in_the_order_of_the_items(play, sequential):
    body = script("work", "{ doubled: case.qty * 2 }", each("cases", "case", "results", "doubled", sequential=sequential))
    order = play(one(body), CASES)
    assert order.variables == {**CASES, "results": [10, 14, 18]}
    assert [step.detail.get("index") for step in order.steps("work")] == [0, 1, 2, None]
    assert order.steps("work")[-1].detail == {"turns": 3}


def test_parallel_results_keep_the_order_of_the_items_though_people_answer_in_another(play):
    order = play(one(user("work", each("cases", "case", "answers", "answer"), title='= "Case " + string(case.no)')), CASES)
    assert [wait.title for wait in order.instance.waits.user_tasks] == ["Case 1", "Case 2", "Case 3"]
    order.do("work", 2, answer="C").do("work", 0, answer="A").do("work", 0, answer="B")
    assert order.completed
    assert order.variables == {**CASES, "answers": ["A", "B", "C"]}


def test_sequential_turns_wait_one_after_the_other(play):
    order = play(one(user("work", each("cases", "case", "answers", "answer", sequential=True))), CASES)
    for number in (1, 2, 3):
        (wait,) = order.instance.waits.user_tasks
        assert wait.form_data["case"]["no"] == number
        assert wait.form_data["loopCounter"] == number
        order.do("work", answer=number * 10)
    assert order.variables["answers"] == [10, 20, 30]


@pytest.mark.parametrize("sequential", [False, True])
def test_a_completion_condition_ends_it_early(play, sequential):
    until = "answer = false or numberOfCompletedInstances = numberOfInstances"
    order = play(one(user("work", each("cases", "case", "answers", "answer", sequential=sequential, until=until))), CASES)
    order.do("work", answer=True).do("work", answer=False)
    assert order.completed
    assert order.variables["answers"] == [True, False]


def test_without_an_output_the_variables_of_the_turns_come_back(play):
    order = play(
        one(script("work", "{ total: total + case.qty, last: case.no }", each("cases", "case", sequential=True))), {**CASES, "total": 0}
    )
    assert order.variables == {**CASES, "total": 21, "last": 3}


def test_with_an_output_nothing_else_leaks_out_of_the_turns(play):
    order = play(one(script("work", "{ draft: case.no, result: case.qty }", each("cases", "case", "results", "result"))), CASES)
    assert order.variables == {**CASES, "results": [5, 7, 9]}


@pytest.mark.parametrize("sequential", [False, True])
def test_an_empty_list_gives_an_empty_result_at_once(play, sequential):
    order = play(one(user("work", each("cases", "case", "answers", "answer", sequential=sequential))), {"cases": []})
    assert order.completed
    assert order.variables == {"cases": [], "answers": []}


def test_a_second_round_begins_with_a_fresh_result(play):
    body = script("work", "{ answer: round * case }", each("cases", "case", "answers", "answer"))
    model = process(
        start(),
        '<bpmn:exclusiveGateway id="again"/>',
        body,
        script("next", "{ round: round + 1 }"),
        '<bpmn:exclusiveGateway id="more" default="more_to_end"/>',
        end(),
        flow("start", "again", "work", "next", "more", "end"),
        when("more", "again", "round < 3"),
    )
    assert play(model, {"cases": [1, 2], "round": 1}).variables == {"cases": [1, 2], "round": 3, "answers": [2, 4]}


def test_a_number_of_times(play):
    assert play(one(script("work", "{ n: n + loopCounter }", times("count", sequential=True))), {"count": 4, "n": 0}).variables["n"] == 10


@pytest.mark.parametrize(
    ("variables", "words"), [({"cases": 7}, "is no list"), ({}, "is no list"), ({"cases": list(range(10_001))}, "10001 turns")]
)
def test_what_cannot_be_repeated_waits_for_an_operator(play, variables, words):
    order = play(one(script("work", "{}", each("cases", "case"))), variables)
    assert words in order.failure.message
    order.instance.retry(order.failure.task_id, {"cases": [1]})
    assert order.go().completed


def test_the_turns_see_the_list_as_it_was_when_the_loop_began(play):
    ask = one(user("work", each("items", "item", sequential=True)))
    for rewritten in ("oops", [], [9, 9, 9, 9], None):
        order = play(ask, {"items": [1, 2, 3]})
        seen = []
        while order.instance.waits.user_tasks:
            seen.append(order.instance.waits.user_tasks[0].form_data["item"])
            order.do("work", items=rewritten)
        assert seen == [1, 2, 3]
        assert order.completed


def test_a_list_that_was_too_long_is_read_again_when_the_operator_has_corrected_it(play):
    order = play(one(user("work", each("cases", "case", sequential=True))), {"cases": [0] * 10_001})
    order.instance.retry(order.failure.task_id, {"cases": [7]})
    order.go()
    assert order.instance.waits.user_tasks[0].form_data["case"] == 7


def test_a_negative_number_of_times_waits_for_an_operator(play):
    order = play(one(script("work", "{}", times("count", sequential=True))), {"count": -1})
    assert "no whole number from 0" in order.failure.message


def test_one_failing_turn_does_not_stop_the_others_and_can_be_retried(play):
    broken = {"cases": [{"qty": 1}, {"qty": [2]}, {"qty": 3}]}
    order = play(one(user("work", each("cases", "case", "all", "answer"), priority="= case.qty")), broken)
    assert len(order.instance.waits.user_tasks) == 2
    order.instance.retry(order.failure.task_id, {"case": {"qty": 2}})
    order.go()
    assert len(order.instance.waits.user_tasks) == 3
    assert order.do("work", 2, answer="x").do("work", 0, answer="y").do("work", 0, answer="z").completed


def test_a_completion_condition_that_fails_can_be_retried(play):
    order = play(one(user("work", each("cases", "case", "all", "answer", until="stop"))), CASES)
    order.do("work", 0, answer=1)
    assert order.failure.kind == "condition_undecided"
    order.instance.retry(order.failure.task_id, {"stop": False})
    order.go()
    assert order.do("work", 0, answer=2).do("work", 0, answer=3).variables["all"] == [1, 2, 3]


def test_a_subprocess_for_each_item(play):
    inner = (start("in"), script("square", "{ square: n * n }"), user("ask"), end("out"), flow("in", "square", "ask", "out"))
    body = subprocess("work", *inner, repeat=each("numbers", "n", "squares", "square"))
    order = play(one(body), {"numbers": [3, 4]})
    assert len(order.instance.waits.user_tasks) == 2
    order.do("ask", 1).do("ask", 0)
    assert order.completed
    assert order.variables == {"numbers": [3, 4], "squares": [9, 16]}


def test_a_service_task_for_each_item(play):
    order = play(one(service("work", result="r", parameters={"no": "case.no"}, repeat=each("cases", "case", "all", "r"))), CASES)
    assert [request.parameters["no"] for request in order.answers.requests] == [1, 2, 3]
    assert order.variables["all"] == [{"ok": True}] * 3


def test_a_standard_loop_goes_on_while_its_condition_holds(play):
    order = play(one(script("work", "{ n: n + 1 }", loop("n < 3"))), {"n": 0})
    assert order.variables == {"n": 3}


def test_a_loop_that_tests_before_may_never_begin(play):
    assert play(one(script("work", "{ n: n + 1 }", loop("n < 3", test_before=True))), {"n": 9}).variables == {"n": 9}
    assert play(one(script("work", "{ n: n + 1 }", loop("n < 3"))), {"n": 9}).variables == {"n": 10}


def test_a_loop_ends_at_its_maximum(play):
    order = play(one(user("work", loop("true", maximum=2))))
    assert order.do("work", a=1).do("work", b=2).completed
    assert order.variables == {"a": 1, "b": 2}


def test_a_skipped_turn_counts_with_what_the_operator_gave(play):
    order = play(one(user("work", each("cases", "case", "answers", "answer"))), CASES)
    order.instance.skip(order.task("work", 1), {"answer": "skipped"})
    order.go().do("work", 0, answer="A").do("work", 0, answer="C")
    assert order.variables["answers"] == ["A", "skipped", "C"]
