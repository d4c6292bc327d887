"""Reports say as of a day what was so on that day, to the cent, and each figure is the sum of the rows behind it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Invalid
from engine.store.clock import at
from engine.store.paging import Asked
from handlers.closing import closes
from handlers.ledger.posting import Entry, credit, debit, post
from handlers.reporting.report import Given, find, read, stream
from handlers.reporting.reports import REPORTS
from tests.integration.golden.builders import Sold, company, customer, item, on_stock, order, warehouse
from tests.integration.golden.test_golden import bill, nothing_is_broken, receive, ship
from tests.unit.receivables.statement_files import Credit

D = Decimal
MARCH_10, MARCH_17 = datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 17, 9, tzinfo=UTC)


def rows_of(tx, key, **given):
    return [row._asdict() for row in read(tx, find(REPORTS, key), Given(**given), Asked(200)).page.rows]


def totals_of(tx, key, **given):
    return dict(read(tx, find(REPORTS, key), Given(**given), Asked(1)).totals)


@pytest.fixture
def lived(database):
    """G1: 60 pieces billed on 10 March and paid on the 18th with the discount taken, 40 on the 17th, paid 3.20 short on 15 April."""
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
        made = order(tx, [Sold("100", "22.50", ("60", "40"), list_price="25.00")], freight="40.00")
        first = bill(tx, ship(tx, made.groups[0], MARCH_10), MARCH_10)
        second = bill(tx, ship(tx, made.groups[1], MARCH_17), MARCH_17)
        receive(tx, Credit("1634.64", first, ref="B1", day="2026-03-18"), "0.00", decision="EARNED_DISCOUNT")
        receive(tx, Credit("1076.80", second, ref="B2", day="2026-04-15"), "1634.64", decision="WRITE_OFF")
    return database


def test_what_was_owed_is_told_as_of_any_day_and_agrees_with_the_control_account(lived):
    with lived.transaction() as tx:
        assert rows_of(tx, "ar-ageing", as_of=date(2026, 3, 9)) == []
        (row,) = rows_of(tx, "ar-ageing", as_of=date(2026, 3, 17))
        assert (row["not_due"], row["unapplied"], row["total"]) == (D(2748), D(0), D(2748))
        (row,) = rows_of(tx, "ar-ageing", as_of=date(2026, 4, 14))
        assert (row["not_due"], row["total"]) == (D(1080), D(1080))
        assert rows_of(tx, "ar-ageing", as_of=date(2026, 4, 15)) == []
        for day in (date(2026, 3, 10), date(2026, 3, 17), date(2026, 3, 31), date(2026, 4, 15)):
            control = [row["balance"] for row in rows_of(tx, "trial-balance", as_of=day) if row["account"] == "1200"]
            owed = sum(row["in_books"] for row in rows_of(tx, "ar-items", as_of=day))
            assert control == [owed], day


def test_a_document_grows_old_day_by_day_and_unapplied_cash_stands_beside_it(lived):
    with lived.transaction() as tx:
        post(tx, Entry("invoice.posted", "INV-OLD", "EUR", [debit("1200", D(500), party_no="C-MIRROR", reference="INV-OLD"),
             credit("4000", D(500))], gl_date=date(2026, 1, 5)))  # fmt: skip
        tx.execute(
            text("""
            INSERT INTO open_item (kind, party_no, document_no, document_date, due_date, original, open_amount, currency, open_in_books)
            VALUES ('AR', 'C-MIRROR', 'INV-OLD', '2026-01-05', '2026-02-04', 500, 500, 'EUR', 500)
            """)
        )
        post(tx, Entry("receipt.recorded", "R-X", "EUR", [debit("1000", D(120), reference="R-X"),
             credit("1290", D(120), party_no="C-MIRROR", reference="R-X")], gl_date=date(2026, 5, 6)))  # fmt: skip
        ages = {
            "2026-02-04": "not_due", "2026-02-05": "days_30", "2026-03-06": "days_30", "2026-03-07": "days_60", "2026-04-05": "days_60",
            "2026-04-06": "days_90", "2026-05-05": "days_90", "2026-05-06": "older",
        }  # fmt: skip
        for day, bucket in ages.items():
            (row,) = rows_of(tx, "ar-ageing", as_of=date.fromisoformat(day))
            assert row[bucket] >= D(500), day
        assert (row["unapplied"], row["total"]) == (D(-120), D(380))


def test_tax_of_a_month_adds_up_to_its_account_and_leads_to_its_papers(lived):
    march = {"since": date(2026, 3, 1), "as_of": date(2026, 3, 31)}
    with lived.transaction() as tx:
        rows = rows_of(tx, "tax", **march)
        assert [(row["side"], row["category"], row["rate"], row["documents"], row["taxable"], row["tax"]) for row in rows] == [
            ("Output", "S", D(20), 2, D("2290.00"), D("458.00")),
            ("Output", "other", D(0), 0, D(0), D("-5.56")),
        ]
        account = totals_of(tx, "account", account="2200", **march)["accounted"]
        assert account == -sum(row["tax"] for row in rows) == D("-452.44")
        papers = rows_of(tx, "tax-documents", bucket=rows[0]["bucket"], **march)
        assert [(row["gl_date"], row["tax"]) for row in papers] == [(date(2026, 3, 10), D(278)), (date(2026, 3, 17), D(180))]


def test_a_closed_month_is_read_from_what_it_was_added_up_to_and_says_the_same(lived):
    day = date(2026, 3, 31)
    with lived.transaction() as tx:
        before = rows_of(tx, "trial-balance", as_of=day)
        for month in ("2026-03", "2026-04"):
            closes.begin(tx, month, "ines")
            closes.lock(tx, month, closes.look(tx, month).counts, "ines")
        assert tx.scalar(text("SELECT count(*) FROM period_balance WHERE starts_on = '2026-03-01'")) > 5
        assert rows_of(tx, "trial-balance", as_of=day) == before
        assert totals_of(tx, "trial-balance", as_of=day)["balance"] == 0
        assert nothing_is_broken(tx)


def test_revenue_that_was_delivered_and_not_billed_belongs_to_the_month_that_ends(database):
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
        made = order(tx, [Sold("100", "22.50", ("60", "40"))])
        for group, day in zip(made.groups, (MARCH_10, MARCH_17), strict=True):
            at(tx, day)
            ship(tx, group, day)
        at(tx, None)
        tx.execute(text("UPDATE shipment SET delivered_at = '2026-03-12T10:00Z' WHERE group_no = :no"), {"no": made.groups[0]})
        unbilled = [(row["delivered"], row["net"], row["cost"]) for row in rows_of(tx, "unbilled", as_of=date(2026, 3, 31))]
        assert unbilled == [("yes", D(1350), D(840)), ("", D(900), D(560))]
        closes.begin(tx, "2026-03", "ines")
        counts = closes.look(tx, "2026-03").counts
        assert (counts["to_accrue"], counts["unbilled"]) == (1, 1)
        assert closes.lock(tx, "2026-03", counts, "ines").accrued_revenue == D(1350)
        march = {row["account"]: row["balance"] for row in rows_of(tx, "trial-balance", as_of=date(2026, 3, 31))}
        assert (march["1210"], march["4000"], march["5000"], march["1500"]) == (D(1350), D(-1350), D(840), D(560))
        april = {row["account"]: row["balance"] for row in rows_of(tx, "trial-balance", as_of=date(2026, 4, 1))}
        assert (april["1210"], april["4000"], april["5000"], april["1500"]) == (D(0), D(0), D(0), D(1400))
        assert nothing_is_broken(tx)


def test_the_forecast_begins_with_the_bank_and_pays_as_late_as_customers_do(lived):
    with lived.transaction() as tx:
        weeks = rows_of(tx, "cash-forecast", as_of=date(2026, 4, 14))
        assert (weeks[0]["what"], weeks[0]["balance"]) == ("On the bank", D("1634.64"))
        (expected,) = [row for row in weeks if row["incoming"]]
        assert (expected["what"], expected["incoming"], weeks[-1]["balance"]) == ("Week 1", D(1080), D("2714.64"))
        (paid,) = rows_of(tx, "cash-items", as_of=date(2026, 4, 14), bucket="1")
        assert (paid["due_date"], paid["expected"], paid["amount"]) == (date(2026, 4, 16), date(2026, 4, 16), D(1080))


def test_control_totals_agree_and_every_report_is_read_whole_as_well_as_by_page(lived):
    with lived.transaction() as tx:
        assert [row["what"] for row in rows_of(tx, "control-totals") if row["difference"]] == []
        for report in REPORTS:
            given = Given(as_of=date(2026, 4, 14), since=date(2026, 1, 1), account="1200", bucket="")
            shown = read(tx, report, given, Asked(200))
            assert [tuple(row) for row in stream(tx, report, given)] == [tuple(row)[: len(report.columns)] for row in shown.page.rows]
        with pytest.raises(Invalid, match="begins on"):
            read(tx, find(REPORTS, "tax"), Given(as_of=date(2026, 1, 1), since=date(2026, 2, 1)), Asked())
