"""What the activities do that do one thing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.dmn import load_decisions
from engine.problems import Conflict, Invalid, Problem
from engine.spiff.calls import Deferred, Done, Failure, Refusal
from tests.unit.spiff.drawing import MONDAY, called, end, flow, node, process, script, service, start, user, when, xor

STRAIGHT = (start(), end())
QUOTE = {"quote_no": "Q-000001", "price": Decimal("12.50"), "quantity": 3}


def one(step, identity, **options):
    return process(*STRAIGHT, step, flow("start", identity, "end"), **options)


def test_a_script_assigns_exact_money_and_says_what_it_changed(play):
    order = play(one(script("total", "{ total: price * quantity, vat: decimal(total * 0.21, 2) }"), "total"), QUOTE)
    assert order.variables == {**QUOTE, "total": Decimal("37.50"), "vat": Decimal("7.88")}
    assert order.steps("total")[0].changed == {"total": Decimal("37.50"), "vat": Decimal("7.88")}
    assert order.path == ["start", "total", "end"]
    assert order.completed


def test_a_plain_task_is_passed_through(play):
    assert play(one(node("task", "think"), "think")).path == ["start", "think", "end"]


def test_a_service_task_gets_its_parameters_and_its_result_goes_to_the_variable(play):
    step = service("price", "quoting.price_quote", "pricing", {"quote_no": "quote_no", "twice": "quantity * 2"})
    order = play(one(step, "price"), QUOTE, answer=lambda _request: Done({"net": Decimal("37.50"), "at": datetime(2026, 1, 5, tzinfo=UTC)}))
    request = order.answers.requests[0]
    assert (request.handler, request.parameters, request.attempt) == ("quoting.price_quote", {"quote_no": "Q-000001", "twice": 6}, 1)
    assert order.variables["pricing"] == {"net": Decimal("37.50"), "at": "2026-01-05T00:00:00Z"}


def test_a_service_task_without_a_result_variable_drops_its_result(play):
    assert play(one(service("price"), "price"), QUOTE).variables == QUOTE


def test_a_deferred_service_task_waits_as_work_until_its_result_comes(play):
    step = service("book", "fulfillment.book_carrier", "booking", {"shipment_no": '"SH-7"'}, retry="R3/PT1M")
    order = play(one(step, "book"), answer=lambda _request: Deferred())
    (work,) = order.instance.waits.work
    assert (work.handler, work.parameters, work.retry, work.attempt, work.retry_at) == (
        "fulfillment.book_carrier",
        {"shipment_no": "SH-7"},
        "R3/PT1M",
        1,
        None,
    )
    order.instance.work_done(work.task_id, {"tracking_no": "1Z999"})
    order.go()
    assert order.variables["booking"] == {"tracking_no": "1Z999"}
    with pytest.raises(Conflict):
        order.instance.work_done(work.task_id, {"tracking_no": "1Z998"})


def test_a_failed_attempt_waits_for_its_moment_and_is_counted(play):
    outcomes = iter([Failure("timeout", "The carrier is silent.", retry_at=MONDAY + timedelta(seconds=10)), Done({"ok": True})])
    order = play(one(service("book", result="booking"), "book"), answer=lambda _request: next(outcomes))
    (wait,) = order.instance.waits.timers
    assert (wait.kind, wait.due_at) == ("retry", MONDAY + timedelta(seconds=10))
    order.after(timedelta(seconds=10))
    assert [request.attempt for request in order.answers.requests] == [1, 2]
    assert [(step.outcome, step.attempt) for step in order.steps("book")] == [("failed", 1), ("completed", 2)]


def test_not_yet_spends_no_attempt(play):
    outcomes = iter([Failure("not_yet", "No stock yet.", retry_at=MONDAY + timedelta(hours=1), counts=False), Done()])
    order = play(one(service("reserve"), "reserve"), answer=lambda _request: next(outcomes)).after(timedelta(hours=1))
    assert [request.attempt for request in order.answers.requests] == [1, 1]
    assert [step.outcome for step in order.steps("reserve")] == ["completed"]


def test_the_last_failure_waits_for_an_operator_and_a_retry_takes_changed_variables(play):
    def answer(request):
        if request.parameters["sku"] == "BOLT":
            return Failure("broken", "Unknown item BOLT.", next_step="Correct the item.", traceback="Traceback …")
        return Done({"ok": True})

    order = play(one(service("price", parameters={"sku": "sku"}), "price"), {"sku": "BOLT"}, answer=answer)
    failed = order.failure
    assert (failed.element_id, failed.handler, failed.kind, failed.message, failed.next_step, failed.traceback) == (
        "price",
        "orders.price",
        "broken",
        "Unknown item BOLT.",
        "Correct the item.",
        "Traceback …",
    )
    order.instance.retry(failed.task_id, {"sku": "BOLT-M8"})
    order.go()
    assert order.completed
    assert [request.attempt for request in order.answers.requests] == [1, 2]
    with pytest.raises(Conflict):
        order.instance.retry(failed.task_id)


def test_a_failure_of_work_done_elsewhere_is_told_by_fail(play):
    order = play(one(service("book"), "book"), answer=lambda _request: Deferred())
    order.instance.fail(order.task("book"), Failure("timeout", "No answer.", retry_at=MONDAY + timedelta(minutes=1)), now=MONDAY)
    assert order.go().instance.waits.work[0].retry_at == MONDAY + timedelta(minutes=1)
    order.after(timedelta(minutes=1))
    assert order.instance.waits.work[0].attempt == 2
    order.instance.fail(order.task("book"), Failure("broken", "The address is wrong.", "Correct it."), now=MONDAY)
    assert order.go().failure.next_step == "Correct it."


def test_a_refusal_that_nothing_catches_waits_for_an_operator(play):
    order = play(one(service("reserve"), "reserve"), answer=lambda _request: Refusal("SHORT", "Only 2 of 3 are left."))
    assert order.failure.kind == "refused"
    assert "SHORT" in order.failure.message
    assert "SHORT" in order.failure.next_step


def test_an_exception_of_the_caller_goes_out_as_it_was(play):
    def answer(_request):
        raise ConnectionError("the database is gone")

    with pytest.raises(ConnectionError, match="the database is gone"):
        play(one(service("price"), "price"), answer=answer)


def test_a_result_that_is_no_data_fails_the_step(play):
    order = play(one(service("price", result="pricing"), "price"), answer=lambda _request: Done({"file": object()}))
    assert "cannot hold a object" in order.failure.message


def test_a_user_task_shows_what_its_properties_say(play):
    step = user(
        "approve",
        title='= "Approve " + quote_no',
        formKey="approve-quote",
        candidateGroups='= ["deal-desk", "finance"]',
        candidateUsers="ann, bob",
        excludedUsers="= [requester]",
        priority="80",
        dueIn="PT4H",
        formData="= { quote: quote_no }",
    )
    (wait,) = play(one(step, "approve"), {**QUOTE, "requester": "carol"}).instance.waits.user_tasks
    assert (wait.title, wait.form_key, wait.candidate_groups, wait.candidate_users, wait.excluded_users) == (
        "Approve Q-000001",
        "approve-quote",
        ("deal-desk", "finance"),
        ("ann", "bob"),
        ("carol",),
    )
    assert (wait.priority, wait.due_at, wait.form_data) == (80, MONDAY + timedelta(hours=4), {"quote": "Q-000001"})


def test_a_user_task_without_properties_shows_its_name_and_all_variables(play):
    (wait,) = play(one(node("userTask", "look", attributes='name="Look at it"'), "look"), QUOTE).instance.waits.user_tasks
    assert (wait.title, wait.form_key, wait.candidate_groups, wait.priority, wait.due_at, wait.form_data) == (
        "Look at it",
        None,
        (),
        50,
        None,
        QUOTE,
    )


def test_the_lane_is_the_default_group(play):
    lanes = (
        '<bpmn:laneSet id="lanes"><bpmn:lane id="l" name="Deal Desk"><bpmn:flowNodeRef>look</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
    )
    model = process(lanes, *STRAIGHT, user("look"), flow("start", "look", "end"))
    assert play(model).instance.waits.user_tasks[0].candidate_groups == ("deal-desk",)
    assert model.elements["look"].lane == "Deal Desk"


def test_a_user_task_merges_its_result_or_keeps_it_in_its_variable(play):
    merged = play(one(user("approve"), "approve"), QUOTE).do("approve", approved=True)
    assert merged.variables == {**QUOTE, "approved": True}
    kept = play(one(user("approve", resultVariable="approval"), "approve"), QUOTE).do("approve", approved=True)
    assert kept.variables == {**QUOTE, "approval": {"approved": True}}


def test_the_history_says_who_did_a_user_task(play):
    order = play(one(user("approve"), "approve"))
    order.instance.complete(order.task("approve"), {"approved": True}, actor="ann")
    assert order.go().steps("approve")[0].actor == "ann"


def test_a_user_task_is_completed_once(play):
    order = play(one(user("approve"), "approve"))
    task_id = order.task("approve")
    order.instance.complete(task_id, {"approved": True})
    with pytest.raises(Conflict, match="does not wait any more"):
        order.instance.complete(task_id, {"approved": False})
    assert order.go().variables == {"approved": True}


def test_a_manual_task_waits_for_a_person_as_well(play):
    order = play(one(node("manualTask", "load"), "load"))
    assert order.waiting_at() == {"load"}
    assert order.do("load").completed


def test_a_user_task_whose_properties_fail_waits_for_an_operator(play):
    order = play(one(user("approve", priority="= urgency"), "approve"), {"urgency": "high"})
    assert "no whole number" in order.failure.message
    order.instance.retry(order.failure.task_id, {"urgency": 90})
    assert order.go().instance.waits.user_tasks[0].priority == 90


def test_a_result_that_is_no_data_is_refused_before_anything_changes(play):
    order = play(one(user("approve"), "approve"))
    with pytest.raises(Invalid, match="cannot hold"):
        order.instance.complete(order.task("approve"), {"file": object()})
    assert order.do("approve", approved=True).completed


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800", "\\\x00"])
def test_text_that_no_database_keeps_is_refused(play, text):
    order = play(one(user("approve"), "approve"))
    with pytest.raises(Invalid, match="cannot be kept"):
        order.instance.complete(order.task("approve"), {"lines": [{"note": text}]})
    failed = play(one(service("price", result="r"), "price"), answer=lambda _request: Done({"note": text})).failure
    assert "cannot be kept" in failed.message


def test_variables_beyond_the_limit_are_refused_with_the_limit(play):
    order = play(one(user("approve"), "approve"))
    with pytest.raises(Problem, match="65536") as refusal:
        order.instance.complete(order.task("approve"), {"scan": "x" * 70_000})
    assert refusal.value.code == "variables_too_large"
    grown = play(one(script("grow", "{ rows: for i in 1..20000 return i * 1000 }"), "grow"))
    assert grown.failure.kind == "variables_too_large"


DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<decision id="price-variance" name="Price variance"><variable name="price variance"/><decisionTable hitPolicy="UNIQUE" id="t">
<input id="i"><inputExpression id="ie"><text>variance_pct</text></inputExpression></input><output id="o" name="verdict"/>
<rule id="r1"><inputEntry id="a"><text>&lt;= 2</text></inputEntry><outputEntry id="b"><text>"ACCEPT"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c"><text>(2..50]</text></inputEntry><outputEntry id="e"><text>"HOLD"</text></outputEntry></rule>
<rule id="r3"><inputEntry id="f"><text>[40..50]</text></inputEntry><outputEntry id="g"><text>"HOLD"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def decision_task(**properties):
    asked = "<spiffworkflow:calledDecisionId>price-variance</spiffworkflow:calledDecisionId>"
    decision = load_decisions(DMN).find("price-variance")
    return one(node("businessRuleTask", "judge", extension=asked, **properties), "judge", decisions={"price-variance": decision})


def test_a_business_rule_task_keeps_the_result_and_which_rules_matched(play):
    order = play(decision_task(resultVariable="verdict"), {"variance_pct": Decimal("7.5")})
    assert order.variables["verdict"] == "HOLD"
    assert order.steps("judge")[0].detail["matched"] == [{"decision": "price-variance", "rule": "r2", "index": 2}]


def test_a_business_rule_task_may_be_given_its_input(play):
    order = play(decision_task(resultVariable="verdict", input="= { variance_pct: facts.pct }"), {"facts": {"pct": 1}})
    assert order.variables["verdict"] == "ACCEPT"


def test_without_a_result_variable_a_single_value_goes_by_the_decisions_id(play):
    assert play(decision_task(), {"variance_pct": 1}).variables["price_variance"] == "ACCEPT"


def test_two_rules_that_match_where_one_may_fail_the_step(play):
    order = play(decision_task(), {"variance_pct": 45})
    assert order.failure.kind == "decision_violation"
    order.instance.retry(order.failure.task_id, {"variance_pct": 4})
    assert order.go().variables["price_variance"] == "HOLD"


def test_a_decision_that_no_rule_makes_fails_the_step(play):
    assert "no rule matches" in play(decision_task(), {"variance_pct": 90}).failure.message


def test_a_skipped_step_goes_on_with_what_the_operator_gave(play):
    order = play(one(service("price"), "price"), answer=lambda _request: Failure("broken", "No price list."))
    order.instance.skip(order.failure.task_id, {"price": Decimal("9.99")})
    order.go()
    assert order.completed
    assert order.variables == {"price": Decimal("9.99")}
    assert [step.outcome for step in order.steps("price")] == ["failed", "skipped"]


def test_a_gateway_cannot_be_skipped(play):
    model = process(
        *STRAIGHT, xor("gate"), end("other"), when("gate", "end", "ok"), when("gate", "other", "not(ok)"), flow("start", "gate")
    )
    order = play(model)
    with pytest.raises(Conflict, match="cannot be skipped"):
        order.instance.skip(order.failure.task_id)


def test_two_processes_of_a_file_may_use_the_same_ids(play):
    beside = called("helper", start(), script("note", "{ where: 2 }"), end(), flow("start", "note", "end"))
    model = process(*STRAIGHT, script("note", "{ where: 1 }"), flow("start", "note", "end"), beside=beside)
    assert play(model).variables == {"where": 1}
