from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from engine.service_tasks import NotYet, Refused
from handlers.documents.model import Document
from handlers.fulfillment import tasks
from handlers.fulfillment.rate_table import RateTable
from handlers.fulfillment.recording import RecordingCarrier
from handlers.fulfillment.shipping import confirm_delivery
from handlers.ledger.posting import balances
from handlers.orders.model import Hold
from handlers.rowsets import insert_rows
from tests.integration.golden.builders import (
    Sold,
    company,
    context,
    count_statements,
    customer,
    effects,
    item,
    on_stock,
    one,
    order,
    warehouse,
)
from tests.steps import commit_step


@pytest.fixture
def group(database):
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
        return order(tx, [Sold("60", "22.50")]).groups[0]


def picked(tx, group, packages=2, weight="181.5"):
    tasks.reserve(tasks.Group(group), tx)
    return tasks.confirm_pick(tasks.PickAndPack(group, packages, Decimal(weight)), tx).shipment_no


def hold(tx, code="CREDIT_CHECK_FAILURE", blocks="promise"):
    insert_rows(
        tx,
        Hold,
        [
            {
                "order_no": "SO-000001",
                "hold_code": code,
                "blocks": blocks,
                "reason": "over the limit",
                "applied_at": "2026-01-01",
                "applied_by": "x",
            }
        ],
    )


def test_a_group_is_planned_before_its_ship_date(database, group):
    with database.transaction() as tx:
        plan = tasks.plan_group(tasks.Group(group), tx)
        assert (plan.release_at.isoformat(), plan.line_count) == ("2026-03-10T00:00:00+00:00", 1)
        with pytest.raises(NotFound, match="FG-404"):
            tasks.plan_group(tasks.Group("FG-404"), tx)


def test_a_group_of_which_all_has_left_is_not_planned_again(database, group):
    with database.transaction() as tx:
        tx.execute(text("UPDATE fulfil_line SET qty_shipped = qty"))
        with pytest.raises(Refused, match="left to ship") as refused:
            tasks.plan_group(tasks.Group(group), tx)
    assert refused.value.code == "CANCELLED"


def test_a_hold_keeps_the_gate_closed_until_it_is_released(database, group):
    with database.transaction() as tx:
        hold(tx)
        assert tasks.check_release_gate(tasks.ReleaseGate(group), tx) == tasks.Gate(open=False, holds=["CREDIT_CHECK_FAILURE"])
        tx.execute(text("UPDATE hold SET released_at = now(), released_by = 'charlie'"))
        assert tasks.check_release_gate(tasks.ReleaseGate(group, credit_stands=False), tx) == tasks.Gate(open=False, holds=[])
        assert tx.execute(text("SELECT released_at FROM fulfil_group")).scalar_one() is None
        assert tasks.check_release_gate(tasks.ReleaseGate(group), tx) == tasks.Gate(open=True, holds=[])
        assert one(tx, "SELECT released_at IS NOT NULL FROM fulfil_group")


def test_a_hold_that_stops_only_the_invoice_lets_the_goods_go(database, group):
    with database.transaction() as tx:
        hold(tx, "TAX", "invoice")
        assert tasks.check_release_gate(tasks.ReleaseGate(group), tx).open


def test_a_group_that_lacks_goods_is_refused_and_reserves_nothing(database, group):
    with database.transaction() as tx:
        tx.execute(text("UPDATE fulfil_line SET qty = 101"))
    with pytest.raises(Refused, match="lacks 1 of INDIFFERENT-TABLE in LINZ") as refusal, database.transaction() as tx:
        tasks.reserve(tasks.Group(group), tx)
    assert refusal.value.code == "SHORT"
    with database.transaction() as tx:
        assert one(tx, "SELECT reserved FROM stock_balance") == 0


def test_reserving_twice_reserves_once(database, group):
    with database.transaction() as tx:
        tasks.reserve(tasks.Group(group), tx)
        tasks.reserve(tasks.Group(group), tx)
        assert one(tx, "SELECT reserved FROM stock_balance") == 60
        tasks.release_reservation(tasks.Group(group), tx)
        assert one(tx, "SELECT reserved FROM stock_balance") == 0


def test_the_pick_list_is_a_pdf_of_what_is_reserved(database, group):
    with database.transaction() as tx:
        with pytest.raises(Conflict, match="Nothing is reserved"):
            tasks.create_pick_list(tasks.Group(group), tx, context())
        tasks.reserve(tasks.Group(group), tx)
        printed = tasks.create_pick_list(tasks.Group(group), tx, context())
        assert printed.lines == 1
        assert tx.get(Document, printed.document_id).content.startswith(b"%PDF-")


def test_picking_packs_a_shipment_once(database, group):
    with database.transaction() as tx:
        shipment_no = picked(tx, group)
        assert tasks.confirm_pick(tasks.PickAndPack(group, 2, Decimal("181.5")), tx).shipment_no == shipment_no
        assert one(tx, "SELECT count(*), sum(weight_kg), min(length(sscc)) FROM package") == (2, Decimal("181.5"), 18)
        assert one(tx, "SELECT qty_picked FROM fulfil_line") == 60


@pytest.mark.parametrize(("packages", "weight"), [(0, "1"), (-1, "1"), (1000, "1"), (1, "-0.1")])
def test_impossible_packages_are_refused_and_change_nothing(database, group, packages, weight):
    with pytest.raises(Invalid) as refusal, database.transaction() as tx:
        picked(tx, group, packages, weight)
    assert refusal.value.errors
    with database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM shipment") == 0


def test_ship_confirm_moves_stock_quantities_and_the_books_together_and_once(database, group):
    with database.transaction() as tx:
        shipment_no = picked(tx, group)
        first = tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context())
        assert tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context()) == first
        assert one(tx, "SELECT on_hand, reserved, value FROM stock_balance") == (40, 0, 560)
        assert one(tx, "SELECT qty_shipped, qty_reserved FROM fulfil_line") == (60, 0)
        assert one(tx, "SELECT qty, cost FROM shipment_line") == (60, 840)
        assert one(tx, "SELECT state FROM reservation") == "CONSUMED"
        assert balances(tx) == {"1400": 560, "1500": 840, "3000": -1400}


def test_two_workers_confirming_one_shipment_ship_it_once(database, group):
    with database.transaction() as tx:
        shipment_no = picked(tx, group)

    def work(_):
        with database.transaction() as tx:
            return tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context())

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert len({each.shipped_at for each in done}) == 1
    with database.transaction() as tx:
        assert one(tx, "SELECT on_hand FROM stock_balance") == 40
        assert one(tx, "SELECT count(*) FROM stock_movement WHERE kind = 'ISSUE'") == 1


def test_a_hold_after_picking_stops_the_shipment(database, group):
    with database.transaction() as tx:
        shipment_no = picked(tx, group)
        hold(tx)
        with pytest.raises(NotYet, match="CREDIT_CHECK_FAILURE"):
            tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context())
        assert one(tx, "SELECT shipped_at IS NULL FROM shipment")


def test_cancelling_after_packing_leaves_nothing_behind_golden_g4(database, group):
    carrier = RecordingCarrier()
    with database.transaction() as tx:
        before = balances(tx)
        shipment_no = picked(tx, group)
    tasks.book_carrier(tasks.OfShipment(shipment_no), database, carrier, context())
    tasks.void_label(tasks.OfShipment(shipment_no), database, carrier)
    tasks.void_label(tasks.OfShipment(shipment_no), database, carrier)
    with database.transaction() as tx:
        for _ in range(2):
            tasks.cancel_shipment(tasks.OfShipment(shipment_no), tx)
            commit_step(tx)
            tasks.release_reservation(tasks.Group(group), tx)
            commit_step(tx)
        assert one(tx, "SELECT on_hand, reserved FROM stock_balance") == (100, 0)
        assert one(tx, "SELECT qty_picked, qty_reserved FROM fulfil_line") == (0, 0)
        assert balances(tx) == before
        with pytest.raises(Refused, match="unpacked"):
            tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context())
    assert len(carrier.voided) == 1


@pytest.mark.parametrize("carrier", [RecordingCarrier(), RateTable()], ids=["twin", "rate table"])
def test_every_carrier_books_once_however_often_it_is_asked(database, group, carrier):
    with database.transaction() as tx:
        shipment_no = picked(tx, group)
    first = tasks.book_carrier(tasks.OfShipment(shipment_no), database, carrier, context())
    assert tasks.book_carrier(tasks.OfShipment(shipment_no), database, carrier, context(task=2)) == first
    assert (first.currency, first.cost > 0, bool(first.tracking_no)) == ("EUR", True, True)
    with database.transaction() as tx:
        assert one(tx, "SELECT document.kind, length(content) > 0 FROM document JOIN shipment ON label_document_id = document.id") == (
            "SHIPPING_LABEL",
            True,
        )


@pytest.mark.parametrize("carrier", [RecordingCarrier(), RateTable()], ids=["twin", "rate table"])
def test_every_carrier_refuses_an_address_without_a_postal_code(database, group, carrier):
    with database.transaction() as tx:
        shipment_no = picked(tx, group)
        tx.execute(text("""UPDATE sales_order SET ship_to = ship_to || '{"postal_code": ""}'"""))
    with pytest.raises(Refused) as refusal:
        tasks.book_carrier(tasks.OfShipment(shipment_no), database, carrier, context())
    assert refusal.value.code == "ADDRESS_REFUSED"


def test_the_despatch_advice_goes_out_with_note_and_ubl(database, group):
    ledger = effects()
    with database.transaction() as tx:
        shipment_no = picked(tx, group)
        tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context())
        tasks.send_despatch_advice(tasks.OfShipment(shipment_no), tx, ledger)
        (effect,) = ledger.recorded
        assert (effect.kind, effect.target) == ("despatch_advice", "ap@mirror.example")
        advice = tx.get(Document, effect.payload["despatch_advice_id"]).content.decode()
        assert f"<cbc:ID>{shipment_no}</cbc:ID>" in advice
        assert '<cbc:DeliveredQuantity unitCode="EA">60</cbc:DeliveredQuantity>' in advice
        assert tx.get(Document, effect.payload["delivery_note_id"]).content.startswith(b"%PDF-")


def test_delivery_is_counted_once_and_only_after_shipping(database, group):
    with database.transaction() as tx:
        shipment_no = picked(tx, group)
        with pytest.raises(Conflict, match="has not left"):
            confirm_delivery(tx, shipment_no)
        tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context())
        confirm_delivery(tx, shipment_no)
        confirm_delivery(tx, shipment_no)
        assert one(tx, "SELECT qty_delivered FROM fulfil_line") == 60
        assert tasks.billing_facts(tasks.OfShipment(shipment_no), tx) == tasks.BillingFacts("FCA", "HARDWARE", "STANDARD", delivered=True)


def test_the_number_of_statements_does_not_grow_with_the_lines(database):
    sent = count_statements(database)

    def ship(lines: int) -> int:
        with database.transaction() as tx:
            skus = [f"TABLE-{lines}-{number}" for number in range(lines)]
            for sku in skus:
                item(tx, sku)
                on_stock(tx, "5", sku=sku, reference=f"IN-{sku}")
            group = order(tx, [Sold("5", "10.00", sku=sku) for sku in skus]).groups[0]
        sent.clear()
        with database.transaction() as tx:
            shipment_no = picked(tx, group)
            tasks.ship_confirm(tasks.OfShipment(shipment_no), tx, context())
        return len(sent)

    with database.transaction() as tx:
        company(tx)
        customer(tx)
        warehouse(tx)
    assert ship(2) == ship(40) < 60
