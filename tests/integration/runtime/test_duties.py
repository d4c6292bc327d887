"""Another person, per case and decision: whoever began, worked on or decided on something does not decide on it again."""

import pytest
from sqlalchemy import text

from engine.problems import Forbidden, NotFound
from engine.runtime.operate import token_moves
from engine.runtime.state.people import Person
from engine.runtime.verbs import user_tasks
from engine.runtime.verbs.start import StartOptions, start
from engine.runtime.verbs.user_tasks import Completion
from tests import tiny_models as m

#: In two groups, in one, and nobody's candidate but an operator.
MARCUS = Person("marcus", frozenset({"manager", "desk"}))
INES, SARA = Person("ines", frozenset({"desk"})), Person("sara", frozenset({"sales"}))
OLGA, OTTO = (Person(name, roles=frozenset({"operate"})) for name in ("olga", "otto"))
ON = {"decidesOn": "=quote_no"}
WHY = "Everybody of the desk is ill"


@pytest.fixture
def quoting(world):
    """A quote is revised by sales, approved by a manager and then by the desk."""
    revise = m.user("revise", candidateGroups="sales", worksOn="=quote_no")
    first, second = m.user("first", candidateGroups="manager", **ON), m.user("second", candidateGroups="desk", **ON)
    world.deploy(m.bundle("quoting", m.start() + revise + first + second + m.end(), "start -> revise -> first -> second -> done"))
    return world


def begun(world, actor="tom", quote_no="Q-1"):
    return world.start("quoting", {"quote_no": quote_no}, actor=actor)


def waiting(world, instance_id):
    return world.one("SELECT id FROM user_task WHERE instance_id = :id AND state = 'open'", id=instance_id).id


def done(world, instance_id, person, **given):
    return world.complete(waiting(world, instance_id), {}, person, **given)


def sees(world, person, instance_id):
    return waiting(world, instance_id) in {task.id for task in world.tasks(person)}


def test_one_person_in_two_groups_decides_once(quoting):
    quote = begun(quoting)
    done(quoting, quote, SARA)
    done(quoting, quote, MARCUS)
    assert not sees(quoting, MARCUS, quote)
    assert sees(quoting, INES, quote)
    with pytest.raises(NotFound):
        done(quoting, quote, MARCUS)
    done(quoting, quote, INES)


def test_who_revised_or_began_it_does_not_decide_on_it_in_whatever_instance(quoting):
    both = Person("sara", frozenset({"sales", "manager"}))
    quote = begun(quoting, actor="marcus")
    done(quoting, quote, both)
    assert not sees(quoting, both, quote), "she revised it"
    assert not sees(quoting, MARCUS, quote), "he began it"
    again = begun(quoting)
    done(quoting, again, SARA)
    assert not sees(quoting, both, again), "it is the same quote"
    other = begun(quoting, quote_no="Q-2")
    done(quoting, other, Person("paul", frozenset({"sales"})))
    assert sees(quoting, both, other)


def test_two_decisions_of_one_person_at_the_same_moment_are_one(quoting):
    first, second = begun(quoting), begun(quoting)
    for quote in (first, second):
        done(quoting, quote, Person("paul", frozenset({"sales"})))
    with quoting.database.transaction() as tx:
        task = user_tasks.open_task(tx, waiting(quoting, second), MARCUS, None).task  # seen before the other one is decided
    done(quoting, first, MARCUS)
    with quoting.database.transaction() as tx, pytest.raises(Forbidden, match="second person"):
        user_tasks.take_part(tx, task, MARCUS)


def test_an_operator_decides_as_an_override_only_with_a_reason_and_within_the_same_duties(quoting):
    quote = begun(quoting, actor="otto")
    done(quoting, quote, SARA)
    with pytest.raises(Forbidden, match="as an override"):
        done(quoting, quote, OLGA)
    with quoting.database.transaction() as tx, pytest.raises(Forbidden, match="as an override"):
        user_tasks.claim(quoting.runtime, tx, waiting(quoting, quote), OLGA)
    with quoting.database.transaction() as tx, pytest.raises(Forbidden, match="second person"):
        user_tasks.complete(quoting.runtime, tx, waiting(quoting, quote), {}, Completion(OTTO, None, WHY))
    step = token_moves.Step(quote, waiting(quoting, quote), "otto", WHY)
    with quoting.database.transaction() as tx, pytest.raises(Forbidden, match="second person"):
        token_moves.skip(quoting.runtime, tx, step)
    with quoting.database.transaction() as tx:
        user_tasks.complete(quoting.runtime, tx, waiting(quoting, quote), {}, Completion(OLGA, None, WHY))
    (row,) = quoting.all("SELECT actor, reason, detail FROM audit WHERE action = 'override'")
    assert (row.actor, row.reason, row.detail["candidates"]) == ("olga", WHY, ["manager"])
    with pytest.raises(Forbidden, match="second person"):
        quoting.complete(waiting(quoting, quote), {}, OLGA)


def test_who_began_it_cannot_put_another_name_in_its_place(world):
    event = m.start("start", f"<bpmn:extensionElements>{m.properties(initiator='requester')}</bpmn:extensionElements>")
    world.deploy(m.bundle("asking", event + m.user("check") + m.end(), "start -> check -> done"))
    with world.database.transaction() as tx:
        by_hand = start(world.runtime, tx, "asking", {"requester": "somebody else"}, StartOptions(actor="sara"))
        by_the_product = start(world.runtime, tx, "asking", {"requester": "sara"})
    kept = dict(world.all("SELECT id, variables ->> 'requester' FROM instance"))
    assert kept == {by_hand: "sara", by_the_product: "sara"}


def test_a_decision_of_an_earlier_round_keeps_nobody_from_deciding_what_was_changed_since(world):
    first, second = (m.user(name, candidateGroups="manager", decisionRound="=string(turn)", **ON) for name in ("first", "second"))
    again = m.script("again", "{ turn: turn + 1 }")
    world.deploy(m.bundle("rounds", m.start() + first + again + second + m.end(), "start -> first -> again -> second -> done"))
    quote = world.start("rounds", {"quote_no": "Q-1", "turn": 1})
    done(world, quote, MARCUS)
    assert sees(world, MARCUS, quote)
    with world.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM duty_hand")) == 1
