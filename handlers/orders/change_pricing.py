"""What an order comes to after a change. What is not changed keeps its price, its share of the discount and its tax."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.problems import Conflict
from handlers.catalog import rules as catalog
from handlers.catalog.rules import PROMISED
from handlers.orders.change_rules import Delta, Kind, LineWish, Wish
from handlers.orders.model import OrderLine, SalesOrder
from handlers.orders.pricing import LineToPrice, PricingRequest, as_columns, as_totals, price
from handlers.values import percent, round_currency, total, truncate_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line after the change: `row` is the line it was, None for a new one; `is_new_price` says that its price is worked out anew."""

    line_no: int
    sku: str
    qty_ordered: Decimal
    qty_cancelled: Decimal
    row: OrderLine | None
    wish: LineWish | None = None
    is_new_price: bool = False

    @property
    def is_off(self) -> bool:
        """Nothing of it is wanted any more, and nothing of it has left."""
        return self.qty_ordered == self.qty_cancelled and self.qty_cancelled > 0 and self.wish is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repriced:
    """An order after a change.

    `price_off` is how far the customer's new prices lie below ours, `margin_gap` how far over its floor the lowest margin of what is
    priced anew lies.
    """

    lines: Sequence[Line]
    priced: Mapping[int, catalog.PricedLine]
    totals: Mapping[str, Any]
    price_off: Decimal
    price_off_pct: Decimal
    margin_gap: Decimal


def after(rows: Sequence[OrderLine], deltas: Sequence[Delta], wish: Wish, shipped: Mapping[int, Decimal]) -> list[Line]:
    """The lines after the change.

    A line of which something left keeps its quantity and counts what is not wanted as cancelled; what is wanted in addition is a line
    of its own then, so that what was invoiced keeps its worth.
    """
    wishes: dict[int | None, LineWish] = {each.line_no: each for each in wish.lines if each.line_no is not None}
    by_line: dict[int, list[Delta]] = {}
    for delta in deltas:
        if delta.line_no is not None:
            by_line.setdefault(delta.line_no, []).append(delta)
    found = [_kept(row, by_line.get(row.line_no, ()), wishes.get(row.line_no), shipped.get(row.line_no, ZERO)) for row in rows]
    number = max((row.line_no for row in rows), default=0)
    added = [*_apart(rows, by_line, wishes, shipped), *(each for each in wish.lines if each.line_no is None)]
    for each in added:
        number += 1
        found.append(
            Line(
                line_no=number,
                sku=each.sku or "",
                qty_ordered=each.qty or ZERO,
                qty_cancelled=ZERO,
                row=None,
                wish=each,
                is_new_price=True,
            )
        )
    return found


def _kept(row: OrderLine, deltas: Sequence[Delta], wish: LineWish | None, shipped: Decimal) -> Line:
    ordered, cancelled, is_new_price = row.qty_ordered, row.qty_cancelled, False
    for delta in deltas:
        if delta.kind is Kind.CANCEL or (delta.kind is Kind.LESS and (shipped or cancelled)) or delta.kind is Kind.ITEM:
            cancelled += delta.qty
        elif delta.kind is Kind.LESS:
            ordered -= delta.qty
        elif delta.kind is Kind.MORE and not shipped:
            ordered += delta.qty
            is_new_price = not _is_agreed(row)
        elif delta.kind is Kind.PRICE:
            is_new_price = True
    return Line(
        line_no=row.line_no,
        sku=row.sku or "",
        qty_ordered=ordered,
        qty_cancelled=cancelled,
        row=row,
        wish=wish,
        is_new_price=is_new_price,
    )


def _is_agreed(row: OrderLine) -> bool:
    """A price that was promised, or that the customer states and we took."""
    is_promised = bool(row.discounts) and row.discounts[0]["step"] == PROMISED
    return is_promised or row.stated_price == row.unit_net


def _apart(
    rows: Sequence[OrderLine], by_line: Mapping[int, Sequence[Delta]], wishes: Mapping[int | None, LineWish], shipped: Mapping[int, Decimal]
) -> list[LineWish]:
    """What becomes a line of its own: another item, and more of what has partly left."""
    found = []
    for row in rows:
        for delta in by_line.get(row.line_no, ()):
            wanted = wishes.get(row.line_no) or LineWish()
            number = row.buyer_line_no or str(row.line_no)
            if delta.kind is Kind.ITEM:
                qty = wanted.qty if wanted.qty is not None else delta.qty
                found.append(replace(wanted, line_no=None, qty=qty, buyer_line_no=number))
            elif delta.kind is Kind.MORE and shipped.get(row.line_no):
                found.append(
                    LineWish(
                        sku=row.sku,
                        qty=delta.qty,
                        unit_price=row.unit_net if _is_agreed(row) else wanted.unit_price,
                        requested=wanted.requested or row.requested_arrival,
                        buyer_line_no=number,
                    )
                )
    return found


def reprice(tx: Session, order: SalesOrder, lines: Sequence[Line], ship_to: Mapping[str, str], *, has_left: bool) -> Repriced:
    """Price an order after a change; once something has left, carriage stays as it is.

    Raises PriceMissing, Invalid, NotFound, Conflict when another country would tax anew what has left.
    """
    if has_left and (ship_to.get("country") or "") != (order.ship_to.get("country") or ""):
        raise Conflict(
            f"Goods of order {order.order_no} have left for {order.ship_to.get('country')}; another country changes their taxes.",
            code="country_changes_tax",
            next_step="Cancel the rest, and enter it as a new order for the other country.",
        )
    wanted = [line for line in lines if not _is_worthless(line)]
    request = PricingRequest(
        customer_no=order.customer_no,
        currency=order.currency,
        day=order.ordered_on,
        channel=order.channel,
        ship_to=dict(ship_to),
        freight=order.freight if order.price_frozen or has_left else None,
        lines=[_to_price(line) for line in wanted],
    )
    ours = price(tx, request)
    by_number = {line.line_no: line for line in wanted}
    priced = [_with_discount(_at_their_price(line, by_number[line.facts.line_no], order), by_number, order) for line in ours.lines]
    summed = catalog.add_up(priced, catalog.Terms(currency=order.currency, tiers={}, freight=ours.freight))
    changed = [(one, other) for one, other in zip(ours.lines, priced, strict=True) if by_number[one.facts.line_no].is_new_price]
    off = total(max(ZERO, one.line_net - other.line_net) for one, other in changed)
    return Repriced(
        lines=lines,
        priced={line.facts.line_no: line for line in priced},
        totals=as_totals(summed),
        price_off=off,
        price_off_pct=percent(off, total(one.line_net for one, _ in changed)),
        margin_gap=min((other.margin_gap for _, other in changed), default=ZERO),
    )


def rows_after(repriced: Repriced, wish: Wish) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The columns of the lines that are there, and the new lines."""
    kept, new = [], []
    for line in repriced.lines:
        priced = repriced.priced.get(line.line_no)
        if line.row is not None:
            kept.append(_columns(line, line.row, priced, wish))
        elif priced is not None:
            new.append(_new(line, priced, wish))
    return kept, new


def _columns(line: Line, row: OrderLine, priced: catalog.PricedLine | None, wish: Wish) -> dict[str, Any]:
    asked = line.wish or LineWish()
    columns = {
        "id": row.id,
        "qty_ordered": line.qty_ordered,
        "qty_cancelled": line.qty_cancelled,
        "requested_arrival": asked.requested or wish.requested or row.requested_arrival,
        "stated_price": asked.unit_price if asked.unit_price is not None else row.stated_price,
        "list_price": row.list_price,
        "unit_net": row.unit_net,
        "discounts": row.discounts,
        "cost": row.cost,
        "tax_category": row.tax_category,
        "tax_rate_pct": row.tax_rate_pct,
        "line_net": ZERO,
        "header_discount": ZERO,
    }
    if priced is None:
        return columns
    columns |= {"line_net": priced.line_net, "header_discount": priced.header_discount}
    columns |= {"tax_category": priced.facts.tax_category, "tax_rate_pct": priced.facts.tax_rate_pct}
    if line.is_new_price:
        columns |= {
            "list_price": priced.list_price,
            "unit_net": priced.unit_net,
            "discounts": list(priced.steps),
            "cost": priced.facts.cost,
        }
    return columns


def _new(line: Line, priced: catalog.PricedLine, wish: Wish) -> dict[str, Any]:
    asked = line.wish or LineWish()
    return {
        "line_no": line.line_no,
        "buyer_line_no": asked.buyer_line_no,
        "sku": line.sku,
        "item_ref": line.sku,
        "description": asked.description,
        "qty_ordered": line.qty_ordered,
        "stated_price": asked.unit_price,
        "requested_arrival": asked.requested or wish.requested,
        **as_columns(priced),
    }


def _is_worthless(line: Line) -> bool:
    """What is taken off whole, now or by an earlier change."""
    return line.qty_ordered == line.qty_cancelled and (line.is_off or line.row is None or not line.row.line_net)


def _to_price(line: Line) -> LineToPrice:
    row = line.row
    return LineToPrice(
        line_no=line.line_no,
        sku=line.sku,
        qty=line.qty_ordered,
        manual_discount_pct=ZERO if row is None else row.manual_discount_pct,
        fixed_unit_net=None if row is None or line.is_new_price else row.unit_net,
    )


def _at_their_price(priced: catalog.PricedLine, line: Line, order: SalesOrder) -> catalog.PricedLine:
    theirs = line.wish.unit_price if line.is_new_price and line.wish is not None else None
    if theirs is None:
        return priced
    step = {"step": "stated", "source": "change of the order", "unit_price": theirs}
    return replace(priced, unit_net=theirs, line_net=round_currency(theirs * priced.facts.qty, order.currency), steps=(*priced.steps, step))


def _with_discount(priced: catalog.PricedLine, lines: Mapping[int, Line], order: SalesOrder) -> catalog.PricedLine:
    """A line keeps its part of the discount on the whole: its rate where its worth changes, nothing for a new one."""
    row = lines[priced.facts.line_no].row
    if row is None or not row.header_discount or not row.line_net:
        return priced
    share = row.header_discount
    if priced.line_net != row.line_net:
        share = truncate_currency(row.header_discount * priced.line_net / row.line_net, order.currency)
    return replace(priced, header_discount=share)
