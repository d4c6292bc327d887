"""An effect leaves that is pending and due, and what happens to it meanwhile is not overwritten."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state import effects
from engine.runtime.state.effects import Effect, EffectLedger, EffectSink
from engine.runtime.state.limits import Limits
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import ServiceTasks, TaskContext


class Sink:
    """The outside, while which something else happens to the ledger."""

    def __init__(self, database, meanwhile, error=None):
        self.database, self.meanwhile, self.error, self.got = database, meanwhile, error, []

    def deliver(self, effect, attempt):
        self.got.append(effect.key)
        with self.database.transaction() as tx:
            tx.execute(text(self.meanwhile))
        if self.error:
            raise self.error
        return {}


def delivering(runtime, meanwhile, error=None, most=500):
    sink = Sink(runtime.database, meanwhile, error)
    effects.deliver(replace(runtime, ports={EffectSink: sink}, limits=replace(runtime.limits, batch=most)))
    with runtime.database.transaction() as tx:
        return sink.got, tx.scalars(text("SELECT state FROM effect ORDER BY key")).all()


@pytest.fixture
def ledger(database):
    runtime = Runtime(database, ServiceTasks(), {}, NullDispatcher(), Limits())
    with database.transaction() as tx:
        effects.record(tx, *(Effect(key, "mail", "a@b.example", {}) for key in ("a", "b")))
        tx.execute(text("UPDATE effect SET due_at = due_at - interval '1 minute' WHERE key = 'a'"))
    return runtime


NOTHING = "SELECT 1"


@pytest.mark.parametrize(
    ("change", "got", "states"),
    [
        ("state = 'sent', due_at = now() - interval '1 hour'", ["b"], ["sent", "sent"]),
        ("due_at = now() + interval '1 hour'", ["b"], ["pending", "sent"]),
    ],
)
def test_an_effect_leaves_that_is_pending_and_due(ledger, change, got, states):
    with ledger.database.transaction() as tx:
        tx.execute(text(f"UPDATE effect SET {change} WHERE key = 'a'"))
    assert delivering(ledger, NOTHING, most=1) == (got, states)


@pytest.mark.parametrize("change", ["state = 'sent'", "due_at = now() + interval '1 hour'"])
def test_an_effect_that_another_clock_took_meanwhile_does_not_leave_twice(ledger, change):
    assert delivering(ledger, f"UPDATE effect SET {change} WHERE key = 'b'")[0] == ["a"]


@pytest.mark.parametrize("error", [None, ConnectionError("503")])
def test_an_answer_that_comes_after_the_effect_was_settled_otherwise_changes_nothing(ledger, error):
    with ledger.database.transaction() as tx:
        tx.execute(text("UPDATE effect SET attempts = 11"))
    got, states = delivering(ledger, "UPDATE effect SET state = 'kept' WHERE key = 'a' AND state = 'pending'", error)
    assert (got, states) == (["a", "b"], ["kept", "failed" if error else "sent"])


def test_what_leaves_once_is_recorded_once_whichever_instance_comes_to_the_step(ledger):
    """An operator begins an instance anew or takes it back: the invoice has left already."""
    with ledger.database.transaction() as tx:
        tx.execute(text("DELETE FROM effect"))
        for instance in (UUID(int=1), UUID(int=2)):
            context = TaskContext(instance, None, "billing", "send", UUID(int=9), f"{instance}:send", 1, None, datetime.now(UTC))
            told = EffectLedger(context)
            told.record("invoice", "a@b.example", {"invoice_no": "INV-000001"}, once="INV-000001")
            told.record("mail", "a@b.example", {"text": "Hello"})
            effects.record(tx, *(replace(each, instance_id=None) for each in told.recorded))  # there are no such instances here
        assert sorted(tx.scalars(text("SELECT kind FROM effect"))) == ["invoice", "mail", "mail"]
