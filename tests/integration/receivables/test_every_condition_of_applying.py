"""Each condition by which money is applied and taken back has a case here that goes wrong without it: two receipts, two statements."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.store import locks
from engine.store.locks import Lock
from handlers.ledger import posting
from handlers.ledger.posting import balances
from handlers.receivables import bank_entries, placement, tasks
from handlers.receivables.manual_application import HandApplication, apply_manually, lock_receipt, reverse_receipt
from tests.integration.golden.builders import one, stored
from tests.integration.receivables.books import owed, paid, take_in
from tests.integration.receivables.test_bank_entries import Bill, bank_day, decided, explain, outcomes, settle, supplier_paid
from tests.integration.receivables.test_every_condition import SAVINGS, TREASURY, other_account, three_accounts
from tests.steps import as_a_step, commit_step
from tests.unit.receivables.statement_files import OURS, Credit, camt053, debit

D = Decimal
by_hand, reverse = as_a_step(apply_manually), as_a_step(reverse_receipt)


def apply(tx, receipt, invoice, action="PARTIAL"):
    return by_hand(tx, HandApplication(receipt_no=f"RC-00000{receipt}", invoice_no=f"INV-00000{invoice}", action=action))


def bill(tx, number, amount):
    owed(tx, f"INV-00000{number}", amount, tax="0", discount="0", currency="USD", fx_rate=D("0.9137"))


def in_dollars(*credits_):
    return paid(*credits_).replace(b"EUR", b"USD")


@pytest.fixture
def usd(dollars):
    """Two invoices of 100 and 60 dollars are owed."""
    with dollars.transaction() as tx:
        bill(tx, 1, "100.00")
        bill(tx, 2, "60.00")
        yield tx


def test_each_of_two_receipts_is_worth_its_own_unapplied_cash(usd):
    content = in_dollars(Credit("100.00", "INV-000001", ref="B1", currency="USD"), Credit("60.00", "INV-000002", ref="B2", currency="USD"))
    assert len(take_in(usd, content).settled) == 2
    booked = balances(usd)
    assert (booked["1290"], booked["1200"], booked["7100"]) == (0, 0, D("-5.81"))


def test_by_hand_each_receipt_is_worth_its_own_and_every_use_is_counted_by_receipt_and_invoice(usd):
    take_in(usd, in_dollars(Credit("60.00", "hello", ref="B1", currency="USD"), Credit("100.00", "hi", ref="B2", currency="USD")))
    assert apply(usd, 1, 1).open_amount == 40
    assert balances(usd)["1290"] == -95, "the other receipt is not touched"
    assert lock_receipt(usd, "RC-000002").rest == 100
    commit_step(usd)
    assert (apply(usd, 2, 1).rest, balances(usd)["1290"]) == (60, -57)
    assert (apply(usd, 2, 2).rest, balances(usd)["1290"]) == (0, 0)
    assert usd.scalars(text("SELECT sequence FROM application")).all() == [1, 1, 1]


def test_what_was_taken_back_is_worth_again_what_it_was(usd):
    take_in(usd, in_dollars(Credit("160.00", "hello", ref="B1", currency="USD")))
    apply(usd, 1, 1)
    posting.reverse(usd, one(usd, "SELECT journal_id FROM application"), narration="A slip")
    usd.execute(text("UPDATE application SET unapplied_at = now()"))
    usd.execute(text("UPDATE open_item SET open_amount = original, open_in_books = 91.37 WHERE document_no = 'INV-000001'"))
    commit_step(usd)
    assert (apply(usd, 1, 2).open_amount, balances(usd)["1290"]) == (0, -95)


def test_each_rest_that_is_no_customers_money_is_booked_at_its_own_worth(usd):
    take_in(usd, in_dollars(Credit("60.00", "hello", ref="B1", currency="USD"), Credit("100.00", "hi", ref="B2", currency="USD")))
    assert as_a_step(placement.place_receipts)(usd, "BS-000001", "account", "6900") == placement.Placed([], [], [])
    booked = balances(usd)
    assert (booked["1290"], booked["6900"]) == (0, -152)


def test_a_receipt_that_was_reversed_stays_reversed_since_then(usd):
    take_in(usd, in_dollars(Credit("60.00", "hello", ref="B1", currency="USD")))
    reverse(usd, "RC-000001", "A slip")
    usd.execute(text("UPDATE receipt SET reversed_at = '2026-04-01'"))
    commit_step(usd)
    assert reverse(usd, "RC-000001", "Again") == []
    assert one(usd, "SELECT reversed_at = '2026-04-01' FROM receipt") is True


# ---- two statements


@pytest.fixture
def tx(books):
    with books.transaction() as tx:
        yield tx


def proposed(tx, content):
    """A statement whose receipts wait to be applied."""
    (number,) = stored(tx, content)
    steps = (
        (tasks.read_statement, tasks.OfStatement),
        (tasks.record_receipts, tasks.OfStatement),
        (tasks.propose_applications, tasks.Propose),
    )
    for step, given in steps:
        step(given(number), tx)
        commit_step(tx)
    return number


def test_a_statement_is_applied_without_the_proposals_of_another_which_somebody_holds(tx, books):
    for number, amount in ((2, "300.00"), (3, "50.00")):
        owed(tx, f"INV-00000{number}", amount, tax="0.00", discount="0.00")
    proposed(tx, paid(Credit("300.00", "INV-000002", ref="B1")))
    second = proposed(tx, paid(Credit("50.00", "INV-000003", ref="B2"), opening="300.00", statement="S2"))
    assert tx.scalars(text("SELECT receipt_no FROM receipt_proposal ORDER BY 1")).all() == ["RC-000001", "RC-000002"]
    commit_step(tx)
    with books.transaction() as neighbour:
        locks.take(neighbour, Lock.RECEIPT, ["RC-000001"])
        tx.execute(text("SET LOCAL lock_timeout = '2s'"))
        done = tasks.apply_receipts(tasks.Apply(second, [], []), tx)
    assert [each.invoice_no for each in done.settled] == ["INV-000003"]
    assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'INV-000002'") == 300


def test_an_invoice_that_is_paid_takes_no_part_in_what_a_later_receipt_names(tx):
    owed(tx, "INV-000002", "300.00", tax="0.00", discount="0.00")
    take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
    content = paid(Credit("300.00", "INV-000001 INV-000002", ref="B2"), opening="1668.00", statement="S2")
    assert [each.invoice_no for each in take_in(tx, content).settled] == ["INV-000002"]
    assert tx.execute(text("SELECT receipt_no, invoice_no FROM application ORDER BY id")).all() == [
        ("RC-000001", "INV-000001"), ("RC-000002", "INV-000002"),
    ]  # fmt: skip


def booked(tx, *entries, account, opening="500.00", statement="V1"):
    """A statement of one of our accounts whose entries are booked as the table says."""
    closing = D(opening) - sum(D(each.amount) for each in entries)
    content = camt053(list(entries), opening=opening, closing=str(closing), statement=statement)
    (number,) = stored(tx, other_account(content, *account))
    facts = tasks.read_statement(tasks.OfStatement(number), tx)
    commit_step(tx)
    tasks.book_entries(tasks.BookEntries(number, facts.kinds, [decided(kind) for kind in facts.kinds]), tx)
    commit_step(tx)
    return number


def test_suppliers_are_paid_from_the_account_we_pay_from_and_from_no_other_of_ours(tx):
    three_accounts(tx)
    tx.execute(text("INSERT INTO fx_rate (currency, valid_from, rate) VALUES ('USD', '2026-01-01', 0.5)"))
    supplier_paid(tx, Bill())
    supplier_paid(tx, Bill("SI-000002", "RE-2026/18", "40.00", "USD", "0.5"))
    savings = booked(tx, debit("120.00", "RE-2026/17"), account=(SAVINGS, "EUR"))
    dollars = booked(tx, debit("40.00", "RE-2026/18"), account=(OURS, "USD"))
    assert (outcomes(tx, savings), outcomes(tx, dollars)) == ([("", "", TREASURY)], [("", "", TREASURY)])


def test_the_entries_of_a_statement_are_booked_without_those_of_another_that_is_not_booked_yet(tx):
    three_accounts(tx)
    content = camt053([debit("3.00", code="CHRG")], opening="70.00", closing="67.00", statement="V1")
    (waiting,) = stored(tx, other_account(content))
    tasks.read_statement(tasks.OfStatement(waiting), tx)
    commit_step(tx)
    bank_day(tx, debit("12.50", code="CHRG"), opening="100.00")
    assert outcomes(tx, waiting) == [("", "", "")]


def test_only_a_payment_on_a_statement_shows_a_bill_and_only_a_return_takes_a_receipt_back(tx):
    """Another kind of entry that names their numbers is neither."""
    supplier_paid(tx, Bill())
    supplier_paid(tx, Bill("SI-000002", "RE-2026/18", "75.00"))
    first = bank_day(tx, Credit("7.00", "hello"))
    for place, number in enumerate(("SI-000001", "SI-000002", "RC-000001"), start=8):
        tx.execute(_NAMED, {"place": place, "no": number})
    number = bank_day(tx, debit("120.00", "RE-2026/17"), debit("75.00", "to the maker"), opening="7.00", statement="S2")
    assert outcomes(tx, number) == [("PAYMENT", "SI-000001", ""), ("", "", TREASURY)]
    settle(tx, number, TREASURY, explain(2, "payment", supplier_invoice_no="SI-000002"))
    assert outcomes(tx, number)[1] == ("PAYMENT", "SI-000002", TREASURY)
    assert first == "BS-000001"


def test_a_return_is_of_a_receipt_that_came_in_on_the_same_account(tx):
    three_accounts(tx)
    booked(tx, debit("1.00", "post"), account=(SAVINGS, "EUR"))
    bank_day(tx, Credit("50.00", "hello"))
    booked(tx, debit("2.00", "post"), account=(SAVINGS, "EUR"), opening="499.00", statement="V2")
    number = bank_day(tx, debit("50.00", "?", reversal=True), opening="50.00", statement="S2")
    booked(tx, debit("3.00", "post"), account=(SAVINGS, "EUR"), opening="497.00", statement="V3")
    settle(tx, number, "accounts-receivable", explain(1, "return", receipt_no="RC-000001"))
    assert outcomes(tx, number)[0][:2] == ("RETURN", "RC-000001")


def test_a_statement_locks_the_receipts_of_the_amounts_that_it_may_return(tx, books):
    bank_day(tx, Credit("50.00", "hello"), Credit("60.00", "hello"))
    number = bank_day(tx, debit("50.00", "?", reversal=True), opening="110.00", statement="S2")
    with books.transaction() as neighbour:
        locks.take(neighbour, Lock.RECEIPT, ["RC-000002"])
        tx.execute(text("SET LOCAL lock_timeout = '2s'"))
        bank_entries.lock_returnable(tx, number)


_NAMED = text("""
INSERT INTO bank_line (statement_no, position, bank_ref, account, amount, currency, booked_on, value_on, outcome, document_no)
VALUES ('BS-000001', :place, '', '', -1, 'EUR', now(), now(), 'ACCOUNT', :no)
""")
