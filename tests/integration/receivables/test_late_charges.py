"""Late payment costs a fee and interest: charged once a level, each day once, a receivable that is paid, disputed or waived."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from handlers.invariants import check_all
from handlers.ledger.model import FxRate
from handlers.receivables import collection_tasks as collecting
from handlers.receivables import disputes, late_charges
from handlers.receivables.disputes import DisputeDraft
from handlers.receivables.late_charges import LateTerms
from handlers.receivables.late_interest import RateFrom
from tests.integration.golden.builders import CUSTOMER, context, effects, one
from tests.integration.receivables.books import nonzero, owed, paid, take_in
from tests.steps import as_a_step
from tests.unit.receivables.statement_files import Credit

D = Decimal
INVOICE = "INV-000001"
#: 8 % a year on 1,668.00 that was due on 9 April.
EIGHT = [RateFrom(date(2026, 1, 1), D(8))]
ENDS = {"INV-01", "INV-02", "INV-11", "INV-42", "INV-48"}


def at(month, day):
    return context(datetime(2026, month, day, 9, tzinfo=UTC))


@as_a_step
def charge(tx, level, now, **changes):
    given = {"fee": "0", "minimum": "0", "rates": EIGHT, "invoice_no": INVOICE} | changes
    terms = LateTerms(level=level, fee=D(given["fee"]), minimum=D(given["minimum"]), rates=given["rates"], basis="Our terms")
    return late_charges.charge(tx, given["invoice_no"], terms, now.now)


@as_a_step
def remind(tx, level, now, ledger):
    return collecting.send_reminder(collecting.SendReminder(INVOICE, level), tx, now, ledger)


waive, open_dispute, resolve_dispute = map(as_a_step, (late_charges.waive, disputes.open_dispute, disputes.resolve_dispute))


def broken(tx):
    return [(each.id, each.examples) for each in check_all(tx) if not each.ok and each.id in ENDS]


def days(tx):
    return tx.execute(text("SELECT first_day, last_day, principal, interest FROM late_charge_days ORDER BY invoice_no, first_day")).all()


def test_a_reminder_charges_interest_to_its_day_and_the_next_one_from_the_day_after(books):
    with books.transaction() as tx:
        first = charge(tx, 2, at(4, 24))
        assert (first.charge_no, first.fee, first.interest) == ("LC-000001", 0, D("5.48"))  # 15 days of 1,668.00 at 8 %
        assert remind(tx, 2, at(4, 24), effects()).level == 2
        second = charge(tx, 3, at(5, 9), fee="15")
        assert (second.charge_no, second.fee, second.interest) == ("LC-000002", 15, D("5.48"))
        assert days(tx) == [
            (date(2026, 4, 10), date(2026, 4, 24), 1668, D("5.48")),
            (date(2026, 4, 25), date(2026, 5, 9), 1668, D("5.48")),
        ]
        assert nonzero(tx) == {"1200": D("1693.96"), "2200": -278, "4000": -1390, "4300": D("-25.96")}
        assert one(tx, "SELECT original, due_date, tax_amount FROM open_item WHERE document_no = 'LC-000002'") == (
            D("20.48"), date(2026, 5, 16), 0,
        )  # fmt: skip
        assert broken(tx) == []


def test_charge_and_reminder_lock_in_order_in_the_one_transaction_of_their_process(books):
    with books.transaction() as tx:
        charged = late_charges.charge(
            tx, INVOICE, LateTerms(level=2, fee=D(15), minimum=D(0), rates=EIGHT, basis="Our terms"), at(4, 24).now
        )
        assert charged.fee == 15
        assert collecting.send_reminder(collecting.SendReminder(INVOICE, 2), tx, at(4, 24), effects()).level == 2


def test_nothing_is_charged_again_whatever_is_repeated_or_comes_out_of_order(books):
    with books.transaction() as tx:
        assert charge(tx, 3, at(5, 9), fee="15").charge_no == "LC-000001"
        assert charge(tx, 3, at(6, 9), fee="40").interest == D("10.97")
        remind(tx, 3, at(5, 9), effects())
        assert charge(tx, 2, at(6, 9)) is None
        assert one(tx, "SELECT count(*) FROM late_charge") == 1
        assert len(days(tx)) == 1


def test_what_was_paid_in_part_costs_less_from_the_day_after_the_bank_had_it(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("668.00", INVOICE, day="2026-04-19")), "PARTIAL")
        charge(tx, 2, at(4, 24))
        received = one(tx, "SELECT received_on FROM receipt")
        assert days(tx) == [
            (date(2026, 4, 10), received, 1668, D("3.66")),
            (date.fromordinal(received.toordinal() + 1), date(2026, 4, 24), 1000, D("1.10")),
        ]


def test_small_interest_is_left_for_a_later_reminder_that_charges_all_its_days(books):
    with books.transaction() as tx:
        assert charge(tx, 2, at(4, 24), minimum="5.49") is None
        assert charge(tx, 3, at(4, 24), fee="15", minimum="5.49").interest == 0
        assert charge(tx, 4, at(4, 25), minimum="5.49").interest == D("5.85")
        assert days(tx) == [(date(2026, 4, 10), date(2026, 4, 25), 1668, D("5.85"))]
    with books.transaction() as tx:
        owed(tx, "INV-000009", "1668.00")
        assert charge(tx, 2, at(4, 24), invoice_no="INV-000009", minimum="5.48").interest == D("5.48")


def test_nothing_is_charged_of_what_is_paid_free_of_interest_or_not_due(books):
    with books.transaction() as tx:
        assert charge(tx, 2, at(4, 9)) is None
        assert charge(tx, 2, at(5, 9), rates=[]) is None
        assert charge(tx, 2, at(5, 9), invoice_no="INV-000404") is None
        take_in(tx, paid(Credit("1668.00", INVOICE)))
        assert charge(tx, 2, at(5, 9), fee="15") is None
    for wrong in ({"level": 0}, {"fee": "-1"}, {"minimum": "-1"}):
        given = {"level": 2, "fee": "0", "minimum": "0"} | wrong
        with books.transaction() as tx, pytest.raises(Invalid, match="The decision charges"):
            charge(tx, given["level"], at(5, 9), fee=given["fee"], minimum=given["minimum"])


def test_what_was_in_dispute_costs_nothing_while_it_was(books):
    with books.transaction() as tx:
        number = open_dispute(tx, DisputeDraft(invoice_no=INVOICE, reason="PRICE", amount=D(668)), "rita")
        ended = "UPDATE dispute SET opened_at = '2026-04-01', resolved_at = '2026-04-14', resolution = 'CHARGE_BACK' WHERE dispute_no = :no"
        tx.execute(text(ended), {"no": number})
        charge(tx, 2, at(4, 24))
        assert [each[:3] for each in days(tx)] == [
            (date(2026, 4, 10), date(2026, 4, 14), 1000), (date(2026, 4, 15), date(2026, 4, 24), 1668),
        ]  # fmt: skip


def test_the_reminder_shows_the_charge_and_its_mail_says_so_and_carries_its_paper(books):
    ledger = effects()
    with books.transaction() as tx:
        charge(tx, 3, at(5, 9), fee="15")
        remind(tx, 3, at(5, 9), ledger)
        letter, note = (one(tx, f"SELECT content FROM document WHERE kind = '{kind}'") for kind in ("REMINDER", "LATE_CHARGE"))
    (sent,) = ledger.recorded
    assert sent.payload["late_charge"] == "For late payment we charge 25.97 EUR (LC-000001)."
    assert sent.payload["late_charge_document_id"] != sent.payload["document_id"]
    printed, shown = (PdfReader(io.BytesIO(each)).pages[0].extract_text() for each in (letter, note))
    assert "LC-000001" in printed
    assert "1\u202f693.97 EUR" in printed
    for said in ("2026-04-10", "2026-05-09", "30", "8 %", "10.97", "15.00 EUR", "25.97 EUR", "Our terms", "outside the scope of VAT"):
        assert said in shown


def test_a_payment_that_names_the_invoice_and_the_charge_pays_both(books):
    with books.transaction() as tx:
        charge(tx, 3, at(5, 9), fee="15")
        done = take_in(tx, paid(Credit("1693.97", f"{INVOICE} LC-000001")))
        assert [each.invoice_no for each in done.settled] == [INVOICE, "LC-000001"]
        assert nonzero(tx) == {"1000": D("1693.97"), "2200": -278, "4000": -1390, "4300": D("-25.97")}
        assert broken(tx) == []


def test_a_person_waives_what_is_open_of_a_charge_once_and_the_books_agree(books):
    with books.transaction() as tx:
        charge(tx, 3, at(5, 9), fee="15")
        take_in(tx, paid(Credit("5.97", "LC-000001")), "PARTIAL")
        assert waive(tx, "LC-000001", "Our letter was late", "rita").amount == 20
        assert one(tx, "SELECT waived, waived_by, waived_because FROM late_charge") == (20, "rita", "Our letter was late")
        assert nonzero(tx) == {"1000": D("5.97"), "1200": 1668, "2200": -278, "4000": -1390, "4300": D("-5.97")}
        assert broken(tx) == []
        with pytest.raises(Conflict, match="Nothing is open"):
            waive(tx, "LC-000001", "again", "rita")
        with pytest.raises(NotFound, match="no late charge LC-000404"):
            waive(tx, "LC-000404", "none", "rita")


def test_a_charge_in_dispute_is_not_waived_and_is_reminded_of_no_more(books):
    with books.transaction() as tx:
        charge(tx, 3, at(5, 9), fee="15")
        open_dispute(tx, DisputeDraft(invoice_no="LC-000001", reason="OTHER"), "rita")
        with pytest.raises(Conflict, match="in dispute"):
            waive(tx, "LC-000001", "why not", "rita")
        remind(tx, 3, at(5, 9), effects())
        content = one(tx, "SELECT content FROM document WHERE kind = 'REMINDER'")
    assert "LC-000001" not in PdfReader(io.BytesIO(content)).pages[0].extract_text()


def test_a_charge_that_is_credited_in_part_after_a_dispute_was_less_income_and_no_allowance_of_a_sale(books):
    with books.transaction() as tx:
        charge(tx, 3, at(5, 9), fee="15")
        open_dispute(tx, DisputeDraft(invoice_no="LC-000001", reason="OTHER", amount=D("5.00")), "rita")
        assert resolve_dispute(tx, "DP-000001", "CREDIT").amount == 5
        assert nonzero(tx) == {"1200": D("1688.97"), "2200": -278, "4000": -1390, "4300": D("-20.97")}
        assert broken(tx) == []
        of_sales = [example for each in check_all(tx) if each.id == "INV-27" for example in each.examples]
        assert "LC-000001" not in str(of_sales)


def test_a_charge_knows_whom_it_is_of_and_that_it_is_one(books):
    with books.transaction() as tx:
        charge(tx, 3, at(5, 9), fee="15")
        found = late_charges.late_facts(tx, INVOICE)
        assert (found.of_late_charge, found.country, found.currency) == (False, "AT", "EUR")
        assert found.customer_class == one(tx, "SELECT customer_class FROM customer")
        assert late_charges.late_facts(tx, "LC-000001").of_late_charge is True
        with pytest.raises(NotFound):
            late_charges.late_facts(tx, "INV-000404")


def test_a_charge_in_dollars_stands_in_the_books_at_the_rate_of_its_day(dollars):
    with dollars.transaction() as tx:
        tx.add(FxRate(currency="USD", valid_from=date(2026, 5, 1), rate=D("0.90")))
        tx.flush()
        owed(tx, amount="1000.00", tax="0", discount="0", currency="USD", fx_rate=D("0.9137"))
        assert charge(tx, 3, at(5, 9), fee="20").interest == D("6.58")
        assert one(tx, "SELECT open_amount, open_in_books FROM open_item WHERE document_no = 'LC-000001'") == (D("26.58"), D("23.92"))
        waive(tx, "LC-000001", "a good customer", "rita")
        assert one(tx, "SELECT sum(accounted) FROM journal_line WHERE account = '4300'") == 0
        assert broken(tx) == []


def test_the_task_adds_the_points_of_the_decision_to_the_base_rate_of_each_day(books):
    with books.transaction() as tx:
        rates = [collecting.BaseRate(date(2026, 1, 1), D("2.15")), collecting.BaseRate(date(2026, 4, 20), D("1.15"))]
        given = collecting.ChargeLatePayment(INVOICE, 2, D(0), D(8), rates, D("1.00"), "Directive 2011/7/EU")
        (charged,) = collecting.charge_late_payment(given, tx, at(4, 24)).charges
        assert tx.execute(text("SELECT rate_pct, interest FROM late_charge_days ORDER BY first_day")).all() == [
            (D("10.15"), D("4.64")), (D("9.15"), D("2.09")),
        ]  # fmt: skip
        assert (charged.charge_no, charged.interest) == ("LC-000001", D("6.73"))
        assert one(tx, "SELECT customer_no FROM late_charge") == CUSTOMER
