"""The Northwind history: read as it is, and its first orders replayed to cash."""

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from api.demo.northwind.run import run
from api.demo.northwind.source import FILE, read_history
from engine.problems import Invalid, NotFound

SOURCE = Path("../shared/data/northwind")
has_history = pytest.mark.skipif(not (SOURCE / FILE).is_file(), reason=f"{SOURCE / FILE} is not here")


@has_history
def test_the_whole_history_is_read_to_the_cent():
    history = read_history(SOURCE)
    lines = [line for order in history.orders for line in order.lines]
    net = sum((line.price * (1 - line.discount) * line.qty).quantize(Decimal("0.01"), "ROUND_HALF_UP") for line in lines)
    assert (len(history.orders), len(lines), net) == (830, 2155, Decimal("1265793.29"))
    assert sum(order.freight for order in history.orders) == Decimal("64942.69")
    assert sum(line.price * line.qty for line in lines) == Decimal("1354458.59")
    assert sum(order.shipped_on is None for order in history.orders) == 21


@has_history
def test_the_first_orders_come_in_are_shipped_invoiced_and_paid(database):
    history = read_history(SOURCE, 8)
    days: list[int] = []
    came = run(database, history, days.append)
    assert came.broken == []
    figures = came.figures
    assert (figures.orders, figures.lines, sum(days)) == (8, 24, 8)
    assert figures.net == sum(
        (line.price * (1 - line.discount) * line.qty).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        for order in history.orders
        for line in order.lines
    )
    assert figures.freight == sum(order.freight for order in history.orders)
    assert figures.price_discrepancies == 24 - sum(
        line.price == next(each.price for each in history.products if each.key == line.product)
        for order in history.orders
        for line in order.lines
    )
    with database.transaction() as tx:
        assert tx.execute(text("SELECT count(*), sum(open_amount) FROM open_item")).one() == (8, 0)


def test_a_script_that_would_reach_a_file_is_refused(tmp_path):
    (tmp_path / FILE).write_text(f"ATTACH DATABASE '{tmp_path}/stolen.db' AS other;")
    with pytest.raises(Invalid, match="not the Northwind history"):
        read_history(tmp_path)
    assert not (tmp_path / "stolen.db").exists()
    with pytest.raises(NotFound, match="There is no"):
        read_history(tmp_path / "nowhere")
