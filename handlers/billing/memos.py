"""Writes credit memos and debit notes: papers that correct a posted invoice. A draft is written anew until it is posted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from handlers.billing.creation import EXEMPTION_REASONS
from handlers.billing.model import Invoice, InvoiceLine, InvoiceTax
from handlers.billing.rules import TaxGroup
from handlers.rowsets import insert_rows
from handlers.values import total

_OF_INVOICE = ("order_no", "shipment_no", "billing_policy", "customer_no", "customer_po", "bill_to", "ship_to", "currency", "fx_rate",
               "delivery_date")  # fmt: skip


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
    groups = [
        {
            "invoice_no": memo.number,
            "category": group.category,
            "rate_pct": group.rate_pct,
            "taxable": group.taxable,
            "tax": group.tax,
            "exemption_reason": EXEMPTION_REASONS.get(group.category, ""),
        }
        for group in memo.groups
    ]
    insert_rows(tx, InvoiceTax, groups)


_FORGET = text("""
WITH lines AS (DELETE FROM invoice_line WHERE invoice_no = :no), groups AS (DELETE FROM invoice_tax WHERE invoice_no = :no)
DELETE FROM invoice WHERE invoice_no = :no
""")
