"""A receipt is used once, whoever else is at it; and no cent is left in the books of what is used up."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.runtime.state.runtime import Runtime
from handlers.ledger import invariants as ledger
from handlers.ledger import posting
from handlers.ledger.open_items import Taken, lock_open_items, reduce_open_items
from handlers.ledger.posting import balances
from handlers.receivables import commands, invariants, tasks
from handlers.receivables.bank_files import take_in_file
from handlers.receivables.manual_application import HandApplication, apply_manually, leave_on_account, reverse_receipt
from handlers.registry import service_tasks
from tests.integration.golden.builders import PAYER_IBAN, one
from tests.integration.receivables.books import owed, paid
from tests.unit.receivables.statement_files import Credit

D = Decimal
FIRST = HandApplication(receipt_no="RC-000001", invoice_no="INV-000001")


def proposed(database, content):
    """A statement, taken by the API and then worked on up to the point where its receipts wait to be applied."""
    with database.transaction() as tx:
        (number,) = take_in_file(tx, content).statement_nos
    statement = tasks.OfStatement(number)
    with database.transaction() as tx:
        tasks.read_statement(statement, tx)
        tasks.record_receipts(statement, tx)
        return number, tasks.propose_applications(tasks.Propose(statement.statement_no), tx).residual_cases


def taken_in(database, content, *actions):
    """A statement, taken by the API and then worked on in one transaction."""
    with database.transaction() as tx:
        (number,) = take_in_file(tx, content).statement_nos
    statement = tasks.OfStatement(number)
    with database.transaction() as tx:
        tasks.read_statement(statement, tx)
        tasks.record_receipts(statement, tx)
        return apply(tx, number, tasks.propose_applications(tasks.Propose(statement.statement_no), tx).residual_cases, *actions)


def apply(tx, number, cases=(), *actions):
    return tasks.apply_receipts(tasks.Apply(number, list(cases), list(actions)), tx)


def broken(tx):
    rules = [each for each in (*invariants.INVARIANTS, *ledger.INVARIANTS) if each.id != "INV-32"]
    return [(each.sentence, dict(row)) for each in rules for row in tx.execute(text(each.sql)).mappings()]


def blocked(database):
    """Wait until somebody waits for a lock."""
    for _ in range(300):
        with database.transaction() as tx:
            if one(tx, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
                return True
        time.sleep(0.02)
    return False


# ---- a receipt is used once


def test_what_a_clerk_kept_on_account_is_not_applied_afterwards(books):
    number, _ = proposed(books, paid(Credit("1668.00", "INV-000001", ref="B1")))
    with books.transaction() as tx:
        leave_on_account(tx, "RC-000001")
    with books.transaction() as tx:
        assert apply(tx, number) == tasks.Applied([], [])
        assert one(tx, "SELECT on_account, (SELECT count(*) FROM application) FROM receipt") == (1668, 0)
        assert one(tx, "SELECT open_amount FROM open_item") == 1668
        assert broken(tx) == []


def test_a_payment_that_the_bank_took_back_is_not_applied_afterwards(books):
    number, _ = proposed(books, paid(Credit("1668.00", "INV-000001", ref="B1")))
    with books.transaction() as tx:
        reverse_receipt(tx, "RC-000001", "returned")
    with books.transaction() as tx:
        assert apply(tx, number) == tasks.Applied([], [])
        assert one(tx, "SELECT open_amount FROM open_item") == 1668
        assert broken(tx) == []


def test_a_statement_is_applied_once_and_keeps_on_account_once(books):
    number, cases = proposed(books, paid(Credit("1700.00", "INV-000001", ref="B1")))
    with books.transaction() as tx:
        first = apply(tx, number, cases, "ON_ACCOUNT")
    with books.transaction() as tx:
        # What was proposed is still there; the statement is not applied twice for it.
        assert apply(tx, number, cases, "ON_ACCOUNT") == first
        assert one(tx, "SELECT on_account FROM receipt") == 32
        assert broken(tx) == []


def test_a_decision_about_an_amount_that_has_changed_is_not_followed(books):
    number, cases = proposed(books, paid(Credit("1664.80", "INV-000001", ref="B1"), Credit("100.00", "?", iban=PAYER_IBAN)))
    with books.transaction() as tx:
        apply_manually(tx, HandApplication(receipt_no="RC-000002", invoice_no="INV-000001"))
    with books.transaction() as tx:
        assert apply(tx, number, cases, "WRITE_OFF") == tasks.Applied([], ["RC-000001"])
        assert "7200" not in balances(tx)
        assert broken(tx) == []


def test_a_second_payment_takes_exactly_what_the_first_left(books):
    credits_ = [Credit("1000.00", "INV-000001", ref="B1"), Credit("668.00", "INV-000001", ref="B2")]
    number, cases = proposed(books, paid(*credits_))
    with books.transaction() as tx:
        assert [case.difference for case in cases] == [668]
        assert apply(tx, number, cases, "PARTIAL") == tasks.Applied([tasks.Settled("INV-000001")], [])
        assert one(tx, "SELECT array_agg(cash ORDER BY receipt_no) FROM application") == [1000, 668]
        assert broken(tx) == []


def test_a_discount_that_settles_is_taken_off_and_leaves_the_next_payment_to_a_person(books):
    credits_ = [Credit("1634.64", "INV-000001", ref="B1"), Credit("33.36", "INV-000001", ref="B2")]
    number, cases = proposed(books, paid(*credits_))
    with books.transaction() as tx:
        assert [case.discount_available for case in cases] == [D("33.36")]
        assert apply(tx, number, cases, "EARNED_DISCOUNT") == tasks.Applied([tasks.Settled("INV-000001")], ["RC-000002"])
        assert broken(tx) == []


def test_no_discount_is_offered_after_a_part_was_paid(books):
    number, cases = proposed(books, paid(Credit("34.64", "INV-000001", ref="B1"), Credit("1600.00", "INV-000001", ref="B2")))
    with books.transaction() as tx:
        assert [case.discount_available for case in cases] == [D("33.36"), 0]
        apply(tx, number, cases, "PARTIAL", "EARNED_DISCOUNT")
        assert one(tx, "SELECT open_amount FROM open_item") == D("33.36")
    late, cases = proposed(books, paid(Credit("1.00", "INV-000001", ref="B3"), opening="1634.64", statement="S2"))
    with books.transaction() as tx:
        assert cases[0].discount_available == 0
        apply(tx, late, cases, "EARNED_DISCOUNT")
        assert one(tx, "SELECT open_amount, (SELECT sum(discount) FROM application) FROM open_item") == (D("32.36"), 0)
        assert balances(tx).get("4900", 0) == 0


@pytest.mark.parametrize("late", [apply_manually, lambda tx, _: leave_on_account(tx, "RC-000001")])
def test_of_two_who_use_a_receipt_at_once_the_second_sees_what_the_first_left(books, late):
    taken_in(books, paid(Credit("1668.00", "thanks", ref="B1", iban=PAYER_IBAN)))

    def second():
        try:
            with books.transaction() as tx:
                late(tx, FIRST)
        except Conflict as conflict:
            return conflict.code
        return "done"

    with ThreadPoolExecutor(1) as pool:
        with books.transaction() as tx:
            apply_manually(tx, FIRST)
            waiting = pool.submit(second)
            assert blocked(books)
        assert waiting.result(20) in {"nothing_to_apply", "done"}
    with books.transaction() as tx:
        assert one(tx, "SELECT sum(cash), (SELECT on_account FROM receipt) FROM application") == (1668, 0)
        assert broken(tx) == []


def test_a_reversal_takes_back_what_was_applied_while_it_waited(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "100.00", tax="0", discount="0")
    taken_in(books, paid(Credit("2000.00", "thanks", ref="B1", iban=PAYER_IBAN)))
    with books.transaction() as tx:
        apply_manually(tx, FIRST)

    def bank():
        with books.transaction() as tx:
            return reverse_receipt(tx, "RC-000001", "returned")

    with ThreadPoolExecutor(1) as pool:
        with books.transaction() as tx:
            apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000002"))
            reopened = pool.submit(bank)
            assert blocked(books)
        assert reopened.result(20) == ["INV-000001", "INV-000002"]
    with books.transaction() as tx:
        assert one(tx, "SELECT array_agg(open_amount ORDER BY document_no) FROM open_item") == [1668, 100]
        assert broken(tx) == []


def test_a_desk_tells_the_process_without_locking_it(books):
    """A worker that holds the instance and then wants the invoice never waits in a circle with a clerk who holds the invoice."""
    runtime = Runtime(books, service_tasks(), {}, NullDispatcher())
    taken_in(books, paid(Credit("1668.00", "hello", ref="B1", iban=PAYER_IBAN)))
    held, go = threading.Event(), threading.Event()

    def clerk():
        with books.transaction() as tx:
            applied = commands.apply(runtime, tx, FIRST, "amina")
            held.set()
            go.wait(20)
            return applied.settled

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(clerk)
        assert held.wait(20)
        with books.transaction() as tx:
            instances = one(tx, "SELECT count(*) FROM pg_locks AS lock JOIN pg_class ON pg_class.oid = relation WHERE relname = 'instance'"
                                " AND mode IN ('RowShareLock', 'RowExclusiveLock') AND pid <> pg_backend_pid()")  # fmt: skip
            assert instances == 0
        go.set()
        assert working.result(20)
    with books.transaction() as tx:
        assert one(tx, "SELECT state, correlation FROM message WHERE name = 'receivable.settled'") == (
            "buffered",
            {"invoice_no": "INV-000001"},
        )


# ---- to the cent, in both currencies


def test_an_invoice_paid_in_three_parts_leaves_no_cent_in_the_books(dollars):
    with dollars.transaction() as tx:
        owed(tx, amount="100.00", tax="0", discount="0", currency="USD", fx_rate=D("0.9137"))
    for number, amount in enumerate(("33.33", "33.33", "33.34")):
        opening = D("33.33") * number
        content = paid(Credit(amount, "INV-000001", ref=f"B{number}", currency="USD"), opening=str(opening), statement=f"S{number}")
        taken_in(dollars, content.replace(b"EUR", b"USD"), *(["PARTIAL"] if number < 2 else []))
        with dollars.transaction() as tx:
            assert broken(tx) == []
    with dollars.transaction() as tx:
        assert one(tx, "SELECT open_amount, open_in_books FROM open_item") == (0, 0)
        booked = balances(tx)
        # Three receipts of 31.66, 31.66 and 31.67 for what was worth 91.37.
        assert (booked["1200"], booked["1290"], booked["1000"], booked["4000"]) == (0, 0, D("94.99"), D("-91.37"))
        assert booked["7100"] == D("-3.62")


def test_a_receipt_that_pays_three_invoices_leaves_no_cent_in_the_books_and_gives_all_back(dollars):
    with dollars.transaction() as tx:
        for number, amount in enumerate(("33.33", "33.33", "33.35"), start=1):
            owed(tx, f"INV-00000{number}", amount, tax="0", discount="0", currency="USD", fx_rate=D("0.9137"))
        before = {account: amount for account, amount in balances(tx).items() if amount}
    content = paid(Credit("100.01", "INV-000001, INV-000002, INV-000003", ref="B1", currency="USD")).replace(b"EUR", b"USD")
    assert len(taken_in(dollars, content).settled) == 3
    with dollars.transaction() as tx:
        assert (balances(tx)["1200"], balances(tx)["1290"]) == (0, 0)
        assert broken(tx) == []
        reverse_receipt(tx, "RC-000001", "returned")
        assert {account: amount for account, amount in balances(tx).items() if amount} == before
        assert broken(tx) == []


def test_income_from_an_overpayment_is_worth_what_the_receipt_was(dollars):
    with dollars.transaction() as tx:
        owed(tx, amount="100.00", tax="0", discount="0", currency="USD", fx_rate=D("0.9137"))
    taken_in(dollars, paid(Credit("102.00", "INV-000001", ref="B1", currency="USD")).replace(b"EUR", b"USD"), "WRITE_OFF")
    with dollars.transaction() as tx:
        booked = balances(tx)
        assert (booked["7200"], booked["7100"], booked["1290"]) == (D("-1.90"), D("-3.63"), 0)
        assert broken(tx) == []


# ---- the verbs of open items


def test_open_items_give_no_more_than_is_open_and_take_back_no_more_than_was_owed(books):
    with books.transaction() as tx:
        posting.post(
            tx,
            posting.Entry(
                "test.owed", "INV-000001", "EUR",
                [posting.debit("5200", D(9)), posting.credit("2000", D(9), party_no="S-1", reference="INV-000001")],
            ),
        )  # fmt: skip
        for amount in ("1668.01", "-0.01"):
            with pytest.raises(Conflict) as refusal:
                reduce_open_items(tx, "AR", {"INV-000001": D(amount)})
            assert refusal.value.code == "open_item_short"
        with pytest.raises(Conflict, match="nothing is open"):
            reduce_open_items(tx, "AP", {"INV-000001": D(1)})
        assert reduce_open_items(tx, "AR", {}) == {}
        assert reduce_open_items(tx, "AR", {"INV-000001": D("1668.00")}) == {"INV-000001": Taken(D("1668.0000"), D("1668.0000"))}
        assert one(tx, "SELECT open_amount, open_in_books, closed_at IS NOT NULL FROM open_item") == (0, 0, True)
        assert set(lock_open_items(tx, "AR", ["INV-000001", "INV-404"])) == {"INV-000001"}
        assert lock_open_items(tx, "AP", ["INV-000001"]) == {}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (HandApplication(receipt_no="RC-404", invoice_no="INV-000001"), NotFound),
        (HandApplication(receipt_no="RC-000001", invoice_no="INV-404"), NotFound),
        (HandApplication(receipt_no="RC-000001", invoice_no="INV-000001", action="GIVE_AWAY"), Invalid),
    ],
)
def test_what_cannot_be_applied_is_refused_and_changes_nothing(books, given, problem):
    taken_in(books, paid(Credit("5.00", "?", ref="B1")))
    with pytest.raises(problem) as refusal, books.transaction() as tx:
        apply_manually(tx, given)
    assert isinstance(refusal.value, Problem)
    assert refusal.value.next_step
