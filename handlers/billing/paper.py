"""Prints an invoice: readable, aligned, with the tax by rate and how to pay."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from handlers.billing.cii import write_cii
from handlers.billing.facts import InvoiceFacts
from handlers.billing.factur_x import FACTUR_X, Attached, as_factur_x
from handlers.billing.ubl import delivery_of, fits_e_invoice
from handlers.documents.addressee import addressee
from handlers.documents.payment import how_to_pay, money, payment_code
from handlers.documents.pdf import Paper, print_pdf
from handlers.documents.press import press
from handlers.documents.seller import quantity
from handlers.values import decimals_of

_TEMPLATE = Path(__file__).parent / "invoice.typ"


def print_invoice(facts: InvoiceFacts) -> Paper:
    """The invoice as PDF, with its data attached where its customer wants Factur-X; the same invoice always gives the same bytes."""
    if facts.buyer.get("invoice_pdf") == FACTUR_X and fits_e_invoice(facts):
        paper = print_pdf(_TEMPLATE, as_shown(facts), facts.created_at, "a-3b")
        about = Attached(f"{_title(facts)} {facts.invoice_no}", facts.seller["name"], facts.created_at)
        return Paper(press.do(as_factur_x, bytes(paper), write_cii(facts), about)).noting(*paper.findings)
    return print_pdf(_TEMPLATE, as_shown(facts), facts.created_at)


def as_shown(facts: InvoiceFacts) -> dict[str, Any]:
    """The invoice as text, ready to print; of instalments the first is asked for."""
    currency = facts.currency
    due = facts.instalments[0].amount if facts.instalments else facts.gross_total
    sums = [("Goods", money(facts.net_total, currency))]
    if facts.freight_total:
        sums.append(("Carriage", money(facts.freight_total, currency)))
    sums += [("Tax", money(facts.tax_total, currency)), (f"Total {currency}", money(facts.gross_total, currency))]
    return {
        "seller": facts.seller,
        "title": _title(facts),
        "invoice_no": facts.invoice_no,
        "bill_to": addressee(facts.buyer, facts.bill_to, [facts.ship_to.get("name", "")]),
        "facts": _facts(facts),
        "lines": [
            {
                "heading": delivery_of(line) if number == 0 and line.order_no else "",
                "line_no": str(line.line_no),
                "description": line.description,
                "sku": line.sku,
                "note": f"Restocking fee {money(line.restocking_fee, currency)} kept back" if line.restocking_fee else "",
                "qty": quantity(line.qty),
                "uom": line.uom,
                "unit_price": price(line.unit_price, currency),
                "tax": f"{quantity(line.tax_rate_pct)} %",
                "amount": money(line.amount, currency),
            }
            for _, lines in facts.goods
            for number, line in enumerate(lines)
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
        "payment": [] if facts.is_credit_memo else how_to_pay(facts.seller, due, currency, facts.invoice_no),
        "qr": [] if facts.is_credit_memo else payment_code(facts.seller, due, currency, facts.invoice_no),
    }


def _delivered(facts: InvoiceFacts) -> str:
    ends_on = facts.delivery_date.isoformat()
    return f"{facts.delivered_from} to {ends_on}" if facts.delivered_from and facts.delivered_from < facts.delivery_date else ends_on


def _title(facts: InvoiceFacts) -> str:
    if facts.is_credit_memo:
        return "Credit memo"
    if facts.kind == "DM":
        return "Debit note"
    return "Invoice in advance" if facts.is_in_advance else "Invoice"


def _facts(facts: InvoiceFacts) -> list[tuple[str, str]]:
    shown = [
        ("Date" if facts.is_credit_memo else "Invoice date", facts.invoice_date.isoformat()),
        ("For invoice", facts.credits_invoice_no),
        ("Delivery expected" if facts.is_in_advance else "Delivered", _delivered(facts)),
        ("Our order", facts.order_no),
        ("Your order", facts.customer_po),
        ("Shipment", facts.shipment_no),
        ("Customer", facts.buyer["customer_no"]),
        ("Your VAT number", facts.buyer["vat_no"]),
    ]
    return [(label, value) for label, value in shown if value]


def price(amount: Decimal, currency: str) -> str:
    """A unit price with at least the currency's decimals."""
    least = decimals_of(currency)
    text = f"{amount:,.4f}".replace(",", "\u202f")
    return text.rstrip("0") if len(text.rstrip("0").partition(".")[2]) > least else text[: len(text) - 4 + least].rstrip(".")
