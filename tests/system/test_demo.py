"""`ordercraft demo --headless --json` on an empty data directory: one quote through all five processes to cash."""

from collections import Counter
from decimal import Decimal

PROCESSES = {"quote-to-order", "order-to-promise", "fulfillment-to-invoice", "dropship", "invoice-to-receipt"} | {
    "supplier-despatch-advice",
    "supplier-invoice",
}


def test_all_five_processes_run_to_their_end(undisturbed):
    assert {each["process_key"] for each in undisturbed["instances"]} == PROCESSES
    # The payment of the supplier is under way until a bank statement shows it.
    assert {each["process_key"] for each in undisturbed["instances"] if each["state"] != "completed"} == {"supplier-invoice"}
    assert all(len(each["path"]) >= 5 for each in undisturbed["instances"])


def test_the_paths_are_those_that_the_story_tells(undisturbed):
    passed = {each["process_key"]: each["path"] for each in undisturbed["instances"]}
    assert {"approve_quote", "send_quote", "create_order"} <= set(passed["quote-to-order"])
    assert {"record_credit_decision", "promise_lines", "acknowledge_order"} <= set(passed["order-to-promise"])
    assert {"pick_and_pack", "book_carrier", "ship_confirm", "post_invoice"} <= set(passed["fulfillment-to-invoice"])
    assert {"confirm_order", "read_progress", "group_settled"} <= set(passed["dropship"])
    assert {"receive_asn", "despatch_booked"} <= set(passed["supplier-despatch-advice"])
    assert {"approve_supplier_invoice", "pay_supplier"} <= set(passed["supplier-invoice"])
    assert passed["invoice-to-receipt"][-1] == "receivable_closed"


def test_every_shipment_has_its_invoice_and_every_paper_is_there(undisturbed):
    assert sorted(each["kind"] for each in undisturbed["shipments"]) == ["DROP", "STOCK"]
    assert Counter(each["shipment_no"] for each in undisturbed["invoices"]) == {"SH-000001": 1, "SH-000002": 1}
    kinds = Counter(each["kind"] for each in undisturbed["documents"])
    assert kinds["INVOICE_PDF"] == kinds["INVOICE_UBL"] == 2
    assert all(kinds[kind] == 1 for kind in ("ORDER_RESPONSE", "PURCHASE_ORDER", "PICK_LIST", "DELIVERY_NOTE", "DESPATCH_ADVICE"))
    assert all(each["size"] > 100 for each in undisturbed["documents"])


def test_every_journal_balances_and_the_balances_add_up_to_zero(undisturbed):
    off = Counter()
    for line in undisturbed["journals"]:
        off[line["id"]] += Decimal(line["debit"]) - Decimal(line["credit"])
    assert len(off) >= 8
    assert set(off.values()) == {0}
    assert sum(Decimal(each["balance"]) for each in undisturbed["balances"]) == 0


def test_nobody_owes_anything_in_the_end(undisturbed):
    balances = {each["account"]: Decimal(each["balance"]) for each in undisturbed["balances"]}
    assert balances["1200"] == balances["1290"] == balances["1500"] == balances["2000"] == 0
    assert balances["1000"] > 0
    assert {each["open_amount"] for each in undisturbed["invoices"]} == {"0.0000"}


def test_every_invariant_holds(undisturbed):
    assert undisturbed["ok"] is True
    assert len({each["id"] for each in undisturbed["invariants"]}) == len(undisturbed["invariants"]) >= 21
    assert {each["violations"] for each in undisturbed["invariants"]} == {0}
