"""One quote with stock and drop-ship lines, driven to cash through the public API: people decide, suppliers answer, the bank pays.

The story only does what people and partners do; everything between is the five processes' own work. It may be run against a server that
is killed and started again while it runs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

from api.demo.bank import Payment, statement_of
from api.demo.client import Person
from engine.problems import Problem

_PATIENCE_SECONDS = 120
_PAUSE_SECONDS = 0.2
#: What the supplier charges: Austrian VAT.
_TAX_PCT = Decimal(20)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts."""

    sales: Person
    manager: Person
    warehouse: Person
    buyer: Person
    receivables: Person


def run_story(address: str, say: Say = lambda _: None) -> dict[str, Any]:
    """Drive one quote to cash and answer what happened. Raises Problem when a step does not come about in time."""
    run = uuid4().hex[:8]
    cast = Cast(*(Person(address, name, run) for name in ("sara", "marcus", "jonas", "petra", "amina")))
    quote_no = _quote(cast, say)
    order_no = _order(cast, quote_no, run, say)
    _fulfil(cast, order_no, say)
    _collect(cast, order_no, run, say)
    return _report(cast, order_no)


def _quote(cast: Cast, say: Say) -> str:
    lines = [
        {"sku": "PUMP-40", "quantity": "4", "discount_pct": "25"},
        {"sku": "SEAL-12", "quantity": "40", "discount_pct": "25"},
        {"sku": "TANK-500", "quantity": "2", "discount_pct": "22"},
    ]
    made = cast.sales.post("/api/v1/quotes", {"customer_no": "C-1001", "lines": lines})
    quote_no: str = made["quote_no"]
    say(f"Sara writes quote {quote_no}: two lines from stock, one that a supplier will ship.")
    _decide(cast.manager, quote_no, "approve_quote", {"approved": True, "comment": "Good customer, fair discount."})
    say("Marcus approves the discount.")
    _until(f"quote {quote_no} is sent", lambda: cast.sales.get(f"/api/v1/quotes/{quote_no}")["state"] == "SENT")
    return quote_no


def _order(cast: Cast, quote_no: str, run: str, say: Say) -> str:
    cast.sales.post(f"/api/v1/quotes/{quote_no}/accept", {"customer_po": f"4500-{run}"})
    say("The customer accepts with a purchase order.")
    quote = _until(f"quote {quote_no} becomes an order", lambda: _if(cast.sales.get(f"/api/v1/quotes/{quote_no}"), "order_no"))
    order_no: str = quote["order_no"]
    _until(f"order {order_no} is promised", lambda: cast.sales.get(f"/api/v1/orders/{order_no}")["groups"])
    say(f"Order {order_no} is checked, priced, within its credit limit, and promised.")
    return order_no


def _fulfil(cast: Cast, order_no: str, say: Say) -> None:
    groups = cast.sales.get(f"/api/v1/orders/{order_no}")["groups"]
    for group in groups:
        if group["kind"] == "STOCK":
            _ship(cast, group["group_no"], say)
        else:
            _drop_ship(cast, group["group_no"], say)
    _until(f"every group of {order_no} is invoiced", lambda: len(_invoices(cast, order_no)) == len(groups))


def _ship(cast: Cast, group_no: str, say: Say) -> None:
    if _until(f"{group_no} waits for its day or is picked", lambda: _mover(cast, group_no)) == "timer":
        cast.warehouse.post(f"/api/v1/groups/{group_no}/release")
    _decide(cast.warehouse, group_no, "pick_and_pack", {"packages": 2, "weight_kg": Decimal("62.5")})
    _decide(cast.warehouse, group_no, "confirm_shipment", {"handed_over": True})
    say(f"Jonas picks, packs and ships {group_no}.")


def _mover(cast: Cast, group_no: str) -> str:
    """What a group stands at: the timer of its day, or somebody's task; empty while its process is at work."""
    things = cast.warehouse.get(f"/api/v1/open-things?key={group_no}")["items"]
    return next((thing["mover"] for thing in things if thing["mover"] in {"timer", "task"}), "")


def _drop_ship(cast: Cast, group_no: str, say: Say) -> None:
    path = f"/api/v1/purchase-orders?group_no={group_no}"
    order = _until(f"{group_no} is ordered from its supplier", lambda: cast.buyer.get(path)["items"])[0]
    po_no = order["po_no"]
    cast.buyer.post(f"/api/v1/purchase-orders/{po_no}/acknowledgements", {"code": "AP"})
    _until(f"{po_no} is confirmed", lambda: cast.buyer.get(path)["items"][0]["state"] == "CONFIRMED")
    cast.buyer.post(f"/api/v1/purchase-orders/{po_no}/despatch-advices", {"asn_no": f"ASN-{po_no}", "tracking_no": "JD0146000034"})
    # A bill that overtakes the goods waits for them: right too, and another story.
    _until(f"{po_no} is on its way", lambda: cast.buyer.get(path)["items"][0]["state"] == "RECEIVED")
    cast.buyer.post(f"/api/v1/purchase-orders/{po_no}/invoices", _bill_for(order, _today(cast)))
    say(f"The supplier accepts {po_no}, ships it to the customer and bills us.")
    _until(f"{po_no} is settled", lambda: cast.buyer.get(path)["items"][0]["state"] == "CLOSED")
    _until(f"{po_no} is paid", lambda: cast.buyer.get(path)["items"][0]["paid"])


def _today(cast: Cast) -> str:
    """The demo's day: its clock may have been moved."""
    today: str = cast.buyer.get("/api/v1/demo/clock")["today"]
    return today


def _bill_for(order: dict[str, Any], today: str) -> dict[str, Any]:
    lines = [
        {"line_no": line["line_no"], "qty": str(line["qty"]), "unit_price": str(line["unit_price"]), "tax_rate_pct": str(_TAX_PCT)}
        for line in order["lines"]
    ]
    net = sum((Decimal(line["qty"]) * Decimal(line["unit_price"]) for line in order["lines"]), Decimal(0))
    tax = (net * _TAX_PCT / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "supplier_invoice_no": f"R-{order['po_no']}",
        "invoice_date": today,
        "tax_total": str(tax),
        "gross_total": str(net.quantize(Decimal("0.01")) + tax),
        "lines": lines,
    }


def _collect(cast: Cast, order_no: str, run: str, say: Say) -> None:
    invoices = _invoices(cast, order_no)
    payments = [Payment(invoice["invoice_no"], Decimal(invoice["open_amount"]), invoice["currency"]) for invoice in invoices]
    discount = Decimal(invoices[-1]["discount_amount"])
    payments[-1] = Payment(payments[-1].reference, payments[-1].amount - discount, payments[-1].currency)
    earlier = cast.receivables.get("/api/v1/statements?limit=1")["items"]
    opening = Decimal(earlier[0]["closing"]) if earlier else Decimal(0)
    cast.receivables.send(
        "/api/v1/statements",
        statement_of(f"DEMO-{run}", payments, day=date.fromisoformat(_today(cast)), opening=opening),
        "application/xml",
    )
    say(f"The bank statement brings {len(payments)} payments, the last one less {discount:.2f} for paying early.")
    _until(f"{order_no} is paid", lambda: all(Decimal(each["open_amount"]) == 0 for each in _invoices(cast, order_no)))
    _until(
        f"every instance of {order_no} ends",
        lambda: all(_is_over(each) for each in cast.sales.get(f"/api/v1/orders/{order_no}/story")["instances"]),
    )
    say("Receipts are applied, the discount is booked, the receivables are closed.")


def _is_over(instance: dict[str, Any]) -> bool:
    """The payment of the supplier is under way until a statement of the days to come shows it."""
    waits_for_the_bank = instance["process_key"] == "supplier-invoice" and instance["state"] == "waiting"
    return bool(waits_for_the_bank or instance["state"] == "completed")


def _report(cast: Cast, order_no: str) -> dict[str, Any]:
    story = cast.sales.get(f"/api/v1/orders/{order_no}/story")
    # Who sells is not shown the books; who collects is.
    story["journals"] = cast.receivables.get(f"/api/v1/orders/{order_no}/story")["journals"]
    balances = cast.receivables.get("/api/v1/reports/trial-balance")["items"]
    check = cast.receivables.get("/api/v1/invariants")
    return {"ok": check["ok"], "order_no": order_no, **story, "balances": balances, "invariants": check["invariants"]}


def _invoices(cast: Cast, order_no: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = cast.receivables.get(f"/api/v1/invoices?order_no={order_no}")["items"]
    return [item for item in items if item["posted_at"]]


def _decide(person: Person, business_key: str, element_id: str, data: dict[str, Any]) -> None:
    def mine() -> dict[str, Any] | None:
        tasks = person.get(f"/api/v1/user-tasks?business_key={business_key}")
        return next((task for task in tasks if task["element_id"] == element_id), None)

    task = _until(f"{person.name} is asked to {element_id.replace('_', ' ')} of {business_key}", mine)
    person.post(f"/api/v1/user-tasks/{task['id']}/claim")
    person.post(f"/api/v1/user-tasks/{task['id']}/complete", {"data": data})


def _if(row: dict[str, Any], name: str) -> dict[str, Any] | None:
    return row if row.get(name) else None


def _until(what: str, answer: Callable[[], Any]) -> Any:
    patience = time.monotonic() + _PATIENCE_SECONDS
    while not (found := answer()):
        if time.monotonic() > patience:
            raise Problem(
                f"It did not come about that {what}.", code="story_stuck", next_step="See /operations/instances for what waits and why."
            )
        time.sleep(_PAUSE_SECONDS)
    return found
