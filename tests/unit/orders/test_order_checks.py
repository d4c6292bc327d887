"""The checks V01 to V13, the catalogue of holds, and what we answer, on an order that is right until one thing is wrong."""

from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

import pytest

from engine.problems import Invalid
from handlers.orders.hold_rules import HOLDS, STAGES, stopping
from handlers.orders.rules import (
    PIECES,
    AnswerLine,
    Finding,
    LineFacts,
    OrderFacts,
    find,
    is_working_day,
    line_code,
    read_verdict,
    response_code,
)
from tests.unit.bpmn.test_decisions import decision

MONDAY = date(2026, 3, 2)
SATURDAY = date(2026, 3, 7)
LINZ = {"name": "Coyote Supply", "street": "Cliffside 1", "city": "Linz", "postal_code": "4020", "country": "AT"}
LINE = LineFacts(line_no=1, sku="OMINOUS-ANVIL", item_ref="OMINOUS-ANVIL", uom="EA", item_uom="EA", qty=Decimal(12), pack_size=Decimal(6))
RIGHT = OrderFacts(
    today=MONDAY,
    lines=[LINE],
    customer_no="C-COYOTE",
    customer_po="PO-77",
    ship_to=LINZ,
    requested_date=date(2026, 3, 9),
    currency="EUR",
    incoterm="FCA",
    agreed_incoterm="FCA",
    seller_country="AT",
)


def judged(finding: Finding):
    given = {name: value for name, value in asdict(finding).items() if name != "line_no"}
    table = decision("order-to-promise", "validation-rules")
    return read_verdict(given, table.evaluate({**given, "customer_class": "B", "channel": "API"}).value)


def verdicts(order: OrderFacts):
    return [judged(finding) for finding in find(order)]


def codes(order: OrderFacts) -> list[tuple[str, str]]:
    """The codes of what is found; E where it stops the order until somebody has dealt with it."""
    stops = {"REPAIR": "E", "REFUSE": "E", "HOLD": "W", "NOTE": "W"}
    return [(finding.check, stops[judged(finding).action]) for finding in find(order)]


def test_an_order_that_is_right_has_no_issues():
    assert codes(RIGHT) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"customer_active": False}, ("V01", "E")),
        ({"account_hold": True}, ("V01", "W")),
        ({"requires_po": True, "customer_po": ""}, ("V02", "E")),
        ({"po_pattern": "PO-[0-9]{4}"}, ("V02", "E")),
        ({"ship_to": LINZ | {"city": ""}}, ("V03", "E")),
        ({"ship_to": LINZ | {"postal_code": "A-4020"}}, ("V03", "E")),
        ({"ship_to": LINZ | {"country": "XX"}}, ("V03", "E")),
        ({"bill_to_country": "AUT"}, ("V03", "E")),
        ({"lines": [replace(LINE, sku=None, item_ref="4711")]}, ("V04", "E")),
        ({"lines": [replace(LINE, sellable=False, substitute_sku="BETTER-ANVIL")]}, ("V04", "E")),
        ({"lines": [replace(LINE, qty=Decimal(7))]}, ("V05", "E")),
        ({"lines": [replace(LINE, moq=Decimal(18))]}, ("V05", "E")),
        ({"lines": [replace(LINE, max_qty=Decimal(6))]}, ("V05", "E")),
        ({"requested_date": date(2026, 3, 1)}, ("V06", "W")),
        ({"requested_date": SATURDAY}, ("V06", "W")),
        ({"requested_date": date(2026, 12, 25)}, ("V06", "W")),
        ({"lines": [replace(LINE, uom="PALLET")]}, ("V07", "E")),
        ({"currency_allowed": False}, ("V08", "E")),
        ({"lines": [replace(LINE, priced=False)]}, ("V08", "E")),
        ({"stated_total": Decimal("360.02"), "our_totals": (Decimal(300), Decimal(360))}, ("V09", "E")),
        ({"incoterm": "DDP"}, ("V10", "W")),
        ({"lines": [replace(LINE, restricted=True)], "seller_country": "DE", "vat_no_valid": True}, ("V11", "E")),
        ({"net_total": Decimal(49), "min_order_value": Decimal(50)}, ("V12", "W")),
        ({"seller_country": "DE", "vat_no": "ATU99999999"}, ("V13", "E")),
        ({"seller_country": "DE"}, ("V13", "W")),
    ],
)
def test_one_thing_wrong_is_found_under_its_code(change, expected):
    assert codes(replace(RIGHT, **change)) == [expected]


@pytest.mark.parametrize(
    "change",
    [
        {"lines": [replace(LINE, moq=Decimal(12))]},
        {"lines": [replace(LINE, max_qty=Decimal(12))]},
        {"requested_date": RIGHT.today},
        {"net_total": Decimal(50), "min_order_value": Decimal(50)},
        {"net_total": None, "min_order_value": Decimal(50)},
        {"lines": [replace(LINE, restricted=True)]},
        {"po_pattern": "PO-[0-9]+", "customer_po": "PO-4711"},
        {"stated_total": Decimal(5), "our_totals": ()},
        {"seller_country": "DE", "vat_no_valid": True},
    ],
)
def test_what_lies_exactly_on_a_boundary_is_right(change):
    assert codes(replace(RIGHT, **change)) == []


def test_a_stated_total_may_mean_net_or_gross_and_be_a_cent_off():
    for total in ("299.99", "360.01"):
        assert codes(replace(RIGHT, stated_total=Decimal(total), our_totals=(Decimal(300), Decimal(360)))) == []


def test_an_inactive_customer_cannot_be_repaired_but_a_wrong_item_can():
    assert [verdict.action for verdict in verdicts(replace(RIGHT, customer_active=False))] == ["REFUSE"]
    (unknown,) = verdicts(replace(RIGHT, lines=[replace(LINE, sku=None)]))
    assert (unknown.action, unknown.owner) == ("REPAIR", "order-desk")


def test_a_purchase_order_seen_before_is_a_hold_and_what_has_no_rule_is_looked_at():
    again = judged(Finding(check="DUPLICATE_PO", case="AGAIN", given="PO-7", expected="SO-000001"))
    assert (again.action, again.hold, again.message) == ("HOLD", "DUPLICATE_PO", "Purchase order PO-7 was received before as SO-000001.")
    unheard = judged(Finding(check="V99", case="ODD", subject="the moon"))
    assert (unheard.action, unheard.owner) == ("REPAIR", "order-desk")


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (None, "a message and one of REPAIR, HOLD, REFUSE, NOTE"),
        ({"action": "SHRUG", "message": "So what"}, "a message and one of"),
        ({"action": "NOTE", "message": ""}, "a message and one of"),
        ({"action": "REPAIR", "message": "Mend it", "owner": ""}, "the group that repairs it"),
        ({"action": "HOLD", "message": "Stop", "hold": ""}, "which hold it is"),
    ],
)
def test_an_answer_of_the_table_that_cannot_be_followed_says_what_it_lacks(answer, wanted):
    with pytest.raises(Invalid) as refused:
        read_verdict({"check": "V05", "case": "PACK"}, answer)
    assert wanted in refused.value.next_step


def test_a_retired_item_offers_its_substitute():
    (issue,) = verdicts(replace(RIGHT, lines=[replace(LINE, sellable=False, substitute_sku="BETTER-ANVIL")]))
    assert issue.message == "Item OMINOUS-ANVIL is not sold any more. Offer BETTER-ANVIL instead."


def test_a_holiday_is_no_working_day_where_it_is_one():
    austrian_national_day = date(2026, 10, 26)
    assert not is_working_day(austrian_national_day, "AT")
    assert is_working_day(austrian_national_day, "DE")
    assert is_working_day(austrian_national_day, "Atlantis")


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("AT", "4020", "40200"), ("BE", "1000", "100"), ("CH", "8001", "80010"), ("DE", "10115", "1011"), ("DK", "2100", "210"),
        ("ES", "28001", "2800"), ("FI", "00100", "0010"), ("FR", "75001", "7500"), ("GB", "SW1A 1AA", "SW1A"), ("IT", "00118", "0011"),
        ("NL", "1012 AB", "1012"), ("NO", "0150", "01500"), ("PL", "00-950", "00950"), ("SE", "111 22", "1112"),
        ("US", "10001-1234", "1000"),
    ],
)  # fmt: skip
def test_a_postal_code_looks_as_in_its_country(country, right, wrong):
    address = LINZ | {"country": country, "postal_code": right}
    assert "V03" not in [code for code, _ in codes(replace(RIGHT, ship_to=address))]
    assert ("V03", "E") in codes(replace(RIGHT, ship_to=address | {"postal_code": wrong}))


def test_what_is_sold_by_the_day_is_carried_nowhere_and_needs_no_postal_code_of_its_country():
    norway = LINZ | {"country": "NO", "postal_code": "11120"}
    by_day = replace(LINE, uom="DAY", item_uom="DAY", pack_size=Decimal(1))
    assert codes(replace(RIGHT, ship_to=norway, lines=[by_day])) == []
    assert codes(replace(RIGHT, ship_to=norway, lines=[by_day, replace(LINE, line_no=2)])) == [("V03", "E")]


def test_a_country_that_does_not_exist_is_named_with_its_address():
    order = replace(RIGHT, ship_to=LINZ | {"country": "XX"}, bill_to_country="AUT", incoterm="FCA")
    told = [judged(finding).message for finding in find(order) if finding.check == "V03"]
    assert [message.split(",")[0] for message in told] == ["The country of the ship-to address", "The country of the bill-to address"]


def test_an_item_that_is_not_sold_and_has_no_substitute_offers_none():
    (issue,) = verdicts(replace(RIGHT, lines=[replace(LINE, sellable=False)]))
    assert issue.message == "Item OMINOUS-ANVIL is not sold any more."


def test_an_item_that_nobody_delivers_is_refused():
    assert codes(replace(RIGHT, lines=[replace(LINE, deliverable=False)])) == [("V04", "E")]


def test_an_unknown_item_is_said_to_be_unknown_and_nothing_else():
    unknown = replace(LINE, sku=None, item_ref="4711", uom="KGM", priced=False)
    assert codes(replace(RIGHT, lines=[unknown])) == [("V04", "E")]


def test_an_order_that_states_no_total_has_none_to_agree_with_and_one_below_ours_differs():
    ours = (Decimal(300), Decimal(360))
    assert codes(replace(RIGHT, our_totals=ours)) == []
    assert codes(replace(RIGHT, stated_total=Decimal(200), our_totals=ours)) == [("V09", "E")]


def test_a_seller_outside_the_union_asks_for_no_vat_number():
    assert codes(replace(RIGHT, seller_country="US")) == []


@pytest.mark.parametrize(
    ("code", "stage", "group"),
    [
        ("ACCOUNT_HOLD", "submit", "credit"),
        ("FRAUD", "submit", "compliance"),
        ("DENIED_PARTY", "submit", "compliance"),
        ("CREDIT_CHECK_FAILURE", "promise", "credit"),
        ("PRICE_DISCREPANCY", "release", "deal-desk"),
        ("DUPLICATE_PO", "release", "order-desk"),
        ("PREPAYMENT_DUE", "release", "credit"),
        ("CUSTOMER_REQUEST", "release", "order-desk"),
        ("MANUAL", "release", "order-desk"),
        ("ADDRESS", "ship", "order-desk"),
        ("EXPORT_LICENSE", "ship", "compliance"),
        ("TAX", "invoice", "order-desk"),
        ("BILLING", "invoice", "accounts-receivable"),
    ],
)
def test_a_hold_stops_its_stage_first_and_is_released_by_its_group(code, stage, group):
    assert next(each for each in STAGES if HOLDS[code].stops(each)) == stage
    assert HOLDS[code].release_group == group


def test_a_hold_blocks_its_stage_and_every_later_one():
    assert [stage for stage in STAGES if HOLDS["ADDRESS"].stops(stage)] == ["ship", "invoice"]
    assert all(HOLDS["FRAUD"].stops(stage) for stage in STAGES)
    assert stopping("promise") == ("submit", "promise")


def test_every_hold_names_who_releases_it():
    assert all(hold.release_group and hold.sentence.endswith(".") for hold in HOLDS.values())


@pytest.mark.parametrize("word", ["EA", "C62", "H87", "PCE", "PCS", "NAR", "XPP"])
def test_buyers_have_many_words_for_one_piece(word):
    assert word in PIECES


ASKED = AnswerLine(
    qty=Decimal(10),
    qty_open=Decimal(10),
    qty_promised=Decimal(10),
    requested=date(2026, 3, 9),
    promised=date(2026, 3, 9),
    stated_price=None,
    unit_net=Decimal(25),
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "5"),
        ({"requested": None, "promised": date(2027, 1, 1)}, "5"),
        ({"promised": date(2026, 3, 10)}, "3"),
        ({"promised": None}, "3"),
        ({"qty_promised": Decimal(9)}, "3"),
        ({"qty_open": Decimal(8), "qty_promised": Decimal(8)}, "3"),
        ({"stated_price": Decimal(24)}, "3"),
        ({"stated_price": Decimal(25)}, "5"),
        ({"qty_open": Decimal(0)}, "7"),
    ],
)
def test_a_line_is_accepted_changed_or_refused(change, code):
    assert line_code(replace(ASKED, **change)) == code


@pytest.mark.parametrize(("lines", "code"), [("55", "AP"), ("53", "CA"), ("57", "CA"), ("77", "RE")])
def test_the_order_is_answered_by_the_sum_of_its_lines(lines, code):
    assert response_code(list(lines)) == code
