"""Prints an invoice: readable, aligned, with the tax by rate and how to pay."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import segno

from handlers.billing.facts import InvoiceFacts
from handlers.documents.pdf import Paper, print_pdf
from handlers.documents.seller import quantity
from handlers.values import decimals_of, round_currency

_TEMPLATE = Path(__file__).parent / "invoice.typ"


def print_invoice(facts: InvoiceFacts) -> Paper:
    """The invoice as PDF; the same invoice always gives the same bytes."""
    return print_pdf(_TEMPLATE, as_shown(facts), facts.created_at)


def as_shown(facts: InvoiceFacts) -> dict[str, Any]:
    """The invoice as text, ready to print."""
    currency = facts.currency
    sums = [("Goods", money(facts.net_total, currency))]
    if facts.freight_total:
        sums.append(("Carriage", money(facts.freight_total, currency)))
    sums += [("Tax", money(facts.tax_total, currency)), (f"Total {currency}", money(facts.gross_total, currency))]
    return {
        "seller": facts.seller,
        "invoice_no": facts.invoice_no,
        "bill_to": addressee(facts),
        "facts": _facts(facts),
        "lines": [
            {
                "line_no": str(line.line_no),
                "description": line.description,
                "sku": line.sku,
                "qty": quantity(line.qty),
                "uom": line.uom,
                "unit_price": price(line.unit_price, currency),
                "tax": f"{quantity(line.tax_rate_pct)} %",
                "amount": money(line.amount, currency),
            }
            for line in facts.lines
        ],
        "taxes": [
            {
                "category": group.category,
                "reason": group.exemption_reason,
                "rate": f"{quantity(group.rate_pct)} %",
                "taxable": money(group.taxable, currency),
                "tax": money(group.tax, currency),
            }
            for group in facts.taxes
        ],
        "sums": sums,
        "terms": facts.terms,
        "payment": _payment(facts),
        "qr": payment_code(facts),
    }


def addressee(facts: InvoiceFacts) -> dict[str, str]:
    """Whom the invoice is addressed to: the customer by its legal name, at the address for bills.

    A department of the bill-to address stays as a second line; the name of the place of delivery does not.
    """
    place = dict(facts.bill_to) or {"country": facts.buyer["country"]}
    department = place.get("name", "")
    if department in {facts.buyer["name"], facts.ship_to.get("name", "")}:
        department = ""
    return place | {"name": facts.buyer["name"], "department": department, "country": place.get("country") or facts.buyer["country"]}


def _facts(facts: InvoiceFacts) -> list[tuple[str, str]]:
    shown = [
        ("Invoice date", facts.invoice_date.isoformat()),
        ("Delivered", facts.delivery_date.isoformat()),
        ("Our order", facts.order_no),
        ("Your order", facts.customer_po),
        ("Shipment", facts.shipment_no),
        ("Customer", facts.buyer["customer_no"]),
        ("Your VAT number", facts.buyer["vat_no"]),
    ]
    return [(label, value) for label, value in shown if value]


def _payment(facts: InvoiceFacts) -> list[tuple[str, str]]:
    seller = facts.seller
    shown = [
        ("Amount", f"{money(facts.gross_total, facts.currency)} {facts.currency}"),
        ("Reference", facts.invoice_no),
        ("Account", grouped(seller["iban"])),
        ("Bank", " ".join(part for part in (seller["bank_name"], seller["bic"]) if part)),
    ]
    return [(label, value) for label, value in shown if value]


def payment_code(facts: InvoiceFacts) -> list[list[int]]:
    """The modules of a payment QR code (EPC 069-12) for euro invoices with an account to pay to; else empty."""
    if facts.currency != "EUR" or not facts.seller["iban"] or facts.gross_total <= 0:
        return []
    lines = ("BCD", "002", "1", "SCT", facts.seller["bic"], facts.seller["name"][:70], facts.seller["iban"].replace(" ", ""))
    code = segno.make_qr("\n".join([*lines, f"EUR{facts.gross_total:.2f}", "", "", facts.invoice_no]), error="m")
    return [[int(dark) for dark in row] for row in code.matrix]


def money(amount: Decimal, currency: str) -> str:
    """1668 as 1 668.00, with thin spaces that do not break."""
    return f"{round_currency(amount, currency):,f}".replace(",", "\u202f")


def price(amount: Decimal, currency: str) -> str:
    """A unit price with at least the currency's decimals."""
    least = decimals_of(currency)
    text = f"{amount:,.4f}".replace(",", "\u202f")
    return text.rstrip("0") if len(text.rstrip("0").partition(".")[2]) > least else text[: len(text) - 4 + least].rstrip(".")


def grouped(iban: str) -> str:
    """An account number in groups of four."""
    plain = iban.replace(" ", "")
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))
