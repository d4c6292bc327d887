"""A worker dies before every single statement it would send, one after the other: what follows is always the same end."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.advance.advance import advance
from engine.runtime.state.effects import EffectLedger
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, messages, start
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.service_tasks import Kind, ServiceTasks, TaskContext
from engine.store.unit_of_work import Database
from tests import tiny_models as m


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nothing below catches it."""


@dataclass(frozen=True)
class Line:
    order_no: str


def service_tasks(calls: list[str]) -> ServiceTasks:
    tasks = ServiceTasks()

    @tasks.register("carrier.book", kind=Kind.EXTERNAL)
    def book(line: Line, context: TaskContext) -> None:
        """Call the outside."""
        calls.append(context.idempotency_key)

    @tasks.register("ledger.post")
    def post(line: Line, context: TaskContext, tx: Session, ledger: EffectLedger) -> None:
        """Write to our own database."""
        tx.execute(text("INSERT INTO posting (key) VALUES (:key)"), {"key": context.idempotency_key})
        ledger.record("mail", "customer", {"order_no": line.order_no})

    return tasks


class House:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.calls: list[str] = []
        self.tasks = service_tasks(self.calls)
        steps = m.service("book", "carrier.book", order_no="order_no") + m.service("post", "ledger.post", order_no="order_no")
        elements = (
            m.start()
            + steps
            + m.catch("wait", "paid", "={ order_no: order_no }")
            + m.throw("tell", "told", payload="={ order_no: order_no }")
        )
        told = (
            m.start("hear", '<bpmn:messageEventDefinition messageRef="told"/>')
            + m.service("again", "ledger.post", order_no="order_no")
            + m.end("heard")
        )
        names = m.message("paid") + m.message("told")
        with database.transaction() as tx:
            tx.execute(text("CREATE TABLE posting (key text)"))
            flows = "start -> book -> post -> wait -> tell -> done"
            deploy.deploy(self.runtime(), tx, m.bundle("parent", elements + m.end(), flows, outside=names), "ada")
            deploy.deploy(self.runtime(), tx, m.bundle("child", told, "hear -> again -> heard", outside=names), "ada")

    def runtime(self) -> Runtime:
        """A process with nothing in memory."""
        return Runtime(self.database, self.tasks, {}, NullDispatcher())

    def begin(self, number: int) -> UUID:
        """An order whose call is due and whose message has come already."""
        with self.database.transaction() as tx:
            message = Message("paid", {"order_no": f"SO-{number}"}, message_id=f"paid-{number}")
            messages.publish(self.runtime(), tx, message)
            return start.start(self.runtime(), tx, "parent", {"order_no": f"SO-{number}"})

    def count(self, sql: str, **values: Any) -> int:
        with self.database.transaction() as tx:
            return int(tx.execute(text(sql), values).scalar_one())


@pytest.fixture
def house(own_database: Database) -> House:
    return House(own_database)


def die_before_statement(house: House, number: int, instance: UUID) -> bool:
    """Advance with a death before the given statement; answers whether there were so many."""
    sent = 0

    def count(*_: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == number:
            raise Killed

    event.listen(house.database.engine, "before_cursor_execute", count)
    try:
        advance(house.runtime(), instance)
    except Killed:
        return True
    finally:
        event.remove(house.database.engine, "before_cursor_execute", count)
    return False


def test_a_death_before_any_statement_changes_nothing_about_the_end(house: House):
    number = 0
    died = True
    while died:
        number += 1
        instance = house.begin(number)
        died = die_before_statement(house, number, instance)
        with house.database.transaction() as tx:
            tx.execute(text("UPDATE instance SET lease_until = now() - interval '1 second' WHERE lease_owner IS NOT NULL"))
        run_until_idle(house.runtime())
        assert house.count("SELECT count(*) FROM instance WHERE state = 'completed'") == 2 * number, number
        assert house.count("SELECT count(*) FROM posting") == 2 * number, number
        assert house.count("SELECT count(*) FROM effect WHERE state = 'kept'") == 2 * number, number
        assert len(set(house.calls)) == number, number
        twice = "SELECT count(*) FROM (SELECT 1 FROM history GROUP BY instance_id, element_id HAVING count(*) > 1) AS repeated"
        assert house.count(twice) == 0, number
    assert number > 15
