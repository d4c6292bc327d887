"""Waves through the diagrams: what waits is gathered by rule, packed and handed over in one act, each group with its own result."""

from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state.people import Person
from engine.store.paging import Asked
from handlers.fulfillment import wave_acts, wave_views, waves
from handlers.fulfillment.wave_acts import Packed
from handlers.invariants import check_all
from tests.integration.at_work import WANDA, at_work, say, settle
from tests.integration.golden.builders import SKU, Sold, company, customer, item, on_stock, one, order, warehouse

D = Decimal


@pytest.fixture
def runtime(database):
    made = at_work(database, "fulfillment-to-invoice", "invoice-to-receipt", "cancel-fulfillment", "wave-run")
    with database.transaction() as tx:
        company(tx)
        customer(tx)
        item(tx)
        warehouse(tx)
        on_stock(tx, "100")
        tx.execute(text("UPDATE item SET weight_kg = 2, volume_l = 5"))
        tx.execute(text("INSERT INTO carton (code, name, volume_l, max_kg, tare_kg) VALUES ('M', 'Carton M', 30, 20, 0.5)"))
        tx.execute(text("INSERT INTO picking_place SELECT code, (SELECT sku FROM item), 'A-03-2' FROM warehouse"))
    return made


@pytest.fixture
def three(runtime):
    """Three groups of 4, 10 and 6 tables that wait to be picked."""
    groups = []
    for qty in ("4", "10", "6"):
        with runtime.database.transaction() as tx:
            made = order(tx, [Sold(qty, "22.50")])
        say(runtime, "fulfillment.requested", made.groups[0], group_no=made.groups[0], order_no=made.order_no)
        groups += made.groups
    return groups


def gather(runtime):
    with runtime.database.transaction() as tx:
        wave_acts.begin_run(runtime, tx, "wim")
    settle(runtime)
    with runtime.database.transaction() as tx:
        return [row.wave_no for row in wave_views.list_waves(tx, Asked()).rows]


def shown(runtime, wave_no="WV-000001"):
    with runtime.database.transaction() as tx:
        return wave_views.read_wave(tx, wave_no)


def states(runtime):
    return [row.state for row in shown(runtime).groups]


def pages(content):
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def test_a_wave_is_picked_packed_labelled_and_handed_over_in_three_acts(runtime, three):
    assert gather(runtime) == ["WV-000001"]
    assert [(row.packages, row.cartons, row.weight_kg) for row in shown(runtime).groups] == [
        (1, "1 x M", D("8.5")),
        (2, "2 x M", D(21)),
        (1, "1 x M", D("12.5")),
    ]
    results = wave_acts.pack(runtime, "WV-000001", [], [], WANDA)
    assert [(each.group_no, each.state) for each in results] == [(group, "completed") for group in three]
    settle(runtime)
    assert states(runtime) == ["READY", "READY", "READY"]
    with runtime.database.transaction() as tx:
        packages = tx.execute(text("SELECT carton_code, weight_kg FROM package ORDER BY sscc")).all()
        assert [tuple(row) for row in packages] == [("M", D("8.5")), ("M", D("12.5")), ("M", D("8.5")), ("M", D("12.5"))]
        papers = pages(wave_views.print_parcel_papers(tx, "WV-000001"))
    assert len([page for page in papers if "Package 1 of 2" in page or "Package 2 of 2" in page]) == 2
    assert len([page for page in papers if "Delivery note" in page]) == 3
    assert {each.state for each in wave_acts.hand_over(runtime, "WV-000001", [], WANDA)} == {"completed"}
    settle(runtime)
    assert states(runtime) == ["SHIPPED", "SHIPPED", "SHIPPED"]
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT count(*) FROM invoice WHERE delivered_at IS NOT NULL") == 3
        assert [each.id for each in check_all(tx) if not each.ok] == []


def test_the_pick_list_names_each_item_once_by_its_place_and_then_what_goes_to_each_group(runtime, three):
    gather(runtime)
    with runtime.database.transaction() as tx:
        (paper,) = pages(wave_views.print_pick_list(tx, "WV-000001"))
    assert "A-03-2" in paper
    assert "15:00" in paper  # as the clock on the wall of the warehouse says
    assert "20 EA" in paper.replace("\n", " ")
    assert all(group in paper for group in three)


def test_what_was_found_otherwise_is_shipped_so_and_the_rest_of_the_wave_as_planned(runtime, three):
    gather(runtime)
    otherwise = [Packed(group_no=three[1], sku=SKU, found=D(7)), Packed(group_no=three[1], packages=3, weight_kg=D("15.6"))]
    assert {each.state for each in wave_acts.pack(runtime, "WV-000001", [], otherwise, WANDA)} == {"completed"}
    settle(runtime)
    assert [row.packages for row in shown(runtime).groups] == [1, 3, 1]
    with runtime.database.transaction() as tx:
        assert one(tx, "SELECT sum(qty) FROM shipment_line") == 17
        assert tx.scalars(text("SELECT weight_kg FROM package WHERE carton_code IS NULL")).all() == [D("5.2")] * 3


def test_one_group_that_is_refused_keeps_no_other_back(runtime, three):
    gather(runtime)
    results = wave_acts.pack(runtime, "WV-000001", [], [Packed(group_no=three[0], sku=SKU, found=D(5))], WANDA)
    assert [each.state for each in results] == ["refused", "completed", "completed"]
    assert results[0].errors
    assert states(runtime)[0] == "TO_PICK"


def test_a_group_is_scanned_and_packed_by_itself(runtime, three):
    gather(runtime)
    assert [each.group_no for each in wave_acts.pack(runtime, "WV-000001", [three[2]], [], WANDA)] == [three[2]]
    with pytest.raises(Invalid, match="is not to be picked"):
        wave_acts.pack(runtime, "WV-000001", [three[2]], [], WANDA)


def test_who_does_not_belong_to_the_warehouse_packs_nothing(runtime, three):
    gather(runtime)
    stranger = Person("sam", frozenset({"sales"}))
    assert {each.state for each in wave_acts.pack(runtime, "WV-000001", [], [], stranger)} == {"refused"}


def test_where_a_weight_is_not_on_file_somebody_weighs(runtime, three):
    with runtime.database.transaction() as tx:
        tx.execute(text("UPDATE item SET weight_kg = 0"))
    gather(runtime)
    weighed = [Packed(group_no=three[0], weight_kg=D("8.2"))]
    assert [each.state for each in wave_acts.pack(runtime, "WV-000001", [], weighed, WANDA)] == ["completed", "refused", "refused"]


def test_a_group_is_in_one_wave_however_often_they_are_gathered(runtime, three):
    assert gather(runtime) == ["WV-000001"]
    with pytest.raises(Conflict, match="No group waits"):
        gather(runtime)
    with runtime.database.transaction() as tx:
        kinds = [waves.Kind("VIE", "AT", home=True, incoterm="EXW", one_item=True, due=True)]
        assert waves.make_waves(tx, kinds, [waves.Rule("One item")]) == []


@pytest.mark.parametrize("rule", [waves.Rule("Late", 50, "25:00"), waves.Rule("Huge", 51, "15:00"), waves.Rule("None", 0, "15:00")])
def test_a_rule_that_nobody_can_keep_makes_no_wave(runtime, three, rule):
    with runtime.database.transaction() as tx:
        kinds = waves.kinds_waiting(tx)
        with pytest.raises(Invalid, match="cannot be kept"):
            waves.make_waves(tx, kinds, [rule] * len(kinds))


def test_waves_are_no_larger_than_the_rule_says(runtime, three):
    with runtime.database.transaction() as tx:
        kinds = waves.kinds_waiting(tx)
        assert len(waves.make_waves(tx, kinds, [waves.Rule("Small", 2, "15:00")] * len(kinds))) == 2
        assert [row.groups for row in wave_views.list_waves(tx, Asked()).rows] == [1, 2]


def test_a_group_of_a_cancelled_order_leaves_its_wave(runtime, three):
    gather(runtime)
    with runtime.database.transaction() as tx:
        order_no = one(tx, "SELECT order_no FROM fulfil_group WHERE group_no = :group".replace(":group", f"'{three[0]}'"))
    say(runtime, "order.cancelled", None, order_no=order_no)
    assert states(runtime) == ["ELSEWHERE", "TO_PICK", "TO_PICK"]


def test_a_file_says_what_was_packed_otherwise_and_what_of_it_cannot_be_read():
    read = wave_acts.read_packed(b"group_no;sku;found;packages;weight_kg\nFG-000002;TABLE;7,5;;\nFG-000003;;;2;8,2\n")
    assert read == [Packed(group_no="FG-000002", sku="TABLE", found=D("7.5")), Packed(group_no="FG-000003", packages=2, weight_kg=D("8.2"))]
    with pytest.raises(Invalid) as refused:
        wave_acts.read_packed(b"group_no,packages\nFG-000002,two\n,3\n")
    assert set(refused.value.errors) == {"line 2 packages", "line 3 group_no"}


def test_what_is_said_of_a_group_of_another_wave_changes_nothing(runtime, three):
    gather(runtime)
    with pytest.raises(Invalid) as refused:
        wave_acts.pack(runtime, "WV-000001", [], [Packed(group_no="FG-009999", packages=2), Packed(group_no=three[0], sku=SKU)], WANDA)
    assert set(refused.value.errors) == {"otherwise.0.group_no", "otherwise.1.found"}
    assert states(runtime) == ["TO_PICK"] * 3


def test_a_wave_that_is_not_there(runtime):
    with runtime.database.transaction() as tx, pytest.raises(NotFound, match="WV-000009"):
        wave_views.read_wave(tx, "WV-000009")
