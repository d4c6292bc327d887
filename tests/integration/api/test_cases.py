"""What a person should know before deciding: the case of a subject, and the one beside the form of every task."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import event, text

import bpmn
from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.paging import Asked
from handlers.case_lists import ListFilter, all_lists, list_subjects
from handlers.cases import all_kinds, read_case, subject_of
from ui.subjects import ADDRESSES


@pytest.fixture
def sara(signed_in, installation, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    deploy_content(installation, actor="test")
    return signed_in("sara")


@pytest.fixture
def quote_no(sara, installation):
    lines = [
        {"sku": "PUMP-40", "quantity": "80", "discount_pct": "38", "discount_reason": "Competing offer"},
        {"sku": "SEAL-12", "quantity": "40", "discount_pct": "25"},
    ]
    made = sara.post("/api/v1/quotes", json={"customer_no": "C-1001", "note": "Delivery matters more than price.", "lines": lines})
    run_until_idle(installation.runtime)
    return made.json["quote_no"]


def told(case):
    return {fact.name: fact for section in case.sections for fact in section.facts}


def test_the_approver_of_a_quote_sees_customer_lines_note_and_a_thin_margin_beside_the_form(signed_in, quote_no):
    ines = signed_in("ines")
    (task,) = ines.get("/api/v1/user-tasks").json
    page = ines.get(f"/worklist/{task['id']}").text
    for seen in ("Bergmann Haustechnik GmbH", "Delivery matters more than price.", "Circulation pump 40 W", "Competing offer", "80 EA"):
        assert seen in page
    assert re.search(r'<strong class="odd">-?[\d.]+ %</strong>', page)
    sent = ines.get(f"/api/v1/user-tasks/{task['id']}/case").json
    assert (sent["kind"], sent["number"], sent["name"]) == ("quote", quote_no, "Bergmann Haustechnik GmbH")
    lines = next(section for section in sent["sections"] if section["title"] == "Lines")
    first = {fact["name"]: fact for fact in lines["rows"][0]}
    assert (first["sku"]["value"], first["qty"]["value"], first["qty"]["beside"]) == ("PUMP-40", "80.0000", "EA")
    assert (first["margin_pct"]["odd"], first["margin_pct"]["under"][:6]) == (True, "floor ")
    assert sent["decided"][0]["rules"], "which rows of the table asked for this approver"
    assert ines.get("/api/v1/cases/quote/Q-999999").json["code"] == "case_unknown"
    assert ines.get("/api/v1/cases/dream/1").status_code == 404


def test_whoever_rules_on_credit_sees_what_the_exposure_is_made_of(sara, signed_in, installation):
    made = signed_in("edith").post(
        "/api/v1/orders", json={"customer_no": "C-1003", "customer_po": "M-77", "lines": [{"sku": "PUMP-40", "quantity": "3"}]}
    )
    assert made.status_code == 201, made.text
    run_until_idle(installation.runtime)
    with installation.database.transaction() as tx:
        case = read_case(tx, "order", made.json["order_no"])
    facts = told(case)
    assert (case.name, case.state) == ("Café Morgenrot e.U.", "ON_HOLD")
    assert facts["credit_limit"].value == Decimal(500)
    assert facts["order_total"].odd
    assert facts["order_total"].value > facts["available"].value
    assert facts["decided_by"].value == "decision:credit-check"


def test_a_case_costs_the_same_number_of_statements_however_much_there_is(installation):
    with installation.database.transaction() as tx:
        counted = []
        event.listen(tx.get_bind(), "before_cursor_execute", lambda *_: counted.append(1))
        read_case(tx, "customer", "C-1001")
        assert len(counted) == 3 + len(all_kinds()["customer"].parts)


def test_every_statement_of_every_kind_is_one_that_the_database_takes(installation):
    """Also where there is nothing yet: the parts of a case of which the company has none are asked with the columns of its head."""
    with installation.database.transaction() as tx:
        for kind in all_kinds().values():
            head = tx.execute(text(kind.head), {"number": "none"})
            given = dict.fromkeys([*head.keys(), "number"])
            assert {"name", "state", "customer_no", "keys", "papers", *_columns(kind.facts)} <= set(given), kind.kind
            for part in kind.parts:
                assert _columns(part.shown) <= set(tx.execute(text(part.sql), given).keys()), (kind.kind, part.title)


def _columns(shown):
    return {name for each in shown for name in (each.name, each.beside, each.odd, each.under) if name}


def test_every_kind_has_a_page_and_every_list_its_columns(installation):
    assert set(all_kinds()) <= set(ADDRESSES)
    with installation.database.transaction() as tx:
        for kind, of in all_lists().items():
            assert {"number", "name", "state", *_columns(of.shown)} <= set(tx.execute(text(of.sql)).keys()), kind
            assert list_subjects(tx, kind, ListFilter("x", of.states[0]), Asked(), count=True).rows == []


#: Tasks about what has no case: a month of the books, an entry of the ledger, a paper of EDI, and whatever a message or a cancelled
#: instance was about.
_NO_CASE = {
    "confirm_close",
    "settle_open",
    "look_at_remittance",
    "settle_order",
    "settle_rejected_paper",
    "see_to_it",
    "approve_entry",
    "correct_entry",
    "deal_with_returned",
    "deal_with_message",
    "look_after_notice",
    "take_over",
}
_NUMBERS = {"rma_no", "quote_no", "order_no", "group_no", "shipment_no", "po_no", "invoice_no", "statement_no", "sku", "dispute_no"}


def test_every_user_task_names_a_subject():
    nameless = {}
    for diagram in Path(bpmn.__file__).parent.glob("*/*.bpmn"):
        for task in etree.parse(diagram).iter("{*}userTask"):
            given = next(each.get("value") for each in task.iter("{*}property") if each.get("name") == "formData")
            if task.get("id") not in _NO_CASE and not set(re.findall(r"(\w+):", given)) & _NUMBERS:
                nameless[task.get("id")] = given
    assert nameless == {}


def test_of_what_a_task_names_it_is_about_the_most_particular(installation, quote_no):
    with installation.database.transaction() as tx:
        named = {"quote_no": quote_no, "customer_no": "C-1001", "lines": [], "note": "x" * 300}
        assert subject_of(tx, named, None, {}) == ("quote", quote_no)
        assert subject_of(tx, {"sku": "PUMP-40"}, quote_no, {}) == ("item", "PUMP-40")
        assert subject_of(tx, {"amount": 3}, quote_no, {"order_no": "SO-999999"}) == ("quote", quote_no)
        assert subject_of(tx, {}, None, {"about": "C-1001"}) == ("customer", "C-1001")
        assert subject_of(tx, {}, None, {}) is None


def test_what_is_to_ship_is_found_by_its_customer_and_filtered_by_its_state(sara, signed_in, installation):
    edith = signed_in("edith")
    edith.post("/api/v1/orders", json={"customer_no": "C-1001", "customer_po": "4500", "lines": [{"sku": "PUMP-40", "quantity": "6"}]})
    run_until_idle(installation.runtime)
    (group,) = edith.get("/api/v1/cases/group?search=bergmann").json["items"]
    assert group["name"] == "Bergmann Haustechnik GmbH"
    state = group["state"]  # whether its window is today depends on the hour
    assert edith.get(f"/api/v1/cases/group?search=bergmann&state={state}").json["items"] == [group]
    assert edith.get("/api/v1/cases/group?state=SHIPPED").json == {"items": [], "next_cursor": None}
    page = edith.get("/fulfillment/groups?q=bergmann").text
    assert f'href="/fulfillment/groups/{group["number"]}"' in page
    assert edith.get("/fulfillment/groups?state=GONE").status_code == 422
    assert edith.get("/api/v1/cases/dream").json["code"] == "list_unknown"
    assert "6 EA" in edith.get(f"/fulfillment/groups/{group['number']}").text
    for address in ("/fulfillment/shipments", "/fulfillment/purchase-orders", "/finance/invoices", "/finance/statements"):
        assert "Nothing yet" in edith.get(address).text


def test_what_has_no_other_page_shows_its_case_and_what_there_is_not_is_missing(sara):
    assert sara.get("/finance/invoices/INV-999999").status_code == 404
    assert sara.get("/fulfillment/shipments/SH-999999").status_code == 404
