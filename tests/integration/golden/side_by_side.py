"""A company in which everything is there twice: two customers, two warehouses, two items, and an order of each customer.

What a query does not ask for by its own number, it finds of the other.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.catalog.model import ItemClass
from handlers.inventory.stock import Receipt
from handlers.orders.receiving import receive_stock
from handlers.parties.master_data import AddressDraft, CustomerDraft, add_customer
from handlers.rowsets import insert_rows
from tests.integration.golden.builders import SHIP_TO, SKU, D, Sold, company, customer, item, order, warehouse
from tests.steps import commit_step

LAMPS, CHAIR = "C-LAMPS", "PATIENT-CHAIR"
GRAZ = SHIP_TO | {"name": "Lamps & Sons", "street": "Murgasse 7", "city": "Graz", "postal_code": "8010"}


@dataclass(frozen=True)
class Two:
    """An order and its one group, and those of the neighbour; the neighbour's numbers come first."""

    order_no: str
    group: str
    other_order: str
    other_group: str


def two_orders(tx: Session) -> Two:
    """60 tables and 5 chairs from Linz for the mirror maker, 1 table and 40 chairs from Graz for the lamp maker."""
    company(tx)
    customer(tx)
    draft = CustomerDraft(customer_no=LAMPS, name="Lamps & Sons", country="AT", currency="EUR", email="hello@lamps.example")
    add_customer(tx, draft, [AddressDraft(**{name: GRAZ[name] for name in ("name", "street", "city", "postal_code", "country")})])
    item(tx)
    insert_rows(tx, ItemClass, [{"code": "SEATING", "margin_floor_pct": 10}])
    item(tx, CHAIR, item_class="SEATING")
    warehouse(tx)
    warehouse(tx, "GRAZ", name="Warehouse Graz", street="Murgasse 7", city="Graz", postal_code="8010", handling_days=3)
    commit_step(tx)
    for place in ("LINZ", "GRAZ"):
        for sku in (SKU, CHAIR):
            opening = Receipt(sku=sku, warehouse_code=place, qty=D(100), unit_cost=D(14), reference=f"{place}-{sku}", kind="OPENING")
            receive_stock(tx, [opening])
            commit_step(tx)
    other = order(
        tx, [Sold("1", "22.50"), Sold("40", "99.00", sku=CHAIR)], customer_no=LAMPS, customer_po="PO-9", ship_to=GRAZ, incoterm="DAP"
    )
    mine = order(tx, [Sold("60", "22.50"), Sold("5", "99.00", sku=CHAIR)])
    for table in ("fulfil_group", "fulfil_line"):
        tx.execute(text(f"UPDATE {table} SET warehouse_code = 'GRAZ' WHERE order_no = :no"), {"no": other.order_no})
    tx.execute(text("UPDATE order_line SET item_class = 'SEATING' WHERE sku = :sku"), {"sku": CHAIR})
    commit_step(tx)
    return Two(mine.order_no, mine.groups[0], other.order_no, other.groups[0])
