"""An order as something to price, and its prices written back."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import update
from sqlalchemy.orm import Session

from handlers.catalog.rules import PROMISED, Priced
from handlers.orders.events import find_order, lines_of, note
from handlers.orders.model import OrderLine, SalesOrder
from handlers.orders.pricing import LineToPrice, PricingRequest, as_columns, as_totals, price
from handlers.rowsets import update_rows
from handlers.values import percent, round_currency

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """How far the customer's prices lie from ours: the sum of the differences, whichever way they go."""

    amount: Decimal
    pct: Decimal

    @property
    def is_discrepancy(self) -> bool:
        """Whether there is any difference."""
        return self.amount != 0


def pricing_request(
    order: SalesOrder, lines: Sequence[OrderLine], *, at_stated_prices: bool = False, freight: Decimal | None = None
) -> PricingRequest:
    """The order as something to price; a line keeps the price it was promised."""
    return PricingRequest(
        customer_no=order.customer_no,
        currency=order.currency,
        day=order.ordered_on,
        channel=order.channel,
        ship_to=order.ship_to,
        header_discount=order.header_discount,
        freight=order.freight if order.price_frozen else freight,
        lines=[
            LineToPrice(
                line_no=line.line_no,
                sku=line.sku or "",
                qty=line.qty_ordered - line.qty_cancelled,
                manual_discount_pct=line.manual_discount_pct,
                fixed_unit_net=_fixed_price(line, at_stated_prices=at_stated_prices),
            )
            for line in lines
            if line.qty_ordered > line.qty_cancelled
        ],
    )


def _fixed_price(line: OrderLine, *, at_stated_prices: bool) -> Decimal | None:
    if at_stated_prices and line.stated_price is not None:
        return line.stated_price
    is_promised = bool(line.discounts) and line.discounts[0]["step"] == PROMISED
    return line.unit_net if is_promised else None


def price_order(tx: Session, order_no: str, *, at_stated_prices: bool = False) -> tuple[Priced, Variance]:
    """Price an order and write every line and total; `at_stated_prices` takes over the prices the customer states.

    Raises PriceMissing, Invalid, NotFound.
    """
    order = find_order(tx, order_no, lock=True)
    lines = lines_of(tx, order_no)
    priced = price(tx, pricing_request(order, lines, at_stated_prices=at_stated_prices))
    ids = {line.line_no: line.id for line in lines}
    update_rows(tx, OrderLine, [{"id": ids[line.facts.line_no], **as_columns(line)} for line in priced.lines])
    tx.execute(
        update(SalesOrder).where(SalesOrder.order_no == order_no).values(as_totals(priced)).execution_options(synchronize_session=False)
    )
    variance = _variance(lines, priced)
    note(tx, order_no, "order_priced", detail={"net_total": priced.net_total, "currency": priced.currency, "variance": variance.amount})
    return priced, variance


def _variance(lines: Sequence[OrderLine], priced: Priced) -> Variance:
    stated = {line.line_no: line.stated_price for line in lines}
    amount = ours = ZERO
    for line in priced.lines:
        theirs = stated[line.facts.line_no]
        ours += line.line_net
        if theirs is not None:
            amount += abs(round_currency(theirs * line.facts.qty, priced.currency) - line.line_net)
    return Variance(amount=amount, pct=percent(amount, ours))
