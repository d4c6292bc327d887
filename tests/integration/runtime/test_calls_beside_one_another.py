"""Calls to the outside of parallel branches are made beside one another, each with its answer noted by itself."""

from threading import Barrier, Event

import pytest

from engine.runtime.advance.advance import advance
from engine.runtime.operate import operations
from engine.service_tasks import Broken
from tests import tiny_models as m

#: Seconds before a test gives up waiting for another thread.
GIVE_UP = 60


@pytest.fixture
def trip(world):
    """A flight and a hotel are booked at the same time; behind the flight somebody is told the price."""
    steps = m.gateway("both", "parallel") + m.gateway("joined", "parallel")
    calls = m.service("flight", "carrier.book", "flight", order_no="order") + m.service("hotel", "carrier.book", "hotel", order_no="order")
    told = m.service("told", "orders.price", "price", order_no="order")
    world.deploy(
        m.bundle(
            "trip", m.start() + steps + calls + told + m.end(), "start -> both -> flight -> told -> joined -> done\nboth -> hotel -> joined"
        )
    )
    return world.start("trip", {"order": "SO-17"})


def test_two_calls_are_under_way_at_once(world, trip):
    both = Barrier(2, timeout=GIVE_UP)
    world.stage.act = lambda name, _context: both.wait() if name == "carrier.book" else None
    advance(world.runtime, trip)
    assert world.row(trip).state == "completed"


def test_an_answer_is_gone_on_with_while_the_other_call_is_under_way(world, trip):
    told = Event()

    def act(name, context):
        if name == "orders.price":
            told.set()
        elif context.element_id == "hotel":
            assert told.wait(GIVE_UP)

    world.stage.act = act
    advance(world.runtime, trip)
    assert world.row(trip).state == "completed"
    assert world.path(trip)[-4:] == ["told", "hotel", "joined", "done"]


def test_a_failure_of_one_call_leaves_the_other_its_result(world, trip):
    both = Barrier(2, timeout=GIVE_UP)

    def act(name, context):
        if name == "carrier.book":
            both.wait()
        if context.element_id == "flight":
            raise Broken("no seat", next_step="Ask for another day.")

    world.stage.act = act
    advance(world.runtime, trip)
    (incident,) = world.incidents()
    assert (incident.element_id, world.row(trip).state) == ("flight", "incident")
    assert world.row(trip).variables["hotel"]["tracking_no"] == "T-SO-17"


def test_an_instance_that_is_suspended_is_given_back_when_no_call_is_under_way(world, trip):
    """Else another worker would take the call for one whose worker died, and make it again."""
    asked, both = [], Barrier(2, timeout=GIVE_UP)
    suspended = Event()

    def act(name, context):
        asked.append(context.element_id)
        if name == "carrier.book":
            both.wait()
        if context.element_id == "flight":
            with world.database.transaction() as tx:
                operations.suspend(world.runtime, tx, trip, "olga", "Wait.")
            suspended.set()
        elif context.element_id == "hotel":
            assert suspended.wait(GIVE_UP)

    world.stage.act = act
    advance(world.runtime, trip)
    assert world.row(trip).state == "suspended"
    with world.database.transaction() as tx:
        operations.resume(world.runtime, tx, trip, "olga", "Go on.")
    advance(world.runtime, trip)
    assert sorted(asked) == ["flight", "hotel", "told"]
    assert world.row(trip).state == "completed"


def test_no_more_calls_are_made_at_once_than_the_limit_says(world):
    alone = world.with_limits(calls_at_once=2)
    calls = "".join(m.service(f"call{number}", "carrier.book", f"r{number}", order_no="order") for number in range(4))
    flows = "\n".join(["start -> both", *(f"both -> call{number} -> joined" for number in range(4)), "joined -> done"])
    steps = m.gateway("both", "parallel") + m.gateway("joined", "parallel")
    alone.deploy(m.bundle("four", m.start() + steps + calls + m.end(), flows))
    instance = alone.start("four", {"order": "SO-17"})
    under_way, most, pair = [], [], Barrier(2, timeout=GIVE_UP)

    def act(_name, context):
        under_way.append(context.element_id)
        most.append(len(under_way))
        pair.wait()
        under_way.remove(context.element_id)

    alone.stage.act = act
    advance(alone.runtime, instance)
    assert alone.row(instance).state == "completed"
    assert (len(most), max(most)) == (4, 2)
