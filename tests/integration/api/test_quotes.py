"""Quotes on pages and by API: written, read, answered."""

import pytest
from sqlalchemy import text

from api.content import deploy_content
from engine.runtime.verbs.run_until_idle import run_until_idle


@pytest.fixture
def sara(signed_in, installation, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    deploy_content(installation, actor="test")
    return signed_in("sara")


def written(sara, installation, **more):
    answer = sara.post("/quotes", data={"customer_no": "C-1001", "lines.2.sku": "PUMP-40", "lines.2.qty": "2", **more})
    assert answer.status_code == 303, answer.text
    run_until_idle(installation.runtime)
    return answer.headers["Location"].split("/")[2].split("?")[0]


def test_a_quote_is_written_on_the_page_sent_and_accepted(sara, installation):
    quote_no = written(sara, installation)
    page = sara.get(f"/quotes/{quote_no}").text
    assert "Customer accepts" in page
    assert sara.post(f"/quotes/{quote_no}/accept", data={"customer_po": "PO-1"}).status_code == 303
    run_until_idle(installation.runtime)
    told = sara.get(f"/api/v1/quotes/{quote_no}").json
    assert (told["state"], told["lines"][0]["sku"]) == ("ORDERED", "PUMP-40")
    assert told["order_no"] in sara.get(f"/quotes/{quote_no}").text
    late = sara.post(f"/api/v1/quotes/{quote_no}/decline", json={"reason": "Too late"})
    assert (late.status_code, late.json["code"]) == (409, "quote_answered")
    assert told["order_no"] in late.json["detail"]


def test_a_quote_that_is_accepted_twice_in_one_moment_is_ordered_once_and_the_second_is_told(sara, installation):
    quote_no = written(sara, installation)
    assert sara.post(f"/api/v1/quotes/{quote_no}/accept", json={"customer_po": "PO-1"}).status_code == 202
    second = sara.post(f"/api/v1/quotes/{quote_no}/accept", json={"customer_po": "PO-2"})
    assert (second.status_code, second.json["code"]) == (409, "quote_answered")
    assert second.json["next_step"] == "Look at its page in a moment for what became of it."
    for verb in ("decline", "withdraw"):
        crossed = sara.post(f"/api/v1/quotes/{quote_no}/{verb}", json={"reason": "Too dear"})
        assert (crossed.status_code, crossed.json["code"]) == (409, "quote_answered")
        assert "was accepted already" in crossed.json["detail"]
    assert sara.post(f"/api/v1/quotes/{quote_no}/accept", json={"customer_po": "PO-1"}).json["state"] == "duplicate"
    run_until_idle(installation.runtime)
    assert [each["customer_po"] for each in sara.get("/api/v1/orders").json["items"]] == ["PO-1"]
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM message WHERE state = 'buffered'")) == 0, "nothing is left for anybody to deal with"


def test_a_quote_is_declined_with_a_reason(sara, installation):
    quote_no = written(sara, installation)
    assert sara.post(f"/quotes/{quote_no}/decline", data={"reason": " "}).status_code == 422
    sara.post(f"/quotes/{quote_no}/decline", data={"reason": "Bought elsewhere"})
    run_until_idle(installation.runtime)
    page = sara.get(f"/quotes/{quote_no}").text
    assert "Bought elsewhere" in page
    assert sara.get("/api/v1/quotes?state=LOST").json["items"][0]["quote_no"] == quote_no
    assert quote_no in sara.get("/quotes?q=C-1001&state=LOST").text
    late = sara.post(f"/api/v1/quotes/{quote_no}/accept", json={"customer_po": "PO-1"})
    assert (late.status_code, late.json["code"]) == (409, "quote_answered")
    assert late.json["next_step"].startswith("Write a new quote")


def test_what_is_wrong_with_a_line_stands_beside_its_field(sara):
    typed = {"customer_no": "C-1001", "lines.2.sku": "PUMP-40", "lines.2.qty": "many"}
    page = sara.post("/quotes", data=typed)
    assert page.status_code == 422
    assert 'id="lines.2.qty-note">Quantity must be a number' in page.text
    unknown = sara.post("/quotes", data={**typed, "lines.2.sku": "UNICORN", "lines.2.qty": "1"})
    assert unknown.status_code == 422
    assert 'id="lines.2.sku-note">Item ' in unknown.text


def test_only_who_sells_writes_quotes(sara, signed_in):
    jonas = signed_in("jonas")
    assert "Write a quote" not in jonas.get("/quotes").text
    assert jonas.get("/quotes/new").status_code == 403


def test_a_state_that_there_is_none_of_is_refused(sara):
    assert sara.get("/api/v1/quotes?state=SOLD").json["code"] == "state_unknown"


def test_a_quote_is_ordered_in_parts_by_api_and_on_the_page(sara, installation):
    quote_no = written(sara, installation, **{"lines.3.sku": "PUMP-40", "lines.3.qty": "5"})
    address = f"/api/v1/quotes/{quote_no}"
    part = {"customer_po": "PO-1", "lines": [{"line_no": 2, "quantity": "3"}]}
    wrong = sara.post(f"{address}/accept", json={"customer_po": "PO-1", "lines": [{"line_no": 2, "quantity": "6"}]})
    assert (wrong.status_code, wrong.json["code"]) == (422, "part_invalid")
    assert wrong.json["errors"] == {"lines.0.quantity": ["must be at most 5, which is left of the line"]}
    assert sara.post(f"{address}/accept", json=part).status_code == 202
    assert sara.post(f"{address}/accept", json=part).json["state"] == "duplicate"
    more = sara.post(f"{address}/accept", json={"customer_po": "PO-1", "lines": [{"line_no": 2, "quantity": "4"}]})
    assert (more.status_code, more.json["code"]) == (409, "quote_answered")
    run_until_idle(installation.runtime)
    told = sara.get(address).json
    assert (told["state"], [line["qty_ordered"] for line in told["lines"]]) == ("SENT", ["0.0000", "3.0000"])
    late = sara.post(f"{address}/accept", json=part)
    assert (late.status_code, late.json["code"]) == (409, "quote_answered"), "the purchase order was ordered under already"
    assert told["orders"][0]["order_no"] in late.json["detail"]
    page = sara.get(f"/quotes/{quote_no}").text
    assert "3 ordered, 2 left" in page
    typed = sara.post(f"/quotes/{quote_no}/accept", data={"customer_po": "PO-2", "taken.1": "", "taken.2": "2.5"})
    assert typed.status_code == 422
    assert 'id="taken.2-note">Quantity of line 2, PUMP-40 must be at most 2' in typed.text
    none = sara.post(f"/quotes/{quote_no}/accept", data={"customer_po": "PO-2", "taken.1": "", "taken.2": "0"})
    assert (none.status_code, "must say how much of at least one line" in none.text) == (422, True)
    assert sara.post(f"/quotes/{quote_no}/accept", data={"customer_po": "PO-2", "taken.1": "2", "taken.2": ""}).status_code == 303
    run_until_idle(installation.runtime)
    sara.post(f"/quotes/{quote_no}/decline", data={"reason": "Two are not needed"})
    run_until_idle(installation.runtime)
    told = sara.get(address).json
    assert (told["state"], told["close_reason"], len(told["orders"])) == ("PARTIALLY_ORDERED", "Two are not needed", 2)
