"""A small house to run tiny diagrams in: service tasks that act out every outcome, and people."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.jobs.null_dispatcher import NullDispatcher
from engine.models.bundle import Bundle
from engine.runtime.read import history
from engine.runtime.read.explain import Explanation, explain
from engine.runtime.read.worklist import TaskRow
from engine.runtime.state.effects import EffectLedger
from engine.runtime.state.limits import Limits
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, start, user_tasks
from engine.runtime.verbs.start import StartOptions
from engine.service_tasks import Broken, Kind, NotYet, Refused, ServiceTasks, TaskContext
from engine.store.tables import incident
from engine.store.unit_of_work import Database
from tests.worklist import tasks_of

ALICE = Person("alice", frozenset({"sales"}))
BOB = Person("bob", frozenset({"sales"}))
CHARLIE = Person("charlie", frozenset({"finance"}))
OLGA = Person("olga", frozenset(), frozenset({"operate"}))


@dataclass(frozen=True)
class Order:
    order_no: str


@dataclass(frozen=True)
class Priced:
    total: Decimal
    currency: str


@dataclass(frozen=True)
class Booked:
    tracking_no: str
    attempt: int


@dataclass
class Stage:
    """What the service tasks are to act out, and what they were asked."""

    mode: str = "fine"
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    during: Any = None
    error: Exception | None = None

    def act(self, name: str, context: TaskContext) -> None:
        self.calls.append((name, context.idempotency_key, context.attempt))
        if self.during:
            self.during()
        if self.mode == "refused":
            raise Refused("PRICE_MISSING", "SKU-7 has no price")
        if self.mode == "broken":
            raise Broken("the price list is empty", next_step="Load the price list, then retry.")
        if self.mode == "not_yet":
            raise NotYet(timedelta(minutes=5), "the carrier sleeps")
        if self.mode == "failing":
            raise self.error or ConnectionError("503 from 10.0.0.7 for order SO-000017")


def service_tasks(stage: Stage) -> ServiceTasks:
    tasks = ServiceTasks()

    @tasks.register("orders.price", errors=("PRICE_MISSING",))
    def price(order: Order, context: TaskContext, tx: Session, ledger: EffectLedger) -> Priced:
        """Price an order."""
        tx.execute(text("INSERT INTO scratch (note) VALUES (:note)"), {"note": order.order_no})
        ledger.record("mail", "customer@example.com", {"order_no": order.order_no})
        stage.act("orders.price", context)
        return Priced(Decimal("119.90"), "EUR")

    @tasks.register("carrier.book", kind=Kind.EXTERNAL, errors=("PRICE_MISSING",))
    def book(order: Order, context: TaskContext, database: Database) -> Booked:
        """Book a carrier."""
        stage.act("carrier.book", context)
        return Booked(f"T-{order.order_no}", context.attempt)

    @tasks.register("bank.pay", kind=Kind.EXTERNAL, at_most_once=True)
    def pay(order: Order, context: TaskContext) -> None:
        """Pay a supplier."""
        stage.act("bank.pay", context)

    return tasks


class World:
    """Short words for what tests do all the time; each is one transaction."""

    def __init__(self, runtime: Runtime, stage: Stage) -> None:
        self.runtime = runtime
        self.stage = stage
        self.database = runtime.database

    def with_limits(self, **limits: Any) -> "World":
        return World(replace(self.runtime, limits=replace(self.runtime.limits, **limits)), self.stage)

    def another_process(self) -> "World":
        """The same database seen from a process with nothing in memory."""
        fresh = Runtime(self.database, self.runtime.service_tasks, {}, NullDispatcher(), self.runtime.limits)
        return World(fresh, self.stage)

    def deploy(self, bundle: Bundle) -> deploy.Deployment:
        with self.database.transaction() as tx:
            return deploy.deploy(self.runtime, tx, bundle, "ada")

    def start(self, key: str, variables: dict[str, Any] | None = None, **options: Any) -> UUID:
        with self.database.transaction() as tx:
            return start.start(self.runtime, tx, key, variables or {}, StartOptions(**options))

    def tasks(self, person: Person = ALICE) -> list[TaskRow]:
        with self.database.transaction() as tx:
            return tasks_of(tx, person)

    def complete(self, task_id: UUID, data: dict[str, Any], person: Person = ALICE, **more: Any) -> user_tasks.Completed:
        with self.database.transaction() as tx:
            return user_tasks.complete(self.runtime, tx, task_id, data, user_tasks.Completion(person, **more))

    def incidents(self, state: str = "open") -> list[Any]:
        with self.database.transaction() as tx:
            return list(tx.execute(select(incident).where(incident.c.state == state).order_by(incident.c.id.desc())))

    def explain(self, instance_id: UUID) -> Explanation:
        with self.database.transaction() as tx:
            return explain(tx, instance_id)

    def path(self, instance_id: UUID) -> list[str]:
        with self.database.transaction() as tx:
            entries = history.of(tx, instance_id)
        return [entry["element_id"] + ("" if entry["outcome"] == "completed" else f" {entry['outcome']}") for entry in entries]

    def row(self, instance_id: UUID) -> Any:
        return self.one("SELECT * FROM instance WHERE id = :id", id=instance_id)

    def one(self, sql: str, **values: Any) -> Any:
        with self.database.transaction() as tx:
            return tx.execute(text(sql), values).one()

    def all(self, sql: str, **values: Any) -> Any:
        with self.database.transaction() as tx:
            return tx.execute(text(sql), values).all()

    def do(self, sql: str, **values: Any) -> None:
        with self.database.transaction() as tx:
            tx.execute(text(sql), values)


def world_in(database: Database) -> World:
    """A house in the database; what its handlers write to is made where it lacks."""
    stage = Stage()
    with database.transaction() as tx:
        tx.execute(text("CREATE TABLE IF NOT EXISTS scratch (note text)"))
    return World(Runtime(database, service_tasks(stage), {}, NullDispatcher(), Limits()), stage)


@pytest.fixture
def world(database: Database) -> World:
    return world_in(database)


@pytest.fixture
def people() -> SimpleNamespace:
    return SimpleNamespace(alice=ALICE, bob=BOB, charlie=CHARLIE, olga=OLGA)
