"""Stock under lock: receipts, reservations, issues; and the ledger beside it."""

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from handlers.invariants import check_all
from handlers.inventory.rules import Issue, Want
from handlers.inventory.stock import Receipt
from handlers.inventory.supply import SupplyArrival
from handlers.ledger.posting import balances
from handlers.orders.fulfilment_lines import issue, release, reserve
from handlers.orders.receiving import receive_stock, receive_supply
from handlers.promising.promise import promise_lines
from tests.integration.orders.trade import STOCK_ONLY, D, context, open_trade, order, stock, supply_in

SIX = {"sku": "OMINOUS-ANVIL", "warehouse_code": "VIENNA", "qty": D(6), "unit_cost": D("14.00"), "reference": "GR-1"}


def promised_lines(tx, qty):
    order_no = order(tx, ("OMINOUS-ANVIL", qty))
    promise_lines(tx, order_no, STOCK_ONLY, context(tx).now)
    return tx.scalars(text("SELECT id FROM fulfil_line ORDER BY id")).all()


def balance(tx):
    return tx.execute(text("SELECT on_hand, reserved, value FROM stock_balance")).one()


def test_goods_received_stand_in_stock_and_in_the_ledger_at_their_cost(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60, "14.00")
        assert balance(tx) == (60, 0, 840)
        assert balances(tx) == {"1400": 840, "5300": -840}


@pytest.mark.parametrize(("kind", "source"), [("OPENING", "3000"), ("RECEIPT", "5300"), ("ADJUSTMENT", "5300")])
def test_goods_that_nobody_bills_never_stand_in_goods_received_not_invoiced(database, kind, source):
    with database.transaction() as tx:
        open_trade(tx)
        receive_stock(tx, [Receipt(**SIX, kind=kind)])
        assert balances(tx) == {"1400": 84, source: -84}


@pytest.mark.parametrize("other", [{"kind": "OPENING"}, {"reference": "GR-2"}, {"kind": "ISSUE"}, {"kind": "RETURN"}])
def test_receipts_of_several_kinds_or_references_and_what_is_no_receipt_are_refused_together(database, other):
    with database.transaction() as tx:
        open_trade(tx)
    with pytest.raises(Invalid) as refusal, database.transaction() as tx:
        receive_stock(tx, [Receipt(**SIX), Receipt(**SIX | {"lot": "L-2"} | other)])
    assert (refusal.value.code, list(refusal.value.errors)) == ("receipt_kind", ["receipts.0.kind"])
    with database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM stock_balance WHERE on_hand > 0")) == 0


def test_the_same_receipt_twice_is_refused_and_changes_nothing(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 60, reference="GR-1")
    with database.transaction() as tx, pytest.raises(Conflict, match="Receipt GR-1 has been booked already"), tx.begin_nested():
        stock(tx, "OMINOUS-ANVIL", 60, reference="GR-1")
    with database.transaction() as tx:
        assert balance(tx) == (60, 0, 840)
        assert [result.id for result in check_all(tx) if not result.ok] == []


def test_expected_goods_arrive_in_parts_and_never_more_than_expected(database):
    with database.transaction() as tx:
        open_trade(tx)
        supply_in(tx, "OMINOUS-ANVIL", 40, days=5)
        arrival = {"reference": "PO-5", "sku": "OMINOUS-ANVIL", "warehouse_code": "VIENNA"}
        receive_supply(tx, SupplyArrival(**arrival, qty=D(30), delivery_note="DN-1"))
        assert tx.execute(text("SELECT qty_open, qty_received FROM supply")).one() == (10, 30)
        with pytest.raises(Conflict, match="only 10"):
            receive_supply(tx, SupplyArrival(**arrival, qty=D(11), delivery_note="DN-2"))
        with pytest.raises(NotFound, match="No OMINOUS-ANVIL is expected"):
            receive_supply(tx, SupplyArrival(**{**arrival, "reference": "PO-6"}, qty=D(1), delivery_note="DN-3"))


def test_expected_goods_come_in_under_the_order_of_locks(database, monkeypatch):
    with database.transaction() as tx:
        open_trade(tx)
        supply_in(tx, "OMINOUS-ANVIL", 40, days=5)
        stock(tx, "OMINOUS-ANVIL", 4)
    monkeypatch.setattr("engine.store.locks.watch.on", True)
    arrival = {"reference": "PO-5", "sku": "OMINOUS-ANVIL", "warehouse_code": "VIENNA"}
    with database.transaction() as tx:
        receive_supply(tx, SupplyArrival(**arrival, qty=D(30), delivery_note="DN-1"))
    with database.transaction() as tx:
        assert balance(tx)[0] == 34


def test_reserving_more_than_there_is_reserves_what_there_is_and_says_what_is_missing(database):
    with database.transaction() as tx:
        open_trade(tx)
        (line,) = promised_lines(tx, 10)
        stock(tx, "OMINOUS-ANVIL", 4)
        (short,) = reserve(tx, [Want(fulfil_line_id=line, sku="OMINOUS-ANVIL", warehouse_code="VIENNA", qty=D(10))])
        assert (short.wanted, short.missing) == (10, 6)
        assert balance(tx)[:2] == (4, 4)


def test_releasing_twice_gives_back_once(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 10)
        lines = promised_lines(tx, 10)
        assert release(tx, lines) == 10
        assert release(tx, lines) == 0
        assert balance(tx)[:2] == (10, 0)


def test_issuing_takes_average_cost_and_the_last_piece_takes_the_last_cent(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 1, "10.00")
        stock(tx, "OMINOUS-ANVIL", 2, "10.01")
        (line,) = promised_lines(tx, 3)
        costs = [issue(tx, [Issue(fulfil_line_id=line, qty=D(1))], f"SH-{number}", "EUR")[line] for number in (1, 2, 3)]
        assert costs == [D("10.01"), D("10.01"), D("10.00")]
        assert balance(tx) == (0, 0, 0)
        assert tx.scalars(text("SELECT state FROM reservation ORDER BY id")).all() == ["CONSUMED"] * 3
        assert [result.id for result in check_all(tx) if result.id in {"INV-04", "INV-05"} and not result.ok] == []


def test_what_is_not_reserved_cannot_leave(database):
    with database.transaction() as tx:
        open_trade(tx)
        stock(tx, "OMINOUS-ANVIL", 5)
        (line,) = promised_lines(tx, 3)
        with pytest.raises(Conflict, match="only 3"):
            issue(tx, [Issue(fulfil_line_id=line, qty=D(4))], "SH-1", "EUR")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"qty": D(-1)}, Invalid),
        ({"qty": D("NaN")}, Invalid),
        ({"unit_cost": D(-1)}, Invalid),
        ({"sku": "GHOST"}, NotFound),
        ({"warehouse_code": "ATLANTIS"}, NotFound),
    ],
)
def test_a_wrong_receipt_is_refused(database, change, problem):
    with database.transaction() as tx:
        open_trade(tx)
        given = {"sku": "OMINOUS-ANVIL", "warehouse_code": "VIENNA", "qty": D(1), "unit_cost": D(1), "reference": "GR-1"} | change
        with pytest.raises(problem):
            receive_stock(tx, [Receipt(**given)])
