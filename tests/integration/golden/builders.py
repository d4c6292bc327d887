"""A small company to test with: master data through the product's own functions, orders as promising leaves them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.effects import EffectLedger
from engine.service_tasks import TaskContext
from engine.store.unit_of_work import Database
from handlers.catalog.master_data import ItemDraft, SupplierItemDraft, TaxRateDraft, add_item, set_supplier_item, set_tax_rate
from handlers.catalog.model import ItemClass
from handlers.catalog.rules import tax_groups
from handlers.credit.model import CreditCheck
from handlers.documents.numbers import next_number
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import WarehouseDraft, add_warehouse
from handlers.ledger.bank_accounts import add_first_bank_account
from handlers.ledger.books import open_books
from handlers.orders.model import FulfilGroup, FulfilLine, OrderLine, SalesOrder
from handlers.orders.receiving import receive_stock
from handlers.parties.master_data import (
    AddressDraft,
    BankAccountDraft,
    CompanyDraft,
    CustomerDraft,
    SupplierDraft,
    add_customer,
    add_supplier,
    set_bank_account,
    set_company,
)
from handlers.receivables.bank_files import take_in_file
from handlers.rowsets import insert_rows
from handlers.values import round_currency
from tests.steps import commit_step

D = Decimal
CUSTOMER, SUPPLIER, SKU = "C-MIRROR", "S-OMINOUS", "INDIFFERENT-TABLE"
PAYER_IBAN = "AT611904300234573201"
ORDERED_ON = date(2026, 3, 9)
SHIP_TO = {
    "name": "Indifferent Mirror GmbH",
    "street": "Hauptstraße 1",
    "city": "Wien",
    "postal_code": "1010",
    "region": "",
    "country": "AT",
    "gln": "",
}


def context(now: datetime = datetime(2026, 3, 10, 9, tzinfo=UTC), *, task: int = 1, actor: str | None = "wanda") -> TaskContext:
    return TaskContext(UUID(int=1), "FG-000001", "fulfillment", "step", UUID(int=task), f"key-{task}", 1, actor, now)


def effects() -> EffectLedger:
    return EffectLedger(context())


def company(tx: Session, *, currency: str = "EUR", banks_in: str = "EUR") -> None:
    set_company(
        tx,
        CompanyDraft(
            name="Ordercraft Möbel GmbH",
            country="AT",
            currency=currency,
            street="Werkstraße 5",
            city="Linz",
            postal_code="4020",
            gln="9012345000004",
            vat_no="ATU12345675",
            legal_id="FN 123456a",
            email="billing@ordercraft.example",
            phone="+43 1 234567",
            iban="DE89370400440532013000",
            bic="COBADEFFXXX",
            bank_name="Commerzbank",
        ),
    )
    open_books(tx, currency)
    add_first_bank_account(tx, "DE89370400440532013000", banks_in)


def customer(tx: Session, **changes: Any) -> None:
    draft = CustomerDraft(
        **{
            "customer_no": CUSTOMER,
            "name": "Indifferent Mirror GmbH",
            "country": "AT",
            "currency": "EUR",
            "customer_class": "B",
            "net_days": 30,
            "discount_pct": D(2),
            "discount_days": 10,
            "email": "ap@mirror.example",
            "vat_no": "ATU87654324",
            "credit_limit": D(100000),
        }
        | changes
    )
    add_customer(tx, draft, [AddressDraft(**{name: SHIP_TO[name] for name in ("name", "street", "city", "postal_code", "country")})])
    set_bank_account(tx, BankAccountDraft(iban=PAYER_IBAN, customer_no=draft.customer_no, holder=draft.name))


def item(tx: Session, sku: str = SKU, **changes: Any) -> None:
    if tx.get(ItemClass, "HARDWARE") is None:
        insert_rows(tx, ItemClass, [{"code": "HARDWARE", "margin_floor_pct": 18}])
    add_item(
        tx,
        ItemDraft(
            **{"sku": sku, "name": f"Table {sku.lower()}", "item_class": "HARDWARE", "cost": D("14.00"), "weight_kg": D(3)} | changes
        ),
    )


def warehouse(tx: Session, code: str = "LINZ", **changes: Any) -> None:
    draft = {"code": code, "name": "Warehouse Linz", "country": "AT", "street": "Hafen 2", "city": "Linz", "postal_code": "4020"}
    add_warehouse(tx, WarehouseDraft(**draft | changes))


def on_stock(tx: Session, qty: str, *, sku: str = SKU, cost: str = "14.00", reference: str = "PO-STOCK-1") -> None:
    receive_stock(tx, [Receipt(sku=sku, warehouse_code="LINZ", qty=D(qty), unit_cost=D(cost), reference=reference, kind="OPENING")])


def supplier(tx: Session, supplier_no: str = SUPPLIER, *, sku: str = SKU, price: str = "55.00", **changes: Any) -> None:
    set_tax_rate(tx, TaxRateDraft(country="AT", category="S", rate_pct=D(20)))
    add_supplier(
        tx, SupplierDraft(supplier_no=supplier_no, name="Ominous Lamps SRL", country="AT", currency="EUR", email="orders@ominous.example")
    )
    draft = {"supplier_no": supplier_no, "sku": sku, "price": D(price), "currency": "EUR", "lead_days": 5}
    set_supplier_item(tx, SupplierItemDraft(**draft | changes))


@dataclass(frozen=True)
class Sold:
    """A line to sell: what it is, how many, at what net price, and in which parts it is shipped."""

    qty: str
    unit_net: str
    parts: tuple[str, ...] = ()
    sku: str = SKU
    list_price: str = ""
    cost: str = "14.00"
    tax_rate: str = "20"
    header_discount: str = "0"


@dataclass(frozen=True)
class Order:
    """An order as promising leaves it: one group for each part."""

    order_no: str
    groups: list[str] = field(default_factory=list)


def order(tx: Session, sold: list[Sold], *, freight: str = "0", kind: str = "STOCK", **changes: Any) -> Order:
    order_no = next_number(tx, "SO")
    currency = str(changes.get("currency", "EUR"))
    net = sum((_worth(line, currency) for line in sold), D(0))
    taxes = tax_groups([("S", D(line.tax_rate), _worth(line, currency)) for line in sold], freight=D(freight), currency=currency)
    tax = sum((group.tax for group in taxes), D(0))
    head: dict[str, Any] = {
        "order_no": order_no,
        "source": "API",
        "state": "SUBMITTED",
        "version_no": 1,
        "customer_no": CUSTOMER,
        "customer_po": "PO-4711",
        "bill_to": SHIP_TO,
        "ship_to": SHIP_TO,
        "currency": "EUR",
        "net_days": 30,
        "discount_pct": D(2),
        "discount_days": 10,
        "incoterm": "FCA",
        "ordered_on": ORDERED_ON,
        "freight": D(freight),
        "net_total": net,
        "tax_total": tax,
        "gross_total": net + D(freight) + tax,
    }
    insert_rows(tx, SalesOrder, [head | changes])
    insert_rows(tx, CreditCheck, [_approved(head | changes)])
    lines = [_line(order_no, number, line, currency) for number, line in enumerate(sold, start=1)]
    ids = [row["id"] for row in insert_rows(tx, OrderLine, lines, returning=["id"])]
    parts = max(len(line.parts) or 1 for line in sold)
    made = Order(order_no)
    for part in range(parts):
        group_no = next_number(tx, "FG")
        place = {"warehouse_code": "LINZ"} if kind == "STOCK" else {"supplier_no": SUPPLIER}
        insert_rows(tx, FulfilGroup, [{"group_no": group_no, "order_no": order_no, "kind": kind, "ship_date": date(2026, 3, 10), **place}])
        insert_rows(
            tx,
            FulfilLine,
            [
                {
                    "order_no": order_no,
                    "order_line_id": line_id,
                    "seq": part + 1,
                    "group_no": group_no,
                    "sku": line.sku,
                    "source_type": kind,
                    "qty": D((line.parts or (line.qty,))[part]),
                    "sched_ship": date(2026, 3, 10),
                    **place,
                }
                for line_id, line in zip(ids, sold, strict=True)
            ],
        )
        made.groups.append(group_no)
    return made


def _approved(head: dict[str, Any]) -> dict[str, Any]:
    """Credit as it was given to the order: nothing else was owed."""
    figures = ("open_ar", "unapplied", "shipped_not_invoiced", "booked_not_shipped", "secured", "exposure", "overdue_share_pct")
    return {
        **{name: head[name] for name in ("order_no", "customer_no", "currency")},
        **dict.fromkeys(figures, D(0)),
        "order_version": 1,
        "credit_limit": D(100000),
        "order_limit": D(100000),
        "available": D(100000),
        "order_total": head["gross_total"],
        "oldest_overdue_days": 0,
        "dunning_level": 0,
        "decision": "APPROVED",
        "decided_by": "system",
        "decided_at": datetime.now(UTC),
    }


def _worth(line: Sold, currency: str) -> D:
    return round_currency(D(line.qty) * D(line.unit_net), currency) - D(line.header_discount)


def _line(order_no: str, number: int, line: Sold, currency: str) -> dict[str, Any]:
    return {
        "order_no": order_no,
        "line_no": number,
        "sku": line.sku,
        "item_ref": line.sku,
        "description": f"Table {line.sku.lower()}",
        "item_class": "HARDWARE",
        "uom": "EA",
        "qty_ordered": D(line.qty),
        "list_price": D(line.list_price or line.unit_net),
        "unit_net": D(line.unit_net),
        "line_net": round_currency(D(line.qty) * D(line.unit_net), currency),
        "header_discount": D(line.header_discount),
        "cost": D(line.cost),
        "tax_category": "S",
        "tax_rate_pct": D(line.tax_rate),
        "weight_kg": D(3),
    }


def stored(tx: Session, content: bytes) -> list[str]:
    """The numbers of the statements of a file, taken as the API takes it: in a transaction of its own."""
    numbers = take_in_file(tx, content).statement_nos
    commit_step(tx)
    return numbers


def one(tx: Session, sql: str, **given: Any) -> Any:
    """The one value, or the one row as a tuple, of a query."""
    row = tx.execute(text(sql), given).one()
    return row[0] if len(row) == 1 else tuple(row)


def count_statements(database: Database) -> list[str]:
    """A list that grows with every statement sent to the database."""
    from sqlalchemy import event

    sent: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    return sent
