"""The decision tables say what the policies say (limits are in domain terms; a change of policy changes its test)."""

import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

import bpmn
from engine.dmn import Decision, load_decisions

ROOT = Path(bpmn.__file__).parent


@cache
def decision(folder: str, name: str) -> Decision:
    return load_decisions((ROOT / folder / f"{name}.dmn").read_bytes()).decisions[name]


def decide(folder: str, name: str, **given: object) -> object:
    exact = {key: Decimal(value) if isinstance(value, str) and value.lstrip("-")[:1].isdigit() else value for key, value in given.items()}
    return decision(folder, name).evaluate(exact).value


def approvers(deal: str, discount: str | None, *, margin: str = "30", gap: str = "2") -> object:
    return decide("quote-to-order", "approvers", deal_size=deal, discount_pct=discount, margin_pct=margin, lowest_margin_gap=gap)


@pytest.mark.parametrize(
    ("deal", "discount", "groups"),
    [
        ("24999.99", "20", []),
        ("24999.99", "20.01", ["sales-manager"]),
        ("24999.99", "30.01", ["deal-desk"]),
        ("25000", "10", []),
        ("25000", "10.5", ["sales-manager"]),
        ("100000", "30", ["sales-manager"]),
        ("100000.01", "0", ["sales-manager"]),
        ("100000.01", "21", ["deal-desk"]),
        ("100000.01", "31", ["executive"]),
    ],
)
def test_the_deeper_the_discount_and_the_larger_the_deal_the_higher_the_approver(deal, discount, groups):
    assert approvers(deal, discount) == groups


@pytest.mark.parametrize(
    ("margin", "gap", "groups"),
    [
        ("24", "0", []),
        ("20", "-0.1", ["deal-desk", "sales-manager"]),
        ("20", "-5", ["deal-desk", "sales-manager"]),
        ("12", "-5.1", ["finance", "deal-desk"]),
        ("12", "-35.1", ["finance", "executive"]),
        ("-1", "-19", ["finance", "executive"]),
    ],
)
def test_a_thin_margin_asks_pricing_or_finance_as_well(margin, gap, groups):
    assert approvers("12000", "5", margin=margin, gap=gap) == groups


def test_a_group_is_asked_once_though_two_rules_name_it():
    assert approvers("12000", "35", margin="20", gap="-1") == ["deal-desk"]


def test_a_deal_that_no_rule_gives_a_level_is_asked_of_the_highest():
    assert approvers("12000", None) == ["executive"]
    path = ROOT / "quote-to-order" / "approvers.dmn"
    holed = re.sub(rb'<rule id="discount_level_rule_6">.*?</rule>', b"", path.read_bytes(), flags=re.DOTALL)
    given = {"deal_size": Decimal(30000), "margin_pct": Decimal(30), "lowest_margin_gap": Decimal(2)}
    table = load_decisions(holed).find("approvers")
    assert table.evaluate({**given, "discount_pct": Decimal(15)}).value == ["executive"]
    assert table.evaluate({**given, "discount_pct": Decimal(5)}).value == []


@pytest.mark.parametrize(
    ("variance", "pct", "verdict"),
    [("-0.99", "9.9", "ACCEPT"), ("1.00", "2", "ACCEPT"), ("1.01", "0.5", "ACCEPT"), ("-40", "-0.51", "HOLD"), ("1.01", "0.51", "HOLD")],
)
def test_a_price_that_differs_by_a_unit_or_half_a_percent_is_accepted(variance, pct, verdict):
    given = {"has_discrepancy": True, "price_variance": variance, "variance_pct": pct}
    assert decide("order-to-promise", "price-variance", **given) == verdict


def credit(**changed: object) -> dict[str, object]:
    sound = {
        "account_hold": False,
        "dunning_level": "0",
        "oldest_overdue_days": "30",
        "overdue_share_pct": "20",
        "order_total": "5000.00",
        "order_limit": "5000.00",
        "available": "5000.00",
        "customer_class": "B",
    }
    found = decide("order-to-promise", "credit-check", **{**sound, **changed})
    assert isinstance(found, dict)
    return found


def test_an_order_exactly_at_every_limit_passes_the_credit_check():
    assert credit()["decision"] == "APPROVED"


@pytest.mark.parametrize(
    ("changed", "decision_", "reason"),
    [
        ({"account_hold": True}, "HOLD", "The account is on hold"),
        ({"dunning_level": "3"}, "HOLD", "Dunning has reached level 3"),
        ({"oldest_overdue_days": "31"}, "HOLD", "An invoice is overdue for 31 days"),
        ({"overdue_share_pct": "20.5"}, "HOLD", "Overdue are 20.5 % of the open invoices"),
        ({"order_limit": "4000"}, "REFER", "The order is 1000.00 above the limit for one order"),
        ({"available": "4400.00"}, "HOLD", "The order is 600.00 above the available credit"),
        ({"available": "4400.00", "customer_class": "C"}, "PREPAY", "Ask for a deposit of 600.00"),
    ],
)
def test_the_first_thing_wrong_decides_and_is_named(changed, decision_, reason):
    assert credit(**changed) == {"decision": decision_, "reason": reason}


@pytest.mark.parametrize(
    ("item_class", "region", "customer_class", "places"),
    [
        ("HARDWARE", "AT-W", "A", [("STOCK", 1, 1), ("DROP", 2, 2)]),
        ("HARDWARE", "DE-S", "C", [("STOCK", 1, 2)]),
        ("SERVICE", "FR", "A", [("STOCK", 1, 4)]),
        ("HARDWARE", "", "B", [("STOCK", 1, 4), ("DROP", 2, 2)]),
    ],
)
def test_stock_comes_first_and_good_customers_may_be_served_by_the_supplier(item_class, region, customer_class, places):
    found = decide("order-to-promise", "sourcing", item_class=item_class, region=region, customer_class=customer_class)
    assert [(rule["source_type"], rule["rank"], rule["transit_days"]) for rule in found] == places


@pytest.mark.parametrize(
    ("incoterm", "item_class", "order_type", "policy"),
    [
        ("FCA", "HARDWARE", "STANDARD", "ON_SHIP"),
        ("DDP", "HARDWARE", "STANDARD", "ON_DELIVERY"),
        ("DDP", "HARDWARE", "SAMPLE", "ON_SHIP"),
        ("FCA", "SERVICE", "STANDARD", "ON_DELIVERY"),
        ("", "", "", "ON_SHIP"),
    ],
)
def test_we_bill_when_control_passes(incoterm, item_class, order_type, policy):
    given = {"incoterm": incoterm, "item_class": item_class, "order_type": order_type}
    assert decide("fulfillment-to-invoice", "billing-policy", **given) == policy


@pytest.mark.parametrize(("margin", "gap", "verdict"), [("18", "0", "ACCEPT"), ("17.9", "-0.1", "APPROVE"), ("-2", "1", "APPROVE")])
def test_buying_below_the_floor_is_approved_by_a_person(margin, gap, verdict):
    assert decide("dropship", "margin-guard", margin_pct=margin, margin_gap=gap) == verdict


@pytest.mark.parametrize(
    ("code", "short", "price", "late", "verdict"),
    [
        ("AP", "0", "0", "0", "CONFIRM"),
        ("CA", "0", "2", "2", "CONFIRM"),
        ("CA", "0", "2.1", "0", "ASK_BUYER"),
        ("CA", "0", "0", "3", "ASK_BUYER"),
        ("CA", "1", "0", "0", "ASK_BUYER"),
        ("RE", "10", "0", "0", "REJECTED"),
        ("ZZ", "0", "0", "0", "ASK_BUYER"),
    ],
)
def test_small_changes_of_the_supplier_are_confirmed(code, short, price, late, verdict):
    given = {"code": code, "qty_short": short, "price_change_pct": price, "days_late": late}
    assert decide("dropship", "acknowledgement", **given) == verdict


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "MATCH"),
        ({"price_var_pct": "9", "price_var_amount": "10.00"}, "MATCH"),
        ({"price_var_pct": "2", "price_var_amount": "400"}, "MATCH"),
        ({"price_var_pct": "2.1", "price_var_amount": "10.01"}, "PRICE"),
        ({"qty_over_received": "1"}, "QTY_REC"),
        ({"qty_over_received": "1", "qty_over_ordered": "1"}, "QTY_ORD"),
        ({"amount_off": "25.01"}, "AMOUNT"),
        ({"amount_off": "25.00"}, "MATCH"),
        ({"amount_off": "70.00", "expected_total": "7000.00"}, "MATCH"),
        ({"amount_off": "70.01", "expected_total": "7000.00"}, "AMOUNT"),
        ({"amount_off": "25.01", "expected_total": "0"}, "AMOUNT"),
        ({"tax_off": "0.06"}, "TAX"),
        ({"received": False}, "NO_RECEIPT"),
        ({"received": False, "duplicate": True}, "DUPLICATE"),
    ],
)
def test_a_bill_matches_within_the_tolerances(changed, verdict):
    numbers = ("price_var_pct", "price_var_amount", "qty_over_received", "qty_over_ordered", "amount_off", "tax_off")
    sound = {**dict.fromkeys(numbers, "0"), "expected_total": "660.00", "duplicate": False, "received": True}
    assert decide("supplier-invoice", "three-way-match", **{**sound, **changed}) == verdict


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "MATCH"),
        ({"tax_off": "0.05"}, "MATCH"),
        ({"tax_off": "0.06"}, "TAX"),
        ({"qty_received": "1", "tax_off": "9"}, "RECEIVED"),
        ({"price_over_billed": "0.01", "qty_received": "1"}, "PRICE"),
        ({"qty_over_billed": "0.5", "price_over_billed": "1"}, "QTY"),
        ({"bill_open": True, "qty_over_billed": "1"}, "BILL_OPEN"),
        ({"duplicate": True, "bill_open": True}, "DUPLICATE"),
    ],
)
def test_a_suppliers_credit_note_is_posted_only_when_all_of_it_is_in_order(changed, verdict):
    numbers = dict.fromkeys(("qty_over_billed", "price_over_billed", "qty_received", "tax_off"), "0")
    assert decide("supplier-credit-note", "supplier-credit", **{**numbers, "duplicate": False, "bill_open": False, **changed}) == verdict


@pytest.mark.parametrize(
    ("difference", "discount", "days", "class_", "action"),
    [
        ("0", "20", "9", "B", "APPLY"),
        ("20.00", "20.00", "3", "B", "EARNED_DISCOUNT"),
        ("20.00", "20.00", "4", "B", "PARTIAL"),
        ("20.00", "20.00", "3", "A", "EARNED_DISCOUNT"),
        ("20.00", "20.00", "4", "A", "UNEARNED_DISCOUNT"),
        ("30.00", "40.00", "4", "A", "UNEARNED_DISCOUNT"),
        ("30.01", "40.00", "4", "A", "PARTIAL"),
        ("20.01", "20.00", "1", "B", "PARTIAL"),
        ("5.00", "0", "40", "C", "WRITE_OFF"),
        ("5.01", "0", "40", "C", "PARTIAL"),
        ("-5.00", "0", "0", "C", "WRITE_OFF"),
        ("-5.01", "0", "0", "C", "ON_ACCOUNT"),
    ],
)
def test_what_is_left_after_a_receipt_is_settled_by_rule(difference, discount, days, class_, action):
    given = {"difference": difference, "discount_available": discount, "days_after_discount_date": days, "customer_class": class_}
    found = decide("invoice-to-receipt", "residual", open_amount="1000.00", unpaid_instalments="0", **given)
    assert isinstance(found, dict)
    assert found["action"] == action
    assert found["reason"]


def test_a_small_invoice_is_not_written_off_for_a_few_units():
    given = {"difference": "4.00", "discount_available": "0", "days_after_discount_date": "9", "customer_class": "B"}
    found = decide("invoice-to-receipt", "residual", open_amount="60.00", unpaid_instalments="0", **given)
    assert isinstance(found, dict)
    assert found["action"] == "PARTIAL"


def test_an_instalment_that_is_not_paid_is_no_remainder_however_small_it_is():
    given = {"discount_available": "0", "days_after_discount_date": "9999", "customer_class": "A", "open_amount": "1000.00"}
    for difference, instalment, action in (("4.50", "4.50", "PARTIAL"), ("4.99", "4.50", "PARTIAL"), ("4.50", "0", "WRITE_OFF")):
        found = decide("invoice-to-receipt", "residual", difference=difference, unpaid_instalments=instalment, **given)
        assert isinstance(found, dict)
        assert found["action"] == action


@pytest.mark.parametrize(
    ("changed", "level", "hold_orders", "call"),
    [
        ({"days_overdue": "4"}, 0, False, False),
        ({"days_overdue": "5"}, 1, False, False),
        ({"days_overdue": "60"}, 1, False, False),
        ({"days_overdue": "14", "level": "1"}, 0, False, False),
        ({"days_overdue": "15", "level": "1"}, 2, False, False),
        ({"days_overdue": "29", "level": "2"}, 0, False, False),
        ({"days_overdue": "30", "level": "2"}, 3, True, True),
        ({"days_overdue": "44", "level": "3"}, 0, False, True),
        ({"days_overdue": "45", "level": "3"}, 4, True, True),
        ({"days_overdue": "90", "level": "4"}, 0, False, True),
        ({"days_overdue": "90", "open_amount": "9.99"}, 0, False, False),
        ({"days_overdue": "90", "unapplied": "0.01", "level": "4"}, 0, False, False),
        ({"days_overdue": "90", "disputed": True, "level": "4"}, 0, False, False),
    ],
)
def test_reminders_rise_a_level_at_a_time_with_the_days(changed, level, hold_orders, call):
    late = {"disputed": False, "open_amount": "1668.00", "unapplied": "0", "level": "0"}
    found = decide("invoice-to-receipt", "dunning", **{**late, **changed})
    assert isinstance(found, dict)
    assert found["reason"]
    assert (found["level"], found["hold_orders"], found["call"]) == (level, hold_orders, call)


@pytest.mark.parametrize(
    ("changed", "fee", "base", "points"),
    [
        ({"level": "1"}, 0, "NONE", 0),
        ({"level": "2"}, 0, "ECB", 8),
        ({"level": "2", "customer_class": "A"}, 0, "NONE", 0),
        ({"level": "3", "customer_class": "A"}, 15, "ECB", 8),
        ({"level": "3"}, 15, "ECB", 8),
        ({"level": "4"}, 40, "ECB", 8),
        ({"level": "2", "country": "DE"}, 0, "DE", 9),
        ({"level": "4", "country": "DE"}, 40, "DE", 9),
        ({"level": "3", "country": "DE", "currency": "USD"}, 0, "NONE", 8),
        ({"level": "2", "country": "GB", "currency": "GBP"}, 0, "GB", 8),
        ({"level": "3", "country": "GB", "currency": "GBP"}, 40, "GB", 8),
        ({"level": "4", "of_late_charge": True}, 0, "NONE", 0),
    ],
)
def test_late_payment_costs_more_with_each_reminder_by_the_law_of_the_country_and_charges_cost_nothing(changed, fee, base, points):
    late = {"of_late_charge": False, "level": "2", "country": "AT", "currency": "EUR", "customer_class": "B"}
    found = decide("invoice-to-receipt", "late-charge", **{**late, **changed})
    assert isinstance(found, dict)
    assert found["basis"]
    assert (found["fee"], found["base"], found["points"]) == (fee, base, points)


def test_base_rates_are_those_of_each_half_year_and_no_base_is_zero_for_ever():
    german = decide("invoice-to-receipt", "base-rate", base="DE")
    assert isinstance(german, list)
    assert {str(rate["day"]): rate["rate_pct"] for rate in german}["2024-01-01"] == Decimal("3.62")
    assert [rate["rate_pct"] for rate in decide("invoice-to-receipt", "base-rate", base="NONE")] == [0]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("waits_for", "reminders", "verdict"),
    [
        ("ANSWER", 0, "REMIND"),
        ("ANSWER", 1, "ASK_BUYER"),
        ("GOODS", 0, "REMIND"),
        ("GOODS", 1, "REMIND"),
        ("GOODS", 2, "ASK_BUYER"),
        ("BILL", 1, "REMIND"),
        ("BILL", 2, "ASK_BUYER"),
        ("NOTHING", 0, "ASK_BUYER"),
    ],
)
def test_a_silent_supplier_is_reminded_and_then_the_buyer_calls(waits_for, reminders, verdict):
    assert decide("dropship", "chase-supplier", waits_for=waits_for, reminders=reminders) == verdict


@pytest.mark.parametrize(
    ("check", "amount", "verdict"),
    [
        ("unapplied_receipts", "10000", "TOLD"),
        ("unapplied_receipts", "10000.01", "STOPS"),
        ("manual_journals", "0", "STOPS"),
        ("rates_missing", "0", "STOPS"),
        ("totals_off", "0", "STOPS"),
        ("grni", "880000", "TOLD"),
        ("to_accrue", "1350", "TOLD"),
    ],
)
def test_what_is_open_stops_the_close_or_is_told(check, amount, verdict):
    assert decide("period-close", "close-check", check=check, amount=amount) == verdict


@pytest.mark.parametrize(
    ("amount", "groups"),
    [("0.01", []), ("1000", []), ("1000.01", ["finance"]), ("10000", ["finance"]), ("10000.01", ["finance", "executive"])],
)
def test_the_larger_a_refund_the_more_agree_to_it(amount, groups):
    assert decide("return-to-credit", "refund-approval", amount=amount) == groups
