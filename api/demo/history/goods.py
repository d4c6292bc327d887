"""What comes into the warehouses and what suppliers and carriers tell, over the ninety days."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from api.demo.history.house import House, money
from api.demo.history.masters import STOCKED

_TAX_PCT: Final = 20
_LEAD_DAYS: Final = (4, 6, 8, 12)


def buy_more(house: House, day: date) -> None:
    """What runs low is bought: it is expected in some days, in a quantity that lasts for weeks."""
    for row in house.rows(_LOW, skus=list(STOCKED), least=[each.bought_below for each in STOCKED.values()]):
        item = STOCKED[row["sku"]]
        body = {
            "reference": f"PO-9{day:%m%d}-{row['sku']}",
            "sku": row["sku"],
            "warehouse_code": "VIE",
            "due_date": str(day + timedelta(days=house.chance.choice(_LEAD_DAYS))),
            "qty_open": str(item.bought_below * 4),
            "unit_cost": str(item.cost),
        }
        house.send("jonas", "/stock/supply", body)


def receive(house: House, day: date) -> None:
    """What is due comes in, mostly on its day; a tenth is late."""
    for due in house.rows(_DUE, day=day):
        if house.happens(0.9):
            came = {name: due[name] for name in ("reference", "sku", "warehouse_code", "kind")}
            note = {"qty": str(due["qty_open"]), "delivery_note": f"LS-{day:%m%d}-{due['sku']}"}
            house.send("jonas", "/stock/supply/arrivals", came | note)
    house.work()


def suppliers_answer(house: House, day: date) -> None:
    """Each purchase order that goes to a customer moves on by a paper a day: accepted, sent, billed."""
    for order in house.rows(_ORDERED):
        if not house.happens(0.75):
            continue
        lines = house.rows(_LINES, po_no=order["po_no"])
        base = f"/purchase-orders/{order['po_no']}"
        if not order["agreed"]:
            house.send("petra", f"{base}/acknowledgements", {"code": "AP", "document_no": f"AB-{order['po_no']}"})
        elif any(line["qty_received"] < line["qty"] for line in lines):
            house.send(
                "petra",
                f"{base}/despatch-advices",
                {"asn_no": f"LS-{order['po_no']}", "tracking_no": f"JD01{day:%m%d}{order['po_no'][-6:]}"},
            )
        elif any(line["qty_billed"] < line["qty"] for line in lines):
            house.send("petra", f"{base}/invoices", _bill(order["po_no"], lines, day, dearer=house.happens(0.12)))
    house.work()


def deliver(house: House) -> None:
    """Carriers say what arrived, a day or two after it left."""
    for shipment in house.rows(_UNDER_WAY):
        if house.happens(0.6):
            house.send("jonas", f"/shipments/{shipment['shipment_no']}/delivery")
    house.work()


def _bill(po_no: str, lines: Sequence[Any], day: date, *, dearer: bool) -> dict[str, Any]:
    rise = Decimal("1.04") if dearer else Decimal(1)
    billed = [
        {
            "line_no": line["line_no"],
            "qty": str(line["qty"]),
            "unit_price": str(money(line["unit_price"] * rise)),
            "tax_rate_pct": str(_TAX_PCT),
        }
        for line in lines
    ]
    net = money(sum((Decimal(line["qty"]) * Decimal(line["unit_price"]) for line in billed), Decimal(0)))
    tax = money(net * _TAX_PCT / 100)
    return {
        "supplier_invoice_no": f"RE-{po_no}",
        "invoice_date": str(day),
        "tax_total": str(tax),
        "gross_total": str(net + tax),
        "lines": billed,
    }


_LOW = """
SELECT wanted.sku FROM unnest(CAST(:skus AS text[]), CAST(:least AS int[])) AS wanted (sku, least)
WHERE coalesce((SELECT sum(on_hand - reserved) FROM stock_balance AS stock WHERE stock.sku = wanted.sku), 0) < least
  AND NOT EXISTS (SELECT FROM supply WHERE supply.sku = wanted.sku AND qty_open > 0)
ORDER BY wanted.sku
"""
_DUE = """
SELECT reference, sku, warehouse_code, kind, qty_open FROM supply WHERE qty_open > 0 AND due_date <= :day ORDER BY reference, sku
"""
_ORDERED = """
SELECT po_no, confirmed_at IS NOT NULL AS agreed FROM purchase_order
WHERE sent_at IS NOT NULL AND cancelled_at IS NULL AND closed_at IS NULL ORDER BY po_no
"""
_LINES = """
SELECT line_no, coalesce(confirmed_qty, qty) AS qty, qty_received, qty_billed, unit_price FROM po_line WHERE po_no = :po_no ORDER BY line_no
"""
_UNDER_WAY = """
SELECT shipment_no FROM shipment WHERE shipped_at < business_now() - interval '20 hours' AND delivered_at IS NULL ORDER BY shipment_no
"""
