"""What one invoice charges: goods, carriage, the tax on them, totals and terms. Pure: from rows that were read to rows to be written.

An invoice that is written and one that is only tried before the goods leave are put together here alike.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.billing.rules import (
    Billable,
    Charge,
    OpenAdvance,
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
    use_advances,
)
from handlers.values import total

ZERO = Decimal(0)
Row = Mapping[str, Any]
_COPIED = ("shipment_line_id", "fulfil_line_id", "order_line_id", "sku", "description", "qty", "uom", "tax_category", "tax_rate_pct")


@dataclass(frozen=True, slots=True)
class OrderTaxes:
    """How the whole order is taxed, what of it earlier invoices charged, and what of it was billed in advance and not used yet."""

    freight: TaxKey
    before: Mapping[TaxKey, TaxedBefore]
    advances: Sequence[OpenAdvance] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice before it is written: its lines, its tax by rate, and the columns of its totals and terms.

    Goods come first, then carriage, then what advances take off.
    """

    lines: tuple[Row, ...]
    groups: tuple[TaxGroup, ...]
    totals: Row


def order_taxes(rows: Sequence[Row], advances: Sequence[OpenAdvance] = ()) -> OrderTaxes:
    """From the order's worth, and what was charged before, by category and rate."""
    return OrderTaxes(
        advances=advances,
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
    is_carried = outside_vat(taxed.freight[0]) == outside_vat(sources[0]["tax_category"])
    freight = head["freight"] if is_carried and not head["freight_charged"] else ZERO
    charges = [Charge(line["amount"], line["tax_category"], line["tax_rate_pct"]) for line in lines]
    carriage = [Charge(freight, *taxed.freight)] if freight else []
    used = use_advances([*charges, *carriage], taxed.advances)
    taken_off = [Charge(-amount, *advance.key) for advance, amount in used]
    groups = taxes([*charges, *carriage, *taken_off], currency, taxed.before, order_no=head["order_no"])
    sums = revenue([*charges, *taken_off], freight, groups)
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
    carried = [_carriage(head, freight, taxed.freight)] if freight else []
    off = [_advance_used(advance, amount) for advance, amount in used]
    return Draft(_of_order(head, [*lines, *numbered([*carried, *off], len(lines) + 1)]), tuple(groups), totals)


def advance_draft(head: Row, amounts: Mapping[TaxKey, Decimal], taxed: OrderTaxes, today: date) -> Draft:
    """The invoice of a step of the billing plan: one line for each category and rate of tax."""
    charges = [Charge(amount, *key) for key, amount in amounts.items()]
    groups = taxes(charges, head["currency"], taxed.before, order_no=head["order_no"])
    sums = revenue(charges, ZERO, groups)
    due = schedule(Terms(head["net_days"]), today, sums.gross, head["currency"])
    totals = {
        "invoice_date": today, "net_total": sums.net, "freight_total": ZERO, "tax_total": sums.tax, "gross_total": sums.gross,
        "due_date": due.due_date, "discount_date": None, "discount_amount": ZERO,
    }  # fmt: skip
    lines = [_charge("ADVANCE", charge, f"{head['name']} of order {head['order_no']}", qty=1) for charge in charges]
    return Draft(_of_order(head, numbered(lines, 1)), tuple(groups), totals)


def _of_order(head: Row, lines: Iterable[Row]) -> tuple[Row, ...]:
    return tuple({**line, "order_no": head["order_no"]} for line in lines)


def consolidated(parts: Sequence[Draft], terms: Terms, currency: str, today: date) -> Draft:
    """One invoice of what several orders are charged: each order's lines behind one another, the tax of each, one sum and one due date."""
    lines = numbered((line for part in parts for line in part.lines), 1)
    sums = {name: total(part.totals[name] for part in parts) for name in ("net_total", "freight_total", "tax_total", "gross_total")}
    due = schedule(terms, today, sums["gross_total"], currency)
    dates = {"due_date": due.due_date, "discount_date": due.discount_date, "discount_amount": due.discount_amount}
    return Draft(tuple(lines), tuple(group for part in parts for group in part.groups), {"invoice_date": today, **sums, **dates})


def numbered(lines: Iterable[Row], first: int) -> list[Row]:
    """The lines with their numbers, from the first on."""
    return [{**line, "line_no": number} for number, line in enumerate(lines, start=first)]


def _advance_used(advance: OpenAdvance, amount: Decimal) -> Row:
    charge = Charge(amount, *advance.key)
    return _charge("ADVANCE_USED", charge, f"Less invoice in advance {advance.invoice_no}", qty=-1) | {
        "amount": -amount,
        "advance_no": advance.invoice_no,
    }


def _goods(sources: Sequence[Row], currency: str) -> list[Row]:
    """The lines for goods; several parts of one order line are charged one after the other."""
    done: dict[int, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    lines: list[Row] = []
    for number, row in enumerate(sources, start=1):
        key = row["order_line_id"]
        qty_before, amount_before = done[key] if key in done else (row["qty_before"], row["amount_before"])
        amount = amount_of(Billable(row["qty"], row["qty_ordered"], row["line_worth"], qty_before, amount_before), currency)
        done[key] = (qty_before + row["qty"], amount_before + amount)
        charged = {"line_no": number, "charge_code": "ITEM", "advance_no": None, "amount": amount, "unit_price": row["unit_net"]}
        lines.append(charged | {name: row[name] for name in _COPIED})
    return lines


def _carriage(head: Row, freight: Decimal, taxed: TaxKey) -> Row:
    return _charge("FREIGHT", Charge(freight, *taxed), f"Carriage of order {head['order_no']}", qty=1)


def _charge(charge_code: str, charge: Charge, description: str, *, qty: int) -> dict[str, Any]:
    """A line for something else than goods of a shipment."""
    return {
        "charge_code": charge_code,
        "amount": charge.amount,
        "unit_price": charge.amount,
        "shipment_line_id": None,
        "fulfil_line_id": None,
        "order_line_id": None,
        "advance_no": None,
        "sku": "",
        "description": description,
        "qty": qty,
        "uom": "EA",
        "tax_category": charge.category,
        "tax_rate_pct": charge.rate_pct,
    }
