"""Each condition of what compares statements, and the bank with the books: beside every row that is meant stands one that is nearly it."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from engine.service_tasks import Refused
from handlers.billing.model import Invoice
from handlers.ledger import posting
from handlers.ledger.posting import balances
from handlers.receivables import bank_ledger, commands, placement, tasks
from handlers.receivables.manual_application import reverse_receipt
from handlers.receivables.statements import refuse_statement
from handlers.rowsets import insert_rows
from tests.integration.golden.builders import CUSTOMER, company, one, stored
from tests.integration.receivables.books import owed, paid, take_in
from tests.integration.receivables.test_bank_entries import Bill, bank_day, explain, outcomes, settle, supplier_paid
from tests.integration.receivables.test_every_condition import SAVINGS, TREASURY, other_account, three_accounts
from tests.steps import as_a_step, commit_step
from tests.unit.receivables.statement_files import OURS, Credit, camt053, debit

D = Decimal
reverse = as_a_step(reverse_receipt)


@pytest.fixture
def tx(books):
    with books.transaction() as tx:
        yield tx


# ---- one statement and the others


def kept(tx, *entries, account=(OURS, "EUR"), opening="100.00", statement="S1", closes="2026-03-18"):
    """A statement is stored and not read yet; answers its number."""
    closing = D(opening) + sum((D(each.amount) * (1 if each.direction == "CRDT" else -1) for each in entries), D(0))
    content = camt053(list(entries), opening=opening, closing=str(closing), statement=statement)
    content = content.replace(b"<Dt><Dt>2026-03-18</Dt></Dt></Bal>", f"<Dt><Dt>{closes}</Dt></Dt></Bal>".encode())
    return stored(tx, other_account(content, *account))[0]


@as_a_step
def read(tx, number):
    return tasks.read_statement(tasks.OfStatement(number), tx)


def twin_of(tx, number):
    """What a statement is refused for being; empty when it is read."""
    try:
        read(tx, number)
    except Refused as refusal:
        return str(refusal)
    return ""


IN_AND_OUT = (Credit("10.00", "rent", ref="B1", day="2026-03-17"), debit("10.00", "rent", ref="B2", day="2026-03-17"))


def test_a_statement_is_a_twin_of_one_of_the_same_account_name_day_balance_and_lines(tx):
    three_accounts(tx)
    tx.execute(text("INSERT INTO fx_rate (currency, valid_from, rate) VALUES ('USD', '2026-01-01', 0.5)"))
    assert twin_of(tx, kept(tx, *IN_AND_OUT)) == ""
    again = kept(tx, *IN_AND_OUT, Credit("0.00"))
    tx.execute(text("UPDATE bank_statement SET lines_sha256 = (SELECT min(lines_sha256) FROM bank_statement WHERE read_at IS NOT NULL)"))
    assert "It is the statement S1 that was booked as BS-000001." in twin_of(tx, again)
    for other in ({"account": (OURS, "USD")}, {"statement": "S2"}, {"closes": "2026-03-19"}):
        number = kept(tx, *IN_AND_OUT, **other)
        tx.execute(text("UPDATE bank_statement SET lines_sha256 = 'the same'"))
        assert twin_of(tx, number) == "", other
    assert twin_of(tx, kept(tx, *IN_AND_OUT, Credit("0.00"), Credit("0.00"))) == "", "other lines"
    number = kept(tx, *IN_AND_OUT, opening="200.00")
    tx.execute(text("UPDATE bank_statement SET lines_sha256 = 'the same'"))
    assert "It is the statement" not in twin_of(tx, number)


@pytest.mark.parametrize("column", ["bank_ref", "lines_sha256"])
def test_statements_are_no_twins_for_both_having_no_name_or_no_seal(tx, column):
    first = kept(tx, *IN_AND_OUT)
    read(tx, first)
    second = kept(tx, *IN_AND_OUT, Credit("0.00"))
    tx.execute(text("UPDATE bank_statement SET lines_sha256 = 'the same'"))
    tx.execute(text(f"UPDATE bank_statement SET {column} = ''"))
    assert twin_of(tx, second) == ""


def test_a_statement_follows_the_one_before_it_and_goes_before_the_one_after_it_of_its_own_account(tx):
    three_accounts(tx)
    tx.execute(text("INSERT INTO fx_rate (currency, valid_from, rate) VALUES ('USD', '2026-01-01', 0.5)"))
    first = kept(tx, Credit("10.00", "rent"))
    for iban, currency in ((SAVINGS, "EUR"), (OURS, "USD")):
        for opening, statement in (("70.00", "V1"), ("80.00", "V2")):
            read(tx, kept(tx, Credit("10.00", "saved"), account=(iban, currency), opening=opening, statement=statement))
    read(tx, first)
    read(tx, kept(tx, Credit("10.00", "hire"), opening="110.00", statement="S2", closes="2026-03-19"))


def test_a_statement_that_is_not_read_yet_is_in_nobodys_way(tx):
    kept(tx, Credit("10.00", "rent"), opening="500.00", statement="S2", closes="2026-03-20")
    first = kept(tx, Credit("10.00", "rent"))
    read(tx, first)
    tx.execute(text("UPDATE bank_statement SET read_at = '2026-04-01' WHERE statement_no = :no"), {"no": first})
    read(tx, first)
    assert one(tx, "SELECT read_at = '2026-04-01' FROM bank_statement WHERE statement_no = :no", no=first) is True


def test_a_kind_of_entry_is_decided_on_where_there_is_something_to_book(tx):
    number = kept(tx, Credit("0.00", code="INTR"), debit("3.00", code="CHRG"))
    assert [kind.code for kind in read(tx, number).kinds] == ["CHRG"]


def lines(tx, number):
    rows = text("SELECT position, duplicate_of FROM bank_line WHERE statement_no = :no ORDER BY position")
    return [row.duplicate_of for row in tx.execute(rows, {"no": number})]


def test_an_entry_repeats_one_of_a_statement_of_its_account_that_was_read_and_repeats_none_itself(tx):
    three_accounts(tx)
    rent, hire = Credit("10.00", "rent", day="2026-03-17"), Credit("5.00", "hire", day="2026-03-17")
    wrong = kept(tx, rent, statement="S0")
    as_a_step(refuse_statement)(tx, wrong, "not ours")
    read(tx, kept(tx, rent, account=(SAVINGS, "EUR")))
    first = kept(tx, rent)
    read(tx, first)
    (booked,) = tx.scalars(text("SELECT id FROM bank_line WHERE statement_no = :no"), {"no": first})
    second = kept(tx, rent, hire, statement="S2", closes="2026-03-19")
    read(tx, second)
    assert lines(tx, second) == [booked, None]
    third = kept(tx, rent, hire, rent, statement="S3", closes="2026-03-20")
    read(tx, third)
    assert [each is not None for each in lines(tx, third)] == [True, True, False]


def test_an_entry_of_another_account_is_not_repeated(tx):
    three_accounts(tx)
    rent = Credit("10.00", "rent", day="2026-03-17")
    read(tx, kept(tx, rent, account=(SAVINGS, "EUR")))
    read(tx, kept(tx, Credit("3.00", "post"), opening="107.00"))
    with pytest.raises(Refused, match="opens with 100"):
        read(tx, kept(tx, rent, statement="S2", closes="2026-03-19"))


# ---- entries and receipts


def test_the_questions_of_a_statement_are_asked_once_however_many_accounts_there_are(tx):
    three_accounts(tx)
    number = bank_day(tx, debit("9.00", "who is it"), opening="100.00")
    assert [entry.amount for entry in settle(tx, number, TREASURY).entries] == [9]
    assert settle(tx, number, TREASURY, explain(1, "account", account="6900")).entries == []
    assert (balances(tx)["1000"], balances(tx)["6900"]) == (91, 9)


def journal(tx, event, source, rate):
    """A later journal about a supplier's bill, at another rate."""
    entry = [posting.debit("2000", D(1), party_no="S-OMINOUS", reference=source), posting.credit("1000", D(1), reference=source)]
    posting.post(tx, posting.Entry(event, source, "USD", entry, sequence=5, fx_rate=D(rate)))


def test_a_payment_in_another_currency_differs_by_the_rate_it_was_last_paid_at(tx):
    supplier_paid(tx, Bill(amount="100.00", currency="USD", rate="0.9"))
    supplier_paid(tx, Bill("SI-000002", "RE-2026/18", "40.00", "USD", "0.8"))
    for event, source, rate in (("supplier.reminded", "SI-000001", "0.5"), ("supplier.paid", "SI-000002", "0.3")):
        journal(tx, event, source, rate)
    number = bank_day(tx, debit("92.50", "to the maker"), opening="500.00")
    settle(tx, number, TREASURY, explain(1, "payment", supplier_invoice_no="SI-000001"))
    assert outcomes(tx) == [("PAYMENT", "SI-000001", TREASURY)]
    assert balances(tx)["7110"] == D("2.50")


def test_only_money_that_came_in_and_that_nobody_is_asked_about_is_a_receipt(tx):
    number = kept(tx, Credit("10.00", "INV-000001"), Credit("20.00", "who"), debit("3.00", "post"))
    read(tx, number)
    tx.execute(text("UPDATE bank_line SET asked_group = 'treasury' WHERE amount = 20"))
    tasks.record_receipts(tasks.OfStatement(number), tx)
    assert tx.scalars(text("SELECT amount FROM receipt")).all() == [10]


def test_what_is_free_of_a_statement_is_placed_receipt_by_receipt(tx):
    owed(tx, "INV-000002", "40.00", tax="0.00", discount="0.00")
    done = take_in(tx, paid(Credit("100.00", "INV-000002", ref="B1"), Credit("30.00", "hello", ref="B2")), "PARTIAL")
    take_in(tx, paid(Credit("20.00", "hello", ref="B3"), opening="130.00", statement="S2"))
    tx.execute(text("UPDATE receipt SET customer_no = :no"), {"no": CUSTOMER})
    commit_step(tx)
    assert [each.invoice_no for each in done.settled] == ["INV-000002"]
    assert as_a_step(placement.place_receipts)(tx, "BS-000001", "on_account") == placement.Placed([], [], [])
    assert tx.scalars(text("SELECT on_account FROM receipt ORDER BY receipt_no")).all() == [60, 30, 0]
    tx.execute(text("UPDATE application SET unapplied_at = now()"))
    tx.execute(text("UPDATE receipt SET on_account = 0"))
    commit_step(tx)
    assert as_a_step(placement.place_receipts)(tx, "BS-000001", "on_account") == placement.Placed([], [], [])
    assert tx.scalars(text("SELECT on_account FROM receipt ORDER BY receipt_no")).all() == [100, 30, 0]


def invoiced(tx, *numbers):
    """The invoices behind what is owed, as far as their order is asked for."""
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    for number in numbers:
        head = {
            "invoice_no": number, "kind": "INV", "grouping": "", "order_no": f"SO-{number[-1]}", "shipment_no": "SH-1",
            "customer_no": CUSTOMER, "bill_to": {}, "ship_to": {}, "currency": "EUR", "invoice_date": date(2026, 3, 10),
            "delivery_date": date(2026, 3, 10), "net_days": 30, "due_date": date(2026, 4, 9), "net_total": 1, "tax_total": 0,
            "gross_total": 1,
        }  # fmt: skip
        insert_rows(tx, Invoice, [head])
    tx.execute(text("SET LOCAL session_replication_role = origin"))
    commit_step(tx)


def test_only_the_invoices_that_a_return_opens_are_owed_again(tx, books):
    invoiced(tx, "INV-000001", "INV-000009")
    bank_day(tx, Credit("1668.00", "INV-000001"))
    number = bank_day(tx, debit("1668.00", "INV-000001 R01", reversal=True), opening="1668.00", statement="S2")
    assert [(each.invoice_no, each.order_no) for each in settle(tx, number).reopened] == [("INV-000001", "SO-1")]
    bank_day(tx, Credit("1668.00", "INV-000001"), statement="S3")
    runtime = Runtime(books, {}, {}, NullDispatcher())
    commands.reverse(runtime, tx, "RC-000002", "A slip", "wanda")
    assert tx.scalars(text("SELECT business_key FROM message WHERE name = 'invoice.posted'")).all() == ["INV-000001"]


# ---- where the bank has to stand


def expected(tx, account="1000"):
    return tx.execute(bank_ledger._POSITION_OF, {"account": account}).one().expected


def test_the_account_for_all_that_is_no_bank_accounts_is_there_until_a_bank_account_is_kept_in_it(tx):
    three_accounts(tx)
    assert expected(tx) == 0
    tx.execute(text("DELETE FROM house_bank_account WHERE ledger_account = '1000'"))
    assert expected(tx) == 0


def test_a_bank_account_stands_at_its_own_last_closing_less_what_waits(tx):
    three_accounts(tx)
    tx.execute(text("INSERT INTO fx_rate (currency, valid_from, rate) VALUES ('USD', '2026-01-01', 0.5)"))
    bank_day(tx, debit("12.50", code="CHRG"), debit("9.00", "who is it"), opening="100.00")
    for iban, currency in ((SAVINGS, "EUR"), (OURS, "USD")):
        read(tx, kept(tx, debit("9.00", "who is it"), account=(iban, currency), opening="700.00", closes="2026-03-20"))
    assert expected(tx) == D("78.50") + 9


def test_a_payment_is_under_way_on_the_account_we_pay_from_until_a_statement_shows_it(tx):
    three_accounts(tx)
    supplier_paid(tx, Bill(amount="100.00", currency="USD", rate="0.9"))
    supplier_paid(tx, Bill("SI-000002", "RE-2026/18", "40.00", "USD", "0.8"))
    for event, source, rate in (("supplier.reminded", "SI-000001", "0.5"), ("supplier.paid", "SI-000003", "0.3")):
        journal(tx, event, source, rate)
    assert (expected(tx), expected(tx, "1001"), expected(tx, "1002")) == (-122, 0, 0)
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    shown = text("""
    INSERT INTO bank_line (statement_no, position, bank_ref, account, amount, currency, booked_on, value_on, outcome, document_no)
    VALUES ('BS-9', :place, '', '', -1, 'EUR', now(), now(), :outcome, :no)""")
    tx.execute(shown, {"place": 1, "outcome": "PAYMENT", "no": "SI-000002"})
    tx.execute(shown, {"place": 2, "outcome": "RETURN", "no": "SI-000001"})
    assert expected(tx) == -90


def test_a_payment_in_a_third_currency_is_under_way_on_no_account_of_ours(database):
    with database.transaction() as tx:
        company(tx, banks_in="CHF")
        supplier_paid(tx, Bill(amount="100.00", currency="USD", rate="0.9"))
        supplier_paid(tx, Bill("SI-000002", "RE-2026/18", "40.00", "CHF", "0.8"))
        assert expected(tx) == -40


def test_a_receipt_that_was_reversed_is_still_with_the_bank_it_came_to_until_a_statement_takes_it_back(tx):
    three_accounts(tx)
    tx.execute(text("INSERT INTO fx_rate (currency, valid_from, rate) VALUES ('USD', '2026-01-01', 0.5)"))
    bank_day(tx, Credit("50.00", "INV-000001"), Credit("60.00", "INV-000001"))
    for iban, currency, amount in ((SAVINGS, "EUR", "70.00"), (OURS, "USD", "80.00")):
        number = kept(tx, Credit(amount, "hello"), account=(iban, currency))
        read(tx, number)
        tasks.record_receipts(tasks.OfStatement(number), tx)
        commit_step(tx)
    for receipt_no in ("RC-000003", "RC-000004"):
        reverse(tx, receipt_no, "A slip")
    assert expected(tx) == 110
    reverse(tx, "RC-000001", "A slip")
    assert expected(tx) == 60
    reverse(tx, "RC-000002", "A slip")
    bank_day(tx, debit("60.00", "INV-000001 R01", reversal=True), opening="110.00", statement="S9")
    settle(tx, "BS-000004", "accounts-receivable", explain(1, "return", receipt_no="RC-000002"))
    assert one(tx, "SELECT count(*) FROM bank_line WHERE outcome = 'RETURN' AND document_no = 'RC-000002'") == 1
    assert expected(tx) == 0
