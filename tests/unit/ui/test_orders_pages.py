import csv
import re
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from io import StringIO
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, text, update

from api.auth.roles import Role
from engine.runtime.verbs import deploy, start
from handlers.documents.store import save_document
from handlers.orders.model import OrderEvent, SalesOrder
from tests import tiny_models as m
from tests.browser.orders import found_company, take
from tests.browser.site import OTTO, Site
from tests.unit.ui.conftest import statements
from ui.order_events import Event, latest_first, left


@pytest.fixture
def company(site: Site) -> Site:
    found_company(site)
    return site


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("SO-000001", ["SO-000001"]),
        ("kärntner", ["SO-000001"]),
        ("C-2", ["SO-000002"]),
        ("7001", ["SO-000001"]),
        ("0%_s", ["SO-000002"]),
        ("%", ["SO-000002"]),
        ("", ["SO-000001", "SO-000002"]),
        ("nobody", []),
    ],
)
def test_an_order_is_found_by_number_customer_and_purchase_order(client: FlaskClient, company: Site, search: str, found: list[str]):
    page = client.get("/orders", query_string={"q": search}).text
    assert [number for number in ("SO-000001", "SO-000002") if f"/orders/{number}" in page] == found


@pytest.mark.parametrize(("status", "found"), [("SUBMITTED", 2), ("ON_HOLD", 1), ("CLOSED", 0)])
def test_orders_are_filtered_by_the_status_that_follows_from_their_facts(client: FlaskClient, company: Site, status: str, found: int):
    assert client.get("/orders", query_string={"status": status}).text.count('href="/orders/SO-') == found


def test_the_export_holds_the_filtered_orders_and_no_formula(client: FlaskClient, company: Site):
    answer = client.get("/orders.csv?sort=number")
    rows = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert [row[0] for row in rows] == ["Order", "SO-000001", "SO-000002"]
    assert rows[2][3] == '\'=HYPERLINK("http://x") KG'
    assert rows[1][7:10] == ["1000.0000", "1200.0000", "EUR"]


def test_an_order_tells_its_whole_story(client: FlaskClient, company: Site):
    with company.database.transaction() as tx:
        tx.execute(
            insert(OrderEvent).values(order_no="SO-000002", kind="HOLD_APPLIED", actor="credit-check", detail={"hold_code": "CREDIT_HOLD"})
        )
        save_document(tx, "ORDER_RESPONSE", "SO-000002", "application/pdf", b"%PDF-1.7")
    company.start("L-4711", order_no="SO-000002")
    company.complete(OTTO, decision="go")
    page = client.get("/orders/SO-000002").text
    for part in (
        "Swivel chair Aurora",
        "Over the limit.",
        "Put on hold: Credit hold",
        "Order response",
        "Clear a load",
        "Clear load L-4711",
        "1,200.00 EUR",
    ):
        assert part in page


def test_an_order_that_is_not_there_is_a_page_that_says_so(client: FlaskClient, company: Site):
    answer = client.get("/orders/SO-999999")
    assert answer.status_code == 404
    assert "There is no order SO-999999." in answer.text


def test_a_document_of_any_other_kind_than_pdf_is_only_downloaded(client: FlaskClient, company: Site):
    with company.database.transaction() as tx:
        number = save_document(tx, "ORDER_IN", "SO-000001", "text/html", b"<script>alert(1)</script>")
    answer = client.get(f"/documents/{number}?of=SO-000001")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_long_list_is_paged_forth_and_back(client: FlaskClient, company: Site):
    with company.database.transaction() as tx:
        for number in range(100, 160):
            take(tx, f"SO-000{number}")
    first = client.get("/orders?sort=number").text
    last = client.get(unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])).text
    back = client.get(unescape(re.search(r'rel="prev" href="([^"]+)"', last)[1])).text
    assert "1-50 of 62" in first
    assert "1-50 of 62" in back
    assert "51-62 of 62" in last
    assert "SO-000001" in first
    assert "SO-000159" in last


@pytest.mark.parametrize("cursor", ["0", "x", "W10="])
def test_a_cursor_that_no_page_gave_out_is_refused(client: FlaskClient, company: Site, cursor: str):
    assert client.get("/orders", query_string={"cursor": cursor}).status_code == 400


@pytest.mark.parametrize("asked", [{"status": "SHIPED"}, {"sort": "fate"}])
def test_a_filter_that_nobody_understands_is_not_ignored(client: FlaskClient, company: Site, asked: dict[str, str]):
    assert client.get("/orders", query_string=asked).status_code == 422


@pytest.mark.parametrize("address", ["/", "/orders", "/orders/SO-000001", "/worklist", "/operations/instances", "/operations/incidents"])
def test_a_page_costs_as_many_statements_for_many_rows_as_for_few(client: FlaskClient, company: Site, address: str):
    company.person = OTTO
    company.start("L-1", order_no="SO-000001")
    client.get(address)  # what is deployed is read once and kept
    with statements(company.database) as few:
        assert client.get(address).status_code == 200
    with company.database.transaction() as tx:
        for number in range(100, 130):
            take(tx, f"SO-000{number}", lines=3)
    for number in range(20):
        company.start(f"L-2{number}", order_no="SO-000001")
    with statements(company.database) as many:
        assert client.get(address).status_code == 200
    assert len(many) == len(few)


def test_an_order_says_which_suspension_stops_it(client: FlaskClient, company: Site):
    company.start("L-1", order_no="SO-000001")
    with company.database.transaction() as tx:
        (key,) = tx.scalars(text("SELECT process_key FROM instance WHERE business_key = 'L-1'")).all()
        row = {"name": key, "reason": "The carrier changes its prices"}
        tx.execute(text("INSERT INTO suspension (level, name, reason, suspended_by) VALUES ('process', :name, :reason, 'olga')"), row)
    page = client.get("/orders/SO-000001").text
    assert "What stops it now" in page
    assert "is suspended by olga" in page
    assert "The carrier changes its prices" in page


def test_a_view_that_changes_something_names_the_role_it_asks_for(client: FlaskClient):
    app = client.application
    changing = [rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("ui.") and "POST" in (rule.methods or ())]
    assert "ui.comments_mark_seen" in changing  # changes only what oneself has read
    changing.remove("ui.comments_mark_seen")
    own = {"ui.saved_views_save", "ui.saved_views_remove"}  # changes only how oneself looks at lists; sharing asks for more inside
    by_kind = {"ui.imports_take_file", "ui.imports_act"}  # each kind of file has its role: tests/integration/api/test_imports.py
    assert own | by_kind <= set(changing)
    changing = [endpoint for endpoint in changing if endpoint not in own | by_kind]
    assert {app.view_functions[endpoint].role for endpoint in changing} <= {*map(str, Role)} - {"read"}  # type: ignore[attr-defined]


def test_a_title_that_is_markup_is_shown_as_text(client: FlaskClient, site: Site):
    site.start("<img src=x onerror=alert(1)>")
    page = client.get("/worklist").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


LATE = '<bpmn:eventBasedGateway id="first" name="first of"/>'


def test_an_order_says_by_the_names_of_its_steps_what_it_waits_for(client: FlaskClient, company: Site):
    early = m.catch("early", "released", "={ n: 1 }").replace('name="early"', 'name="Released early"')
    due = m.timer("due", "2030-01-02T03:04:05Z", "timeDate").replace('name="due"', 'name="Release window opens"')
    elements = m.start() + LATE + early + due + m.end() + m.end("gone")
    bundle = m.bundle("wait", elements, "start -> first\nfirst -> early -> done\nfirst -> due -> gone", outside=m.message("released"))
    with company.database.transaction() as tx:
        deploy.deploy(company.runtime, tx, bundle, "otto")
        options = start.StartOptions(business_key="FG-000001", actor="simon")
        instance = start.start(company.runtime, tx, "wait", {"order_no": "SO-000001"}, options)
    company.person = OTTO
    shown = re.sub(r"<[^>]+>|\s+", " ", client.get("/orders/SO-000001").text)
    assert "FG-000001 waits for Release window opens (2 Jan 03:04 UTC) or Released early" in re.sub(r" +", " ", shown).replace("( ", "(")
    assert "Released early, or Release window opens" in client.get("/operations/instances").text
    page = client.get(f"/operations/instances/{instance}").text
    assert "Everything it waits for" in page
    assert "message released for n 1" in page


def test_the_totals_of_an_order_add_up(client: FlaskClient, company: Site):
    with company.database.transaction() as tx:
        tx.execute(update(SalesOrder).values(freight=Decimal(50), header_discount=Decimal(20), gross_total=Decimal(1250)))
    page = client.get("/orders/SO-000001").text
    assert ">50.00 EUR<" in page
    assert ">-20.00 EUR<" in page


def test_of_one_moment_what_comes_later_is_told_first_and_seconds_only_where_they_tell():
    at = datetime(2026, 11, 22, 9, 0, 5, tzinfo=UTC)
    events = [Event(at, "taken"), Event(at, "priced"), Event(at.replace(second=40), "held"), Event(at.replace(hour=8), "asked")]
    assert [(event.what, seconds) for event, seconds in latest_first(events)] == [
        ("held", True),
        ("priced", True),
        ("taken", True),
        ("asked", False),
    ]


def test_a_drop_shipment_stands_where_it_was_recorded_and_says_its_day():
    recorded, noon = datetime(2026, 11, 22, 9, 0, tzinfo=UTC), datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    event = left(SimpleNamespace(shipment_no="SH-1", kind="DROP", shipped_at=noon, created_at=recorded, tracking_no="T-1"))
    assert (event.at, event.detail) == (recorded, "on 22 Nov 2026 T-1")


def test_a_page_that_is_not_there_names_the_ways_on(client: FlaskClient, company: Site):
    assert 'Go to <a href="/">Today</a>, <a href="/quotes">Quotes</a>, <a href="/orders">Orders</a>' in client.get("/orders/SO-999999").text
