"""The statement of account: what a customer owes by document and age, what we hold of theirs, and what is asked for. A paper."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.runtime.state import effects
from engine.runtime.state.effects import Effect
from engine.store.clock import business_now
from handlers.changes import Author, note
from handlers.documents.addressee import addressee
from handlers.documents.payment import how_to_pay, money, payment_code
from handlers.documents.pdf import Paper, print_pdf
from handlers.documents.seller import seller
from handlers.documents.store import save_document
from handlers.parties.master_data import default_address, find_customer
from handlers.values import total

ZERO = Decimal(0)
_TEMPLATE = Path(__file__).parent / "account_statement.typ"
#: The last day overdue of each age but the oldest.
_AGES = (0, 30, 60, 90)


def print_account_statement(tx: Session, customer_no: str, now: datetime) -> Paper:
    """The statement of account of a customer as of today, each currency by itself. Raises NotFound."""
    return print_pdf(_TEMPLATE, account_statement(tx, customer_no, now.date()), now)


def send_account_statement(tx: Session, customer_no: str, actor: str) -> str:
    """Let the statement of account as of today go to the customer, once a day; answers the effect's key. Raises NotFound."""
    now = business_now(tx)
    customer = find_customer(tx, customer_no)
    paper = save_document(tx, "ACCOUNT_STATEMENT", customer_no, "application/pdf", print_account_statement(tx, customer_no, now))
    payload = {"customer_no": customer_no, "day": str(now.date()), "document_id": paper}
    key = f"account_statement:{customer_no}:{now.date()}"
    effects.record(tx, Effect(key, "account_statement", customer.email or f"customer {customer_no}", payload))
    note(tx, Author(actor), "send_statement", f"customer:{customer_no}", payload)
    return key


def account_statement(tx: Session, customer_no: str, today: date) -> dict[str, Any]:
    """What the paper says, ready to print. Raises NotFound."""
    customer = find_customer(tx, customer_no)
    house = seller(tx)
    by_currency: dict[str, list[RowMapping]] = defaultdict(list)
    for row in tx.execute(_ROWS, {"customer_no": customer_no}).mappings():
        by_currency[row["currency"]].append(row)
    return {
        "seller": house,
        "customer_no": customer_no,
        "to": addressee({"name": customer.name, "country": customer.country}, default_address(tx, customer_no, "BILL") or {}),
        "facts": [("Date", str(today)), ("Customer", customer_no)],
        "parts": [_part(rows, currency, customer_no, house, today) for currency, rows in sorted(by_currency.items())],
    }


def _part(rows: Sequence[RowMapping], currency: str, customer_no: str, house: dict[str, str], today: date) -> dict[str, Any]:
    owed = total(row["open"] for row in rows if row["due_date"] is not None)
    held = -total(row["open"] for row in rows if row["due_date"] is None)
    disputed = total(row["disputed"] for row in rows)
    asked = max(ZERO, owed - held - disputed)
    sums = [("Open", owed), ("Of it disputed", -disputed), ("Your money with us", -held)]
    return {
        "currency": currency,
        "rows": [_row(row, currency, today) for row in rows],
        "ages": [money(amount, currency) for amount in ages(rows, today)],
        "sums": [
            *((label, f"{money(amount, currency)} {currency}") for label, amount in sums if amount or label == "Open"),
            ("Please pay", f"{money(asked, currency)} {currency}"),
        ],
        "terms": "Please pay what is due with the number of the document.",
        "payment": how_to_pay(house, asked, currency, customer_no) if asked else [],
        "qr": payment_code(house, asked, currency, customer_no),
    }


def _row(row: RowMapping, currency: str, today: date) -> list[str]:
    late = (today - row["due_date"]).days if row["due_date"] is not None else 0
    remark = [f"{late} days overdue"] if late > 0 else []
    if row["disputed"]:
        remark.append(f"{money(row['disputed'], currency)} disputed")
    if row["due_date"] is None:
        remark.append("not applied yet")
    amounts = [money(row["amount"], currency), money(row["open"], currency)]
    return [row["number"], str(row["dated"]), str(row["due_date"] or ""), ", ".join(remark), *amounts]


def ages(rows: Sequence[RowMapping], today: date) -> list[Decimal]:
    """What is open by age: not due, up to 30, 60 and 90 days overdue, and older. What we hold of the customer has no age."""
    sums = [ZERO] * (len(_AGES) + 1)
    for row in rows:
        if row["due_date"] is not None:
            late = (today - row["due_date"]).days
            sums[sum(late > most for most in _AGES)] += row["open"]
    return sums


_ROWS = text("""
SELECT item.document_no AS number, item.document_date AS dated, due.due_date, item.original AS amount, due.open_amount AS open,
  item.currency, CASE WHEN due.later > 0 THEN 0 ELSE least(item.open_amount, coalesce((
    SELECT sum(dispute.amount) FROM dispute
    WHERE dispute.invoice_no = item.document_no AND dispute.resolved_at IS NULL), 0)) END AS disputed
FROM open_item AS item JOIN open_due AS due ON due.item_id = item.id WHERE item.kind = 'AR' AND item.party_no = :customer_no
UNION ALL
SELECT receipt.receipt_no, receipt.received_on, NULL, -receipt.amount, -(receipt.amount - receipt.written_off - coalesce(used.cash, 0)),
  receipt.currency, 0
FROM receipt LEFT JOIN LATERAL (
  SELECT sum(cash) AS cash FROM application WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL) AS used ON true
WHERE receipt.customer_no = :customer_no AND receipt.reversed_at IS NULL AND receipt.amount - receipt.written_off > coalesce(used.cash, 0)
ORDER BY 3, 2, 1
""")
