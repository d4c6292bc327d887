"""The pages of master data: lists, one record with its form, errors beside the field, bank accounts under four eyes, prices, rates."""

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest
from sqlalchemy import text

from handlers.promising.availability import look

CUSTOMER = "/master-data/customers/C-1001"
IBAN = "DE02120300000000202051"


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


def values_of(page, form_of):
    """The fields of the form that posts to `form_of`, as a browser would send them."""
    form = re.search(rf'<form[^>]*action="{re.escape(form_of)}".*?</form>', page, re.DOTALL)[0]
    typed = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, kind = re.search(r'name="([^"]*)"', tag)[1], (re.search(r'type="([^"]*)"', tag) or ["", "text"])[1]
        value = re.search(r'value="([^"]*)"', tag)
        if kind != "checkbox" or " checked" in tag:
            typed[name] = unescape(value[1]) if value else "on"
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        typed[name] = chosen[1]
    return typed


@pytest.mark.parametrize("path", ["customers", "items", "suppliers", "prices", "rates"])
def test_everybody_may_look(signed_in, path):
    answer = signed_in("jonas").get(f"/master-data/{path}")
    assert answer.status_code == 200
    assert "Add a" not in answer.text


def test_what_suppliers_ask_is_shown_to_whoever_may_see_costs(signed_in):
    assert signed_in("jonas").get("/master-data/supplier-prices").status_code == 403
    assert signed_in("tom").get("/master-data/supplier-prices").status_code == 200


def test_a_list_is_searched(signed_in):
    page = signed_in("tom").get("/master-data/customers?q=zzz").text
    assert "No customer fits this search" in page
    assert "C-1001" in signed_in("tom").get("/master-data/customers?q=c-100").text


def test_a_form_that_is_sent_unchanged_changes_nothing(signed_in, installation):
    tom = signed_in("tom")
    for address in (CUSTOMER, "/master-data/items/PUMP-40"):
        typed = values_of(tom.get(address).text, address)
        answer = tom.post(address, data=typed)
        assert answer.headers["Location"].endswith("?done=same"), answer.text
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM audit WHERE action = 'change'")) == 0


def test_terms_are_changed_on_the_page_and_the_page_tells_it(signed_in):
    tom = signed_in("tom")
    typed = values_of(tom.get(CUSTOMER).text, CUSTOMER)
    answer = tom.post(CUSTOMER, data={**typed, "net_days": "45", "reason": "New contract"})
    assert answer.headers["Location"].endswith("?done=changed")
    page = tom.get(answer.headers["Location"]).text
    assert "Saved." in page
    assert "New contract" in page


def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(signed_in):
    tom = signed_in("tom")
    typed = values_of(tom.get(CUSTOMER).text, CUSTOMER)
    answer = tom.post(CUSTOMER, data={**typed, "name": "Bergmann AG", "net_days": "soon", "credit_limit": "a lot"})
    assert answer.status_code == 422
    assert "Days net must be a whole number" in answer.text
    assert "Credit limit must be a number" in answer.text
    assert 'value="Bergmann AG"' in answer.text
    wrong = tom.post(CUSTOMER, data={**typed, "country": "XX"})
    assert wrong.status_code == 422
    assert re.search(r'id="country-note">Country ', wrong.text)


def test_who_comes_late_is_told_and_overwrites_nothing(signed_in):
    tom = signed_in("tom")
    typed = values_of(tom.get(CUSTOMER).text, CUSTOMER)
    tom.post(CUSTOMER, data={**typed, "net_days": "10"})
    late = tom.post(CUSTOMER, data={**typed, "net_days": "60"})
    assert late.status_code == 422
    assert "Somebody changed customer C-1001 meanwhile." in late.text


def test_a_new_customer_is_added(signed_in):
    tom = signed_in("tom")
    typed = values_of(tom.get("/master-data/customers/new").text, "/master-data/customers")
    new = {"customer_no": "C-7", "name": "Hafen GmbH", "country": "DE", "currency": "EUR"}
    answer = tom.post("/master-data/customers", data={**typed, **new})
    assert answer.status_code == 303, answer.text
    assert "Hafen GmbH" in tom.get("/master-data/customers/C-7").text
    again = tom.post("/master-data/customers", data={**typed, **new})
    assert "exists already" in again.text


def test_who_does_not_keep_them_changes_nothing(signed_in):
    jonas = signed_in("jonas")
    page = jonas.get(CUSTOMER).text
    assert "disabled" in page
    assert "that needs the role see-bank" in page
    assert jonas.post(CUSTOMER, data={"name": "x"}).status_code == 403


def test_a_bank_account_is_asked_for_by_one_and_confirmed_by_another(signed_in):
    tom, amina = signed_in("tom"), signed_in("amina")
    tom.post("/master-data/customers/C-1002/accounts", data={"iban": IBAN})
    asked = tom.post(f"{CUSTOMER}/accounts", data={"iban": IBAN, "reason": "They wrote to us"})
    page = asked.headers["Location"].partition("?")[0]
    assert "Waits for a second person" in tom.get(CUSTOMER).text
    assert "Confirm, and do it" not in tom.get(page).text
    assert IBAN in amina.get("/worklist").text
    assert "They wrote to us" in amina.get(page).text
    assert amina.post(f"{page}/refuse").status_code == 409, "a refusal says why"
    assert amina.post(f"{page}/confirm").status_code == 303
    assert "Waits for a second person" not in tom.get(CUSTOMER).text
    assert IBAN in tom.get(CUSTOMER).text
    assert tom.post(f"{page}/withdraw").status_code == 409


def test_an_address_of_a_customer_is_corrected(signed_in):
    tom = signed_in("tom")
    page = tom.get(CUSTOMER).text
    address = re.search(rf'action="({CUSTOMER}/addresses/\d+)"', page)[1]
    typed = values_of(page, address)
    assert tom.post(address, data={**typed, "street": "Kaistrasse 9"}).status_code == 303
    assert "Kaistrasse 9" in tom.get(CUSTOMER).text


def test_finance_sets_a_missing_price_and_files_a_rate(signed_in):
    ines = signed_in("ines")
    price = {"price_list_code": "BASE-EUR", "sku": "PUMP-40", "uom": "EA", "unit_price": "151", "min_qty": "7", "valid_from": "2026-01-01"}
    answer = ines.post("/master-data/prices", data={**price, "valid_until": "9999-12-31"})
    assert answer.status_code == 303, answer.text
    assert "151.00 EUR" in ines.get(answer.headers["Location"]).text
    bad = ines.post("/master-data/prices", data={**price, "valid_until": "9999-12-31", "unit_price": "cheap"})
    assert "Price for one unit must be a number" in bad.text
    rate = ines.post("/master-data/rates", data={"currency": "USD", "valid_from": "2026-01-01", "rate": "0.92"})
    assert rate.status_code == 303, rate.text
    assert "0.92" in ines.get("/master-data/rates").text
    assert signed_in("sara").post("/master-data/rates", data={"currency": "USD"}).status_code == 403


def test_an_order_s_address_is_corrected_and_it_is_held_and_released_on_its_page(signed_in):
    tom = signed_in("tom")
    body = {"customer_no": "C-1001", "customer_po": "PO-9", "lines": [{"sku": "PUMP-40", "quantity": "1"}]}
    page = f"/orders/{tom.post('/api/v1/orders', json=body).json['order_no']}"
    typed = values_of(tom.get(page).text, f"{page}/ship-to")
    assert tom.post(f"{page}/ship-to", data={**typed, "street": "Kaistrasse 9"}).status_code == 303
    assert "Kaistrasse 9" in tom.get(page).text
    blank = tom.post(f"{page}/ship-to", data={**typed, "city": ""})
    assert blank.status_code == 422
    assert tom.post(f"{page}/holds", data={"hold_code": "MANUAL", "reason": "The customer called"}).status_code == 303
    assert "The customer called" in tom.get(page).text
    clara = signed_in("clara")
    assert clara.post(f"{page}/holds/MANUAL/release", data={"reason": "No need"}).status_code == 403
    assert tom.post(f"{page}/holds/MANUAL/release", data={"reason": "They called again"}).status_code == 303
    assert 'action="' + page + '/holds/MANUAL/release"' not in tom.get(page).text


SUPPLIER_PRICES = "/master-data/supplier-prices"


def test_who_buys_sets_what_a_supplier_asks_from_a_day_on_and_the_page_tells_who_changed_what(signed_in, installation):
    petra = signed_in("petra")
    with installation.database.transaction() as tx:
        row = tx.execute(text("SELECT supplier_no, sku, currency FROM supplier_item ORDER BY supplier_no, sku LIMIT 1")).one()
    asked = f"{SUPPLIER_PRICES}?supplier_no={row.supplier_no}&sku={row.sku}&valid_from=1900-01-01"
    typed = values_of(petra.get(asked).text.split('id="set"')[1], SUPPLIER_PRICES)
    assert typed["sku"] == row.sku
    for changed in ({"price": "41.50", "reason": "Index clause"}, {"price": "43", "valid_from": "2199-01-01"}):
        assert petra.post(SUPPLIER_PRICES, data={**typed, **changed}).status_code == 303
    page = petra.get(asked).text
    assert "Price: " in page
    assert "→ 41.5" in page
    assert "“Index clause”" in page
    listed = petra.get(f"/api/v1/suppliers/items?supplier_no={row.supplier_no}&search={row.sku}").json["items"]
    assert [(each["price"], each["in_force"]) for each in listed] == [("41.5000", True), ("43.0000", False)]
    wrong = petra.post(SUPPLIER_PRICES, data={**typed, "price": "cheap", "valid_until": "1800-01-01"})
    assert wrong.status_code == 422
    assert re.search(r'id="price-note">Price for one unit must be a number', wrong.text)
    unknown = petra.post(SUPPLIER_PRICES, data={**typed, "supplier_no": "S-NOBODY"})
    assert unknown.status_code == 422
    assert "no supplier S-NOBODY" in unknown.text


def test_only_who_buys_sees_the_form_and_a_price_that_is_over_is_found_when_it_is_asked_for(signed_in, installation):
    tom = signed_in("tom")
    assert "Set a price" not in tom.get(SUPPLIER_PRICES).text
    assert tom.post(SUPPLIER_PRICES, data={}).status_code == 403
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE supplier_item SET valid_until = business_today() - 1"))
    assert "No supplier's price yet" in unescape(tom.get(SUPPLIER_PRICES).text)
    assert "not in force" in tom.get(f"{SUPPLIER_PRICES}?all=yes").text


def test_a_calendar_is_kept_on_its_pages_and_warehouses_ship_by_it(signed_in, installation):
    edith, jonas = signed_in("edith"), signed_in("jonas")
    typed = values_of(edith.get("/master-data/calendars/new").text, "/master-data/calendars")
    assert (typed["monday"], typed["saturday"], typed["standard"]) == ("08:00-12:00, 13:00-17:00", "", "on")
    wrong = edith.post("/master-data/calendars", data={**typed, "code": "vienna", "name": "Vienna", "friday": "8-12", "country": "ZZ"})
    assert wrong.status_code == 422
    assert "Friday must be such as 08:00-12:00, 13:00-17:00, or empty" in wrong.text
    given = {**typed, "code": "vienna", "name": "Vienna", "country": "AT"}
    assert edith.post("/master-data/calendars", data=given).status_code == 303
    closed = {"day": "2099-12-24", "hours": "", "note": "Inventory"}
    assert edith.post("/master-data/calendars/vienna/days", data=closed).status_code == 303
    page = jonas.get("/master-data/calendars/vienna").text
    assert "Nationalfeiertag" in page or "National Day" in page
    assert jonas.post("/master-data/calendars/vienna/days", data=closed).status_code == 403
    due = jonas.get("/api/v1/calendars/vienna/due?duration=P1D&start=2099-12-23T09:00:00Z").json
    assert due == {"due_at": "2099-12-28T09:00:00Z"}  # the 24th is taken for stock, 25 and 26 December are holidays, the 27th a Sunday
    assert jonas.put("/api/v1/warehouses/VIE/calendar", json={"calendar_code": "moon"}).status_code == 404
    assert jonas.put("/api/v1/warehouses/VIE/calendar", json={"calendar_code": "vienna"}).status_code == 200
    assert jonas.post("/master-data/calendars/warehouses", data={"warehouse": "VIE", "calendar": "moon"}).status_code == 422
    assert jonas.post("/master-data/calendars/warehouses", data={"warehouse": "VIE", "calendar": ""}).status_code == 303
    assert "The working days of AT" in jonas.get("/master-data/calendars").text
    assert jonas.post("/master-data/calendars/warehouses", data={"warehouse": "VIE", "calendar": "vienna"}).status_code == 303
    with installation.database.transaction() as tx:
        calendar = look(tx, ["PUMP-40"], datetime(2099, 12, 22, 8, tzinfo=UTC)).horizon.calendar
    assert calendar.on_or_after("VIE", date(2099, 12, 24)) == date(2099, 12, 28)
