"""What an order costs from intake to cash, by its number of lines: all from stock, in one group, one invoice and one payment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import event, text

from api.bootstrap import ports
from api.content import deploy_content
from api.demo.bank import Payment, statement_of
from api.demo.company import load_company
from api.intake.ordering import take_in
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.problems import Conflict
from engine.runtime.post.mailbox import Message
from engine.runtime.read import worklist
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages, user_tasks
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.paging import Asked
from engine.store.unit_of_work import Database
from handlers.bulk import Row, Work
from handlers.catalog.imports import ITEMS, PRICES
from handlers.inventory.stock import Receipt
from handlers.orders.drafts import LineDraft, OrderDraft
from handlers.orders.receiving import receive_stock
from handlers.parties.master_data import AddressDraft, CustomerDraft, add_customer
from handlers.receivables.bank_files import take_in_file
from handlers.registry import service_tasks

_EVERYBODY = Person("edith", frozenset({"warehouse", "credit", "order-desk", "accounts-receivable"}), frozenset({"administer"}))
_WARM_UP = 5
_ENOUGH = Decimal(10_000_000)
#: A customer whose credit no order of the benchmark reaches, and who takes no discount.
_CUSTOMER = CustomerDraft(
    customer_no="BENCH", name="Benchmark GmbH", country="AT", currency="EUR", region="AT-9", credit_limit=_ENOUGH, order_limit=_ENOUGH
)
_SHIP_TO = AddressDraft(name=_CUSTOMER.name, street="Ring 1", city="Wien", postal_code="1010", region="AT-9", country="AT")


@dataclass(frozen=True, slots=True)
class OrderCost:
    """What one order cost: wall and processor time in milliseconds, by phase and in all, SQL statements and commits."""

    lines: int
    wall_ms: float
    cpu_ms: float
    statements: int
    commits: int
    phases: dict[str, float]


def run(database: Database, sizes: tuple[int, ...]) -> list[OrderCost]:
    """Drive one order of each size to cash on a fresh, migrated database; one small order runs first to load what loads once."""
    load_company(database)
    runtime = Runtime(database=database, service_tasks=service_tasks(), ports=ports(), dispatcher=NullDispatcher())
    deploy_content(Product(Settings(), database, runtime), actor="benchmark")
    _stock_items(runtime, max(*sizes, _WARM_UP), rounds=len(sizes) + 1)
    _drive(runtime, _WARM_UP)
    return [_measured(runtime, lines) for lines in sizes]


def _stock_items(runtime: Runtime, count: int, rounds: int) -> None:
    skus = [f"BENCH-{number:05}" for number in range(count)]
    cost, price = Decimal("7.00"), Decimal("12.50")
    work = Work(runtime=runtime, import_id=0, actor="benchmark")
    items = [{"sku": sku, "name": f"Part {sku}", "cost": cost, "weight_kg": Decimal(1)} for sku in skus]
    prices = [{"price_list_code": "BASE-EUR", "sku": sku, "unit_price": price} for sku in skus]
    with runtime.database.transaction() as tx:
        add_customer(tx, _CUSTOMER, [_SHIP_TO])
        for kind, given in ((ITEMS, items), (PRICES, prices)):
            rows = [Row(line_no=number, given=each) for number, each in enumerate(given)]
            kind.judge(tx, rows, writing=True)
            kind.write(tx, rows, work)
        receipts = [Receipt(sku=sku, warehouse_code="VIE", qty=Decimal(rounds), unit_cost=cost, reference="BENCH") for sku in skus]
        receive_stock(tx, receipts)


def _measured(runtime: Runtime, lines: int) -> OrderCost:
    with _counted(runtime.database) as counted:
        wall, cpu = time.perf_counter(), time.process_time()
        phases = _drive(runtime, lines)
        wall_ms, cpu_ms = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
    return OrderCost(lines, round(wall_ms, 1), round(cpu_ms, 1), counted["statements"], counted["commits"], phases)


def _drive(runtime: Runtime, lines: int) -> dict[str, float]:
    phases: dict[str, float] = {}
    with _phase(phases, "promise"):
        order_no = _order(runtime, lines)
    with _phase(phases, "ship"):
        group_no = _one(runtime, "SELECT group_no FROM fulfil_group WHERE order_no = :no", order_no)
        _tell(runtime, Message(name="group.released", correlation={"group_no": group_no}, payload={"group_no": group_no}))
        _decide(runtime, "pick_and_pack", {"packages": 1, "weight_kg": lines})
        _decide(runtime, "confirm_shipment", {"handed_over": True})
    with _phase(phases, "collect"):
        _pay(runtime, order_no)
    unpaid = _one(
        runtime,
        "SELECT count(*) FROM invoice JOIN open_item ON document_no = invoice_no WHERE order_no = :no AND open_amount <> 0",
        order_no,
    )
    if unpaid:
        raise Conflict(f"Order {order_no} was not paid.", code="benchmark_stuck", next_step="Run `ordercraft demo --headless` to see why.")
    return phases


def _order(runtime: Runtime, lines: int) -> str:
    draft = OrderDraft(
        customer_no=_CUSTOMER.customer_no,
        customer_po=f"BENCH-{time.time_ns()}",
        source="BENCH",
        lines=[LineDraft(sku=f"BENCH-{number:05}", qty=Decimal(1)) for number in range(lines)],
    )
    with runtime.database.transaction() as tx:
        order_no = take_in(runtime, tx, draft)
    run_until_idle(runtime)
    return order_no


def _pay(runtime: Runtime, order_no: str) -> None:
    invoice_no, amount = _row(runtime, "SELECT invoice_no, gross_total FROM invoice WHERE order_no = :no", order_no)
    with runtime.database.transaction() as tx:
        opening = tx.execute(text("SELECT coalesce(sum(amount), 0) FROM receipt")).scalar_one()
        content = statement_of(f"BENCH-{order_no}", [Payment(invoice_no, amount, "EUR")], opening=opening)
        statement_no = take_in_file(tx, content).statement_nos[0]
    payload = {"statement_no": statement_no}
    _tell(runtime, Message(name="statement.received", correlation=payload, payload=payload, business_key=statement_no))


def _tell(runtime: Runtime, message: Message) -> None:
    with runtime.database.transaction() as tx:
        messages.publish(runtime, tx, message)
    run_until_idle(runtime)


def _decide(runtime: Runtime, element_id: str, data: dict[str, Any]) -> None:
    with runtime.database.transaction() as tx:
        (task,) = worklist.list_tasks(tx, _EVERYBODY, worklist.Filter(element_id=element_id), Asked()).rows
        user_tasks.complete(runtime, tx, task.id, data, user_tasks.Completion(_EVERYBODY))
    run_until_idle(runtime)


def _one(runtime: Runtime, statement: str, order_no: str) -> Any:
    return _row(runtime, statement, order_no)[0]


def _row(runtime: Runtime, statement: str, order_no: str) -> Any:
    with runtime.database.transaction() as tx:
        return tx.execute(text(statement), {"no": order_no}).one()


@contextmanager
def _phase(phases: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    phases[f"{name}_ms"] = round((time.perf_counter() - begun) * 1000, 1)


@contextmanager
def _counted(database: Database) -> Iterator[dict[str, int]]:
    counted = {"statements": 0, "commits": 0}

    def count_statement(*_: Any) -> None:
        counted["statements"] += 1

    def count_commit(*_: Any) -> None:
        counted["commits"] += 1

    event.listen(database.engine, "before_cursor_execute", count_statement)
    event.listen(database.engine, "commit", count_commit)
    try:
        yield counted
    finally:
        event.remove(database.engine, "before_cursor_execute", count_statement)
        event.remove(database.engine, "commit", count_commit)
