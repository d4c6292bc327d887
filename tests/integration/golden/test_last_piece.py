"""Golden scenarios G7: the last piece, that two want at the same moment."""

from decimal import Decimal
from threading import Barrier, Thread

from engine.service_tasks import Refused
from handlers.fulfillment import tasks as fulfillment
from handlers.invariants import check_all
from handlers.ledger.posting import balances
from tests.integration.golden.builders import Sold, company, customer, item, on_stock, one, order, warehouse

D = Decimal


def small_company(tx, pieces):
    company(tx)
    customer(tx)
    item(tx)
    warehouse(tx)
    on_stock(tx, pieces)


def nothing_is_broken(tx):
    return [(each.id, each.examples) for each in check_all(tx) if not each.ok] == []


def test_g7_of_two_web_orders_for_the_last_piece_exactly_one_gets_it(database):
    with database.transaction() as tx:
        small_company(tx, "1")
        groups = [order(tx, [Sold("1", "22.50")]).groups[0] for _ in range(2)]
        before = balances(tx)
    together = Barrier(2)
    refused: list[str] = []

    def want(group):
        try:
            with database.transaction() as tx:
                together.wait(10)
                fulfillment.reserve(fulfillment.Group(group), tx)
        except Refused as refusal:
            refused.append(refusal.code)

    wanting = [Thread(target=want, args=[group]) for group in groups]
    for each in wanting:
        each.start()
    for each in wanting:
        each.join(20)
    assert refused == ["SHORT"]
    with database.transaction() as tx:
        held = "SELECT count(*), sum(qty) FROM reservation WHERE ended_at IS NULL"
        assert one(tx, held) == (1, D(1))
        assert one(tx, "SELECT on_hand, reserved FROM stock_balance") == (D(1), D(1))
        assert balances(tx) == before
        assert nothing_is_broken(tx)
