"""What a customer does not pay has a reason, an owner and an end, and nothing more is given away than is open."""

from datetime import date
from decimal import Decimal

import pytest

from engine.problems import Conflict, Invalid, NotFound
from handlers.invariants import check_all
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.receivables import disputes
from handlers.receivables import manual_application as by_hand
from handlers.receivables.collection_tasks import OfInvoice, dunning_facts
from handlers.receivables.dispute_tasks import AssignDispute, OfDispute, ResolveDispute, assign_dispute, read_dispute, resolve_dispute
from handlers.receivables.disputes import DisputeDraft
from handlers.receivables.manual_application import HandApplication
from tests.integration.golden.builders import CUSTOMER, context, one
from tests.integration.receivables.books import nonzero, owed, paid, take_in
from tests.steps import as_a_step
from tests.unit.receivables.statement_files import Credit

D = Decimal
open_dispute, apply_manually, reverse_receipt = map(as_a_step, (disputes.open_dispute, by_hand.apply_manually, by_hand.reverse_receipt))
INVOICE = "INV-000001"


@as_a_step
def resolve(tx, given):
    return resolve_dispute(given, tx)


def broken(tx):
    return [(each.id, each.sentence, each.examples) for each in check_all(tx) if not each.ok and each.id in {"INV-11", "INV-42", "INV-10"}]


def test_a_short_payment_becomes_a_dispute_that_is_not_reminded_of_and_ends_by_a_credit_with_its_tax(books):
    with books.transaction() as tx:
        take_in(tx, paid(Credit("1548.00", "thanks", name="Indifferent Mirror GmbH")))
        given = HandApplication(receipt_no="RC-000001", invoice_no=INVOICE, action="DEDUCTION", reason="PRICE", description="9.50 agreed")
        applied = apply_manually(tx, given, "rita")
        assert (applied.open_amount, applied.dispute_no) == (D(120), "DP-000001")
        facts = read_dispute(OfDispute("DP-000001"), tx)
        assert (facts.amount, facts.open_amount, facts.reason, facts.description) == (120, 120, "PRICE", "9.50 agreed")
        assert one(tx, "SELECT receipt_no, opened_by FROM dispute") == ("RC-000001", "rita")
        now = context()
        reminded = dunning_facts(OfInvoice(INVOICE), tx, now)
        assert (reminded.open_amount, reminded.disputed) == (0, True)
        assert assign_dispute(AssignDispute("DP-000001", "order-desk", 5), tx).due_on == one(tx, "SELECT business_today() + 5")
        assert broken(tx) == []
        done = resolve(tx, ResolveDispute("DP-000001", "CREDIT", "The list says so"))
        assert (done.amount, [each.invoice_no for each in done.settled]) == (120, [INVOICE])
        assert nonzero(tx) == {"1000": D("1548.00"), "2200": -258, "4000": -1390, "4050": 100}
        assert resolve(tx, ResolveDispute("DP-000001", "WRITE_OFF")).amount == 0
        assert one(tx, "SELECT resolution FROM dispute") == "CREDIT"
        assert broken(tx) == []


def test_a_credit_of_a_receivable_that_was_brought_in_is_an_allowance_that_the_books_know_of(books):
    with books.transaction() as tx:
        add_open_item(tx, NewOpenItem("AR", CUSTOMER, "OLD-17", date(2026, 1, 5), date(2026, 2, 4), D(150), "EUR"))
        open_dispute(tx, DisputeDraft(invoice_no="OLD-17", reason="PRICE", amount=D(30)), "rita")
        assert resolve(tx, ResolveDispute("DP-000001", "CREDIT")).amount == 30
        told = [example for each in check_all(tx) if each.id == "INV-27" for example in each.examples]
    assert [example for example in told if example.get("invoice_no") == "OLD-17"] == []


def test_a_part_is_disputed_once_the_rest_is_reminded_of_and_a_charge_back_is_owed_again(books):
    with books.transaction() as tx:
        open_dispute(tx, DisputeDraft(invoice_no=INVOICE, reason="DAMAGE", amount=D(168)), "rita")
        reminded = dunning_facts(OfInvoice(INVOICE), tx, context())
        assert (reminded.open_amount, reminded.disputed) == (1500, False)
        for wrong, problem in (
            ({"amount": D(1501)}, Invalid),
            ({"amount": D(0)}, Invalid),
            ({"amount": D("0.001")}, Invalid),
            ({"reason": "WHIM"}, Invalid),
            ({"invoice_no": "INV-000404"}, NotFound),
        ):
            with pytest.raises(problem):
                open_dispute(tx, DisputeDraft(**{"invoice_no": INVOICE, "reason": "PRICE", **wrong}), "rita")
        open_dispute(tx, DisputeDraft(invoice_no=INVOICE, reason="OTHER"), "rita")
        with pytest.raises(Conflict, match="not disputed"):
            open_dispute(tx, DisputeDraft(invoice_no=INVOICE, reason="OTHER"), "rita")
        assert resolve(tx, ResolveDispute("DP-000002", "CHARGE_BACK")).amount == 0
        assert one(tx, "SELECT disputed FROM open_item") is True
        take_in(tx, paid(Credit("1600.00", INVOICE)), "PARTIAL")
        done = resolve(tx, ResolveDispute("DP-000001", "WRITE_OFF"))
        assert (done.amount, len(done.settled)) == (68, 1)
        assert (nonzero(tx)["6200"], nonzero(tx)["2200"]) == (68, -278)
        assert one(tx, "SELECT disputed FROM open_item") is False
        assert broken(tx) == []


def test_a_dispute_of_a_paid_invoice_ends_by_the_money_and_gives_nothing_away(books):
    with books.transaction() as tx:
        owed(tx, "INV-000002", "50.00", tax="0", discount="0")
        open_dispute(tx, DisputeDraft(invoice_no="INV-000002", reason="QTY_SHORT"), "rita")
        take_in(tx, paid(Credit("50.00", "INV-000002")))
        assert resolve(tx, ResolveDispute("DP-000001", "PAID")).amount == 0
        with pytest.raises(Invalid, match="ends no dispute"):
            resolve(tx, ResolveDispute("DP-000001", "SHRUG"))
        with pytest.raises(NotFound, match="no dispute DP-000404"):
            resolve(tx, ResolveDispute("DP-000404", "PAID"))
        assert one(tx, "SELECT count(*) FROM adjustment") == 0
        assert broken(tx) == []


def test_what_opens_again_is_still_in_dispute_although_another_dispute_ended_while_it_was_paid(books):
    with books.transaction() as tx:
        for amount in ("0.01", "60"):
            open_dispute(tx, DisputeDraft(invoice_no=INVOICE, reason="PRICE", amount=D(amount)), "rita")
        take_in(tx, paid(Credit("1668.00", INVOICE)))
        resolve(tx, ResolveDispute("DP-000002", "PAID"))
        assert reverse_receipt(tx, "RC-000001", "insufficient funds") == [INVOICE]
        assert one(tx, "SELECT open_amount, disputed FROM open_item") == (D("1668"), True)
        assert broken(tx) == []
        resolve(tx, ResolveDispute("DP-000001", "CHARGE_BACK"))
        assert one(tx, "SELECT disputed FROM open_item") is False
