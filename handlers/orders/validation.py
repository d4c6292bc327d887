"""Finds what is odd about an order (V01 to V13), in a constant number of statements, and does what the table says of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.store import locks
from engine.store.clock import business_today
from engine.store.locks import Lock
from handlers.catalog.model import Item
from handlers.catalog.rules import Priced, PriceMissing
from handlers.orders import rules
from handlers.orders.drafts import currency_is_allowed
from handlers.orders.events import find_order
from handlers.orders.hold_kinds import kind_of
from handlers.orders.holds import apply_hold
from handlers.orders.model import OrderLine, SalesOrder
from handlers.orders.order_pricing import pricing_request
from handlers.orders.pricing import price, vat_number_is_valid
from handlers.parties.master_data import company, find_customer
from handlers.parties.model import Customer
from handlers.parties.policy import chosen


def check_order(tx: Session, order_no: str) -> list[rules.Finding]:
    """The facts that the checks find, also a purchase order that was received before, until somebody has cleared it; judges nothing.

    The customer is locked: of two orders with one number that are checked at once, the later one is told of the earlier. Raises NotFound.
    """
    order = find_order(tx, order_no, lock=True)
    locks.take(tx, Lock.CUSTOMER, [order.customer_no])
    customer = find_customer(tx, order.customer_no)
    policy = chosen(tx, "order.duplicate_po_days", "order.total_tolerance")
    lines = tx.execute(
        select(OrderLine, Item)
        .join_from(OrderLine, Item, isouter=True)
        .where(OrderLine.order_no == order_no)
        .order_by(OrderLine.line_no)
        .execution_options(populate_existing=True)
    ).all()
    unpriced, priced = _try_price(tx, order, [line for line, _ in lines])
    facts = rules.OrderFacts(
        today=business_today(tx),
        lines=[_line_facts(line, item, unpriced) for line, item in lines],
        our_totals=_possible_totals(tx, order, [line for line, _ in lines]),
        total_tolerance=policy["order.total_tolerance"],
        net_total=priced.net_total if priced else None,
        currency_allowed=currency_is_allowed(tx, customer, order.currency),
        seller_country=company(tx).country,
        **_order_facts(order, customer),
    )
    duplicate = _duplicate_of(tx, order, int(policy["order.duplicate_po_days"]))
    again = rules.Finding(check="DUPLICATE_PO", case="AGAIN", subject=order.customer_no, given=order.customer_po, expected=duplicate or "")
    return [*rules.find(facts), *([again] if duplicate is not None else [])]


def settle_findings(tx: Session, order_no: str, verdicts: Sequence[rules.Verdict]) -> list[int]:
    """Put the order on each hold that the table asks for; answer which are new and to be asked about.

    One that a person has released for that reason is not asked for again.
    """
    asked: list[int] = []
    holding = [verdict for verdict in verdicts if verdict.action == "HOLD"]
    cleared = {(row.hold_code, row.reason) for row in tx.execute(_CLEARED, {"order_no": order_no})} if holding else set()
    for verdict in holding:
        if (verdict.hold, verdict.message) not in cleared:
            hold_id = apply_hold(tx, order_no, verdict.hold, verdict.message, actor="decision:validation-rules")
            asked += [hold_id] if hold_id is not None and kind_of(tx, verdict.hold).has_task else []
    return asked


def _order_facts(order: SalesOrder, customer: Customer) -> dict[str, Any]:
    return {
        "customer_no": customer.customer_no,
        "customer_active": customer.active,
        "account_hold": customer.account_hold,
        "requires_po": customer.requires_po,
        "po_pattern": customer.po_pattern,
        "customer_po": order.customer_po,
        "ship_to": order.ship_to,
        "bill_to_country": order.bill_to.get("country") or "",
        "requested_date": order.requested_date,
        "currency": order.currency,
        "stated_total": order.stated_total,
        "incoterm": order.incoterm,
        "agreed_incoterm": customer.incoterm,
        "min_order_value": customer.min_order_value,
        "vat_no": customer.vat_no,
        "vat_no_valid": vat_number_is_valid(customer.vat_no),
    }


def _line_facts(line: OrderLine, item: Item | None, unpriced: set[int]) -> rules.LineFacts:
    if item is None:
        return rules.LineFacts(line_no=line.line_no, sku=None, item_ref=line.item_ref, uom=line.uom, item_uom="", qty=line.qty_ordered)
    return rules.LineFacts(
        line_no=line.line_no,
        sku=item.sku,
        item_ref=line.item_ref,
        uom=line.uom,
        item_uom=item.uom,
        qty=line.qty_ordered,
        sellable=item.sellable,
        deliverable=item.sourcing != "NONE",
        restricted=item.restricted,
        substitute_sku=item.substitute_sku,
        pack_size=item.pack_size,
        moq=item.moq,
        max_qty=item.max_qty,
        priced=line.line_no not in unpriced,
    )


def _try_price(tx: Session, order: SalesOrder, lines: list[OrderLine]) -> tuple[set[int], Priced | None]:
    request = pricing_request(order, [line for line in lines if line.sku is not None])
    try:
        return set(), price(tx, request)
    except PriceMissing as missing:
        return {int(name) for name in missing.errors}, None


def _possible_totals(tx: Session, order: SalesOrder, lines: list[OrderLine]) -> tuple[Decimal, ...]:
    """The totals a customer may mean, by its own prices and by ours where it states none: net, with tax, with freight."""
    if order.stated_total is None or any(line.sku is None for line in lines):
        return ()
    try:
        with_freight = price(tx, pricing_request(order, lines, at_stated_prices=True))
        without = (
            with_freight if order.price_frozen else price(tx, pricing_request(order, lines, at_stated_prices=True, freight=Decimal(0)))
        )
    except Problem:
        return ()  # what keeps it from being priced is reported by its own check
    return without.net_total, without.gross_total, with_freight.gross_total


def _duplicate_of(tx: Session, order: SalesOrder, days: int) -> str | None:
    if not order.customer_po:
        return None
    given = {"customer": order.customer_no, "po": order.customer_po, "order_no": order.order_no, "days": days}
    found: str | None = tx.execute(_DUPLICATE, given).scalar_one_or_none()
    return found


_DUPLICATE = text("""
SELECT other.order_no FROM sales_order AS other JOIN sales_order AS this ON this.order_no = :order_no
WHERE other.customer_no = :customer AND folded(other.customer_po) = folded(:po) AND other.order_no < this.order_no
  AND other.state <> 'REJECTED' AND (this.split_of = '' OR other.split_of <> this.split_of)
  AND other.created_at > this.created_at - make_interval(days => :days)
  AND NOT EXISTS (
    SELECT 1 FROM hold WHERE hold.order_no = :order_no AND hold.hold_code = 'DUPLICATE_PO' AND hold.released_at IS NOT NULL)
ORDER BY other.order_no LIMIT 1
""")
_CLEARED = text("SELECT hold_code, reason FROM hold WHERE order_no = :order_no AND released_at IS NOT NULL")
