"""A month of the books is closed: what is open stops it, its last day is revalued, and nothing gets into it afterwards."""

from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.problems import Conflict, Invalid
from engine.runtime.state.guarded_acts import Wanting
from engine.service_tasks import Refused
from engine.store.clock import at
from handlers.changes import Author
from handlers.closing import closes
from handlers.closing.commands import begin_close
from handlers.closing.guarded import ACTS, Reopening
from handlers.invariants import check_all
from handlers.ledger.books import open_books, set_rate
from handlers.ledger.manual import ManualJournal, ManualLine, withdraw, write
from handlers.ledger.movements import MOVEMENTS
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.ledger.posting import Entry, Line, balances, credit, debit, post
from tests.integration.at_work import at_work, do

D = Decimal
FIRST, LAST = date(2026, 2, 1), date(2026, 2, 28)


@pytest.fixture
def books(database):
    """Books in EUR in which a dollar invoice of 1,000 was posted at 0.92 in February, and a dollar is worth 0.95 at its end."""
    with database.transaction() as tx:
        open_books(tx, "EUR")
        for day, rate in (("2026-02-01", "0.92"), ("2026-02-28", "0.95"), ("2026-03-20", "0.97")):
            set_rate(tx, "USD", date.fromisoformat(day), D(rate))
        bill(tx, date(2026, 2, 10))
    return database


def invoice(day, source="INV-000001", currency="USD", amount="1000.00") -> Entry:
    lines = [debit("1200", D(amount), party_no="C-1", reference=source), credit("4000", D(amount), reference=source)]
    return Entry("invoice.posted", source, currency, lines, gl_date=day)


def bill(tx, day, source="INV-000001", rate="0.92"):
    """An invoice with what is owed on it."""
    journal = post(tx, invoice(day, source))
    dates = {"document_date": day, "due_date": day}
    add_open_item(tx, NewOpenItem("AR", "C-1", source, amount=D(1000), currency="USD", fx_rate=D(rate), **dates))
    return journal


def as_of(tx, day):
    """What the accounts stood at on a day, without those at zero."""
    rows = tx.execute(text(f"WITH {MOVEMENTS} SELECT account, sum(debits - credits) FROM movement GROUP BY 1"), {"as_of": day})
    return {account: amount for account, amount in rows if amount}


def broken(tx):
    about_money = {"INV-01", "INV-02", "INV-18", "INV-23", "INV-29"}
    return [each.examples for each in check_all(tx) if not each.ok and each.id in about_money]


def close_february(tx):
    closes.begin(tx, "2026-02", "ines")
    return closes.lock(tx, "2026-02", closes.look(tx, "2026-02").counts, "ines")


def test_a_dollar_claim_is_worth_what_the_last_day_says_and_realises_its_whole_difference_when_it_is_paid(books):
    with books.transaction() as tx:
        closed = close_february(tx)
        assert closed == closes.Closed(D(0), D("30.00"))
        assert as_of(tx, LAST) == {"1200": D(920), "1208": D(30), "4000": D(-920), "7120": D(-30)}
        assert as_of(tx, date(2026, 3, 1)) == {"1200": D(920), "4000": D(-920)}
        receipt = [debit("1000", D(1000), reference="R-1"), credit("1290", D(1000), reference="R-1")]
        post(tx, Entry("receipt.recorded", "R-1", "USD", receipt, gl_date=date(2026, 3, 20)))
        applied = [
            Line("1290", debit=D(1000), accounted=D(970), reference="R-1"),
            Line("1200", credit=D(1000), party_no="C-1", accounted=D(-920), reference="INV-000001"),
            Line("7100", accounted=D(-50)),
        ]
        post(tx, Entry("receipt.applied", "R-1", "USD", applied, gl_date=date(2026, 3, 20), fx_rate=D("0.97")))
        assert {account: amount for account, amount in balances(tx).items() if amount} == {"1000": D(970), "4000": D(-920), "7100": D(-50)}
        assert as_of(tx, date(2026, 12, 31)) == {"1000": D(970), "4000": D(-920), "7100": D(-50)}
        assert broken(tx) == []


def test_closing_twice_posts_nothing_twice(books):
    with books.transaction() as tx:
        first = close_february(tx)
        assert closes.lock(tx, "2026-02", {}, "amina") == first
        assert tx.scalar(text("SELECT count(*) FROM journal WHERE event_type LIKE 'period.%'")) == 2


def test_what_is_open_beyond_what_was_seen_refuses_the_close_and_leaves_nothing(books):
    line = {"reference": "ACCRUAL-9", "currency": "EUR", "narration": "Rent of February", "gl_date": LAST}
    both = [ManualLine(account="6900", debit=D(250)), ManualLine(account="7200", credit=D(250))]
    with books.transaction() as tx:
        closes.begin(tx, "2026-02", "ines")
        seen = closes.look(tx, "2026-02").counts
        write(tx, ManualJournal(**line, lines=both), "felix")
        with pytest.raises(Refused, match="journals by hand") as refusal:
            closes.lock(tx, "2026-02", seen, "ines")
        assert refusal.value.code == "NOT_CLOSABLE"
        assert closes.look(tx, "2026-02").counts["manual_journals"] == 1
        assert closes.find(tx, "2026-02").state == "OPEN"
        assert tx.scalar(text("SELECT count(*) FROM journal")) == 1
        withdraw(tx, "ACCRUAL-9")
        assert closes.lock(tx, "2026-02", seen, "ines").exchange_difference == D("30.00")


def test_a_month_that_goes_on_is_not_closed_and_one_that_is_no_month_neither(books):
    with books.transaction() as tx:
        for wrong, code in (("2999-01", "period_goes_on"), ("2026-13", "period_name"), ("soon", "period_name")):
            with pytest.raises(Invalid) as refusal:
                closes.begin(tx, wrong, "ines")
            assert (refusal.value.code, list(refusal.value.errors)) == (code, ["period"])
        close_february(tx)
        with pytest.raises(Conflict, match="closed already"):
            closes.begin(tx, "2026-02", "ines")


def test_nothing_gets_into_a_closed_month_by_any_door(books):
    with books.transaction() as tx:
        close_february(tx)
        late = post(tx, invoice(date(2026, 2, 20), "INV-000002"))
        assert tx.scalar(text("SELECT gl_date FROM journal WHERE id = :id"), {"id": late}) == date(2026, 3, 1)
    raw = """
    INSERT INTO journal (event_type, source_id, sequence, gl_date, currency, fx_rate, narration, digest)
    VALUES ('x', 'x', 1, '2026-02-28', 'EUR', 1, '', '')
    """
    with pytest.raises(DBAPIError, match="closed"), books.transaction() as tx:
        tx.execute(text(raw))


def test_a_posting_that_comes_while_the_month_is_being_locked_waits_and_lands_after_it(books):
    landed: list[date] = []

    def post_late():
        with books.transaction() as tx:
            journal = post(tx, invoice(date(2026, 2, 27), "INV-000003"))
            landed.append(tx.scalar(text("SELECT gl_date FROM journal WHERE id = :id"), {"id": journal}))

    with books.transaction() as tx:
        close_february(tx)
        billing = Thread(target=post_late)
        billing.start()
        for _ in range(100):
            if tx.execute(text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).first():
                break
            sleep(0.02)
        assert landed == []
    billing.join(10)
    assert landed == [date(2026, 3, 1)]
    with books.transaction() as tx:
        assert broken(tx) == []


def test_a_month_opened_again_is_closed_anew_with_what_came_and_posts_the_difference(books):
    (reopening,) = ACTS
    runtime = at_work(books, "period-close", "manual-journal")
    with books.transaction() as tx:
        begin_close(runtime, tx, "2026-02", Author("ines"))
    do(runtime, "Close 2026-02", action="close")
    with books.transaction() as tx:
        assert as_of(tx, LAST)["7120"] == D(-30)
        reopening.carry_out(runtime, tx, Reopening(starts_on=FIRST), Wanting("ines", "A late bill"))
        bill(tx, date(2026, 2, 20), "INV-000002")
    do(runtime, "Close 2026-02", action="close")
    with books.transaction() as tx:
        assert closes.find(tx, "2026-02").round == 2
        assert as_of(tx, LAST) == {"1200": D(1840), "1208": D(60), "4000": D(-1840), "7120": D(-60)}
        assert as_of(tx, date(2026, 3, 1)) == {"1200": D(1840), "4000": D(-1840)}
        assert broken(tx) == []
        post(tx, invoice(date(2026, 3, 5), "INV-000004"))
        closes.begin(tx, "2026-03", "ines")
        closes.lock(tx, "2026-03", closes.look(tx, "2026-03").counts, "ines")
        with pytest.raises(Conflict, match="latest|2026-03-01"):
            reopening.carry_out(runtime, tx, Reopening(starts_on=FIRST), Wanting("ines", "Another late bill"))


def test_a_currency_without_a_rate_of_the_month_s_end_stops_the_close(books):
    with books.transaction() as tx:
        tx.execute(text("DELETE FROM fx_rate WHERE valid_from > '2026-02-01'"))
        closes.begin(tx, "2026-02", "ines")
        looked = closes.look(tx, "2026-02")
        assert looked.counts["rates_missing"] == 1
        tx.execute(text("DELETE FROM fx_rate"))
        assert "USD" in closes.look(tx, "2026-02").rate_missing
        with pytest.raises(Refused, match="USD"):
            closes.lock(tx, "2026-02", looked.counts, "ines")


def test_the_calendar_asks_for_the_month_before_this_one_once(books):
    with books.transaction() as tx:
        at(tx, datetime(2026, 3, 1, 7, tzinfo=UTC))
        assert closes.list_due(tx) == ["2026-02"]
        closes.begin(tx, "2026-02", "the calendar")
        assert closes.list_due(tx) == []
