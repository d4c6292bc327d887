"""Remittance advices by X12 820 or EDIFACT REMADV: which invoices a payment is for, kept until the bank shows the payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from engine.lexical import read_compact_day, read_decimal
from engine.problems import Invalid
from handlers.edi.interchange import X12
from handlers.edi.transactions import Told, read_transaction, taken
from handlers.identifiers import folded
from handlers.receivables.model import RemittanceAdvice, RemittanceLine
from handlers.rowsets import as_json, insert_rows

_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a payer says of a payment: its reference, how much, when, and for which invoices how much each."""

    reference: str
    amount: Decimal
    currency: str
    paid_on: date | None
    lines: Sequence[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Kept:
    """An advice as it was kept, and the invoices it names that are none of the payer's."""

    advice_id: int
    advice: Advice
    unknown: Sequence[str]


def keep(tx: Session, transaction_id: int) -> Kept:
    """Keep a remittance advice: the bank's entry with its reference and amount is for the invoices it names. Raises NotFound, Invalid."""
    told = read_transaction(tx, transaction_id)
    advice = _x12(told) if told.syntax == X12 else _edifact(told)
    values = {"transaction_id": transaction_id, "customer_no": told.partner.customer_no, "reference": folded(advice.reference)[:_LONGEST]}
    values |= {"amount": advice.amount, "currency": advice.currency, "paid_on": advice.paid_on}
    advice_id = tx.execute(insert(RemittanceAdvice).values(values).returning(RemittanceAdvice.id)).scalar_one()
    known = _known(tx, told.partner.customer_no, [number for number, _ in advice.lines])
    rows: list[dict[str, Any]] = [
        {
            "advice_id": advice_id,
            "position": position,
            "named": number[:_LONGEST],
            "invoice_no": known.get(folded(number)),
            "amount": amount,
        }
        for position, (number, amount) in enumerate(advice.lines, start=1)
    ]
    insert_rows(tx, RemittanceLine, rows)
    taken(tx, transaction_id, advice.reference, "")
    return Kept(advice_id, advice, [number for number, _ in advice.lines if folded(number) not in known])


def _known(tx: Session, customer_no: str, numbers: Sequence[str]) -> dict[str, str]:
    """The payer's invoices among the numbers, or of whoever it pays for."""
    given = {"customer_no": customer_no, "rows": as_json([{"number": folded(number)} for number in numbers])}
    return {row.number: row.invoice_no for row in tx.execute(_KNOWN, given)}


def _x12(told: Told) -> Advice:
    segments = told.transaction.segments
    bpr = next(each for each in segments if each.tag == "BPR")
    trace = next((each.get(2) for each in segments if each.tag == "TRN"), "")
    currency = next((each.get(2) for each in segments if each.tag == "CUR"), "USD")
    named = [each for each in segments if each.tag == "RMR" and each.get(1) in {"IV", "CM", "BT"} and each.get(2)]
    return Advice(
        reference=trace or told.transaction.control_no,
        amount=_number(bpr.get(2), "BPR02"),
        currency=currency,
        paid_on=_day(bpr.get(16)),
        lines=[(each.get(2), _number(each.get(4) or "0", "RMR04")) for each in named],
    )


def _edifact(told: Told) -> Advice:
    segments = told.transaction.segments
    bgm = next(each for each in segments if each.tag == "BGM")
    reference = next((each.get(1, 2) for each in segments if each.tag == "RFF" and each.get(1) == "PQ"), "") or bgm.get(2)
    lines: list[tuple[str, Decimal]] = []
    total, is_tail = Decimal(0), False
    for segment in segments:
        if segment.tag == "DOC" and segment.get(2):
            lines.append((segment.get(2), Decimal(0)))
        elif segment.tag == "UNS":
            is_tail = True
        elif segment.tag == "MOA" and segment.get(1) == "12":
            amount = _number(segment.get(1, 2), "MOA")
            if is_tail or not lines:
                total = amount
            else:
                lines[-1] = (lines[-1][0], amount)
    currency = next((each.get(1, 2) for each in segments if each.tag == "CUX"), "EUR")
    paid_on = next((_day(each.get(1, 2)[:8]) for each in segments if each.tag == "DTM" and each.get(1) in {"138", "137"}), None)
    amount = total or sum((amount for _, amount in lines), Decimal(0))
    return Advice(reference=reference, amount=amount, currency=currency, paid_on=paid_on, lines=lines)


def _number(written: str, where: str) -> Decimal:
    found = read_decimal(written.replace(",", "."))
    if found is None:
        what = f"{where} is {written[:35]!r}, which is no number."
        raise Invalid(what, code="edi_number", next_step="Ask the payer to send it again.")
    return found


def _day(written: str) -> date | None:
    return read_compact_day(written[:8])


_KNOWN = text("""
SELECT given.number, item.document_no AS invoice_no
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(number text)
JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = given.number
JOIN customer ON customer.customer_no = item.party_no
WHERE item.party_no = :customer_no OR customer.paid_by_customer_no = :customer_no
""")
