"""What one invoice charges: goods, carriage, the tax on them, totals and terms. Pure: from rows that were read to rows to be written.

An invoice that is written and one that is only tried before the goods leave are put together here alike.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.billing.rules import (
    Billable,
    Charge,
    TaxedBefore,
    TaxGroup,
    TaxKey,
    Terms,
    amount_of,
    freight_tax,
    outside_vat,
    revenue,
    schedule,
    tax_key,
    taxes,
)

ZERO = Decimal(0)
Row = Mapping[str, Any]
_COPIED = ("shipment_line_id", "fulfil_line_id", "order_line_id", "sku", "description", "qty", "uom", "tax_category", "tax_rate_pct")


@dataclass(frozen=True, slots=True)
class OrderTaxes:
    """How the whole order is taxed, and what of it earlier invoices charged."""

    freight: TaxKey
    before: Mapping[TaxKey, TaxedBefore]


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice before it is written: its lines, the carriage last, its tax by rate, and the columns of its totals and terms."""

    lines: tuple[Row, ...]
    groups: tuple[TaxGroup, ...]
    totals: Row


def order_taxes(rows: Sequence[Row]) -> OrderTaxes:
    """From the order's worth, and what was charged before, by category and rate."""
    return OrderTaxes(
        freight=freight_tax(Charge(row["worth"], row["category"], row["rate_pct"]) for row in rows),
        before={tax_key(row["category"], row["rate_pct"]): TaxedBefore(row["taxable_before"], row["tax_before"]) for row in rows},
    )


def apart(sources: Sequence[Row]) -> list[list[Row]]:
    """The goods that may share an invoice, one list an invoice: what is outside VAT is charged apart from what is not."""
    within = [row for row in sources if not outside_vat(row["tax_category"])]
    outside = [row for row in sources if outside_vat(row["tax_category"])]
    return [goods for goods in (within, outside) if goods]


def draft(head: Row, sources: Sequence[Row], taxed: OrderTaxes, today: date) -> Draft:
    """The invoice of these goods, with the order's carriage where it was not charged yet and is taxed in the same way."""
    currency = head["currency"]
    lines = _goods(sources, currency)
    carried = outside_vat(taxed.freight[0]) == outside_vat(sources[0]["tax_category"])
    freight = head["freight"] if carried and not head["freight_charged"] else ZERO
    charges = [Charge(line["amount"], line["tax_category"], line["tax_rate_pct"]) for line in lines]
    groups = taxes([*charges, *([Charge(freight, *taxed.freight)] if freight else [])], currency, taxed.before)
    sums = revenue(charges, freight, groups)
    due = schedule(Terms(head["net_days"], head["discount_pct"], head["discount_days"]), today, sums.gross, currency)
    totals = {
        "invoice_date": today,
        "net_total": sums.net,
        "freight_total": sums.freight,
        "tax_total": sums.tax,
        "gross_total": sums.gross,
        "due_date": due.due_date,
        "discount_date": due.discount_date,
        "discount_amount": due.discount_amount,
    }
    carriage = [_carriage(head, freight, taxed.freight, len(lines) + 1)] if freight else []
    return Draft((*lines, *carriage), tuple(groups), totals)


def _goods(sources: Sequence[Row], currency: str) -> list[Row]:
    """The lines for goods; several parts of one order line are charged one after the other."""
    done: dict[int, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    lines: list[Row] = []
    for number, row in enumerate(sources, start=1):
        key = row["order_line_id"]
        qty_before, amount_before = done[key] if key in done else (row["qty_before"], row["amount_before"])
        amount = amount_of(Billable(row["qty"], row["qty_ordered"], row["line_worth"], qty_before, amount_before), currency)
        done[key] = (qty_before + row["qty"], amount_before + amount)
        charged = {"line_no": number, "charge_code": "ITEM", "amount": amount, "unit_price": row["unit_net"]}
        lines.append(charged | {name: row[name] for name in _COPIED})
    return lines


def _carriage(head: Row, freight: Decimal, taxed: TaxKey, line_no: int) -> Row:
    return {
        "line_no": line_no,
        "charge_code": "FREIGHT",
        "amount": freight,
        "unit_price": freight,
        "shipment_line_id": None,
        "fulfil_line_id": None,
        "order_line_id": None,
        "sku": "",
        "description": f"Carriage of order {head['order_no']}",
        "qty": 1,
        "uom": "EA",
        "tax_category": taxed[0],
        "tax_rate_pct": taxed[1],
    }
