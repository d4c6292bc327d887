"""Turns a statement's credits into receipts: the payer is recognised, the money lands unapplied, and invoices are proposed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from handlers.documents.numbers import next_numbers
from handlers.ledger import posting
from handlers.ledger.accounts import UNAPPLIED_CASH
from handlers.ledger.open_items import lock_open_items
from handlers.parties.policy import chosen
from handlers.receivables.bank_entries import lock_returnable
from handlers.receivables.matching import NAMED_ONLY, Finding, Rule, Weights, find_matches
from handlers.receivables.model import Proposal, Receipt
from handlers.receivables.naming import nearest_name
from handlers.receivables.rules import Cash, Item, Match, Named, named_invoices
from handlers.receivables.statements import lock_statement
from handlers.rowsets import as_json, insert_rows

#: What may be a customer's number in a text.
_WORDS = re.compile(r"[A-Z0-9][A-Z0-9\-]{2,39}")


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the receipts of a statement seem to pay: exactly, with a difference that needs a decision, or nothing we know."""

    exact: int
    with_difference: tuple[Match, ...]
    unmatched: tuple[str, ...]


def record_receipts(tx: Session, statement_no: str) -> int:
    """Make a receipt of every credit, with its journal; answer how many the statement has. Again: nothing more. Raises NotFound."""
    statement = lock_statement(tx, statement_no)
    lines = tx.execute(_CREDITS, {"statement_no": statement_no}).mappings().all()
    if lines:
        named = {line["id"]: _named(line) for line in lines}
        parties = _parties(tx, lines, named)
        bare = [parties[line_id][0] for line_id, one in named.items() if not one.sure and line_id in parties]
        _lock_what_follows(tx, statement_no, named.values(), bare)
        numbers = next_numbers(tx, "RC", len(lines))
        rows = [_receipt(line, number, parties.get(line["id"])) for number, line in zip(numbers, lines, strict=True)]
        journals = posting.post_many(tx, [_entry(row, statement["ledger_account"]) for row in rows])
        insert_rows(tx, Receipt, [row | {"journal_id": journal} for row, journal in zip(rows, journals, strict=True)])
        tx.execute(_BOOKED, {"statement_no": statement_no})
    return int(tx.execute(text("SELECT count(*) FROM receipt WHERE statement_no = :no"), {"no": statement_no}).scalar_one())


def _lock_what_follows(tx: Session, statement_no: str, named: Iterable[Named], bare: Sequence[str]) -> None:
    """Lock what the statement will be applied to, and what it may return, before its receipts get numbers: the same transaction goes on.

    `bare` are the customers who named nothing: whatever is open of them may be found by the amount.

    Numbers are the last to be taken, so that nobody who waits for one holds what its holder wants.
    """
    lock_returnable(tx, statement_no)
    open_numbers = tx.scalars(_OPEN_OF, {"customers": sorted(set(bare))}).all() if bare else []
    lock_open_items(tx, "AR", [*open_numbers, *(number for one in named for number in (*one.sure, *one.possible))])


def propose(tx: Session, statement_no: str, rules: Sequence[Rule] = NAMED_ONLY) -> Proposals:
    """Match the receipts that are not applied yet with open invoices, as `rules` allow. Raises NotFound."""
    lock_statement(tx, statement_no)
    rows = tx.execute(_UNAPPLIED, {"statement_no": statement_no}).mappings().all()
    cash = [_cash(row) for row in rows]
    findings = find_matches(cash, _items(tx, cash), rules, _weights(tx))
    tx.execute(_FORGET, {"statement_no": statement_no})
    insert_rows(tx, Proposal, [row for finding in findings for row in _proposed(finding)])
    applied = [each for finding in findings if finding.applied is not None for each in finding.applied.matches]
    return Proposals(
        exact=sum(1 for each in applied if not each.difference),
        with_difference=tuple(each for each in applied if each.difference),
        unmatched=tuple(finding.receipt_no for finding in findings if finding.applied is None),
    )


def _proposed(finding: Finding) -> list[dict[str, Any]]:
    """The rows of what is applied (rank 0) and of what else it could be (from rank 1)."""
    kept = ("receipt_no", "invoice_no", "amount", "difference")
    ranked = [(0, finding.applied)] if finding.applied is not None else []
    ranked += list(enumerate(finding.others, start=1))
    return [
        {name: getattr(each, name) for name in kept}
        | {"rank": rank, "rule": candidate.rule, "score": candidate.score, "why": candidate.why}
        for rank, candidate in ranked
        for each in candidate.matches
    ]


def _weights(tx: Session) -> Weights:
    numbers = chosen(tx, "match.minimum", *(f"match.weight_{name}" for name in ("customer", "number", "amount")))
    return Weights(
        customer=numbers["match.weight_customer"],
        number=numbers["match.weight_number"],
        amount=numbers["match.weight_amount"],
        minimum=numbers["match.minimum"],
    )


def _cash(row: RowMapping) -> Cash:
    named = _named(row)
    return Cash(
        row["receipt_no"],
        row["rest"],
        row["currency"],
        row["received_on"],
        named.sure,
        named.possible,
        paid_from=row["customer_no"] if row["identified_by"] in {"account", "person"} else None,
        customer_no=row["customer_no"],
        recognised_by=row["identified_by"],
        text=" ".join((row["remittance"], *row["structured_refs"])),
        oldest_first=bool(row["oldest_first"]),
    )


def _named(line: RowMapping) -> Named:
    return named_invoices([*line["structured_refs"], line["remittance"], *line["advised"]])


def _parties(tx: Session, lines: Sequence[RowMapping], named: Mapping[int, Named]) -> dict[int, tuple[str, str]]:
    """The customer of each line, by the first that says it.

    An invoice it names; the account it came from; a customer's number in its text; a name that a person told us, or that only one customer
    has; a name that is most like one customer's.
    """
    rows = [
        {
            "id": line["id"],
            "numbers": named[line["id"]].sure,
            "iban": line["payer_iban"],
            "name": line["payer_name"].strip().lower(),
            "words": _WORDS.findall(" ".join((line["remittance"], *line["structured_refs"])).upper()),
        }
        for line in lines
    ]
    found = {row.id: (row.customer_no, row.identified_by) for row in tx.execute(_IDENTIFY, {"rows": as_json(rows)}) if row.customer_no}
    unknown = {line["id"]: line["payer_name"] for line in lines if line["id"] not in found and line["payer_name"].strip()}
    names = [(row.customer_no, row.name) for row in tx.execute(_NAMES)] if unknown else []
    alike = {line_id: nearest_name(written, names) for line_id, written in unknown.items()}
    return found | {line_id: (customer_no, "likeness") for line_id, customer_no in alike.items() if customer_no is not None}


def _receipt(line: RowMapping, receipt_no: str, party: tuple[str, str] | None) -> dict[str, Any]:
    customer_no, identified_by = party or (None, "")
    return {
        "receipt_no": receipt_no,
        "statement_no": line["statement_no"],
        "bank_line_id": line["id"],
        "customer_no": customer_no,
        "identified_by": identified_by,
        "amount": line["amount"],
        "currency": line["currency"],
        "received_on": line["booked_on"],
    }


def _entry(row: Mapping[str, Any], ledger_account: str) -> posting.Entry:
    return posting.Entry(
        event_type="receipt.recorded",
        source_id=row["receipt_no"],
        currency=row["currency"],
        lines=[
            posting.debit(ledger_account, row["amount"], reference=row["receipt_no"]),
            posting.credit(UNAPPLIED_CASH, row["amount"], party_no=row["customer_no"], reference=row["receipt_no"]),
        ],
        gl_date=row["received_on"],
        narration=f"Receipt {row['receipt_no']} on statement {row['statement_no']}",
    )


def _items(tx: Session, cash: Sequence[Cash]) -> list[Item]:
    """The invoices that are named, and for receipts that name nothing those of their customer, or of their amount."""
    bare = [one for one in cash if not one.named]
    given = {
        "numbers": sorted({number for one in cash for number in (*one.named, *one.possible)}),
        "customers": sorted({one.customer_no for one in bare if one.customer_no is not None}),
        "amounts": sorted({one.amount for one in bare if one.customer_no is None}),
    }
    return [Item(**row) for row in tx.execute(_ITEMS, given).mappings()]


#: The invoices of the remittance advice whose reference a credit carries, over the same amount.
_ADVISED = """
COALESCE((
  SELECT jsonb_agg(DISTINCT told.invoice_no) FROM remittance_advice AS advice JOIN remittance_line AS told ON told.advice_id = advice.id
  WHERE advice.currency = line.currency AND advice.amount = line.amount AND told.invoice_no IS NOT NULL
    AND position(advice.reference IN folded(line.remittance || ' ' || CAST(line.structured_refs AS text))) > 0
), '[]') AS advised
"""
_CREDITS = text(f"""
SELECT line.*, {_ADVISED} FROM bank_line AS line
WHERE line.statement_no = :statement_no AND line.amount > 0 AND line.outcome = '' AND line.asked_group = '' ORDER BY line.id
""")
_BOOKED = text("""
UPDATE bank_line SET outcome = 'RECEIPT', document_no = receipt.receipt_no, journal_id = receipt.journal_id
FROM receipt WHERE receipt.bank_line_id = bank_line.id AND bank_line.statement_no = :statement_no
""")
_IDENTIFY = text("""
SELECT given.id,
  coalesce(by_invoice.party_no, account.customer_no, by_number.customer_no, alias.customer_no, by_name.customer_no) AS customer_no,
  CASE WHEN by_invoice.party_no IS NOT NULL THEN 'invoice' WHEN account.customer_no IS NOT NULL THEN 'account'
    WHEN by_number.customer_no IS NOT NULL THEN 'number' WHEN alias.customer_no IS NOT NULL THEN 'alias' ELSE 'name' END AS identified_by
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, numbers jsonb, iban text, name text, words jsonb)
LEFT JOIN LATERAL (
  SELECT min(item.party_no) AS party_no FROM open_item AS item
  WHERE item.kind = 'AR' AND item.document_no IN (SELECT jsonb_array_elements_text(given.numbers))
  HAVING count(DISTINCT item.party_no) = 1) AS by_invoice ON true
LEFT JOIN bank_account AS account ON account.iban = given.iban
LEFT JOIN LATERAL (
  SELECT min(customer.customer_no) AS customer_no FROM customer
  WHERE customer.customer_no IN (SELECT jsonb_array_elements_text(given.words)) HAVING count(*) = 1) AS by_number ON true
LEFT JOIN payer_alias AS alias ON alias.name = given.name
LEFT JOIN LATERAL (
  SELECT min(customer.customer_no) AS customer_no FROM customer WHERE lower(customer.name) = given.name
  HAVING count(*) = 1) AS by_name ON true
""")
_NAMES = text("SELECT customer_no, name FROM customer WHERE active ORDER BY customer_no")
_UNAPPLIED = text(f"""
SELECT {_ADVISED}, receipt.receipt_no, receipt.currency, receipt.received_on, receipt.customer_no, receipt.identified_by,
  line.structured_refs, line.remittance, customer.oldest_first,
  receipt.amount - receipt.on_account - receipt.written_off - coalesce(used.cash, 0) AS rest
FROM receipt JOIN bank_line AS line ON line.id = receipt.bank_line_id
LEFT JOIN customer ON customer.customer_no = receipt.customer_no
LEFT JOIN LATERAL (SELECT sum(cash) AS cash FROM application
                   WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL) AS used ON true
WHERE receipt.statement_no = :statement_no AND receipt.reversed_at IS NULL
  AND receipt.amount - receipt.on_account - receipt.written_off - coalesce(used.cash, 0) > 0
ORDER BY receipt.receipt_no
""")
_ITEMS = text("""
SELECT item.document_no AS invoice_no, item.party_no, customer.customer_class, item.currency, item.open_amount, item.discount_date,
  CASE WHEN item.open_amount = item.original THEN item.discount_amount ELSE 0 END AS discount_amount,
  item.due_date, item.document_date, customer.paid_by_customer_no AS paid_by,
  ARRAY(SELECT due.open_amount FROM open_due AS due WHERE due.item_id = item.id ORDER BY due.due_date) AS parts
FROM open_item AS item JOIN customer ON customer.customer_no = item.party_no
WHERE item.kind = 'AR' AND (item.document_no = ANY(:numbers) OR item.open_amount > 0 AND NOT item.disputed AND (
  item.party_no = ANY(:customers) OR customer.paid_by_customer_no = ANY(:customers) OR item.open_amount = ANY(:amounts)))
""")
_OPEN_OF = text("""
SELECT item.document_no FROM open_item AS item JOIN customer ON customer.customer_no = item.party_no
WHERE item.kind = 'AR' AND item.open_amount > 0
  AND (item.party_no = ANY(:customers) OR customer.paid_by_customer_no = ANY(:customers))
""")
_FORGET = text("""
DELETE FROM receipt_proposal USING receipt WHERE receipt.receipt_no = receipt_proposal.receipt_no AND receipt.statement_no = :statement_no
""")
