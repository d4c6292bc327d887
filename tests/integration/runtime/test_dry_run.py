"""A real dry run: at the time of its scenario, on the data there is, and gone with everything it did."""

from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.models.check import CheckedBundle, reload
from engine.runtime.dry_run.rehearsal import play_really
from engine.runtime.dry_run.scenario import scenario_of
from engine.runtime.state.effects import EffectLedger
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from engine.runtime.verbs.messages import Message
from engine.service_tasks import ServiceTasks, TaskContext
from engine.store.clock import business_now
from engine.store.locks import Lock, take
from tests import tiny_models as m

MORNING = "2031-05-05T08:00:00+00:00"


@dataclass(frozen=True)
class Load:
    load_no: str


@dataclass(frozen=True)
class Told:
    at: str
    actor: str
    key: str


class Bell:
    """Whoever hears it would wake a worker."""

    def __init__(self) -> None:
        self.rung: list[object] = []

    def ring(self, _tx: Session, instance_ids) -> None:
        self.rung += instance_ids

    def run(self, handle) -> None:
        raise AssertionError(handle)

    def stop(self) -> None:
        raise AssertionError


def tasks() -> ServiceTasks:
    known = ServiceTasks()

    @known.register("load.tell")
    def tell(load: Load, tx: Session, runtime: Runtime, context: TaskContext, ledger: EffectLedger) -> Told:
        """Write a message and a mail, and say what time it is."""
        messages.publish(runtime, tx, Message("load.told", {"load_no": load.load_no}, {}, actor=context.actor))
        ledger.record("mail", "driver@example.com", {"load_no": load.load_no})
        return Told(business_now(tx).isoformat(), context.actor or "", context.business_key or "")

    @known.register("load.lock")
    def lock(load: Load, tx: Session) -> None:
        """Lock a message that somebody else may hold."""
        take(tx, Lock.MESSAGE, [int(load.load_no)])

    return known


def stage(handler: str) -> CheckedBundle:
    elements = (
        m.start()
        + m.user("approve", candidateGroups="sales", resultVariable="answer")
        + m.timer("rest", "P1D")
        + m.service("tell", handler, "told", load_no="load_no")
        + m.end()
    )
    return reload(m.bundle("load", elements, "start -> approve -> rest -> tell -> done"))


def scenario(load_no: str, *steps):
    told = {"process": "load", "now": MORNING, "given": {"load_no": load_no}, "business_key": load_no, "steps": list(steps)}
    return scenario_of(told)


STEPS = {"person": "approve", "as": "sam", "does": {"approved": True}}, {"clock": "P1D"}


@pytest.fixture
def runtime(database) -> Runtime:
    return Runtime(database, tasks(), {}, Bell())


def test_it_happens_at_its_own_time_is_heard_by_nobody_and_leaves_the_transaction_as_it_was(runtime):
    with runtime.database.transaction() as tx:
        before = business_now(tx)
        run = play_really(stage("load.tell"), scenario("L-1", *STEPS), runtime, tx)
        assert tx.scalar(text("SELECT count(*) FROM message")) == 0
        assert business_now(tx) == before
    told = run.variables["told"]
    assert (run.state, run.fault) == ("completed", None)
    assert datetime.fromisoformat(told["at"]) == datetime.fromisoformat("2031-05-06T08:00:00+00:00")
    assert told["key"] == "L-1"
    assert [(each.kind, each.target) for each in run.effects] == [("mail", "driver@example.com")]
    assert runtime.dispatcher.rung == []


def test_what_somebody_is_at_work_on_is_said_to_be_busy_and_nobody_waits(runtime):
    with runtime.database.transaction() as tx:
        messages.publish(runtime, tx, Message("load.told", {}, {}))
    with runtime.database.transaction() as tx:
        number = tx.scalar(text("SELECT id FROM message"))
    with runtime.database.transaction() as busy, runtime.database.transaction() as tx:
        take(busy, Lock.MESSAGE, [number])
        run = play_really(stage("load.lock"), scenario(str(number), *STEPS), runtime, tx)
        assert run.state == "failed"
        assert run.waiting.failed[0].kind == "rows_busy"
