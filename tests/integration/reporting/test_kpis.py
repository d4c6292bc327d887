"""Key figures keep to their definitions and their traps, and each point is the sum of the rows behind it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.store.clock import at
from engine.store.paging import Asked
from handlers.reporting.kpi import MIDDLE_DAYS, figures, keep_today, work_out
from handlers.reporting.kpis import KPIS, of_groups
from handlers.reporting.report import Given, read
from tests.integration.golden.builders import Sold, company, customer, item, on_stock, order, warehouse
from tests.integration.golden.test_golden import bill, receive, ship
from tests.unit.receivables.statement_files import Credit

D = Decimal
BY_KEY = {each.key: each for each in KPIS}
TODAY = date(2026, 4, 20)


def points(tx, key, as_of=TODAY):
    return {each.bucket: each for each in work_out(tx, BY_KEY[key], as_of)}


def share(tx, key, as_of=TODAY):
    return [(each.part, each.whole) for each in points(tx, key, as_of).values()]


@pytest.fixture
def lived(database):
    """100 pieces promised for 12 March: 60 came then, 40 on the 19th; the first bill was paid on 18 March, the second is not."""
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "200")
        moments = {"submitted_at": "2026-03-09T08:00Z", "created_at": "2026-03-09T08:00Z"}
        made = order(tx, [Sold("100", "22.50", ("60", "40"), list_price="25.00")], **moments)
        days = "first_promised = '2026-03-12', requested_arrival = '2026-03-20', promised_arrival = '2026-03-19'"
        tx.execute(text(f"UPDATE order_line SET {days}"))
        for group, day, delivered in zip(made.groups, (10, 17), ("2026-03-12T10:00Z", "2026-03-19T10:00Z"), strict=True):
            moment = datetime(2026, 3, day, 9, tzinfo=UTC)
            at(tx, moment)
            shipment = ship(tx, group, moment)
            bill(tx, shipment, moment)
            tx.execute(text("UPDATE shipment SET delivered_at = :at WHERE shipment_no = :no"), {"at": delivered, "no": shipment})
        at(tx, None)
        first = tx.scalar(text("SELECT min(invoice_no) FROM invoice"))
        receive(tx, Credit("1592.64", first, ref="B1", day="2026-03-18"), "0.00", decision="EARNED_DISCOUNT")
    return database


def test_a_part_is_a_miss_and_a_later_promise_does_not_heal_the_first(lived):
    with lived.transaction() as tx:
        assert share(tx, "otif-promised") == [(D(0), D(1))]
        assert share(tx, "otif-requested") == [(D(1), D(1))]
        tx.execute(text("UPDATE order_line SET qty_cancelled = 40"))
        assert share(tx, "otif-promised") == [(D(1), D(1))]
        assert share(tx, "fill-rate") == [(D(1), D(1))]
        tx.execute(text("UPDATE order_line SET qty_cancelled = 39"))
        assert share(tx, "otif-promised") == [(D(0), D(1))]
        assert share(tx, "fill-rate") == [(D(0), D(1))]


def test_the_cycle_ends_with_the_last_delivery_and_leaves_out_what_was_asked_for_later(lived):
    with lived.transaction() as tx:
        ((week, point),) = points(tx, "cycle-time").items()
        assert (week, point.middle, point.value(MIDDLE_DAYS)) == ("2026-03-17", D(10), D(10))
        tx.execute(text("UPDATE sales_order SET requested_date = '2026-03-20'"))
        tx.execute(text("UPDATE fulfil_group SET released_at = '2026-03-15T08:00Z'"))
        ((_, point),) = points(tx, "cycle-time").items()
        assert point.middle == D(4)


def test_an_order_of_which_something_is_to_ship_is_backlog_at_its_net_price_and_not_delivered_yet(lived):
    with lived.transaction() as tx:
        order(tx, [Sold("10", "80.00", header_discount="50.00")])
        tx.execute(text("UPDATE fulfil_line SET sched_ship = '2026-04-19' WHERE qty_shipped = 0"))
        assert {bucket: point.part for bucket, point in points(tx, "backlog").items()} == {"Past due": D("750.00")}
        assert {bucket: point.part for bucket, point in points(tx, "backlog", date(2026, 4, 19)).items()} == {"7 days": D("750.00")}
        tx.execute(text("UPDATE fulfil_line SET qty_cancelled = 4 WHERE qty_shipped = 0"))
        assert points(tx, "backlog")["Past due"].part == D("450.00")


def test_counting_back_is_not_moved_by_a_month_of_few_sales(lived):
    with lived.transaction() as tx:
        # 1,080.00 of March are open on 31 March, of 2,700.00 sold in March.
        march = points(tx, "dso")["2026-03-31"]
        assert (march.part / march.whole).quantize(D("0.1")) == (D(1080) * 90 / D(2700)).quantize(D("0.1")) == D("36.0")
        assert points(tx, "dso-count-back")["2026-03-31"].part == D("12.0")
        # On 20 April nothing was sold for thirty days: all those count, and of the days before the share that is not paid.
        april = points(tx, "dso-count-back")["2026-04-20"]
        assert april.part == D("42.0")


def test_what_is_shown_is_what_is_counted_and_what_was_kept_is_shown(lived):
    with lived.transaction() as tx:
        for kpi in KPIS:
            for point in work_out(tx, kpi, TODAY):
                rows = read(tx, kpi.report, Given(as_of=TODAY, bucket=point.bucket), Asked(200)).page.rows
                assert sum(row.part or 0 for row in rows) == point.part, (kpi.key, point)
        keep_today(KPIS)(tx)
        kept = {each.kpi.key: each for each in figures(tx, KPIS)}
        assert all(each.worked_out_at for each in kept.values())
        tx.execute(text("UPDATE open_item SET open_amount = 0, open_in_books = 0"))
        assert kept["ageing"].total.part == {each.kpi.key: each for each in figures(tx, KPIS)}["ageing"].total.part == D(1080)


def test_everybody_sees_the_figures_of_their_groups():
    assert [each.key for each in of_groups(["warehouse"])] == ["otif-promised", "otif-requested", "cycle-time", "fill-rate", "jeopardy"]
    assert [each.key for each in of_groups(["accounts-payable"])] == ["grni-age"]
