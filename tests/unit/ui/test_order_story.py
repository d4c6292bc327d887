"""How far an order is, what stops it, and what happened to it in sentences."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.browser.orders import found_company
from tests.browser.site import OTTO, Site
from ui.order_events import timeline
from ui.order_stages import attempts, stages

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_EMPTY = ("lines", "holds", "instances", "decisions", "events", "shipments", "invoices", "receipts")


def order(**known: Any) -> Any:
    facts = {"order_no": "SO-1", "status": "PROCESSING", "ordered_on": date(2026, 11, 2), "last_promised": date(2026, 11, 20)}
    given = {"requested_date": None, "currency": "EUR", **facts, **{name: known.pop(name) for name in list(known) if name not in _EMPTY}}
    return SimpleNamespace(order=SimpleNamespace(**given), **{name: known.get(name, []) for name in _EMPTY})


def line(ordered: int, promised: int = 0, shipped: int = 0, invoiced: int = 0) -> Any:
    return SimpleNamespace(
        qty_ordered=Decimal(ordered),
        qty_cancelled=Decimal(0),
        promised=Decimal(promised),
        shipped=Decimal(shipped),
        invoiced=Decimal(invoiced),
    )


def happened(kind: str, **detail: Any) -> Any:
    return SimpleNamespace(kind=kind, at=NOON, actor="system", line_no=None, detail=detail)


def test_an_order_that_should_have_arrived_and_has_not_left_is_late_at_shipping():
    strip = stages(order(lines=[line(10, promised=10)]), date(2026, 11, 25))
    assert [(stage.name, stage.state) for stage in strip] == [
        ("Ordered", "done"), ("Promised", "done"), ("Shipped", "late"), ("Invoiced", "ahead"), ("Paid", "ahead"),
    ]  # fmt: skip
    assert strip[2].detail == "should have arrived 20 Nov"


def test_the_first_stage_that_is_not_passed_is_where_the_order_is():
    strip = stages(order(lines=[line(10, promised=4)]), date(2026, 11, 3))
    assert [(stage.name, stage.detail) for stage in strip if stage.state == "now"] == [("Promised", "4 of 10")]


def test_a_promise_that_was_kept_says_so():
    gone = SimpleNamespace(delivered_at=NOON.replace(day=19), shipped_at=NOON.replace(day=18), cancelled_at=None)
    told = stages(order(lines=[line(10, 10, 10)], shipments=[gone]), date(2026, 11, 25))[2]
    assert (told.state, told.on, told.detail) == ("done", date(2026, 11, 18), "arrived 19 Nov, as promised")
    late = SimpleNamespace(delivered_at=NOON, shipped_at=NOON, cancelled_at=None)
    assert stages(order(lines=[line(10, 10, 10)], shipments=[late]), date(2026, 11, 25))[2].detail == "arrived 22 Nov, late"


def test_an_overdue_invoice_is_late_at_payment_and_a_cancelled_order_has_nothing_ahead():
    bill = SimpleNamespace(open_amount=Decimal(5), overdue=True, due_date=date(2026, 11, 10), posted_at=NOON)
    assert stages(order(lines=[line(1, 1, 1, 1)], invoices=[bill]), date(2026, 11, 25))[4].state == "late"
    assert stages(order(status="CANCELLED"), date(2026, 11, 25)) == ()


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (happened("order_received", source="QUOTE", quote_no="Q-7"), ("Order received", "from quote Q-7")),
        (happened("order_priced", net_total="10.00", currency="EUR", variance="-2"), ("Priced at 10.00 EUR net", "-2.00 EUR")),
        (happened("credit_decided", decision="REFER", reason="Too much"), ("Credit to be decided by a person", "Too much")),
        (happened("order_promised", arrival="2026-12-06", groups=2, backordered_lines=1), ("Promised for 6 Dec 2026", "1 line waits")),
        (happened("order_acknowledged", response_code="CA", sent_by="mail"), ("Customer told that we accept it with changes", "by mail")),
        (happened("hold_applied", hold_code="ADDRESS", reason="No such street"), ("Put on hold: The address cannot", "No such street")),
        (happened("order_rolled_up", status="PARTIALLY_SHIPPED"), ("The order is now partially shipped", "")),
        (happened("returned_to_promising", qty="3.0000", group_no="FG-1", reason="short"), ("3 of FG-1 to be promised anew", "short")),
        (happened("GREW_WINGS", feathers=3), ("Grew wings", "feathers: 3")),
        (happened("order_promised"), ("Promised", "")),
        (happened("hold_applied"), ("Hold applied", "")),
    ],
)
def test_each_kind_of_event_is_a_sentence_and_one_that_says_less_is_told_by_its_name(event: Any, sentence: tuple[str, str]):
    (told,) = timeline(order(events=[event]))
    assert told.what.startswith(sentence[0])
    assert sentence[1] in told.detail
    assert told.who == ""


def test_of_one_moment_the_order_is_received_before_its_process_begins_and_promised_before_its_groups_do():
    def process(key: str, name: str) -> Any:
        return SimpleNamespace(
            id=key, business_key=key, process_name=name, started_at=NOON, ended_at=None, state="waiting", end_reason=None
        )

    told = timeline(
        order(
            instances=[process("FG-1", "Fulfillment"), process("SO-1", "Order to promise")],
            events=[happened("order_received", source="API"), happened("order_promised")],
        )
    )
    assert [event.what for event in told] == ["Order received", "Order to promise began", "Promised", "Fulfillment began"]


def test_which_attempt_is_next_of_how_many():
    assert attempts(SimpleNamespace(attempt=2, retry="R7/PT10S")) == "attempt 3 of 8"
    assert attempts(SimpleNamespace(attempt=1, retry=None)) == "attempt 2 of 6"


def test_an_order_with_a_failed_step_says_that_it_stands_still_and_why(client: FlaskClient, site: Site):
    found_company(site)
    site.person, site.ramp.closed = OTTO, True
    site.start("L-4711", order_no="SO-000001")
    site.complete(OTTO, decision="go", pallets=3)
    page = client.get("/orders/SO-000001").text
    assert "What stops it now" in page
    assert "</svg>Stopped</span>" in page
    assert "failed:" in page
    assert "Submitted</span>" not in page


def test_the_list_of_orders_says_which_one_stands_still(client: FlaskClient, site: Site):
    found_company(site)
    site.person, site.ramp.closed = OTTO, True
    site.start("SO-000001")
    site.complete(OTTO, decision="go", pallets=3)
    page = client.get("/orders").text
    assert page.count("</svg>Stopped</span>") == 1
