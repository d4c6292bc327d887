"""The service tasks of receivables, as the diagrams name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.service_tasks import ServiceTasks
from handlers.receivables import (
    application,
    bank_entries,
    collection_tasks,
    dispute_tasks,
    matching,
    notice_tasks,
    placement,
    receipts,
    refund_tasks,
    remittance_tasks,
    statements,
)
from handlers.values import round_currency

tasks = ServiceTasks()
tasks.include(refund_tasks.tasks)
tasks.include(remittance_tasks.tasks)
tasks.include(notice_tasks.tasks)
tasks.include(dispute_tasks.tasks)
tasks.include(collection_tasks.tasks)


@dataclass(frozen=True, slots=True)
class OfStatement:
    """A bank statement by its number."""

    statement_no: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """A statement that treasury takes for wrong, and why."""

    statement_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class EntryKind:
    """A kind of entry: `direction` is credit or debit, `code` the bank's code of the transaction (ISO 20022 sub-family, or its own)."""

    direction: str
    reversal: bool
    code: str


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a statement holds. `duplicates` of its entries were on an earlier statement and are not booked again."""

    balanced: bool
    entries: int
    currency: str
    duplicates: int = 0
    kinds: list[EntryKind] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BookEntries:
    """What was decided about each kind of entry, in the order of the kinds."""

    statement_no: str
    kinds: list[EntryKind]
    decisions: list[Any]


@dataclass(frozen=True, slots=True)
class SettleEntries:
    """What people of a group said of the entries they were asked about; nothing yet at first."""

    statement_no: str
    group: str
    answers: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """An entry that waits for a person. `direction` is credit or debit, `note` why it was not booked as the last answer said."""

    position: int
    direction: str
    amount: Decimal
    currency: str
    booked_on: date
    party: str
    text: str
    code: str
    note: str


@dataclass(frozen=True, slots=True)
class Reopened:
    """An invoice that is owed again."""

    invoice_no: str
    order_no: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """The entries that wait for a person, and the invoices that are owed again."""

    entries: list[OpenEntry]
    reopened: list[Reopened]


@dataclass(frozen=True, slots=True)
class PlaceReceipts:
    """What is said of the receipts of a statement that nothing took: `suggested`, `on_account`, `account` (of the ledger), or nothing."""

    statement_no: str
    outcome: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """An invoice that is paid."""

    invoice_no: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a receipt could pay, in words."""

    receipt_no: str
    rest: Decimal
    currency: str
    payer: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Unplaced:
    """The receipts of which something is still free, what the first of them could pay, and the invoices that were settled just now."""

    unmatched: list[str]
    suggestions: list[Suggested] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MatchRule:
    """What is done with what a rule of the match engine finds: APPLY from a score of `at_least`, RECOMMEND to a person, or OFF."""

    rule: str
    use: str
    at_least: Decimal = Decimal(0)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Propose:
    """A statement, and what the decision says of each rule; without it only what is named is matched."""

    statement_no: str
    rules: list[MatchRule] | None = None


@dataclass(frozen=True, slots=True)
class Receipts:
    """How many receipts the statement brought."""

    receipts: int


@dataclass(frozen=True, slots=True)
class ResidualCase:
    """A receipt that does not pay an invoice exactly. `difference` is positive when it is short.

    `unpaid_instalments` is what of it are whole instalments that are not paid: no remainder of a payment.
    """

    receipt_no: str
    invoice_no: str
    difference: Decimal
    open_amount: Decimal
    days_after_discount_date: int
    discount_available: Decimal
    customer_class: str
    unpaid_instalments: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the receipts seem to pay."""

    residual_cases: list[ResidualCase]
    exact: int
    unmatched: list[str]


@dataclass(frozen=True, slots=True)
class Apply:
    """What was decided about each case, in the order of the cases."""

    statement_no: str
    residual_cases: list[ResidualCase]
    decisions: list[Any]


@dataclass(frozen=True, slots=True)
class OpenedDispute:
    """What a short payment became, and of which invoice."""

    dispute_no: str
    invoice_no: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What was settled, which receipts still need a person, and which short payments became disputes."""

    settled: list[Settled]
    unmatched: list[str]
    disputes: list[OpenedDispute] = field(default_factory=list)


@tasks.register("receivables.read_statement", errors=("STATEMENT_UNBALANCED",), moves_money=True)
def read_statement(given: OfStatement, tx: Session) -> StatementFacts:
    """Check that the statement adds up and follows the one before; answer which kinds of entry it has.

    Refused STATEMENT_UNBALANCED when it does not add up or does not follow the one before; the reason names every fault.
    """
    facts = statements.read_statement(tx, given.statement_no)
    kinds = [EntryKind(kind.direction, kind.reversal, kind.code) for kind in facts.kinds]
    return StatementFacts(facts.balanced, facts.entries, facts.currency, facts.duplicates, kinds)


@tasks.register("receivables.refuse_statement")
def refuse_statement(given: Refuse, tx: Session) -> None:
    """Take the statement for wrong: nothing of it is booked, and a corrected one may follow."""
    statements.refuse_statement(tx, given.statement_no, given.reason)


@tasks.register("receivables.book_entries", moves_money=True)
def book_entries(given: BookEntries, tx: Session) -> None:
    """Book charges and interest, clear our payments, and see who is to be asked about the rest."""
    if len(given.decisions) != len(given.kinds):
        raise Invalid(
            f"{len(given.kinds)} kinds of entry were to be decided, but there are {len(given.decisions)} decisions.",
            code="entry_decision",
            next_step="Let the decision run once for every kind.",
        )
    decided = {
        statements.EntryKind(kind.direction, kind.reversal, kind.code): _entry_decision(decision)
        for kind, decision in zip(given.kinds, given.decisions, strict=True)
    }
    bank_entries.book_entries(tx, given.statement_no, decided)


@tasks.register("receivables.settle_entries", moves_money=True)
def settle_entries(given: SettleEntries, tx: Session) -> Settlement:
    """Find returned receipts, book what people said, and answer what they still have to explain."""
    # A question that an operator skipped has no answer: it is asked again.
    answers = [_answer(each) for each in given.answers or [] if isinstance(each, Mapping) and "position" in each]
    done = bank_entries.settle_entries(tx, given.statement_no, given.group, answers)
    return Settlement([_open_entry(row) for row in done.entries], [Reopened(each.invoice_no, each.order_no) for each in done.reopened])


@tasks.register("receivables.place_receipts", moves_money=True)
def place_receipts(given: PlaceReceipts, tx: Session) -> Unplaced:
    """Apply what is suggested, keep on account, or book to an account what of the receipts is free, as was said; answer what still is."""
    done = placement.place_receipts(tx, given.statement_no, given.outcome or "", given.account or "")
    shown = [Suggested(each.receipt_no, each.rest, each.currency, each.payer, each.suggestion) for each in done.suggestions]
    return Unplaced(done.unmatched, shown, [Settled(number) for number in done.settled])


@tasks.register("receivables.record_receipts", moves_money=True)
def record_receipts(given: OfStatement, tx: Session) -> Receipts:
    """Book every credit as unapplied cash of the customer it came from."""
    return Receipts(receipts.record_receipts(tx, given.statement_no))


@tasks.register("receivables.propose_applications")
def propose_applications(given: Propose, tx: Session) -> Proposals:
    """Match receipts with open invoices, by the rules that are allowed, and keep what else each could pay."""
    found = receipts.propose(tx, given.statement_no, _rules(given.rules) if given.rules else matching.NAMED_ONLY)
    shown = tuple(ResidualCase.__slots__)
    cases = [ResidualCase(**{name: getattr(each, name) for name in shown}) for each in found.with_difference]
    return Proposals(cases, found.exact, list(found.unmatched))


@tasks.register("receivables.apply_receipts", moves_money=True)
def apply_receipts(given: Apply, tx: Session) -> Applied:
    """Apply what matched exactly, and the rest as decided."""
    if len(given.decisions) != len(given.residual_cases):
        raise Invalid(
            f"{len(given.residual_cases)} cases were to be decided, but there are {len(given.decisions)} decisions.",
            code="residual_decision",
            next_step="Let the decision run once for every case.",
        )
    decided = {
        (case.receipt_no, case.invoice_no): _action(decision) for case, decision in zip(given.residual_cases, given.decisions, strict=True)
    }
    done = application.apply_receipts(tx, given.statement_no, decided)
    opened = [OpenedDispute(number, invoice_no) for number, invoice_no in done.disputes]
    return Applied([Settled(number) for number in done.settled], list(done.unmatched), opened)


def _rules(rules: Sequence[MatchRule]) -> list[matching.Rule]:
    wrong = [f"{rule.rule} {rule.use}" for rule in rules if rule.rule not in matching.RULES or rule.use not in matching.USES]
    if wrong:
        raise Invalid(
            f"The decision on matching says {', '.join(wrong)}.",
            code="match_rule",
            next_step=f"Let the decision table name M1 to M12, each {', '.join(sorted(matching.USES))}, then retry.",
        )
    return [matching.Rule(rule.rule, rule.use, Decimal(rule.at_least)) for rule in rules]


def _action(decision: Any) -> str:
    """A decision is the action itself, or a context that holds it."""
    return str(decision.get("action") if isinstance(decision, Mapping) else decision)


def _entry_decision(decision: Any) -> bank_entries.EntryDecision:
    found = decision if isinstance(decision, Mapping) else {}
    return bank_entries.EntryDecision(*(str(found.get(name) or "") for name in ("action", "account", "ask")))


def _answer(answer: Any) -> bank_entries.Answer:
    said = {name: str(answer.get(name) or "") for name in ("action", "account", "supplier_invoice_no", "receipt_no")}
    return bank_entries.Answer(position=int(answer["position"]), **said)


def _open_entry(row: RowMapping) -> OpenEntry:
    return OpenEntry(
        position=row["position"],
        direction="credit" if row["amount"] > 0 else "debit",
        amount=round_currency(abs(row["amount"]), row["currency"]),
        currency=row["currency"],
        booked_on=row["booked_on"],
        party=" ".join(filter(None, (row["payer_name"], row["payer_iban"]))),
        text="\n".join(filter(None, (row["remittance"], *row["structured_refs"])))[:500],
        code=row["transaction_code"],
        note=row["note"],
    )
