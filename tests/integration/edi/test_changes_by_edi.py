"""Orders that are changed and cancelled by X12 860 and EDIFACT ORDCHG, through the real diagrams, and how each is answered."""

from contextlib import suppress
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict
from engine.runtime.post import timers
from handlers.fulfillment.commands import release_group
from handlers.parties.policy import choose
from tests.integration.at_work import do, settle
from tests.integration.edi.test_order_to_cash_by_edi import segments, verdict
from tests.unit.edi.interchanges import ORDER_850, ORDERS, change_860, edifact, ordchg, x12

D = Decimal
TWO_LINES = ORDER_850.replace("CTT*1", "PO1*20*1*EA*249.00**VN*PUMP-40~\nCTT*2")
LINES = "SELECT buyer_line_no, (qty_ordered - qty_cancelled)::int FROM order_line ORDER BY line_no"
STATES = "SELECT kind, state FROM edi_transaction WHERE kind IN ('860', 'ORDCHG') ORDER BY id"
SEEN_TO = "Change asked by EDI for purchase order"


@pytest.fixture
def folders():
    return ("edi-order", "order-to-promise", "cancel-order", "fulfillment-to-invoice", "cancel-fulfillment")


def answers(desk, kind):
    """Our answers of a kind as text, the latest last; a partner's program finds nothing wrong with them."""
    rows = desk.rows(
        "SELECT interchange.raw FROM edi_interchange AS interchange JOIN edi_transaction AS told ON told.interchange_id = interchange.id "
        "WHERE interchange.direction = 'OUT' AND told.kind = :kind ORDER BY interchange.id",
        kind=kind,
    )
    for (raw,) in rows:
        assert verdict(bytes(raw).decode("latin-1")) == []
    return [bytes(raw) for (raw,) in rows]


def ship(desk):
    ((group_no,),) = desk.rows("SELECT group_no FROM fulfil_group WHERE cancelled_at IS NULL")
    with suppress(Conflict), desk.runtime.database.transaction() as tx:  # its day may be today
        release_group(desk.runtime, tx, group_no, "wanda")
    settle(desk.runtime)
    do(desk.runtime, "Pick", packages=1, weight_kg=D("9.6"))
    do(desk.runtime, "Hand over", handed_over=True)


def look_again(desk):
    """The pause of what waits is over."""
    with desk.runtime.database.transaction() as tx:
        waits = "SELECT id, now() AS now FROM timer WHERE instance_id IN (SELECT id FROM instance WHERE process_key = 'edi-order-change')"
        for row in tx.execute(text(waits)).all():
            timers.move(tx, row.id, row.now)
    settle(desk.runtime)


def agree(desk):
    """Whoever is asked agrees; a change of what nobody touched yet asks nobody."""
    if desk.rows("SELECT 1 FROM user_task WHERE element_id = 'approve_change' AND state = 'open'"):
        do(desk.runtime, "Change of", action="agree", reason="Nothing is picked")


def test_an_860_changes_the_order_and_is_answered_by_an_865(desk):
    desk.send(x12(TWO_LINES))
    more = change_860("POC*10*QI*3**EA*249.00**VN*PUMP-40", "POC*20*DI*1**EA", "POC*30*NC*9**EA")
    (kept,) = desk.send(more)
    assert kept.status == "ACCEPTED"
    agree(desk)
    assert desk.rows(LINES) == [("10", 3), ("20", 0)]
    assert desk.rows("SELECT state, channel, source_ref, requested_by FROM order_change") == [("APPLIED", "X12", "1", "COYOTE-X12")]
    (answer,) = answers(desk, "865")
    assert segments(answer, "BCA")[0].split("*")[2:6] == ["AC", "PO-4711", "", "1"]
    assert [each.split("*")[1:4] for each in segments(answer, "POC")] == [["10", "QI", "3"], ["20", "DI", "1"]]
    assert [each.split("*")[1] for each in segments(answer, "ACK")][-1] == "ID"

    again = desk.send(change_860("POC*10*QI*3**EA*249.00**VN*PUMP-40", "POC*20*DI*1**EA", "POC*30*NC*9**EA", control="000000931"))
    assert again[0].is_new
    other = desk.send(change_860("POC*10*QD*1**EA", control="000000932"))
    assert other[0].status == "ACCEPTED"
    do(desk.runtime, SEEN_TO, action="refuse", answer="1 came before and said something else.")
    assert desk.rows(STATES) == [("860", "DONE"), ("860", "DONE"), ("860", "REFUSED")]
    assert desk.rows("SELECT count(*) FROM order_change") == [(1,)]
    assert segments(answers(desk, "865")[-1], "BCA", "REF")[0].startswith("BCA*00*RD*PO-4711**1*")


def test_what_of_an_860_nobody_knows_is_told_by_line_and_the_rest_goes_through(desk):
    desk.send(x12(TWO_LINES))
    desk.send(change_860("POC*10*QD*1**EA", "POC*70*QD*4**EA", "POC*20*QI*many**EA", "POC*20*PC*1**EA*240.00*HP"))
    assert desk.rows(STATES) == [("860", "REJECTED")]  # "many" is no number: the 997 says so and nothing begins
    desk.send(change_860("POC*10*QD*1**EA", "POC*70*QD*4**EA", "POC*20*XX*4**EA", control="000000931"))
    ((told,),) = desk.rows("SELECT form_data->>'reason' FROM user_task WHERE element_id = 'decide_change'")
    assert told == "Line 70: it is no line of the order. Line 20: the change XX is none that we know."
    do(desk.runtime, SEEN_TO, action="rest")
    agree(desk)
    assert desk.rows(LINES) == [("10", 1), ("20", 1)]
    (answer,) = answers(desk, "865")
    assert segments(answer, "BCA")[0].startswith("BCA*00*AC*")
    said = [each for each in segments(answer, "POC", "ACK", "REF") if not each.startswith("ACK*I")]
    assert said[-4:] == ["POC*70*CA*4", "REF*ZZ**it is no line of the order", "POC*20*CA", "REF*ZZ**the change XX is none that we know"]


def test_a_change_that_means_a_cancellation_cancels_the_order_and_nothing_of_it_is_left_open(desk):
    desk.send(x12(TWO_LINES))
    desk.send(change_860("POC*99*QD*0**EA"))
    do(desk.runtime, SEEN_TO, action="cancel")
    assert desk.rows("SELECT status FROM order_status") == [("CANCELLED",)]
    assert desk.rows(STATES) == [("860", "DONE")]
    assert segments(answers(desk, "865")[-1], "POC")[-1].split("*")[1:3] == ["20", "DI"]
    desk.send(change_860("POC*99*QD*0**EA", sequence="2", control="000000931"))
    assert desk.rows("SELECT state FROM edi_transaction WHERE kind = '860' ORDER BY id") == [("DONE",), ("REFUSED",)]


def test_what_has_left_is_refused_by_line_with_what_to_do_instead(desk):
    desk.send(x12(ORDER_850))
    ship(desk)
    desk.send(change_860("POC*10*QD*1**EA"))
    (answer,) = answers(desk, "865")
    assert segments(answer, "BCA")[0].startswith("BCA*00*RD*PO-4711**1*")
    assert segments(answer, "POC", "ACK")[0].startswith("POC*10*QD*2**EA*249")
    assert segments(answer, "ACK") == ["ACK*IR*2*EA"]
    assert "return" in " ".join(segments(answer, "REF"))
    desk.send(change_860(purpose="01", sequence="2", control="000000932"))
    assert desk.rows(STATES) == [("860", "DONE"), ("860", "REFUSED")]
    assert "has been shipped" in " ".join(segments(answers(desk, "865")[-1], "REF"))


def test_a_change_that_comes_before_its_order_waits_for_it_and_one_without_an_order_is_refused(desk):
    desk.send(change_860("POC*10*QI*3**EA"))
    assert desk.rows("SELECT count(*) FROM user_task") == [(0,)]
    assert desk.rows("SELECT title FROM user_task") == []
    desk.send(x12(ORDER_850))
    look_again(desk)
    agree(desk)
    assert desk.rows(LINES) == [("10", 3)]
    with desk.runtime.database.transaction() as tx:
        choose(tx, "edi.change_waits_minutes", D(0))
    desk.send(ordchg("LIN+1+3", "QTY+21:5:PCE"))
    do(desk.runtime, SEEN_TO, action="refuse", answer="We have no such order. Send it first.")
    (answer,) = answers(desk, "ORDRSP")
    assert segments(answer, "BGM")[0].endswith("+27")
    assert segments(answer, "RFF", "FTX") == ["FTX+AAI+++We have no such order. Send it first.", "RFF+ON:PO-4712", "RFF+PP:CH-1"]


def test_an_ordchg_changes_and_then_cancels_and_each_is_answered_by_an_ordrsp(desk):
    desk.send(edifact(ORDERS))
    desk.send(ordchg("LIN+1+3+PUMP-40:SA", "QTY+21:3:PCE", "PRI+AAA:249.00", "LIN+2+1+PUMP-40:SA", "QTY+21:1:PCE"))
    agree(desk)
    assert desk.rows(LINES) == [("1", 3), ("2", 1)]
    assert segments(answers(desk, "ORDRSP")[-1], "RFF+PP") == ["RFF+PP:CH-1"]
    desk.send(ordchg(number="CH-2", function="1", control="61"))
    assert desk.rows("SELECT status FROM order_status") == [("CANCELLED",)]
    last = answers(desk, "ORDRSP")[-1]
    assert segments(last, "BGM")[0].endswith("+29")
    assert segments(last, "LIN") == ["LIN+1+2+PUMP-40:SA", "LIN+2+2+PUMP-40:SA"]
    desk.send(ordchg(number="CH-3", function="1", control="62"))
    assert [state for _, state in desk.rows(STATES)] == ["DONE", "DONE", "REFUSED"]
    assert segments(answers(desk, "ORDRSP")[-1], "FTX")[0].startswith("FTX+AAI+++Order SO-")


def test_a_second_change_waits_until_the_first_is_decided(desk):
    desk.send(x12(ORDER_850))
    desk.send(change_860("POC*10*PC***EA*1.00"))
    desk.send(change_860("POC*10*QI*4**EA", sequence="2", control="000000931"))
    assert desk.rows("SELECT source_ref, state FROM order_change") == [("1", "ASSESSED")]
    do(desk.runtime, "Change of", action="refuse", reason="Far below our price")
    look_again(desk)
    agree(desk)
    assert desk.rows("SELECT source_ref, state FROM order_change ORDER BY 1") == [("1", "REFUSED"), ("2", "APPLIED")]
    assert desk.rows(LINES) == [("10", 4)]
