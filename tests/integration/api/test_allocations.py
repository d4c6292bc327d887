"""Supply kept for classes and channels, on pages and by API."""

KEPT = {"sku": "PUMP-40", "warehouse_code": "VIE", "customer_class": "A", "valid_from": "2027-01-01", "valid_until": "2027-01-31"}


def test_what_is_kept_of_an_item_is_set_shown_and_dropped_on_its_page(signed_in):
    tom = signed_in("tom")
    address = "/master-data/allocations"
    typed = {**KEPT, "qty": "4", "release_days": "7", "reason": "Fair in January"}
    assert tom.post(address, data={**typed, "verb": "set"}).headers["Location"] == f"{address}?sku=PUMP-40&done=kept"
    page = tom.get(f"{address}?sku=PUMP-40").text
    assert "Class A" in page
    assert "free 7 days before" in page
    assert "Fair in January" in page
    assert "Class A" in tom.get("/master-data/items/PUMP-40").text
    assert "PUMP-40" in tom.get(address).text
    wrong = tom.post(address, data={**typed, "share_pct": "many", "verb": "set"})
    assert (wrong.status_code, "Share in % must be a number" in wrong.text) == (422, True)
    both = tom.post(address, data={**typed, "share_pct": "10", "verb": "set"})
    assert (both.status_code, "must be given, or a share; not both" in both.text) == (422, True)
    assert tom.post(address, data={**KEPT, "verb": "drop"}).status_code == 303
    page = tom.get(f"{address}?sku=PUMP-40").text
    assert "Nothing is kept of PUMP-40" in page
    assert "Drop" in page


def test_by_api_it_says_what_is_left_and_what_is_wrong(signed_in):
    tom = signed_in("tom")
    assert tom.put("/api/v1/allocations", json={**KEPT, "share_pct": "25"}).status_code == 200
    (row,) = tom.get("/api/v1/allocations?sku=PUMP-40").json["allocations"]
    assert (row["share_pct"], row["state"], row["size"] == row["left"]) == ("25.0000", "COMING", True)
    for change, status, code in (
        ({"share_pct": "76", "customer_class": "B"}, 422, "allocation_oversold"),
        ({"customer_class": ""}, 422, "allocation"),
        ({"sku": "UNICORN", "qty": "1"}, 404, "item_unknown"),
        ({"warehouse_code": "MOON", "qty": "1"}, 404, "warehouse_unknown"),
    ):
        refused = tom.put("/api/v1/allocations", json={**KEPT, **({"share_pct": "1"} if "qty" not in change else {}), **change})
        assert (refused.status_code, refused.json["code"], bool(refused.json["next_step"])) == (status, code, True)
    key = {name: value for name, value in KEPT.items() if name != "valid_until"}
    assert tom.post("/api/v1/allocations/drop", json=key).json["state"] == "dropped"
    assert tom.post("/api/v1/allocations/drop", json=key).json["code"] == "allocation_unknown"
    assert signed_in("jonas").put("/api/v1/allocations", json={**KEPT, "qty": "1"}).status_code == 403


def test_a_file_keeps_supply_for_whole_classes(signed_in):
    tom = signed_in("tom")
    head = "sku,warehouse_code,customer_class,channel,valid_from,valid_until,share_pct"
    rows = ["PUMP-40,VIE,A,,2027-01-01,2027-01-31,25", "PUMP-40,VIE,B,,2027-01-01,2027-01-31,20", "PUMP-40,VIE,,,2027-01-01,2027-01-31,20"]
    read = tom.post("/api/v1/imports/kinds/allocations", data="\n".join([head, *rows]), headers={"Content-Type": "text/csv"})
    assert read.status_code == 201, read.text
    (wrong,) = read.json["wrong"]
    assert wrong["errors"] == {"customer_class": ["must name a class, where no channel is named"]}
    applied = tom.post(f"/api/v1/imports/{read.json['summary']['id']}/apply", json={"reason": "A fair start"})
    assert applied.status_code == 200, applied.text
    kept = tom.get("/api/v1/allocations?sku=PUMP-40").json["allocations"]
    assert [(row["customer_class"], row["share_pct"]) for row in kept] == [("A", "25.0000"), ("B", "20.0000")]


def test_the_buyer_expects_supply_and_the_warehouse_books_what_came(signed_in):
    supply = {"reference": "PO-1", "sku": "PUMP-40", "warehouse_code": "VIE", "due_date": "2027-01-05", "qty_open": "10"}
    assert signed_in("petra").post("/api/v1/stock/supply", json=supply).status_code == 201
    assert signed_in("jonas").post("/api/v1/stock/supply", json=supply | {"reference": "PO-2"}).status_code == 201
    came = {"reference": "PO-1", "sku": "PUMP-40", "warehouse_code": "VIE", "qty": "10", "delivery_note": "DN-1"}
    assert signed_in("petra").post("/api/v1/stock/supply/arrivals", json=came).status_code == 403
    assert signed_in("tom").post("/api/v1/stock/supply", json=supply | {"reference": "PO-3"}).status_code == 403


def test_how_an_item_is_made_is_set_by_the_buyer_and_shown_on_its_page(signed_in):
    petra = signed_in("petra")
    address = "/master-data/made-items"
    typed = {"sku": "PUMP-40", "warehouse_code": "VIE", "lead_days": "5", "per_day": "4", "active": "on", "reason": "A new bench"}
    assert petra.post(address, data=typed).headers["Location"] == f"{address}?sku=PUMP-40&done=changed"
    page = petra.get(f"{address}?sku=PUMP-40").text
    assert "A new bench" in page
    assert "5 working days, at most 4 a day" in petra.get("/master-data/items/PUMP-40").text
    for wrong, says in (({"lead_days": "soon"}, "Working days must be"), ({"lead_days": "366"}, "Working days must be at most 365")):
        refused = petra.post(address, data={**typed, **wrong})
        assert (refused.status_code, says in refused.text) == (422, True), refused.text
    told = petra.get("/api/v1/made-items?sku=PUMP-40").json
    assert (told["made"][0]["per_day"], told["requests"]) == ("4.0000", [])
    put = {"sku": "PUMP-40", "warehouse_code": "VIE", "lead_days": 3, "active": False}
    assert petra.put("/api/v1/made-items", json=put).status_code == 200
    assert petra.get("/api/v1/made-items?sku=PUMP-40").json["made"][0]["active"] is False
    assert signed_in("jonas").put("/api/v1/made-items", json=put).status_code == 403
    read = petra.post(
        "/api/v1/imports/kinds/made-items",
        data="sku,warehouse_code,lead_days,per_day\nPUMP-40,VIE,2,\nPUMP-40,MOON,2,",
        headers={"Content-Type": "text/csv"},
    )
    assert (read.status_code, [list(row["errors"]) for row in read.json["wrong"]]) == (201, [["warehouse_code"]])
