"""Compensation in the database: what was done is kept, undone by whichever process comes, and told in the history."""

from engine.runtime.operate import operations
from engine.runtime.read import history
from engine.runtime.verbs.run_until_idle import run_until_idle
from tests import tiny_models as m

UNDO = "<bpmn:compensateEventDefinition/>"


def trip():
    edge = m.boundary("booking_undone", "book", UNDO)
    give_back = m.service("give_back", "carrier.book", order_no="booked.tracking_no").replace(
        "Task id", 'Task isForCompensation="true" id', 1
    )
    tie = '<bpmn:association id="tie" sourceRef="booking_undone" targetRef="give_back"/>'
    undo = f'<bpmn:intermediateThrowEvent id="undo" name="undo">{UNDO}</bpmn:intermediateThrowEvent>'
    steps = (
        m.service("book", "carrier.book", "booked", order_no="order") + edge + give_back + m.user("sure", candidateGroups="sales") + undo
    )
    made = m.bundle("trip", m.start() + steps + m.end(), "start -> book -> sure -> undo -> done")
    return type(made)(
        made.name, {name: text.replace(b"</bpmn:process>", tie.encode() + b"</bpmn:process>") for name, text in made.files.items()}
    )


def test_a_process_that_was_killed_in_between_is_followed_by_one_that_undoes_what_the_first_did(world):
    world.deploy(trip())
    instance = world.start("trip", {"order": "SO-17"})
    run_until_idle(world.runtime)
    second = world.another_process()
    (task,) = second.tasks()
    second.complete(task.id, {})
    assert second.explain(instance).sentence.startswith("It is ready to call carrier.book")

    def die():
        second.stage.during = None
        raise KeyboardInterrupt

    second.stage.during = die
    try:
        run_until_idle(second.runtime)
    except KeyboardInterrupt:
        world.do("UPDATE instance SET lease_until = now() - interval '1 second'")
    third = world.another_process()
    run_until_idle(third.runtime)
    assert third.row(instance).state == "completed"
    assert third.path(instance) == ["start", "book", "sure", "give_back", "undo", "done"]
    assert len({key for _, key, _ in world.stage.calls}) == 2
    with world.database.transaction() as tx:
        (row,) = [row for row in history.of(tx, instance) if row["element_id"] == "give_back"]
    assert row["detail"] == {"compensates": "book"}


def test_an_instance_that_is_cancelled_while_it_is_undone_has_nothing_left(world):
    world.deploy(trip())
    instance = world.start("trip", {"order": "SO-17"})
    run_until_idle(world.runtime)
    (task,) = world.tasks()
    world.complete(task.id, {})
    with world.database.transaction() as tx:
        operations.cancel(world.runtime, tx, instance, "olga", "The customer keeps it.")
    assert world.row(instance).state == "cancelled"
    assert world.one("SELECT count(*) AS n FROM work").n == 0
