"""Master data is changed by those who keep it, nobody overwrites another's change unseen, and the audit log tells every field."""

import pytest
from sqlalchemy import text

AUDIT = text("SELECT actor, action, target, reason, detail FROM audit ORDER BY id")
BERGMANNS = "DE02120300000000202051"


def told(installation, target):
    with installation.database.transaction() as tx:
        return [row._asdict() for row in tx.execute(AUDIT) if row.target == target]


def test_a_customer_s_terms_are_changed_and_the_log_says_who_changed_what_from_what_to_what(signed_in, installation):
    tom = signed_in("tom")
    seen = tom.get("/api/v1/customers/C-1001").json
    body = {"changes": {"net_days": 45, "email": "ap@bergmann.example"}, "version": seen["version"], "reason": "New contract"}
    answer = tom.patch("/api/v1/customers/C-1001", json=body)
    assert answer.status_code == 200, answer.json
    assert answer.json["changed"]["net_days"] == {"from": seen["record"]["net_days"], "to": 45}
    assert tom.get("/api/v1/customers/C-1001").json["record"]["email"] == "ap@bergmann.example"
    (row,) = told(installation, "customer:C-1001")
    assert (row["actor"], row["action"], row["reason"]) == ("tom", "change", "New contract")
    assert row["detail"]["net_days"] == {"from": seen["record"]["net_days"], "to": 45}


def test_who_saw_an_older_version_changes_nothing(signed_in, installation):
    tom = signed_in("tom")
    version = tom.get("/api/v1/customers/C-1001").json["version"]
    tom.patch("/api/v1/customers/C-1001", json={"changes": {"net_days": 10}, "version": version})
    late = tom.patch("/api/v1/customers/C-1001", json={"changes": {"net_days": 60}, "version": version})
    assert (late.status_code, late.json["code"]) == (409, "version_lost")
    assert tom.get("/api/v1/customers/C-1001").json["record"]["net_days"] == 10


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"country": "XX"}, "country"), ({"name": " "}, "name"), ({"customer_no": "C-2"}, "customer_no"), ({"net_days": None}, "net_days")],
)
def test_a_change_is_checked_like_a_new_customer(signed_in, installation, changes, field):
    answer = signed_in("tom").patch("/api/v1/customers/C-1001", json={"changes": changes})
    assert answer.status_code == 422
    assert any(field in name for name in answer.json["errors"])
    assert told(installation, "customer:C-1001") == []


def test_an_impossible_class_is_told_in_words(signed_in):
    answer = signed_in("tom").patch("/api/v1/customers/C-1001", json={"changes": {"customer_class": "Z"}})
    assert answer.status_code == 422
    assert "A, B and C" in answer.json["detail"] or "A, B or C" in answer.json["next_step"]


def test_nothing_different_is_no_change(signed_in, installation):
    tom = signed_in("tom")
    days = tom.get("/api/v1/customers/C-1001").json["record"]["net_days"]
    assert tom.patch("/api/v1/customers/C-1001", json={"changes": {"net_days": days}}).json["changed"] == {}
    assert told(installation, "customer:C-1001") == []


def test_a_new_payer_is_known_at_once_and_an_account_moves_when_a_second_person_has_confirmed_it(signed_in, installation):
    tom, amina, edith = signed_in("tom"), signed_in("amina"), signed_in("edith")
    assert tom.post("/api/v1/customers/bank-accounts", json={"iban": BERGMANNS, "customer_no": "C-1002"}).status_code == 201
    asked = edith.post("/api/v1/customers/bank-accounts", json={"iban": "de02 1203 0000 0000 2020 51", "customer_no": "C-1001"})
    assert (asked.status_code, asked.json["state"], asked.json["does"]) == (
        202,
        "pending",
        f"Know {BERGMANNS} as an account of customer C-1001",
    )
    change = f"/api/v1/pending-changes/{asked.json['pending_change']}"
    assert asked.headers["Location"] == change
    again = tom.post("/api/v1/customers/bank-accounts", json={"iban": BERGMANNS, "customer_no": "C-1002"})
    assert (again.status_code, again.json["code"]) == (409, "change_pending")
    known = lambda: [row["iban"] for row in tom.get("/api/v1/customers/C-1001").json["bank_accounts"]]  # noqa: E731
    assert BERGMANNS not in known()
    assert [each["does"] for each in tom.get("/api/v1/customers/C-1001").json["pending_changes"]] == [asked.json["does"]]
    own = edith.post(f"{change}/confirm", json={})
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    assert tom.post(f"{change}/confirm", json={}).json["code"] == "change_unknown"
    done = amina.post(f"{change}/confirm", json={"reason": "Called them back"})
    assert [done.json[name] for name in ("state", "decided_by", "decided_because")] == ["confirmed", "amina", "Called them back"]
    assert BERGMANNS in known()
    assert amina.post(f"{change}/refuse", json={"reason": "Too late"}).json["code"] == "change_decided"
    row = told(installation, f"bank_account:{BERGMANNS}")[-1]
    assert (row["actor"], row["detail"]["customer_no"]) == ("edith", {"from": "C-1002", "to": "C-1001"})
    assert [row["actor"] for row in told(installation, f"pending_change:{asked.json['pending_change']}")] == ["edith", "amina"]
    assert edith.post("/api/v1/customers/bank-accounts", json={"iban": "AT00NOTANIBAN", "customer_no": "C-1001"}).status_code == 422


def test_a_refused_bank_account_stays_as_it_was(signed_in):
    tom, amina = signed_in("tom"), signed_in("amina")
    tom.post("/api/v1/customers/bank-accounts", json={"iban": BERGMANNS, "customer_no": "C-1002"})
    asked = tom.post("/api/v1/customers/bank-accounts", json={"iban": BERGMANNS, "customer_no": "C-1001"})
    before = tom.get("/api/v1/customers/C-1001").json["bank_accounts"]
    change = f"/api/v1/pending-changes/{asked.json['pending_change']}"
    assert amina.post(f"{change}/refuse", json={}).status_code == 422
    amina.post(f"{change}/refuse", json={"reason": "They do not know it"})
    after = tom.get("/api/v1/customers/C-1001").json
    assert (after["bank_accounts"], after["pending_changes"]) == (before, [])


def test_finance_sets_a_missing_price_and_the_log_keeps_the_old_one(signed_in, installation):
    ines = signed_in("ines")
    price = {"price_list_code": "BASE-EUR", "sku": "PUMP-40", "unit_price": "150"}
    (before,) = ines.get("/api/v1/prices?search=PUMP-40&price_list=BASE-EUR").json["items"]
    price["valid_from"] = before["valid_from"]
    assert ines.post("/api/v1/prices", json=price).status_code == 201
    after = ines.get("/api/v1/prices?search=PUMP-40&price_list=BASE-EUR").json["items"]
    assert [row["unit_price"] for row in after] == ["150.0000"]
    (row,) = told(installation, "price:BASE-EUR/PUMP-40")
    assert row["actor"] == "ines"
    assert f"{row['detail']['unit_price']['from']:.4f}" == before["unit_price"]


def test_an_item_and_a_supplier_are_found_and_changed(signed_in, installation):
    tom, petra = signed_in("tom"), signed_in("petra")
    assert [row["sku"] for row in tom.get("/api/v1/items?search=PUMP-40").json["items"]] == ["PUMP-40"]
    assert tom.patch("/api/v1/items/PUMP-40", json={"changes": {"name": "Pump DN40"}}).json["changed"]["name"]["to"] == "Pump DN40"
    supplier = petra.get("/api/v1/suppliers").json["items"][0]["supplier_no"]
    assert petra.patch(f"/api/v1/suppliers/{supplier}", json={"changes": {"active": False}}).json["changed"]["active"]["to"] is False
    assert tom.patch(f"/api/v1/suppliers/{supplier}", json={"changes": {"active": True}}).status_code == 403


def test_a_wrong_delivery_address_is_corrected_on_the_order_and_told_in_its_story(signed_in, installation):
    tom = signed_in("tom")
    body = {"customer_no": "C-1001", "customer_po": "PO-1", "lines": [{"sku": "PUMP-40", "quantity": "1"}]}
    order_no = tom.post("/api/v1/orders", json=body).json["order_no"]
    answer = tom.patch(f"/api/v1/orders/{order_no}/ship-to", json={"street": "Kaistrasse 9", "postal_code": "40221"})
    assert answer.status_code == 200, answer.json
    assert answer.json["ship_to"]["street"] == "Kaistrasse 9"
    assert tom.get(f"/api/v1/orders/{order_no}").json["ship_to"]["postal_code"] == "40221"
    assert "address_corrected" in [event["kind"] for event in tom.get(f"/api/v1/orders/{order_no}/story").json["events"]]
    blank = tom.patch(f"/api/v1/orders/{order_no}/ship-to", json={"city": " "})
    assert (blank.status_code, list(blank.json["errors"])) == (422, ["city"])
    (row,) = told(installation, f"order:{order_no}")
    assert row["detail"]["ship_to"]["street"]["to"] == "Kaistrasse 9"
