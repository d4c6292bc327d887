"""A customer who pays in thirds: each third is due on its day, asked for by itself and paid by itself."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from handlers.billing.edi_invoice import _terms
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import read_facts
from handlers.billing.ubl import write_ubl
from handlers.credit.exposure import assess
from handlers.invariants import check_all
from handlers.receivables import collections, tasks
from handlers.reporting.due_reports import AR_ITEMS
from tests.integration.at_work import at_work
from tests.integration.billing.test_advances import bill
from tests.integration.golden.builders import Sold, order, stored
from tests.integration.receivables.books import paid, take_in
from tests.unit.receivables.statement_files import Credit

D = Decimal


@pytest.fixture
def thirds(world):
    """100.00 with tax, invoiced on 10 March: 33.33 at once, 33.33 on 9 April, 33.34 on 11 May, a Monday."""
    at_work(world, "billing-run")
    with world.transaction() as tx:
        tx.execute(text("UPDATE customer SET payment_term = 'THIRDS'"))
        made = order(tx, [Sold("1", "83.33")], freight="0")
    assert bill(world, made.groups[0]) == "INV-000001"
    return world


def due(tx):
    rows = tx.execute(text("SELECT due_date, open_amount FROM open_due ORDER BY due_date")).all()
    return [(str(row.due_date), row.open_amount) for row in rows]


def aged(tx, as_of):
    given = {"as_of": as_of, "party": "", "bucket": ""}
    rows = tx.execute(text(f"SELECT late, open_amount, in_books FROM ({AR_ITEMS.sql}) AS r ORDER BY due_date"), given)
    return [tuple(row) for row in rows]


def test_each_part_is_due_asked_for_and_paid_by_itself(thirds):
    with thirds.transaction() as tx:
        facts = read_facts(tx, "INV-000001")
        assert (facts.due_date, facts.discount_date) == (date(2026, 3, 10), None)
        assert facts.terms.startswith("Payable without deduction in 3 instalments: 33.33 EUR by 2026-03-10; 33.33 EUR by 2026-04-09; 33.34")
        assert validate_invoice(write_ubl(facts)) == []
        assert [(row[1], row[9:]) for row in _terms(facts)][2] == ("04", ("20260511", "3334"))
        assert due(tx) == [("2026-03-10", D("33.33")), ("2026-04-09", D("33.33")), ("2026-05-11", D("33.34"))]
        late = collections.dunning_facts(tx, "INV-000001", datetime(2026, 3, 20, 9, tzinfo=UTC))
        assert (late.days_overdue, late.open_amount) == (10, D("33.33"))
        assert aged(tx, date(2026, 4, 20)) == [(41, D("33.33"), D("33.33")), (11, D("33.33"), D("33.33")), (-21, D("33.34"), D("33.34"))]
    with thirds.transaction() as tx:
        take_in(tx, paid(Credit("33.33", "INV-000001")), "PARTIAL")
        assert tx.execute(text("SELECT rule FROM receipt_proposal WHERE rank = 0")).scalar_one() == "M1"
    with thirds.transaction() as tx:
        assert due(tx) == [("2026-04-09", D("33.33")), ("2026-05-11", D("33.34"))]
        late = collections.dunning_facts(tx, "INV-000001", datetime(2026, 3, 20, 9, tzinfo=UTC))
        assert (late.days_overdue, late.level) == (0, 0)
        assert [each.id for each in check_all(tx) if not each.ok and each.id != "INV-40"] == []  # nobody collects in this test
        asked = order(tx, [Sold("1", "10.00")])
        tx.execute(text("UPDATE open_item SET due_date = business_today() - 1"))
        tx.execute(text("UPDATE open_item_part SET due_date = business_today() + part_no - 3"))
        assert assess(tx, asked.order_no).overdue == D("33.33")


def test_terms_agreed_for_an_order_by_itself_are_kept(thirds):
    with thirds.transaction() as tx:
        made = order(tx, [Sold("1", "10.00")], net_days=60)
    number = bill(thirds, made.groups[0])
    with thirds.transaction() as tx:
        assert read_facts(tx, number).instalments == ()


def test_a_last_instalment_of_a_few_units_is_asked_for_and_not_written_off(thirds):
    with thirds.transaction() as tx:
        tx.execute(text("UPDATE open_item_part SET later = later - 29.34 WHERE part_no < 3"))
        tx.execute(text("UPDATE open_item_part SET amount = 62.67, later = 4 WHERE part_no = 2"))
        tx.execute(text("UPDATE open_item_part SET amount = 4, later = 0 WHERE part_no = 3"))
        statement = tasks.OfStatement(stored(tx, paid(Credit("96.00", "INV-000001")))[0])
        tasks.read_statement(statement, tx)
        tasks.record_receipts(statement, tx)
        (case,) = tasks.propose_applications(tasks.Propose(statement.statement_no), tx).residual_cases
        assert (case.difference, case.unpaid_instalments) == (4, 4)
