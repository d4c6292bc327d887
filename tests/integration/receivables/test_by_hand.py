from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from engine.store.paging import Asked
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from handlers.receivables import manual_application as by_hand
from handlers.receivables import on_account, suggestions, tasks
from handlers.receivables.manual_application import HandApplication
from handlers.receivables.views import ON_ACCOUNT, list_unapplied, suggestions_of
from tests.integration.golden.builders import CUSTOMER, customer, one, stored
from tests.integration.receivables.books import nonzero, owed, paid, take_in
from tests.steps import as_a_step, commit_step
from tests.unit.receivables.statement_files import Credit

D = Decimal
apply_manually, identify, leave_on_account, reverse_receipt = map(
    as_a_step, (by_hand.apply_manually, by_hand.identify, by_hand.leave_on_account, by_hand.reverse_receipt)
)
accept_suggestion, take_off_account = map(as_a_step, (suggestions.accept_suggestion, by_hand.take_off_account))


def all_well(tx):
    return [checked.sentence for checked in check_all(tx) if not checked.ok and checked.id not in {"INV-03", "INV-19", "INV-27"}] == []


def test_a_receipt_without_a_reference_is_identified_and_applied_by_hand(books):
    with books.transaction() as tx:
        assert take_in(tx, paid(Credit("1664.80", "thanks", ref="B1"))).unmatched == ["RC-000001"]
        identify(tx, "RC-000001", CUSTOMER)
        identify(tx, "RC-000001", CUSTOMER)
        done = apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000001", action="WRITE_OFF"))
        assert (done.settled, done.open_amount, done.rest) == (True, 0, 0)
        assert nonzero(tx) == {"1000": D("1664.80"), "2200": -278, "4000": -1390, "6300": D("3.20")}
        assert one(tx, "SELECT sum(accounted) FROM journal_line WHERE account = '1290' AND party_no = :party", party=CUSTOMER) == 0
        assert all_well(tx)


def test_one_receipt_may_pay_several_invoices_and_the_rest_stays_on_account(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "100.00", tax="0", discount="0")
        take_in(tx, paid(Credit("2000.00", "thanks", ref="B1", name="Indifferent Mirror GmbH")))
        for number in ("INV-000001", "INV-000002"):
            assert apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no=number)).settled
        assert leave_on_account(tx, "RC-000001") == 232
        assert leave_on_account(tx, "RC-000001") == 232
        assert balances(tx)["1290"] == -232
        assert all_well(tx)


def test_what_makes_no_sense_is_refused_and_changes_nothing(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1"), Credit("5.00", "?", ref="B2")))
        before = balances(tx)
        for given, problem in (
            (HandApplication(receipt_no="RC-000001", invoice_no="INV-000001"), Conflict),
            (HandApplication(receipt_no="RC-000002", invoice_no="INV-000001"), Conflict),
            (HandApplication(receipt_no="RC-000002", invoice_no="INV-000404"), NotFound),
            (HandApplication(receipt_no="RC-000404", invoice_no="INV-000001"), NotFound),
            (HandApplication(receipt_no="RC-000002", invoice_no="INV-000001", action="STEAL"), Invalid),
        ):
            with pytest.raises(problem) as refusal:
                apply_manually(tx, given)
            assert refusal.value.next_step
        with pytest.raises(Conflict, match="Nobody knows"):
            leave_on_account(tx, "RC-000002")
        customer(tx, customer_no="C-OTHER", name="Other")
        with pytest.raises(Conflict, match="came from"):
            identify(tx, "RC-000001", "C-OTHER")
        assert balances(tx) == before


def test_golden_g5_a_returned_payment_opens_the_invoice_again_and_takes_the_discount_back(books):
    with books.transaction() as tx:
        before = nonzero(tx)
        take_in(tx, paid(Credit("1634.64", "INV-000001", ref="B1")), "EARNED_DISCOUNT")
        assert reverse_receipt(tx, "RC-000001", "insufficient funds") == ["INV-000001"]
        assert reverse_receipt(tx, "RC-000001", "insufficient funds") == []
        assert nonzero(tx) == before
        assert one(tx, "SELECT open_amount, closed_at IS NULL FROM open_item") == (1668, True)
        assert all_well(tx)


def test_only_an_invoice_that_was_settled_has_to_be_collected_anew(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "100.00", tax="0.00", discount="0.00")
        statement = tasks.OfStatement(stored(tx, paid(Credit("300.00", "?", ref="B1")))[0])
        tasks.read_statement(statement, tx)
        tasks.record_receipts(statement, tx)
        identify(tx, "RC-000001", CUSTOMER)
        for number in ("INV-000002", "INV-000001"):
            apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no=number))
        assert reverse_receipt(tx, "RC-000001", "no such account") == ["INV-000002"]
        assert one(tx, "SELECT array_agg(open_amount ORDER BY document_no) FROM open_item") == [1668, 100]
        assert all_well(tx)


def test_a_receipt_applied_twice_to_an_invoice_is_taken_back_whole(books):
    with books.transaction() as tx:
        credits_ = [Credit("668.00", "INV-000001", ref="B1"), Credit("1500.00", "INV-000001", ref="B2")]
        take_in(tx, paid(*credits_), "PARTIAL", "PARTIAL")
        assert reverse_receipt(tx, "RC-000001", "no money") == ["INV-000001"]
        again = HandApplication(receipt_no="RC-000002", invoice_no="INV-000001")
        assert apply_manually(tx, again).open_amount == 168
        assert reverse_receipt(tx, "RC-000002", "no money either") == []
        assert one(tx, "SELECT open_amount FROM open_item") == 1668
        assert all_well(tx)


def test_a_receipt_reversed_after_it_was_identified_leaves_nothing(books):
    with books.transaction() as tx:
        before = nonzero(tx)
        take_in(tx, paid(Credit("10.00", "?", ref="B1")))
        identify(tx, "RC-000001", CUSTOMER)
        leave_on_account(tx, "RC-000001")
        reverse_receipt(tx, "RC-000001", "sent by mistake")
        assert nonzero(tx) == before
        with pytest.raises(Conflict, match="are left of RC-000001"):
            apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000001"))


def test_a_late_discount_granted_is_an_unearned_one(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("1634.64", "INV-000001", ref="B1", day="2026-03-30")), "UNEARNED_DISCOUNT")
        assert (balances(tx)["4910"], balances(tx)["2200"]) == (D("27.80"), D("-272.44"))


def test_a_receipt_applied_again_after_a_statement_keeps_its_history(books):
    with books.transaction() as tx:
        statement = tasks.OfStatement(stored(tx, paid(Credit("100.00", "INV-000001", ref="B1")))[0])
        tasks.record_receipts(statement, tx)
        assert apply_manually(tx, HandApplication(receipt_no="RC-000001", invoice_no="INV-000001")).open_amount == 1568
        assert tasks.propose_applications(tasks.Propose(statement.statement_no), tx) == tasks.Proposals([], 0, [])


def test_a_suggestion_is_accepted_once_money_on_account_is_freed_again_and_a_payer_is_known_the_next_time(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "100.00", tax="0", discount="0")
        statement = stored(tx, paid(Credit("100.00", "thanks", name="M. Glass"), Credit("7.00", "again", name="M. Glass")))[0]
        tasks.read_statement(tasks.OfStatement(statement), tx)
        tasks.record_receipts(tasks.OfStatement(statement), tx)
        rules = [tasks.MatchRule(f"M{number}", "APPLY", D(90)) for number in range(1, 13)]
        assert tasks.propose_applications(tasks.Propose(statement, rules), tx).unmatched == ["RC-000001", "RC-000002"]
        commit_step(tx)
        (shown,) = suggestions_of(tx, ["RC-000001", "RC-000002"])["RC-000001"]
        assert (shown.rule, shown.invoices, shown.why) == ("M7", ["INV-000002"], "INV-000002 is the only open invoice of this amount.")
        with pytest.raises(NotFound, match="no suggestion 2"):
            accept_suggestion(tx, "RC-000001", 2)
        assert accept_suggestion(tx, "RC-000001", 1, "amina") == ["INV-000002"]
        assert tx.scalars(text("SELECT applied_by FROM application")).all() == ["amina"]
        with pytest.raises(Conflict, match="Nothing of that suggestion"):
            accept_suggestion(tx, "RC-000001", 1)
        identify(tx, "RC-000002", CUSTOMER)
        assert leave_on_account(tx, "RC-000002") == 7
        assert [row.receipt_no for row in list_unapplied(tx, Asked(), ON_ACCOUNT).rows] == ["RC-000002"]
        assert take_off_account(tx, "RC-000002") == 7
        assert apply_manually(tx, HandApplication(receipt_no="RC-000002", invoice_no="INV-000001")).open_amount == 1661
        with pytest.raises(Conflict, match="Nothing of RC-000002 is on account"):
            take_off_account(tx, "RC-000002")
        take_in(tx, paid(Credit("5.00", "?", name="m. glass "), opening="107.00", statement="S2"))
        assert one(tx, "SELECT customer_no, identified_by FROM receipt WHERE receipt_no = 'RC-000003'") == (CUSTOMER, "alias")
        assert all_well(tx)


def test_money_on_account_pays_the_next_invoice_where_that_is_agreed_and_the_rest_stays(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "100.00", tax="0", discount="0")
        take_in(tx, paid(Credit("90.00", "?", ref="B1"), Credit("40.00", "?", ref="B2"), Credit("9.00", "?", ref="B3")))
        for number in ("RC-000001", "RC-000002"):
            identify(tx, number, CUSTOMER)
            leave_on_account(tx, number)
        identify(tx, "RC-000003", CUSTOMER)  # somebody is looking at it
    with books.transaction() as tx:
        assert (on_account.read_on_account(tx, "INV-000002").amount, one(tx, "SELECT count(*) FROM application")) == (130, 0)
        assert as_a_step(on_account.use_on_account)(tx, "INV-000002") == 100
        assert as_a_step(on_account.use_on_account)(tx, "INV-000002") == 0
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'INV-000002'") == 0
        assert one(tx, "SELECT array_agg(on_account ORDER BY receipt_no) FROM receipt") == [0, 30, 0]
        assert balances(tx)["1290"] == -39
        assert all_well(tx)
