"""Orders come in once, complete and right, or not at all; the order desk repairs what intake could not read."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import text

from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.runtime.state.people import Person
from engine.service_tasks import Refused
from handlers.catalog import master_data as catalog
from handlers.orders import tasks as orders
from handlers.orders.drafts import LineDraft, OrderDraft, create_order
from handlers.orders.hold_kinds import keep_kind
from handlers.orders.hold_rules import HOLDS, HoldKind
from handlers.orders.holds import apply_hold, blocking, end_hold_at, may_apply, may_release, release_hold
from handlers.orders.status import status_of
from handlers.orders.story import order_story
from tests.integration.orders.trade import D, add_coyote, context, effects, open_trade, order, validated

PEOPLE = {"sara": {"sales"}, "carl": {"credit"}, "cora": {"compliance"}, "otto": {"compliance"}}
ANVIL = LineDraft(sku="OMINOUS-ANVIL", qty=D(2))
DRAFT = OrderDraft(customer_no="C-COYOTE", lines=[ANVIL], source="API", source_ref="key-1")


def issues_of(tx, order_no):
    return [issue["code"] for issue in validated(tx, order_no).issues]


def test_the_same_key_with_the_same_content_is_one_order_and_with_other_content_a_conflict(database):
    with database.transaction() as tx:
        open_trade(tx)
        first = create_order(tx, DRAFT)
        assert create_order(tx, DRAFT) == first
        with pytest.raises(Conflict, match=f"was used for order {first}") as reused:
            create_order(tx, replace(DRAFT, lines=[replace(ANVIL, qty=D(3))]))
        assert reused.value.code == "key_reused"
        assert tx.execute(text("SELECT count(*) FROM sales_order")).scalar_one() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"requester": "tom.sales"},
        {"channel": "PORTAL"},
        {"customer_po": " po-1 "},
        {"lines": [replace(ANVIL, qty=D("2.00"), line_no=1)]},
        {"lines": [replace(ANVIL, sku=" OMINOUS-ANVIL ", description="anvil")]},
        {"source_ref": " key-1"},
        {"ship_to": {"city": "", "country": ""}},
    ],
)
def test_who_carries_an_order_and_how_it_is_written_down_do_not_make_it_another(database, change):
    same = replace(DRAFT, customer_po="PO-1", requester="olga.orders", ship_to={})
    with database.transaction() as tx:
        open_trade(tx)
        first = create_order(tx, same)
        assert create_order(tx, replace(same, **change)) == first


@pytest.mark.parametrize(
    "change",
    [
        {"customer_po": "PO-2"},
        {"currency": "EUR"},
        {"requested_date": date(2027, 1, 1)},
        {"ship_to": {"city": "Graz", "country": "AT"}},
        {"bill_to": {"city": "Graz", "country": "AT"}},
        {"ship_complete": True},
        {"incoterm": "DAP"},
        {"stated_total": D(50)},
        {"header_discount": D(1)},
        {"freight": D(1)},
        {"ordered_on": date(2026, 1, 1)},
        {"order_type": "RUSH"},
        {"lines": [replace(ANVIL, uom="EA")]},
        {"lines": [replace(ANVIL, line_no=2)]},
        {"lines": [replace(ANVIL, buyer_line_no="10")]},
        {"lines": [replace(ANVIL, unit_price=D(25))]},
        {"lines": [replace(ANVIL, discount_pct=D(5))]},
        {"lines": [replace(ANVIL, fixed_unit_net=D(20))]},
        {"lines": [replace(ANVIL, requested_date=date(2027, 1, 1))]},
        {"lines": [ANVIL, ANVIL]},
    ],
)
def test_every_business_field_makes_it_another_order(database, change):
    with database.transaction() as tx:
        open_trade(tx)
        create_order(tx, replace(DRAFT, customer_po="PO-1"))
        with pytest.raises(Conflict, match="with other content"):
            create_order(tx, replace(DRAFT, customer_po="PO-1", **change) if "customer_po" not in change else replace(DRAFT, **change))


def test_a_blank_reference_is_none(database):
    with database.transaction() as tx:
        open_trade(tx)
        first, second = (create_order(tx, replace(DRAFT, source_ref=blank)) for blank in ("", "  "))
        assert first != second


WRONG = [
    ({"lines": []}, Invalid, "no lines"),
    ({"lines": [replace(ANVIL, qty=D(-1))]}, Invalid, "must be above zero"),
    ({"lines": [replace(ANVIL, qty=D("NaN"))]}, Invalid, "no usable number"),
    ({"lines": [replace(ANVIL, qty=0.1 + 0.2)]}, Invalid, "not an exact number"),
    ({"lines": [replace(ANVIL, unit_price=D(-5))]}, Invalid, "may not be negative"),
    ({"lines": [replace(ANVIL, line_no=1), replace(ANVIL, line_no=1)]}, Invalid, "same number"),
    ({"lines": [replace(ANVIL, sku="GHOST")]}, NotFound, "no item GHOST"),
    ({"lines": [replace(ANVIL, uom="PALLET")]}, Invalid, "not sold in PALLET"),
    ({"customer_no": "C-NOBODY"}, NotFound, "no customer C-NOBODY"),
    ({"currency": "USD"}, Invalid, "does not buy in USD"),
    ({"currency": "Euro"}, Invalid, "no currency code"),
    ({"ship_to": {"country": "XX"}}, Invalid, "ship_to.country is 'XX', which is no country"),
    ({"bill_to": {"country": "at"}}, Invalid, "bill_to.country is 'at', which is no country"),
    ({"header_discount": D(-1)}, Invalid, "may not be negative"),
    ({"lines": [replace(ANVIL, qty=D(99999999999999))]}, Invalid, r"lines\.0\.qty is 99999999999999"),
    ({"lines": [ANVIL, replace(ANVIL, discount_pct=D("100.01"))]}, Invalid, r"lines\.1\.discount_pct is 100\.01 %"),
    ({"lines": [replace(ANVIL, discount_pct=D("-0.01"))]}, Invalid, r"lines\.0\.discount_pct is -0\.01 %"),
    ({"requested_date": date(2999, 1, 1)}, Invalid, "requested_date is 2999-01-01"),
    ({"customer_po": "PO\0"}, Invalid, r"customer_po contains the character U\+0000"),
    ({"stated_total": D(10) ** 13}, Invalid, "stated_total is"),
    ({"stated_total": D("Infinity")}, Invalid, "no usable number"),
]


def test_a_wrong_order_is_refused_with_the_cure_and_nothing_is_written(database):
    with database.transaction() as tx:
        open_trade(tx)
        for change, problem, says in WRONG:
            with pytest.raises(problem, match=says) as refused:
                create_order(tx, replace(DRAFT, **change))
            assert refused.value.next_step
        written = "SELECT (SELECT count(*) FROM sales_order) + (SELECT count(*) FROM order_line)"
        assert tx.execute(text(written)).scalar_one() == 0


def test_items_are_known_by_our_number_the_customers_own_or_a_gtin_and_in_other_units(database):
    with database.transaction() as tx:
        open_trade(tx)
        catalog.add_item(tx, catalog.ItemDraft(sku="PORTABLE-HOLE", name="Portable hole", gtin="9012345678906"))
        catalog.set_customer_item(tx, catalog.CustomerItemDraft(customer_no="C-COYOTE", customer_sku="HVY-1", sku="OMINOUS-ANVIL"))
        catalog.set_unit(tx, catalog.UnitDraft(sku="OMINOUS-ANVIL", uom="BOX", factor=D(12)))
        lines = [
            LineDraft(sku="HVY-1", qty=D(2), uom="BOX", unit_price=D(288)),
            LineDraft(sku="9012345678906", qty=D(1), uom="C62"),
        ]
        order_no = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=lines))
        found = [(line["sku"], line["qty_ordered"], line["uom"], line["stated_price"]) for line in order_story(tx, order_no).lines]
        assert found == [("OMINOUS-ANVIL", 24, "EA", 24), ("PORTABLE-HOLE", 1, "EA", None)]


def test_what_intake_cannot_read_is_repaired_at_the_order_desk(database):
    with database.transaction() as tx:
        open_trade(tx)
        draft = OrderDraft(customer_no="C-COYOTE", lines=[LineDraft(sku="HVY-1", qty=D(2))], source="EDI", lenient=True)
        order_no = create_order(tx, draft)
        first = validated(tx, order_no)
        assert (first.valid, first.repairable, first.issues[0]["message"]) == (False, True, "Item HVY-1 is unknown.")
        catalog.set_customer_item(tx, catalog.CustomerItemDraft(customer_no="C-COYOTE", customer_sku="HVY-1", sku="OMINOUS-ANVIL"))
        orders.repair_order(orders.RepairOrder(order_no, "repaired"), tx, context(tx))
        assert validated(tx, order_no).valid
        assert order_story(tx, order_no).lines[0]["sku"] == "OMINOUS-ANVIL"
        corrected = orders.RepairOrder(order_no, lines=[orders.LineFix(line_no=1, sku="TINY-PARASOL", qty=D(5))], customer_po="PO-5")
        orders.repair_order(corrected, tx, context(tx))
        story = order_story(tx, order_no)
        assert (story.lines[0]["sku"], story.lines[0]["qty_ordered"], story.order["customer_po"]) == ("TINY-PARASOL", 5, "PO-5")
        orders.submit_order(orders.OrderNumber(order_no), tx)
        with pytest.raises(Conflict, match="submitted and cannot be repaired"):
            orders.repair_order(corrected, tx, context(tx))


def test_a_country_that_does_not_exist_is_an_issue_until_the_order_desk_has_mended_it(database):
    acme = {"name": "Acme", "city": "Linz", "postal_code": "4020", "country": "XX"}
    with database.transaction() as tx:
        open_trade(tx)
        order_no = create_order(tx, replace(DRAFT, ship_to=acme, bill_to=acme, lenient=True))
        assert issues_of(tx, order_no) == ["V03", "V03"]
        for country, is_valid in (("XX", False), ("AT", True)):
            orders.repair_order(orders.RepairOrder(order_no, ship_to=acme | {"country": country}), tx, context(tx))
            assert validated(tx, order_no).valid == is_valid


def test_a_rejected_order_is_answered_and_never_submitted(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        orders.repair_order(orders.RepairOrder(order_no, "reject", "We do not sell to birds"), tx, context(tx))
        assert orders.acknowledge_order(orders.OrderNumber(order_no), tx, effects(tx)).response_code == "RE"
        assert status_of(tx, order_no).status == "REJECTED"
        with pytest.raises(Refused, match="is rejected"):
            orders.submit_order(orders.OrderNumber(order_no), tx)


def test_a_price_the_customer_states_is_compared_and_may_be_taken_over(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=[replace(ANVIL, qty=D(100), unit_price=D("24.90"))]))
        found = orders.price_order(orders.OrderNumber(order_no), tx)
        assert (found.net_total, found.price_variance, found.variance_pct, found.has_discrepancy) == (2500, 10, D("0.40"), True)
        taken = orders.accept_stated_prices(orders.OrderNumber(order_no), tx)
        assert (taken.net_total, taken.has_discrepancy) == (2490, False)


def test_a_stated_total_that_the_lines_do_not_come_to_is_found(database):
    with database.transaction() as tx:
        open_trade(tx)
        for total, codes in (("250.00", []), ("300.00", []), ("300.05", ["V09"])):
            draft = OrderDraft(customer_no="C-COYOTE", lines=[replace(ANVIL, qty=D(10), unit_price=D(25))], stated_total=D(total))
            assert issues_of(tx, create_order(tx, draft)) == codes


def test_of_two_orders_with_one_purchase_order_number_at_once_the_later_is_held(database):
    with database.transaction() as tx:
        open_trade(tx)
    together = Barrier(2)

    def take_in(number: str) -> tuple[str, list[str]]:
        together.wait(10)
        with database.transaction() as tx:
            order_no = order(tx, ("OMINOUS-ANVIL", 10), customer_po=number)
            return order_no, issues_of(tx, order_no)

    with ThreadPoolExecutor(2) as pool:
        issues = dict(pool.map(take_in, ["PO-4711", " po-4711"]))
    assert [issues[number] for number in sorted(issues)] == [[], ["DUPLICATE_PO"]]


def test_a_stated_total_is_compared_with_our_prices_where_the_customer_states_none(database):
    with database.transaction() as tx:
        open_trade(tx)
        lines = [LineDraft(sku="OMINOUS-ANVIL", qty=D(4)), LineDraft(sku="TINY-PARASOL", qty=D(1), unit_price=D("9.00"))]
        for total, found in (("5.00", ["V09"]), ("109.00", []), ("130.80", []), ("110.00", ["V09"])):
            order_no = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=lines, stated_total=D(total)))
            assert issues_of(tx, order_no) == found, total


def test_the_same_purchase_order_again_is_held_as_a_duplicate(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-ROADRUNNER")
        first, second = (order(tx, ("OMINOUS-ANVIL", 1), customer_po="PO-1") for _ in range(2))
        other = order(tx, ("OMINOUS-ANVIL", 1), customer_po="PO-1", customer_no="C-ROADRUNNER")
        assert [issues_of(tx, order_no) for order_no in (first, second, other)] == [[], ["DUPLICATE_PO"], []]
        assert blocking(tx, second, "release") == ["DUPLICATE_PO"]
        assert blocking(tx, second, "promise") == []
        release_hold(tx, second, "DUPLICATE_PO", "They want it twice")
        assert issues_of(tx, second) == []


def test_a_hold_is_one_row_until_it_is_released(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        assert [apply_hold(tx, order_no, "MANUAL", "Wait") is not None for _ in range(2)] == [True, False]
        assert (status_of(tx, order_no).on_hold, status_of(tx, order_no).status) == (True, "DRAFT")
        assert [release_hold(tx, order_no, "MANUAL", "Go on", actor="olga") for _ in range(2)] == [True, False]
        assert order_story(tx, order_no).holds[0]["released_by"] == "olga"
        assert apply_hold(tx, order_no, "MANUAL", "Wait again")
        end_hold_at(tx, order_no, "MANUAL", context(tx).now)
        assert blocking(tx, order_no, "release") == []
        with pytest.raises(Invalid, match="no hold 'LUNCH'"):
            apply_hold(tx, order_no, "LUNCH", "Hungry")


def test_a_hold_is_put_on_and_taken_off_by_its_groups_and_fraud_by_another_than_put_it_on_or_entered_the_order(database):
    sara, carl, cora, otto = (Person(name, frozenset(groups)) for name, groups in PEOPLE.items())
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        for code in ("CREDIT_CHECK_FAILURE", "FRAUD"):
            apply_hold(tx, order_no, code, "Look at it", actor="cora")
        tx.execute(text("UPDATE order_event SET actor = 'otto' WHERE kind = 'order_received'"))
        may_release(tx, order_no, "CREDIT_CHECK_FAILURE", carl)
        with pytest.raises(Forbidden, match="Only credit may release"):
            may_release(tx, order_no, "CREDIT_CHECK_FAILURE", sara)
        for own in (cora, otto):
            with pytest.raises(Forbidden, match="another person takes it off"):
                may_release(tx, order_no, "FRAUD", own)
        may_release(tx, order_no, "FRAUD", replace(cora, name="cleo"))
        assert may_apply(tx, "FRAUD", carl.groups).blocks == "submit"
        with pytest.raises(Forbidden, match="compliance or credit or order-desk puts on FRAUD"):
            may_apply(tx, "FRAUD", sara.groups)


def test_the_company_says_what_a_kind_of_hold_does_from_the_next_hold_on(database):
    groups = {"order-desk", "compliance"}
    lunch = HoldKind(code="lunch", sentence="Somebody eats.", blocks="ship", applied_by=("order-desk",), release_group="order-desk")
    with database.transaction() as tx:
        open_trade(tx)
        first, second = (order(tx, ("OMINOUS-ANVIL", 1)) for _ in range(2))
        assert keep_kind(tx, replace(lunch, ends_after_days=1), seen=0, actor="edith", groups=groups) == 1
        apply_hold(tx, first, "LUNCH", "Soup")
        assert keep_kind(tx, replace(lunch, blocks="release"), seen=1, actor="edith", groups=groups) == 2
        apply_hold(tx, second, "LUNCH", "Salad")
        assert [blocking(tx, order_no, "release") for order_no in (first, second)] == [[], ["LUNCH"]]
        assert list(tx.execute(text("SELECT until IS NOT NULL FROM hold ORDER BY id")).scalars()) == [True, False]
        with pytest.raises(Conflict, match="meanwhile"):
            keep_kind(tx, lunch, seen=1, actor="edith", groups=groups)
        with pytest.raises(Invalid) as wrong:
            keep_kind(
                tx,
                replace(HOLDS["DENIED_PARTY"], has_task=True, release_group="cooks", ask_again_days=0),
                seen=0,
                actor="edith",
                groups=groups,
            )
        assert sorted(wrong.value.errors) == ["ask_again_days", "has_task", "release_group"]


def test_an_account_on_hold_is_not_submitted(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 1))
        apply_hold(tx, order_no, "ACCOUNT_HOLD", "Dunning level 3")
        with pytest.raises(Conflict, match="ACCOUNT_HOLD"):
            orders.submit_order(orders.OrderNumber(order_no), tx)


def test_what_has_been_shipped_cannot_be_cancelled(database):
    with database.transaction() as tx:
        open_trade(tx)
        order_no = order(tx, ("OMINOUS-ANVIL", 2))
        tx.execute(
            text(
                "INSERT INTO fulfil_line (order_no, order_line_id, seq, sku, source_type, warehouse_code, qty, qty_shipped) "
                "SELECT order_no, id, 1, sku, 'STOCK', 'VIENNA', 2, 2 FROM order_line"
            )
        )
        with pytest.raises(Conflict, match="nothing left to cancel"):
            orders.cancel_order(orders.Reasoned(order_no, "Too late"), tx, context(tx))


def test_a_promised_price_and_a_stated_freight_stay_while_the_other_line_is_priced(database):
    with database.transaction() as tx:
        open_trade(tx)
        lines = [replace(ANVIL, qty=D(1), fixed_unit_net=D("19.99")), LineDraft(sku="TINY-PARASOL", qty=D(1))]
        order_no = create_order(tx, OrderDraft(customer_no="C-COYOTE", lines=lines, freight=D("7.50")))
        for _ in range(2):
            found = orders.price_order(orders.OrderNumber(order_no), tx)
            assert (found.net_total, found.gross_total) == (D("29.99"), D("44.99"))


def test_a_customer_without_an_address_is_answered_on_paper_only(database):
    with database.transaction() as tx:
        open_trade(tx)
        add_coyote(tx, "C-HERMIT", email="")
        order_no = order(tx, ("OMINOUS-ANVIL", 1), customer_no="C-HERMIT")
        ledger = effects(tx)
        orders.acknowledge_order(orders.OrderNumber(order_no), tx, ledger)
        assert ledger.recorded == []
        assert order_story(tx, order_no).events[-1]["detail"]["sent_by"] == "nobody"
