"""Acts on many instances: chosen by a filter, done by workers, each followed to its end."""

import pytest

from engine.problems import Conflict, Forbidden, Invalid
from engine.runtime.operate import batch_work, batches
from engine.runtime.operate.batches import Order, begin, preview
from engine.runtime.read.batches import get_batch, list_items
from engine.runtime.state.chosen import Filter
from engine.runtime.state.people import Person
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.paging import Asked
from tests import tiny_models as m

OLGA = Person("olga", roles=frozenset({"operate"}))
BOOK = m.start() + m.service("book", "carrier.book", order_no="order_no", retry="R0/PT10S") + m.end()
CHECK = m.start() + m.user("look") + m.end()
ALL = Filter()


@pytest.fixture
def stuck(world):
    """Three orders that a broken carrier has stopped."""
    world.deploy(m.bundle("booking", BOOK, "start -> book -> done"))
    world.stage.mode = "broken"
    for number in (1, 2, 3):
        world.start("booking", {"order_no": f"SO-{number}"}, business_key=f"SO-{number}")
    run_until_idle(world.runtime)
    return world


def order(world, verb="retry", *, chosen=ALL, **given):
    with world.database.transaction() as tx:
        return begin(world.runtime, tx, Order(verb, chosen, "olga", "The carrier is back", **given))


def steer(world, verb, batch_id, person=OLGA):
    with world.database.transaction() as tx:
        verb(tx, batch_id, person)


def told(world, batch_id):
    """The batch's state, and of each instance its key, state and detail."""
    with world.database.transaction() as tx:
        items = list_items(tx, batch_id, Asked()).rows
        return get_batch(tx, batch_id).state, [(each.business_key, each.state, each.detail) for each in items]


def test_what_is_tried_again_is_followed_until_it_has_passed(stuck):
    batch_id = order(stuck)
    assert told(stuck, batch_id) == ("running", [(f"SO-{number}", "pending", None) for number in (1, 2, 3)])
    stuck.stage.mode = "fine"
    assert batch_work.work(stuck.runtime) == 3
    assert {state for _, state, _ in told(stuck, batch_id)[1]} == {"running"}
    run_until_idle(stuck.runtime)
    assert batch_work.work(stuck.runtime) == 0
    assert told(stuck, batch_id) == ("ended", [(f"SO-{number}", "passed", None) for number in (1, 2, 3)])


def test_what_fails_again_says_why(stuck):
    def third_refused():
        stuck.stage.mode = "broken" if stuck.stage.calls[-1][1].startswith(str(third)) else "fine"

    third = stuck.one("SELECT id FROM instance WHERE business_key = 'SO-3'").id
    stuck.stage.during = third_refused
    batch_id = order(stuck)
    batch_work.work(stuck.runtime)
    run_until_idle(stuck.runtime)
    batch_work.work(stuck.runtime)
    state, items = told(stuck, batch_id)
    assert (state, [each[1] for each in items]) == ("ended", ["passed", "passed", "failed"])
    assert "price list is empty" in items[2][2]


def test_a_retry_that_has_attempts_left_is_under_way_and_says_when_it_is_tried_next(world):
    world.deploy(m.bundle("booking", BOOK.replace("R0/PT10S", "R3/PT10S"), "start -> book -> done"))
    world.stage.mode = "broken"
    world.start("booking", {"order_no": "SO-1"}, business_key="SO-1")
    run_until_idle(world.runtime)
    batch_id = order(world)
    world.stage.mode = "failing"
    batch_work.work(world.runtime)
    run_until_idle(world.runtime)
    batch_work.work(world.runtime)
    with world.database.transaction() as tx:
        (item,) = list_items(tx, batch_id, Asked()).rows
    assert (item.state, item.due_at is not None) == ("running", True)


def test_a_batch_pauses_after_as_many_failures_as_it_may_have_and_goes_on_when_told(stuck):
    batch_id = order(stuck, stop_after=1)
    for _ in range(4):
        batch_work.work(stuck.runtime)
        run_until_idle(stuck.runtime)
    assert told(stuck, batch_id)[0] == "paused"
    assert [each[1] for each in told(stuck, batch_id)[1]] == ["failed", "pending", "pending"]
    stuck.stage.mode = "fine"
    steer(stuck, batches.go_on, batch_id)
    for _ in range(4):
        batch_work.work(stuck.runtime)
        run_until_idle(stuck.runtime)
    assert [each[1] for each in told(stuck, batch_id)[1]] == ["failed", "passed", "passed"]
    assert told(stuck, batch_id)[0] == "ended"


def test_a_preview_counts_and_says_what_is_left_out_and_why(stuck):
    stuck.deploy(m.bundle("check", CHECK, "start -> look -> done"))
    stuck.start("check")
    stuck.do("UPDATE instance SET state = 'suspended' WHERE business_key = 'SO-3'")
    with stuck.database.transaction() as tx:
        seen = preview(stuck.runtime, tx, "retry", Filter())
        assert seen.instances == 2
        left_out = [(each.instances, each.reason) for each in seen.excluded]
        assert left_out == [(1, "is suspended: resume it first"), (1, "nothing of it has failed")]
        assert preview(stuck.runtime, tx, "resume", Filter(state="active")).instances == 1


@pytest.mark.parametrize(
    ("verb", "chosen", "code"),
    [
        ("retry", Filter(state="completed"), "batch_empty"),
        ("retry", Filter(variable="order_no:1"), "filter_unreadable"),
        ("retry", Filter(state="stuck"), "filter_unreadable"),
        ("skip", Filter(), "verb_unknown"),
    ],
)
def test_an_act_that_cannot_be_understood_or_reaches_nobody_changes_nothing(stuck, verb, chosen, code):
    with pytest.raises(Invalid) as refused:
        order(stuck, verb, chosen=chosen)
    assert refused.value.code == code
    assert stuck.one("SELECT count(*) AS many FROM batch").many == 0


def test_more_instances_than_one_batch_may_be_about_are_refused(stuck):
    assert order(stuck.with_limits(batch_instances=3))
    with pytest.raises(Invalid, match="more than 2 instances"):
        order(stuck.with_limits(batch_instances=2))


def test_one_that_cannot_be_done_keeps_no_other_from_being_done(stuck):
    batch_id = order(stuck, "suspend")
    stuck.do("UPDATE instance SET state = 'suspended' WHERE business_key = 'SO-2'")
    batch_work.work(stuck.runtime)
    state, items = told(stuck, batch_id)
    assert (state, [each[1] for each in items]) == ("ended", ["passed", "failed", "passed"])
    assert items[1][2] == "An operator has suspended the instance."


def test_what_breaks_is_a_failure_of_its_own(stuck, monkeypatch):
    monkeypatch.setitem(batch_work._ACTS, "suspend", lambda *_: 1 / 0)
    batch_id = order(stuck, "suspend")
    batch_work.work(stuck.runtime)
    assert told(stuck, batch_id) == ("ended", [(f"SO-{number}", "failed", "It broke: ZeroDivisionError.") for number in (1, 2, 3)])


def test_the_same_order_given_twice_is_one_batch(stuck):
    assert order(stuck, key="olga-1") == order(stuck, key="olga-1")
    assert stuck.one("SELECT count(*) AS many FROM batch_item").many == 3


def test_a_batch_is_paused_and_stopped_for_good_between_two_instances(stuck):
    batch_id = order(stuck, "suspend")
    steer(stuck, batches.pause, batch_id)
    assert batch_work.work(stuck.runtime) == 0
    with pytest.raises(Conflict, match="paused"):
        steer(stuck, batches.pause, batch_id)
    steer(stuck, batches.abandon, batch_id)
    state, items = told(stuck, batch_id)
    assert (state, {each[1] for each in items}) == ("abandoned", {"left"})
    with pytest.raises(Conflict):
        steer(stuck, batches.go_on, batch_id)
    acts = [row.action for row in stuck.all("SELECT action FROM audit ORDER BY id")]
    assert acts == ["deploy", "begin_batch", "pause_batch", "abandon_batch"]


def test_only_who_began_a_batch_or_oversees_steers_it(stuck):
    batch_id = order(stuck, "suspend")
    with pytest.raises(Forbidden):
        steer(stuck, batches.pause, batch_id, Person("alice"))


def test_what_is_cancelled_or_suspended_while_it_is_tried_again_has_not_passed(stuck):
    batch_id = order(stuck)
    batch_work.work(stuck.runtime)
    stuck.do("UPDATE instance SET state = 'suspended' WHERE business_key = 'SO-1'")
    stuck.do("UPDATE instance SET state = 'cancelled' WHERE business_key = 'SO-2'")
    stuck.do("UPDATE incident SET state = 'resolved' WHERE instance_id IN (SELECT id FROM instance WHERE business_key = 'SO-2')")
    batch_work.work(stuck.runtime)
    assert [each[2] for each in told(stuck, batch_id)[1]] == ["It was suspended meanwhile.", "It was cancelled meanwhile.", None]


def test_an_outside_call_that_fails_again_for_another_reason_says_the_new_one(world):
    """Its answer comes in a later stretch than the retry: the incident of before does not keep its old words."""
    world.deploy(m.bundle("booking", BOOK.replace("R3/PT10S", "R0/PT10S"), "start -> book -> done"))
    world.stage.mode = "failing"
    world.start("booking", {"order_no": "SO-1"}, business_key="SO-1")
    run_until_idle(world.runtime)
    before = world.one("SELECT message FROM incident").message
    batch_id = order(world)
    world.stage.mode = "broken"
    batch_work.work(world.runtime)
    run_until_idle(world.runtime)
    batch_work.work(world.runtime)
    (_, state, detail) = told(world, batch_id)[1][0]
    assert state == "failed"
    assert detail == world.one("SELECT message FROM incident WHERE state = 'open'").message
    assert "price list is empty" in detail
    assert "price list is empty" not in before
