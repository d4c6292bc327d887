"""What becomes of a statement's entries: booked as a decision table says, found to be a payment or a return of ours, or asked of a person.

Receipts are made in `receipts.py`. Everything else begins here: `book_entries` does what the table decided for each kind of entry,
`settle_entries` finds returned receipts, does what people said, and answers what is still open for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.store import locks
from engine.store.locks import Lock
from engine.store.memo import read_once
from handlers.identifiers import folded
from handlers.ledger import posting
from handlers.ledger.accounts import BANK, BANK_CHARGES, FX_GAIN, FX_LOSS, NUMBERS
from handlers.ledger.books import books_currency
from handlers.ledger.clearing import Standing
from handlers.ledger.open_items import lock_open_items
from handlers.receivables.manual_application import Return, reverse_receipts
from handlers.receivables.refunds import find_refunds
from handlers.receivables.rules import named_invoices, names_it
from handlers.receivables.statements import CODE, EntryKind, lock_statement
from handlers.rowsets import as_json

ZERO = Decimal(0)
#: Who is asked about money that came back.
RECEIVABLES_CLERK = "accounts-receivable"
#: Who is asked about what no decision names anybody for.
TREASURY = "treasury"
#: How many entries are shown to people at once; the next come when these are done.
MOST_AT_ONCE = 25
#: What a decision table may say of a kind of entry.
ENTRY_ACTIONS = frozenset({"RECEIPT", "ACCOUNT", "PAYMENT", "RETURN", "ASK"})


@dataclass(frozen=True, slots=True)
class EntryDecision:
    """What becomes of a kind of entry: booked to `account`, or found to be ours, or else asked of the group `ask`."""

    action: str
    account: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of an entry: `account`, `payment` (of a supplier's invoice) or `return` (of a receipt)."""

    position: int
    action: str
    account: str = ""
    supplier_invoice_no: str = ""
    receipt_no: str = ""


@dataclass(frozen=True, slots=True)
class Reopened:
    """An invoice that is owed again."""

    invoice_no: str
    order_no: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """Entries that wait for a person of the group, and the invoices that are owed again."""

    entries: tuple[RowMapping, ...]
    reopened: tuple[Reopened, ...]


@dataclass(slots=True)
class _Plan:
    """What is to be done with the entries of one call."""

    #: A line, what it became, for which document, and the journal that booked it (None: it was booked before).
    outcomes: list[tuple[RowMapping, str, str, posting.Entry | None]] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    standing: Standing = field(default_factory=Standing)


def book_entries(tx: Session, statement_no: str, decisions: Mapping[EntryKind, EntryDecision]) -> None:
    """Do with each entry what was decided for its kind; what is not found to be ours is asked of a group.

    Again: nothing more. Raises NotFound, Invalid when a kind has no decision we know.
    """
    statement = lock_statement(tx, statement_no)
    lines = tx.execute(_NEW, {"statement_no": statement_no}).mappings().all()
    decided = {line["id"]: _decision(line, decisions) for line in lines}
    plan = _Plan()
    for line in lines:
        if decided[line["id"]].action == "ACCOUNT":
            account = decided[line["id"]].account
            if plan.standing.take(tx, account, line["amount"], line["currency"]):
                continue  # who is asked about it reads why when he chooses that account
            plan.outcomes.append((line, "ACCOUNT", account, _to_account(line, statement, account, abs(line["amount"]))))
    payments = [line for line in lines if decided[line["id"]].action == "PAYMENT"]
    _find_payments(tx, payments, plan)
    done = {line["id"] for line, *_ in plan.outcomes}
    plan.outcomes += [(line, "REFUND", number, entry) for line, number, entry in find_refunds(tx, payments) if line["id"] not in done]
    booked = {line["id"] for line, *_ in plan.outcomes}
    asked = [
        {"id": line["id"], "asked_group": decided[line["id"]].ask or TREASURY}
        for line in lines
        if line["id"] not in booked and decided[line["id"]].action != "RECEIPT"
    ]
    _write(tx, plan)
    tx.execute(_ASK, {"rows": as_json(asked)})


def settle_entries(tx: Session, statement_no: str, group: str, answers: Sequence[Answer]) -> Settlement:
    """Book what people of a group said of a statement's entries, and what is found to be a returned receipt; answer what is still open.

    An answer that cannot be followed changes nothing: its entry is shown again with the reason. Raises NotFound.
    """
    statement = lock_statement(tx, statement_no)
    lines, plan = _waiting(tx, statement_no, group), _Plan()
    _follow(tx, statement, {line["position"]: line for line in lines}, answers, plan)
    if group == RECEIVABLES_CLERK:
        answered = {answer.position for answer in answers}
        _find_returns(tx, [line for line in lines if line["amount"] < 0 and line["position"] not in answered], plan)
    _lock_receipts(tx, statement_no, plan)
    reopened = _write(tx, plan)
    return Settlement(tuple(_waiting(tx, statement_no, group)[:MOST_AT_ONCE]), reopened)


def _waiting(tx: Session, statement_no: str, group: str) -> Sequence[RowMapping]:
    asked = {"statement_no": statement_no, "group": group}
    return read_once(tx, ("entries_waiting", statement_no, group), lambda: tx.execute(_WAITING, asked).mappings().all())


def _lock_receipts(tx: Session, statement_no: str, plan: _Plan) -> None:
    """Lock what is returned with the statement's own receipts, before the invoices: the same transaction goes on to place those."""
    if plan.returns:
        own = tx.execute(_OWN, {"statement_no": statement_no}).scalars().all()
        locks.take(tx, Lock.RECEIPT, [*own, *(each.receipt_no for each in plan.returns)])


def lock_returnable(tx: Session, statement_no: str) -> None:
    """Lock the receipts that the entries of a statement may return, and the invoices that these paid."""
    amounts = sorted({-line["amount"] for line in _waiting(tx, statement_no, RECEIVABLES_CLERK) if line["amount"] < 0})
    receipts = tx.execute(_RETURNABLE, {"amounts": amounts}).mappings().all() if amounts else []
    locks.take(tx, Lock.RECEIPT, [each["receipt_no"] for each in receipts])
    lock_open_items(tx, "AR", [number for each in receipts for number in each["invoices"]])


def _decision(line: RowMapping, decisions: Mapping[EntryKind, EntryDecision]) -> EntryDecision:
    kind = EntryKind("credit" if line["amount"] > 0 else "debit", line["reversal"], line["code"])
    decision = decisions.get(kind)
    known = decision is not None and decision.action in ENTRY_ACTIONS
    if decision is None or not known or (decision.action == "ACCOUNT" and decision.account not in NUMBERS):
        raise Invalid(
            f"For entry {line['position']} ({kind.direction} {kind.code or 'without a code'}) the decision says {decision}.",
            code="entry_decision",
            next_step=f"Let the decision table answer one of {', '.join(sorted(ENTRY_ACTIONS))}, and an account of the chart, then retry.",
        )
    if decision.action in {"PAYMENT", "RETURN", "ASK"} and not decision.ask:
        raise Invalid(
            f"The decision on entry {line['position']} names nobody to ask.",
            code="entry_decision",
            next_step="Let the decision table name a group in `ask`, then retry.",
        )
    return decision


# ---- what is found to be ours


def _find_payments(tx: Session, lines: Sequence[RowMapping], plan: _Plan) -> None:
    """A debit that names a supplier's invoice which we paid, and has its amount, is that payment. Amount and number are two witnesses."""
    bills = tx.execute(_UNDER_WAY, {"amounts": sorted({-line["amount"] for line in lines})}).mappings().all() if lines else []
    for line in lines:
        fits = [bill for bill in bills if _pays(line, bill) and bill["supplier_invoice_no"] not in plan.taken]
        if len(fits) == 1:
            plan.taken.add(fits[0]["supplier_invoice_no"])
            plan.outcomes.append((line, "PAYMENT", fits[0]["supplier_invoice_no"], None))


def _pays(line: RowMapping, bill: RowMapping) -> bool:
    same = bill["paid_amount"] == -line["amount"] and bill["currency"] == line["currency"] and line["ledger_account"] == BANK
    return same and any(names_it(line, bill[number]) for number in ("document_no", "supplier_invoice_no"))


def _find_returns(tx: Session, lines: Sequence[RowMapping], plan: _Plan) -> None:
    """A debit that takes back a receipt of the same amount: the one that names the same invoice or reference, or came from that account."""
    given = {"amounts": sorted({-line["amount"] for line in lines})}
    receipts = tx.execute(_RETURNABLE, given).mappings().all() if lines else []
    for line in lines:
        free = [each for each in receipts if _may_return(line, each) and each["receipt_no"] not in plan.taken]
        named = [each for each in free if _same_cause(line, each)]
        paid = [each for each in free if line["payer_iban"] and each["payer_iban"] == line["payer_iban"]]
        found = named if len(named) == 1 else paid if not named and len(paid) == 1 else []
        for receipt in found:
            _return(line, receipt, plan)


def _may_return(line: RowMapping, receipt: RowMapping) -> bool:
    same = receipt["amount"] == -line["amount"] and receipt["currency"] == line["currency"]
    return bool(same and receipt["account"] == line["account"] and receipt["received_on"] <= line["booked_on"])


def _same_cause(line: RowMapping, receipt: RowMapping) -> bool:
    named = set(named_invoices([*line["structured_refs"], line["remittance"]]).sure)
    known = {*receipt["invoices"], *named_invoices([*receipt["structured_refs"], receipt["remittance"]]).sure}
    references = {folded(each) for each in line["structured_refs"]} & {folded(each) for each in receipt["structured_refs"]}
    return bool(named & known or references)


def _return(line: RowMapping, receipt: RowMapping, plan: _Plan) -> None:
    plan.taken.add(receipt["receipt_no"])
    plan.outcomes.append((line, "RETURN", receipt["receipt_no"], None))
    if receipt["reversed_at"] is None:
        because = f"returned by the bank, entry {line['position']} of {line['statement_no']}"
        plan.returns.append(Return(receipt["receipt_no"], because, line["booked_on"]))


# ---- what people say


def _follow(tx: Session, statement: RowMapping, lines: Mapping[int, RowMapping], answers: Sequence[Answer], plan: _Plan) -> None:
    bills = {row["supplier_invoice_no"]: row for row in _named_rows(tx, _BILLS, [each.supplier_invoice_no for each in answers])}
    receipts = {row["receipt_no"]: row for row in _named_rows(tx, _RECEIPTS, [each.receipt_no for each in answers])}
    books = books_currency(tx)
    for answer in answers:
        line = lines.get(answer.position)
        if line is None:
            continue  # it was booked meanwhile
        if answer.action == "account":
            _follow_account(tx, line, statement, answer.account, plan)
        elif answer.action == "payment":
            _follow_payment(line, bills.get(answer.supplier_invoice_no.strip()), books, plan)
        else:
            _follow_return(line, statement, receipts.get(answer.receipt_no.strip()), plan)


def _named_rows(tx: Session, statement: Any, numbers: Sequence[str]) -> Sequence[RowMapping]:
    wanted = sorted({number.strip() for number in numbers if number.strip()})
    return tx.execute(statement, {"numbers": wanted}).mappings().all() if wanted else []


def _follow_account(tx: Session, line: RowMapping, statement: RowMapping, account: str, plan: _Plan) -> None:
    if account not in NUMBERS or account == statement["ledger_account"]:
        plan.notes[line["id"]] = f"{account or 'No account'} cannot be booked here: choose one of the list."
        return
    lacking = plan.standing.take(tx, account, line["amount"], line["currency"])
    if lacking:
        plan.notes[line["id"]] = lacking
        return
    plan.outcomes.append((line, "ACCOUNT", account, _to_account(line, statement, account, abs(line["amount"]))))


def _follow_payment(line: RowMapping, bill: RowMapping | None, books: str, plan: _Plan) -> None:
    number = bill["supplier_invoice_no"] if bill is not None else ""
    if bill is None or bill["paid_at"] is None:
        what = f"{number} is not paid in our books: let accounts payable pay it there first" if bill else "There is no such invoice"
        plan.notes[line["id"]] = f"{what}, or explain the entry otherwise."
    elif bill["line_id"] is not None or number in plan.taken:
        plan.notes[line["id"]] = f"The payment of {number} is on a statement already."
    elif line["amount"] > 0 or line["ledger_account"] != BANK:
        plan.notes[line["id"]] = "Suppliers are paid from the bank account 1000: this is no such payment."
    elif bill["currency"] == line["currency"] and bill["paid_amount"] != -line["amount"]:
        plan.notes[line["id"]] = f"{number} was paid with {bill['paid_amount']}, the entry is {-line['amount']} {line['currency']}."
    elif bill["currency"] != line["currency"] and line["currency"] != books:
        plan.notes[line["id"]] = f"{number} was paid in {bill['currency']}, the entry is in {line['currency']}: book it to an account."
    else:
        plan.taken.add(number)
        plan.outcomes.append((line, "PAYMENT", number, _rate_difference(line, bill)))


def _follow_return(line: RowMapping, statement: RowMapping, receipt: RowMapping | None, plan: _Plan) -> None:
    charges = -line["amount"] - receipt["amount"] if receipt is not None else ZERO
    if receipt is None:
        plan.notes[line["id"]] = "There is no such receipt."
    elif receipt["line_id"] is not None or receipt["receipt_no"] in plan.taken:
        plan.notes[line["id"]] = f"{receipt['receipt_no']} was returned already."
    elif receipt["account"] != line["account"] or receipt["currency"] != line["currency"]:
        plan.notes[line["id"]] = f"{receipt['receipt_no']} came in on another bank account."
    elif charges < 0:
        plan.notes[line["id"]] = f"{receipt['receipt_no']} was {receipt['amount']}, more than was taken back."
    else:
        _return(line, receipt, plan)
        if charges:
            entry = _to_account(line, statement, BANK_CHARGES, charges)
            plan.outcomes[-1] = (line, "RETURN", receipt["receipt_no"], entry)


# ---- writing


def _write(tx: Session, plan: _Plan) -> tuple[Reopened, ...]:
    """Post, reverse, and say of each line what became of it."""
    reopened = reverse_receipts(tx, plan.returns) if plan.returns else []
    entries = [entry for *_, entry in plan.outcomes if entry is not None]
    journals = iter(posting.post_many(tx, entries) if entries else [])
    rows = [
        {"id": line["id"], "outcome": outcome, "document_no": number, "journal_id": next(journals) if entry is not None else None}
        for line, outcome, number, entry in plan.outcomes
    ]
    notes = [{"id": line_id, "note": note} for line_id, note in plan.notes.items()]
    if rows:
        tx.execute(_BOOKED, {"rows": as_json(rows)})
    if notes:
        tx.execute(_NOTED, {"rows": as_json(notes)})
    if not reopened:
        return ()
    return tuple(Reopened(row.invoice_no, row.order_no) for row in tx.execute(ORDERS_OF, {"invoices": reopened}))


def _to_account(line: RowMapping, statement: RowMapping, account: str, amount: Decimal) -> posting.Entry:
    """An amount of an entry between the bank and an account, on the side the entry has."""
    reference = f"{line['statement_no']}/{line['position']}"
    bank, other = (posting.debit, posting.credit) if line["amount"] > 0 else (posting.credit, posting.debit)
    return posting.Entry(
        event_type="bank.entry",
        source_id=reference,
        currency=line["currency"],
        lines=[bank(statement["ledger_account"], amount, reference=reference), other(account, amount, reference=reference)],
        gl_date=line["booked_on"],
        narration=f"Entry {line['position']} of statement {line['statement_no']}: {line['remittance']}"[:200].replace("\n", " "),
    )


def _rate_difference(line: RowMapping, bill: RowMapping) -> posting.Entry | None:
    """A payment in another currency cost more or less than we had booked: the bank's rate is not ours."""
    more = -line["amount"] - bill["in_books"] if bill["currency"] != line["currency"] else ZERO
    if not more:
        return None
    reference = f"{line['statement_no']}/{line['position']}"
    lines = [posting.credit(BANK, more, reference=reference), posting.debit(FX_LOSS, more, reference=reference)]
    if more < 0:
        lines = [posting.debit(BANK, -more, reference=reference), posting.credit(FX_GAIN, -more, reference=reference)]
    return posting.Entry(
        event_type="bank.entry",
        source_id=reference,
        currency=line["currency"],
        lines=lines,
        gl_date=line["booked_on"],
        narration=f"The bank's rate for the payment of {bill['supplier_invoice_no']}",
    )


_LINES = f"""
SELECT line.*, coalesce(house.ledger_account, '1000') AS ledger_account, {CODE} AS code
FROM bank_line AS line LEFT JOIN house_bank_account AS house ON house.iban = line.account AND house.currency = line.currency
WHERE line.statement_no = :statement_no AND line.outcome = ''
"""
_NEW = text(f"{_LINES} AND line.asked_group = '' ORDER BY line.position")
_WAITING = text(f"{_LINES} AND line.asked_group = :group ORDER BY line.position")
_ASK = text("""
UPDATE bank_line SET asked_group = given.asked_group
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, asked_group text) WHERE bank_line.id = given.id
""")
_BOOKED = text("""
UPDATE bank_line SET outcome = given.outcome, document_no = given.document_no, note = '', journal_id = coalesce(given.journal_id, (
    SELECT journal.id FROM journal
    WHERE journal.event_type = 'receipt.recorded.reversed' AND journal.source_id = given.document_no))
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, outcome text, document_no text, journal_id bigint)
WHERE bank_line.id = given.id
""")
_NOTED = text("""
UPDATE bank_line SET note = given.note
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(id bigint, note text) WHERE bank_line.id = given.id
""")
_PAID = "bill.supplier_invoice_no, bill.document_no, bill.paid_amount, bill.currency, bill.paid_at, line.id AS line_id"
_SHOWN = """
FROM supplier_invoice AS bill LEFT JOIN bank_line AS line ON line.outcome = 'PAYMENT' AND line.document_no = bill.supplier_invoice_no
"""
_UNDER_WAY = text(f"SELECT {_PAID} {_SHOWN} WHERE bill.paid_amount = ANY(:amounts) AND bill.paid_at IS NOT NULL AND line.id IS NULL")
_BILLS = text(f"""
SELECT {_PAID}, round(bill.paid_amount * coalesce((
    SELECT fx_rate FROM journal WHERE event_type = 'supplier.paid' AND source_id = bill.supplier_invoice_no
    ORDER BY sequence DESC LIMIT 1), 1), 2) AS in_books
{_SHOWN} WHERE bill.supplier_invoice_no = ANY(:numbers)
""")
_CAME = "receipt.receipt_no, receipt.amount, receipt.currency, receipt.received_on, receipt.reversed_at, came.account, line.id AS line_id"
_CAME_IN = """
FROM receipt JOIN bank_line AS came ON came.id = receipt.bank_line_id
LEFT JOIN bank_line AS line ON line.outcome = 'RETURN' AND line.document_no = receipt.receipt_no
"""
_RETURNABLE = text(f"""
SELECT {_CAME}, came.payer_iban, came.structured_refs, came.remittance,
  ARRAY(SELECT DISTINCT invoice_no FROM application WHERE application.receipt_no = receipt.receipt_no) AS invoices
{_CAME_IN} WHERE receipt.amount = ANY(:amounts) AND line.id IS NULL ORDER BY receipt.receipt_no
""")
_RECEIPTS = text(f"SELECT {_CAME} {_CAME_IN} WHERE receipt.receipt_no = ANY(:numbers)")
_OWN = text("SELECT receipt_no FROM receipt WHERE statement_no = :statement_no")
#: Receivables that are owed again, with the order of each; a late charge, or what came with the opening of the books, is of none.
ORDERS_OF = text("""
SELECT item.document_no AS invoice_no, coalesce(invoice.order_no, '') AS order_no
FROM open_item AS item LEFT JOIN invoice ON invoice.invoice_no = item.document_no
WHERE item.kind = 'AR' AND item.document_no = ANY(:invoices) ORDER BY item.document_no
""")
