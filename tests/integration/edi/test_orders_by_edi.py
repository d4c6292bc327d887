"""Orders that come as X12 850 and EDIFACT ORDERS, through the real diagrams."""

from decimal import Decimal

import pytest

from handlers.changes import Author
from handlers.edi.partners import change_partner
from handlers.edi.reading import read_file
from tests.integration.at_work import do
from tests.unit.edi.interchanges import ORDER_850, ORDERS, change_860, edifact, x12

D = Decimal
ORDER = """
SELECT source, source_ref, customer_no, customer_po, currency, requested_date::text, ship_to->>'city' FROM sales_order ORDER BY order_no
"""
LINES = "SELECT buyer_line_no, sku, item_ref, uom, qty_ordered, stated_price FROM order_line ORDER BY order_no, line_no"


@pytest.mark.parametrize(
    ("data", "order", "line"),
    [
        (
            x12(ORDER_850),
            ("X12", "COYOTE-X12/PO-4711", "C-COYOTE", "PO-4711", "EUR", "2026-03-09", "Linz"),
            ("10", "PUMP-40", "PUMP-40", "EA", D(2), D("249.0000")),
        ),
        (
            edifact(ORDERS),
            ("EDIFACT", "COYOTE-EDIFACT/PO-4712", "C-COYOTE", "PO-4712", "EUR", "2026-03-09", "Linz"),
            ("1", "PUMP-40", "PUMP-40", "EA", D(2), D("249.0000")),
        ),
    ],
)
def test_a_document_becomes_an_order_that_goes_its_way(desk, data, order, line):
    (kept,) = desk.send(data)
    assert kept.status == "ACCEPTED"
    assert desk.rows(ORDER) == [order]
    assert desk.rows(LINES) == [line]
    ((order_no,),) = desk.rows("SELECT order_no FROM sales_order")
    assert desk.rows("SELECT state, reference FROM edi_transaction WHERE number LIKE 'PO-47%' AND state <> 'SENT'") == [("DONE", order_no)]
    assert desk.rows("SELECT status, order_no FROM inbound_message") == [("ACCEPTED", order_no)]
    assert desk.rows("SELECT count(*) FROM instance WHERE process_key = 'order-to-promise' AND business_key = :no", no=order_no) == [(1,)]
    assert desk.rows("SELECT kind, target FROM effect WHERE payload->>'kind' = 'acknowledgement'")[0][0] == "edi"


def test_the_very_same_interchange_again_gets_the_same_acknowledgement_and_makes_nothing(desk):
    (first,) = desk.send(x12(ORDER_850))
    (again,) = desk.send(x12(ORDER_850))
    assert (again.is_new, again.acknowledgement, again.interchange_id) == (False, first.acknowledgement, first.interchange_id)
    assert desk.rows("SELECT count(*) FROM sales_order") == [(1,)]


def test_the_same_control_number_with_other_content_is_rejected_as_a_duplicate(desk):
    desk.send(x12(ORDER_850))
    (again,) = desk.send(x12(ORDER_850.replace("4711", "4799")))
    assert again.status == "REJECTED"
    assert b"*R*025~" in again.acknowledgement
    assert desk.rows("SELECT count(*) FROM sales_order") == [(1,)]


def test_the_same_order_in_another_interchange_is_the_first_one(desk):
    desk.send(x12(ORDER_850))
    (again,) = desk.send(x12(ORDER_850, control="000000908"))
    assert again.status == "ACCEPTED"
    assert desk.rows("SELECT count(*) FROM sales_order") == [(1,)]
    assert desk.rows("SELECT state FROM edi_transaction WHERE state <> 'SENT'") == [("DONE",), ("DONE",)]


def test_the_same_number_with_other_content_is_settled_by_the_order_desk(desk):
    desk.send(x12(ORDER_850))
    desk.send(x12(ORDER_850.replace("*2*EA", "*3*EA"), control="000000908"))
    do(desk.runtime, "cannot be taken in: COYOTE-X12", action="refuse", reason_given="Sent by mistake")
    assert desk.rows("SELECT state, problem->>'code' FROM edi_transaction WHERE state <> 'SENT' ORDER BY id") == [
        ("DONE", None),
        ("REFUSED", "key_reused"),
    ]
    assert desk.rows("SELECT count(*) FROM sales_order") == [(1,)]


def test_good_orders_of_an_interchange_go_through_beside_a_bad_one(desk):
    (kept,) = desk.send(x12(ORDER_850, ORDER_850.replace("*2*EA", "*two*EA"), ORDER_850.replace("4711", "4713")))
    assert kept.status == "PARTLY"
    assert desk.rows("SELECT customer_po FROM sales_order ORDER BY 1") == [("PO-4711",), ("PO-4713",)]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("*ZZ*COYOTE ", "*ZZ*ROADRUN", b"*R*006~"),
        ("*ZZ*BERGWERK ", "*ZZ*NOBODY   ", b"*R*008~"),
        ("*0*P*>", "*0*T*>", b"*R*020~"),
    ],
)
def test_who_is_not_agreed_is_answered_with_the_reason(desk, old, new, code):
    (kept,) = desk.send(x12(ORDER_850).replace(old.encode(), new.encode(), 1))
    assert code in kept.acknowledgement
    assert desk.rows("SELECT count(*) FROM sales_order") == [(0,)]
    assert desk.rows("SELECT status FROM edi_interchange WHERE direction = 'IN'") == [("REJECTED",)]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("VN*PUMP-40*BP*C-77", "BP*C-77", ("10", "PUMP-40", "C-77", "EA", D(2))),
        ("VN*PUMP-40*BP*C-77", "VN*OLD-1*BP*C-77", ("10", "PUMP-40", "PUMP-40", "EA", D(2))),
        ("VN*PUMP-40*BP*C-77", "VN*GONE", ("10", None, "GONE", "EA", D(2))),
        ("VN*PUMP-40*BP*C-77", "", ("10", None, "Pump, 40 litres", "EA", D(2))),
    ],
)
def test_an_item_is_found_by_whichever_number_is_known_and_one_that_is_not_goes_to_repair(desk, old, new, line):
    desk.send(x12(ORDER_850.replace(f"**{old}", f"**{new}" if new else "")))
    ((buyer_line_no, sku, _, uom, qty, _),) = desk.rows(LINES)
    assert (buyer_line_no, sku, uom, qty) == (line[0], line[1], line[3], line[4])
    waiting = desk.rows("SELECT element_id FROM user_task")
    assert (("repair_order",) in waiting) is (sku is None)


@pytest.mark.parametrize(
    ("place", "city"),
    [("N1*ST*Somewhere*UL*9012345000028~\n", "Linz"), ("N1*ST*Store 8*92*0008~\n", ""), ("", "Linz")],
)
def test_a_place_is_found_by_its_number_and_an_unknown_one_is_left_to_the_order_desk(desk, place, city):
    body = ORDER_850.replace("N1*ST*Coyote Yard*92*0007~\nN3*Cliffside 1~\nN4*Linz**4020*AT~\n", place)
    desk.send(x12(body))
    assert [row[-1] for row in desk.rows(ORDER)] == [city]


def test_a_copy_is_no_order_until_somebody_says_so(desk):
    desk.send(x12(ORDER_850.replace("BEG*00", "BEG*22")))
    ((problem,),) = desk.rows("SELECT problem->>'code' FROM edi_transaction")
    assert problem == "edi_purpose"
    assert desk.rows("SELECT count(*) FROM sales_order") == [(0,)]


def reply(desk):
    ((content, channel, target),) = desk.rows(
        "SELECT convert_from(document.content, 'LATIN1'), effect.kind, effect.target FROM effect "
        "JOIN document ON document.id = (effect.payload->>'document_id')::bigint WHERE effect.payload->>'kind' = 'order_response'"
    )
    return content, channel, target


def segments(content, *tags):
    """The segments with these tags."""
    mark = "~" if content.startswith("ISA") else "'"
    return [each.strip() for each in content.split(mark) if each.strip().startswith(tags)]


def test_an_850_is_answered_by_an_855_that_says_what_comes_when(desk):
    desk.send(x12(ORDER_850))
    content, channel, target = reply(desk)
    assert (channel, target) == ("edi", "X12 ZZ:COYOTE")
    ((order_no, promised, qty),) = desk.rows(
        "SELECT order_no, to_char(promised_arrival, 'YYYYMMDD'), qty_ordered::int FROM order_line JOIN sales_order USING (order_no)"
    )
    (bak,) = segments(content, "BAK")
    assert bak.startswith("BAK*00*A")
    assert f"*PO-4711*20260302****{order_no}*" in bak
    assert segments(content, "ACK")[0].split("*")[2:] == [str(qty), "EA", "067", promised]
    assert segments(content, "PO1")[0].startswith("PO1*10*2*EA*")
    assert "BP*C-77" in content
    ((back,), _) = read_file(content.encode())
    assert (back.sender, back.receiver, back.findings) == ("ZZ:BERGWERK", "ZZ:COYOTE", [])


def test_an_orders_is_answered_by_an_ordrsp(desk):
    desk.send(edifact(ORDERS))
    content, channel, target = reply(desk)
    assert (channel, target) == ("edi", "EDIFACT 14:9012345000004")
    assert segments(content, "BGM")[0].startswith("BGM+231+SO-")
    assert segments(content, "RFF")[0] == "RFF+ON:PO-4712"
    assert segments(content, "LIN")[0].startswith("LIN+1+")
    assert len(segments(content, "DTM+69:")) == 1


def test_what_the_partner_acknowledges_is_noted_on_our_paper(desk):
    desk.send(x12(ORDER_850))
    ((control_no,),) = desk.rows("SELECT control_no FROM edi_interchange WHERE direction = 'OUT'")
    told = f"AK1*PR*{control_no}~\nAK2*855*0001~\nAK5*R*5~\nAK9*R*1*1*0~\n"
    desk.send(x12(told, control="000000909").replace(b"GS*PO", b"GS*FA").replace(b"ST*850", b"ST*997"))
    assert desk.rows("SELECT status FROM edi_interchange WHERE direction = 'OUT'") == [("REJECTED",)]
    do(desk.runtime, "could not read 855 SO-", note="Sent as PDF")
    assert desk.rows("SELECT count(*) FROM effect WHERE payload->>'kind' = 'acknowledgement'") == [(1,)]


def test_a_customer_who_does_not_want_the_answer_by_edi_gets_it_by_mail(desk):
    with desk.runtime.database.transaction() as tx:
        change_partner(tx, "COYOTE-X12", {"sends_order_response": False}, Author("edith"))
        change_partner(tx, "COYOTE-EDIFACT", {"sends_order_response": False}, Author("edith"))
    desk.send(x12(ORDER_850))
    _, channel, target = reply(desk)
    assert (channel, target) == ("mail", "wile@coyote.example")


STORES = ORDER_850.replace("N1*ST*Coyote Yard*92*0007~\nN3*Cliffside 1~\nN4*Linz**4020*AT~\n", "").replace(
    "PID*F", "SDQ*EA*UL*9012345000028*1*9012345000035*1~\nPID*F"
)


def test_an_850_for_two_stores_is_an_order_for_each_and_a_change_of_it_is_decided_by_a_person(desk):
    desk.send(x12(STORES))
    orders = """
        SELECT customer_po, ship_to->>'gln', ship_to->>'city', split_of, qty_ordered::int
        FROM sales_order JOIN order_line USING (order_no) ORDER BY order_no
    """
    assert desk.rows(orders) == [
        ("PO-4711", "9012345000028", "Linz", "SO-000001", 1),
        ("PO-4711", "9012345000035", "", "SO-000001", 1),
    ]
    assert desk.rows("SELECT element_id FROM user_task") == [("repair_order",)]  # the second store's address is known to nobody yet
    assert desk.rows("SELECT hold_code FROM hold") == []
    content, _, _ = reply(desk)
    assert segments(content, "N1*ST") == ["N1*ST*Coyote Yard*UL*9012345000028"]
    desk.send(change_860(purpose="01"))
    assert "SO-000001, SO-000002" in desk.rows("SELECT form_data->>'reason' FROM user_task WHERE element_id = 'decide_change'")[0][0]
    (again,) = desk.send(x12(STORES, control="000000908"))
    assert (again.status, desk.rows("SELECT count(*) FROM sales_order")) == ("ACCEPTED", [(2,)])


def test_an_850_that_names_a_place_and_stores_goes_to_the_stores_when_the_order_desk_says_so(desk):
    desk.send(x12(ORDER_850.replace("PID*F", "SDQ*EA*92*0008*2~\nPID*F")))
    do(desk.runtime, "cannot be taken in: COYOTE-X12", action="to_stores")
    assert desk.rows("SELECT ship_to->>'name', split_of FROM sales_order") == [("Place 0008", "")]
