"""What a customer promises is believed until its day and some grace; what it owes is on one paper."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pypdf import PdfReader

from engine.problems import Conflict, Invalid
from handlers.receivables import disputes, promises
from handlers.receivables.account_statement import account_statement, print_account_statement
from handlers.receivables.collection_tasks import CallOutcome, OfInvoice, dunning_facts, note_call, plan_next_look
from handlers.receivables.disputes import DisputeDraft
from tests.integration.golden.builders import CUSTOMER, context, one
from tests.integration.receivables.books import owed, paid, take_in
from tests.steps import commit_step
from tests.unit.receivables.statement_files import Credit

INVOICE = OfInvoice("INV-000001")
CALLED = datetime(2026, 5, 4, 9, tzinfo=UTC)


def on(day):
    return context(CALLED + timedelta(days=day))


def test_a_promise_is_believed_with_its_grace_then_somebody_calls_and_a_new_one_counts(books):
    with books.transaction() as tx:
        given = CallOutcome("INV-000001", "promised", promised_on=date(2026, 5, 9), note="Mrs Braun")
        assert note_call(given, tx, on(0)).disputes == []
        commit_step(tx)
        assert plan_next_look(INVOICE, tx, on(0)).on == date(2026, 5, 12)
        assert [dunning_facts(INVOICE, tx, on(day)).promise for day in (0, 7, 8)] == ["open", "open", "broken"]
        assert plan_next_look(INVOICE, tx, on(8)).on == date(2026, 5, 22)
        note_call(CallOutcome("INV-000001", "unreached"), tx, on(8))
        assert dunning_facts(INVOICE, tx, on(8)).promise == "none"
        with pytest.raises(Invalid, match="is past") as refusal:
            promises.promise_payment(tx, "INV-000001", date(2026, 5, 3), "", date(2026, 5, 4))
        assert "promised_on" in refusal.value.errors
        with pytest.raises(Conflict, match="Nothing is open"):
            promises.promise_payment(tx, "INV-000404", date(2026, 5, 9), "", date(2026, 5, 4))


def test_what_a_caller_disputes_becomes_a_dispute_once(books):
    with books.transaction() as tx:
        (opened,) = note_call(CallOutcome("INV-000001", "disputed", reason="Broken legs"), tx, on(0)).disputes
        commit_step(tx)
        assert one(tx, "SELECT dispute_no, description FROM dispute") == (opened.dispute_no, "Broken legs")
        assert note_call(CallOutcome("INV-000001", "disputed", reason="Again"), tx, on(1)).disputes == []


def test_the_statement_of_account_shows_ages_disputes_and_money_with_us_and_asks_for_the_rest(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "100.00", tax="0", discount="0", due_date=date(2026, 5, 20))
        disputes.open_dispute(tx, DisputeDraft(invoice_no="INV-000001", reason="PRICE", amount=Decimal(68)), "rita")
        commit_step(tx)
        take_in(tx, paid(Credit("30.00", "?", name="Indifferent Mirror GmbH")))
        (part,) = account_statement(tx, CUSTOMER, date(2026, 5, 4))["parts"]
        assert [row[0] for row in part["rows"]] == ["INV-000001", "INV-000002", "RC-000001"]
        assert [row[3] for row in part["rows"]] == ["25 days overdue, 68.00 disputed", "", "not applied yet"]
        plain = [amount.replace("\u202f", " ") for amount in part["ages"]]
        assert plain == ["100.00", "1 668.00", "0.00", "0.00", "0.00"]
        assert [(label, amount.replace("\u202f", " ")) for label, amount in part["sums"]] == [
            ("Open", "1 768.00 EUR"), ("Of it disputed", "-68.00 EUR"),
            ("Your money with us", "-30.00 EUR"), ("Please pay", "1 670.00 EUR"),
        ]  # fmt: skip
        pages = PdfReader(io.BytesIO(print_account_statement(tx, CUSTOMER, CALLED))).pages
        assert "Statement of account" in pages[0].extract_text()
