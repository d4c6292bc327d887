"""Service tasks: four outcomes, retries, incidents, and calls to the outside that are saved before they are made."""

from dataclasses import dataclass, replace
from decimal import Decimal
from json import JSONDecodeError
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from engine.problems import Conflict
from engine.runtime.advance.advance import advance
from engine.runtime.operate import incidents, operations, token_moves
from engine.runtime.post import timers
from engine.runtime.read.lists import list_causes
from engine.runtime.state import effects
from engine.runtime.state.effects import EffectSink
from engine.runtime.verbs.run_until_idle import run_until_idle
from tests import tiny_models as m

ERROR = '<bpmn:error id="missing" name="Price missing" errorCode="PRICE_MISSING"/>'
CATCH_ERROR = '<bpmn:errorEventDefinition errorRef="missing"/>'


@dataclass(frozen=True)
class Order:
    order_no: str


def of(world, handler: str, *, retry: str = "R2/PT10S", caught: bool = False) -> UUID:
    parameters = {"order_no": "order_no", "retry": retry}
    elements = m.start() + m.service("step", handler, result="result", **parameters) + m.end()
    flows = "start -> step -> done"
    if caught:
        elements += m.boundary("missing_price", "step", CATCH_ERROR) + m.end("unpriced")
        flows += "\nmissing_price -> unpriced"
    world.deploy(m.bundle("job", elements, flows, outside=ERROR if caught else ""))
    return world.start("job", {"order_no": "SO-000017"}, business_key="SO-000017", actor="alice")


def make_due(world) -> None:
    """Let the next attempt's time have come."""
    with world.database.transaction() as tx:
        for row in tx.execute(text("SELECT id, now() AS now FROM timer")).all():
            timers.move(tx, row.id, row.now)


def retry_open(world, **variables):
    (incident,) = world.incidents()
    with world.database.transaction() as tx:
        return incidents.retry(world.runtime, tx, incident.id, "olga", variables or None)


def test_a_refusal_goes_to_the_error_boundary_event(world):
    world.stage.mode = "refused"
    instance = of(world, "orders.price", caught=True)
    assert world.row(instance).state == "completed"
    assert world.path(instance)[-2:] == ["missing_price", "unpriced"]
    assert world.one("SELECT count(*) AS n FROM effect").n == 0


def test_a_refusal_nobody_catches_is_an_incident(world):
    world.stage.mode = "refused"
    instance = of(world, "orders.price")
    (incident,) = world.incidents()
    assert world.row(instance).state == "incident"
    assert "PRICE_MISSING" in incident.message


def test_broken_opens_an_incident_at_once_and_tells_what_to_do(world):
    world.stage.mode = "broken"
    instance = of(world, "orders.price")
    (incident,) = world.incidents()
    assert (incident.kind, incident.message, incident.handler) == ("broken", "the price list is empty", "orders.price")
    explanation = world.explain(instance)
    assert explanation.sentence == "step failed: the price list is empty."
    assert explanation.next_step == "Load the price list, then retry."


def test_what_a_failing_handler_wrote_is_taken_back(world):
    world.stage.mode = "broken"
    of(world, "orders.price")
    assert world.one("SELECT (SELECT count(*) FROM scratch) + (SELECT count(*) FROM effect) AS n").n == 0


def test_a_failure_is_tried_again_later_and_then_becomes_an_incident(world):
    world.stage.mode = "failing"
    instance = of(world, "orders.price")
    assert world.row(instance).state == "waiting"
    assert world.explain(instance).sentence.startswith("It tries orders.price again at 20")
    for _ in range(2):
        make_due(world)
        run_until_idle(world.runtime)
    assert [attempt for _, _, attempt in world.stage.calls] == [1, 2, 3]
    (incident,) = world.incidents()
    assert (incident.kind, incident.attempt) == ("error", 3)
    assert "503 from 10.0.0.7" in incident.message
    assert "ConnectionError" in incident.traceback


def refused_by_the_database(sqlstate: str) -> IntegrityError:
    cause = psycopg.IntegrityError("refused")
    cause.sqlstate = sqlstate
    return IntegrityError("INSERT", {}, cause)


@pytest.mark.parametrize("handler", ["orders.price", "carrier.book"])
@pytest.mark.parametrize(
    "error",
    [
        DataError("INSERT", {}, psycopg.DataError("numeric field overflow")),
        refused_by_the_database("23514"),
        TypeError("unsupported operand"),
        KeyError("INV-000002"),
        ZeroDivisionError("by zero"),
        ValueError("no such zone"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_must_fail_the_same_way_again_is_an_incident_at_once(world, handler, error):
    world.stage.mode, world.stage.error = "failing", error
    instance = of(world, handler, retry="R8/PT10S")
    run_until_idle(world.runtime)
    (incident,) = world.incidents()
    assert (world.row(instance).state, len(world.stage.calls)) == ("incident", 1)
    assert "tried again" not in incident.next_step


@pytest.mark.parametrize(
    "error",
    [JSONDecodeError("Expecting value", "<html>", 0), refused_by_the_database("23505"), TimeoutError("no answer")],
    ids=lambda error: type(error).__name__,
)
def test_a_collision_by_chance_and_a_garbled_answer_are_tried_again(world, error):
    world.stage.mode, world.stage.error = "failing", error
    of(world, "orders.price", retry="R8/PT10S")
    assert world.incidents() == []


def test_the_same_cause_has_one_fingerprint(world):
    world.stage.mode = "broken"
    of(world, "orders.price")
    world.start("job", {"order_no": "SO-000018"})
    with world.database.transaction() as tx:
        (cause,) = list_causes(tx)
    assert (cause.open, cause.handler) == (2, "orders.price")


def test_not_yet_waits_without_spending_an_attempt(world):
    world.stage.mode = "not_yet"
    instance = of(world, "orders.price")
    for _ in range(4):
        make_due(world)
        run_until_idle(world.runtime)
    assert {attempt for _, _, attempt in world.stage.calls} == {1}
    assert world.incidents() == []
    world.stage.mode = "fine"
    make_due(world)
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"


def test_resolved_is_said_only_once_the_step_has_passed(world):
    world.stage.mode = "broken"
    instance = of(world, "orders.price")
    retry_open(world)
    (incident,) = world.incidents()
    assert incident.state == "open"
    world.stage.mode = "fine"
    retry_open(world, order_no="SO-000099")
    assert world.row(instance).state == "completed"
    (incident,) = world.incidents(state="resolved")
    assert (incident.resolved_by, incident.resolution) == ("olga", "The step went on.")
    assert world.one("SELECT note FROM scratch").note == "SO-000099"
    with pytest.raises(Conflict, match="was resolved by olga"), world.database.transaction() as tx:
        incidents.retry(world.runtime, tx, incident.id, "olga")


def test_an_incident_is_acknowledged_with_a_note(world):
    world.stage.mode = "broken"
    of(world, "orders.price")
    (incident,) = world.incidents()
    with world.database.transaction() as tx:
        found = incidents.acknowledge(world.runtime, tx, incident.id, "olga", "asked purchasing")
    assert (found.acknowledged_by, found.owner, found.note) == ("olga", "olga", "asked purchasing")


def test_an_effect_is_recorded_with_a_stable_key_and_delivered(world):
    instance = of(world, "orders.price")
    effect = world.one("SELECT * FROM effect")
    assert effect.key.startswith(f"{instance}:")
    assert (effect.state, effect.business_key, effect.target) == ("pending", "SO-000017", "customer@example.com")
    run_until_idle(world.runtime)
    effect = world.one("SELECT * FROM effect")
    assert (effect.state, effect.attempts) == ("kept", 1)


def test_an_external_call_is_saved_before_it_is_made_and_made_in_no_transaction(world):
    seen = []
    world.stage.during = lambda: seen.append(world.one("SELECT state, attempt, pg_backend_pid() AS pid FROM work"))
    instance = of(world, "carrier.book")
    assert world.row(instance).state == "running"
    assert world.explain(instance).sentence.startswith("It is ready to call carrier.book and no worker has picked it up yet")
    assert world.stage.calls == []
    run_until_idle(world.runtime)
    assert [(row.state, row.attempt) for row in seen] == [("called", 1)]
    row = world.row(instance)
    assert (row.state, row.variables["result"]) == ("completed", {"tracking_no": "T-SO-000017", "attempt": 1})
    assert world.all("SELECT 1 FROM work") == []


def test_an_external_failure_is_retried_with_the_same_key(world):
    world.stage.mode = "failing"
    instance = of(world, "carrier.book")
    run_until_idle(world.runtime)
    waits = world.one("SELECT state, last_error FROM work")
    assert (waits.state, "503 from" in waits.last_error) == ("waiting", True)
    world.stage.mode = "fine"
    make_due(world)
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"
    assert len({key for _, key, _ in world.stage.calls}) == 1
    assert [attempt for _, _, attempt in world.stage.calls] == [1, 2]


def test_an_external_refusal_goes_to_the_error_boundary_event(world):
    world.stage.mode = "refused"
    instance = of(world, "carrier.book", caught=True)
    run_until_idle(world.runtime)
    assert world.path(instance)[-1] == "unpriced"


def test_a_worker_that_dies_in_a_call_is_followed_by_another_with_the_same_key(world):
    def die() -> None:
        world.stage.during = None
        raise KeyboardInterrupt

    world.stage.during = die
    instance = of(world, "carrier.book")
    with pytest.raises(KeyboardInterrupt):
        advance(world.runtime, instance)
    assert world.row(instance).lease_owner is not None
    run_until_idle(world.runtime)
    assert len(world.stage.calls) == 1
    world.do("UPDATE instance SET lease_until = now() - interval '1 second'")
    run_until_idle(world.another_process().runtime)
    assert world.row(instance).state == "completed"
    assert len({key for _, key, _ in world.stage.calls}) == 1
    assert [attempt for _, _, attempt in world.stage.calls] == [1, 2]


def test_an_at_most_once_call_that_was_begun_becomes_an_incident_instead_of_a_second_call(world):
    def die() -> None:
        world.stage.during = None
        raise KeyboardInterrupt

    world.stage.during = die
    instance = of(world, "bank.pay")
    with pytest.raises(KeyboardInterrupt):
        advance(world.runtime, instance)
    world.do("UPDATE instance SET lease_until = now() - interval '1 second'")
    run_until_idle(world.runtime)
    assert len(world.stage.calls) == 1
    (incident,) = world.incidents()
    assert incident.kind == "at_most_once"
    retry_open(world)
    run_until_idle(world.runtime)
    assert len(world.stage.calls) == 2
    assert world.row(instance).state == "completed"


def test_a_zombie_whose_lease_was_taken_over_drops_its_result(world):
    instance = None

    def lose_the_lease() -> None:
        world.stage.during = None
        world.do("UPDATE instance SET lease_until = now() - interval '1 second'")
        run_until_idle(world.another_process().runtime)

    world.stage.during = lose_the_lease
    instance = of(world, "carrier.book")
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"
    assert world.row(instance).variables["result"]["attempt"] == 2
    assert world.path(instance) == ["start", "step", "done", "step too_late"]


def test_a_result_that_comes_while_the_instance_is_suspended_is_kept(world):
    def suspend() -> None:
        with world.database.transaction() as tx:
            operations.suspend(world.runtime, tx, instance, "olga", "the carrier is on strike")

    world.stage.during = suspend
    instance = of(world, "carrier.book")
    run_until_idle(world.runtime)
    assert world.row(instance).state == "suspended"
    with world.database.transaction() as tx:
        operations.resume(world.runtime, tx, instance, "olga", "the strike is over")
    run_until_idle(world.runtime)
    assert world.row(instance).state == "completed"
    assert len(world.stage.calls) == 1


def test_a_cancelled_instance_drops_the_result_of_its_call(world):
    def cancel() -> None:
        with world.database.transaction() as tx:
            operations.cancel(world.runtime, tx, instance, "olga", "the customer withdrew")

    world.stage.during = cancel
    instance = of(world, "carrier.book")
    run_until_idle(world.runtime)
    assert world.row(instance).state == "cancelled"
    assert world.explain(instance).sentence.endswith("the customer withdrew.")


def test_a_wrong_input_names_the_parameter(world):
    world.deploy(m.bundle("job", m.start() + m.service("step", "orders.price", order_no="[1]") + m.end(), "start -> step -> done"))
    world.start("job")
    (incident,) = world.incidents()
    assert incident.kind == "service_task_input"
    assert "order_no" in incident.message


def test_a_failed_step_is_completed_by_hand_with_a_result(world):
    world.stage.mode = "broken"
    instance = of(world, "orders.price")
    (incident,) = world.incidents()
    step = token_moves.Step(instance, incident.task_id, "olga", "priced by telephone", {"result": {"total": 90}})
    with world.database.transaction() as tx:
        assert token_moves.skip(world.runtime, tx, step).state == "completed"
    assert world.row(instance).variables["result"] == {"total": 90}
    assert world.incidents() == []
    assert world.one("SELECT reason FROM audit WHERE action = 'skip'").reason == "priced by telephone"


def test_every_failed_step_of_an_instance_is_retried_at_once(world):
    world.stage.mode = "broken"
    instance = of(world, "orders.price")
    world.stage.mode = "fine"
    with world.database.transaction() as tx:
        assert operations.retry(world.runtime, tx, instance, "olga", "the price list is loaded").state == "completed"


def test_an_effect_whose_sink_fails_is_tried_again_with_its_key(world):
    sent = []

    class Sink:
        def deliver(self, effect, attempt):
            sent.append((effect.key, attempt))
            if attempt == 1:
                raise ConnectionError("mail server away")
            return {"id": "m-1"}

    of(world, "orders.price")
    runtime = replace(world.runtime, ports={EffectSink: Sink()})
    assert effects.deliver(runtime) == 0
    assert effects.deliver(runtime) == 0
    world.do("UPDATE effect SET due_at = now()")
    assert effects.deliver(runtime) == 1
    assert [attempt for _, attempt in sent] == [1, 2]
    assert len({key for key, _ in sent}) == 1
    assert world.one("SELECT state, answer FROM effect") == ("sent", {"id": "m-1"})


#: As Camunda Modeler writes a step with one of our element templates: two fields filled in, one left empty.
MADE_THERE = """<bpmn:serviceTask xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="step" name="Price it" camunda:type="external"
 camunda:modelerTemplate="ordercraft.orders.price" camunda:topic="orders.price"><bpmn:extensionElements><camunda:inputOutput>
  <camunda:inputParameter name="order_no">=upper case(given)</camunda:inputParameter></camunda:inputOutput><camunda:properties>
  <camunda:property name="resultVariable" value="priced"/><camunda:property name="retry" value=""/>
 </camunda:properties></bpmn:extensionElements></bpmn:serviceTask>"""


def test_a_step_made_in_camunda_modeler_with_a_template_of_ours_runs_also_in_a_process_that_loads_it_anew(world):
    world.deploy(m.bundle("job", m.start() + MADE_THERE + m.end(), "start -> step -> done"))
    for place in (world, world.another_process()):
        instance_id = place.start("job", {"given": "so-17"})
        row = place.row(instance_id)
        assert (row.state, row.variables["priced"]) == ("completed", {"total": Decimal("119.90"), "currency": "EUR"})
    assert [row.note for row in world.all("SELECT note FROM scratch")] == ["SO-17", "SO-17"]


def test_a_task_whose_port_nobody_bound_says_what_to_bind(world):
    class Carrier:
        pass

    def label(order: Order, carrier: Carrier) -> None:
        """Print a label."""

    label.__annotations__ = {"order": Order, "carrier": Carrier, "return": type(None)}
    world.runtime.service_tasks.register("labels.print")(label)
    of(world, "labels.print")
    (incident,) = world.incidents()
    assert incident.message == "labels.print needs a Carrier, and none is bound."
