"""What comes into the warehouse and leaves it, and what suppliers send."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.life.customers import STOCKED
from tests.life.world import World

CENT = Decimal("0.01")
_OPEN = "SELECT po_no FROM purchase_order WHERE cancelled_at IS NULL AND closed_at IS NULL ORDER BY po_no DESC LIMIT 8"
_RECENT = "SELECT po_no FROM purchase_order ORDER BY po_no DESC LIMIT 8"
_LINES = """
SELECT line_no, coalesce(confirmed_qty, qty) AS qty, qty_received, qty_billed, unit_price FROM po_line WHERE po_no = :po_no ORDER BY line_no
"""

_BILLED = """
SELECT bill.po_no, bill.document_no, line.line_no, billed.qty, billed.unit_price
FROM supplier_invoice AS bill JOIN supplier_invoice_line AS billed USING (supplier_invoice_no)
JOIN po_line AS line ON line.id = billed.po_line_id
ORDER BY bill.supplier_invoice_no DESC LIMIT 8
"""


def receive_goods(world: World) -> None:
    """Goods come in, or a count finds more than the books know."""
    chance = world.chance
    kind = chance.choice(["RECEIPT", "RECEIPT", "RECEIPT", "ADJUSTMENT"])
    came = {"sku": chance.choice(STOCKED), "warehouse_code": "VIE", "qty": str(chance.randint(1, 80)), "unit_cost": "11.37", "kind": kind}
    world.send(kind.lower(), "/stock/receipts", {"receipts": [came | {"reference": f"GR-{world.step}-{chance.random()}"}]})


def expect_goods(world: World) -> None:
    """Goods are expected, or expected ones come in."""
    chance = world.chance
    due = world.one("SELECT reference, sku, warehouse_code, kind, qty_open FROM supply WHERE qty_open > 0")
    if due and chance.random() < 0.6:
        qty = chance.choice([due["qty_open"], due["qty_open"], 1, due["qty_open"] + 1])
        came = {name: due[name] for name in ("reference", "sku", "warehouse_code", "kind")}
        note = f"DN-{world.step}-{chance.random()}"
        world.send("arrival", "/stock/supply/arrivals", came | {"qty": str(qty), "delivery_note": note})
        return
    day = world.today() + timedelta(days=chance.randint(1, 30))
    known = {"sku": chance.choice(STOCKED), "warehouse_code": "VIE", "due_date": str(day), "reference": f"IN-{world.step}"}
    world.send("expect", "/stock/supply", known | {"qty_open": "30", "unit_cost": "12.10"})


def release_group(world: World) -> None:
    """The warehouse begins earlier than planned."""
    found = world.one("SELECT group_no FROM fulfil_group WHERE kind = 'STOCK' ORDER BY group_no DESC LIMIT 12")
    if found:
        world.send("release group", f"/groups/{found['group_no']}/release")


def work_a_wave(world: World) -> None:
    """Groups are gathered into waves; one wave is packed as planned, or with less found of an item, or handed over."""
    chance = world.chance
    found = world.one("SELECT wave_no FROM wave ORDER BY wave_no DESC LIMIT 4")
    if found is None or chance.random() < 0.3:
        world.send("gather", "/waves")
        return
    act = chance.choice(["pack", "hand-over"])
    body: dict[str, Any] = {}
    if act == "pack" and chance.random() < 0.3:
        group = world.one("SELECT group_no FROM fulfil_group ORDER BY group_no DESC LIMIT 6")
        body = {"otherwise": [{"group_no": group["group_no"], "sku": chance.choice(STOCKED), "found": str(chance.choice([0, 1, 50]))}]}
    _, answer = world.send(f"wave {act}", f"/waves/{found['wave_no']}/{act}", body)
    for each in answer.get("items", ()):
        world.seen.answers[f"wave {act}: {each['state']}"] += 1


def deliver(world: World) -> None:
    """The carrier says that the customer has it."""
    found = world.one("SELECT shipment_no FROM shipment WHERE shipped_at IS NOT NULL ORDER BY shipment_no DESC LIMIT 12")
    if found:
        world.send("deliver", f"/shipments/{found['shipment_no']}/delivery")


def supplier_answers(world: World) -> None:
    """A supplier sends a paper: an acknowledgement, a despatch advice or a bill, whatever was sent before."""
    found = world.one(_OPEN if world.chance.random() < 0.8 else _RECENT)
    if not found:
        return
    po_no = found["po_no"]
    lines = world.rows(_LINES, po_no=po_no)
    kind = world.chance.choice(["acknowledgements", "despatch-advices", "despatch-advices", "invoices"])
    body = {"acknowledgements": _acknowledgement, "despatch-advices": _despatch_advice, "invoices": _bill}[kind](world, lines)
    world.papers.append((f"/purchase-orders/{po_no}/{kind}", body))
    world.send(kind, *world.papers[-1])


def supplier_credits(world: World) -> None:
    """A supplier takes back some of what it billed, rightly or not."""
    bill = world.one(_BILLED)
    if not bill:
        return
    chance = world.chance
    price = chance.choice([bill["unit_price"], Decimal("0.50"), bill["unit_price"] + Decimal("0.01")])
    qty = chance.choice([bill["qty"], 1, 1, bill["qty"] + 1])
    net = (qty * price).quantize(CENT)
    tax = (net * chance.choice([20, 20, 20, 50]) / 100).quantize(CENT)
    body = {
        "credit_note_no": f"GS-{world.step}",
        "supplier_invoice_no": bill["document_no"],
        "reason": chance.choice(["GOODS", "RETURN", "PRICE"]),
        "credit_date": str(world.today()),
        "tax_total": str(tax),
        "gross_total": str(net + tax),
        "lines": [{"line_no": bill["line_no"], "qty": str(qty), "unit_price": str(price)}],
    }
    world.papers.append((f"/purchase-orders/{bill['po_no']}/credit-notes", body))
    world.send("credit note", *world.papers[-1])


def paper_again(world: World) -> None:
    """A paper comes a second time, even after months."""
    if world.papers:
        world.send("paper again", *world.chance.choice(world.papers))


def _acknowledgement(world: World, lines: list[Any]) -> dict[str, Any]:
    number = {"document_no": f"AB-{world.step}"}
    if world.chance.random() < 0.6:
        return number | {"code": "AP"}
    if world.chance.random() < 0.3:
        return number | {"code": "RE"}
    return number | {"code": "CA", "lines": [_part(world, line) | {"unit_price": str(line["unit_price"])} for line in lines]}


def _part(world: World, line: Any, before: str = "") -> dict[str, Any]:
    """Often all that is left of a line, sometimes a part of it, sometimes as if nothing had come before."""
    whole = int(line["qty"])
    left = max(0, whole - int(line[before])) if before and world.chance.random() < 0.8 else whole
    return {"line_no": line["line_no"], "qty": str(left if world.chance.random() < 0.6 else world.chance.randint(0, left))}


def _despatch_advice(world: World, lines: list[Any]) -> dict[str, Any]:
    parts = [part for part in (_part(world, line, "qty_received") for line in lines) if part["qty"] != "0"]
    return {"asn_no": f"LS-{world.step}", **({"lines": parts} if world.chance.random() < 0.6 else {})}


def _bill(world: World, lines: list[Any]) -> dict[str, Any]:
    rate = world.chance.choice([20, 20, 20, 20, 50])
    parts = [(line, _part(world, line, "qty_billed")) for line in lines]
    rest = {"tax_rate_pct": str(rate)}
    billed = [
        part | rest | {"unit_price": str(line["unit_price"])} for line, part in parts if part["qty"] != "0" or world.chance.random() < 0.1
    ]
    net = sum((Decimal(line["qty"]) * Decimal(line["unit_price"]) for line in billed), Decimal(0)).quantize(CENT)
    tax = (net * rate / 100).quantize(CENT)
    return {
        "supplier_invoice_no": world.chance.choice([f"RE-{world.step}", f" re-{world.step} "]),
        "invoice_date": str(world.today()),
        "tax_total": str(tax),
        "gross_total": str(net + tax),
        "lines": billed,
    }
