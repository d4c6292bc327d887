import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.service_tasks import Refused
from handlers.documents.payment import grouped
from handlers.ledger.bank_accounts import HouseBankAccountDraft, add_bank_account
from handlers.ledger.model import FxRate
from handlers.ledger.posting import balances
from handlers.parties.policy import choose
from handlers.receivables import collection_tasks as collecting
from handlers.receivables import disputes, tasks
from handlers.receivables.bank_files import take_in_file
from handlers.receivables.collections import DunningFacts
from handlers.receivables.disputes import DisputeDraft
from tests.integration.golden.builders import CUSTOMER, PAYER_IBAN, company, context, count_statements, customer, effects, one, stored
from tests.integration.receivables.books import nonzero, owed, paid, take_in
from tests.steps import as_a_step
from tests.unit.receivables.statement_files import Credit, camt053

D = Decimal
OURS = "DE89370400440532013000"
STATEMENT = tasks.OfStatement("BS-000001")


def test_money_lands_unapplied_with_the_customer_it_came_from(books):
    with books.transaction() as tx:
        credits_ = [
            Credit("10.00", "INV-000001", ref="B1"),
            Credit("20.00", "hello", ref="B2", iban=PAYER_IBAN),
            Credit("30.00", "", ref="B3", name="indifferent MIRROR gmbh"),
            Credit("40.00", "who am I", ref="B4", name="Nobody"),
        ]
        statement = tasks.OfStatement(stored(tx, paid(*credits_))[0])
        facts = tasks.read_statement(statement, tx)
        assert (facts.balanced, facts.entries, facts.currency, facts.duplicates) == (True, 4, "EUR", 0)
        assert facts.kinds == [tasks.EntryKind("credit", reversal=False, code="")]
        for _ in range(2):
            assert tasks.record_receipts(statement, tx).receipts == 4
        rows = tx.execute(text("SELECT customer_no, identified_by FROM receipt ORDER BY receipt_no")).all()
        assert [tuple(row) for row in rows] == [(CUSTOMER, "invoice"), (CUSTOMER, "account"), (CUSTOMER, "name"), (None, "")]
        assert (balances(tx)["1000"], balances(tx)["1290"]) == (100, -100)


def test_a_file_is_taken_once(books):
    content = paid(Credit("10.00", ref="B1"))
    with books.transaction() as tx:
        take_in_file(tx, content)
        with pytest.raises(Conflict, match="taken before as BS-000001") as refusal:
            take_in_file(tx, content)
        assert refusal.value.code == "statement_duplicate"


def test_an_entry_that_comes_in_two_files_is_one_receipt(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("10.00", ref="B1")))
        again = paid(Credit("10.00", ref="B1"), Credit("5.00", ref="B2"), opening="0.00", statement="STMT-078")
        take_in_file(tx, again)
        facts = tasks.read_statement(tasks.OfStatement("BS-000002"), tx)
        assert (facts.entries, facts.duplicates) == (2, 1)
        assert tasks.record_receipts(tasks.OfStatement("BS-000002"), tx).receipts == 1
        assert balances(tx)["1000"] == 15


def test_a_statement_that_does_not_add_up_goes_to_treasury(books):
    with books.transaction() as tx:
        take_in_file(tx, camt053([Credit("10.00", ref="B1")], closing="1010.01"))
        with pytest.raises(Refused, match=r"differ by 10.01 EUR, the entries add up to 10.00") as refusal:
            tasks.read_statement(STATEMENT, tx)
        assert refusal.value.code == "STATEMENT_UNBALANCED"


def test_a_gap_between_two_statements_is_noticed(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("10.00", ref="B1")))
        take_in_file(tx, paid(Credit("5.00", ref="B2"), opening="11.00", statement="STMT-078"))
        with pytest.raises(Refused, match=r"opens with 11.0000, but BS-000001 before it closed with 10.0000"):
            tasks.read_statement(tasks.OfStatement("BS-000002"), tx)


@pytest.mark.parametrize(
    "content",
    [b"", b"<x", b"<Document/>", b"x" * 20_000_001, camt053([Credit("-1.00")], closing="999.00")],
    ids=["nothing", "cut off", "no statement", "huge", "negative"],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_kept(books, content):
    with pytest.raises(Problem) as refusal, books.transaction() as tx:
        take_in_file(tx, content)
    assert refusal.value.next_step
    with books.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM bank_statement") == 0
        assert one(tx, "SELECT count(*) FROM number_series WHERE series = 'BS'") == 0


def test_money_in_a_currency_without_a_rate_is_refused_and_changes_nothing(books):
    content = paid(Credit("10.00", ref="B1", currency="USD")).replace(b"EUR", b"USD")
    with books.transaction() as tx:
        add_bank_account(tx, HouseBankAccountDraft(iban=OURS, currency="USD", ledger_account="1001"))
        take_in_file(tx, content)
    with pytest.raises(Invalid, match="No exchange rate for USD"), books.transaction() as tx:
        tasks.record_receipts(STATEMENT, tx)
    with books.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM receipt") == 0


def test_an_unknown_statement_or_invoice_is_named(books):
    with books.transaction() as tx:
        for task, given in ((tasks.read_statement, tasks.OfStatement("BS-404")), (tasks.record_receipts, tasks.OfStatement("BS-404"))):
            with pytest.raises(NotFound, match="BS-404"):
                task(given, tx)
        with pytest.raises(NotFound, match="INV-404"):
            collecting.open_receivable(collecting.OfInvoice("INV-404"), tx)


def test_an_exact_payment_settles_the_invoice_without_a_decision(books):
    with books.transaction() as tx:
        assert take_in(tx, paid(Credit("1668.00", "inv 1", ref="B1"))) == tasks.Applied([tasks.Settled("INV-000001")], [])
        assert nonzero(tx) == {"1000": 1668, "2200": -278, "4000": -1390}
        assert collecting.open_receivable(collecting.OfInvoice("INV-000001"), tx).settled
        assert collecting.close_receivable(collecting.OfInvoice("INV-000001"), tx).settled


def test_a_discount_taken_in_time_gives_its_share_of_the_tax_back(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("1634.64", "INV-000001", ref="B1")), "EARNED_DISCOUNT")
        assert nonzero(tx) == {"1000": D("1634.64"), "2200": D("-272.44"), "4000": -1390, "4900": D("27.80")}


def test_a_short_payment_can_stay_open_or_be_written_off(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "1080.00", tax="180.00", discount="0")
        credits_ = (Credit("1000.00", "INV-000001", ref="B1"), Credit("1076.80", "INV-000002", ref="B2"))
        done = take_in(tx, paid(*credits_), "PARTIAL", "WRITE_OFF")
        assert done == tasks.Applied([tasks.Settled("INV-000002")], [])
        assert one(tx, "SELECT open_amount FROM open_item WHERE document_no = 'INV-000001'") == 668
        assert balances(tx)["6300"] == D("3.20")
        assert not collecting.close_receivable(collecting.OfInvoice("INV-000001"), tx).settled


def test_too_much_settles_the_invoice_and_the_rest_goes_on_account_or_becomes_income(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "100.00", tax="0", discount="0")
        credits_ = (Credit("1700.00", "INV-000001", ref="B1"), Credit("100.50", "INV-000002", ref="B2"))
        done = take_in(tx, paid(*credits_), "ON_ACCOUNT", "WRITE_OFF")
        assert [each.invoice_no for each in done.settled] == ["INV-000001", "INV-000002"]
        assert one(tx, "SELECT on_account FROM receipt WHERE receipt_no = 'RC-000001'") == 32
        assert (balances(tx)["1290"], balances(tx)["7200"]) == (-32, D("-0.50"))


def test_a_payment_for_a_closed_or_unknown_invoice_waits_for_a_person(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
        again = paid(Credit("1668.00", "INV-000001", ref="B2"), Credit("5.00", "INV-000404", ref="B3"), opening="1668.00", statement="S2")
        assert take_in(tx, again) == tasks.Applied([], ["RC-000002", "RC-000003"])
        assert balances(tx)["1290"] == -1673


def test_applying_again_changes_nothing(books):
    with books.transaction() as tx:
        first = take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
        before = balances(tx)
        assert tasks.apply_receipts(tasks.Apply("BS-000001", [], []), tx) == first
        assert balances(tx) == before


@pytest.mark.parametrize("decisions", [[], ["GIVE_AWAY"], [None], ["APPLY", "APPLY"]])
def test_a_missing_or_unknown_decision_is_refused_and_applies_nothing(books, decisions):
    with books.transaction() as tx:
        statement = tasks.OfStatement(stored(tx, paid(Credit("1.00", "INV-000001", ref="B1")))[0])
        tasks.record_receipts(statement, tx)
        cases = tasks.propose_applications(tasks.Propose(statement.statement_no), tx).residual_cases
        with pytest.raises(Invalid) as refusal:
            tasks.apply_receipts(tasks.Apply("BS-000001", cases, decisions), tx)
        assert refusal.value.code == "residual_decision"
        assert one(tx, "SELECT count(*) FROM application") == 0


def test_variables_of_a_process_cannot_pay_an_invoice(books):
    with books.transaction() as tx:
        statement = tasks.OfStatement(stored(tx, paid(Credit("1.00", "INV-000001", ref="B1")))[0])
        tasks.record_receipts(statement, tx)
        tasks.propose_applications(tasks.Propose(statement.statement_no), tx)
        forged = tasks.ResidualCase("RC-000001", "INV-000001", D(0), D(1), 0, D(1667), "A")
        tasks.apply_receipts(tasks.Apply("BS-000001", [forged], ["EARNED_DISCOUNT"]), tx)
        assert one(tx, "SELECT open_amount FROM open_item") == D("1633.64")


def test_two_statements_paying_one_invoice_at_once_pay_it_once(books):
    with books.transaction() as tx:
        for number in (1, 2):
            statement = tasks.OfStatement(stored(tx, paid(Credit("1668.00", "INV-000001", ref=f"B{number}"), statement=f"S{number}"))[0])
            tasks.record_receipts(statement, tx)
            tasks.propose_applications(tasks.Propose(statement.statement_no), tx)

    def apply(number):
        with books.transaction() as tx:
            return tasks.apply_receipts(tasks.Apply(f"BS-00000{number}", [], []), tx)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(apply, (1, 2)))
    assert sorted(len(each.unmatched) for each in done) == [0, 1]
    with books.transaction() as tx:
        assert (balances(tx)["1200"], balances(tx)["1290"]) == (0, -1668)


def test_a_dollar_receipt_realises_the_exchange_difference_golden_g3(database):
    with database.transaction() as tx:
        company(tx, banks_in="USD")
        customer(tx, currency="USD")
        for day, rate in ((1, "0.92"), (18, "0.95")):
            tx.add(FxRate(currency="USD", valid_from=date(2026, 3, day), rate=D(rate)))
        tx.flush()
        owed(tx, amount="1000.00", tax="0", discount="0", currency="USD", fx_rate=D("0.92"))
        take_in(tx, paid(Credit("1000.00", "INV-000001", ref="B1", currency="USD")).replace(b"EUR", b"USD"))
        assert nonzero(tx) == {"1000": 950, "4000": -920, "7100": -30}


LATE = context(datetime(2026, 5, 11, tzinfo=UTC))


@as_a_step
def remind(tx, level, ledger, *, hold_orders=False, invoice_no="INV-000001"):
    return collecting.send_reminder(collecting.SendReminder(invoice_no, level, hold_orders), tx, LATE, ledger).level


def test_a_reminder_of_a_level_is_sent_once_and_may_hold_new_orders_until_the_invoice_is_paid(books):
    ledger = effects()
    with books.transaction() as tx:
        assert [remind(tx, level, ledger) for level in (1, 1, 2)] == [1, 1, 2]
        assert one(tx, "SELECT dunning_level, account_hold FROM customer") == (2, False)
        assert [remind(tx, level, ledger, hold_orders=True) for level in (3, 2)] == [3, 3]
        assert [effect.payload["level"] for effect in ledger.recorded] == [1, 2, 3]
        assert one(tx, "SELECT dunning_level, account_hold FROM customer") == (3, True)
        assert one(tx, "SELECT count(*) FROM document WHERE kind = 'REMINDER'") == 3
        take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
        collecting.close_receivable(collecting.OfInvoice("INV-000001"), tx)
        assert one(tx, "SELECT dunning_level, account_hold FROM customer") == (0, False)


def test_a_reminder_asks_for_what_is_open_by_a_day_of_ours_and_shows_the_account(books):
    with books.transaction() as tx:
        tx.execute(text("UPDATE company SET iban = :iban, bic = 'COBADEFFXXX'"), {"iban": OURS})
        choose(tx, "reminder.pay_within_days", D(10))
        tx.execute(text("UPDATE open_item SET open_amount = 1168"))
        remind(tx, 1, effects())
        content = one(tx, "SELECT content FROM document WHERE kind = 'REMINDER'")
    printed = PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert "by 2026-05-21" in printed
    assert "Scan to pay" in printed
    assert grouped(OURS) in printed
    assert "COBADEFFXXX" in printed
    assert "1\u202f168.00 EUR" in printed


def test_the_account_stays_on_hold_for_another_invoice_or_by_a_persons_decision(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "500.00", tax="0.00", discount="0.00")
        for number in ("INV-000001", "INV-000002"):
            remind(tx, 3, effects(), hold_orders=True, invoice_no=number)
        take_in(tx, paid(Credit("1668.00", "INV-000001", ref="B1")))
        collecting.close_receivable(collecting.OfInvoice("INV-000001"), tx)
        assert one(tx, "SELECT dunning_level, account_hold FROM customer") == (3, True)
        tx.execute(text("DELETE FROM reminder"))
        tx.execute(text("UPDATE open_item SET open_amount = 0"))
        collecting.close_receivable(collecting.OfInvoice("INV-000002"), tx)
        assert one(tx, "SELECT dunning_level, account_hold FROM customer") == (0, True)


def test_the_facts_of_a_reminder(books):
    with books.transaction() as tx:
        early = context(datetime(2026, 4, 1, tzinfo=UTC))
        invoice = collecting.OfInvoice("INV-000001")
        assert collecting.dunning_facts(invoice, tx, early) == DunningFacts(0, D(1668), D(0), disputed=False, level=0)
        remind(tx, 1, effects())
        disputes.open_dispute(tx, DisputeDraft(invoice_no="INV-000001", reason="PRICE"), "rita")
        take_in(tx, paid(Credit("500.00", "no reference", ref="B1", iban=PAYER_IBAN)))
        assert collecting.dunning_facts(invoice, tx, LATE) == DunningFacts(32, D(0), D(500), disputed=True, level=1)


def test_nobody_is_reminded_of_an_invoice_that_was_paid_meanwhile(books):
    ledger = effects()
    with books.transaction() as tx:
        tx.execute(text("UPDATE open_item SET open_amount = 0"))
        assert remind(tx, 1, ledger) == 0
        assert ledger.recorded == []


def test_the_number_of_statements_does_not_grow_with_the_entries(books):
    sent = count_statements(books)

    def run(count: int, opening: int) -> int:
        numbers = [f"INV-{opening + each:06d}" for each in range(count)]
        with books.transaction() as tx:
            for number in numbers:
                owed(tx, number, "10.00", tax="0", discount="0")
        content = paid(*(Credit("10.00", number, ref=number) for number in numbers), statement=f"S{opening}")
        sent.clear()
        with books.transaction() as tx:
            statement = tasks.OfStatement(stored(tx, content)[0])
            tasks.record_receipts(statement, tx)
            tasks.propose_applications(tasks.Propose(statement.statement_no), tx)
            tasks.apply_receipts(tasks.Apply(statement.statement_no, [], []), tx)
        return len(sent)

    assert run(2, 100) == run(40, 200) < 64
