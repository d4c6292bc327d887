"""What an order costs from intake to cash, by its number of lines: all from stock, in one group, one invoice and one payment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from api.benchmarks.meter import metered
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
#: Orders that run before, and their lines: as often as a statement has to come before it is prepared.
_WARM_UP = 6
#: Of a list of tasks.
_MOST_TASKS = 1000
_ENOUGH = Decimal(10_000_000)
#: A customer whose credit no order of the benchmark reaches, and who takes no discount.
_CUSTOMER = CustomerDraft(
    customer_no="BENCH", name="Benchmark GmbH", country="AT", currency="EUR", region="AT-9", credit_limit=_ENOUGH, order_limit=_ENOUGH
)
_SHIP_TO = AddressDraft(name=_CUSTOMER.name, street="Ring 1", city="Wien", postal_code="1010", region="AT-9", country="AT")


@dataclass(frozen=True, slots=True)
class OrderCost:
    """What an order cost, on the average of those that went together: milliseconds of wall and processor, statements, commits, kilobytes.

    `engine_ms` is this process, `database_ms` the server where it is on this machine, `papers_ms` the process that makes papers;
    `storage_kb` leaves the contents of papers out.
    """

    lines: int
    orders: int
    wall_ms: float
    engine_ms: float
    database_ms: float | None
    papers_ms: float
    statements: float
    commits: float
    storage_kb: float
    papers_kb: float
    phases: dict[str, float]
    #: Statements of one order by call site and beginning, the most frequent first; empty unless asked for.
    callers: list[tuple[float, str, str]]


def run(database: Database, sizes: tuple[int, ...], orders: int = 1, *, callers: bool = False) -> list[OrderCost]:
    """Drive orders of each size to cash on a fresh, migrated database, so many together; small ones run first to load what loads once.

    Together means: every order is taken in by itself, and a worker finds all of them at once; what people do they do one by one; one bank
    statement pays for all.
    """
    load_company(database)
    runtime = Runtime(database=database, service_tasks=service_tasks(), ports=ports(), dispatcher=NullDispatcher())
    deploy_content(Product(Settings(), database, runtime), actor="benchmark")
    _stock_items(runtime, max(*sizes, _WARM_UP), rounds=(len(sizes) + _WARM_UP) * orders)
    for _ in range(_WARM_UP):
        _drive(runtime, _WARM_UP, 1)
    return [_measured(runtime, lines, orders, callers=callers) for lines in sizes]


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


def _measured(runtime: Runtime, lines: int, orders: int, *, callers: bool) -> OrderCost:
    with metered(runtime.database, callers=callers) as meter:
        phases = _drive(runtime, lines, orders)
    return OrderCost(
        lines,
        orders,
        wall_ms=round(meter.wall_ms / orders, 1),
        engine_ms=round(meter.engine_ms / orders, 1),
        database_ms=None if meter.database_ms is None else round(meter.database_ms / orders, 1),
        papers_ms=round(meter.papers_ms / orders, 1),
        statements=round(meter.statements / orders, 1),
        commits=round(meter.commits / orders, 1),
        storage_kb=round(meter.storage_bytes / orders / 1000, 1),
        papers_kb=round(meter.paper_bytes / orders / 1000, 1),
        phases={name: round(ms / orders, 1) for name, ms in phases.items()},
        callers=[(round(count / orders, 2), *key) for key, count in meter.callers.most_common()],
    )


def _drive(runtime: Runtime, lines: int, orders: int) -> dict[str, float]:
    phases: dict[str, float] = {}
    with _phase(phases, "promise"):
        order_nos = [_take_in(runtime, lines) for _ in range(orders)]
        run_until_idle(runtime)
    with _phase(phases, "ship"):
        for group_no in _all(runtime, "SELECT group_no FROM fulfil_group WHERE order_no = ANY(:nos)", order_nos):
            _tell(runtime, Message(name="group.released", correlation={"group_no": group_no}, payload={"group_no": group_no}))
        run_until_idle(runtime)
        _decide(runtime, "pick_and_pack", {"packages": 1, "weight_kg": lines})
        _decide(runtime, "confirm_shipment", {"handed_over": True})
    with _phase(phases, "collect"):
        _pay(runtime, order_nos)
    unpaid = _all(
        runtime,
        "SELECT order_no FROM invoice JOIN open_item ON document_no = invoice_no WHERE order_no = ANY(:nos) AND open_amount <> 0",
        order_nos,
    )
    if unpaid:
        raise Conflict(f"Order {unpaid[0]} was not paid.", code="benchmark_stuck", next_step="Run `ordercraft demo --headless` to see why.")
    return phases


def _take_in(runtime: Runtime, lines: int) -> str:
    draft = OrderDraft(
        customer_no=_CUSTOMER.customer_no,
        customer_po=f"BENCH-{time.time_ns()}",
        source="BENCH",
        lines=[LineDraft(sku=f"BENCH-{number:05}", qty=Decimal(1)) for number in range(lines)],
    )
    with runtime.database.transaction() as tx:
        return take_in(runtime, tx, draft)


def _pay(runtime: Runtime, order_nos: list[str]) -> None:
    with runtime.database.transaction() as tx:
        opening = tx.execute(text("SELECT coalesce(sum(amount), 0) FROM receipt")).scalar_one()
        owed = tx.execute(_OWED, {"nos": order_nos}).all()
        content = statement_of(f"BENCH-{order_nos[0]}", [Payment(row.invoice_no, row.gross_total, "EUR") for row in owed], opening=opening)
        statement_no = take_in_file(tx, content).statement_nos[0]
    payload = {"statement_no": statement_no}
    _tell(runtime, Message(name="statement.received", correlation=payload, payload=payload, business_key=statement_no))
    run_until_idle(runtime)


def _tell(runtime: Runtime, message: Message) -> None:
    with runtime.database.transaction() as tx:
        messages.publish(runtime, tx, message)


def _decide(runtime: Runtime, element_id: str, data: dict[str, Any]) -> None:
    """Complete every open task of a step, each in a transaction of its own, as people do."""
    while True:
        with runtime.database.transaction() as tx:
            tasks = worklist.list_tasks(tx, _EVERYBODY, worklist.Filter(element_id=element_id), Asked(_MOST_TASKS)).rows
        if not tasks:
            break
        for task in tasks:
            with runtime.database.transaction() as tx:
                user_tasks.complete(runtime, tx, task.id, data, user_tasks.Completion(_EVERYBODY))
    run_until_idle(runtime)


def _all(runtime: Runtime, statement: str, order_nos: list[str]) -> list[str]:
    with runtime.database.transaction() as tx:
        return list(tx.execute(text(statement), {"nos": order_nos}).scalars())


@contextmanager
def _phase(phases: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    phases[f"{name}_ms"] = round((time.perf_counter() - begun) * 1000, 1)


_OWED = text("SELECT invoice_no, gross_total FROM invoice WHERE order_no = ANY(:nos) ORDER BY invoice_no")
