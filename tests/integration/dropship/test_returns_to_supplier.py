"""Goods go straight back to their supplier with a paper of ours, and its credit note is expected, matched and asked for."""

from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from engine.problems import Invalid, NotFound
from handlers.dropship import returning
from handlers.dropship.returning import GoingBack, ReturnToSupplier
from handlers.open_things import under_key
from tests.integration.dropship.desk import PO
from tests.integration.dropship.test_credit_notes import CreditDesk

D = Decimal


@pytest.fixture
def desk(database):
    """Ten were ordered at 55.00, came, and were billed."""
    made = CreditDesk(database, folders=("supplier-credit-note", "supplier-return"))
    made.order()
    made.acknowledge()
    made.ship("10")
    made.bill("10")
    return made


def send_back(desk, qty="4", reason="Scratched", line_no=1):
    with desk.transaction() as tx:
        draft = ReturnToSupplier(po_no=PO, lines=[GoingBack(line_no=line_no, qty=D(qty))], reason=reason)
        number = returning.request_return(desk.runtime, tx, draft, "petra")
    desk.settle()
    return number


def closed(desk, number):
    return desk.ask(f"SELECT CASE WHEN closed_at IS NOT NULL THEN close_reason END FROM supplier_return WHERE return_no = '{number}'")


def test_four_go_back_with_our_paper_and_their_credit_note_settles_it(desk):
    number = send_back(desk)
    assert number == "RTS-000001"
    with desk.transaction() as tx:
        paper = tx.scalar(text("SELECT content FROM document WHERE kind = 'SUPPLIER_RETURN'"))
        assert tx.scalar(text("SELECT count(*) FROM effect WHERE kind = 'supplier_return'")) == 1
        (waiting,) = [each for each in under_key(tx, number) if each.kind == "return to supplier"]
        assert waiting.mover
    shown = "".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages)
    assert "RTS-000001" in shown
    assert "220.00 EUR" in shown
    assert "Scratched" in shown
    books = desk.books()
    desk.ring_of("supplier-return", "after_a_day")
    assert closed(desk, number) is None
    assert desk.books() == books  # nothing is owed before the supplier says so
    desk.credit("4", reason="RETURN")
    desk.ring_of("supplier-return", "after_a_day")
    assert closed(desk, number) == "Credited"
    assert desk.broken() == []


def test_a_month_without_credit_is_asked_about_and_may_be_given_up(desk):
    number = send_back(desk)
    with desk.transaction() as tx:
        tx.execute(text("UPDATE supplier_return SET created_at = created_at - interval '30 days'"))
    desk.ring_of("supplier-return", "after_a_day")
    desk.do("Ask for the credit", action="wait")
    desk.ring_of("supplier-return", "after_a_week")
    desk.do("Ask for the credit", action="give-up", reason="Our customer dropped them")
    assert closed(desk, number) == "Our customer dropped them"
    assert desk.broken() == []


def test_what_is_credited_for_less_than_it_was_bought_for_is_asked_about(desk):
    send_back(desk)
    desk.credit("4", reason="RETURN", price="50.00")
    desk.ring_of("supplier-return", "after_a_day")
    assert any("Ask for the credit" in title for title in desk.tasks())
    with desk.transaction() as tx:
        standing = returning.read_standing(tx, "RTS-000001")
    assert (standing.complete, standing.expected, standing.credited, standing.missing_pct) == (True, 220, 200, D("9.09"))


def test_of_two_returns_the_older_one_has_the_credit(desk):
    older, later = send_back(desk, "3"), send_back(desk, "2")
    desk.credit("4", reason="RETURN")
    with desk.transaction() as tx:
        assert returning.read_standing(tx, older).complete
        rest = returning.read_standing(tx, later)
    assert (rest.complete, rest.credited) == (False, 55)


@pytest.mark.parametrize(
    ("qty", "line_no", "reason", "fields"),
    [("10.0001", 1, "Scratched", {"lines.0.qty"}), ("1", 1, " ", {"reason"}), ("1", 7, "Scratched", set())],
)
def test_what_cannot_go_back_changes_nothing(desk, qty, line_no, reason, fields):
    with pytest.raises(Invalid) as refused:
        send_back(desk, qty, reason, line_no)
    assert set(refused.value.errors) == fields
    assert desk.ask("SELECT count(*) FROM supplier_return") == 0


def test_what_went_back_already_cannot_go_back_again(desk):
    send_back(desk, "7")
    with pytest.raises(Invalid) as refused:
        send_back(desk, "4")
    assert refused.value.errors == {"lines.0.qty": ["must be at most 3 EA"]}


def test_an_order_that_is_not_there(desk):
    with desk.transaction() as tx, pytest.raises(NotFound):
        returning.returnable(tx, "PO-009999")


@pytest.mark.parametrize("tampered", ["UPDATE supplier_return_line SET qty = 11", "UPDATE supplier_return SET expected = 1"])
def test_a_return_of_more_than_came_or_of_another_amount_is_found(desk, tampered):
    send_back(desk)
    assert desk.broken() == []
    with desk.transaction() as tx:
        tx.execute(text(tampered))
    assert [each for each, _ in desk.broken()] == ["INV-48"]
