"""Every order line of Northwind, priced by the waterfall, comes to the figures that are known of it."""

import os
import sqlite3
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.catalog.rules import LineFacts, Terms, price_basket

SHARED_DATA = Path(os.environ.get("ORDERCRAFT_SHARED_DATA") or Path(__file__).parents[3].parent / "shared" / "data")
SCRIPT = SHARED_DATA / "northwind" / "northwind_sqlite_create.sql"


@pytest.mark.skipif(not SCRIPT.exists(), reason=f"the Northwind script is not at {SCRIPT}")
def test_830_orders_come_to_1_265_793_29_with_each_line_rounded():
    database = sqlite3.connect(":memory:")
    database.executescript(SCRIPT.read_text(encoding="utf-8"))
    orders = defaultdict(list)
    for number, (order_id, price, qty, discount) in enumerate(
        database.execute("SELECT OrderID, UnitPrice, Quantity, Discount FROM [Order Details] ORDER BY OrderID, ProductID"), 1
    ):
        pct = Decimal(str(round(discount * 100, 4)))
        orders[order_id].append(
            LineFacts(line_no=number, sku="X", qty=Decimal(qty), list_price=Decimal(str(price)), manual_discount_pct=pct)
        )
    (freight,) = database.execute("SELECT sum(round(Freight * 100)) FROM Orders").fetchone()
    database.close()
    priced = [price_basket(lines, Terms(currency="USD", tiers={})) for lines in orders.values()]
    assert len(priced) == 830
    assert sum(len(request.lines) for request in priced) == 2155
    assert sum(request.list_total for request in priced) == Decimal("1354458.59")
    assert sum(request.net_total for request in priced) == Decimal("1265793.29")
    assert Decimal(freight) / 100 == Decimal("64942.69")
