from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Event, Thread
from time import sleep

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.problems import Conflict, Invalid, NotFound
from engine.store.clock import at
from handlers.invariants import check_all
from handlers.ledger.books import close_period, open_books, reopen_period, set_rate
from handlers.ledger.model import Journal
from handlers.ledger.open_items import NewOpenItem, add_open_item, reduce_open_items
from handlers.ledger.posting import Entry, Line, balances, credit, debit, lines_of, post, reverse

DAY = date(2026, 3, 10)


@pytest.fixture
def books(database):
    with database.transaction() as tx:
        open_books(tx, "EUR")
    return database


def shipped(amount="840.00", **changes) -> Entry:
    lines = [debit("1500", Decimal(amount)), credit("1400", Decimal(amount))]
    return Entry(
        **{"event_type": "shipment.confirmed", "source_id": "SH-000007", "currency": "EUR", "lines": lines, "gl_date": DAY} | changes
    )


def test_an_event_is_posted_once_however_often_it_is_told(books):
    with books.transaction() as tx:
        first = post(tx, shipped())
    with books.transaction() as tx:
        assert post(tx, shipped()) == first
        assert balances(tx) == {"1400": Decimal("-840.00"), "1500": Decimal("840.00")}


def test_two_workers_posting_one_event_at_once_get_the_same_journal(books):
    ids: list[int] = []

    def work():
        with books.transaction() as tx:
            ids.append(post(tx, shipped()))

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1


def test_the_same_event_with_other_amounts_is_refused(books):
    with books.transaction() as tx:
        post(tx, shipped())
        with pytest.raises(Conflict, match="other amounts"):
            post(tx, shipped("841.00"))


def test_an_unbalanced_entry_leaves_nothing(books):
    with books.transaction() as tx:
        with pytest.raises(Invalid):
            post(tx, shipped(lines=[debit("1500", Decimal(840))]))
        assert balances(tx) == {}


def test_posting_before_the_books_are_open_says_so(database):
    with database.transaction() as tx, pytest.raises(Invalid, match="not open"):
        post(tx, shipped())


def test_books_cannot_change_their_currency(books):
    with books.transaction() as tx, pytest.raises(Conflict):
        open_books(tx, "USD")


def test_a_date_in_a_closed_period_moves_to_the_next_open_day(books):
    with books.transaction() as tx:
        close_period(tx, date(2026, 3, 1), date(2026, 3, 31), "freddie")
        journal = tx.get_one(Journal, post(tx, shipped()))
        assert journal.gl_date == date(2026, 4, 1)
        with pytest.raises(Conflict, match="closed already"):
            close_period(tx, date(2026, 3, 31), date(2026, 4, 30), "freddie")


MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def waits_for_a_lock(books) -> bool:
    """Whether somebody stands at the door of the periods within a few seconds."""
    for _ in range(100):
        with books.transaction() as tx:
            if tx.execute(text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).first():
                return True
        sleep(0.05)
    return False


def beside(work) -> Thread:
    thread = Thread(target=work)
    thread.start()
    return thread


def test_closing_waits_for_a_posting_under_way_and_every_later_one_moves_on(books):
    def close():
        with books.transaction() as tx:
            close_period(tx, *MARCH, "freddie")

    with books.transaction() as tx:
        first = post(tx, shipped())
        closing = beside(close)
        assert waits_for_a_lock(books)
    closing.join(10)
    with books.transaction() as tx:
        assert tx.get_one(Journal, first).gl_date == DAY
        assert tx.get_one(Journal, post(tx, shipped(source_id="SH-000008"))).gl_date == date(2026, 4, 1)
        assert [checked.id for checked in check_all(tx) if not checked.ok and checked.id == "INV-18"] == []


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_posting_waits_for_a_closing_under_way_and_lands_where_it_is_open(books, gives_up):
    posted: list[int] = []

    def work():
        with books.transaction() as tx:
            posted.append(post(tx, shipped()))

    with suppress(KeyboardInterrupt), books.transaction() as tx:
        close_period(tx, *MARCH, "freddie")
        posting = beside(work)
        assert waits_for_a_lock(books)
        assert posted == []
        if gives_up:
            raise KeyboardInterrupt
    posting.join(10)
    with books.transaction() as tx:
        assert tx.get_one(Journal, posted[0]).gl_date == (DAY if gives_up else date(2026, 4, 1))


def test_opening_a_period_again_waits_for_a_posting_that_found_it_closed(books):
    with books.transaction() as tx:
        close_period(tx, *MARCH, "freddie")

    def reopen():
        with books.transaction() as tx:
            reopen_period(tx, MARCH[0])

    with books.transaction() as tx:
        moved = post(tx, shipped())
        opening = beside(reopen)
        assert waits_for_a_lock(books)
    opening.join(10)
    with books.transaction() as tx:
        assert tx.get_one(Journal, moved).gl_date == date(2026, 4, 1)
        assert tx.get_one(Journal, post(tx, shipped(source_id="SH-000008"))).gl_date == DAY


def test_postings_do_not_wait_for_one_another(books):
    done = Event()

    def work():
        with books.transaction() as tx:
            post(tx, shipped(source_id="SH-000008"))
        done.set()

    with books.transaction() as tx:
        post(tx, shipped())
        other = beside(work)
        assert done.wait(10)
    other.join(10)


def test_a_posting_without_a_day_is_dated_by_the_company_s_clock(books):
    with books.transaction() as tx:
        at(tx, datetime(2026, 3, 10, 12, tzinfo=UTC))
        assert tx.get_one(Journal, post(tx, shipped(gl_date=None))).gl_date == DAY


def test_a_reversal_mirrors_the_journal_once(books):
    with books.transaction() as tx:
        original = post(tx, shipped())
        mirror_id = reverse(tx, original, gl_date=DAY)
        assert reverse(tx, original, gl_date=DAY) == mirror_id
        assert tx.get_one(Journal, mirror_id).reverses_id == original
        assert set(balances(tx).values()) == {Decimal(0)}
        assert [line.account for line in lines_of(tx, mirror_id)] == ["1500", "1400"]


def test_a_journal_that_does_not_exist_cannot_be_reversed(books):
    with books.transaction() as tx, pytest.raises(NotFound):
        reverse(tx, 4711)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_line SET debit = debit + 1",
        "DELETE FROM journal_line",
        "UPDATE journal SET narration = 'nicer'",
        "DELETE FROM journal",
        "TRUNCATE journal_line",
        "INSERT INTO journal_line (journal_id, line_no, account, debit, credit, accounted) SELECT id, 9, '1000', 5, 0, 5 FROM journal",
    ],
)
def test_the_database_refuses_to_change_a_journal(books, statement):
    with books.transaction() as tx:
        post(tx, shipped())
    with pytest.raises(DBAPIError, match=r"never changed|does not balance"), books.transaction() as tx:
        tx.execute(text(statement))


def test_a_foreign_entry_is_accounted_at_the_rate_on_file(books):
    with books.transaction() as tx:
        with pytest.raises(Invalid, match="No exchange rate for USD"):
            post(tx, shipped(currency="USD"))
        set_rate(tx, "USD", date(2026, 3, 1), Decimal("0.92"))
        post(tx, shipped("1000.00", currency="USD"))
        assert balances(tx) == {"1400": Decimal(-920), "1500": Decimal(920)}


def test_golden_g3_a_dollar_invoice_received_at_a_better_rate_realises_the_gain(books):
    usd = {"currency": "USD", "gl_date": DAY}
    with books.transaction() as tx:
        invoice = [debit("1200", Decimal(1000), party_no="C-1"), credit("4000", Decimal(1000))]
        post(tx, Entry("invoice.posted", "INV-000001", lines=invoice, fx_rate=Decimal("0.92"), **usd))
        receipt = [debit("1000", Decimal(1000)), credit("1290", Decimal(1000))]
        post(tx, Entry("receipt.recorded", "R-000001", lines=receipt, fx_rate=Decimal("0.95"), **usd))
        applied = [
            Line("1290", debit=Decimal(1000), accounted=Decimal(950)),
            Line("1200", credit=Decimal(1000), party_no="C-1", accounted=Decimal(-920)),
            Line("7100", accounted=Decimal(-30)),
        ]
        post(tx, Entry("receipt.applied", "R-000001", lines=applied, fx_rate=Decimal("0.95"), **usd))
        assert {account: amount for account, amount in balances(tx).items() if amount} == {
            "1000": Decimal(950),
            "4000": Decimal(-920),
            "7100": Decimal(-30),
        }


def item(**changes) -> NewOpenItem:
    return NewOpenItem(**{
        "kind": "AR", "party_no": "C-1", "document_no": "INV-000001", "document_date": DAY, "due_date": DAY, "amount": Decimal("100.00"),
        "currency": "EUR",
    } | changes)  # fmt: skip


def test_an_open_item_shrinks_and_closes(books):
    with books.transaction() as tx:
        add_open_item(tx, item())
        add_open_item(tx, item())
        reduce_open_items(tx, "AR", {"INV-000001": Decimal("99.00")})
        assert tx.execute(text("SELECT open_amount, closed_at IS NULL FROM open_item")).one() == (Decimal("1.0000"), True)
        reduce_open_items(tx, "AR", {"INV-000001": Decimal("1.00")})
        assert tx.execute(text("SELECT open_amount, closed_at IS NULL FROM open_item")).one() == (Decimal(0), False)


@pytest.mark.parametrize(("document_no", "amount"), [("INV-000001", "100.01"), ("INV-000404", "1.00")])
def test_more_than_is_open_cannot_be_taken(books, document_no, amount):
    with books.transaction() as tx:
        add_open_item(tx, item())
        with pytest.raises(Conflict) as refusal:
            reduce_open_items(tx, "AR", {document_no: Decimal(amount)})
        assert refusal.value.next_step


def test_a_document_is_never_owed_less_than_nothing(books):
    with books.transaction() as tx, pytest.raises(Invalid, match="would be owed -1"):
        add_open_item(tx, item(amount=Decimal(-1)))
