"""A small trading company for the tests of orders: anvils in Vienna, a maker who drop-ships, customers with and without credit."""

from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from sqlalchemy import event, text

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import TaskContext
from handlers.catalog import master_data as catalog
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import SupplyDraft, WarehouseDraft, add_warehouse, expect_supply
from handlers.ledger.books import open_books
from handlers.orders import tasks as orders
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.receiving import receive_stock
from handlers.parties import master_data as parties
from tests.unit.bpmn.test_decisions import decision

LINZ = parties.AddressDraft(name="Coyote Supply", street="Cliffside 1", city="Linz", postal_code="4020", country="AT")
ANYWHERE = [[{"source_type": "STOCK", "source": "*", "rank": 1}, {"source_type": "DROP", "source": "", "rank": 2}]]
STOCK_ONLY = [[{"source_type": "STOCK", "source": "VIENNA", "rank": 1, "transit_days": 1}]]


def D(value) -> Decimal:  # noqa: N802
    return Decimal(str(value))


def open_trade(tx) -> None:
    """The company, its books, one warehouse, two customers, four items and their prices."""
    parties.set_company(
        tx,
        parties.CompanyDraft(
            name="Ominous Anvils GmbH",
            country="AT",
            currency="EUR",
            city="Wien",
            postal_code="1010",
            vat_no="ATU12345675",
            peppol_id="9915:anvils",
        ),
    )
    open_books(tx, "EUR")
    add_warehouse(tx, WarehouseDraft(code="VIENNA", name="Wien Süd", country="AT", time_zone="UTC", cut_off=datetime.max.time()))
    add_coyote(tx)
    parties.add_supplier(tx, parties.SupplierDraft(supplier_no="S-ACME", name="Acme Makers", country="AT", currency="EUR"))
    catalog.add_price_list(tx, catalog.PriceListDraft(code="BASE-EUR", currency="EUR"))
    catalog.set_tax_rate(tx, catalog.TaxRateDraft(country="AT", category="S", rate_pct=D(20)))
    for sku, cost, price, sourcing in (
        ("OMINOUS-ANVIL", "14.00", "25.00", "STOCK"),
        ("TINY-PARASOL", "3.00", "10.00", "STOCK"),
        ("GIANT-MAGNET", "55.00", "80.00", "DROP"),
    ):
        catalog.add_item(tx, catalog.ItemDraft(sku=sku, name=sku.title(), cost=D(cost), sourcing=sourcing))
        catalog.set_price(tx, catalog.PriceDraft(price_list_code="BASE-EUR", sku=sku, unit_price=D(price)))
    catalog.set_item_class(tx, catalog.ItemClassDraft(code="HARDWARE", margin_floor_pct=D(18)))
    catalog.set_supplier_item(
        tx, catalog.SupplierItemDraft(supplier_no="S-ACME", sku="GIANT-MAGNET", price=D("55.00"), currency="EUR", lead_days=4)
    )


def add_coyote(tx, customer_no: str = "C-COYOTE", **more) -> None:
    given = {
        "credit_limit": D(10000),
        "order_limit": D(5000),
        "customer_class": "B",
        "email": "wile@coyote.example",
        "region": "EAST",
    } | more
    draft = parties.CustomerDraft(customer_no=customer_no, name="Coyote Supply", country="AT", currency="EUR", **given)
    parties.add_customer(tx, draft, [LINZ])


def stock(tx, sku: str, qty, cost="14.00", reference: str | None = None) -> None:
    receive_stock(
        tx, [Receipt(sku=sku, warehouse_code="VIENNA", qty=D(qty), unit_cost=D(cost), reference=reference or f"GR-{uuid4().hex[:8]}")]
    )


def supply_in(tx, sku: str, qty, days: int) -> None:
    due = tx.execute(text("SELECT current_date")).scalar_one() + timedelta(days=days)
    expect_supply(tx, SupplyDraft(reference=f"PO-{days}", sku=sku, warehouse_code="VIENNA", due_date=due, qty_open=D(qty), unit_cost=D(14)))


def order(tx, *lines: tuple[str, object], customer_no: str = "C-COYOTE", **more) -> str:
    drafts = [LineDraft(sku=sku, qty=D(qty)) for sku, qty in lines]
    return create_order(tx, OrderDraft(customer_no=customer_no, lines=drafts, **more))


def validated(tx, order_no: str) -> orders.Validation:
    """An order is checked, each finding is judged by the table, and what it says is done."""
    checked = orders.check_order(orders.OrderNumber(order_no), tx)
    kind = {"customer_class": checked.customer_class, "channel": checked.channel}
    rules = decision("order-to-promise", "validation-rules")
    answers = [rules.evaluate({**{k: v for k, v in finding.items() if k != "line_no"}, **kind}).value for finding in checked.findings]
    return orders.settle_findings(orders.SettleFindings(order_no, checked.findings, answers), tx)


def context(tx, actor: str | None = "olga.orders") -> TaskContext:
    now = tx.execute(text("SELECT now()")).scalar_one()
    return TaskContext(uuid4(), None, "order-to-promise", "step", uuid4(), "key", 1, actor, now)


def effects(tx) -> EffectLedger:
    return EffectLedger(context(tx))


@contextmanager
def counted_statements(database):
    """Counts the statements sent to the server."""
    sent: Counter[str] = Counter()

    def note(_connection, _cursor, statement, *_rest) -> None:
        sent[statement.split()[0]] += 1

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
