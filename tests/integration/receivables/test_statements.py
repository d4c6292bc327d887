"""A statement is known by its file and place, a line by its statement and place; no reference is trusted, and nothing is dropped."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.service_tasks import Refused
from engine.store import clock
from handlers.ledger.bank_accounts import HouseBankAccountDraft, add_bank_account, add_first_bank_account
from handlers.ledger.posting import balances
from handlers.receivables import invariants, tasks
from handlers.receivables.bank_files import take_in_file
from tests.integration.golden.builders import customer, one
from tests.integration.receivables.books import owed, paid, take_in
from tests.steps import commit_step
from tests.unit.receivables.statement_files import OURS, Credit, camt053, debit

D = Decimal
AUSTRIAN = "AT611904300234573201"


def stored(tx, content):
    numbers = take_in_file(tx, content).statement_nos
    commit_step(tx)
    return [tasks.OfStatement(number) for number in numbers]


def broken(tx):
    rules = [each for each in invariants.INVARIANTS if each.id in {"INV-30", "INV-31"}]
    return [(each.sentence, dict(row)) for each in rules for row in tx.execute(text(each.sql)).mappings()]


def test_a_refused_statement_does_not_block_its_corrected_successor(books):
    with books.transaction() as tx:
        wrong = camt053([Credit("120.00", "INV-000001", ref="BK-77")], opening="0.00", closing="100.00")
        (first,) = stored(tx, wrong)
        with pytest.raises(Refused):
            tasks.read_statement(first, tx)
        tasks.refuse_statement(tasks.Refuse(first.statement_no, "The bank sends a new one"), tx)
        tasks.refuse_statement(tasks.Refuse(first.statement_no, "twice"), tx)
        with pytest.raises(Refused, match="The bank sends a new one"):
            tasks.read_statement(first, tx)
        take_in(tx, paid(Credit("120.00", "INV-000001", ref="BK-77")), "PARTIAL")
        assert (balances(tx)["1000"], one(tx, "SELECT open_amount FROM open_item")) == (120, 1548)
        assert broken(tx) == []


def test_a_file_that_was_refused_may_come_again_but_one_that_was_booked_may_not(books):
    content = paid(Credit("10.00", ref="B1"))
    with books.transaction() as tx:
        (first,) = stored(tx, content)
        tasks.refuse_statement(tasks.Refuse(first.statement_no, "by mistake"), tx)
        (second,) = stored(tx, content)
        tasks.read_statement(second, tx)
        with pytest.raises(Conflict, match="is being booked"):
            tasks.refuse_statement(tasks.Refuse(second.statement_no, "too late"), tx)
        with pytest.raises(Conflict, match="BS-000001, BS-000002") as refusal:
            stored(tx, content)
        assert refusal.value.code == "statement_duplicate"
        with pytest.raises(NotFound):
            tasks.refuse_statement(tasks.Refuse("BS-404", "?"), tx)


def test_one_file_at_once_is_taken_once(books):
    content = paid(Credit("10.00", ref="B1"))

    def take(_):
        try:
            with books.transaction() as tx:
                return take_in_file(tx, content).statement_nos
        except Problem as problem:
            return problem.code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(take, range(4)))
    assert sorted(map(str, answers)) == ["['BS-000001']", "statement_duplicate", "statement_duplicate", "statement_duplicate"]


def test_a_file_of_several_statements_is_taken_one_by_one(books):
    one_day = paid(Credit("10.00", ref="NONREF")).decode()
    next_day = paid(Credit("5.00", ref="NONREF"), opening="10.00", statement="STMT-078").decode()
    inner = next_day[next_day.index("<Stmt>") : next_day.index("</BkToCstmrStmt>")]
    with books.transaction() as tx:
        first, second = stored(tx, one_day.replace("</BkToCstmrStmt>", inner + "</BkToCstmrStmt>").encode())
        for each in (first, second):
            tasks.read_statement(each, tx)
            assert tasks.record_receipts(each, tx).receipts == 1
            commit_step(tx)
        assert balances(tx)["1000"] == 15
        assert one(tx, "SELECT array_agg(file_position ORDER BY statement_no), count(DISTINCT file_id) FROM bank_statement") == ([1, 2], 1)
        assert broken(tx) == []


@pytest.mark.parametrize("reference", ["NONREF", "", "1"])
def test_a_reference_that_comes_again_swallows_no_money(books, reference):
    with books.transaction() as tx:
        for day, opening in enumerate(("0.00", "120.00")):
            take_in(tx, paid(Credit("120.00", "?", ref=reference), opening=opening, statement=f"S{day}"))
        assert balances(tx)["1000"] == 240
        assert broken(tx) == []


def test_a_repeated_entry_is_told_from_a_new_one_by_the_balances(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("10.00", ref="B1"), Credit("10.00", ref="B1")))
        overlapping = paid(Credit("10.00", ref="B1"), Credit("10.00", ref="B1"), Credit("10.00", ref="B1"), opening="0.00", statement="S2")
        (second,) = stored(tx, overlapping)
        assert tasks.read_statement(second, tx).duplicates == 2
        assert tasks.read_statement(second, tx).duplicates == 2
        tasks.record_receipts(second, tx)
        assert balances(tx)["1000"] == 30
        sql = (
            "SELECT array_agg(outcome ORDER BY position), array_agg(duplicate_of ORDER BY position) FROM bank_line WHERE statement_no = :no"
        )
        assert one(tx, sql, no=second.statement_no) == (["DUPLICATE", "DUPLICATE", "RECEIPT"], [1, 2, None])
        assert broken(tx) == []


UNLIKE = {
    "amount": Credit("9.00", ref="B1"),
    "reference": Credit("10.00", ref="B2"),
    "text": Credit("10.00", "other text", ref="B1"),
    "name": Credit("10.00", ref="B1", name="Other"),
    "account": Credit("10.00", ref="B1", iban=AUSTRIAN),
    "day": Credit("10.00", ref="B1", day="2026-03-17"),
    "creditor reference": Credit("10.00", ref="B1", structured="X"),
}


@pytest.mark.parametrize("changed", UNLIKE.values(), ids=UNLIKE.keys())
def test_an_overlapping_file_with_other_contents_is_treasury_s(books, changed):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("10.00", ref="B1")))
        (second,) = stored(tx, paid(changed, Credit("5.00", ref="B9"), opening="0.00", statement="S2"))
        with pytest.raises(Refused, match="opens with 0.0000, but BS-000001 before it closed with 10.0000"):
            tasks.read_statement(second, tx)


def test_a_statement_in_another_envelope_is_noticed_though_it_moves_nothing(books):
    nothing = [Credit("10.00", "in", ref="A"), debit("10.00", "out", ref="B")]
    with books.transaction() as tx:
        take_in(tx, paid(Credit("7.00", ref="B1")))
        for number, fault in ((1, None), (2, "It is the statement S2 that was booked as BS-000002")):
            content = camt053(nothing, opening="7.00", closing="7.00", statement="S2").replace(b"M1", f"M{number}".encode())
            (each,) = stored(tx, content)
            if fault is None:
                tasks.read_statement(each, tx)
            else:
                with pytest.raises(Refused, match=fault):
                    tasks.read_statement(each, tx)


def test_a_missing_day_that_comes_late_has_to_fit_between_its_neighbours(books):
    with books.transaction() as tx:
        early, late = (paid(Credit("10.00", ref="B"), opening=opening, statement=opening) for opening in ("0.00", "10.00"))
        (second,) = stored(tx, late.replace(b"2026-03-18", b"2026-03-20"))
        tasks.read_statement(second, tx)
        assert balances(tx)["3000"] == -10
        (wrong,) = stored(tx, early.replace(b"10.00", b"10.01"))
        with pytest.raises(Refused, match="closes with 10.0100, but BS-000001 after it opens with 10.0000"):
            tasks.read_statement(wrong, tx)
        (first,) = stored(tx, early)
        tasks.read_statement(first, tx)
        for each in (first, second):
            tasks.record_receipts(each, tx)
            commit_step(tx)
        assert (balances(tx)["1000"], balances(tx)["3000"]) == (20, 0)
        assert broken(tx) == []


def test_what_the_bank_held_before_its_first_statement_is_carried_into_the_books_once(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("10.00", ref="B1"), opening="-250.00"))
        take_in(tx, paid(Credit("5.00", ref="B2"), opening="-240.00", statement="S2"))
        assert (balances(tx)["1000"], balances(tx)["3000"]) == (-235, 250)
        assert broken(tx) == []


def test_a_statement_of_an_account_that_is_not_ours_is_refused_until_it_is_added(books):
    content = paid(Credit("10.00")).replace(OURS.encode(), b"AT611904300234573201")
    with pytest.raises(Invalid) as refusal, books.transaction() as tx:
        take_in_file(tx, content)
    assert refusal.value.code == "bank_account_unknown"
    assert "/api/v1/bank-accounts" in refusal.value.next_step
    with books.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM bank_file") == 0
        add_bank_account(tx, HouseBankAccountDraft(iban=AUSTRIAN, currency="EUR", ledger_account="1001"))
        assert take_in_file(tx, content).statement_nos == ["BS-000001"]


def test_each_bank_account_has_its_own_control_total(books):
    with books.transaction() as tx:
        add_bank_account(tx, HouseBankAccountDraft(iban=" at61 1904 3002 3457 3201 ", currency="EUR", ledger_account="1001"))
        take_in(tx, paid(Credit("10.00", ref="B1")))
        take_in(tx, paid(Credit("5.00", ref="B1"), opening="100.00").replace(OURS.encode(), b"AT61 1904 3002 3457 3201"))
        assert (balances(tx)["1000"], balances(tx)["1001"]) == (10, 105)
        assert broken(tx) == []


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({"iban": "AT00NOTANIBAN"}, "iban"),
        ({"iban": ""}, "incomplete"),
        ({"currency": "EURO"}, "currency"),
        ({"ledger_account": "1200"}, "ledger_account"),
        ({"ledger_account": "1010"}, "ledger_account"),
    ],
)
def test_what_is_no_bank_account_is_refused(books, draft, code):
    with pytest.raises(Invalid) as refusal, books.transaction() as tx:
        add_bank_account(tx, HouseBankAccountDraft(**{"iban": AUSTRIAN, "currency": "EUR", "ledger_account": "1001"} | draft))
    assert refusal.value.code.startswith(code)


def test_a_ledger_account_stands_for_one_bank_account_and_the_first_is_the_one_on_our_letterhead(books):
    with books.transaction() as tx:
        for draft in (
            HouseBankAccountDraft(iban=AUSTRIAN, currency="EUR", ledger_account="1000"),
            HouseBankAccountDraft(iban=OURS, currency="EUR", ledger_account="1001"),
        ):
            with pytest.raises(Conflict) as refusal:
                add_bank_account(tx, draft)
            assert refusal.value.code == "ledger_account_taken"
        add_bank_account(tx, HouseBankAccountDraft(iban=OURS, currency="EUR", name="Main"))
        add_first_bank_account(tx, AUSTRIAN, "EUR")
        assert one(tx, "SELECT iban, name FROM house_bank_account") == (OURS, "Main")


def test_a_statement_in_a_currency_that_the_account_does_not_have_is_refused(books):
    with pytest.raises(Invalid) as refusal, books.transaction() as tx:
        take_in_file(tx, paid(Credit("10.00", currency="USD")).replace(b"EUR", b"USD"))
    assert refusal.value.code == "statement_currency"


def test_a_statement_dated_in_the_future_is_refused_and_today_is_the_business_clock_s(books):
    with pytest.raises(Invalid, match="which is yet to come") as refusal, books.transaction() as tx:
        take_in_file(tx, paid(Credit("10.00")).replace(b"2026-03-18", b"2099-03-18"))
    assert refusal.value.code == "statement_date"
    with books.transaction() as tx:
        today = clock.business_today(tx)
        dated = [str(today + timedelta(days=days)).encode() for days in (1, 2)]
        take_in_file(tx, paid(Credit("10.00")).replace(b"2026-03-18", dated[0]))
        with pytest.raises(Invalid):
            take_in_file(tx, paid(Credit("10.00")).replace(b"2026-03-18", dated[1]))
        for place in (b"<Dt>2026-03-17</Dt>", b"<BookgDt><Dt>2026-03-18</Dt></BookgDt>"):
            with pytest.raises(Invalid):
                take_in_file(tx, paid(Credit("10.00")).replace(place, place.replace(b"2026", b"2099")))
        clock.at(tx, clock.business_now(tx) + timedelta(days=1))
        take_in_file(tx, paid(Credit("10.00")).replace(b"2026-03-18", dated[1]))


def test_wrapped_text_does_not_pay_a_stranger_s_invoice(books):
    with books.transaction() as tx:
        customer(tx, customer_no="C-OTHER", name="Other")
        tx.execute(text("DELETE FROM bank_account WHERE customer_no = 'C-OTHER'"))
        owed(tx, "INV-000010", "100.00", tax="0", discount="0", party_no="C-OTHER")
        done = take_in(tx, paid(Credit("1.00", "PAYMENT FOR INV-00001\n0"), Credit("100.00", "PAYMENT FOR INV-00001\n0")))
        assert done == tasks.Applied([tasks.Settled("INV-000010")], ["RC-000001"])
        assert one(tx, "SELECT array_agg(customer_no ORDER BY receipt_no) FROM receipt") == [None, None]
