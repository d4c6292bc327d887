from decimal import Decimal

import pytest
from sqlalchemy import text

from api.content import deploy_content
from api.demo.bank import Payment, statement_of
from engine.runtime.verbs.run_until_idle import run_until_idle
from handlers.ledger.open_items import NewOpenItem, add_open_item


@pytest.fixture
def unexplained(installation, signed_in):
    """A payment of 120.00 whose sender wrote nothing that helps."""
    deploy_content(installation, actor="test")
    amina = signed_in("amina")
    answer = amina.post(
        "/api/v1/statements", data=statement_of("STMT-1", [Payment("thanks", Decimal("120.00"), "EUR")]), content_type="application/xml"
    )
    assert answer.status_code == 202
    run_until_idle(installation.runtime)
    return amina


def receipt(browser):
    return browser.get("/api/v1/receipts").json["items"][0]


def owe(installation, amount):
    with installation.database.transaction() as tx:
        today = tx.execute(text("SELECT current_date")).scalar_one()
        add_open_item(
            tx,
            NewOpenItem(
                kind="AR",
                party_no="C-1002",
                document_no="INV-000901",
                document_date=today,
                due_date=today,
                amount=Decimal(amount),
                currency="EUR",
            ),
        )


def test_money_nobody_recognises_waits_on_the_receipts_page(unexplained):
    page = unexplained.get("/finance/receipts").text
    assert receipt(unexplained)["receipt_no"] in page
    assert "120.00" in page


def test_a_clerk_applies_it_to_the_invoice_it_was_for(installation, unexplained):
    owe(installation, "120.00")
    number = receipt(unexplained)["receipt_no"]
    answer = unexplained.post(f"/api/v1/receipts/{number}/applications", json={"invoice_no": "INV-000901"})
    assert answer.json["settled"] is True
    assert Decimal(receipt(unexplained)["rest"]) == 0
    assert number not in unexplained.get("/finance/receipts").text


def test_a_payment_that_is_too_small_leaves_the_invoice_open(installation, unexplained):
    owe(installation, "150.00")
    number = receipt(unexplained)["receipt_no"]
    answer = unexplained.post(f"/finance/receipts/{number}/apply", data={"invoice_no": "INV-000901"}, headers={"HX-Request": "true"})
    assert "has 30.00 open" in answer.text


def test_what_nobody_claims_is_kept_for_the_customer_that_is_named(unexplained):
    number = receipt(unexplained)["receipt_no"]
    refused = unexplained.post(f"/api/v1/receipts/{number}/on-account", json={})
    assert (refused.status_code, refused.json["code"]) == (409, "payer_unknown")
    kept = unexplained.post(f"/api/v1/receipts/{number}/on-account", json={"customer_no": "C-1002"})
    assert Decimal(kept.json["on_account"]) == 120


def test_an_unknown_invoice_is_named_and_nothing_is_applied(unexplained):
    number = receipt(unexplained)["receipt_no"]
    answer = unexplained.post(f"/api/v1/receipts/{number}/applications", json={"invoice_no": "INV-999999"})
    assert answer.status_code == 404
    assert "INV-999999" in answer.json["detail"]
    assert Decimal(receipt(unexplained)["rest"]) == 120


def test_somebody_of_another_desk_may_look_but_not_apply(signed_in, unexplained):
    jonas = signed_in("jonas")
    number = receipt(jonas)["receipt_no"]
    assert jonas.post(f"/finance/receipts/{number}/apply", data={"invoice_no": "X"}).status_code == 403
