"""Whatever is wrong with a request, it is refused with what to do, and nothing has changed."""

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from api.demo.company import load_company
from engine.store.unit_of_work import Database
from tests import tiny_models as m
from tests.system.bad_requests import DEPLOYMENTS, ORDER_DOCUMENTS, ORDERS, OTHERS, STATEMENTS, Bad
from tests.system.house import rows
from tests.system.site import Site
from tests.system.ubl_orders import own_order

#: Who asked and signed in is no change of the business; a refused document is kept on purpose, and a test of its own says so.
NO_CHANGE = {"sign_in", "inbound_message"}
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_numbers = count(1)


@pytest.fixture(scope="module")
def site(server_url: str, template_database: str) -> Iterator[Site]:
    """The demo company, shared: every test shows that it changed nothing, or makes what it needs."""
    name = f"ordercraft_bad_{next(_numbers)}"
    _on_server(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    database = Database(make_url(server_url).set(database=name).render_as_string(hide_password=False), pool_size=6)
    load_company(database)
    yield Site(database)
    database.close()
    _on_server(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.parametrize("bad", [*DEPLOYMENTS, *ORDERS, *OTHERS, *STATEMENTS, *ORDER_DOCUMENTS], ids=lambda bad: bad.what)
def test_it_is_refused_with_what_to_do_and_changes_nothing(site: Site, bad: Bad):
    person = site.sign_in(bad.who)
    before = _counts(site)
    answer = person.call("POST", bad.path, bad.body, bad.media_type)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.mimetype == "application/problem+json"
    problem = answer.json
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert problem["code"]
    told = [problem, *problem.get("findings", [])]
    assert any(each["next_step"] for each in told), problem
    assert "Traceback" not in answer.text
    assert "root:" not in answer.text  # of /etc/passwd
    site.work()
    assert _counts(site) == before


def test_findings_name_the_element_the_rule_and_what_to_do(site: Site):
    (bad,) = (each for each in DEPLOYMENTS if each.what.endswith("unknown handler"))
    problem = site.sign_in("ravi").call("POST", bad.path, bad.body).json
    assert problem["code"] == "model_refused"
    assert any(
        each["element_id"] == "work" and "orders.vanish_order" in each["message"] and each["next_step"] for each in problem["findings"]
    )


def test_a_variable_nobody_writes_is_a_finding_before_and_an_incident_when_it_runs_into_it(site: Site):
    ravi, olga = site.sign_in("ravi"), site.sign_in("olga")
    work = m.service("work", "orders.price_order", result="pricing", order_no="number_of_nothing")
    files = m.bundle("riddle", m.start() + work + m.end(), "start -> work -> done").files
    body = {"name": "riddle", "files": {name: base64.b64encode(content).decode() for name, content in files.items()}}
    findings = ravi.post("/api/v1/deployments/check", body)["findings"]
    assert any("number_of_nothing" in each["message"] and each["next_step"] for each in findings)
    ravi.post("/api/v1/deployments", body)
    started = olga.post("/api/v1/instances", {"process_key": "riddle", "business_key": "R-1"})
    explained = olga.get(f"/api/v1/instances/{started['id']}/explanation")
    assert explained["next_step"]
    (found,) = olga.get("/api/v1/incidents")["items"]
    assert (found["element_id"], bool(found["next_step"])) == ("work", True)


def test_money_as_json_numbers_is_exact(site: Site):
    jonas = site.sign_in("jonas")
    before = _inventory(site)
    receipts = [{"sku": sku, "warehouse_code": "VIE", "qty": 1, "unit_cost": cost, "reference": "EXACT"} for sku, cost in
                (("PUMP-40", 0.1), ("PUMP-90", 0.2))]  # fmt: skip
    jonas.post("/api/v1/stock/receipts", {"receipts": receipts})
    assert _inventory(site) - before == Decimal("0.30")


def test_an_order_in_a_foreign_currency_waits_for_the_order_desk(site: Site):
    tom = site.sign_in("tom")
    body = {"customer_no": "C-1001", "customer_po": "USD-1", "currency": "USD", "lines": [{"sku": "PUMP-40", "quantity": "1"}]}
    answer = tom.call("POST", "/api/v1/orders", body)
    site.work()
    if answer.status_code < 300:
        tasks = tom.get(f"/api/v1/user-tasks?business_key={answer.json['order_no']}")
        assert [each["element_id"] for each in tasks] == ["repair_order"]
    else:
        assert (answer.status_code, bool(answer.json["next_step"])) == (422, True)


def test_a_task_is_completed_by_who_may_and_only_once(site: Site):
    sara, marcus, jonas = (site.sign_in(name) for name in ("sara", "marcus", "jonas"))
    quote = {"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": "4", "discount_pct": "25"}]}
    quote_no = sara.post("/api/v1/quotes", quote)["quote_no"]
    (task,) = marcus.get(f"/api/v1/user-tasks?business_key={quote_no}")
    path = f"/api/v1/user-tasks/{task['id']}/complete"
    yes = {"data": {"approved": True}}
    before = _counts(site)
    for person in (jonas, sara):  # neither in the group; sara even wrote it
        answer = person.call("POST", path, yes)
        assert answer.status_code in {403, 404}, answer.text  # a task of others is none that one may know of
        assert answer.json["next_step"]
    for nonsense in ({"data": {"approved": "perhaps"}}, {"data": {}}, {"data": {"approved": True}, "version": 99}):
        answer = marcus.call("POST", path, nonsense)
        assert answer.status_code in {409, 422}, answer.text
        assert answer.json["next_step"]
    assert _counts(site) == before
    marcus.post(path, yes)
    again = marcus.call("POST", path, yes)
    assert (again.status_code, bool(again.json["next_step"])) == (409, True)
    assert "marcus" in again.json["detail"]


def test_read_only_fields_of_a_form_are_ours_whatever_is_sent(site: Site):
    sara, marcus = site.sign_in("sara"), site.sign_in("marcus")
    quote = {"customer_no": "C-1001", "lines": [{"sku": "PUMP-90", "quantity": "4", "discount_pct": "25"}]}
    quote_no = sara.post("/api/v1/quotes", quote)["quote_no"]
    (task,) = marcus.get(f"/api/v1/user-tasks?business_key={quote_no}")
    forged = {"approved": True, "requester": "marcus", "net_total": 1, "quote_no": "Q-000999"}
    answer = marcus.call("POST", f"/api/v1/user-tasks/{task['id']}/complete", {"data": forged})
    site.work()
    if answer.status_code < 300:
        outcome = marcus.get(f"/api/v1/user-tasks/{task['id']}")["outcome"]
        assert (outcome["requester"], outcome["quote_no"]) == ("sara", quote_no)
        assert outcome["net_total"] != 1
    else:
        assert answer.status_code == 422


def test_a_message_with_the_same_id_is_taken_once(site: Site):
    olga = site.sign_in("olga")
    message = {"name": "delivery.confirmed", "correlation": {"shipment_no": "SH-777"}, "message_id": "m-1"}
    assert olga.call("POST", "/api/v1/messages", message).json["state"] == "buffered"
    before = _counts(site)
    assert olga.call("POST", "/api/v1/messages", message).json["state"] == "duplicate"
    assert _counts(site) == before


def test_a_broken_document_is_kept_as_it_came_with_its_refusal(site: Site):
    broken = own_order().content[:900]
    assert site.sign_in("tom").call("POST", "/api/v1/intake/ubl-orders", broken, "application/xml").status_code == 422
    kept = rows(site.database, "SELECT status, raw, errors FROM inbound_message ORDER BY id DESC LIMIT 1")
    ((status, raw, errors),) = kept
    assert (status, bytes(raw)) == ("REJECTED", broken)
    assert errors[0]["next_step"]


def test_a_quantity_that_is_no_number_in_a_document_is_named(site: Site):
    hostile = own_order().content.replace(b">3</cbc:Quantity>", b">NaN</cbc:Quantity>")
    answer = site.sign_in("tom").call("POST", "/api/v1/intake/ubl-orders?create_missing=true", hostile, "application/xml")
    assert answer.status_code == 422
    assert "line 1 cbc:Quantity" in answer.json["detail"]


def test_less_than_nothing_in_a_document_makes_no_order(site: Site):
    hostile = own_order().content.replace(b">3</cbc:Quantity>", b">-3</cbc:Quantity>")
    tom = site.sign_in("tom")
    before = _counts(site)
    answer = tom.call("POST", "/api/v1/intake/ubl-orders?create_missing=true", hostile, "application/xml")
    assert 400 <= answer.status_code < 500, answer.text
    assert json.loads(answer.data)["next_step"]
    response = {"document": before["document"] + 1, "effect": before["effect"] + 1}  # the Message Level Response that rejects it
    assert _counts(site) == before | response


def _counts(site: Site) -> dict[str, int]:
    tables = [table for (table,) in rows(site.database, TABLES) if table not in NO_CHANGE]
    counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in tables)
    return dict(rows(site.database, counts))


def _inventory(site: Site) -> Decimal:
    (row,) = (each for each in site.sign_in("amina").get("/api/v1/reports/trial-balance")["items"] if each["account"] == "1400")
    return Decimal(row["balance"])


def _on_server(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
