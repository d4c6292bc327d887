"""Each condition of ordering and receiving has a case here that goes wrong without it: of two orders with one supplier one is meant."""

import pytest
from sqlalchemy import text

from engine.problems import Conflict, NotFound
from handlers.dropship import agreement, progress, purchasing, receiving, tasks
from handlers.dropship.inbound import AcknowledgementDraft
from tests.integration.dropship.side_by_side import (
    CHAIR,
    DAY,
    LAMP,
    LATER,
    MINE,
    OTHER,
    SECOND,
    D,
    ack,
    advice,
    advise,
    answer,
    bill,
    book,
    charge,
    confirm,
    delivered,
    offer,
)
from tests.integration.golden.builders import SKU, SUPPLIER, effects, one, supplier
from tests.steps import as_a_step, commit_step

# ---- choosing and ordering


def bought(tx, group, **given):
    """A purchase order of 3 pieces for a group, as the tables have it."""
    given = {"po": "PO-9", "group": group, **given}
    tx.execute(_ORDERED, given)
    tx.execute(_ORDERED_LINE, given)


#: Whose group it was, with whom, what, how many of 3 were agreed, whether it was cancelled, and whether our supplier let us down by it.
EXPERIENCES = [
    (1, SUPPLIER, SKU, 3, True, True),
    (0, SUPPLIER, SKU, 3, True, False),
    (1, SECOND, SKU, 3, True, False),
    (1, SUPPLIER, SKU, 2, False, True),
    (1, SUPPLIER, SKU, 3, False, False),
    (1, SUPPLIER, LAMP, 2, False, False),
    (1, SECOND, SKU, 2, False, False),
    (0, SUPPLIER, SKU, 2, False, False),
]


def test_a_supplier_lets_a_group_down_by_its_own_order_that_was_cancelled_or_agreed_short(tx, groups):
    for whose, supplier_no, sku, agreed, cancelled, let_down in EXPERIENCES:
        case = tx.begin_nested()
        bought(tx, groups[whose], supplier=supplier_no, sku=sku, agreed=agreed, cancelled=LATER if cancelled else None)
        chosen = purchasing.select_supplier(tx, groups[1], DAY)
        assert chosen.supplier_no == (SECOND if let_down else SUPPLIER), (whose, supplier_no, sku, agreed, cancelled)
        case.rollback()


def test_suppliers_are_asked_that_are_in_use_for_what_is_in_the_group(tx, groups):
    for number in ("S-CLOSED", "S-PAST"):
        supplier(tx, number, price="1.00", rank=1)
        offer(tx, number, CHAIR, "1", 1)
    tx.execute(text("UPDATE supplier SET active = false WHERE supplier_no = 'S-CLOSED'"))
    tx.execute(text("UPDATE supplier_item SET active = false WHERE supplier_no = 'S-PAST'"))
    tx.execute(text("INSERT INTO item_class (code, margin_floor_pct) VALUES ('SEATING', 20), ('LIGHTS', 5)"))
    tx.execute(text("UPDATE order_line SET item_class = 'SEATING' WHERE sku = :sku"), {"sku": CHAIR})
    chosen = purchasing.select_supplier(tx, groups[1], DAY)
    assert (chosen.supplier_no, chosen.margin_pct) == (SUPPLIER, D("33.00")), "1,000 are sold for what costs 670"
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty WHERE sku = :sku"), {"sku": CHAIR})
    assert purchasing.select_supplier(tx, groups[1], DAY).margin_pct == D("31.25"), "800 are sold for 550"


def test_a_group_is_bought_at_the_price_that_began_last_and_not_at_one_that_is_to_come(tx, groups):
    columns = "supplier_no, sku, price, currency, valid_from"
    later = f"INSERT INTO supplier_item ({columns}) SELECT :supplier, :sku, :price, 'EUR', business_today() + :days"
    for price, days in (("44.00", 0), ("33.00", 1)):
        tx.execute(text(later), {"supplier": SUPPLIER, "sku": SKU, "price": price, "days": days})
    commit_step(tx)
    as_a_step(purchasing.create_purchase_order)(tx, groups[0], SUPPLIER)
    assert tx.scalar(text("SELECT unit_price FROM po_line WHERE sku = :sku"), {"sku": SKU}) == 44
    assert purchasing.select_supplier(tx, groups[1], DAY).margin_pct > 0


def test_what_a_group_has_still_to_get_is_ordered_at_the_suppliers_own_prices(tx, groups):
    tx.execute(text("UPDATE supplier_item SET active = false WHERE sku = :sku"), {"sku": CHAIR})
    with pytest.raises(Conflict, match="no price for"):
        purchasing.create_purchase_order(tx, groups[1], SUPPLIER)
    tx.execute(text("UPDATE supplier_item SET active = true"))
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty WHERE sku = :sku AND group_no = :no"), {"sku": CHAIR, "no": groups[0]})
    commit_step(tx)
    for group in groups:
        as_a_step(purchasing.create_purchase_order)(tx, group, SUPPLIER)
    lines = tx.execute(text("SELECT po_no, sku, description, qty, unit_price FROM po_line ORDER BY po_no, line_no")).all()
    assert lines == [
        (OTHER, SKU, "Table indifferent-table", 20, 55),
        (MINE, SKU, "Table indifferent-table", 10, 55),
        (MINE, CHAIR, "Table patient-chair", 4, 30),
    ]
    tx.execute(text("UPDATE purchase_order SET supplier_no = :no WHERE po_no = :po"), {"no": SECOND, "po": OTHER})
    ledger = effects()
    tasks.send_purchase_order(tasks.OfOrder(MINE), tx, ledger)
    assert [effect.target for effect in ledger.recorded] == ["orders@ominous.example"]
    assert tx.scalars(text("SELECT po_no FROM purchase_order WHERE sent_at IS NOT NULL")).all() == [MINE]
    commit_step(tx)
    as_a_step(agreement.cancel)(tx, MINE, "Too dear")
    assert as_a_step(purchasing.create_purchase_order)(tx, groups[1], SECOND) == "PO-000003"


# ---- answers


def test_an_answer_is_read_for_its_own_order_line_by_line(tx, two):
    assert ack(tx, answer(MINE, (1, 8, "56"), (2, 3, "30"))) is not None
    first = one(tx, "SELECT max(id) FROM po_acknowledgement")
    ack(tx, answer(MINE, (1, 9, "55"), number="AB-2"))
    ack(tx, answer(OTHER, (1, 1, "99")))
    assert ack(tx, answer(MINE, (1, 8, "56"), (2, 3, "30"))) is None, "the number is the order's own"
    read = as_a_step(agreement.read_acknowledgement)
    assert (read(tx, MINE, first).qty_short, read(tx, MINE).qty_short, read(tx, OTHER).qty_short) == (3, 1, 19)
    confirm(tx, MINE, first)
    lines = text("SELECT confirmed_qty, confirmed_price FROM po_line WHERE po_no = :no ORDER BY line_no")
    assert tx.execute(lines, {"no": MINE}).all() == [(8, 56), (3, 30)]
    assert tx.execute(lines, {"no": OTHER}).all() == [(None, None), (None, None)]
    assert tx.scalars(text("SELECT po_no FROM purchase_order WHERE confirmed_at IS NOT NULL")).all() == [MINE]


def test_goods_are_on_the_way_that_are_neither_refused_nor_booked_and_are_this_orders(tx, two):
    for po_no in (OTHER, MINE):
        ack(tx, AcknowledgementDraft(po_no=po_no, document_no="AB-1", code="AP"))
    advise(tx, advice(OTHER, "LS-1", (1, 1)))
    refused = advise(tx, advice(MINE, "LS-2", (1, 1)))
    as_a_step(receiving.reject_despatch)(tx, MINE, refused, "Broken")
    assert confirm(tx, MINE).goods_on_the_way is False
    asn_no = advise(tx, advice(MINE, "LS-3", (1, 1)))
    assert confirm(tx, MINE).goods_on_the_way is True
    book(tx, MINE, asn_no)
    assert confirm(tx, MINE).goods_on_the_way is False


def test_a_change_is_agreed_to_as_the_answer_to_this_order_says_and_as_far_as_nothing_came(tx, agreed):
    delivered(tx, MINE, "LS-1", (1, 3))
    refused = advise(tx, advice(MINE, "LS-2", (1, 7), (2, 4)))
    as_a_step(receiving.reject_despatch)(tx, MINE, refused, "Broken")
    ack(tx, answer(OTHER, code="RE", number="AB-2"))
    strange = one(tx, "SELECT max(id) FROM po_acknowledgement")
    ack(tx, answer(MINE, (1, 5, "50"), (2, 3, "29"), number="AB-2"))
    own = one(tx, "SELECT max(id) FROM po_acknowledgement")
    lines = text("SELECT confirmed_qty, confirmed_price FROM po_line WHERE po_no = :no ORDER BY line_no")
    assert as_a_step(agreement.apply_answer)(tx, MINE, strange).returned_qty == 0
    assert as_a_step(agreement.apply_answer)(tx, MINE, own).returned_qty == 6
    assert tx.execute(lines, {"no": MINE}).all() == [(5, 55), (3, 29)], "of the tables some came at their old price"
    assert tx.execute(lines, {"no": OTHER}).all() == [(20, 55), (6, 30)]
    assert as_a_step(agreement.close_short)(tx, MINE).returned_qty == 5
    assert tx.scalars(text("SELECT confirmed_qty FROM po_line WHERE po_no = :no ORDER BY line_no"), {"no": MINE}).all() == [3, 0]


def test_an_order_is_cancelled_while_nothing_of_it_was_delivered_whatever_came_for_another(tx, agreed):
    delivered(tx, OTHER, "LS-1", (1, 1))
    advise(tx, advice(MINE, "LS-2", (1, 1)))
    assert as_a_step(agreement.cancel)(tx, MINE, "Too late") is True
    with pytest.raises(Conflict, match="has shipped"):
        agreement.cancel(tx, OTHER, "Too late")
    assert tx.scalars(text("SELECT po_no FROM purchase_order WHERE cancelled_at IS NOT NULL")).all() == [MINE]


def test_the_order_of_a_group_is_its_own_that_is_neither_cancelled_nor_closed(tx, agreed):
    other, mine = agreed
    assert progress.read_group(tx, mine).po_no == MINE
    assert as_a_step(agreement.cancel_of_group)(tx, mine, "") == agreement.CancelledGroup("AGREED", MINE)
    for column in ("closed_at", "cancelled_at"):
        over = tx.begin_nested()
        tx.execute(text(f"UPDATE purchase_order SET {column} = now() WHERE po_no = :no"), {"no": MINE})
        assert progress.read_group(tx, mine).agreed is False
        assert agreement.cancel_of_group(tx, mine, "") == agreement.CancelledGroup("NONE", "")
        over.rollback()
    tx.execute(text("UPDATE purchase_order SET confirmed_at = NULL WHERE po_no = :no"), {"no": MINE})
    assert (progress.read_group(tx, mine).agreed, progress.read_group(tx, other).po_no) == (False, OTHER)


# ---- despatch advices


def test_a_supplier_ships_what_is_agreed_by_line_less_what_is_on_its_way(tx, two):
    """Line 1 is answered with 5, line 2 not at all, and the neighbour's with one each."""
    ack(tx, answer(MINE, (1, 2, "55"), number="AB-0"))
    ack(tx, answer(MINE, (1, 5, "55")))
    ack(tx, answer(OTHER, (1, 1, "55"), (2, 1, "30")))
    refused = advise(tx, advice(MINE, "LS-1", (1, 5), (2, 1)))
    as_a_step(receiving.reject_despatch)(tx, MINE, refused, "Broken")
    advise(tx, advice(MINE, "LS-2", (1, 2), (2, 1)))
    rest = advise(tx, advice(MINE, "LS-3"))
    assert tx.scalars(text("SELECT qty FROM asn_line WHERE asn_no = :no ORDER BY po_line_id"), {"no": rest}).all() == [3, 3]


def test_the_same_advice_is_one_of_the_same_supplier(tx, two):
    tx.execute(text("UPDATE purchase_order SET supplier_no = :no WHERE po_no = :po"), {"no": SECOND, "po": OTHER})
    theirs, first = (advise(tx, advice(po_no, "LS-1", (1, 1))) for po_no in (OTHER, MINE))
    assert (advise(tx, advice(MINE, "LS-1", (1, 1))), len({theirs, first})) == (first, 2)
    assert advise(tx, advice(MINE, "LS-2", (1, 1))) != first
    bills = [bill(tx, charge(po_no, "RE-1", (1, 1, "55"))) for po_no in (OTHER, MINE)]
    assert (bill(tx, charge(MINE, "RE-1", (1, 1, "55"))), len(set(bills))) == (bills[1], 2)
    assert bill(tx, charge(MINE, "RE-2", (1, 1, "55"))) not in bills
    assert ack(tx, AcknowledgementDraft(po_no=MINE, document_no="AB-1", code="AP")) is not None
    assert ack(tx, AcknowledgementDraft(po_no=MINE, document_no="AB-2", code="AP")) is not None


def test_an_advice_belongs_to_its_order_and_is_refused_once(tx, two):
    read = as_a_step(receiving.read_despatch)
    theirs, mine = advise(tx, advice(OTHER, "LS-1", (1, 1))), advise(tx, advice(MINE, "LS-2", (1, 1)))
    with pytest.raises(NotFound, match=f"has no despatch advice {theirs}"):
        read(tx, MINE, theirs)
    as_a_step(receiving.answer_by_despatch)(tx, OTHER, theirs)
    assert (read(tx, OTHER, theirs)[0], read(tx, MINE, mine)[0]) == ("UNDECIDED", "UNANSWERED")
    for reason in ("Broken", "Really"):
        as_a_step(receiving.reject_despatch)(tx, MINE, mine, reason)
    rejected = tx.execute(text("SELECT asn_no, reject_reason FROM asn WHERE rejected_at IS NOT NULL")).all()
    assert rejected == [(mine, "Broken")]


def test_goods_are_wanted_as_far_as_the_sale_is_open_and_once_booked_for_ever(tx, agreed):
    read = as_a_step(receiving.read_despatch)
    theirs, mine = advise(tx, advice(OTHER, "LS-1", (1, 20))), advise(tx, advice(MINE, "LS-2", (1, 3), (2, 4)))
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = 18 WHERE group_no = :no AND sku = :sku"), {"no": agreed[0], "sku": SKU})
    commit_step(tx)
    assert (read(tx, OTHER, theirs)[0], read(tx, MINE, mine)[0]) == ("CANCELLED", "AGREED")
    book(tx, MINE, mine)
    tx.execute(text("UPDATE fulfil_line SET qty_cancelled = qty - qty_shipped WHERE group_no = :no"), {"no": agreed[1]})
    commit_step(tx)
    assert read(tx, MINE, mine)[0] == "AGREED"
    assert tx.execute(text("SELECT po_no, qty_received FROM po_line WHERE qty_received > 0 ORDER BY id")).all() == [(MINE, 3), (MINE, 4)]


_ORDERED = text("""
INSERT INTO purchase_order (po_no, group_no, order_no, supplier_no, currency, ship_to, requested_ship, net_total, cancelled_at,
  neutral_packing)
SELECT :po, group_no, order_no, :supplier, 'EUR', '{}', ship_date, 1, :cancelled, false FROM fulfil_group WHERE group_no = :group
""")
_ORDERED_LINE = text("""
INSERT INTO po_line (po_no, line_no, fulfil_line_id, sku, description, uom, qty, unit_price, confirmed_qty)
SELECT :po, 1, min(id), :sku, '', 'EA', 3, 1, :agreed FROM fulfil_line WHERE group_no = :group
""")
