"""Prints a quote."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from handlers.documents.pdf import print_pdf
from handlers.documents.seller import quantity, seller
from handlers.documents.store import save_document
from handlers.parties.master_data import find_customer
from handlers.parties.model import Customer
from handlers.parties.policy import chosen
from handlers.quotes.model import Quote, QuoteLine
from handlers.quoting.life import find_quote, lines_of
from handlers.values import decimals_of, round_currency, total

_TEMPLATE = Path(__file__).parent / "quote.typ"


def produce_document(tx: Session, quote_no: str, now: datetime) -> int:
    """Print the quote, keep the paper, and answer its id. Raises NotFound."""
    quote = find_quote(tx, quote_no, lock=True)
    valid_days = int(chosen(tx, "quote.valid_days")["quote.valid_days"])
    shown = _as_shown(quote, lines_of(tx, quote_no), find_customer(tx, quote.customer_no), now)
    shown["terms"] = f"This quote is valid for {valid_days} days. {shown['terms']}"
    content = print_pdf(_TEMPLATE, {"seller": seller(tx), **shown}, now)
    document_id = save_document(tx, "QUOTE", quote_no, "application/pdf", content)
    quote.document_id = document_id
    tx.flush()  # the next step reads the quote by statements of its own
    return document_id


def _as_shown(quote: Quote, lines: list[QuoteLine], customer: Customer, now: datetime) -> dict[str, Any]:
    currency = quote.currency
    goods = total(line.line_net for line in lines)
    sums = [("Goods", _money(goods, currency))]
    if quote.header_discount:
        sums.append((f"Discount {quantity(quote.header_discount_pct)} %", _money(-quote.header_discount, currency)))
    if quote.freight:
        sums.append(("Carriage", _money(quote.freight, currency)))
    sums += [("Tax", _money(quote.tax_total, currency)), (f"Total {currency}", _money(quote.gross_total, currency))]
    facts = [
        ("Date", now.date().isoformat()),
        ("Version", str(quote.version_no)),
        ("Customer", customer.customer_no),
        ("Wanted for", quote.requested_date.isoformat() if quote.requested_date else ""),
        ("Delivery", customer.incoterm),
    ]
    return {
        "quote_no": quote.quote_no,
        "to": {**quote.ship_to, "name": quote.ship_to.get("name") or customer.name},
        "facts": [(label, value) for label, value in facts if value],
        "lines": [
            {
                "line_no": str(line.line_no),
                "description": line.description,
                "sku": line.sku,
                "qty": quantity(line.qty),
                "uom": line.uom,
                "list_price": _price(line.list_price, currency),
                "unit_net": _price(line.unit_net, currency),
                "amount": _money(line.line_net, currency),
            }
            for line in lines
        ],
        "sums": sums,
        "terms": _terms(customer),
    }


def _terms(customer: Customer) -> str:
    terms = f"Payable within {customer.net_days} days of the invoice."
    if customer.discount_pct:
        terms += f" {quantity(customer.discount_pct)} % discount for payment within {customer.discount_days} days."
    return f"{terms} Please quote our number with your order."


def _money(amount: Decimal, currency: str) -> str:
    return f"{round_currency(amount, currency):,f}".replace(",", "\u202f")


def _price(amount: Decimal, currency: str) -> str:
    """A unit price with at least the currency's decimals, and more only where it has them."""
    short = round_currency(amount, currency)
    shown = short if short == amount else amount
    return f"{shown:,.{decimals_of(currency) if short == amount else 4}f}".replace(",", "\u202f")
