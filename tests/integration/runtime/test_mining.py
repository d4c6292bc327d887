"""What the history says of turns, failed attempts and tasks that were given up, measured on real instances with the clock moved."""

from datetime import timedelta

from engine.mining.figures import ElementFigures
from engine.runtime.read.mining import Wanted, list_variants, mine, take_sample
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import clock
from tests import tiny_models as m

TWICE = (
    '<bpmn:userTask id="approve" name="approve"><bpmn:multiInstanceLoopCharacteristics isSequential="true">'
    "<bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
)
DAY = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
JOB = m.bundle(
    "job",
    m.start()
    + TWICE
    + m.service("book", "carrier.book", order_no="order_no", retry="R2/PT1H")
    + m.user("ask")
    + m.boundary("late", "ask", DAY)
    + m.end()
    + m.end("gave_up"),
    "start -> approve -> book -> ask -> done\nlate -> gave_up",
)


def at(world, hours: float) -> None:
    """It is so many hours later for the whole company, and what is due is done."""
    with world.database.transaction() as tx:
        clock.move_company(tx, timedelta(hours=hours))
    run_until_idle(world.runtime)


def hours(seconds: float) -> float:
    """The clock goes on while the test runs: what counts are the hours it was moved by."""
    return round(seconds / 1800) / 2


def test_turns_pauses_between_attempts_and_tasks_that_nobody_did_are_measured(world):
    world.deploy(JOB)
    world.start("job", {"order_no": "SO-1"})
    world.complete(world.tasks()[0].id, {})
    at(world, 2)
    world.stage.mode = "failing"
    world.complete(world.tasks()[0].id, {})
    run_until_idle(world.runtime)  # fails now, and is due again in an hour
    world.stage.mode = "fine"
    at(world, 5)  # nobody was there to try it before
    at(world, 30)  # the day is over
    with world.database.transaction() as tx:
        sample = take_sample(tx, Wanted("job"))
        found: dict[str, ElementFigures] = {each.element_id: each for each in mine(tx, sample).elements}
        flows = {each.flow_id: each.count for each in mine(tx, sample).flows}
        (way,) = list_variants(tx, sample)
    assert (found["approve"].done, hours(found["approve"].waited)) == (2, 2)
    book = found["book"]
    assert (book.done, book.failed, hours(book.waiting.total), hours(book.working.total)) == (1, 1, 1, 2)
    ask = found["ask"]
    assert (ask.done, ask.cancelled, ask.running, hours(ask.waited)) == (0, 1, 0, 25)
    assert (found["late"].done, found["late"].waited) == (1, 0)
    assert flows == {
        "flow_start_approve": 1, "flow_approve_book": 1, "flow_book_ask": 1, "flow_ask_done": 0, "flow_late_gave_up": 1,
    }  # fmt: skip
    assert way.steps == ("start", "approve", "book", "late", "gave_up")
    assert set(way.flows) == {"flow_start_approve", "flow_approve_book", "flow_book_ask", "flow_late_gave_up"}
