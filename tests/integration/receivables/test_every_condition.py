"""Each condition of what reads receipts and statements: beside every row that is meant stands one that is nearly the same."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict
from engine.service_tasks import Refused
from handlers.ledger import posting
from handlers.ledger.bank_accounts import HouseBankAccountDraft, add_bank_account
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.ledger.posting import balances
from handlers.parties.master_data import AddressDraft, CustomerDraft, add_customer
from handlers.receivables import collection_tasks as collecting
from handlers.receivables import tasks
from handlers.receivables.bank_files import take_in_file
from handlers.receivables.manual_application import HandApplication, apply_manually, lock_receipt, reverse_receipt
from tests.integration.golden.builders import CUSTOMER, context, effects, one
from tests.integration.receivables.books import owed, paid, take_in
from tests.integration.receivables.test_bank_entries import Bill, bank_day, explain, outcomes, settle, supplier_paid
from tests.steps import commit_step
from tests.unit.receivables.statement_files import OURS, Credit, camt053, debit

D = Decimal
TREASURY = "treasury"
NEIGHBOUR = "C-NEIGHBOUR"
SAVINGS = "AT483200000012345864"
LATE = context(datetime(2026, 5, 11, tzinfo=UTC))


def neighbour(tx, name="Neighbour GmbH") -> None:
    address = AddressDraft(name=name, street="Nebenstraße 2", city="Wien", postal_code="1010", country="AT")
    add_customer(tx, CustomerDraft(customer_no=NEIGHBOUR, name=name, country="AT", currency="EUR", email="ap@neighbour.example"), [address])


def unpaid(tx, number) -> None:
    """The payment of a supplier's bill failed after it was booked."""
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    tx.execute(text("UPDATE supplier_invoice SET paid_at = NULL WHERE supplier_invoice_no = :no"), {"no": number})
    tx.execute(text("SET LOCAL session_replication_role = origin"))


def billed(tx, party_no="S-OMINOUS", open_amount="500.00", number="INV-000001") -> None:
    """A supplier's bill that has the number of one of our invoices."""
    day = date(2026, 3, 10)
    add_open_item(tx, NewOpenItem("AP", party_no, number, day, day, D("500.00"), "EUR"))
    tx.execute(text("UPDATE open_item SET open_amount = :open WHERE kind = 'AP'"), {"open": D(open_amount)})


def ours(tx):
    return one(tx, "SELECT open_amount FROM open_item WHERE kind = 'AR' AND document_no = 'INV-000001'")


def take_back(tx, receipt_no="RC-000001") -> None:
    """One application is taken back, and the receipt stays."""
    tx.execute(text("UPDATE application SET unapplied_at = now() WHERE receipt_no = :no"), {"no": receipt_no})


# ---- a supplier's bill of the same number


def test_a_suppliers_bill_of_the_same_number_is_neither_named_nor_paid_nor_in_the_way(books):
    with books.transaction() as tx:
        billed(tx)
        done = take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
        assert [each.invoice_no for each in done.settled] == ["INV-000001"]
        assert one(tx, "SELECT customer_no, identified_by FROM receipt") == (CUSTOMER, "invoice")
        assert (ours(tx), one(tx, "SELECT open_amount FROM open_item WHERE kind = 'AP'")) == (0, 500)


def test_a_paid_bill_of_the_same_number_and_party_settles_no_invoice(books):
    with books.transaction() as tx:
        billed(tx, CUSTOMER, "0.00")
        assert take_in(tx, paid(Credit("100.00", "INV-000001", ref="B1")), "PARTIAL").settled == []
        assert ours(tx) == 1568
        assert collecting.open_receivable(collecting.OfInvoice("INV-000001"), tx).settled is False


def test_a_clerk_applies_to_our_invoice_and_not_to_a_bill_of_its_number(books):
    with books.transaction() as tx:
        billed(tx)
        take_in(tx, paid(Credit("68.00", "hello", ref="B1")))
        assert apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000001")).open_amount == 1600


def test_a_reminder_is_of_our_invoice_and_its_hold_ends_with_it_whatever_else_is_open(books):
    with books.transaction() as tx:
        billed(tx, CUSTOMER)
        neighbour(tx)
        owed(tx, "INV-000002", "50.00", tax="0.00", discount="0.00")
        owed(tx, "INV-000003", "70.00", tax="0.00", discount="0.00", party_no=NEIGHBOUR)
        for number in ("INV-000001", "INV-000003"):
            collecting.send_reminder(collecting.SendReminder(number, 3, hold_orders=True), tx, LATE, effects())
            commit_step(tx)
        facts = collecting.dunning_facts(collecting.OfInvoice("INV-000001"), tx, LATE)
        assert (facts.open_amount, facts.level, facts.unapplied) == (1668, 3, 0)
        take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
        collecting.close_receivable(collecting.OfInvoice("INV-000001"), tx)
        held = "SELECT account_hold, dunning_level FROM customer WHERE customer_no = :no"
        assert (one(tx, held, no=CUSTOMER), one(tx, held, no=NEIGHBOUR)) == ((False, 0), (True, 3))
        levels = tx.execute(text("SELECT document_no, dunning_level FROM open_item ORDER BY document_no, kind")).all()
        assert levels == [("INV-000001", 0), ("INV-000001", 3), ("INV-000002", 0), ("INV-000003", 3)]


def test_what_another_customer_has_on_account_is_not_this_ones(books):
    with books.transaction() as tx:
        neighbour(tx)
        for number, (party, amount) in enumerate(((CUSTOMER, 30), (NEIGHBOUR, 900))):
            lines = [posting.debit("1000", D(amount)), posting.credit("1290", D(amount), party_no=party, reference=f"X-{number}")]
            posting.post(tx, posting.Entry("test.paid", f"X-{number}", "EUR", lines))
        assert collecting.dunning_facts(collecting.OfInvoice("INV-000001"), tx, LATE).unapplied == 30


# ---- whose payment it is


def test_a_payment_that_names_invoices_of_two_customers_is_nobodys_until_somebody_says(books):
    with books.transaction() as tx:
        neighbour(tx)
        owed(tx, "INV-000002", "50.00", tax="0.00", discount="0.00", party_no=NEIGHBOUR)
        take_in(tx, paid(Credit("5.00", "INV-000001 INV-000002", ref="B1")))
        assert one(tx, "SELECT customer_no FROM receipt") is None


def test_a_name_that_two_customers_have_tells_nothing(books):
    with books.transaction() as tx:
        neighbour(tx, "Indifferent Mirror GmbH")
        take_in(tx, paid(Credit("5.00", "?", ref="B1", name="Indifferent Mirror GmbH")))
        assert one(tx, "SELECT customer_no FROM receipt") is None


# ---- applications that were taken back


def test_a_second_receipt_of_an_invoice_is_the_second_use_of_none_but_its_own(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "300.00", tax="0.00", discount="0.00")
        take_in(tx, paid(Credit("1968.00", "INV-000001 INV-000002", ref="B1")))
        take_back(tx)
        tx.execute(text("UPDATE open_item SET open_amount = original, open_in_books = original"))
        tasks.propose_applications(tasks.Propose("BS-000001"), tx)
        tx.execute(text("UPDATE bank_statement SET applied_at = NULL"))
        done = tasks.apply_receipts(tasks.Apply("BS-000001", [], []), tx)
        assert (len(done.settled), done.unmatched) == (2, [])
        assert tx.execute(text("SELECT invoice_no, sequence FROM application ORDER BY id")).all() == [
            ("INV-000001", 1), ("INV-000002", 1), ("INV-000001", 2), ("INV-000002", 2),
        ]  # fmt: skip


def test_what_was_taken_back_is_free_for_a_clerk_and_is_told_as_not_matched(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("100.00", "INV-000001", ref="B1")), "PARTIAL")
        take_back(tx)
        assert lock_receipt(tx, "RC-000001").rest == 100
        commit_step(tx)
        assert tasks.apply_receipts(tasks.Apply("BS-000001", [], []), tx).unmatched == ["RC-000001"]
        commit_step(tx)
        applied = apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000001"))
        assert (applied.rest, applied.open_amount) == (0, 1468)


def test_what_was_taken_back_is_not_given_back_once_more(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("100.00", "INV-000001", ref="B1")), "PARTIAL")
        take_back(tx)
        tx.execute(text("UPDATE open_item SET open_amount = original, open_in_books = original"))
        reverse_receipt(tx, "RC-000001", "returned")
        assert ours(tx) == 1668


def test_a_statement_does_not_boast_of_what_another_settled_after_its_payment_was_returned(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
        reverse_receipt(tx, "RC-000001", "returned")
        take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B2"), opening="1668.00", statement="S2"))
        assert tasks.apply_receipts(tasks.Apply("BS-000001", [], []), tx) == tasks.Applied([], [])
        assert tasks.propose_applications(tasks.Propose("BS-000001"), tx).unmatched == []


def test_only_the_journals_of_the_receipt_itself_are_reversed_with_it(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("100.00", "?", ref="B1")))
        lines = [posting.debit("6400", D(7)), posting.credit("3000", D(7))]
        posting.post(tx, posting.Entry("test.noted", "RC-000001", "EUR", lines))
        reverse_receipt(tx, "RC-000001", "returned")
        assert (balances(tx)["6400"], balances(tx)["1290"]) == (7, 0)


def test_an_invoice_that_was_paid_since_the_proposal_does_not_keep_the_others_of_the_statement_from_being_settled(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "300.00", tax="0.00", discount="0.00")
        owed(tx, "INV-000003", "50.00", tax="0.00", discount="0.00")
        take_in(tx, paid(Credit("300.00", "hello", ref="B1")))
        (number,) = take_in_file(
            tx, paid(Credit("300.00", "INV-000002", ref="B2"), Credit("50.00", "INV-000003", ref="B3"), opening="300.00", statement="S2")
        ).statement_nos
        for step, given in (
            (tasks.read_statement, tasks.OfStatement(number)),
            (tasks.record_receipts, tasks.OfStatement(number)),
            (tasks.propose_applications, tasks.Propose(number)),
        ):
            step(given, tx)
            commit_step(tx)
        apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000002"))
        commit_step(tx)
        done = tasks.apply_receipts(tasks.Apply(number, [], []), tx)
        assert ([each.invoice_no for each in done.settled], done.unmatched) == (["INV-000003"], ["RC-000002"])


# ---- accounts and statements side by side


def other_account(content: bytes, iban=SAVINGS, currency="EUR") -> bytes:
    return content.replace(OURS.encode(), iban.encode()).replace(b"EUR", currency.encode())


def three_accounts(tx) -> None:
    add_bank_account(tx, HouseBankAccountDraft(iban=OURS, currency="USD", ledger_account="1001"))
    add_bank_account(tx, HouseBankAccountDraft(iban=SAVINGS, currency="EUR", ledger_account="1002"))


def test_an_entry_is_booked_once_to_the_ledger_account_of_its_own_bank_account(books):
    with books.transaction() as tx:
        three_accounts(tx)
        bank_day(tx, debit("12.50", code="CHRG"), opening="100.00")
        booked = balances(tx)
        assert (booked["1000"], booked["6400"], booked.get("1001", 0), booked.get("1002", 0)) == (D("87.50"), D("12.50"), 0, 0)


def test_only_the_kinds_of_the_statement_are_asked_for_and_of_those_only_what_is_not_asked_of_a_person(books):
    with books.transaction() as tx:
        first = take_in_file(tx, camt053([debit("1.50", code="CHRG")], opening="100.00", closing="98.50", statement="S1")).statement_nos[0]
        take_in_file(tx, camt053([debit("8.00", code="INTR")], opening="98.50", closing="90.50", statement="S2"))
        assert [kind.code for kind in tasks.read_statement(tasks.OfStatement(first), tx).kinds] == ["CHRG"]
        tx.execute(text("UPDATE bank_line SET asked_group = 'treasury'"))
        assert tasks.read_statement(tasks.OfStatement(first), tx).kinds == []


def test_questions_of_another_statement_are_not_this_ones_and_none_is_decided_twice(books):
    with books.transaction() as tx:
        first = bank_day(tx, debit("9.00", "who is it"), opening="100.00")
        second = bank_day(tx, debit("8.00", "who is that"), opening="91.00", statement="S2")
        assert [entry.amount for entry in settle(tx, first, TREASURY).entries] == [9]
        assert [entry.amount for entry in settle(tx, second, TREASURY).entries] == [8]
        tasks.book_entries(tasks.BookEntries(second, [], []), tx)
        assert outcomes(tx, second) == [("", "", TREASURY)]


def test_a_first_statement_opens_its_own_account_whatever_the_others_stand_at(books):
    with books.transaction() as tx:
        three_accounts(tx)
        lines = [debit("9.00", "who is it")]
        dollars = other_account(camt053(lines, opening="500.00", closing="491.00", statement="U1"), OURS, "USD")
        tx.execute(text("INSERT INTO fx_rate (currency, valid_from, rate) VALUES ('USD', '2026-01-01', 0.5)"))
        for content in (dollars, other_account(camt053(lines, opening="70.00", closing="61.00", statement="V1"))):
            (number,) = take_in_file(tx, content).statement_nos
            tasks.read_statement(tasks.OfStatement(number), tx)
        supplier_paid(tx, Bill())
        supplier_paid(tx, Bill("SI-000002", "RE-2026/18", "30.00"))
        unpaid(tx, "SI-000002")
        lines = [posting.debit("1000", D(30)), posting.credit("2000", D(30), party_no="S-OMINOUS", reference="SI-000002")]
        posting.post(tx, posting.Entry("test.failed", "SI-000002", "EUR", lines))
        bank_day(tx, debit("4.00", "who is that"), opening="1000.00")
        booked = balances(tx)
        # On the way: 120 that were paid. What waits for treasury is not booked yet.
        assert (booked["1000"], booked["1002"]) == (880, 70)


def test_a_payment_that_is_on_a_statement_already_is_never_taken_for_another(books):
    with books.transaction() as tx:
        supplier_paid(tx, Bill())
        supplier_paid(tx, Bill("SI-000002", "RE-2026/18", "75.00"))
        bank_day(tx, debit("120.00", "RE-2026/17", name="Ominous"), opening="500.00")
        again = bank_day(tx, debit("120.00", "RE-2026/17"), debit("75.00", "RE-2026/18"), opening="380.00", statement="S2")
        assert outcomes(tx) == [("PAYMENT", "SI-000001", "")]
        assert outcomes(tx, again) == [("", "", TREASURY), ("PAYMENT", "SI-000002", "")]


def test_a_payment_that_failed_in_our_books_is_not_looked_for_at_the_bank(books):
    with books.transaction() as tx:
        supplier_paid(tx, Bill())
        unpaid(tx, "SI-000001")
        bank_day(tx, debit("120.00", "RE-2026/17"), opening="500.00")
        assert outcomes(tx) == [("", "", TREASURY)]


def test_a_return_is_of_the_receipt_whose_own_invoice_it_names(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "300.00", tax="0.00", discount="0.00")
        bank_day(tx, Credit("50.00", "INV-000001"), Credit("50.00", "INV-000002"))
        number = bank_day(
            tx, debit("50.00", "INV-000002 R01", reversal=True), debit("50.00", "?", reversal=True), opening="100.00", statement="S2"
        )
        assert [entry.position for entry in settle(tx, number).entries] == [2]
        assert outcomes(tx, number)[0][:2] == ("RETURN", "RC-000002")
        assert settle(tx, number, "accounts-receivable", explain(2, "return", receipt_no="RC-000001")).entries == []


# ---- the same file, the same statement


def test_a_file_that_was_refused_may_be_sent_again_though_another_was_kept(books):
    with books.transaction() as tx:
        kept, refused = paid(Credit("10.00", ref="B1")), paid(Credit("5.00", ref="B2"), opening="10.00", statement="S2")
        take_in_file(tx, kept)
        (number,) = take_in_file(tx, refused).statement_nos
        tasks.refuse_statement(tasks.Refuse(number, "wrong"), tx)
        assert one(tx, "SELECT count(*) FROM bank_statement WHERE refused_at IS NOT NULL") == 1
        (again,) = take_in_file(tx, refused).statement_nos
        assert again == "BS-000003"
        with pytest.raises(Conflict, match=r"taken before as BS-000001\.$"):
            take_in_file(tx, kept)


LIKE = {"opening": "100.00", "closing": "110.00", "statement": "S1"}


def read(tx, entries, iban=OURS, **changes):
    (number,) = take_in_file(tx, other_account(camt053(entries, **LIKE | changes), iban)).statement_nos
    return tasks.read_statement(tasks.OfStatement(number), tx)


def test_a_statement_that_is_alike_in_all_but_its_account_is_another_statement(books):
    with books.transaction() as tx:
        three_accounts(tx)
        entries = [Credit("10.00", "rent", ref="B1")]
        read(tx, entries)
        assert read(tx, entries, SAVINGS).duplicates == 0


def test_a_statement_with_the_name_and_balances_of_one_before_it_is_no_twin_when_a_line_differs(books):
    with books.transaction() as tx:
        read(tx, [Credit("10.00", "rent", ref="B1")])
        with pytest.raises(Refused, match="opens with 100"):
            read(tx, [Credit("10.00", "hire", ref="B1")])
