"""What a supplier takes back of a bill is owed no more, or collected from it; the books and the accrual are right to the cent."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Invalid, NotFound
from handlers.dropship import claims, credit_notes
from handlers.dropship.credit_notes import CreditedDraft, SupplierCreditDraft
from handlers.dropship.inbound import Recorded
from handlers.ledger import posting
from handlers.ledger.posting import balances
from handlers.open_things import under_key
from tests.integration.dropship.desk import PO, Desk

D = Decimal
NUMBER = "SCN-000001"


class CreditDesk(Desk):
    """A desk that also has credit notes of the supplier."""

    def draft(self, qty="4", number="GS-1", **more):
        given = {"reason": "GOODS", "price": "55.00", "on": "RE-1", "line_no": 1} | more
        reason, price, on, line_no = (given[name] for name in ("reason", "price", "on", "line_no"))
        net = D(qty) * D(price)
        tax = D(given.get("tax", net / 5))
        lines = [CreditedDraft(line_no=line_no, qty=D(qty), unit_price=D(price))]
        totals = {"tax_total": tax, "gross_total": net + tax}
        return SupplierCreditDraft(
            po_no=PO, bill_no=on, document_no=number, reason=reason, credit_date=self.today, lines=lines, note="4 were missing", **totals
        )

    def credit(self, qty="4", number="GS-1", **more):
        with self.transaction() as tx:
            ours = credit_notes.record_credit_note(tx, self.draft(qty, number, **more))
        self.tell(Recorded("supplier.credited", ours, {"po_no": PO, "supplier_credit_no": ours}))
        return ours

    def books(self):
        with self.transaction() as tx:
            return {account: amount for account, amount in balances(tx).items() if amount}

    def bank(self, amount, account="1296"):
        """Treasury books what a statement shows."""
        with self.transaction() as tx:
            lines = [posting.debit("1000", D(amount)), posting.credit(account, D(amount))]
            posting.post(tx, posting.Entry("bank.entry", f"BS-1/{amount}", "EUR", lines, narration="Refund"))

    def claim(self):
        with self.transaction() as tx:
            return [(thing.number, thing.mover, thing.detail) for thing in under_key(tx, NUMBER) if thing.kind == "claim on supplier"]


def desk_with(database, *, received="6", billed="10", **terms):
    """Ten are ordered and billed, six came; accounts payable agreed to pay the bill as it is."""
    desk = CreditDesk(database, folders=("supplier-credit-note",), **terms)
    desk.order()
    desk.acknowledge()
    desk.ship(received)
    desk.bill(billed)
    if received != billed:
        desk.ring("goods_overdue")
        desk.do("Match hold", action="accept", reason="The rest is on its way")
    return desk


def test_goods_that_never_came_are_not_paid_and_no_longer_count_as_billed(database):
    desk = desk_with(database)
    assert desk.books()["2100"] == 220
    desk.credit()
    assert desk.ask("SELECT qty_billed FROM po_line") == 6
    assert "2100" not in desk.books()
    assert desk.books()["2000"] == -396
    desk.ring("payment_day")
    assert desk.ask("SELECT paid_amount FROM supplier_invoice") == 396
    assert "2000" not in desk.books()
    assert desk.books()["1250"] == 66
    assert desk.broken() == []


def test_the_discount_for_paying_early_is_in_proportion_to_what_is_paid(database):
    desk = desk_with(database, discount_pct=3, discount_days=14)
    desk.credit()
    desk.ring("payment_day")
    assert desk.ask("SELECT paid_amount FROM supplier_invoice") == D("384.12")
    assert desk.books()["5150"] == D("-9.90")
    assert desk.broken() == []


def test_a_payment_that_failed_is_owed_again_less_what_was_credited(database):
    desk = desk_with(database)
    desk.credit()
    desk.ring("payment_day")
    desk.ring("statement_due")
    desk.do("Payment not on a statement", action="failed", reason="The account is closed")
    assert desk.ask("SELECT count(*) FROM journal WHERE event_type = 'supplier.paid'") == 2
    assert desk.ask("SELECT open_amount FROM open_item WHERE kind = 'AP'") == 0
    assert desk.broken() == []


def test_a_bill_that_is_credited_whole_is_paid_with_nothing(database):
    desk = desk_with(database, received="10")
    desk.credit("10", reason="RETURN")
    desk.ring("payment_day")
    assert desk.ask("SELECT paid_at IS NOT NULL AND paid_amount = 0 FROM supplier_invoice")
    assert desk.ask("SELECT count(*) FROM effect WHERE kind = 'payment'") == 0
    assert "5000" not in desk.books(), "what the customer was charged for had cost 550"
    assert desk.broken() == []


def test_what_was_paid_already_the_supplier_owes_us_until_the_bank_shows_it(database):
    desk = desk_with(database)
    desk.ring("payment_day")
    desk.credit()
    assert desk.books()["1296"] == 264
    assert desk.claim() == [(NUMBER, "timer", "264.00 EUR")]
    desk.bank("263.99")
    desk.ring("refund_due")
    assert desk.tasks()[-1:] == [f"Owed by supplier {desk.ask('SELECT supplier_no FROM supplier')}: 264.00 EUR"]
    desk.do("Owed by supplier", action="wait", note="They pay on Friday")
    desk.bank("264.00")
    desk.ring("ask_again_due")
    assert desk.claim() == []
    assert "supplier-credit-note" not in desk.waits()


def test_what_the_supplier_owes_is_set_off_against_another_bill_of_which_so_much_is_open(database):
    desk = desk_with(database)
    desk.ring("payment_day")
    desk.credit()
    desk.ring("refund_due")
    desk.ship("4", "LS-2")
    desk.bill("4", "RE-2", days_ago=1)
    for wrong, why in (("si-9", "There is no bill SI-9"), ("SI-000001", "0.00 EUR is open of SI-000001")):
        desk.do("Owed by supplier", action="set_off", supplier_invoice_no=wrong, note="")
        assert desk.ask("SELECT form_data->>'refusal' FROM user_task WHERE state = 'open' AND element_id = 'collect_claim'").startswith(why)
    desk.do("Owed by supplier", action="set_off", supplier_invoice_no=" si-000002 ", note="By telephone")
    assert "1296" not in desk.books()
    assert desk.claim() == []
    assert desk.ask("SELECT open_amount FROM open_item WHERE document_no = 'SI-000002'") == 0
    assert desk.broken() == []


def test_a_price_that_was_too_high_lowers_the_variance_and_counts_no_goods(database):
    desk = desk_with(database, received="10")
    desk.credit("10", reason="PRICE", price="2.00")
    assert (desk.books()["5100"], desk.ask("SELECT qty_billed FROM po_line")) == (-20, 10)
    desk.credit("10", "GS-2", reason="PRICE", price="1.00")
    assert desk.ask("SELECT sum(set_off) FROM supplier_credit") == 36
    assert desk.broken() == []


def test_what_is_not_in_order_is_decided_by_accounts_payable_and_changes_nothing_until_then(database):
    desk = desk_with(database)
    before = desk.books()
    wrong = (({"qty": "11"}, "QTY"), ({"price": "55.01"}, "PRICE"), ({"qty": "5"}, "RECEIVED"), ({"tax": "43"}, "TAX"))
    for number, (more, verdict) in enumerate(wrong, start=1):
        desk.credit(number=f"GS-{number}", **more)
        assert desk.tasks()[0] == f"Credit note SCN-00000{number}: {verdict}"
        desk.do("Credit note", action="refuse", reason="Not what was billed")
        assert desk.ask(f"SELECT reject_reason FROM supplier_credit WHERE document_no = 'GS-{number}'") == "Not what was billed"
    assert desk.books() == before
    assert (
        desk.ask("SELECT count(*) FROM effect WHERE kind = 'supplier_credit_refused' AND payload->>'reason' = 'Not what was billed'") == 4
    )
    assert desk.broken() == []


def test_the_same_goods_are_credited_once_and_the_same_paper_is_taken_once(database):
    desk = desk_with(database)
    desk.credit()
    with desk.transaction() as tx:
        assert credit_notes.record_credit_note(tx, desk.draft()) == NUMBER
    with pytest.raises(Conflict, match="before with other content"), desk.transaction() as tx:
        credit_notes.record_credit_note(tx, desk.draft("3"))
    desk.credit("4", "GS-2")
    assert "Credit note SCN-000002: DUPLICATE" in desk.tasks()
    desk.do("Credit note", action="refuse", reason="Posted before")
    desk.credit("6.5", "GS-3", reason="RETURN")
    assert "Credit note SCN-000003: QTY" in desk.tasks()
    with pytest.raises(Conflict, match="more than RE-1 has left"), desk.transaction() as tx:
        credit_notes.approve(tx, "SCN-000003")
    assert desk.broken() == []


def test_a_credit_note_on_a_bill_that_is_not_decided_on_waits_for_the_bill(database):
    desk = CreditDesk(database, folders=("supplier-credit-note",))
    desk.order()
    desk.acknowledge()
    desk.ship("10")
    desk.bill("10", price="60.00")
    desk.credit("10", reason="PRICE", price="5.00")
    assert f"Credit note {NUMBER}: BILL_OPEN" in desk.tasks()
    with pytest.raises(Conflict, match="RE-1, which is not approved"), desk.transaction() as tx:
        credit_notes.approve(tx, NUMBER)
    desk.do("Match hold", action="accept", reason="They credit the difference")
    desk.do("Credit note", action="rematch")
    assert desk.ask("SELECT set_off FROM supplier_credit") == 60
    assert desk.broken() == []


def test_a_paper_that_cannot_be_understood_changes_nothing(database):
    desk = desk_with(database)
    wrong = (
        ({"on": "RE-9"}, NotFound, "no bill RE-9"),
        ({"reason": "GIFT"}, Invalid, "no reason for a credit note"),
        ({"line_no": 2}, Invalid, "line 2, which the order does not have"),
        ({"number": " "}, Invalid, "no number"),
    )
    for more, kind, why in wrong:
        with pytest.raises(kind, match=why), desk.transaction() as tx:
            credit_notes.record_credit_note(tx, desk.draft(**more))
    assert desk.ask("SELECT count(*) FROM supplier_credit") == 0
    with pytest.raises(NotFound, match="no credit note SCN-9"), desk.transaction() as tx:
        claims.read_claim(tx, "SCN-9")


def test_whoever_asks_again_is_answered_again_and_what_is_decided_stays_decided(database):
    desk = desk_with(database)
    desk.credit()
    with desk.transaction() as tx:
        again = credit_notes.approve(tx, NUMBER)
        claims.set_off(tx, NUMBER, "SI-000001")
    assert (again.set_off, again.claimed) == (264, 0)
    with pytest.raises(Conflict, match="is posted"), desk.transaction() as tx:
        credit_notes.reject(tx, NUMBER, "Too late")
    desk.credit("5", "GS-2", reason="RETURN", price="54")
    assert desk.ask("SELECT count(*) FROM journal WHERE event_type = 'supplier_credit.approved'") == 2
    assert desk.broken() == []


def test_what_is_owed_in_another_currency_or_to_another_supplier_clears_nothing(database):
    desk = desk_with(database)
    desk.ring("payment_day")
    desk.credit()
    with desk.transaction() as tx:
        lines = [posting.debit("1000", D(264)), posting.credit("1296", D(264))]
        posting.post(tx, posting.Entry("bank.entry", "BS-2/1", "USD", lines, fx_rate=D("0.9"), narration="Dollars"))
        posting.post(tx, posting.Entry("bank.entry", "BS-2/2", "EUR", [posting.debit("1000", D(264)), posting.credit("7200", D(264))]))
    assert desk.claim() != []
    with desk.transaction() as tx:
        assert claims.read_claim(tx, NUMBER).owed
        tx.execute(text("UPDATE supplier_credit SET claimed = 1, set_off = gross_total - 1"))
