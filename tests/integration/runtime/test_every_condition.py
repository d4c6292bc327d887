"""Each condition of the engine's SQL has a case here that goes wrong without it: beside every row that is meant stands one that is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.problems import Conflict, NotFound, Problem
from engine.runtime.advance import apply, failures, outgoing, outside_calls
from engine.runtime.advance.advance import STEPS, _give_up, _stop, advance, take_steps
from engine.runtime.advance.save import write
from engine.runtime.post import routing, timers
from engine.runtime.post.mailbox import Message
from engine.runtime.state import inbox, leases
from engine.runtime.state.leases import Leases, LostLease
from engine.runtime.state.limits import Limits
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact, Stretch, lock
from engine.runtime.verbs import messages
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.service_tasks import ServiceTasks
from engine.spiff.records import Subscription, Waits
from engine.store import json_text
from tests import tiny_models as m
from tests.integration.standing import standing_instance, standing_wait

MINUTE = timedelta(minutes=1)
PROBLEM = Problem("It broke.", code="broken", next_step="Mend it.")


@pytest.fixture
def tx(database):
    with database.transaction() as tx:
        yield tx


@pytest.fixture
def runtime(database):
    return Runtime(database, ServiceTasks(), {}, NullDispatcher(), Limits())


def column(tx, name, table="instance", order="id"):
    return tx.scalars(text(f"SELECT {name} FROM {table} ORDER BY {order}")).all()


def of(tx, instance_id, names, table="instance", key="id"):
    row = tx.execute(text(f"SELECT {names} FROM {table} WHERE {key} = :id"), {"id": instance_id}).one()
    return row[0] if len(row) == 1 else tuple(row)


def both_leased(tx, token):
    """Two instances that one worker holds."""
    both = standing_instance(tx, "order"), standing_instance(tx, "order")
    tx.execute(text("UPDATE instance SET lease_owner = :token, lease_until = now() + interval '1 minute'"), {"token": token})
    return both


# ---- leases


def test_an_instance_is_claimed_when_there_is_something_to_do_of_its_own_that_no_worker_was_stopped_by(tx):
    mine, other = standing_instance(tx, "order"), standing_instance(tx, "order")
    inbox.keep(tx, other, Fact("signal", {}))
    assert leases.claim(tx, mine, uuid4(), MINUTE) is None
    inbox.keep(tx, mine, Fact("signal", {}))
    inbox.set_aside(tx, mine)
    assert leases.claim(tx, mine, uuid4(), MINUTE) is None
    inbox.keep(tx, mine, Fact("signal", {}))
    assert [leases.claim(tx, mine, uuid4(), MINUTE) for _ in range(2)] == [1, None], "it is held by then"
    assert of(tx, other, "lease_owner") is None


def test_a_lease_is_given_back_and_given_up_by_who_has_it_and_for_one_instance(tx, runtime):
    token = uuid4()
    mine, other = both_leased(tx, token)
    leases.release(tx, mine, uuid4())
    assert column(tx, "lease_owner") == [token, token]
    leases.release(tx, mine, token)
    assert (of(tx, mine, "lease_owner"), of(tx, other, "lease_owner")) == (None, token)


@pytest.mark.parametrize("end", [_give_up, lambda *given: _stop(*given[:3], PROBLEM)])
def test_a_worker_that_ends_ends_with_the_instance_it_holds(database, runtime, end):
    token = uuid4()
    with database.transaction() as tx:
        mine, other = both_leased(tx, token)
    end(runtime, mine, uuid4(), ValueError("lost"))
    with database.transaction() as tx:
        assert column(tx, "lease_owner") == [token, token]
    end(runtime, mine, token, ValueError("lost"))
    with database.transaction() as tx:
        assert of(tx, mine, "lease_owner, last_error IS NOT NULL") == (None, True)
        assert of(tx, other, "lease_owner, last_error") == (token, None)


def test_a_lease_is_renewed_while_it_is_ours(tx):
    held, strange = Leases(), uuid4()
    mine, other = both_leased(tx, strange)
    token = held.take(mine)
    tx.execute(text("UPDATE instance SET lease_owner = :token WHERE id = :id"), {"id": mine, "token": token})
    held.take(other)
    before = of(tx, other, "lease_until")
    held.renew(tx, timedelta(hours=1))
    assert of(tx, mine, "lease_until > now() + interval '50 minutes'") is True
    assert of(tx, other, "lease_until") == before


# ---- what is noted


def test_facts_are_set_aside_woken_and_taken_out_instance_by_instance(tx, runtime):
    mine, other = standing_instance(tx, "order"), standing_instance(tx, "order")
    for each in (mine, other):
        inbox.keep(tx, each, Fact("signal", {"of": str(each)}))
    tried = text("SELECT instance_id FROM inbox WHERE tried")
    inbox.set_aside(tx, mine)
    assert tx.scalars(tried).all() == [mine]
    inbox.set_aside(tx, other)
    inbox.wake(runtime, tx, mine)
    assert tx.scalars(tried).all() == [other]
    assert (of(tx, mine, "wake"), of(tx, other, "wake")) == (1, 0)
    assert [fact.body for fact in inbox.take(tx, mine)] == [{"of": str(mine)}]
    assert column(tx, "instance_id", "inbox") == [other]


def test_what_lies_with_an_instance_is_given_back_when_that_one_has_ended(tx):
    mine, other = standing_instance(tx, "order"), standing_instance(tx, "order", state="cancelled")
    inbox.keep(tx, mine, Fact("signal", {"of": "mine"}))
    assert inbox.give_back(tx, mine) == []
    assert column(tx, "instance_id", "inbox") == [mine]
    tx.execute(text("UPDATE inbox SET instance_id = :other"), {"other": other})
    ended = standing_instance(tx, "order", state="completed")
    assert inbox.give_back(tx, ended) == []
    assert [fact.body for fact in inbox.give_back(tx, other)] == [{"of": "mine"}]


def kept(tx, name, state="buffered", delivered_to=None, **correlation):
    """A message in the tables; answers its number."""
    given = {"name": name, "state": state, "to": delivered_to, "correlation": json_text.encode(correlation).decode()}
    return tx.execute(_KEPT, given).scalar_one()


def test_a_message_waits_anew_that_came_too_late_for_this_instance(tx):
    mine, other = standing_instance(tx, "order"), standing_instance(tx, "order")
    late, theirs, meant = (kept(tx, "x", "delivered", to) for to in (mine, other, mine))
    inbox.buffer_again(tx, [late, theirs], mine)
    assert column(tx, "state", "message") == ["buffered", "delivered", "delivered"]
    assert meant > theirs


# ---- messages


def test_a_receiver_waits_for_a_message_of_that_name_and_of_fewer_keys(tx):
    given = {"order_no": "SO-1"}
    many = given | {str(number): "x" for number in range(9)}
    own = standing_instance(tx, "order")
    standing_wait(tx, own, "order.cancelled", kind="signal", order_no="SO-1")
    standing_wait(tx, own, "order.changed", order_no="SO-1")
    standing_wait(tx, own, "order.cancelled", order_no="SO-2")
    assert (routing.receivers(tx, "order.cancelled", given), routing.receivers(tx, "order.cancelled", many)) == ([], [])
    standing_wait(tx, own, "order.cancelled", order_no="SO-1")
    for asked in (given, many):
        assert [each.instance_id for each in routing.receivers(tx, "order.cancelled", asked)] == [own]


def test_a_signal_is_heard_by_who_waits_for_one_of_that_name(tx):
    for kind, name in (("message", "stock.taken"), ("signal", "stock.moved")):
        standing_wait(tx, standing_instance(tx, "order"), name, kind=kind)
    assert routing.signalled(tx, "stock.taken") == []
    heard = standing_instance(tx, "order")
    standing_wait(tx, heard, "stock.taken", kind="signal")
    assert routing.signalled(tx, "stock.taken") == [heard]


def test_a_process_is_begun_in_its_latest_version_that_is_in_use_by_what_its_start_event_says(tx):
    for key, kind, name, latest, retired in (
        ("right", "message", "order.received", True, False),
        ("other-kind", "signal", "order.received", True, False),
        ("other-name", "message", "order.changed", True, False),
        ("replaced", "message", "order.received", False, False),
        ("retired", "message", "order.received", True, True),
    ):
        standing_instance(tx, key)
        tx.execute(
            text("UPDATE process_version SET latest = :l, retired = :r WHERE process_key = :k"), {"k": key, "l": latest, "r": retired}
        )
        tx.execute(_START_EVENT, {"key": key, "kind": kind, "name": name})
    assert [each.process_key for each in routing.starters(tx, "message", "order.received")] == ["right"]


def test_a_message_that_comes_again_is_known_by_its_name_and_its_id(tx, runtime):
    for name, number in (("order.received", "1"), ("order.received", "2"), ("order.changed", "1")):
        messages.publish(runtime, tx, Message(name, {"no": number}, message_id=number))
    assert messages.publish(runtime, tx, Message("order.received", {"no": "1"}, message_id="1")).state == "duplicate"


def test_a_message_that_came_too_late_is_for_the_next_place_that_waits_for_just_that(tx):
    mine, _ = kept(tx, "order.cancelled", order_no="SO-1"), kept(tx, "order.changed", order_no="SO-1")

    def next_place(*waits):
        places = [Subscription(uuid4(), "wait", "message", name, {"order_no": number}) for name, number in waits]
        stretch = SimpleNamespace(tx=tx, execution=SimpleNamespace(waits=Waits(subscriptions=tuple(places))))
        found = apply._next_place(stretch, mine)
        return next((index for index, place in enumerate(places) if place.task_id == found), None)

    assert next_place(("order.changed", "SO-1"), ("order.cancelled", "SO-2")) is None
    assert next_place(("order.changed", "SO-1"), ("order.cancelled", "SO-2"), ("order.cancelled", "SO-1")) == 2


@pytest.fixture
def quotes(world):
    elements = m.start() + m.catch("accepted", "quote_accepted", "={ quote_no: quote_no }", "acceptance") + m.end()
    world.deploy(m.bundle("quote", elements, "start -> accepted -> done", outside=m.message("quote.accepted")))
    return world


def test_a_new_wait_is_given_a_kept_message_of_its_name_and_keys_whose_time_is_not_over(quotes):
    with quotes.database.transaction() as tx:
        over = kept(tx, "quote.accepted", quote_no="Q-1")
        tx.execute(text("UPDATE message SET expires_at = business_now() - interval '1 minute'"))
        wrong = [kept(tx, "quote.declined", quote_no="Q-1"), kept(tx, "quote.accepted", quote_no="Q-2")]
    instance = quotes.start("quote", {"quote_no": "Q-1"})
    assert quotes.all("SELECT 1 FROM inbox") == []
    with quotes.database.transaction() as tx:
        right = kept(tx, "quote.accepted", quote_no="Q-3")
    instance = quotes.start("quote", {"quote_no": "Q-3"})
    states = dict(map(tuple, quotes.all("SELECT id, state FROM message")))
    assert states == {over: "buffered", **dict.fromkeys(wrong, "buffered"), right: "delivered"}
    assert [row.instance_id for row in quotes.all("SELECT instance_id FROM inbox")] == [instance]


def test_a_message_from_before_is_kept_from_a_later_instance_only_by_an_earlier_one_of_its_own_process(quotes):
    with quotes.database.transaction() as tx:
        standing_instance(tx, "another-process", "Q-1")
        tx.execute(text("UPDATE instance SET started_at = now() - interval '1 day'"))
        kept(tx, "quote.accepted", quote_no="Q-1")
    quotes.start("quote", {"quote_no": "Q-1"}, business_key="Q-1")
    assert quotes.one("SELECT state FROM message").state == "delivered"


def test_a_kept_message_that_another_took_in_this_moment_is_his(quotes, monkeypatch):
    """It was free when it was looked for, and is taken when it is locked."""
    with quotes.database.transaction() as tx:
        other = standing_instance(tx, "order")
        number = kept(tx, "quote.accepted", quote_no="Q-1")

    def beaten(tx, _lock, keys, **_how):
        tx.execute(text("UPDATE message SET state = 'delivered', delivered_to = :other"), {"other": other})
        return list(keys)

    monkeypatch.setattr(outgoing, "take", beaten)
    quotes.start("quote", {"quote_no": "Q-1"})
    with quotes.database.transaction() as tx:
        assert of(tx, number, "delivered_to", "message") == other
        assert column(tx, "instance_id", "inbox") == []


# ---- saving and calling


def test_an_instance_is_saved_over_the_version_it_was_read_in_and_under_the_lease_it_was_taken_with(quotes):
    instance, _ = (quotes.start("quote", {"quote_no": number}) for number in ("Q-1", "Q-2"))
    before_writing = STEPS[: STEPS.index(write)]

    def stretch(tx, **more):
        return take_steps(Stretch(quotes.runtime, tx, lock(tx, instance), **more), before_writing)

    for change, token in (("lock_version = lock_version + 1", None), ("lease_owner = gen_random_uuid()", uuid4())):
        with quotes.database.transaction() as tx:
            begun = stretch(tx, token=token)
            tx.execute(text(f"UPDATE instance SET {change}"))
            with pytest.raises(LostLease):
                write(begun)
            tx.rollback()
    with quotes.database.transaction() as tx:
        token = uuid4()
        tx.execute(text("UPDATE instance SET lease_owner = :token"), {"token": token})
        write(stretch(tx, token=token))


@pytest.fixture
def jobs(world):
    world.deploy(m.bundle("job", m.start() + m.service("book", "carrier.book", order_no="order_no") + m.end(), "start -> book -> done"))
    for number in range(3):
        world.start("job", {"order_no": f"SO-{number}"})
    return [row.instance_id for row in world.all("SELECT instance_id FROM work ORDER BY id")]


def test_a_worker_makes_the_calls_of_its_own_instance(world, jobs):
    instance = jobs[-1]  # the other calls come before it, by their ids
    advance(world.runtime, instance)
    assert [key.split(":")[0] for _, key, _ in world.stage.calls] == [str(instance)]
    left = {row.instance_id: row.state for row in world.all("SELECT instance_id, state FROM work")}
    assert left == dict.fromkeys(jobs[:-1], "ready")


def test_a_call_that_waits_for_its_time_is_not_made(world, jobs):
    world.do("UPDATE work SET state = 'waiting'")
    with world.database.transaction() as tx:
        stretch = Stretch(world.runtime, tx, lock(tx, jobs[0]))
        assert outside_calls.next_calls(stretch, ()) == []


def test_incidents_are_resolved_once_by_who_resolves_them(tx):
    mine, other = standing_instance(tx, "order"), standing_instance(tx, "order")
    for each in (mine, other):
        failures.open_for_instance(tx, each, PROBLEM)
    own, theirs = column(tx, "id", "incident")
    failures.open_for_instance(tx, mine, Problem("It hangs.", code="hanging", next_step="Push it."))
    failures.resolve(tx, mine, [own, theirs], "olga", "Mended.")
    failures.resolve(tx, mine, [own], "otto", "Again.")
    assert [tuple(row) for row in tx.execute(text("SELECT state, resolved_by FROM incident ORDER BY id"))] == [
        ("resolved", "olga"), ("open", None), ("open", None),
    ]  # fmt: skip


# ---- timers


def test_a_timer_is_moved_by_itself_and_until_it_has_fired(tx):
    due = datetime(2030, 1, 1, tzinfo=UTC)
    mine, other, fired = (timer(tx, has_fired=has_fired) for has_fired in (False, False, True))
    timers.move(tx, mine, due)
    assert of(tx, mine, "due_at", "timer") == due
    assert of(tx, other, "due_at", "timer") < due
    with pytest.raises(Conflict, match="has fired"):
        timers.move(tx, fired, due)
    with pytest.raises(NotFound):
        timers.move(tx, uuid4(), due)


def timer(tx, *, has_fired=False, instance=None, minutes=-1) -> UUID:
    """A timer of an instance, which is due in so many minutes."""
    number = uuid4()
    given = {"id": number, "instance": instance or standing_instance(tx, "order"), "fired": has_fired, "minutes": minutes}
    tx.execute(_TIMER, given)
    return number


def test_a_tick_fires_what_is_due_and_not_fired_of_the_instances_it_can_lock(database, runtime):
    with database.transaction() as tx:
        mine, busy, later = (standing_instance(tx, "order") for _ in range(3))
        due = timer(tx, instance=mine)
        timer(tx, has_fired=True, instance=mine, minutes=-5)
        timer(tx, instance=mine, minutes=60)
        timer(tx, instance=busy)
        timer(tx, instance=later, minutes=60)
    with database.transaction() as neighbour, database.transaction() as tx, database.transaction() as third:
        lock(neighbour, busy)
        assert timers.tick(runtime, tx) == 1
        assert tx.scalars(text("SELECT body->>'task_id' FROM inbox")).all() == [str(due)]
        third.execute(text("SELECT FROM instance WHERE id = :id FOR UPDATE NOWAIT"), {"id": later})


def test_what_has_fired_takes_no_place_in_a_round_of_the_clock(database, runtime):
    with database.transaction() as tx:
        timer(tx, has_fired=True, minutes=-5)
        timer(tx)
    with database.transaction() as tx:
        assert timers.tick(replace(runtime, limits=Limits(batch=1)), tx) == 1


def test_what_one_instance_waits_for_no_longer_another_still_does(world):
    late = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT4H</bpmn:timeDuration></bpmn:timerEventDefinition>"
    keys = f"<bpmn:extensionElements>{m.properties(correlation='={ order_no: order_no }')}</bpmn:extensionElements>"
    called = f'{keys}<bpmn:messageEventDefinition messageRef="order_cancelled"/>'
    elements = m.start() + m.user("decide") + m.boundary("late", "decide", late) + m.boundary("gone", "decide", called)
    elements += m.end("decided") + m.end("expired") + m.end("over")
    flow = "start -> decide -> decided\nlate -> expired\ngone -> over"
    world.deploy(m.bundle("race", elements, flow, outside=m.message("order.cancelled")))
    mine, other = (world.start("race", {"order_no": number}) for number in ("SO-1", "SO-2"))
    world.do("UPDATE timer SET due_at = now() - interval '1 minute' WHERE instance_id = :id", id=mine)
    with world.database.transaction() as tx:
        timers.tick(world.runtime, tx)
    run_until_idle(world.runtime)
    assert {row.instance_id: row.state for row in world.all("SELECT * FROM user_task")} == {mine: "cancelled", other: "open"}
    for table in ("timer", "subscription"):
        assert [row.instance_id for row in world.all(f"SELECT instance_id FROM {table}")] == [other], table


_KEPT = text("""
INSERT INTO message (name, correlation, payload, payload_hash, state, delivered_to, expires_at)
VALUES (:name, CAST(:correlation AS jsonb), '{}', '', :state, :to, now() + interval '1 hour') RETURNING id
""")
_START_EVENT = text("""
INSERT INTO start_event (process_version_id, element_id, kind, name) SELECT id, 'start', :kind, :name FROM process_version
WHERE process_key = :key
""")
_TIMER = text("""
INSERT INTO timer (id, instance_id, element_id, kind, due_at, fired)
VALUES (:id, :instance, 'pause', 'event', now() + make_interval(mins => :minutes), :fired)
""")
