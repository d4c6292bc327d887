"""Writes credit memos and debit notes: papers that correct a posted invoice. A draft is written anew until it is posted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from handlers.billing.charging import order_taxes
from handlers.billing.creation import tax_rows
from handlers.billing.model import Invoice, InvoiceLine, InvoiceTax
from handlers.billing.rules import Charge, TaxGroup, taxes
from handlers.rowsets import insert_rows
from handlers.values import total

_OF_INVOICE = ("order_no", "shipment_no", "billing_policy", "customer_no", "customer_po", "bill_to", "ship_to", "currency", "fx_rate",
               "delivery_date", "delivered_from")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Memo:
    """A paper before it is written: its number, the columns of its own, the invoice it corrects, its lines, and its tax by rate."""

    number: str
    about: Mapping[str, Any]
    invoice: Row[Any]
    lines: Sequence[Mapping[str, Any]]
    groups: Sequence[TaxGroup]


def write_memo(tx: Session, memo: Memo, *, anew: bool) -> None:
    """Write the paper; `anew` takes the draft that had its number away first."""
    if anew:
        tx.execute(_FORGET, {"no": memo.number})
    net: Decimal = total(line["amount"] for line in memo.lines)
    tax: Decimal = total(group.tax for group in memo.groups)
    sums = {"net_total": net, "tax_total": tax, "gross_total": net + tax}
    copied = {name: getattr(memo.invoice, name) for name in _OF_INVOICE}
    insert_rows(tx, Invoice, [{"invoice_no": memo.number, **memo.about, **sums, **copied}])
    insert_rows(tx, InvoiceLine, [{"invoice_no": memo.number, **line} for line in memo.lines])
    insert_rows(tx, InvoiceTax, tax_rows(memo.number, memo.groups))


def memo_taxes(tx: Session, kind: str, number: str, lines: Sequence[Mapping[str, Any]], currency: str) -> list[TaxGroup]:
    """The tax of a paper's lines, by the order each is of: what the papers of that kind took before counts, beside the one itself.

    So the credits of an order come to the tax on all that is credited of it, whichever invoices they are of.
    """
    order_nos = sorted({line["order_no"] for line in lines})
    rows = [dict(row) for row in tx.execute(_TAXED_BEFORE, {"orders": order_nos, "kind": kind, "no": number}).mappings()]
    groups: list[TaxGroup] = []
    for order_no in order_nos:
        before = order_taxes([row for row in rows if row["order_no"] == order_no]).before
        charges = [Charge(line["amount"], line["tax_category"], line["tax_rate_pct"]) for line in lines if line["order_no"] == order_no]
        groups += taxes(charges, currency, before, order_no=order_no)
    return groups


_TAXED_BEFORE = text("""
SELECT taken.order_no, taken.category, taken.rate_pct, 0 AS worth, sum(taken.taxable) AS taxable_before, sum(taken.tax) AS tax_before
FROM invoice_tax AS taken JOIN invoice USING (invoice_no)
WHERE taken.order_no = ANY(:orders) AND invoice.kind = :kind AND invoice.cancelled_at IS NULL AND invoice.invoice_no <> :no
GROUP BY taken.order_no, taken.category, taken.rate_pct
""")
_FORGET = text("""
WITH lines AS (DELETE FROM invoice_line WHERE invoice_no = :no), groups AS (DELETE FROM invoice_tax WHERE invoice_no = :no)
DELETE FROM invoice WHERE invoice_no = :no
""")
