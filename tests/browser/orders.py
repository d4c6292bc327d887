"""A small company with orders, for the pages that show them."""

from datetime import date
from decimal import Decimal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from handlers.catalog.model import Item, ItemClass
from handlers.orders.model import Hold, OrderLine, SalesOrder
from handlers.parties.model import Customer
from tests.browser.site import Site


def take(tx: Session, order_no: str, customer_no: str = "C-1", *, po: str = "", lines: int = 1) -> None:
    tx.execute(
        insert(SalesOrder).values(
            order_no=order_no, source="API", state="SUBMITTED", customer_no=customer_no, customer_po=po, currency="EUR", net_days=30,
            incoterm="FCA", ordered_on=date(2026, 11, 2), net_total=Decimal(1000), tax_total=Decimal(200), gross_total=Decimal(1200),
        )
    )  # fmt: skip
    tx.execute(
        insert(OrderLine),
        [
            {"order_no": order_no, "line_no": number + 1, "sku": "CH-1", "uom": "EA", "qty_ordered": 4, "unit_net": 250, "line_net": 1000}
            for number in range(lines)
        ],
    )


def found_company(site: Site) -> None:
    """Two customers, one item, and an order of each; the second is on hold."""
    with site.database.transaction() as tx:
        names = {"C-1": "Möbelhaus Kärntner GmbH", "C-2": '=HYPERLINK("http://x") KG'}
        for number, name in names.items():
            tx.execute(insert(Customer).values(customer_no=number, name=name, country="AT", currency="EUR"))
        tx.execute(insert(ItemClass).values(code="HARDWARE", margin_floor_pct=15))
        tx.execute(insert(Item).values(sku="CH-1", name="Swivel chair Aurora", item_class="HARDWARE"))
        take(tx, "SO-000001", po="PO-7001")
        take(tx, "SO-000002", "C-2", po="100%_sure")
        tx.execute(insert(Hold).values(order_no="SO-000002", hold_code="CREDIT_HOLD", reason="Over the limit.", applied_by="credit-check"))
